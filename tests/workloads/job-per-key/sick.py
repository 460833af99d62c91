"""Asks for the total of each of sixty shops, one after the other."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("job-per-key").getOrCreate()

sales = spark.range(200_000).select((F.col("id") % 60).alias("shop"), F.col("id").alias("amount")).rdd.map(tuple).cache()
totals = {}
for shop in range(60):
    totals[shop] = sales.filter(lambda sale, shop=shop: sale[0] == shop).map(lambda sale: sale[1]).sum()
print(totals)

spark.stop()
