"""What the dashboards read."""
from typing import Dict

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def lanes(history: DataFrame) -> DataFrame:
    return (
        history.groupBy("origin", "destination")
        .agg(
            F.count("*").alias("shipments"),
            F.avg("weight_kg").alias("avg_weight"),
            F.sum(F.col("any_late").cast("int")).alias("late"),
        )
        .withColumn("late_share", F.col("late") / F.col("shipments"))
        .orderBy(F.desc("late_share"))
    )


def customers(history: DataFrame) -> DataFrame:
    by_month = history.groupBy("customer").pivot("month", [9, 10]).agg(F.sum("margin"))
    ranked = Window.orderBy(F.col("10").desc_nulls_last())
    return by_month.withColumn("place", F.dense_rank().over(ranked)).where("place <= 25")


def carrier_modes(history: DataFrame, legs: DataFrame) -> DataFrame:
    exploded = history.select("shipment_id", F.explode_outer("modes").alias("mode"), "margin")
    costs = legs.groupBy("mode").agg(F.avg("cost").alias("avg_cost"), F.expr("percentile_approx(hours, 0.9)").alias("p90_hours"))
    return (
        exploded.groupBy("mode")
        .agg(F.avg("margin").alias("avg_margin"), F.approx_count_distinct("shipment_id").alias("shipments"))
        .join(costs, "mode")
    )


def build_marts(history: DataFrame, legs: DataFrame) -> Dict[str, DataFrame]:
    return {
        "lanes": lanes(history),
        "customers": customers(history),
        "modes": carrier_modes(history, legs),
    }
