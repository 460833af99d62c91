"""Brings the readings of each of four days home and scores them in the driver, one after the other."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("driver-work").getOrCreate()


def score(reading):
    total = reading
    for step in range(200):
        total = (total * 31 + step) % 1_000_003
    return total


readings = spark.range(600_000).withColumn("day", F.col("id") % 4)
for day in range(4):
    of_day = readings.filter(F.col("day") == day).collect()
    print(day, sum(score(row.id) for row in of_day))

spark.stop()
