"""Makes the input of the orders report: data/orders (CSV) and data/customers (Parquet).

Run it once, in this folder, before orders.py or Orders.scala. The same rows come out every time.
"""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ORDERS = 800_000
CUSTOMERS = 200_000
PRODUCTS = 2_000

spark = SparkSession.builder.appName("make-data").getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")


def uniform(salt):
    """A number in [0, 1) that depends on the row's id and the salt only."""
    return F.pmod(F.xxhash64(F.col("id"), F.lit(salt)), F.lit(1_000_000)) / 1_000_000


customers = spark.range(0, CUSTOMERS, 1, 4).select(
    F.col("id").alias("customer_id"),
    F.format_string("Customer %06d", "id").alias("name"),
    F.element_at(
        F.array(*map(F.lit, ["DE", "FR", "IT", "ES", "PL", "NL", "SE", "PT"])),
        (1 + F.floor(8 * F.pow(uniform("country"), 2))).cast("int"),
    ).alias("country"),
    F.date_add(F.lit("2019-01-01"), F.floor(1800 * uniform("since")).cast("int")).alias("since"),
)
customers.write.mode("overwrite").parquet("data/customers")

# Three customers place one order in eight; the others share the rest evenly.
customer_id = F.when(uniform("account") < 0.125, F.floor(3 * uniform("which"))).otherwise(
    F.floor(CUSTOMERS * uniform("customer"))
)
orders = spark.range(0, ORDERS, 1, 8).select(
    F.col("id").alias("order_id"),
    F.timestamp_seconds(1_704_067_200 + F.floor(31_536_000 * uniform("time"))).alias("ordered_at"),
    customer_id.cast("bigint").alias("customer_id"),
    F.format_string("P-%04d", F.floor(PRODUCTS * F.pow(uniform("product"), 3))).alias("product"),
    F.when(uniform("channel") < 0.60, "web")
    .when(uniform("channel") < 0.95, "app")
    .otherwise("store")
    .alias("channel"),
    (1 + F.floor(5 * uniform("quantity"))).cast("int").alias("quantity"),
    F.round(5 + 195 * uniform("price"), 2).alias("unit_price"),
)
orders.write.mode("overwrite").option("header", True).csv("data/orders")

spark.stop()
