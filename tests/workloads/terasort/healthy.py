"""Sorts records of ten bytes of key and ninety of value into eight ranges, as HiBench's TeraSort does."""

import hashlib

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("terasort").getOrCreate()


def record(number):
    digest = hashlib.sha256(str(number).encode()).digest()
    return digest[:10], digest[10:] * 4


# Split points as TeraSort's own partitioner has them: the keys are evenly spread.
sorted_records = spark.sparkContext.range(500_000, numSlices=4).map(record).repartitionAndSortWithinPartitions(
    8, lambda key: key[0] // 32
)
print(sorted_records.mapPartitions(lambda records: [sum(1 for _ in records)]).collect())

spark.stop()
