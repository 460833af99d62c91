"""Makes an event log by running real Spark: many small tasks, each with the accumulables of a sort-merge join and two aggregations.

usage: generate.py FOLDER ROUNDS PARTITIONS
"""
import pathlib
import sys

from pyspark.sql import SparkSession, functions

folder, rounds, partitions = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
builder = (
    SparkSession.builder.master("local[4]")
    .appName("event log benchmark")
    .config("spark.driver.memory", "3g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.sql.shuffle.partitions", partitions)
    # Coalescing would leave few tasks.
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.rolling.enabled", "false")
    .config("spark.eventLog.dir", folder.resolve().as_uri())
    .config("spark.eventLog.compress", "false")
)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
items = spark.range(0, 100_000, 1, 16).select(
    "id", (functions.col("id") % 4_000).alias("key"), functions.rand(7).alias("value")
)
for _ in range(rounds):
    sums = items.groupBy("key").agg(functions.sum("value").alias("total"), functions.count("*").alias("items"))
    joined = sums.join(items.hint("merge"), "key")
    result = joined.groupBy((functions.col("key") % 97).alias("group")).agg(functions.avg("total"), functions.max("items"))
    result.write.format("noop").mode("overwrite").save()
spark.stop()
