//! Calls: call contexts, dispatch, classes, files.

use super::{automaton, section, text};

#[test]
fn each_call_of_a_helper_has_its_own_context() {
    let source = r#"
def save(df, name):
    df.write.parquet("/out/" + name)
save(spark.table("a"), "a")
save(spark.table("b"), "b")
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 2
      0 -> 1 write parquet of #0 (path "/out/a"; format "parquet") at 3 via 4
      1 -> 2 write parquet of #1 (path "/out/b"; format "parquet") at 3 via 5
    lineage
      #0 read table (table "a") at 4
      #1 read table (table "b") at 5
    "#);
}

#[test]
fn functions_are_values() {
    let source = r#"
from functools import partial, reduce
def save(df, base, name):
    df.write.parquet(f"{base}/{name}")
to_out = partial(save, base="/out")
to_out(spark.table("a"), name="x")
handlers = {"count": lambda df: df.count(), "show": lambda df: df.show()}
handlers["count"](spark.table("b"))
act = spark.table("c").collect
act()
reduce(lambda a, b: a.union(b), [spark.table(t) for t in ("d", "e", "f")]).count()
list(map(lambda t: spark.table(t).first(), ["g", "h"]))
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 6
      0 -> 1 write parquet of #0 (path "/out/x"; format "parquet") at 4 via 6
      1 -> 2 action count of #1 at 7 via 8
      2 -> 3 action collect of #2 at 10
      3 -> 4 action count of #7 at 11
      4 -> 5 action first of #8 (limit "1") at 12 via 12
      5 -> 6 action first of #9 (limit "1") at 12 via 12
    "#);
}

#[test]
fn methods_are_found_through_classes_and_names() {
    let source = r#"
class Job:
    target = "/out"
    def __init__(self, spark):
        self.spark = spark
    def run(self, what):
        getattr(self, "do_" + what)(self.load())
    def load(self):
        raise NotImplementedError
    @property
    def path(self):
        return self.target + "/x"
    def do_save(self, df):
        df.write.parquet(self.path)
class Orders(Job):
    target = "/orders"
    def load(self):
        return self.spark.table("orders")
    def run(self, what):
        super().run(what)
        return self
Orders(SparkSession.builder.getOrCreate()).run("save").run("save")
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 2
      0 -> 1 write parquet of #0 (path "/orders/x"; format "parquet") at 14 via 7, 20, 22
      1 -> 2 write parquet of #1 (path "/orders/x"; format "parquet") at 14 via 7, 20, 22
    "#);
}

#[test]
fn a_registry_in_another_file_dispatches() {
    let files = [
        ("pipeline/__init__.py", ""),
        (
            "pipeline/registry.py",
            "STEPS = {}\ndef step(name):\n    def register(cls):\n        STEPS[name] = cls\n        return cls\n    return register\n",
        ),
        (
            "pipeline/steps.py",
            "from .registry import step\n@step('load')\nclass Load:\n    def apply(self, spark, df):\n        return spark.table('raw')\n@step('save')\nclass Save:\n    def apply(self, spark, df):\n        df.write.saveAsTable('out')\n        return df\n",
        ),
        (
            "main.py",
            "from pyspark.sql import SparkSession\nfrom pipeline import steps\nfrom pipeline.registry import STEPS\ndef run(names):\n    spark = SparkSession.builder.getOrCreate()\n    df = None\n    for name in names:\n        df = STEPS[name]().apply(spark, df)\nif __name__ == '__main__':\n    run(['load', 'save'])\n",
        ),
    ];
    insta::assert_snapshot!(text(&files), @r#"
    program main.py: 0 to 1
      0 -> 1 write saveAsTable of #0 (table "out") at pipeline/steps.py:9 via main.py:8, main.py:10
    lineage
      #0 read table (table "raw") at pipeline/steps.py:5 via main.py:8, main.py:10
    loops
      main.py:7 times 2
    "#);
}

#[test]
fn a_decorator_wraps_what_it_decorates() {
    let source = r#"
import functools
def counted(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        df = f(*args, **kwargs)
        df.count()
        return df
    return wrapper
@counted
def load(name):
    return spark.table(name)
load("a").show()
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 2
      0 -> 1 action count of #0 at 7 via 13
      1 -> 2 action show of #0 (limit "20") at 13
    "#);
}

#[test]
fn a_function_that_nothing_calls_is_a_fragment() {
    let source = r#"
from pyspark.sql import DataFrame
def report(df: DataFrame, name):
    df.filter("x > 1").write.parquet(f"/out/{name}")
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    fragment job.py report: 0 to 1
      0 -> 1 write parquet of #1 (path "/out/*"; format "parquet") at 4
    lineage
      #0 parameter (names and literals open) at 3
      #1 filter (columns x; literals 1) of #0 at 4
    "#);
}

#[test]
fn an_imported_file_runs_once_and_its_main_does_not() {
    let files = [
        (
            "a.py",
            "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nspark.table('setup').count()\nif __name__ == '__main__':\n    spark.table('own').count()\n",
        ),
        ("b.py", "import a\nfrom a import spark\nspark.table('t').count()\n"),
    ];
    insta::assert_snapshot!(section(&files, "program"), @r"
    program a.py: 0 to 2
      0 -> 1 action count of #0 at a.py:3
      1 -> 2 action count of #1 at a.py:5
    program b.py: 3 to 5
      3 -> 4 action count of #2 at a.py:3
      4 -> 5 action count of #3 at b.py:3
    ");
}

#[test]
fn scala_objects_traits_and_functions_are_followed() {
    let source = r#"
import org.apache.spark.sql.{DataFrame, SparkSession}
trait Step { def apply(df: DataFrame): DataFrame }
class Clean(column: String) extends Step {
  def apply(df: DataFrame): DataFrame = df.filter(s"$column > 0")
}
object Util {
  val base = "/out"
  def save(df: DataFrame, name: String): Unit = df.write.parquet(s"$base/$name")
}
object Main {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.getOrCreate()
    val steps = Seq(new Clean("a"), new Clean("b"))
    val result = steps.foldLeft(spark.table("t"))((df, step) => step.apply(df))
    for (name <- Seq("x", "y")) Util.save(result, name)
    if (args.isEmpty) result.show() else result.count()
  }
}
"#;
    insta::assert_snapshot!(text(&[("job.scala", source)]), @r#"
    program job.scala Main: 0 to 5
      0 -> 1 write parquet of #2 (path "/out/x"; format "parquet") at 9 via 16
      1 -> 2 write parquet of #2 (path "/out/y"; format "parquet") at 9 via 16
      2 -> 3 action show of #2 (limit "20") at 17
      2 -> 4 action count of #2 at 17
      3 -> 5
      4 -> 5
    lineage
      #0 read table (table "t") at 15
      #1 filter (columns a; literals 0) of #0 at 5 via 15, 15
      #2 filter (columns b; literals 0) of #1 at 5 via 15, 15
    loops
      16 times 2
    "#);
}

#[test]
fn an_object_of_a_library_is_no_class_of_the_workspace() {
    let source = r#"
import pg8000
class Task:
    def execute(self, statement):
        spark.table("t").count()
Task().execute("a")
pg8000.connect("x").cursor().execute("select 1")
"#;
    insta::assert_snapshot!(automaton(source), @r"
    program job.py: 0 to 1
      0 -> 1 action count of #0 at 5 via 6
    ");
}

#[test]
fn items_of_what_is_not_known_go_through_functions() {
    let source = r#"
import elsewhere
def save(name):
    spark.table("t").write.parquet(f"/out/{name}")
elsewhere.pool().submit(save, "a")
elsewhere.pool().map(save, ["b", "c"])
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 3
      0 -> 1 write parquet of #0 (path "/out/a"; format "parquet") at 4 via 5
      1 -> 2 write parquet of #1 (path "/out/b"; format "parquet") at 4 via 6
      2 -> 3 write parquet of #2 (path "/out/c"; format "parquet") at 4 via 6
    "#);
}

#[test]
fn only_spark_has_such_a_method() {
    let source = r#"
import elsewhere
pings = elsewhere.load()
pings.countByKey()
pings.count()
pings.to_parquet("/a")
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r"
    program job.py: 0 to 1
      0 -> 1 action countByKey of #0, guessed at 4
    lineage
      #0 opaque (names and literals open) at 4
    ");
}

#[test]
fn a_scala_class_that_nobody_makes_is_evaluated_alone() {
    let source = r#"
import org.apache.spark.sql.SparkSession
class OrdersSuite extends AnyFunSuite {
  val spark = SparkSession.builder.getOrCreate()
  test("counts") {
    assert(spark.table("t").count() == 3)
  }
  def helper() = spark.table("u").collect()
}
"#;
    insta::assert_snapshot!(text(&[("suite.scala", source)]), @r#"
    fragment suite.scala OrdersSuite.helper: 0 to 1
      0 -> 1 action collect of #0 at 8
    fragment suite.scala OrdersSuite: 2 to 3
      2 -> 3 action count of #1 at 6
    lineage
      #0 read table (table "u") at 8
      #1 read table (table "t") at 6
    "#);
}
