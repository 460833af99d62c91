"""Counts visits of two million visitors in two partitions, whose tasks can't hold that many keys."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("crowded-aggregate").getOrCreate()

visits = spark.range(3_000_000).select(F.sha2((F.col("id") % 2_000_000).cast("string"), 256).alias("visitor"))
print(visits.repartition(2, "visitor").groupBy("visitor").count().agg(F.max("count"), F.max("visitor")).collect())

spark.stop()
