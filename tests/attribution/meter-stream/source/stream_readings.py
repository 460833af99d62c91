"""Streams smart meter readings into the lake.

Two queries: raw archive (append) and per-batch processing with foreachBatch.
Run by cron, so both drain what is there and stop.
"""
import os
import sys
import shutil
import logging
from functools import partial
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col, count, expr, lit, max as max_, sum as sum_, to_timestamp, when, window
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

logger = logging.getLogger("meter-stream")

SCHEMA = StructType([
    StructField("meter", StringType()),
    StructField("ts", StringType()),
    StructField("kwh", DoubleType()),
    StructField("status", StringType()),
])

SOURCE = sys.argv[1]
LAKE = sys.argv[2]


def checkpoint(name):
    return os.path.join(LAKE, "_checkpoints", name)


def alerts(batch: DataFrame, households: DataFrame) -> DataFrame:
    usage = batch.groupBy("meter").agg(sum_("kwh").alias("used"), max_("at").alias("last_seen"))
    return (
        usage.join(broadcast(households), "meter")
        .where(col("used") > col("limit_kwh") * 2)
        .withColumn("level", when(col("used") > col("limit_kwh") * 3, lit("red")).otherwise("yellow"))
    )


def process_batch(households, batch: DataFrame, batch_id: int):
    batch.persist()
    try:
        n = batch.count()
        if n == 0:
            logger.info("batch %s is empty", batch_id)
            return
        errors = batch.filter(col("status") != "OK")
        if not errors.isEmpty():
            errors.write.mode("append").json(f"{LAKE}/errors")

        good = batch.filter(col("status") == "OK")
        (alerts(good, households)
            .withColumn("batch", lit(batch_id))
            .write.mode("append").partitionBy("level").parquet(f"{LAKE}/alerts"))

        by_district = (
            good.join(households, "meter", "left")
            .fillna("unknown", ["district"])
            .groupBy("district", window("at", "30 minutes").alias("w"))
            .agg(sum_("kwh").alias("kwh"), count("*").alias("readings"))
            .select("district", col("w.start").alias("start"), "kwh", "readings")
        )
        by_district.coalesce(1).write.mode("append").parquet(f"{LAKE}/district_usage")
        top = by_district.orderBy(col("kwh").desc()).limit(3).collect()
        logger.info("batch %d: %s", batch_id, [r.district for r in top])
    finally:
        batch.unpersist()


def main():
    spark = (
        SparkSession.builder.appName("meter-stream")
        .config("spark.sql.streaming.stateStore.stateSchemaCheck", "true")
        .getOrCreate()
    )
    shutil.rmtree(LAKE, ignore_errors=True)
    households = spark.read.csv(f"{SOURCE}/households.csv", header=True, schema="meter string, district string, tariff string, limit_kwh double").cache()
    print("households:", households.count())

    readings = (
        spark.readStream.schema(SCHEMA)
        .option("maxFilesPerTrigger", 3)
        .json(f"{SOURCE}/incoming")
        .withColumn("at", to_timestamp("ts"))
        .drop("ts")
    )

    archive = (
        readings.withColumn("day", expr("date(at)"))
        .writeStream.queryName("archive")
        .format("parquet")
        .partitionBy("day")
        .option("path", f"{LAKE}/archive")
        .option("checkpointLocation", checkpoint("archive"))
        .trigger(availableNow=True)
        .start()
    )
    archive.awaitTermination()

    processed = (
        readings.writeStream.queryName("process")
        .foreachBatch(partial(process_batch, households))
        .option("checkpointLocation", checkpoint("process"))
        .trigger(availableNow=True)
        .start()
    )
    processed.awaitTermination()

    # hourly totals, kept in memory for the summary below
    totals = (
        readings.withWatermark("at", "10 minutes")
        .groupBy(window("at", "1 hour"))
        .agg(sum_("kwh").alias("kwh"))
        .writeStream.outputMode("complete")
        .format("memory")
        .queryName("hourly")
        .trigger(availableNow=True)
        .start()
    )
    totals.awaitTermination()
    spark.table("hourly").orderBy("window").show(truncate=False)

    stored = spark.read.parquet(f"{LAKE}/archive")
    seen = stored.select("meter").distinct().count()
    print(f"{stored.count()} readings of {seen} meters")
    spark.read.parquet(f"{LAKE}/alerts").groupBy("level").count().show()
    silent = households.join(stored, "meter", "left_anti")
    print("silent meters", [r.meter for r in silent.take(5)])
    spark.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
