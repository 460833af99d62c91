import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StringType, StructType, TimestampType

from .core import cached, counted, retry, staged, task

SCHEMA = (StructType()
          .add("trip", StringType()).add("line", StringType()).add("stop_id", StringType())
          .add("planned", TimestampType()).add("seen", TimestampType()).add("load", IntegerType()))


def path(settings, *parts):
    return "/".join([settings.output, *parts])


@retry(times=3)
@counted("{1}: {rows} positions")
def read_day(spark, day, settings):
    return spark.read.schema(SCHEMA).json(f"{settings.input}/positions/{day}/*.json").withColumn("day", F.lit(str(day)).cast("date"))


def days(spark, settings):
    for day in settings.days:
        day = day if isinstance(day, datetime.date) else datetime.date.fromisoformat(str(day))
        df = read_day(spark, day, settings)
        if df.isEmpty():
            print("nothing on", day)
            continue
        yield day, df


def delays(df: DataFrame, settings) -> DataFrame:
    return (df
            .withColumn("delay", F.unix_timestamp("seen") - F.unix_timestamp("planned"))
            .withColumn("late", (F.col("delay") > settings.late_after_seconds).cast("int")))


@task()
def ingest_days(spark, settings):
    stops = spark.read.parquet(f"{settings.input}/stops.parquet")
    with staged(spark, path(settings, "positions")) as frames:
        for day, df in days(spark, settings):
            known = df.join(stops, "stop_id", "leftsemi")
            lost = df.count() - known.count()
            if lost:
                print(f"{day}: {lost} positions at unknown stops")
            frames.append(delays(known, settings))


def positions(spark, settings):
    return (spark.read.parquet(path(settings, "positions"))
            .join(F.broadcast(spark.read.parquet(f"{settings.input}/lines.parquet")), "line")
            .join(spark.read.parquet(f"{settings.input}/stops.parquet").select("stop_id", "zone"), "stop_id"))


@task(after=["ingest_days"])
def punctuality(spark, settings):
    with cached(positions(spark, settings)) as df:
        for name, report in settings.reports.items():
            measures = [getattr(F, fn)(column).alias(f"{fn}_{column}") for column, fn in report["measures"].items()]
            out = df.groupBy(*report["group"]).agg(*measures)
            out.coalesce(1).write.mode("overwrite").csv(path(settings, "reports", name), header=True)
            out.orderBy(*report["group"]).show(4)


@task(after=["ingest_days"])
def crowding(spark, settings):
    @F.udf("string")
    def level(load):
        return "full" if load > 70 else "seats left" if load < 40 else "standing"

    df = positions(spark, settings).withColumn("level", level("load"))
    table = df.groupBy("line").pivot("level").count().na.fill(0)
    for row in table.orderBy(F.desc("full")).take(3):
        print(row)
    table.write.mode("overwrite").json(path(settings, "crowding"))


@task(after=["ingest_days"])
def headways(spark, settings):
    w = Window.partitionBy("day", "line", "stop_id").orderBy("seen")
    gaps = (positions(spark, settings)
            .withColumn("gap", F.unix_timestamp("seen") - F.unix_timestamp(F.lag("seen").over(w)))
            .where(F.col("gap").isNotNull()))
    quantiles = gaps.groupBy("line").agg(F.percentile_approx("gap", [0.5, 0.95]).alias("q"))
    quantiles.select("line", F.posexplode("q").alias("which", "gap")).write.mode("overwrite").parquet(path(settings, "headways"))


@task(after=["punctuality", "headways"])
def publish(spark, settings):
    worst = spark.read.parquet(path(settings, "headways")).filter("which = 1")
    named = spark.read.csv(path(settings, "reports", "by_line"), header=True, inferSchema=True)
    final = named.join(worst, "line", "full_outer").orderBy(F.desc_nulls_last("gap"))
    with cached(final):
        print(final.count(), final.first())
        final.toPandas().to_csv(path(settings, "published.csv"), index=False)
