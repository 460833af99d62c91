from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, sum as total, to_date


def orders(spark: SparkSession) -> DataFrame:
    return spark.read.option("header", True).csv("orders")


def customers(spark: SparkSession) -> DataFrame:
    return spark.read.parquet("customers")


def register(spark: SparkSession, frames: dict[str, DataFrame]):
    for name, frame in frames.items():
        frame.createOrReplaceTempView(name)
        print(name)


def daily(spark: SparkSession) -> DataFrame:
    recent = spark.sql("SELECT id, customer, amount, day FROM orders WHERE amount > 10")
    recent.createOrReplaceTempView("recent")
    return spark.table("recent").join(spark.table("customers"), "customer").groupBy(to_date(col("day")).alias("day")).agg(total("amount").alias("amount"))


spark = SparkSession.builder.enableHiveSupport().getOrCreate()
orders_by_id = orders(spark)
orders_by_id.createOrReplaceTempView("orders")
frames = {"customers": customers(spark), "products": spark.table("products")}
register(spark, frames)
report = daily(spark)
frames["report"] = report
for name in ["report", "products"]:
    print(frames[name].count())
size = report.count()
if size > 1000:
    report.write.mode("append").saveAsTable("daily")
elif size > 0:
    report.coalesce(1).write.csv("daily")
else:
    print("nothing")
best = report.orderBy(col("amount").desc()).first()
print(best["day"], best[1])
rows = [row["day"] for row in report.select("day").collect() if row["day"] is not None]
print(len(rows))
