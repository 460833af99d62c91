"""Runs one small expression per method and prints whether Spark shuffles for what it makes.

Reads lines of type, method and expression; prints type, method and `shuffle`, `none` or an error.
"""

import os
import re
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "1")

from pyspark.ml.clustering import LDA, GaussianMixture
from pyspark.ml.feature import (
    BucketedRandomProjectionLSH,
    CountVectorizer,
    Imputer,
    Tokenizer,
    VectorAssembler,
    Word2Vec,
)
from pyspark.ml.fpm import FPGrowth
from pyspark.ml.linalg import Vectors
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    # Plans are wanted as they are before a run, and joins as they are on large data.
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.sql.autoBroadcastJoinThreshold", "-1")
    .config("spark.sql.shuffle.partitions", "2")
    .config(
        "spark.sql.streaming.stateStore.providerClass",
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    )
    .getOrCreate()
)
sc = spark.sparkContext
sc.setLogLevel("OFF")

# Rows of which Spark does not know how they are spread: a range is known to be sorted, which saves some shuffles.
left = spark.createDataFrame(
    [(i, i % 7, float(i), str(i)) for i in range(200)], "k long, g long, v double, s string"
)
right = spark.createDataFrame([(i, float(i)) for i in range(200)], "k long, w double")
stream = spark.readStream.format("rate").load()
numbers = sc.parallelize(range(100), 4)
pairs = sc.parallelize([(i % 7, i) for i in range(100)], 4)
more = pairs.map(lambda it: (it[0], -it[1]))
vectors = VectorAssembler(inputCols=["k", "v"], outputCol="features").transform(left).select("k", "features")


def identity(it):
    return it


def add(left, right):
    return left + right


def batches(*them):
    yield from them[-1]


def hashing():
    return BucketedRandomProjectionLSH(inputCol="features", outputCol="h", bucketLength=2.0).fit(vectors)


def mixture():
    return GaussianMixture(k=2, maxIter=1).fit(vectors)


def topics():
    words = Tokenizer(inputCol="s", outputCol="words").transform(left)
    counted = CountVectorizer(inputCol="words", outputCol="features").fit(words).transform(words)
    return LDA(k=2, maxIter=1).fit(counted)


def ratings():
    rows = left.selectExpr("int(k) AS user", "int(g) AS item", "float(v) AS rating")
    return ALS(userCol="user", maxIter=1, rank=2).fit(rows)


def baskets():
    items = left.selectExpr("array(string(g), string(g + 10)) AS items")
    return FPGrowth(minSupport=0.01, minConfidence=0.1).fit(items)


def neighbours():
    words = left.selectExpr("array(s) AS words")
    return Word2Vec(inputCol="words", vectorSize=2, minCount=1).fit(words)


def processor():
    """A stateful processor that does nothing; Spark 3 has no such class."""
    from pyspark.sql.streaming import StatefulProcessor

    class Processor(StatefulProcessor):
        def init(self, handle):
            pass

        def handleInputRows(self, key, rows, timers):
            yield from ()

        def close(self):
            pass

    return Processor()


def plan(made):
    """What Spark would run, as text."""
    if hasattr(made, "to_spark"):
        made = made.to_spark()
    elif hasattr(made, "to_frame"):
        made = made.to_frame().to_spark()
    if isinstance(made, DataFrame):
        simple = sc._jvm.org.apache.spark.sql.execution.ExplainMode.fromString("simple").name()
        return sc._jvm.PythonSQLUtils.explainString(made._jdf.queryExecution(), simple)
    text = made.toDebugString() if hasattr(made, "toDebugString") else None
    return text.decode() if text else ""


def shuffles(text):
    """Whether a plan exchanges rows or an RDD's lineage has a further stage. A product moves all rows to all others."""
    return bool(re.search(r"Exchange|CartesianProduct|CartesianRDD|\+-\(", text))


def main():
    for line in sys.stdin:
        kind, method, expression = line.rstrip("\n").split("\t")
        names = dict(globals())
        try:
            if kind.startswith("Pandas"):
                import pyspark.pandas as ps

                names.update(ps=ps, frame=ps.DataFrame(left))
            made = eval(expression, names)
            # A method that runs jobs itself shows that it shuffled by the shuffles that were numbered meanwhile.
            before = sc._jsc.sc().newShuffleId()
            if not kind.startswith(("Transformer", "Pandas")):
                made = eval(expression, names)
            eager = sc._jsc.sc().newShuffleId() > before + 1
            verdict = "shuffle" if eager or shuffles(plan(made)) else "none"
        except Exception as error:
            verdict = "error: " + " ".join(str(error).split())[:200]
        print(kind, method, verdict, sep="\t", flush=True)


main()
