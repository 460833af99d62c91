import sys
from functools import reduce

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.ml.stat import Correlation
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType

NUMERIC = ["income", "amount", "age", "late_payments"]
CATEGORICAL = ["job", "purpose"]
LABEL = "defaulted"


def features(df):
    ratio = F.when(F.col("income") > 0, F.col("amount") / F.col("income"))
    return (
        df.withColumn("burden", ratio)
        .withColumn("quarter", F.quarter(F.to_date("applied")))
        .fillna("none", subset=["job"])
    )


def build_pipeline(classifier):
    numeric = NUMERIC + ["burden"]
    imputed = [f"{c}_imp" for c in numeric]
    stages = [Imputer(inputCols=numeric, outputCols=imputed, strategy="median")]
    for c in CATEGORICAL:
        stages.append(StringIndexer(inputCol=c, outputCol=c + "_idx", handleInvalid="keep"))
    stages += [
        OneHotEncoder(inputCols=[c + "_idx" for c in CATEGORICAL], outputCols=[c + "_vec" for c in CATEGORICAL]),
        VectorAssembler(inputCols=imputed + [c + "_vec" for c in CATEGORICAL], outputCol="raw_features"),
        StandardScaler(inputCol="raw_features", outputCol="features"),
        classifier,
    ]
    return Pipeline(stages=stages)


def confusion(pred):
    return pred.groupBy(LABEL).pivot("prediction", [0.0, 1.0]).count().orderBy(LABEL)


def lift(pred, buckets=5):
    p1 = vector_to_array("probability")[1]
    scored = pred.withColumn("p1", p1)
    edges = scored.approxQuantile("p1", [i / buckets for i in range(1, buckets)], 0.01)
    bucket = reduce(lambda acc, e: acc + (F.col("p1") > e).cast("int"), edges, F.lit(0))
    return scored.groupBy(bucket.alias("bucket")).agg(F.avg(LABEL).alias("rate"), F.count("*").alias("n")).sort("bucket")


def main(path, out):
    spark = SparkSession.builder.appName("credit-model").getOrCreate()
    raw = spark.read.parquet(path)
    df = features(raw).withColumn(LABEL, F.col(LABEL).cast(DoubleType()))

    df.describe(*NUMERIC).show()
    print("default rate by purpose")
    df.groupBy("purpose").agg(F.mean(LABEL), F.count("*")).show()

    # anything suspiciously correlated?
    vec = VectorAssembler(inputCols=NUMERIC, outputCol="v", handleInvalid="skip").transform(df)
    print(Correlation.corr(vec, "v").head()[0])

    train, test = df.randomSplit([0.8, 0.2], seed=11)
    train.cache()
    print(train.count(), test.count())

    candidates = {
        "logreg": LogisticRegression(labelCol=LABEL, maxIter=8, regParam=0.01),
        "forest": RandomForestClassifier(labelCol=LABEL, numTrees=5, maxDepth=3, seed=3),
    }
    auc = BinaryClassificationEvaluator(labelCol=LABEL)
    f1 = MulticlassClassificationEvaluator(labelCol=LABEL, metricName="f1")
    results, models = [], {}
    for name, clf in candidates.items():
        model = build_pipeline(clf).fit(train)
        pred = model.transform(test).cache()
        results.append((name, auc.evaluate(pred), f1.evaluate(pred)))
        confusion(pred).show()
        models[name] = model
        pred.unpersist()

    board = spark.createDataFrame(results, ["model", "auc", "f1"])
    winner = board.orderBy(F.desc("auc")).first()
    board.coalesce(1).write.mode("overwrite").json(f"{out}/leaderboard")

    best = models[winner["model"]]
    lift(best.transform(test)).show()
    best.write().overwrite().save(out + "/model")

    # make sure that what we saved can score
    loaded = PipelineModel.load(out + "/model")
    scored = loaded.transform(features(spark.read.parquet(path).limit(200)))
    scored.select("id", "prediction").write.mode("overwrite").parquet(out + "/scores")
    print("flagged:", spark.read.parquet(out + "/scores").filter("prediction = 1.0").count())
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
