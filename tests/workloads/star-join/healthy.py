"""Revenue by brand and year for the items of one manager in November: a fact table and two dimensions, as TPC-DS query 55 joins them."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("star-join").getOrCreate()

dates = spark.range(1_826).select(
    F.col("id").alias("date_key"), (F.col("id") / 365).cast("int").alias("year"), (F.col("id") / 30.5 % 12 + 1).cast("int").alias("month")
)
items = spark.range(3_000).select(
    F.col("id").alias("item_key"), (F.col("id") % 40).alias("brand"), (F.col("id") * 31 % 100).alias("manager")
)
sales = spark.range(1_500_000).select(
    (F.abs(F.xxhash64("id")) % 1_826).alias("date_key"),
    (F.abs(F.xxhash64("id", F.lit(1))) % 3_000).alias("item_key"),
    (F.col("id") % 9_973 / 100).alias("price"),
)
sales.repartition(4).write.mode("overwrite").parquet("out/sales")
dates.repartition(1).write.mode("overwrite").parquet("out/dates")
items.repartition(1).write.mode("overwrite").parquet("out/items")

revenue = (
    spark.read.parquet("out/sales")
    .join(spark.read.parquet("out/dates").filter("month = 11"), "date_key")
    .join(spark.read.parquet("out/items").filter("manager < 10"), "item_key")
    .groupBy("year", "brand")
    .agg(F.sum("price").alias("revenue"))
    .orderBy(F.desc("revenue"), "brand")
    .limit(100)
)
print(len(revenue.collect()))

spark.stop()
