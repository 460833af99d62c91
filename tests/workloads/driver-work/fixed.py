"""Scores the readings of each of four days in the executors."""

from operator import add

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("driver-work").getOrCreate()


def score(reading):
    total = reading
    for step in range(200):
        total = (total * 31 + step) % 1_000_003
    return total


readings = spark.range(600_000).withColumn("day", F.col("id") % 4)
totals = readings.rdd.map(lambda row: (row.day, score(row.id))).reduceByKey(add)
print(sorted(totals.collect()))

spark.stop()
