from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, lit


def all_of(spark: SparkSession, names: list) -> DataFrame:
    frames = [spark.table(name).withColumn("source", lit(name)) for name in names]
    return reduce(lambda left, right: left.unionByName(right), frames)


def pair(spark: SparkSession):
    return (spark.table("a"), spark.table("b").limit(7))


spark = SparkSession.builder.getOrCreate()
first, second = pair(spark)
print(first.count())
print(second.collect())
for frame in [first, second]:
    frame.describe().show()
named = {"x": first.filter(col("id") > 1), "y": second}
named["x"].write.parquet("out/x")
named["y"].write.parquet("out/y")
for key, value in named.items():
    value.write.mode("append").saveAsTable(key)
everything = all_of(spark, ["a", "b", "c"])
everything.write.saveAsTable("everything")
parts = everything.randomSplit([0.7, 0.3], 42)
parts[0].write.orc("out/train")
