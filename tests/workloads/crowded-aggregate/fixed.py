"""Counts visits of two million visitors in 32 partitions, each of whose tasks holds its keys."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("crowded-aggregate").getOrCreate()

visits = spark.range(3_000_000).select(F.sha2((F.col("id") % 2_000_000).cast("string"), 256).alias("visitor"))
print(visits.repartition(32, "visitor").groupBy("visitor").count().agg(F.max("count"), F.max("visitor")).collect())

spark.stop()
