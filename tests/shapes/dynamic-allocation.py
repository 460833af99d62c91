"""Executors come for a stage of many tasks, those that hold no shuffle files go while the program waits, and come again."""

import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("dynamic-allocation").getOrCreate()
context = spark.sparkContext


def work(rows):
    time.sleep(0.7)
    return rows


context.range(120, numSlices=12).mapPartitions(work).collect()
counts = context.range(400, numSlices=1).map(lambda n: (n % 7, 1)).reduceByKey(lambda a, b: a + b, 2)
print(counts.collect())
time.sleep(8)
print(context.range(120, numSlices=12).mapPartitions(work).map(lambda n: n % 3).distinct(2).collect())

spark.stop()
