//! Scala 2.12, 2.13 and 3 as people write them: what a program's actions run on, told by their lineage.

#![allow(clippy::unwrap_used)]

mod lineage;

use program::{Confidence, Expression, Language, Literal, Program, ScopeKind, Type};

fn lower(source: &str) -> Program {
    let program = grammars::lower(
        Language::Scala,
        &format!(
            "import org.apache.spark.sql._\nimport org.apache.spark.sql.functions._\n{source}"
        ),
    );
    assert_eq!(program.syntax_errors, 0, "{source}");
    program
}

fn check(source: &str, expected: &[&str]) {
    assert_eq!(lineage::counted(&lower(source)), expected, "{source}");
}

/// The columns that the arguments of the first call of `method` name.
fn columns(program: &Program, method: &str) -> Vec<String> {
    let call = program.calls.iter().find(|call| call.method == method).unwrap();
    let mut names = Vec::new();
    for argument in &call.arguments {
        argument.value.walk(&mut |it| {
            if let Expression::Column { name, .. } = it {
                names.push(name.to_string());
            }
        });
    }
    names
}

/// The scopes around the first call of `method`, innermost first.
fn scopes<'p>(program: &'p Program, method: &str) -> Vec<&'p ScopeKind> {
    let call = program.calls.iter().find(|call| call.method == method).unwrap();
    program.ancestors(call.scope).map(|scope| &program.scope(scope).kind).collect()
}

#[test]
fn columns_of_every_spelling() {
    let program = lower(
        r#"
import spark.implicits._
val orders = spark.table("orders")
orders.select($"a", 'b, col("c"), orders("d"), orders.col("e"), $"f".as("x"), 'g as 'y, $"h" as "z", $"i.j")
orders.filter($"amount" > 10 && !'paid || $"country" === lit("FR") && $"code" =!= 3 && ($"day" isin (1, 2)))
"#,
    );
    assert_eq!(columns(&program, "select"), ["a", "b", "c", "d", "e", "f", "g", "y", "h", "i.j"]);
    assert_eq!(columns(&program, "filter"), ["amount", "paid", "country", "code", "day"]);
}

#[test]
fn infix_calls() {
    check(
        r#"
val orders = spark.table("orders")
val users = spark.table("users")
(orders join users).count()
val left = orders join (users, Seq("id"), "left") where "x > 1" limit 5
left count ()
val sorted = orders orderBy "x" drop "y"
sorted.count
(orders union users distinct).count()
"#,
        &[
            "join < table orders",
            "limit < where < join < table orders",
            "drop < orderBy < table orders",
            "distinct < union < table orders",
        ],
    );
    let program = lower("spark.table(\"a\") join (spark.table(\"b\"), Seq(\"id\"), \"left\")");
    let join = program.calls.iter().find(|call| call.method == "join").unwrap();
    assert_eq!(join.arguments.len(), 3);
}

#[test]
fn rows_become_datasets() {
    let source = r#"
import spark.implicits._
case class Order(id: Long)
Seq((1, "a"), (2, "b")).toDF("id", "name").count()
List(1, 2, 3).toDS().count()
Seq(Order(1)).toDS.count()
val numbers = 1 to 10
numbers.toDF.count()
val orders: Seq[Order] = Seq.empty[Order]
orders.toDS.map(_.id).count()
spark.sparkContext.parallelize(orders).toDF("id").count()
Map("a" -> 1).toSeq.toDF("name", "n").count()
"#;
    check(
        source,
        &[
            "toDF",
            "toDS",
            "toDS",
            "toDF",
            "map < toDS",
            "toDF < parallelize < sparkContext < ambient spark",
            "toDF",
        ],
    );
    let program = lower(source);
    let rows: Vec<Option<u64>> = program
        .calls
        .iter()
        .filter(|call| matches!(call.method.as_str(), "toDF" | "toDS"))
        .map(|call| program.value(call.result.unwrap()).bound.map(|it| it.rows))
        .collect();
    assert_eq!(rows, [Some(2), Some(3), Some(1), Some(10), None, None, None]);
}

#[test]
fn rows_become_datasets_by_sparks_implicits_alone() {
    let confidence = |source: &str| {
        let program = lower(source);
        let call = program.calls.iter().find(|call| call.method == "toDF").unwrap();
        call.confidence
    };
    let inside = |import: &str| {
        format!("object Job {{ def run(spark: SparkSession) = {{ {import}Seq(1).toDF }} }}")
    };
    assert_eq!(confidence(&inside("import spark.implicits._; ")), Confidence::Known);
    assert_eq!(confidence(&inside("import testImplicits._; ")), Confidence::Known);
    // What a shell or a notebook imports by itself.
    assert_eq!(confidence("Seq(1).toDF"), Confidence::Declared);
    // Somebody else's implicits, perhaps.
    assert_eq!(confidence(&inside("")), Confidence::Guessed);
}

#[test]
fn typed_datasets() {
    let source = r#"
import spark.implicits._
case class Order(id: Long, amount: Double)
val orders: Dataset[Order] = spark.read.parquet("orders").as[Order]
orders.groupByKey(_.id).mapGroups((id, some) => some.size).count()
orders.groupByKey(_.id).reduceGroups((a, b) => a).count()
orders.groupByKey(_.id).count().count()
orders.rdd.map(order => (order.id, order.amount)).groupByKey().mapValues(_.sum).count()
orders.joinWith(orders, orders("id") === orders("id")).count()
orders.map { case Order(id, amount) => id }.count()
"#;
    let program = lower(source);
    let receivers: Vec<Type> = program
        .calls
        .iter()
        .filter(|call| call.method == "groupByKey")
        .map(|call| program.value(call.result.unwrap()).kind)
        .collect();
    let keyed = Type::KeyValueGrouped;
    assert_eq!(receivers, [keyed, keyed, keyed, Type::Rdd]);
    let counts: Vec<Type> = program
        .calls
        .iter()
        .filter(|call| call.method == "count")
        .map(|call| call.receiver_type)
        .collect();
    let dataset = Type::DataFrame;
    assert_eq!(counts, [dataset, dataset, keyed, dataset, Type::Rdd, dataset, dataset]);
}

#[test]
fn comprehensions() {
    check(
        r#"
val names = Seq("a", "b")
for (name <- names) spark.table(name).count()
val frames = for (name <- names) yield spark.table(name)
frames.reduce(_ union _).count()
for {
  name <- names
  other <- Seq("x", "y")
  if name != other
  frame = spark.table(name)
} frame.join(spark.table(other), "id").count()
val lines = spark.sparkContext.textFile("x")
val words = for { line <- lines if line.nonEmpty; word <- line.split(" ") } yield (word, 1)
words.count()
"#,
        &[
            "table",
            "loop[table then union]",
            "join < table",
            "flatMap < filter < textFile < sparkContext < ambient spark",
        ],
    );
    let program = lower("for (a <- Seq(1, 2); b <- 1 to 3) spark.table(s\"$a$b\").count()");
    let scopes = scopes(&program, "count");
    let iterations: Vec<Option<u64>> = scopes
        .iter()
        .filter_map(|it| match it {
            ScopeKind::Loop { iterations } => Some(*iterations),
            _ => None,
        })
        .collect();
    assert_eq!(iterations, [Some(3), Some(2)]);
}

#[test]
fn patterns_take_datasets_apart() {
    check(
        r#"
val orders = spark.table("orders")
val Array(train, test) = orders.randomSplit(Array(0.7, 0.3))
train.count()
test.count()
val (some, first) = (orders.filter("a"), orders.limit(3))
some.count()
first.count()
val Seq(left, right) = Seq("a", "b").map(name => spark.table(name))
right.count()
"#,
        &[
            "randomSplit < table orders",
            "randomSplit < table orders",
            "filter < table orders",
            "limit < table orders",
            "table",
        ],
    );
}

#[test]
fn folds_are_loops_that_carry_a_dataset() {
    let folded = "loop[table orders then drop]";
    check(
        r#"
val orders = spark.table("orders")
Seq("a", "b").foldLeft(orders)((frame, name) => frame.drop(name)).count()
orders.columns.foldLeft(orders) { case (frame, name) => frame.drop(name) }.count()
Seq("a", "b").foldRight(orders)((name, frame) => frame.drop(name)).count()
(orders /: Seq("a", "b"))((frame, name) => frame.drop(name)).count()
def without(frame: DataFrame, name: String): DataFrame = frame.drop(name)
Seq("a", "b").foldLeft(orders)(without).count()
"#,
        &[folded, folded, folded, folded, "loop[table orders then value]"],
    );
    let program = lower(
        "val a = spark.table(\"a\")\nSeq(1, 2).foldLeft(a)((frame, n) => frame.withColumn(s\"c$n\", lit(n)))",
    );
    assert!(matches!(
        scopes(&program, "withColumn").as_slice(),
        [ScopeKind::Loop { iterations: Some(2) }, ScopeKind::File]
    ));
}

#[test]
fn transform_takes_functions_of_every_form() {
    check(
        r#"
val orders = spark.table("orders")
def clean(frame: DataFrame): DataFrame = frame.na.drop()
def add(n: Int)(frame: DataFrame): DataFrame = frame.withColumn("n", lit(n))
val keep: DataFrame => DataFrame = _.limit(4)
orders.transform(clean).transform(add(1)).transform(_.limit(4)).transform(clean _ andThen add(2)).transform(keep).count()
orders.transform { frame => frame.filter("a") }.count()
"#,
        &[
            "transform < transform < transform < transform < transform < table orders",
            "transform < table orders",
        ],
    );
}

#[test]
fn methods_that_the_file_adds() {
    check(
        r#"
object Extras {
  implicit class Cleaning(frame: DataFrame) { def clean: DataFrame = frame.na.drop(); def keep(n: Int) = frame.limit(n) }
  implicit class Tables(session: SparkSession) { def orders: DataFrame = session.table("orders") }
}
import Extras._
spark.orders.clean.keep(3).count()
class Rich(val frame: DataFrame) { def plus(other: DataFrame): DataFrame = frame.union(other) }
implicit def enrich(frame: DataFrame): Rich = new Rich(frame)
spark.orders.plus(spark.orders).count()
implicit final class One[T](private val some: Dataset[T]) extends AnyVal { def one: Dataset[T] = some.limit(1) }
spark.table("a").as[String].one.count()
"#,
        &["returned by keep", "returned by plus", "returned by one"],
    );
}

#[test]
fn extensions() {
    check(
        r#"
extension (frame: DataFrame)
  def clean: DataFrame = frame.na.drop()
  def keep(n: Int): DataFrame = frame.limit(n)
extension [T](some: Dataset[T])(using session: SparkSession)
  def beside(name: String): DataFrame = some.crossJoin(session.table(name))
spark.table("a").clean.keep(3).count()
spark.table("a").beside("b").count()
"#,
        &["returned by keep", "returned by beside"],
    );
}

#[test]
fn implicits_from_elsewhere_stay_unknown() {
    let program = lower(
        r#"
import com.acme.Extras._
val orders = spark.table("orders")
orders.cleaned.count()
orders.cleaned(3).count()
"orders".frame.collect()
"#,
    );
    let methods: Vec<&str> = program.calls.iter().map(|call| call.method.as_str()).collect();
    assert_eq!(methods, ["table"]);
    assert_eq!(program.unresolved_on_datasets().count(), 2);
}

#[test]
fn sessions_that_the_compiler_finds() {
    check(
        r#"
def load(name: String)(using spark: SparkSession): DataFrame = spark.table(name)
def old(name: String)(implicit spark: SparkSession): DataFrame = spark.table(name)
def all(using SparkSession): DataFrame = summon[SparkSession].table("all")
given SparkSession = SparkSession.builder().getOrCreate()
load("a").count()
old("a").count()
all.count()
load("a")(using summon[SparkSession]).count()
all(using summon[SparkSession]).count()
implicitly[SparkSession].table("b").count()
"#,
        &[
            "returned by load",
            "returned by old",
            "returned by all",
            "returned by load",
            "returned by all",
            "table b",
        ],
    );
}

#[test]
fn traits_that_hold_the_session() {
    check(
        r#"
trait HasSpark { lazy val spark: SparkSession = SparkSession.builder().getOrCreate(); def session: SparkSession = spark }
object Job extends HasSpark { def main(args: Array[String]): Unit = { spark.table("a").count(); session.table("b").count() } }
trait NeedsSpark { def spark: SparkSession; val sc = spark.sparkContext }
class Step(val spark: SparkSession) extends NeedsSpark { def run() = { spark.table("c").count(); sc.textFile("d").count() } }
trait Later extends NeedsSpark { def go() = spark.table("e").count() }
trait Given(val session: SparkSession) { def table(name: String) = session.table(name) }
class Task(s: SparkSession) extends Given(s) { def run() = table("f").count() }
"#,
        &["table a", "table b", "table c", "textFile < ambient sc", "table e", "returned by table"],
    );
}

#[test]
fn applications() {
    check(
        r#"
object Job extends App {
  val spark = SparkSession.builder.appName("x").getOrCreate()
  import spark.implicits._
  val orders = spark.read.json("a")
  orders.count()
  Seq(1).toDF.count()
}
"#,
        &["json < read < getOrCreate < appName < builder", "toDF"],
    );
    // Its body is what runs.
    let program = lower("object Job extends App { spark.table(\"a\").count() }");
    assert!(matches!(scopes(&program, "count").as_slice(), [ScopeKind::Class(_), ScopeKind::File]));
}

#[test]
fn members_of_objects() {
    check(
        r#"
object Config { val path = "x"; lazy val spark = SparkSession.builder.getOrCreate(); val orders = spark.table("orders"); def load(name: String) = spark.table(name) }
object Job {
  def main(args: Array[String]): Unit = {
    Config.load("a").count()
    Config.spark.table("b").count()
    Config.orders.count()
    import Config.{load => read, _}
    read("c").count()
    orders.count()
  }
}
"#,
        &["returned by load", "table b", "table orders", "returned by load", "table orders"],
    );
}

#[test]
fn default_and_named_arguments() {
    let program = lower(
        r#"
def load(name: String = "a", limit: Int = 10)(implicit spark: SparkSession): DataFrame = spark.table(name).limit(limit)
def save(frame: DataFrame, path: String, mode: String = "append"): Long = { frame.write.mode(mode).parquet(path); frame.count() }
implicit val session: SparkSession = SparkSession.builder.getOrCreate()
save(path = "o", frame = load(limit = 5))
session.table("a").join(right = load(), usingColumn = "id").show(numRows = 5, truncate = false)
"#,
    );
    assert!(program.unresolved.is_empty());
    let show = program.calls.iter().find(|call| call.method == "show").unwrap();
    let names: Vec<Option<&str>> = show.arguments.iter().map(|it| it.name.as_deref()).collect();
    assert_eq!(names, [Some("numRows"), Some("truncate")]);
    assert_eq!(lineage::counted(&program), ["parameter"]);
}

#[test]
fn indentation_instead_of_braces() {
    check(
        r#"
object Job:
  def main(args: Array[String]): Unit =
    val spark = SparkSession.builder.getOrCreate()
    val orders = spark.table("orders")
    if args.isEmpty then
      orders.count()
    else
      orders.limit(4).count()
    for name <- Seq("a", "b") do
      spark.table(name).count()
    end for
    Seq("a", "b").foreach: name =>
      spark.table(name).drop("x").count()
    val few = orders.transform: frame =>
      frame.limit(3)
    few.count()
    try orders.filter("a").count()
    catch case e: Exception => orders.filter("b").count()
    args.length match
      case 0 => orders.distinct().count()
      case _ => orders.drop("y").count()
  end main
end Job
"#,
        &[
            "table orders",
            "limit < table orders",
            "table",
            "drop < table",
            "transform < table orders",
            "filter < table orders",
            "filter < table orders",
            "distinct < table orders",
            "drop < table orders",
        ],
    );
}

#[test]
fn definitions_outside_of_objects() {
    check(
        r#"
import org.apache.spark.sql.{SparkSession as Session, DataFrame as Frame}
type Frames = Map[String, Frame]
enum Mode { case Full, Small }
case class Order(id: Long) derives CanEqual
inline def small(frame: Frame): Frame = frame.limit(3)
def joined(frames: Frames): Frame = frames("a").join(frames("b"), "id")
@main def run(name: String, rest: String*): Unit =
  given session: Session = Session.builder().getOrCreate()
  import session.implicits.given
  small(session.table(name)).count()
  joined(Map("a" -> session.table("a"))).count()
  while session.table("c").count() > 3 do
    session.table("d").count()
"#,
        &["returned by small", "returned by joined", "table c", "table d"],
    );
}

#[test]
fn scripts_and_notebooks() {
    let script = r#"
val orders = spark.table("orders")
val n = orders.count()
sc.textFile("x").count()
if (n > 3) orders.limit(3).count()
def count(frame: DataFrame) = frame.drop("a").count()
count(orders)
"#;
    let expected =
        ["table orders", "textFile < ambient sc", "limit < table orders", "drop < parameter"];
    check(script, &expected);
    let notebook = format!(
        "// Databricks notebook source\nval first = spark.table(\"first\")\n\n// COMMAND ----------\n\n// MAGIC %md\n// MAGIC text\n\n// COMMAND ----------\n{script}\nfirst.count()\n"
    );
    let program = grammars::lower(Language::Scala, &notebook);
    let counted = lineage::counted(&program);
    assert_eq!(counted[..4], expected);
    assert_eq!(counted[4], "table first");
}

#[test]
fn things_that_may_be_there() {
    check(
        r#"
import scala.util.{Failure, Success, Try, Using}
val orders = spark.table("orders")
def find(name: String): Option[DataFrame] = if (name.isEmpty) None else Some(spark.table(name))
find("x").map(_.limit(2)).foreach(_.count())
find("x").getOrElse(orders).count()
find("x") match { case Some(found) => found.count(); case None => 0 }
for (a <- find("a"); b <- find("b")) a.join(b, "id").count()
Try(spark.table("a")) match { case Success(found) => found.count(); case Failure(error) => throw error }
Option.when(true)(orders.limit(1)).foreach(_.count())
Using.resource(SparkSession.builder.getOrCreate()) { session => session.table("b").count() }
"#,
        &[
            "limit < returned by find",
            "(returned by find | table orders)",
            "returned by find",
            "join < returned by find",
            "table a",
            "limit < table orders",
            "table b",
        ],
    );
    // At most once, and so no loop.
    let program = lower("def f(found: Option[DataFrame]) = found.foreach(_.count())");
    assert!(scopes(&program, "count").iter().all(|it| !matches!(it, ScopeKind::Loop { .. })));
}

#[test]
fn collections_of_datasets() {
    check(
        r#"
import scala.collection.mutable
import scala.util.chaining._
val orders = spark.table("orders")
val frames = Map("a" -> orders, "b" -> orders.limit(1))
frames("b").count()
frames.view.mapValues(_.drop("x")).toMap.foreach { case (_, frame) => frame.count() }
var some = Seq.empty[DataFrame]
some = some :+ orders
some.foreach(_.count())
val pending = mutable.ListBuffer[DataFrame]()
pending += orders.limit(3)
pending.head.count()
Seq("a", "b").map(name => name -> spark.table(name)).toMap.apply("a").count()
orders.pipe(_.limit(7)).tap(_.count()).count()
"#,
        &[
            "limit < table orders",
            "drop < (table orders | limit < table orders)",
            "table orders",
            "limit < table orders",
            "table",
            "limit < table orders",
            "limit < table orders",
        ],
    );
}

#[test]
fn full_names() {
    check(
        r#"
val hive = new org.apache.spark.sql.hive.HiveContext(sc)
hive.table("a").count()
org.apache.spark.sql.SparkSession.builder.getOrCreate().table("b").count()
"#,
        &["table a", "table b"],
    );
    let program = lower("spark.table(\"a\").select(org.apache.spark.sql.functions.col(\"x\"))");
    assert_eq!(columns(&program, "select"), ["x"]);
    assert_eq!(program.calls.len(), 2);
}

#[test]
fn batches_of_a_stream() {
    let program = lower(
        r#"
import org.apache.spark.streaming._
val context = new StreamingContext(sc, Seconds(1))
context.socketTextStream("a", 1).foreachRDD { rdd => rdd.map(_ + 1).count() }
"#,
    );
    assert_eq!(lineage::counted(&program), ["map < parameter"]);
    let count = program.calls.iter().find(|call| call.method == "count").unwrap();
    assert_eq!(count.receiver_type, Type::Rdd);
}

#[test]
fn literals_are_read_in_every_form() {
    let program = lower(
        "val name = \"orders\"\nval frame = spark.sql(s\"\"\"\n  |SELECT a FROM $name\n  |WHERE x > 1\"\"\".stripMargin)\nframe.count()",
    );
    assert!(program.calls.iter().any(|call| call.method == "table"
        && call.arguments[0].value == Expression::Literal(Literal::Text("orders".into()))));
}

#[test]
fn a_type_parameter_is_what_it_is_at_most() {
    check(
        "def size[D <: Dataset[_]](d: D) = d.count()\ndef other[D, E <: Product](d: D, e: E) = { d.count(); e.count() }",
        &["parameter"],
    );
    check(
        "trait Table[T, +V <: Table[T, V]] {\n  val dataset: Dataset[T]\n  def sorted(): V\n}\nobject Main {\n  def run[A](t: Table[A, _]) = t.sorted().dataset.count()\n}",
        &["ambient dataset"],
    );
    // One function's parameter is not another's.
    check("def one[D <: DataFrame](d: D) = d.distinct()\ndef two[D](d: D) = d.count()", &[]);
}

#[test]
fn a_dataset_applied_to_any_name_is_a_column() {
    let program = lower(
        "def f(df: DataFrame, names: Seq[String]) = df.select(df.columns.map(name => df(clean(name)).cast(\"long\").as(name)): _*)",
    );
    assert!(program.unresolved.is_empty(), "{}", program.to_text());
}

#[test]
fn a_new_object_of_a_class_that_extends_an_rdd_is_one() {
    check(
        "import org.apache.spark.SparkContext\nimport org.apache.spark.rdd.RDD\nclass Rows(sc: SparkContext, n: Int) extends RDD[Int](sc, Nil)\nobject Main {\n  def run(sc: SparkContext) = {\n    val rows = new Rows(sc, 3)\n    rows.cache()\n    rows.map(_ + 1).count()\n  }\n}",
        &["map < ambient "],
    );
}

#[test]
fn a_fold_carries_several_things_in_a_tuple() {
    let program = lower(
        "def step(df: DataFrame, n: Int): (DataFrame, Seq[String]) = other(df)\ndef run(frame: DataFrame, xs: Seq[Int]) = {\n  val (result, names) = xs.foldLeft((frame, Seq.empty[String])) {\n    case ((df, names), x) =>\n      val (next, more) = step(df, x)\n      (next, names ++ more)\n  }\n  result.count()\n}",
    );
    assert_eq!(lineage::counted(&program), ["loop[parameter then value]"], "{}", program.to_text());
}
