"""Asks a service for the score of each of eight days in the executors, all at once."""

import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("idle-executors").getOrCreate()


def score(day):
    # The service needs nine seconds for a day.
    time.sleep(9)
    return sum(day) % 1_003


days = spark.sparkContext.range(8, numSlices=8)
print(days.map(lambda number: (number, score(n * 8 + number for n in range(4_000)))).collect())

spark.stop()
