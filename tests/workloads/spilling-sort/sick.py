"""Ranks documents by their digest in two partitions that don't fit into the tasks' memory."""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("spilling-sort").getOrCreate()

text = F.col("id").cast("string")
digest = F.unhex(F.concat(F.sha2(text, 512), F.sha2(F.reverse(text), 512)))
documents = spark.range(2_500_000).select(
    (F.col("id") % 1_000).alias("shelf"), digest.alias("digest"), F.col("id").alias("document")
)
by_digest = Window.partitionBy("shelf").orderBy("digest")
first = documents.repartition(2, "shelf").withColumn("place", F.row_number().over(by_digest)).filter("place <= 2")
print(len(first.collect()))

spark.stop()
