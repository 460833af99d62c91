from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


def load(session: SparkSession, path: str) -> DataFrame:
    return session.read.parquet(path)


def clean(df: DataFrame) -> DataFrame:
    return df.na.drop().dropDuplicates()


def run(session: SparkSession):
    orders = load(session, "data/orders")
    cleaned = clean(orders)
    cleaned.cache()
    cleaned.count()
    cleaned.transform(lambda it: it.drop("tmp")).write.csv("out")
    cleaned.unpersist()


session = SparkSession.builder.master("local[2]").getOrCreate()
run(session)
session.stop()
