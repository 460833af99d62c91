"""Asks a service for the score of each of eight days in the driver, one after the other, while eight cores wait."""

import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("idle-executors").getOrCreate()


def score(day):
    # The service needs nine seconds for a day.
    time.sleep(9)
    return sum(day) % 1_003


for number in range(8):
    day = spark.sparkContext.range(4_000, numSlices=4).map(lambda n, number=number: n * 8 + number).collect()
    print(number, score(day))

spark.stop()
