"""Sorts lines of text, as HiBench's Sort does."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("sort").getOrCreate()

lines = spark.range(400_000, numPartitions=4).select(F.sha2(F.col("id").cast("string"), 256).alias("value"))
lines.write.mode("overwrite").text("out/lines")

spark.read.text("out/lines").orderBy("value").write.mode("overwrite").text("out/sorted")
print(spark.read.text("out/sorted").groupBy().agg(F.count("value"), F.max("value")).collect())

spark.stop()
