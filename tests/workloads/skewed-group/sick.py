"""Sums up scores by product; nine of ten sales are of one product, and all its sales go to one task."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("skewed-group").getOrCreate()


def score(sale):
    total = sale
    for step in range(150):
        total = (total * 31 + step) % 1_000_003
    return total


sales = spark.sparkContext.range(500_000, numSlices=12).map(lambda sale: (0 if sale % 10 else sale % 997, sale))
totals = sales.groupByKey(12).mapValues(lambda group: sum(score(sale) for sale in group))
print(len(totals.collect()))

spark.stop()
