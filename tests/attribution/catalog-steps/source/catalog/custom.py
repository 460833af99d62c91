"""Steps that only the catalogue needs."""
import pandas as pd
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import DoubleType

from catalog.base import Counted, Step
from catalog.registry import register

WEIGHTS = {"lamp": 1.0, "sofa": 2.5, "desk": 1.5, "replica": -4.0}


@pandas_udf(DoubleType())
def title_score(titles: pd.Series) -> pd.Series:
    return titles.str.lower().str.split(" ").apply(lambda words: float(sum(WEIGHTS.get(w, 0.1) for w in words)))


@register("score_titles")
class ScoreTitles(Counted):
    def apply(self, context, frame):
        return frame.select("sku", "title", title_score("title").alias("score")).where("score > 0")


@register("missing")
class Missing(Step):
    def before(self, context, products, units):
        for name, frame in (("products", products), ("units", units)):
            if not frame.take(1):
                raise AssertionError(name + " is empty")

    def apply(self, context, products, units):
        key = self.options["on"]
        missing = products.select(key).subtract(units.select(key))
        print("without stock:", missing.count())
        unknown = units.join(products, key, "left_anti")
        unknown.select(key, "units").show(5)
