"""A thin fluent layer over DataFrames; everything returns self so that it chains."""
from __future__ import annotations

from typing import Callable, Dict, Optional

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import Window
from pyspark.sql import functions as sf


class Flow:
    def __init__(self, spark: SparkSession, root: str, target: str):
        self._spark = spark
        self._root = root
        self._target = target
        self._df: Optional[DataFrame] = None
        self._kept: Dict[str, DataFrame] = {}
        self._notes = []

    # -- sources ------------------------------------------------------------
    def from_parquet(self, name: str) -> Flow:
        self._df = self._spark.read.parquet(f"{self._root}/{name}.parquet")
        return self

    def from_json(self, name: str, schema: str) -> Flow:
        self._df = self._spark.read.schema(schema).json(f"{self._root}/{name}")
        return self

    def resume(self, name: str) -> Flow:
        self._df = self._kept[name]
        return self

    # -- steps --------------------------------------------------------------
    def keep_if(self, condition) -> Flow:
        self._df = self._df.filter(condition)
        return self

    def set(self, **columns) -> Flow:
        for name, expression in columns.items():
            self._df = self._df.withColumn(name, sf.expr(expression) if isinstance(expression, str) else expression)
        return self

    def pick(self, *columns) -> Flow:
        self._df = self._df.select(*columns)
        return self

    def join_with(self, other: str, on, how="inner", small=False) -> Flow:
        right = self._kept[other]
        self._df = self._df.join(sf.broadcast(right) if small else right, on, how)
        return self

    def summarise(self, *by, **measures) -> Flow:
        self._df = self._df.groupBy(*by).agg(*[sf.expr(e).alias(a) for a, e in measures.items()])
        return self

    def best(self, n: int, within: str, by: str) -> Flow:
        window = Window.partitionBy(within).orderBy(sf.desc(by))
        self._df = self._df.withColumn("_place", sf.row_number().over(window)).where(sf.col("_place") <= n).drop("_place")
        return self

    def unfold(self, column: str, name: str) -> Flow:
        self._df = self._df.withColumn(name, sf.explode(column))
        return self

    def apply(self, function: Callable[..., DataFrame], *args) -> Flow:
        self._df = self._df.transform(function, *args)
        return self

    def cached(self) -> Flow:
        self._df = self._df.cache()
        return self

    # -- ends of chains, which still return self ----------------------------
    def keep(self, name: str) -> Flow:
        self._kept[name] = self._df
        return self

    def note(self, label: str) -> Flow:
        self._notes.append((label, self._df.count()))
        return self

    def peek(self, n: int = 5) -> Flow:
        self._df.show(n, truncate=False)
        return self

    def save(self, name: str, *partitions) -> Flow:
        writer = self._df.write.mode("overwrite")
        (writer.partitionBy(*partitions) if partitions else writer).parquet(f"{self._target}/{name}")
        return self

    def value(self):
        return self._df.first()[0]

    def rows(self):
        return self._df.collect()

    def notes(self):
        return dict(self._notes)
