import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.{functions => F}

val spark = SparkSession.builder().appName("orders").config("spark.sql.shuffle.partitions", "64").getOrCreate()
val orders = spark.read.option("header", "true").csv("data/orders")
val recent = orders.filter(F.col("year") >= 2024).select("id", F.col("amount").cast("double").as("amount"))
val large = recent.where(recent("amount") > 1000.5)
large.write.mode("overwrite").partitionBy("id").parquet("out/large")
