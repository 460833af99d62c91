"""Counts visits by page over 400 partitions of a few rows each."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("tiny-tasks").getOrCreate()

visits = spark.range(200_000).withColumn("page", F.col("id") % 50)
print(visits.repartition(400).groupBy("page").count().collect())

spark.stop()
