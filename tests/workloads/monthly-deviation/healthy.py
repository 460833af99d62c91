"""Items whose sales in a month differ by a tenth from their mean over the year: an average over a window, as in TPC-DS query 53."""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("monthly-deviation").getOrCreate()

sales = spark.range(1_500_000).select(
    (F.abs(F.xxhash64("id")) % 2_000).alias("item"),
    (F.abs(F.xxhash64("id", F.lit(1))) % 12).alias("month"),
    (F.col("id") % 9_973 / 100).alias("price"),
)
monthly = sales.groupBy("item", "month").agg(F.sum("price").alias("total"))
mean = F.avg("total").over(Window.partitionBy("item"))
different = monthly.withColumn("mean", mean).filter(F.abs(F.col("total") - F.col("mean")) > F.col("mean") / 10)
print(len(different.orderBy("item", "month").limit(100).collect()))

spark.stop()
