"""Asks a service for scores of sixteen groups, ten of which take long; copies would start when three quarters are done."""

import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("hasty-copies").config("spark.speculation.quantile", "0.75").getOrCreate()


def score(group, readings):
    # The service needs as long as the group is large, whoever asks.
    time.sleep(1 if group < 6 else 18)
    yield sum(readings) % 1_003


# Python starts before it is asked anything.
print(spark.sparkContext.range(16, numSlices=16).sum())
print(spark.sparkContext.range(16_000, numSlices=16).mapPartitionsWithIndex(score).sum())
# The end of a killed copy comes when its Python worker has been stopped.
time.sleep(6)

spark.stop()
