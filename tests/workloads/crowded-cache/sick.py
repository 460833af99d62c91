"""Keeps five million scored readings for three reports, far more than the memory holds: most is dropped and computed again."""

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("crowded-cache").getOrCreate()

scored = spark.range(3_000_000, numPartitions=12).withColumn("digest", F.sha2(F.col("id").cast("string"), 512))
scored.persist(StorageLevel.MEMORY_ONLY)
for digit in "abc":
    print(scored.filter(F.col("digest").startswith(digit)).groupBy().agg(F.max("id")).collect())

spark.stop()
