"""Looks up five customers in a file that is sorted by customer: of most blocks only the statistics are read."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("unsorted-scan").getOrCreate()

orders = spark.range(2_000_000).select((F.col("id") * 7919 % 200_003).alias("customer"), F.xxhash64("id").alias("amount"))
orders.repartitionByRange(4, "customer").sortWithinPartitions("customer").write.option("parquet.block.size", 262_144).mode(
    "overwrite"
).parquet("out/orders")

for customer in range(5):
    print(spark.read.parquet("out/orders").filter(F.col("customer") == 30_011 * customer).agg(F.max("amount")).collect())

spark.stop()
