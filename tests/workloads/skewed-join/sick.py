"""Scores orders by the factor of their customer; nine of ten orders are those of one customer."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("skewed-join").getOrCreate()

orders = spark.range(300_000).select(
    F.when(F.col("id") % 10 > 0, 0).otherwise(F.col("id") % 997).alias("customer"), F.col("id").alias("amount")
)
customers = spark.range(997).select(F.col("id").alias("customer"), (F.col("id") % 7 + 1).alias("factor"))

scored = orders.join(customers, "customer").withColumn(
    "score", F.expr("aggregate(sequence(1, 400), amount, (total, step) -> (total * 31 + step * factor) % 1000003)")
)
print(scored.agg(F.sum("score")).collect())

spark.stop()
