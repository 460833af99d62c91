"""Finds the tariff of each call by an equality: both sides know the block of time that they lie in."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("range-join").getOrCreate()

calls = spark.range(150_000).select(F.col("id").alias("call"), (F.col("id") * 7 % 500_000).alias("at"))
tariffs = spark.range(1_000).select(F.col("id").alias("tariff"), (F.col("id") * 500).alias("start"), (F.col("id") * 500 + 500).alias("end"))

calls = calls.withColumn("block", F.floor(F.col("at") / 1_000))
tariffs = tariffs.withColumn("block", F.floor(F.col("start") / 1_000))
rated = calls.join(tariffs, "block").filter((F.col("at") >= F.col("start")) & (F.col("at") < F.col("end")))
print(rated.groupBy((F.col("tariff") % 10).alias("group")).count().collect())

spark.stop()
