"""Asks a service for scores on an executor with a heap of 3 GB, little of which it needs."""

import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("roomy-executors").config("spark.executor.memory", "3g").getOrCreate()


def score(readings):
    # The service needs seventeen seconds for a partition.
    time.sleep(17)
    yield sum(readings) % 1_003


print(spark.sparkContext.range(4_000, numSlices=4).mapPartitions(score).sum())

spark.stop()
