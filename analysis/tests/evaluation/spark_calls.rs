//! Spark's own calls: sites, and what they say.

use super::{automaton, lineage, text};

#[test]
fn features_are_what_a_call_says() {
    let source = r#"
from pyspark.sql import functions as F
orders = spark.read.option("header", True).csv("/orders")
people = spark.table("db.people").alias("p")
joined = orders.join(people, on=["customer"], how="left")
result = (
    joined.withColumn("gross", F.col("net") * 1.19)
    .groupBy("country")
    .agg(F.sum("gross").alias("total"), F.countDistinct("customer"))
    .filter((F.col("total") > 100) & F.col("country").isin("DE", "FR"))
    .orderBy(F.desc("total"))
    .limit(10)
)
result.write.mode("append").partitionBy("country").format("delta").save("/out")
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 2
      0 -> 1 read csv of #0 (path "/orders"; format "csv"), any number of times at 3
      1 -> 2 write save of #9 (columns country; keys country; path "/out"; format "delta"; mode "append") at 14
    "#);
    insta::assert_snapshot!(lineage(source), @r#"
    lineage
      #0 read csv (path "/orders"; format "csv") at 3
      #1 read table (table "db.people") at 4
      #2 alias (alias "p") of #1 at 4
      #3 join (columns customer; keys customer; how "left") of #0, #2 at 5
      #4 project withColumn (columns net; as gross; literals 1.19) of #3 at 7
      #5 grouping groupBy (columns country; keys country) of #4 at 8
      #6 aggregate agg (columns gross, customer; keys country; as total; functions sum, countDistinct) of #5 at 9
      #7 filter (columns total, country; literals 100, DE, FR) of #6 at 10
      #8 sort orderBy (columns total; keys total; functions desc) of #7 at 11
      #9 limit (limit "10") of #8 at 12
    "#);
}

#[test]
fn sql_reads_views_and_may_write() {
    let source = r#"
spark.read.json("/in").createOrReplaceTempView("v")
day = input()
df = spark.sql(f"SELECT a, sum(b) AS s FROM v JOIN db.t USING (id) WHERE day = '{day}' GROUP BY a")
df.show(5)
spark.sql("INSERT INTO out SELECT * FROM v")
spark.sql("CREATE TABLE made AS SELECT 1")
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 5
      0 -> 1 read json of #0 (path "/in"; format "json"), any number of times at 2
      1 -> 2 view createOrReplaceTempView of #0 (table "v"), at most once at 2
      2 -> 3 action show of #1 (limit "5") at 5
      3 -> 4 sql-write sql of #2 (table "out"; table "v"; text "INSERT INTO out SELECT * FROM v"; written "out") at 6
      4 -> 5 sql-write sql of #3 (literals 1; table "made"; text "CREATE TABLE made AS SELECT 1"; written "made") at 7
    lineage
      #0 read json (path "/in"; format "json") at 2
      #1 sql (columns a, b, id, day; keys id, a; as s; functions sum; table "v"; table "db.t"; clauses "join widening-join where group"; text "SELECT a, sum(b) AS s FROM v JOIN db.t USING (id) WHERE day = '*' GROUP BY a"; literals open) of #0 at 4
      #2 sql (table "out"; table "v"; text "INSERT INTO out SELECT * FROM v"; written "out") of #0 at 6
      #3 sql (literals 1; table "made"; text "CREATE TABLE made AS SELECT 1"; written "made") at 7
    "#);
}

#[test]
fn calls_that_leave_a_trace_are_sites() {
    let source = r#"
df = spark.table("t")
df.groupBy("a").pivot("b").sum("c").collect()
df.rdd.map(lambda row: row[0]).sortBy(lambda it: it).take(3)
df.localCheckpoint().foreachPartition(print)
df.toPandas()
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 8
      0 -> 1 pivot pivot of #1 (columns b; keys b) at 3
      1 -> 2 action collect of #3 at 3
      2 -> 3 rdd-jobs rdd of #4, any number of times at 4
      3 -> 4 rdd-jobs sortBy of #6, any number of times at 4
      4 -> 5 action take of #6 (limit "3"), at least once at 4
      5 -> 6 action localCheckpoint of #0, at least once at 5
      6 -> 7 action foreachPartition of #7, at least once at 5
      7 -> 8 action toPandas of #0 at 6
    "#);
}

#[test]
fn a_stream_runs_the_function_of_its_batches_again_and_again() {
    let source = r#"
def merge(batch, number):
    batch.dropDuplicates(["id"]).write.mode("append").saveAsTable("out")
query = (
    spark.readStream.format("kafka").load()
    .writeStream.foreachBatch(merge).option("checkpointLocation", "/c").start()
)
query.awaitTermination()
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 2
      0 -> 2 stream start of #0, any number of times at 6, batches from 1
      2 -> 1
      1 -> 3
      3 -> 4 write saveAsTable of #2 (table "out"; mode "append") at 3 via 6
      4 -> 1
      4 -> 3
    lineage
      #0 read load (format "kafka") at 5
      #1 batch foreachBatch of #0 at 6
      #2 distinct dropDuplicates (columns id; keys id) of #1 at 3 via 6
    "#);
}

#[test]
fn training_leaves_any_number_of_executions() {
    let source = r#"
from pyspark.ml.classification import LogisticRegression
train, test = spark.table("t").randomSplit([0.8, 0.2])
model = LogisticRegression(maxIter=3).fit(train)
model.transform(test).count()
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 3
      0 -> 1 training fit of #1, any number of times at 4
      1 -> 2 training transform of #2, any number of times at 5
      2 -> 3 action count of #3 at 5
    lineage
      #0 read table (table "t") at 3
      #1 sample randomSplit of #0 at 3
      #2 sample randomSplit of #0 at 3
      #3 opaque (names and literals open) of #2 at 5
    "#);
}

#[test]
fn what_goes_through_unknown_code_is_opaque_and_told() {
    let source = r#"
import elsewhere
df = elsewhere.enrich(spark.table("t"))
df.count()
"#;
    insta::assert_snapshot!(text(&[("job.py", source)]), @r#"
    program job.py: 0 to 1
      0 -> 1 action count of #1, guessed at 4
    lineage
      #0 read table (table "t") at 3
      #1 opaque (names and literals open) of #0 at 4
    unresolved
      unknown callee elsewhere.enrich at 3
    "#);
}
