"""What a feed can do. Each takes a frame and one argument from the configuration."""
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StringType


def trim_upper(df, column):
    return df.withColumn(column, F.upper(F.trim(column)))


def fill(df, values):
    return df.na.fill(values)


def unique(df, keys):
    return df.dropDuplicates(keys)


def only(df, condition):
    return df.where(condition)


def flatten(df, column):
    return df.withColumn(column, F.explode(column))


def lookup(df, spec):
    other = SparkSession.getActiveSession().table(spec["table"]).select(spec["on"], *spec["take"])
    return df.join(other, spec["on"], "left")


def rollup_by(df, spec):
    sums = [F.sum(c).alias(f"{c}_sum") for c in spec["sums"]]
    return df.groupBy(*spec["keys"]).agg(F.count(F.lit(1)).alias("n"), *sums)


def latest(df, spec):
    order = Window.partitionBy(spec["key"]).orderBy(F.col(spec["by"]).desc())
    return df.withColumn("__n", F.row_number().over(order)).where("__n = 1").drop("__n")


@F.udf(returnType=StringType())
def _band(value):
    if value is None:
        return "unknown"
    return "high" if value > 200_000 else "medium" if value > 20_000 else "low"


def risk(df, column):
    return df.withColumn("risk", _band(column)).orderBy("risk")
