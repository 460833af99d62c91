from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


@dataclass
class Job:
    spark: SparkSession

    def orders(self, day: str) -> DataFrame:
        if day == "all":
            return self.spark.table("orders")
        else:
            return self.spark.table("orders").where(col("day") == day)

    def run(self, days: list[str]):
        for day in days:
            orders = self.orders(day)
            try:
                orders.write.mode("append").saveAsTable("daily")
            except Exception:
                orders.limit(10).show()
        rest = 3
        while rest > 0:
            rest = rest - 1
            print(self.spark.table("daily").count())


def main():
    spark = SparkSession.builder.appName("indented").getOrCreate()
    Job(spark).run(["monday", "tuesday"])
    spark.stop()


main()
