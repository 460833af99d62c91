"""All reading and writing goes through here."""
import os
import re
from dataclasses import dataclass
from typing import List, Optional

from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Paths:
    raw: str
    out: str

    def shipments(self, month: str) -> str:
        return os.path.join(self.raw, f"shipments_{month}.csv")

    @property
    def legs(self) -> str:
        return os.path.join(self.raw, "legs.csv")

    @property
    def carriers(self) -> str:
        return os.path.join(self.raw, "carriers.csv")

    def curated(self, name: str) -> str:
        return os.path.join(self.out, name)


def snake(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip()).lower()


def read_raw(spark: SparkSession, path: str) -> DataFrame:
    df = (
        spark.read
        .option("header", "true")
        .option("sep", ";")
        .csv(path)
    )
    return df.toDF(*[snake(c) for c in df.columns])


def read_curated(spark: SparkSession, path: str) -> DataFrame:
    return spark.read.parquet(path)


def write(df: DataFrame, path: str, partitions: Optional[List[str]] = None) -> None:
    writer = df.write.mode("overwrite").format("parquet")
    if partitions:
        writer = writer.partitionBy(*partitions)
    writer.save(path)
