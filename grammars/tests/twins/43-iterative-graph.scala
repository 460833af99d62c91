import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.{functions => F}

class Components(spark: SparkSession, edges: DataFrame, limit: Int) {
  def start(): DataFrame =
    edges.select(F.col("from").alias("id")).distinct().withColumn("component", F.col("id"))

  def step(vertices: DataFrame): DataFrame = {
    val messages = edges.join(vertices, edges("from") === vertices("id")).groupBy("to").agg(F.min("component").alias("smallest"))
    val joined = vertices.join(messages, vertices("id") === messages("to"), "left")
    joined.select("id", F.least("component", "smallest").alias("component"))
  }

  def run(): DataFrame = {
    var vertices = start()
    var round = 0
    var changed = 1
    while (changed > 0 && round < limit) {
      var following = step(vertices).persist()
      changed = following.join(vertices, Seq("id", "component"), "left_anti").count()
      if (round % 5 == 0) {
        following = following.checkpoint()
      }
      vertices.unpersist()
      vertices = following
      round = round + 1
    }
    vertices
  }
}

val spark = SparkSession.builder().appName("components").getOrCreate()
spark.sparkContext.setCheckpointDir("checkpoints")
val components = new Components(spark, spark.table("edges").cache(), 20)
val found = components.run()
found.groupBy("component").count().orderBy(F.desc("count")).show(10)
found.write.mode("overwrite").saveAsTable("components")
