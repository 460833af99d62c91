"""Scores orders by the factor of their customer; a salt divides each customer's orders among twenty keys."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

SALTS = 20

spark = SparkSession.builder.appName("skewed-join").getOrCreate()

orders = spark.range(300_000).select(
    F.when(F.col("id") % 10 > 0, 0).otherwise(F.col("id") % 997).alias("customer"), F.col("id").alias("amount")
)
customers = spark.range(997).select(F.col("id").alias("customer"), (F.col("id") % 7 + 1).alias("factor"))

salted = orders.withColumn("salt", F.xxhash64("amount") % SALTS)
copies = customers.crossJoin(spark.range(1 - SALTS, SALTS).withColumnRenamed("id", "salt"))
scored = salted.join(copies, ["customer", "salt"]).withColumn(
    "score", F.expr("aggregate(sequence(1, 400), amount, (total, step) -> (total * 31 + step * factor) % 1000003)")
)
print(scored.agg(F.sum("score")).collect())

spark.stop()
