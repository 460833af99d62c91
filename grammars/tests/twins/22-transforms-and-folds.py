from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql.functions import col, lit, lower, trim


def normalised(df: DataFrame) -> DataFrame:
    return df.toDF("id", "name", "email").na.fill("")


def deduplicated(df: DataFrame) -> DataFrame:
    return df.dropDuplicates(["id"])


def cleaned(df: DataFrame) -> DataFrame:
    return reduce(lambda it, name: it.withColumn(name, lower(trim(col(name)))), ["name", "email"], df)


people = spark.read.option("header", "true").csv("people")
result = (
    people
    .transform(normalised)
    .transform(deduplicated)
    .transform(lambda df: df.filter(col("id").isNotNull()))
    .transform(cleaned)
)
flagged = reduce(lambda df, flag: df.withColumn(flag, lit(False)), ["new", "gone"], result)
flagged.repartition(16).write.mode("overwrite").parquet("out/people")
print(flagged.where(col("email").contains("@")).count())
