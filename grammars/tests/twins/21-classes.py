from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


@dataclass
class Job:
    spark: SparkSession
    root: str

    def orders(self) -> DataFrame:
        return self.spark.read.parquet("orders")

    def customers(self) -> DataFrame:
        return self.spark.table("customers").cache()

    def enriched(self) -> DataFrame:
        orders = self.orders()
        return orders.join(self.customers(), "customer").where(col("amount") > 10)

    def run(self, limit: int):
        result = self.enriched()
        result.write.mode("overwrite").saveAsTable("enriched")
        print(self.spark.table("enriched").limit(5).collect())


job = Job(SparkSession.builder.getOrCreate(), "data")
job.run(10)
job.orders().show()
