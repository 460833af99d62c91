"""Parses prices; a sixth of the tasks meet a price that can't be parsed at the first attempt, after most of their work."""

from pyspark import TaskContext
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("failing-tasks").getOrCreate()


def parse(text):
    # The service that completes such prices answers the second request.
    if text.endswith("?") and TaskContext.get().attemptNumber() == 0:
        raise ValueError(f"no price: {text}")
    total = int(text.rstrip("?"))
    for step in range(100):
        total = (total * 31 + step) % 1_000_003
    return total


def price(number):
    return f"{number}?" if number % 150_000 == 149_990 else str(number)


prices = spark.sparkContext.range(600_000, numSlices=24).map(price)
print(prices.map(parse).sum())

spark.stop()
