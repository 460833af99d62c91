"""Brings a million documents to the driver to find the longest digest's owner."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("collected-whole").getOrCreate()

documents = spark.range(900_000).select(F.col("id").alias("document"), F.sha2(F.col("id").cast("string"), 512).alias("digest"))
rows = documents.collect()
print(max(rows, key=lambda row: row.digest))

spark.stop()
