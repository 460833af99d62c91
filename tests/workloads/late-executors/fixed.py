"""Counts readings on executors that are there when the program starts."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("late-executors").getOrCreate()

print(spark.sparkContext.range(400_000, numSlices=8).map(lambda n: (n % 50, 1)).countByKey())

spark.stop()
