"""Scores readings in three partitions on two cores: in the second round one core has nothing to do."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("odd-wave").getOrCreate()


def score(reading):
    total = reading
    for step in range(250):
        total = (total * 31 + step) % 1_000_003
    return total


print(spark.sparkContext.range(900_000, numSlices=3).map(score).sum())

spark.stop()
