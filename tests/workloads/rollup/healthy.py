"""Profit by state and county with their totals and ranks: a rollup and a rank within it, as in TPC-DS query 36."""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("rollup").getOrCreate()

stores = spark.range(400).select(
    F.col("id").alias("store"), (F.col("id") % 20).alias("state"), (F.col("id") % 80).alias("county")
)
sales = spark.range(1_500_000).select((F.abs(F.xxhash64("id")) % 400).alias("store"), (F.col("id") % 9_973 / 100).alias("profit"))
totals = sales.join(F.broadcast(stores), "store").rollup("state", "county").agg(F.sum("profit").alias("profit"))
place = F.rank().over(Window.partitionBy(F.col("county").isNull(), "state").orderBy(F.desc("profit")))
print(len(totals.withColumn("place", place).orderBy("state", "place").limit(100).collect()))

spark.stop()
