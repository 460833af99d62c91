from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("orders").config("spark.sql.shuffle.partitions", "64").getOrCreate()
orders = spark.read.option("header", "true").csv("data/orders")
recent = orders.filter(F.col("year") >= 2024).select("id", F.col("amount").cast("double").alias("amount"))
large = recent.where(recent["amount"] > 1000.5)
large.write.mode("overwrite").partitionBy("id").parquet("out/large")
