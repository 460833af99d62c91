"""Compares each reading with its sensor's mean; a user function in both branches keeps Spark from seeing that they shuffle the same."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("repeated-shuffle").getOrCreate()

readings = spark.range(3_000_000).select((F.col("id") * 7919 % 100_003).alias("sensor"), F.xxhash64("id").alias("value"))
left = readings.repartition(8, "sensor").withColumn("noise", F.rand(7))
right = readings.repartition(8, "sensor").groupBy("sensor").agg(F.max("value").alias("top"))
print(left.join(right, "sensor").filter("value = top").agg(F.count("*"), F.max("noise")).collect())

spark.stop()
