"""Leaves an event log of shapes that are easily miscounted. Usage: shapes.py FOLDER_OF_LOGS"""

import sys

from pyspark import TaskContext
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = (
    SparkSession.builder.master("local[4,3]")
    .appName("shapes")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.dir", "file:" + sys.argv[1])
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "8")
    .getOrCreate()
)
context = spark.sparkContext

# Many tasks in one stage, with different sizes.
spark.range(0, 500_000, 1, 5_000).filter("id % 5000 < id / 300").groupBy((F.col("id") % 97).alias("key")).count().collect()


def fail_once(n):
    if n % 7 == 0 and TaskContext.get().attemptNumber() == 0:
        raise ValueError(f"first attempt at {n}")
    return n


# Tasks that fail and succeed when tried again.
context.parallelize(range(28), 14).map(fail_once).count()


def fail(n):
    raise RuntimeError("this stage fails")


# A job that fails, with tasks that are killed.
try:
    context.parallelize(range(40), 20).map(fail).count()
except Exception as error:
    print("failed as it should:", type(error).__name__)

# A shuffle that later jobs reuse: their stages before it are skipped.
pairs = context.parallelize(range(1_000), 6).map(lambda n: (n % 10, n)).groupByKey()
pairs.count()
pairs.mapValues(len).collect()

# A cached scan, an adaptive plan that changes, a reused exchange, a broadcast.
orders = spark.range(200_000).select(
    (F.col("id") % 1_000).alias("customer"), (F.col("id") * 3).alias("amount"), F.rand(7).alias("weight")
)
orders.cache().count()
totals = orders.groupBy("customer").agg(F.sum("amount").alias("total"))
totals.join(orders, "customer").filter("total > 10").count()
totals.alias("a").join(totals.alias("b"), "customer").count()
orders.join(F.broadcast(spark.range(100).withColumnRenamed("id", "customer")), "customer").orderBy("amount").collect()
orders.unpersist()

# Nothing to do: empty frames, stages without rows, jobs without stages.
spark.range(0).groupBy("id").count().collect()
context.emptyRDD().count()
spark.range(10).limit(0).collect()

# A query of no job, and one that fails while it runs.
spark.sql("SELECT 1 AS one").collect()
try:
    spark.range(10).select(F.expr("assert_true(id < 5)")).collect()
except Exception as error:
    print("failed as it should:", type(error).__name__)

spark.stop()
