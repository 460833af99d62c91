from functools import reduce
from typing import Optional

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, lit


def of_day(spark: SparkSession, day: str) -> DataFrame:
    return spark.read.json("events/" + day).withColumn("day", lit(day))


def union_all(*frames: DataFrame) -> DataFrame:
    return reduce(lambda left, right: left.unionByName(right), frames)


def collected(spark: SparkSession, days: list) -> DataFrame:
    grown: Optional[DataFrame] = None
    for day in days:
        part = of_day(spark, day).where(col("kind") != "test")
        if grown is None:
            grown = part
        else:
            grown = grown.union(part)
    return grown


def sample(events: DataFrame, size: int) -> DataFrame:
    if size == 0:
        return events
    if size < 0:
        return events.limit(10)
    sampled = events.sample(0.1)
    return sampled.limit(size)


def publish(spark: SparkSession, events: DataFrame, target: str):
    if spark.catalog.tableExists(target):
        events.write.insertInto(target)
        return
    events.repartition(8, col("day")).write.partitionBy("day").saveAsTable(target)


def main():
    spark = SparkSession.builder.getOrCreate()
    week = collected(spark, ["mon", "tue", "wed"])
    everything = union_all(week, spark.table("late"), spark.table("manual"))
    publish(spark, everything, "events")
    sample(everything, 1000).show()
    print(everything.rdd.getNumPartitions())


main()
