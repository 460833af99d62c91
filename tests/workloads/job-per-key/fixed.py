"""Asks for the totals of all shops at once."""

from operator import add

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("job-per-key").getOrCreate()

sales = spark.range(200_000).select((F.col("id") % 60).alias("shop"), F.col("id").alias("amount")).rdd.map(tuple)
totals = dict(sales.reduceByKey(add).collect())
print(totals)

spark.stop()
