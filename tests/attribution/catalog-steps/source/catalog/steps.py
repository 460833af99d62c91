"""The general steps."""
import os

from pyspark.sql import Window
from pyspark.sql import functions as F

from catalog.base import Counted, Step
from catalog.registry import register


class Reader(Counted):
    format: str

    def apply(self, context):
        return context.spark.read.format(self.format).load(os.path.join(context.base, self.options["path"]))


@register("read_json")
class ReadJson(Reader):
    format = "json"


@register("read_parquet")
class ReadParquet(Reader):
    format = "parquet"


@register("filter")
class Filter(Step):
    def apply(self, context, frame):
        return frame.filter(self.options["condition"])


@register("latest")
class Latest(Counted):
    def apply(self, context, frame):
        window = Window.partitionBy(*self.options["keys"]).orderBy(F.col(self.options["order"]).desc())
        return frame.withColumn("__rank", F.row_number().over(window)).filter("__rank = 1").drop("__rank")


@register("join")
class Join(Step):
    def apply(self, context, left, right):
        return left.join(right, self.options["on"], self.options.get("how", "inner"))


@register("derive")
class Derive(Counted):
    def apply(self, context, frame):
        for column, expression in self.options["columns"].items():
            frame = frame.withColumn(column, F.expr(expression))
        return frame


@register("aggregate")
class Aggregate(Step):
    def apply(self, context, frame):
        columns = [F.expr(expression).alias(alias) for alias, expression in self.options["columns"].items()]
        return frame.groupBy(*self.options["by"]).agg(*columns)


@register("explode")
class Explode(Step):
    def apply(self, context, frame):
        return frame.withColumn(self.options["as"], F.explode(self.options["column"])).drop(self.options["column"])


@register("write")
class Write(Step):
    def apply(self, context, frame):
        writer = frame.write.mode("overwrite").format(self.options.get("format", "parquet"))
        if "partition_by" in self.options:
            writer = writer.partitionBy(*self.options["partition_by"])
        writer.save(os.path.join(context.target, self.options["path"]))


@register("check")
class Check(Step):
    def apply(self, context, frame):
        total = frame.count()
        for rule, tolerated in self.options["rules"].items():
            broken = frame.filter(f"NOT ({rule})").count()
            assert broken <= tolerated * total, f"{rule}: {broken} of {total}"


@register("top")
class Top(Step):
    def apply(self, context, frame):
        order = [F.expr(part.replace(" DESC", "")).desc() if part.endswith(" DESC") else F.expr(part) for part in self.options["order"].split(", ")]
        for row in frame.orderBy(*order).limit(self.options["n"]).collect():
            print("  ", row.asDict())
