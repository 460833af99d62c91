from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col


def chosen(spark: SparkSession, full: bool) -> DataFrame:
    return spark.table("all") if full else spark.table("some").limit(100)


def bounded(frame: DataFrame, limit: int) -> DataFrame:
    if limit > 1000:
        return frame.coalesce(8)
    elif limit > 10:
        small = frame.limit(10)
        return small.coalesce(1)
    else:
        return frame.limit(0)


def publish(frame: DataFrame, dry: bool):
    if dry:
        frame.show(5)
        return
    frame.persist()
    if frame.isEmpty():
        raise ValueError("nothing")
    frame.write.saveAsTable("published")
    frame.unpersist()


spark = SparkSession.builder.getOrCreate()
base = chosen(spark, True)
other = bounded(base, 50)
joined = base.join(broadcast(other) if spark.conf.get("small") else other, "id")
publish(joined.filter(col("ok")), False)
