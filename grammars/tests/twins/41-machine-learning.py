from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, when


def features(raw: DataFrame) -> DataFrame:
    labelled = raw.withColumn("label", when(col("churned"), 1.0).otherwise(0.0))
    return labelled.na.drop().select("plan", "age", "visits", "label")


def train(training: DataFrame):
    indexer = StringIndexer().setInputCol("plan").setOutputCol("planIndex")
    assembler = VectorAssembler().setInputCols(["planIndex", "age", "visits"]).setOutputCol("features")
    regression = LogisticRegression().setMaxIter(20).setRegParam(0.01)
    pipeline = Pipeline().setStages([indexer, assembler, regression])
    return pipeline.fit(training)


def main():
    spark = SparkSession.builder.appName("churn").getOrCreate()
    customers = features(spark.read.parquet("data/customers"))
    training, test = customers.randomSplit([0.8, 0.2], 7)
    training.cache()
    model = train(training)
    predictions = model.transform(test)
    evaluator = BinaryClassificationEvaluator().setMetricName("areaUnderROC")
    print(evaluator.evaluate(predictions))
    predictions.select("plan", "prediction").write.mode("overwrite").parquet("out/predictions")
    predictions.groupBy("prediction").count().show()
    training.unpersist()
    model.write().overwrite().save("models/churn")


main()
