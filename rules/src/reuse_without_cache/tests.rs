//! What the rule says of sources, and of sources with a run.

use analysis::Applicability;
use eventlog::RddInfo;

use super::REUSE_WITHOUT_CACHE as RULE;
use crate::testing::{Measuring, check, check_fix, check_measured, check_no_fix, findings, refuted};

#[test]
fn several_actions_compute_it() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.csv("orders")
sales = (
    orders.join(spark.table("customers"), "customer_id")
    .join(spark.table("channels"), "channel")
    .withColumn("month", F.date_trunc("month", "day"))
#    ^^^^^^^^^^ hint: `sales` is computed anew by 4 actions
)
print(f"{sales.count()} sales")
revenue = sales.groupBy("country").agg(F.sum("revenue"))
revenue.write.mode("overwrite").parquet("revenue")
sales.groupBy("product").agg(F.sum("quantity")).show(24)
totals = sales.groupBy("customer_id").agg(F.sum("revenue")).collect()
orders.groupBy("customer_id").count().show()

@F.udf
def clean(name):
    return name.strip()

names = orders.select(clean("name"))
#              ^^^^^^ hint: `names` is computed anew by 2 actions
names.show()
names.write.parquet("names")
pairs = spark.sparkContext.textFile("log").map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b)
#                                                                      ^^^^^^^^^^^ hint: `pairs` is computed anew by 2 actions
pairs.count()
pairs.saveAsTextFile("pairs")
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.csv("orders")
    val sales = orders
      .join(spark.table("customers"), "customer_id")
      .withColumn("month", date_trunc("month", $"day"))
//     ^^^^^^^^^^ hint: `sales` is computed anew by 2 actions
    println(sales.count())
    sales.groupBy("country").agg(sum("revenue")).write.parquet("revenue")
    val clean = udf((name: String) => name.trim)
    val names = orders.select(clean($"name"))
//                     ^^^^^^ hint: `names` is computed anew by 2 actions
    names.show()
    names.write.parquet("names")
  }
}
"#,
    );
}

#[test]
fn loops_compute_it_again() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
#                             ^^^^ hint: `sales` is computed anew on every iteration
for country in countries:
    sales.filter(sales.country == country).write.parquet(country)
for day in days:
    fresh = spark.table("orders").join(spark.table("days"), "day")
    fresh.filter(fresh.day == day).write.parquet(day)
once = spark.table("orders").distinct()
for attempt in range(3):
    try:
        once.write.parquet("out")
        break
    except Exception:
        pass
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
//                                    ^^^^ hint: `sales` is computed anew on every iteration
    countries.foreach { country =>
      sales.filter($"country" === country).write.parquet(country)
    }
  }
}
"#,
    );
}

#[test]
fn kept_datasets_are_right() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark import StorageLevel
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
chained = orders.distinct().cache()
chained.count()
chained.show()
stated = orders.distinct()
stated.persist(StorageLevel.DISK_ONLY)
stated.count()
stated.filter("x > 1").show()
again = orders.distinct()
again = again.cache()
again.count()
again.show()
base = orders.distinct()
kept = base.filter("x > 1").localCheckpoint()
kept.count()
kept.show()
orders.distinct().write.parquet("distinct")
read = spark.read.parquet("distinct")
read.count()
read.show()

def keep(df):
    df.cache()
    return df

helped = orders.distinct()
keep(helped)
helped.count()
helped.show()
returned = keep(orders.distinct())
returned.count()
returned.show()
view = orders.distinct()
view.createOrReplaceTempView("view")
spark.catalog.cacheTable("view")
view.count()
view.show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    val chained = orders.distinct().cache()
    chained.count()
    chained.show()
    val stated = orders.distinct()
    stated.persist()
    stated.count()
    stated.filter("x > 1").show()
  }
}
"#,
    );
}

#[test]
fn paths_that_exclude_one_another_are_right() {
    check(
        &RULE,
        r#"
//- /job.py
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
if mode == "show":
    sales.show()
elif mode == "count":
    print(sales.count())
else:
    sales.write.parquet("sales")

def run(dry):
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    if dry:
        sales.show()
        return
    sales.write.parquet("sales")

def guarded():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    try:
        sales.write.parquet("sales")
    except Exception:
        sales.show()

def checked():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    if strict:
        print(sales.count())
        sys.exit(1)
    sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    args(0) match {
      case "show" => sales.show()
      case "count" => println(sales.count())
      case _ => sales.write.parquet("sales")
    }
  }
}
"#,
    );
}

#[test]
fn cheap_or_single_uses_are_right() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
plain = spark.read.parquet("orders").filter("amount > 3").select("id", "amount")
plain.count()
plain.show()
once = spark.table("orders").distinct()
print(once.columns, once.schema)
once.printSchema()
once.write.parquet("once")
small = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "name"]).distinct()
small.count()
small.show()
narrowed = spark.table("orders").coalesce(4)
narrowed.count()
narrowed.show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val plain = spark.read.parquet("orders").filter("amount > 3").select("id", "amount")
    plain.count()
    plain.show()
    val once = spark.table("orders").distinct()
    println(once.columns.mkString)
    once.write.parquet("once")
  }
}
"#,
    );
}

#[test]
fn what_others_do_with_it_is_not_guessed() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import DataFrame, SparkSession
spark = SparkSession.builder.getOrCreate()

def build():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    sales.show()
    return sales

def audited():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    print(sales.count())
    sales.show()
    return sales, True

def report(sales: DataFrame):
    print(sales.count())
    sales.show()

class Job:
    def load(self):
        self.sales = spark.table("orders").join(spark.table("customers"), "customer_id")

    def run(self):
        self.sales.cache()
        print(self.sales.count())
        self.sales.show()

    def other(self):
        self.lines = spark.table("lines").distinct()
        self.lines.show()
//- /tests/test_job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").distinct()
assert sales.count() == 3
assert sales.collect() == []
//- /frames.py
import pandas as pd
import polars as pl
sales = pd.read_csv("orders").merge(pd.read_csv("customers"))
print(sales.count())
sales.to_csv("sales")
lazy = pl.scan_csv("orders").join(pl.scan_csv("customers"), on="id")
lazy.collect()
lazy.collect()
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  val spark = SparkSession.builder().getOrCreate()
  def build(): DataFrame = {
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    sales.show()
    sales
  }
  def report(sales: DataFrame): Unit = {
    println(sales.count())
    sales.show()
  }
}
"#,
    );
}

#[test]
fn streams_are_not_meant() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
counts = spark.readStream.table("orders").groupBy("day").count()
counts.writeStream.format("console").start()
counts.writeStream.format("delta").start("out")
"#,
    );
}

#[test]
fn a_part_that_is_dear_by_itself_is_found_behind_another() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
#                             ^^^^ hint: `sales` is computed anew by 3 actions
sales.count()
cheap = sales.filter("x > 1")
cheap.show()
by_day = cheap.groupBy("day").count()
by_day.show()
dear = spark.table("events").distinct()
#                            ^^^^^^^^ hint: `dear` is computed anew by 3 actions
dear.show()
counted = dear.groupBy("day").count()
#                             ^^^^^ hint: `counted` is computed anew by 2 actions
counted.show()
counted.write.parquet("counted")
"#,
    );
}

#[test]
fn a_grouping_is_a_step_to_its_aggregation() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
by_day = sales.groupBy("day").agg(F.sum("amount"))
#                             ^^^ hint: `by_day` is computed anew by 2 actions
by_day.show()
by_day.write.parquet("by_day")
"#,
    );
}

#[test]
fn branches_that_merge_are_one_dataset() {
    check_no_fix(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
if country:
    sales = sales.filter(sales.country == country)
print(sales.count())
sales.write.parquet("sales")
//- /Infix.scala
import org.apache.spark.sql.SparkSession
object Infix {
  val spark = SparkSession.builder().getOrCreate()
  val orders = spark.table("orders")
  val sales = orders union orders.distinct()
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
    );
}

#[test]
fn the_fix_keeps_it() {
    check_fix(
        &RULE,
        0,
        Applicability::Unsafe,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = (
    spark.table("orders")
    .join(spark.table("customers"), "customer_id")  # all
)
print(sales.count())
sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val sales = spark.table("orders")
    .distinct
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = (
    spark.table("orders")
    .join(spark.table("customers"), "customer_id").cache()  # all
)
print(sales.count())
sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val sales = spark.table("orders")
    .distinct.cache()
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
    );
}

/// Three executions that shuffle the same two inputs of one join, with other columns and ids.
fn computed_three_times(run: &mut Measuring, task_time_ms: u64) {
    for (nth, method) in ["count", "parquet", "show"].into_iter().enumerate() {
        let at = 10 * (nth as u64 + 1);
        let id = nth + 40;
        run.stage(at, task_time_ms);
        run.stage(at + 1, task_time_ms / 10);
        // What comes after the join is no part of it.
        run.stage(at + 2, 90_000);
        run.execution(
            method,
            0,
            at,
            &[at, at + 1, at + 2],
            &format!(
                "
                HashAggregate(keys=[x{nth}#1], functions=[])
                  Exchange hashpartitioning(x{nth}#1, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=1@{last}
                    SortMergeJoin [k#{id}], [k#{id}], Inner | number of output rows=9@{last}
                      Exchange hashpartitioning(k#{id}, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=9@{at}, records read=9@{last}
                        Project [k#{id}, c{nth}#3]
                          Scan parquet: FileScan parquet [k#{id}] Location: InMemoryFileIndex(1 paths)[file:/orders], PushedFilters: [] | number of output rows=9@{at}
                      Exchange hashpartitioning(k#{id}, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=9@{second}
                        Scan parquet: FileScan parquet [k#{id}] Location: InMemoryFileIndex(1 paths)[file:/customers], PushedFilters: [] | number of output rows=9@{second}
                ",
                second = at + 1,
                last = at + 2,
            ),
        );
    }
}

#[test]
fn a_run_confirms_and_bounds_the_saving() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
#                             ^^^^ warning: `sales` is computed anew by 3 actions (confirmed: computed 3 times, by executions 10, 20 and 30: 33 s of task time in all)
sales.count()
sales.groupBy("x1").count().write.parquet("x1")
sales.groupBy("x2").count().show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val sales = spark.table("orders").join(spark.table("customers"), "k")
//                                    ^^^^ warning: `sales` is computed anew by 3 actions (confirmed: computed 3 times, by executions 10, 20 and 30: 33 s of task time in all)
    sales.count()
    sales.groupBy("x1").max().write.parquet("x1")
    sales.groupBy("x2").max().show()
  }
}
"#;
    check_measured(&RULE, fixture, |run| computed_three_times(run, 10_000));
    let found = findings(&RULE, fixture, |run| computed_three_times(run, 10_000));
    let measured = found[0].evidence.measured().unwrap();
    assert_eq!((measured.task_time_ms, measured.saving_ms), (33_000, Some(22_000)));
}

#[test]
fn a_run_refutes_by_the_time_of_repetition() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
sales.count()
sales.groupBy("x1").count().write.parquet("x1")
sales.groupBy("x2").count().show()
"#;
    let texts = refuted(&RULE, fixture, |run| computed_three_times(run, 100));
    assert_eq!(texts, ["computed 3 times, by executions 10, 20 and 30: 330 ms of task time in all"]);
}

#[test]
fn one_computation_in_the_run_says_nothing() {
    check_measured(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
#                             ^^^^ hint: `sales` is computed anew by 2 actions
sales.count()
sales.show()
"#,
        |run| {
            run.stage(1, 9_000);
            let plan = "Scan parquet: FileScan parquet [k#1] | number of output rows=3@1";
            run.execution("count", 0, 1, &[1], plan);
        },
    );
}

#[test]
fn jobs_that_compute_the_same_rdd_count() {
    check_measured(
        &RULE,
        r#"
//- /job.py
from pyspark import SparkContext
counts = SparkContext().textFile("log").map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b)
#                                                                   ^^^^^^^^^^^ warning: `counts` is computed anew by 2 actions (confirmed: computed 2 times, by jobs 1 and 2: 12 s of task time in all)
counts.count()
counts.collect()
"#,
        |run| {
            for (stage, time, rdd) in [(1, 90_000, 3), (2, 7_000, 5), (3, 5_000, 5)] {
                run.stage(stage, time).rdds.push(RddInfo { id: rdd, ..RddInfo::default() });
            }
            run.job("count", 0, 1, &[1, 2]);
            // The shuffle's files are there: its stage is skipped.
            run.job("collect", 0, 2, &[1_000, 3]);
        },
    );
}
