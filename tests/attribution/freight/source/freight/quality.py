import logging

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

log = logging.getLogger(__name__)


class QualityError(Exception):
    pass


def drop_duplicates_newest(df: DataFrame, keys, order) -> DataFrame:
    window = Window.partitionBy(*keys).orderBy(F.col(order).desc())
    return (
        df.withColumn("_n", F.row_number().over(window))
        .filter(F.col("_n") == 1)
        .drop("_n")
    )


def require_not_empty(df: DataFrame, what: str) -> None:
    if df.isEmpty():
        raise QualityError(f"{what} is empty")


def report_nulls(df: DataFrame, columns) -> None:
    nulls = df.agg(*[F.sum(F.col(c).isNull().cast("int")).alias(c) for c in columns]).first()
    for c in columns:
        if nulls[c]:
            log.warning("%s: %d nulls", c, nulls[c])


def orphans(child: DataFrame, parent: DataFrame, key: str) -> int:
    return child.join(parent, on=key, how="left_anti").count()


def compare_totals(left: DataFrame, right: DataFrame, column: str, tolerance: float = 0.01) -> None:
    totals = [round(df.agg(F.sum(column)).collect()[0][0], 2) for df in (left, right)]
    if abs(totals[0] - totals[1]) > tolerance:
        # only look for the culprits when there is something wrong
        left.exceptAll(right.select(left.columns)).show()
        raise QualityError(f"{column}: {totals}")
