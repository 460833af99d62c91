"""Scores readings in eight partitions on two cores, all of them busy to the end."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("odd-wave").getOrCreate()


def score(reading):
    total = reading
    for step in range(250):
        total = (total * 31 + step) % 1_000_003
    return total


print(spark.sparkContext.range(900_000, numSlices=8).map(score).sum())

spark.stop()
