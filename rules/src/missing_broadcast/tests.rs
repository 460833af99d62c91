//! What the rule says of sources, and of sources with a run.

use analysis::Applicability;

use super::MISSING_BROADCAST as RULE;
use crate::testing::{Measuring, check, check_fix, check_measured, findings, refuted};

#[test]
fn written_out_rows_have_no_size() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
orders.join(channels, "channel").show()
#      ^^^^ hint: `join` shuffles both sides although `channels` has at most 2 rows
orders.join(channels.filter("fee > 1"), orders.channel == channels.channel, "left").show()
#      ^^^^ hint: `join` shuffles both sides although its right side has at most 2 rows
channels.join(orders, ["channel"], how="right").show()
#        ^^^^ hint: `join` shuffles both sides although `channels` has at most 2 rows
days = spark.sparkContext.parallelize(range(31)).map(lambda day: (day,)).toDF(["day"])
orders.join(days, "day", "left_semi").show()
#      ^^^^ hint: `join` shuffles both sides although `days` has at most 31 rows
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    val channels = spark.sparkContext.parallelize(Seq(("web", 1), ("app", 2))).toDF("channel", "fee")
    orders.join(channels, "channel").show()
//         ^^^^ hint: `join` shuffles both sides although `channels` has at most 2 rows
    orders.join(channels.filter($"fee" > 1), Seq("channel"), "left_outer").show()
//         ^^^^ hint: `join` shuffles both sides although its right side has at most 2 rows
  }
}
"#,
    );
}

#[test]
fn spark_knows_these_sizes() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
orders.join(spark.read.csv("channels.csv"), "channel").show()
orders.join(spark.table("customers").limit(10), "customer").show()
orders.join(orders.agg(F.max("day").alias("day")), "day").show()
orders.join(spark.range(10), "id").show()
orders.join(spark.table("customers"), "customer").show()
orders.join(spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"]).cache(), "channel").show()
ages = spark.createDataFrame([("ann", 31), ("bob", 45)], ["name", "age"])
heights = spark.createDataFrame([("ann", 172), ("bob", 181)], ["name", "height"])
ages.join(heights, "name").show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    orders.join(Seq(("web", 1), ("app", 2)).toDF("channel", "fee"), "channel").show()
    orders.join(spark.createDataFrame(Seq(("web", 1), ("app", 2))), "_1").show()
    orders.join(spark.table("customers").limit(10), "customer").show()
  }
}
"#,
    );
}

#[test]
fn hints_and_join_types_are_respected() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
from pyspark.sql.functions import broadcast
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
orders.join(broadcast(channels), "channel").show()
orders.join(F.broadcast(channels).select("channel"), "channel").show()
orders.join(channels.hint("broadcast"), "channel").show()
orders.join(channels.hint("merge"), "channel").show()
orders.join(channels, "channel", "full").show()
orders.join(channels, "channel", "right").show()
channels.join(orders, "channel", "left").show()
channels.join(orders, "channel", "left_anti").show()
orders.join(channels, "channel", how).show()
orders.join(channels).show()
orders.crossJoin(channels).show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    val days = spark.sparkContext.parallelize(1 to 31).toDF("day")
    orders.join(broadcast(days), "day").show()
    orders.join(days.hint("broadcast"), Seq("day"), "inner").show()
    orders.join(days, Seq("day"), "full_outer").show()
    orders.join(days, Seq("day"), "right").show()
  }
}
"#,
    );
}

#[test]
fn other_joins_are_not_meant() {
    check(
        &RULE,
        r#"
//- /job.py
import os
import pandas as pd
from threading import Thread
from pyspark.sql import SparkSession
sc = SparkSession.builder.getOrCreate().sparkContext
pairs = sc.textFile("log").map(lambda line: (line[:4], line))
pairs.join(sc.parallelize([("a", 1), ("b", 2)])).collect()
", ".join(["a", "b"])
os.path.join("a", "b")
Thread(target=print).join()
pd.DataFrame([1]).join(pd.DataFrame([2]), on="a")
def run(left, right):
    return left.join(right, "id")
//- /tests/test_join.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
orders.join(spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"]), "channel").show()
"#,
    );
}

#[test]
fn switched_off_broadcasts_concern_all_small_sides() {
    check(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.autoBroadcastJoinThreshold", -1)
orders = spark.read.parquet("orders")
orders.join(spark.table("customers").limit(10), "customer").show()
#      ^^^^ hint: `join` shuffles both sides although its right side has at most 10 rows and broadcasts are switched off
orders.join(spark.table("customers"), "customer").show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().config("spark.sql.autoBroadcastJoinThreshold", "-1").getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    val channels = Seq(("web", 1), ("app", 2)).toDF("channel", "fee")
    orders.join(channels, "channel").show()
//         ^^^^ hint: `join` shuffles both sides although `channels` has at most 2 rows and broadcasts are switched off
  }
}
"#,
    );
}

#[test]
fn the_fix_broadcasts_the_small_side() {
    check_fix(
        &RULE,
        0,
        Applicability::Unsafe,
        r#"
//- /plain.py
"""A job."""
from pyspark.sql import (
    SparkSession,
)
spark = SparkSession.builder.getOrCreate()
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
fees = (
    spark.table("orders")
    .join(channels, "channel")
)
//- /alias.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
fees = channels.join(spark.table("orders"), on="channel")
//- /Plain.scala
package jobs
import org.apache.spark.sql.SparkSession
object Plain {
  val spark = SparkSession.builder().getOrCreate()
  import spark.implicits._
  val fees = spark.table("orders")
    .join(spark.sparkContext.parallelize(Seq(("web", 1), ("app", 2))).toDF("channel", "fee"), "channel")
}
//- /Star.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Star {
  val spark = SparkSession.builder().getOrCreate()
  import spark.implicits._
  val days = spark.sparkContext.parallelize(1 to 31).toDF("day")
  val fees = spark.table("orders").join(days, Seq("day"), "left")
}
"#,
        r#"
//- /plain.py
"""A job."""
from pyspark.sql.functions import broadcast
from pyspark.sql import (
    SparkSession,
)
spark = SparkSession.builder.getOrCreate()
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
fees = (
    spark.table("orders")
    .join(broadcast(channels), "channel")
)
//- /alias.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
fees = F.broadcast(channels).join(spark.table("orders"), on="channel")
//- /Plain.scala
package jobs
import org.apache.spark.sql.functions.broadcast
import org.apache.spark.sql.SparkSession
object Plain {
  val spark = SparkSession.builder().getOrCreate()
  import spark.implicits._
  val fees = spark.table("orders")
    .join(broadcast(spark.sparkContext.parallelize(Seq(("web", 1), ("app", 2))).toDF("channel", "fee")), "channel")
}
//- /Star.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Star {
  val spark = SparkSession.builder().getOrCreate()
  import spark.implicits._
  val days = spark.sparkContext.parallelize(1 to 31).toDF("day")
  val fees = spark.table("orders").join(broadcast(days), Seq("day"), "left")
}
"#,
    );
}

/// A query of two joins: the inner one broadcasts, the outer one shuffles both sides.
fn shuffled(run: &mut Measuring) {
    run.stage(1, 20_000);
    run.stage(2, 1_000);
    run.stage(3, 10_000);
    run.execution(
        "count",
        0,
        1,
        &[1, 2, 3],
        "
        HashAggregate(keys=[], functions=[count(1)])
          SortMergeJoin [channel#4], [channel#22], Inner | number of output rows=800000@3
            Sort [channel#4 ASC NULLS FIRST], false, 0
              AQEShuffleRead coalesced
                Exchange hashpartitioning(channel#4, 16), ENSURE_REQUIREMENTS | data size=500000000@1, shuffle bytes written=123731968@1, records read=800000@3
                  BroadcastHashJoin [customer_id#2L], [customer_id#14L], Inner, BuildRight, false
                    Scan parquet: FileScan parquet [customer_id#2L]
                    BroadcastExchange HashedRelationBroadcastMode(List(input[0, bigint, false]),false) | data size=9000
                      Scan parquet: FileScan parquet [customer_id#14L]
            Sort [channel#22 ASC NULLS FIRST], false, 0
              Exchange hashpartitioning(channel#22, 16), ENSURE_REQUIREMENTS | data size=152@2, shuffle bytes written=277@2, shuffle records written=3@2
                Scan ExistingRDD: Scan ExistingRDD[channel#22]
        ",
    );
}

#[test]
fn a_run_confirms_and_prices_a_join() {
    check_measured(
        &RULE,
        r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders").join(spark.read.parquet("customers"), "customer_id")
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
orders.join(channels, "channel").count()
#      ^^^^ warning: `join` shuffles both sides although `channels` has at most 2 rows (confirmed: the right side has 3 rows (152 B), yet both sides were shuffled: 118 MiB, 31 s of task time)
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.read.parquet("orders").join(spark.read.parquet("customers"), "customer_id")
    val channels = spark.read.jdbc(url, "channels", properties)
    orders.join(channels, orders("channel") === channels("channel")).count()
//         ^^^^ warning: `join` shuffles although `channels` is small enough to broadcast (confirmed: the right side has 3 rows (152 B), yet both sides were shuffled: 118 MiB, 31 s of task time)
  }
}
"#,
        shuffled,
    );
}

#[test]
fn without_a_run_other_joins_are_silent() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("orders").join(spark.table("channels"), "channel").count()
"#;
    assert_eq!(findings(&RULE, fixture, |_| ()), []);
}

#[test]
fn a_large_side_refutes() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.autoBroadcastJoinThreshold", -1)
spark.table("orders").join(spark.table("wide").limit(9000), "id").count()
"#;
    let texts = refuted(&RULE, fixture, |run| {
        run.stage(1, 20_000);
        run.execution(
            "count",
            0,
            1,
            &[1],
            "
            SortMergeJoin [id#4], [id#22], Inner | number of output rows=1@1
              Exchange hashpartitioning(id#4, 16), ENSURE_REQUIREMENTS | data size=500000000@1, shuffle bytes written=123731968@1
              Exchange hashpartitioning(id#22, 16), ENSURE_REQUIREMENTS | data size=41943040@1, shuffle bytes written=277@1, shuffle records written=9000@1
            ",
        );
    });
    assert_eq!(texts, ["the right side has 9,000 rows (40 MiB)"]);
}

#[test]
fn a_planned_broadcast_refutes_and_a_late_one_does_not() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
channels = spark.createDataFrame([("web", 1), ("app", 2)], ["channel", "fee"])
spark.table("orders").join(channels, "channel").count()
"#;
    let texts = refuted(&RULE, fixture, |run| {
        run.stage(1, 20_000);
        run.execution(
            "count",
            0,
            1,
            &[1],
            "
            BroadcastHashJoin [channel#4], [channel#22], Inner, BuildRight, false | number of output rows=1@1
              Scan parquet: FileScan parquet [channel#4]
              BroadcastExchange HashedRelationBroadcastMode(List(input[0, string, false]),false) | data size=152
                Scan ExistingRDD: Scan ExistingRDD[channel#22]
            ",
        );
    });
    assert_eq!(texts, ["already a broadcast join"]);
    let late = findings(&RULE, fixture, |run| {
        run.stage(1, 20_000);
        run.stage(2, 5_000);
        run.execution(
            "count",
            0,
            1,
            &[1, 2],
            "
            BroadcastHashJoin [channel#4], [channel#22], Inner, BuildRight, false | number of output rows=1@2
              AQEShuffleRead local
                ShuffleQueryStage 0
                  Exchange hashpartitioning(channel#4, 16), ENSURE_REQUIREMENTS | data size=500000000@1, shuffle bytes written=123731968@1
                    Scan parquet: FileScan parquet [channel#4]
              BroadcastQueryStage 2
                BroadcastExchange HashedRelationBroadcastMode(List(input[0, string, false]),false) | data size=152, number of output rows=2
                  AQEShuffleRead local
                    ShuffleQueryStage 1
                      Exchange hashpartitioning(channel#22, 16), ENSURE_REQUIREMENTS | data size=152@1, shuffle bytes written=277@1
            ",
        );
    });
    let text = &late[0].evidence.measured().unwrap().text;
    assert_eq!(
        text,
        "the right side has 2 rows (152 B), yet the left side was shuffled: 118 MiB, 25 s of task time"
    );
}

#[test]
fn joins_that_cannot_be_told_apart_stay_unmeasured() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
first = spark.table("a").join(spark.table("b"), "channel")
first.join(spark.table("c"), "channel").count()
"#;
    let plan = "
        SortMergeJoin [channel#4], [channel#22], Inner | number of output rows=1@1
          Exchange hashpartitioning(channel#4, 16), ENSURE_REQUIREMENTS | data size=500000000@1, shuffle bytes written=123731968@1
          Exchange hashpartitioning(channel#22, 16), ENSURE_REQUIREMENTS | data size=152@1, shuffle bytes written=277@1
        ";
    let found = findings(&RULE, fixture, |run| {
        run.stage(1, 20_000);
        run.execution("count", 0, 1, &[1], plan);
    });
    assert_eq!(found, []);
}

#[test]
fn a_side_above_an_aggregate_is_scaled_by_its_rows() {
    let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
key_accounts = orders.groupBy("customer_id").agg(F.count("id").alias("placed")).filter("placed > 20000")
orders.join(key_accounts, "customer_id").write.parquet("out")
"#;
    let found = findings(&RULE, fixture, |run| {
        run.stage(1, 20_000);
        run.stage(2, 1_000);
        run.execution(
            "parquet",
            1,
            1,
            &[1, 2],
            "
            SortMergeJoin [customer_id#2L], [customer_id#272L], Inner | number of output rows=100@2
              Exchange hashpartitioning(customer_id#2L, 16), ENSURE_REQUIREMENTS | data size=64000000@1, shuffle bytes written=29360128@1
              Filter (placed#267L > 20000) | number of output rows=3@2
                HashAggregate(keys=[customer_id#272L], functions=[count(id#270L)]) | number of output rows=193662@2
                  Exchange hashpartitioning(customer_id#272L, 16), ENSURE_REQUIREMENTS | data size=11173536@1, shuffle records written=465564@1
            ",
        );
    });
    let [finding] = found.as_slice() else { panic!("one finding: {found:?}") };
    let text = &finding.evidence.measured().unwrap().text;
    assert_eq!(
        text,
        "the right side has 3 rows (72 B), yet the left side was shuffled: 28 MiB, 21 s of task time"
    );
}
