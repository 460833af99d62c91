"""Sums up scores by product; each task sums up what it has before the rows are brought together."""

from operator import add

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("skewed-group").getOrCreate()


def score(sale):
    total = sale
    for step in range(150):
        total = (total * 31 + step) % 1_000_003
    return total


sales = spark.sparkContext.range(500_000, numSlices=12).map(lambda sale: (0 if sale % 10 else sale % 997, sale))
totals = sales.mapValues(score).reduceByKey(add, 12)
print(len(totals.collect()))

spark.stop()
