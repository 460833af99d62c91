"""Reads a day's readings from four hundred files of a few kilobytes."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("small-files").getOrCreate()

readings = spark.range(200_000).select((F.col("id") % 40).alias("sensor"), F.xxhash64("id").alias("value"))
readings.repartition(400).write.mode("overwrite").parquet("out/readings")

print(spark.read.parquet("out/readings").groupBy("sensor").agg(F.max("value")).collect())

spark.stop()
