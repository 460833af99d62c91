from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


def load(spark: SparkSession, name: str = "orders", limit: int = 1000) -> DataFrame:
    return spark.table(name).limit(limit)


def save(df: DataFrame, path: str, mode: str = "append", format: str = "parquet"):
    df.write.mode(mode).format(format).save(path)


spark = SparkSession.builder.getOrCreate()
orders = load(spark)
customers = load(spark, name="customers")
few = load(limit=5, spark=spark, name="few")
joined = orders.join(customers, on="customer", how="left")
save(joined, "out/joined")
save(path="out/few", df=few, mode="overwrite")
save(customers.filter(col("active")), "out/customers", format="orc")
few.show(n=3, truncate=False)
