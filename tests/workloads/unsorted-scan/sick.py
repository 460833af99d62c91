"""Looks up five customers in a file of two million rows in no order: all of it is read each time."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("unsorted-scan").getOrCreate()

orders = spark.range(2_000_000).select((F.col("id") * 7919 % 200_003).alias("customer"), F.xxhash64("id").alias("amount"))
orders.repartition(4).write.mode("overwrite").parquet("out/orders")

for customer in range(5):
    print(spark.read.parquet("out/orders").filter(F.col("customer") == 30_011 * customer).agg(F.max("amount")).collect())

spark.stop()
