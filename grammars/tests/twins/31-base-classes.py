from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


class Step:
    spark: SparkSession

    def table(self, name: str) -> DataFrame:
        return self.spark.table(name).where(col("day") == "2024-01-01")

    def read(self, name: str) -> DataFrame:
        return self.spark.read.option("header", True).csv(name)


class Orders(Step):
    def run(self):
        orders = self.table("orders")
        orders.cache()
        print(orders.count())
        orders.write.insertInto("daily_orders")


class Customers(Step):
    def all(self) -> DataFrame:
        return self.read("customers")

    def run(self):
        joined = self.all().join(self.table("orders"), "customer")
        joined.write.mode("overwrite").saveAsTable("customers")
