from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


def read(spark: SparkSession, kind: str, path: str) -> DataFrame:
    match kind:
        case "parquet":
            return spark.read.parquet(path)
        case "json":
            return spark.read.option("multiLine", True).json(path)
        case _:
            return spark.read.format(kind).load(path)


def write(frame: DataFrame, mode: int):
    match mode:
        case 0:
            frame.write.mode("append").parquet("out")
        case 1:
            frame.limit(100).show()
        case _:
            print(frame.count())


spark = SparkSession.builder.getOrCreate()
raw = read(spark, "json", "data/raw")
clean = raw.filter(col("kept"))
write(clean, 0)
write(clean.distinct(), 1)
