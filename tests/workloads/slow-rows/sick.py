"""Totals the digits of numbers by counting up to each; in one of twelve partitions there are a few very large ones."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("slow-rows").getOrCreate()


def digits(number):
    # One by one: a large number takes as long as it is large.
    total = 0
    for step in range(number):
        total = (total + step) % 1_000_003
    return total


def number(row):
    return 20_000_000 if row in (1_100, 1_101, 1_102, 1_103, 1_104, 1_105) else 2_000


print(spark.sparkContext.range(1_200, numSlices=12).map(number).map(digits).max())

spark.stop()
