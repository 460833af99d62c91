"""A task of eight is slow at its first attempt; its speculative copy is done first, and the original is killed."""

import time

from pyspark import TaskContext
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("speculation").getOrCreate()


def work(index, rows):
    time.sleep(20 if index == 7 and TaskContext.get().attemptNumber() == 0 else 0.5)
    return rows


print(len(spark.sparkContext.range(80, numSlices=8).mapPartitionsWithIndex(work).collect()))
# The end of the killed task comes when its Python worker has been stopped.
time.sleep(5)

spark.stop()
