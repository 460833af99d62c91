import org.apache.spark.ml.Pipeline
import org.apache.spark.ml.classification.LogisticRegression
import org.apache.spark.ml.evaluation.BinaryClassificationEvaluator
import org.apache.spark.ml.feature.{StringIndexer, VectorAssembler}
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, when}

def features(raw: DataFrame): DataFrame = {
  val labelled = raw.withColumn("label", when(col("churned"), 1.0).otherwise(0.0))
  labelled.na.drop().select("plan", "age", "visits", "label")
}

def train(training: DataFrame) = {
  val indexer = new StringIndexer().setInputCol("plan").setOutputCol("planIndex")
  val assembler = new VectorAssembler().setInputCols(Array("planIndex", "age", "visits")).setOutputCol("features")
  val regression = new LogisticRegression().setMaxIter(20).setRegParam(0.01)
  val pipeline = new Pipeline().setStages(Array(indexer, assembler, regression))
  pipeline.fit(training)
}

def main(): Unit = {
  val spark = SparkSession.builder().appName("churn").getOrCreate()
  val customers = features(spark.read.parquet("data/customers"))
  val Array(training, test) = customers.randomSplit(Array(0.8, 0.2), 7)
  training.cache()
  val model = train(training)
  val predictions = model.transform(test)
  val evaluator = new BinaryClassificationEvaluator().setMetricName("areaUnderROC")
  println(evaluator.evaluate(predictions))
  predictions.select("plan", "prediction").write.mode("overwrite").parquet("out/predictions")
  predictions.groupBy("prediction").count().show()
  training.unpersist()
  model.write.overwrite().save("models/churn")
}

main()
