"""Totals the same numbers by a formula, which takes as long for a large one."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("slow-rows").getOrCreate()


def digits(number):
    return number * (number - 1) // 2 % 1_000_003


def number(row):
    return 20_000_000 if row in (1_100, 1_101, 1_102, 1_103, 1_104, 1_105) else 2_000


print(spark.sparkContext.range(1_200, numSlices=12).map(number).map(digits).max())

spark.stop()
