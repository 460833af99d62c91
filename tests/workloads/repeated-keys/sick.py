"""Joins orders with price changes by product alone: each order meets every change that its product ever had."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("repeated-keys").getOrCreate()

orders = spark.range(200_000).select((F.col("id") % 500).alias("product"), (F.col("id") % 365).alias("day"), F.col("id").alias("order"))
changes = spark.range(100_000).select(
    (F.col("id") % 500).alias("product"), (F.col("id") % 365).alias("day"), (F.col("id") % 97).alias("price")
)

priced = orders.drop("day").join(changes, "product")
print(priced.groupBy((F.col("order") % 8).alias("shard")).agg(F.max("price")).collect())

spark.stop()
