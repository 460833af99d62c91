"""Counts visits by page over eight partitions."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("tiny-tasks").getOrCreate()

visits = spark.range(200_000).withColumn("page", F.col("id") % 50)
print(visits.repartition(8).groupBy("page").count().collect())

spark.stop()
