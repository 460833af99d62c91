//! `unbounded-collect`: `collect` on a dataset of which nothing bounds the rows.

use analysis::{Applicability, Edit, Finding, Fix, RuleContext, Run, SiteCost, Verdict, declare_rule, units};
use program::{BoundReason, Call, Confidence, Effect, Expression, Origin, TextPart, TextRange, Type, ValueId};

use crate::plan;

declare_rule! {
    /// `collect` on a dataset whose number of rows nothing bounds
    ///
    /// ## Why is this bad?
    ///
    /// `collect` copies every row of the dataset from the cluster into the memory of one process, the driver. That works as long as the data is
    /// small and breaks on the day it is not: the driver runs out of memory, and the whole application ends. Until then the cluster
    /// waits while one machine receives everything.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// for order in spark.read.parquet("orders").collect():
    ///     print(order.amount)
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders")
    /// print(orders.agg(F.sum("amount")).collect()[0][0])
    /// for order in orders.orderBy("amount").limit(20).collect():
    ///     print(order.amount)
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// spark.read.parquet("orders").collect().foreach(println)
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// spark.read.parquet("orders").limit(20).collect().foreach(println)
    /// ```
    ///
    /// ## For experts
    ///
    /// Task results go through the block manager to the driver, are held serialised up to `spark.driver.maxResultSize`, and are then decoded once
    /// more: rows in Python cost several times their size in the log. A run confirms the finding by the result bytes of the call's
    /// jobs (a megabyte by default) and refutes it below, so a `collect` of a dozen groups stays silent once a run is attached. If rows must pass
    /// through the driver, `toLocalIterator` holds one partition at a time.
    ///
    /// ## Fix safety
    ///
    /// `limit(1000)` and `take(1000)` leave rows out: they are for looking at data, not for computing with it.
    ///
    /// ## Known problems
    ///
    /// A dataset that is given to a function is taken as unbounded whatever its callers give. Groups of a column with few values are
    /// reported until a run shows that they are few. SQL whose text is put together at run time is not judged, nor is what a function of another file gives
    /// whose name says that it runs a query.
    pub(crate) static UNBOUNDED_COLLECT = {
        id: "unbounded-collect",
        category: Resource,
        severity: Warning,
        tier: Two,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
    }
}

/// How many rows the fix lets through: enough to look at.
const ROWS: u32 = 1_000;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    for (id, call) in ctx.program.calls_with_ids() {
        let collects = matches!(call.method.as_str(), "collect" | "collectAsList")
            && matches!(call.receiver_type, Type::DataFrame | Type::Rdd)
            && call.confidence > Confidence::Guessed;
        let Some(receiver) = call.receiver.filter(|_| collects) else { continue };
        if is_bounded(ctx, receiver.value, 0) {
            continue;
        }
        let message = match ctx.program.value(receiver.value).bound {
            Some(bound) => {
                format!("`{}` brings up to {} to the driver", call.method, units::counted(bound.rows, "row"))
            }
            None => format!("`{}` brings every row to the driver, and nothing bounds their number", call.method),
        };
        let help = "aggregate or write on the cluster, take a bounded part with `limit`, or read row by row with `toLocalIterator`";
        let mut finding = UNBOUNDED_COLLECT.at_call(ctx, id, message, help);
        finding.fixes.push(fix(call, receiver.range));
        findings.push(finding);
    }
}

/// A bound above so many rows bounds nothing: at a hundred bytes a row, a hundred megabytes and several times that in Python.
const MANY_ROWS: u64 = 1_000_000;

/// How far up a lineage is followed: chains of datasets are shorter, and hostile ones must end.
const STEPS: u32 = 200;

/// Whether the source says that few rows come, or that they were on the driver before.
fn is_bounded(ctx: &RuleContext<'_>, value: ValueId, steps: u32) -> bool {
    let program = ctx.program;
    if steps > STEPS {
        return true;
    }
    if let Some(bound) = program.value(value).bound {
        // Rows written out in the source came from the driver.
        return bound.rows <= MANY_ROWS || bound.reason == BoundReason::LiteralRows;
    }
    match &program.value(value).origin {
        Origin::Call(call) => {
            let call = program.call(*call);
            match call.effect {
                // Somebody thought of a number, even where it is not known.
                _ if call.method == "limit" => true,
                Effect::Sql => call.arguments.first().is_none_or(|it| sql_is_bounded(&it.value)),
                Effect::Read => is_of_the_driver(call),
                Effect::Narrow | Effect::Wide | Effect::Repartition | Effect::Persist | Effect::Checkpoint => {
                    keeps_rows(&call.method)
                        && call.receiver.is_some_and(|receiver| is_bounded(ctx, receiver.value, steps + 1))
                }
                // The catalog, the history of a table: few rows by nature.
                _ => call.receiver_type != Type::DataFrame && call.receiver_type != Type::Rdd,
            }
        }
        Origin::Merge(values) => values.iter().all(|value| is_bounded(ctx, *value, steps + 1)),
        Origin::Loop { entry, .. } => is_bounded(ctx, *entry, steps + 1),
        Origin::Returned(function) => match program.functions[function.index()].returns {
            Expression::Value(value) => is_bounded(ctx, value, steps + 1),
            _ => false,
        },
        Origin::Ambient(name) => is_of_a_query(name),
        Origin::Parameter { .. } => false,
    }
}

/// Whether a value comes from a function of another file that runs the query it is given, by its name: that text is not known here, and may as well
/// be a command, a limit or an aggregate.
fn is_of_a_query(name: &str) -> bool {
    name.strip_suffix("()").is_some_and(|function| {
        let function = function.to_ascii_lowercase();
        function.contains("query") || function.contains("sql")
    })
}

/// Whether a read distributes what the driver had in its memory anyway.
fn is_of_the_driver(call: &Call) -> bool {
    matches!(
        call.method.as_str(),
        "parallelize" | "makeRDD" | "createDataFrame" | "createDataset" | "toDF" | "toDS" | "emptyDataFrame" | "emptyRDD"
    ) && !call.arguments.iter().any(|it| matches!(it.value, Expression::Value(_)))
}

/// Methods whose result has at most the rows of their receiver.
fn keeps_rows(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "where"
            | "map"
            | "mapValues"
            | "keyBy"
            | "keys"
            | "values"
            | "withColumn"
            | "withColumns"
            | "withColumnRenamed"
            | "drop"
            | "dropna"
            | "fillna"
            | "alias"
            | "toDF"
            | "rdd"
            | "cache"
            | "persist"
            | "checkpoint"
            | "localCheckpoint"
            | "orderBy"
            | "sort"
            | "sortBy"
            | "sortByKey"
            | "distinct"
            | "dropDuplicates"
            | "repartition"
            | "coalesce"
            | "reduceByKey"
            | "zipWithIndex"
            | "select"
            | "selectExpr"
    )
}

/// Whether a query answers with few rows: a command, an aggregate without groups, a limit at its end. Text that is not known is not judged.
fn sql_is_bounded(text: &Expression) -> bool {
    let text = match text {
        Expression::Literal(program::Literal::Text(text)) => text.clone(),
        Expression::Text(parts) => parts
            .iter()
            .map(|part| match part {
                TextPart::Literal(text) => text.as_str(),
                // A name or a number stands for whatever is filled in.
                TextPart::Hole(_) => " x ",
            })
            .collect(),
        _ => return true,
    };
    let text = text.to_ascii_lowercase().replace(['(', ')', ','], " | ");
    let words: Vec<&str> = text.trim_end().trim_end_matches(';').split_whitespace().collect();
    let Some(first) = words.first() else { return true };
    if !matches!(*first, "select" | "with" | "from" | "table" | "values" | "|") {
        return true;
    }
    if words.len() > 2 && words[words.len() - 2] == "limit" {
        return true;
    }
    let aggregate = |word: &str| matches!(word, "count" | "sum" | "max" | "min" | "avg" | "mean" | "first" | "any_value");
    let grouped = words.windows(2).any(|pair| pair == ["group", "by"]);
    let united = words.iter().any(|word| matches!(*word, "union" | "over"));
    *first == "select" && words.get(1).is_some_and(|word| aggregate(word)) && !grouped && !united
}

fn fix(call: &Call, receiver: TextRange) -> Fix {
    let edit = if call.receiver_type == Type::Rdd {
        let range = TextRange::new(call.name_range.start, call.range.end);
        Edit { range, replacement: format!("take({ROWS})") }
    } else {
        let range = TextRange::new(receiver.end, receiver.end);
        Edit { range, replacement: format!(".limit({ROWS})") }
    };
    Fix {
        title: format!("Take {ROWS} rows at most"),
        applicability: Applicability::Unsafe,
        edits: vec![edit],
    }
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(cost) = finding.call.and_then(|call| plan::certain_cost(ctx, run, call)) else {
        return Verdict::Unmeasured;
    };
    if cost.jobs.is_empty() && cost.executions.is_empty() {
        return Verdict::Unmeasured;
    }
    let bytes = units::bytes(cost.result_bytes);
    let limit = share_of_limit(run, cost).unwrap_or_default();
    // The log counts the rows of a query, not those of an RDD.
    let text = if cost.rows > 0 {
        format!("brought {}, {bytes} to the driver{limit}", units::counted(cost.rows, "row"))
    } else {
        format!("brought {bytes} to the driver{limit}")
    };
    let task_time_ms = cost.task_time_ms;
    if cost.result_bytes >= ctx.thresholds.collect_bytes {
        Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: Vec::new() }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// What the results were of what one action may bring, where that is worth a word: beyond it the job fails
/// (`spark.driver.maxResultSize`, 1 GiB by default, 0 for no limit).
fn share_of_limit(run: &Run, cost: &SiteCost) -> Option<String> {
    const DEFAULT: u64 = 1 << 30;
    let set = run.profile.spark_properties.get("spark.driver.maxResultSize");
    let limit = set.map_or(Some(DEFAULT), |it| spark::parse_bytes(it)).filter(|&it| it > 0)?;
    let times = cost.executions.len().max(cost.jobs.len()).max(1) as u64;
    let percent = cost.result_bytes / times * 100 / limit;
    (percent >= 5).then(|| format!(", {percent} % of spark.driver.maxResultSize"))
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::{Expression, UNBOUNDED_COLLECT as RULE, is_of_a_query, sql_is_bounded};
    use crate::testing::{check, check_fix, check_measured, refuted};

    #[test]
    fn nothing_bounds_the_rows() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
rows = orders.filter(orders.amount > 3).collect()
#                                       ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
for row in orders.groupBy("customer").count().collect():
#                                             ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
    print(row)
first = orders.collect()[0]
#              ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
lines = spark.sparkContext.textFile("log").flatMap(lambda line: line.split()).collect()
#                                                                             ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
sample = orders.limit(20000000).collect()
#                               ^^^^^^^ hint: `collect` brings up to 20 million rows to the driver
ids = spark.sql("SELECT id FROM orders WHERE amount > 3").collect()
#                                                         ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number

def amounts(orders: DataFrame):
    return [row.amount for row in orders.select("amount").collect()]
#                                                         ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    val rows = orders.filter($"amount" > 3).collect()
//                                          ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
    val list = orders.collectAsList()
//                    ^^^^^^^^^^^^^ hint: `collectAsList` brings every row to the driver, and nothing bounds their number
    val lines = spark.sparkContext.textFile("log").map(_.length).collect
//                                                               ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
  }
  def amounts(orders: DataFrame) = orders.select("amount").collect().map(_.getLong(0))
//                                                         ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
}
"#,
        );
    }

    #[test]
    fn bounded_rows_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
top = orders.orderBy(F.desc("amount")).limit(10).select("id").collect()
total = orders.agg(F.sum("amount")).collect()[0][0]
largest = orders.select("amount").groupBy().max().collect()[0][0]
stats = orders.describe("amount").collect()
tables = spark.sql("SHOW TABLES").collect()
count = spark.sql("select count(*) from orders").collect()[0][0]
some = spark.sql("""
    select * from orders
    order by amount
    limit 10
""").collect()
columns = spark.sql(f"describe table {name}").collect()
few = spark.range(10).collect()
asked = orders.limit(number).filter("amount > 3").collect()
asked = spark.sql(f"select * from orders limit {number}").collect()
for row in orders.toLocalIterator():
    print(row)
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    val top = orders.orderBy(desc("amount")).limit(10).select("id").collect()
    val total = orders.agg(sum("amount")).collect()(0).getDouble(0)
    val stats = orders.describe("amount").collect()
    val tables = spark.sql("SHOW TABLES").collect()
    val count = spark.sql(s"select max(day) from $name").collect().head
    val few = spark.range(10).collect()
    val asked = orders.limit(args.length).collect()
    val sql = spark.sql(s"""
      |select day from $name
      |limit ${args.length}""".stripMargin).collect()
    orders.take(10)
  }
}
"#,
        );
    }

    #[test]
    fn what_a_query_gives_that_is_known_elsewhere_is_not_judged() {
        assert!(is_of_a_query("run_query()"));
        assert!(is_of_a_query("executeSql()"));
        assert!(!is_of_a_query("load_orders()"));
        assert!(!is_of_a_query("queries"));
    }

    #[test]
    fn what_was_on_the_driver_may_come_back() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sizes = spark.sparkContext.parallelize(paths, 8).map(lambda path: (path, size(path))).collect()
rows = spark.createDataFrame(records, schema).orderBy("id").collect()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val sizes = spark.sparkContext.parallelize(paths, 8).map(path => (path, size(path))).collect()
  }
}
"#,
        );
    }

    #[test]
    fn functions_of_the_file_are_looked_into() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()

def newest(table):
    return spark.table(table).orderBy("day").limit(5)

rows = newest("orders").collect()
"#,
        );
    }

    #[test]
    fn tests_have_little_data() {
        check(
            &RULE,
            r#"
//- /tests/test_job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.read.parquet("orders").collect() == []
//- /src/test/scala/JobSuite.scala
import org.apache.spark.sql.SparkSession
class JobSuite {
  val spark = SparkSession.builder().getOrCreate()
  assert(spark.read.parquet("orders").collect().isEmpty)
}
"#,
        );
    }

    #[test]
    fn others_of_that_name_are_not_meant() {
        check(
            &RULE,
            r#"
//- /job.py
import gc
import polars as pl
from dask import dataframe as dd
gc.collect()
frame = pl.scan_parquet("orders").filter(pl.col("amount") > 3).collect()
def run(garbage, frame):
    garbage.collect()
    return frame.collect()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val even = List(1, 2, 3).collect { case n if n % 2 == 0 => n }
  def run(events: Iterator[Any]) = events.collect { case s: String => s }
}
"#,
        );
    }

    #[test]
    fn branches_and_loops_count() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
if sample:
    orders = spark.table("orders").limit(10)
else:
    orders = spark.table("orders").limit(1000)
orders.collect()
other = spark.table("orders").limit(10)
if everything:
    other = spark.table("orders")
other.collect()
#     ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
"#,
        );
    }

    #[test]
    fn the_fix_takes_a_part() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = (
    spark.read.parquet("orders")
    .groupBy("customer").count()  # few
    .collect()
)
//- /rdd.py
from pyspark import SparkContext
lines = SparkContext().textFile("log").collect()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val rows = spark.read
    .parquet("orders")
    .collect()
}
//- /Lines.scala
import org.apache.spark.SparkContext
object Lines {
  val lines = new SparkContext().textFile("log").collect
}
"#,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = (
    spark.read.parquet("orders")
    .groupBy("customer").count().limit(1000)  # few
    .collect()
)
//- /rdd.py
from pyspark import SparkContext
lines = SparkContext().textFile("log").take(1000)
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val rows = spark.read
    .parquet("orders").limit(1000)
    .collect()
}
//- /Lines.scala
import org.apache.spark.SparkContext
object Lines {
  val lines = new SparkContext().textFile("log").take(1000)
}
"#,
        );
    }

    #[test]
    fn a_run_confirms_by_bytes() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.table("orders").collect()
#                            ^^^^^^^ warning: `collect` brings every row to the driver, and nothing bounds their number (confirmed: brought 2.1 million rows, 310 MiB to the driver, 30 % of spark.driver.maxResultSize)
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val rows = spark.table("orders").collect()
//                                 ^^^^^^^ warning: `collect` brings every row to the driver, and nothing bounds their number (confirmed: brought 2.1 million rows, 310 MiB to the driver, 30 % of spark.driver.maxResultSize)
}
"#,
            |run| {
                run.job("collect", 0, 1, &[]);
                run.site("collect", 0, |cost| {
                    cost.rows = 2_100_000;
                    cost.result_bytes = 310 << 20;
                });
            },
        );
    }

    #[test]
    fn a_run_refutes_by_bytes() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.table("orders").groupBy("country").count().collect()
"#;
        let texts = refuted(&RULE, fixture, |run| {
            run.job("collect", 0, 1, &[]);
            run.site("collect", 0, |cost| {
                cost.rows = 12;
                cost.result_bytes = 3_000;
            });
        });
        assert_eq!(texts, ["brought 12 rows, 2.9 KiB to the driver"]);
    }

    #[test]
    fn a_run_that_did_not_reach_it_says_nothing() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.table("orders").collect()
#                            ^^^^^^^ hint: `collect` brings every row to the driver, and nothing bounds their number
"#,
            |run| run.site("collect", 0, |cost| cost.result_bytes = 310 << 20),
        );
    }

    #[test]
    fn queries_are_judged_by_their_text() {
        let bounded = |text: &str| sql_is_bounded(&Expression::Literal(program::Literal::Text(text.into())));
        assert!(bounded("insert into t select * from s"));
        assert!(bounded("SELECT max(day) FROM t WHERE id IN (SELECT id FROM s)"));
        assert!(bounded("select * from t limit 5;"));
        assert!(!bounded("select count(*), day from t group by day"));
        assert!(!bounded("select sum(amount) over (partition by day) from t"));
        assert!(!bounded("with s as (select * from t limit 5) select * from s join u"));
        assert!(!bounded("select * from (select * from t limit 5)  "));
        assert!(sql_is_bounded(&Expression::Unknown));
    }
}
