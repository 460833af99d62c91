"""Adds a region to visits by a shuffle of both sides, neither of which is small."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("large-broadcast").getOrCreate()

visits = spark.range(3_000_000).select((F.col("id") * 7919 % 2_500_000).alias("shop"), (F.col("id") % 97).alias("length"))
shops = spark.range(2_500_000).select(
    F.col("id").alias("shop"), F.concat(F.sha2(F.col("id").cast("string"), 256), F.lit("@example.com")).alias("address")
)
joined = visits.join(shops, "shop")
print(joined.groupBy(F.substring("address", 1, 1).alias("first")).agg(F.sum("length")).collect())

spark.stop()
