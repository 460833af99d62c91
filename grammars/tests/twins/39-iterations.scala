import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, lit}

def ranked(edges: DataFrame, rounds: Int): DataFrame = {
  var ranks = edges.select("source").distinct().withColumn("rank", lit(1.0))
  for (i <- 0 until rounds) {
    val contributions = edges.join(ranks, "source").groupBy("target").sum("rank")
    ranks = contributions.withColumnRenamed("target", "source").persist()
    if (i % 5 == 0) {
      ranks = ranks.checkpoint()
    }
  }
  ranks
}

val spark = SparkSession.builder().getOrCreate()
spark.sparkContext.setCheckpointDir("chk")
val edges = spark.read.parquet("edges").repartition(100, col("source"))
edges.cache()
var result = ranked(edges, 20)
var changed = 1L
while (changed > 0) {
  val before = result
  result = result.union(edges).dropDuplicates(Seq("source"))
  changed = result.exceptAll(before).count()
}
result.write.mode("overwrite").parquet("ranks")
for (part <- Seq(edges, result)) {
  part.unpersist()
}
