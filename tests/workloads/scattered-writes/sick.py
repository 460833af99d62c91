"""Writes sales by day from partitions that each hold rows of every day: a file for each day and task."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("scattered-writes").getOrCreate()

sales = spark.range(100_000).select((F.col("id") * 7919 % 1_009).alias("shop"), (F.col("id") % 30).alias("day"))
sales.repartition(12).write.partitionBy("day").mode("overwrite").parquet("out/sales")

print(spark.read.parquet("out/sales").filter("day = 3").groupBy().count().collect())

spark.stop()
