"""Tasks that throw at their first attempt and succeed at the second."""

from pyspark import TaskContext
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("failed-tasks").getOrCreate()


def parse(n):
    if n % 7 == 0 and TaskContext.get().attemptNumber() == 0:
        raise ValueError(f"first attempt at {n}")
    return n


print(spark.sparkContext.parallelize(range(28), 14).map(parse).collect())

spark.stop()
