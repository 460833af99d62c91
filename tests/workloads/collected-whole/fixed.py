"""Finds the owner of the largest digest where the documents are."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("collected-whole").getOrCreate()

documents = spark.range(900_000).select(F.col("id").alias("document"), F.sha2(F.col("id").cast("string"), 512).alias("digest"))
print(documents.agg(F.max_by("document", "digest"), F.max("digest")).collect())

spark.stop()
