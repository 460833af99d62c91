from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col


class Joins:
    @staticmethod
    def all(left: DataFrame, right: DataFrame, small: DataFrame) -> DataFrame:
        inner = left.join(right, "id")
        outer = left.join(right, ["id", "day"], "full_outer")
        by_condition = left.join(right, left["id"] == right["key"], "left")
        semi = by_condition.join(small, ["id"], "left_semi")
        anti = outer.join(broadcast(small), ["id"], "left_anti")
        crossed = inner.crossJoin(small.limit(3))
        hinted = left.alias("l").join(right.hint("merge").alias("r"), col("l.id") == col("r.id"), "right")
        semi.write.parquet("out/semi")
        anti.write.parquet("out/anti")
        hinted.write.parquet("out/hinted")
        return crossed


spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
joined = Joins.all(orders, spark.table("customers"), spark.table("days"))
joined.explain()
joined.show(5)
