from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.functions import col

from .quality import require_not_empty


def standardise_shipments(df: DataFrame, month: str) -> DataFrame:
    renamed = (
        df.withColumnRenamed("from", "origin")
        .withColumnRenamed("to", "destination")
        .withColumn("month", F.lit(int(month)))
    )
    typed = renamed.select(
        "shipment_id",
        F.upper("customer").alias("customer"),
        "origin",
        "destination",
        F.to_timestamp("booked_at").alias("booked_at"),
        col("weight_kg").cast("double").alias("weight_kg"),
        col("value_eur").cast("double").alias("value_eur"),
        "month",
    )
    return typed.na.fill({"value_eur": 0.0})


def enrich_legs(legs: DataFrame, carriers: DataFrame) -> DataFrame:
    require_not_empty(carriers, "carriers")
    hours = (F.unix_timestamp(F.to_timestamp("arrived")) - F.unix_timestamp(F.to_timestamp("departed"))) / 3600
    return (
        legs
        .withColumn("hours", hours)
        .withColumn("cost", col("cost").cast("int"))
        .join(carriers.withColumn("contract_hours", col("contract_hours").cast("int")), "carrier", "left")
        .withColumn("late", F.coalesce(col("hours") > col("contract_hours"), F.lit(False)))
        .repartition(3, "shipment_id")
    )


def with_lateness(shipments: DataFrame, legs: DataFrame) -> DataFrame:
    per_shipment = legs.groupBy("shipment_id").agg(
        F.max("late").alias("any_late"),
        F.sum("cost").alias("transport_cost"),
        F.collect_set("mode").alias("modes"),
        F.count(F.lit(1)).alias("legs"),
    )
    joined = shipments.join(per_shipment, "shipment_id", "left")
    return joined.withColumn(
        "margin", F.round(col("value_eur") * 0.04 - F.coalesce("transport_cost", F.lit(0)), 2)
    )
