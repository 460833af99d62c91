from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, trim


def trimmed(df: DataFrame) -> DataFrame:
    return df.withColumn("name", trim(col("name")))


def known(df: DataFrame) -> DataFrame:
    return df.filter(col("name").isNotNull())


def apply(df: DataFrame, name: str) -> DataFrame:
    return df.drop(name)


spark = SparkSession.builder.getOrCreate()
people = spark.table("people")
steps = [trimmed, known]
result = reduce(lambda df, step: step(df), steps, people)
for step in steps:
    step(people).show()
fewer = reduce(apply, ["a", "b", "c"], result)
fewer.write.parquet("out/people")
chained = known(trimmed(people))
print(chained.count())
tables = {"first": people, "second": fewer}
for name, table in tables.items():
    table.write.mode("overwrite").saveAsTable(name)
print(tables["second"].count())
