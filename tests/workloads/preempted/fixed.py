"""Scores readings and groups them on executors that stay."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("preempted").getOrCreate()
context = spark.sparkContext


def score(reading):
    total = reading
    for step in range(200):
        total = (total * 31 + step) % 1_000_003
    return reading % 50, total


def reduce(index, groups):
    for sensor, scores in groups:
        yield sensor, max(scores)


groups = context.range(400_000, numSlices=8).map(score).groupByKey(6)
print(len(groups.mapPartitionsWithIndex(reduce).collect()))

spark.stop()
