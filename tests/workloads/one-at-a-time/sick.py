"""Groups readings by sensor; each task fetches its blocks one by one."""

import time

from pyspark.sql import SparkSession

builder = SparkSession.builder.appName("one-at-a-time")
spark = builder.config("spark.reducer.maxBlocksInFlightPerAddress", "1").config("spark.reducer.maxReqsInFlight", "1").getOrCreate()


def reading(n):
    # Each file is fetched from a store that answers after half a second.
    time.sleep(0.6)
    return [(n * 31 % 60 + sensor, sensor) for sensor in range(60)]


# Python starts before it reads anything.
print(spark.sparkContext.range(16, numSlices=16).sum())
readings = spark.sparkContext.range(240, numSlices=240).flatMap(reading)
print(sorted(readings.partitionBy(60).mapPartitions(lambda rows: [sum(1 for _ in rows)]).collect())[-3:])

spark.stop()
