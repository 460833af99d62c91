from pyspark.sql import DataFrame, Window
from pyspark.sql.functions import col, lag, row_number, sum, when


def latest(events: DataFrame) -> DataFrame:
    recent = Window.partitionBy("user").orderBy(col("time").desc())
    return events.withColumn("rank", row_number().over(recent)).where(col("rank") <= 3).drop("rank")


def running(events: DataFrame) -> DataFrame:
    so_far = Window.partitionBy("user").orderBy("time").rowsBetween(Window.unboundedPreceding, 0)
    before = Window.partitionBy("user").orderBy("time")
    return (
        events
        .withColumn("total", sum("amount").over(so_far))
        .withColumn("previous", lag("amount", 1).over(before))
        .withColumn("kind", when(col("total") > 100, "big").otherwise("small"))
    )


events = spark.table("events").repartition(200, col("user"))
old = spark.table("events_old").coalesce(10)
both = events.union(old).dropDuplicates(["user", "time"])
gone = old.subtract(events)
kept = events.intersect(old).sortWithinPartitions("time")
print(gone.count())
kept.repartitionByRange(20, col("time")).write.saveAsTable("kept")
latest(both).write.insertInto("latest")
running(both).exceptAll(old).write.saveAsTable("running")
