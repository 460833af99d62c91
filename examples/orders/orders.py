"""Yearly report over the order book: revenue, best sellers, key accounts, customer totals, units sold."""

import csv

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

ORDER_SCHEMA = """
    order_id BIGINT, ordered_at TIMESTAMP, customer_id BIGINT, product STRING,
    channel STRING, quantity INT, unit_price DOUBLE
"""

spark = SparkSession.builder.appName("orders").getOrCreate()

orders = spark.read.schema(ORDER_SCHEMA).option("header", True).csv("data/orders")
customers = spark.read.parquet("data/customers")
channels = spark.createDataFrame(
    [
        ("web", "Web shop", 0.021),
        ("app", "Mobile app", 0.034),
        ("store", "Store", 0.008),
    ],
    ["channel", "channel_name", "fee_rate"],
)

latest = orders.agg(F.max("ordered_at").alias("latest")).first()
print(f"orders until {latest['latest']}")

# Every order with its customer and channel, net of the channel's fee.
sales = (
    orders.join(customers, "customer_id")
    .join(channels, "channel")
    .withColumn("month", F.date_trunc("month", "ordered_at"))
    .withColumn("revenue", F.col("quantity") * F.col("unit_price") * (1 - F.col("fee_rate")))
)
print(f"{sales.count()} sales")

# Revenue by country, month and channel.
revenue = (
    sales.groupBy("country", "month", "channel_name")
    .agg(
        F.sum("revenue").alias("revenue"),
        F.countDistinct("customer_id").alias("buyers"),
    )
    .orderBy("country", "month")
)
revenue.write.mode("overwrite").parquet("out/revenue")

# The three best selling products of each country.
by_units = Window.partitionBy("country").orderBy(F.desc("units"))
best_sellers = (
    sales.groupBy("country", "product")
    .agg(F.sum("quantity").alias("units"))
    .withColumn("place", F.row_number().over(by_units))
    .filter(F.col("place") <= 3)
)
best_sellers.show(24)

# All orders of the few customers who order all the time.
key_accounts = (
    orders.groupBy("customer_id")
    .agg(F.count("order_id").alias("placed"))
    .filter(F.col("placed") > 20_000)
)
account_orders = orders.join(key_accounts, "customer_id")
account_orders.write.mode("overwrite").parquet("out/key_accounts")

# What each customer brought in, for the finance team's spreadsheet.
totals = (
    sales.groupBy("customer_id", "name")
    .agg(F.sum("revenue").alias("revenue"))
    .collect()
)
with open("out/customer_totals.csv", "w", newline="") as file:
    csv.writer(file).writerows(totals)

# Units sold of each product, and the ten that sold most.
units = (
    orders.select("product", "quantity")
    .rdd.map(lambda order: (order.product, order.quantity))
    .groupByKey()
    .mapValues(sum)
)
top = units.takeOrdered(10, key=lambda sold: -sold[1])
print("most sold: " + ", ".join(f"{product} ({count})" for product, count in top))

spark.stop()
