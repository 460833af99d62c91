from typing import Optional

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession


def load(spark: SparkSession, path: str) -> DataFrame:
    frame: Optional[DataFrame] = None
    try:
        frame = spark.read.parquet(path)
    except Exception as problem:
        print(problem)
        frame = spark.read.csv(path)
    return frame


def report(spark: SparkSession):
    raw = load(spark, "data/raw")
    kept = raw.filter("kept").persist(StorageLevel.DISK_ONLY)
    try:
        print(kept.count())
        kept.write.json("out/kept")
    finally:
        kept.unpersist()
    safe = raw.distinct().checkpoint()
    local = safe.localCheckpoint()
    local.cache()
    local.show()
    spark.catalog.clearCache()


session = SparkSession.builder.enableHiveSupport().getOrCreate()
report(session)
session.stop()
