//! Control flow: branches, loops, exceptions, generators, contexts.

use super::{automaton, lineage, section, text};

#[test]
fn a_branch_is_two_paths_and_its_datasets_merge() {
    let source = r#"
import sys
df = spark.read.parquet("/in")
if len(sys.argv) > 1:
    df = df.filter("a > 1")
    df.count()
else:
    df = df.limit(3)
df.collect()
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 4
      0 -> 1 read parquet of #0 (path "/in"; format "parquet"), any number of times at 3
      1 -> 2 action count of #1 at 6
      2 -> 3
      1 -> 3
      3 -> 4 action collect of #3 at 9
    "#);
    insta::assert_snapshot!(lineage(source), @r#"
    lineage
      #0 read parquet (path "/in"; format "parquet") at 3
      #1 filter (columns a; literals 1) of #0 at 5
      #2 limit (limit "3") of #0 at 8
      #3 phi of #1, #2
    "#);
}

#[test]
fn a_condition_that_is_known_takes_one_path() {
    let source = r#"
MODE = "full"
if MODE == "full":
    spark.table("a").count()
elif MODE == "delta":
    spark.table("b").count()
while False:
    spark.table("c").count()
"#;
    insta::assert_snapshot!(automaton(source), @r"
    program job.py: 0 to 1
      0 -> 1 action count of #0 at 4
    ");
}

#[test]
fn a_loop_over_a_known_list_is_unrolled() {
    let source = r#"
for name in ["a", "b"]:
    spark.read.csv(f"/in/{name}.csv").write.parquet("/out/" + name)
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 4
      0 -> 1 read csv of #0 (path "/in/a.csv"; format "csv"), any number of times at 3
      1 -> 2 write parquet of #0 (path "/out/a"; format "parquet") at 3
      2 -> 3 read csv of #1 (path "/in/b.csv"; format "csv"), any number of times at 3
      3 -> 4 write parquet of #1 (path "/out/b"; format "parquet") at 3
    "#);
    insta::assert_snapshot!(section(&[("job.py", source)], "loops"), @r"
    loops
      2 times 2
    ");
}

#[test]
fn a_loop_of_unknown_length_goes_round_and_so_does_its_dataset() {
    let source = r#"
import sys
df = spark.table("t")
for step in sys.argv:
    df = df.join(spark.table("u"), "id")
    if df.count() == 0:
        break
    df.cache()
df.show()
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 4
      0 -> 1
      1 -> 2 action count of #3 at 6
      2 -> 1
      2 -> 3
      1 -> 3
      3 -> 4 action show of #1 (limit "20") at 9
    "#);
    insta::assert_snapshot!(lineage(source), @r#"
    lineage
      #0 read table (table "t") at 3
      #1 phi of #0, #3
      #2 read table (table "u") at 5
      #3 join (columns id; keys id; how "inner") of #1, #2, cached at 5
    "#);
    insta::assert_snapshot!(section(&[("job.py", source)], "loops"), @r"
    loops
      4 times ?
    ");
}

#[test]
fn a_handler_can_be_reached_from_every_state_of_the_body() {
    let source = r#"
df = spark.table("t")
try:
    df.count()
    df.collect()
except ValueError:
    df.show()
finally:
    df.take(1)
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 6
      0 -> 1 action count of #0 at 4
      1 -> 2 action collect of #0 at 5
      0 -> 3 exception
      1 -> 3 exception
      2 -> 3 exception
      3 -> 4 action show of #0 (limit "20") at 7
      2 -> 5
      4 -> 5
      5 -> 6 action take of #0 (limit "1") at 9
    "#);
}

#[test]
fn a_function_returns_from_several_places() {
    let source = r#"
import sys
def pick(df):
    if sys.argv:
        return df.filter("a = 1")
    df.count()
    return df
pick(spark.table("t")).collect()
"#;
    insta::assert_snapshot!(automaton(source), @r"
    program job.py: 0 to 3
      0 -> 1 action count of #0 at 6 via 8
      0 -> 2
      1 -> 2
      2 -> 3 action collect of #2 at 8
    ");
    insta::assert_snapshot!(lineage(source), @r#"
    lineage
      #0 read table (table "t") at 8
      #1 filter (columns a; literals 1) of #0 at 5 via 8
      #2 phi of #1, #0
    "#);
}

#[test]
fn a_generator_and_the_loop_over_it_take_turns() {
    let source = r#"
def parts(df):
    for day in ["mon", "tue"]:
        part = df.filter(df.day == day)
        part.count()
        yield day, part
for day, part in parts(spark.table("t")):
    part.write.parquet(f"/out/{day}")
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 4
      0 -> 1 action count of #1 at 5 via 7
      1 -> 2 write parquet of #1 (path "/out/mon"; format "parquet") at 8
      2 -> 3 action count of #2 at 5 via 7
      3 -> 4 write parquet of #2 (path "/out/tue"; format "parquet") at 8
    "#);
}

#[test]
fn a_context_manager_runs_its_end_after_the_body() {
    let source = r#"
from contextlib import contextmanager
@contextmanager
def session(name):
    built = SparkSession.builder.appName(name).getOrCreate()
    built.table("before").count()
    yield built
    built.table("after").count()
class Scope:
    def __init__(self, df):
        self.df = df
    def __enter__(self):
        return self.df
    def __exit__(self, *args):
        self.df.show()
with session("x") as s, Scope(s.table("t")) as df:
    df.collect()
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 4
      0 -> 1 action count of #0 at 6 via 16
      1 -> 2 action collect of #1 at 17
      2 -> 3 action show of #1 (limit "20") at 15 via 16
      3 -> 4 action count of #2 at 8 via 16
    "#);
}

#[test]
fn one_context_manager_nests_in_itself() {
    let source = r#"
from contextlib import contextmanager
@contextmanager
def timed(name):
    print(name)
    yield
    print("done")
with timed("a"):
    with timed("b"):
        with timed("c"), timed("d"):
            spark.table("t").count()
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 1
      0 -> 1 action count of #0 at 11
    lineage
      #0 read table (table "t") at 11
    "#);
}

#[test]
fn a_body_runs_though_its_context_is_too_deep_to_follow() {
    let source = r#"
from contextlib import contextmanager
@contextmanager
def nested(n):
    with nested(n - 1) as inner:
        yield inner
with nested(3) as s:
    spark.table("t").count()
def numbers(n):
    yield from numbers(n - 1)
for n in numbers(3):
    spark.table("u").count()
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 2
      0 -> 1 action count of #0 at 8
      1 -> 2 action count of #1 at 12
    lineage
      #0 read table (table "t") at 8
      #1 read table (table "u") at 12
    loops
      11 times ?
    unresolved
      recursion nested at 5
      recursion numbers at 10
    "#);
}

#[test]
fn a_generator_that_may_yield_is_no_complete_list() {
    let source = r#"
import sys
def some():
    yield "a"
    if sys.argv:
        yield "b"
def all_of_them():
    yield "a"
    yield "b"
def many():
    for name in sys.argv:
        yield name
    yield "last"
for generator in (some, all_of_them, many):
    names = list(generator())
    for name in names:
        spark.table(name).count()
"#;
    insta::assert_snapshot!(section(&[("job.py", source)], "program"), @r"
    program job.py: 0 to 6
      0 -> 1
      1 -> 2 action count of #0 at 17
      2 -> 1
      1 -> 3 action count of #1 at 17
      3 -> 4 action count of #2 at 17
      4 -> 5
      5 -> 6
      6 -> 7 action count of #3 at 17
      7 -> 6
    ");
}
