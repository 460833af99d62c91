"""Adds the region to four million payments by sending the shops to all tasks."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("sorted-small-side").config("spark.sql.autoBroadcastJoinThreshold", "-1").getOrCreate()

payments = spark.range(4_000_000).select(
    F.xxhash64("id").alias("payment"), (F.col("id") % 5_000).alias("shop"), (F.col("id") % 911).alias("amount")
)
shops = spark.range(5_000).select(F.col("id").alias("shop"), (F.col("id") % 16).alias("region"))
print(payments.join(F.broadcast(shops), "shop").groupBy("region").agg(F.sum("amount"), F.max("payment")).collect())

spark.stop()
