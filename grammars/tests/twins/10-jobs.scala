import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

object Job {
  def read(spark: SparkSession, path: String): DataFrame = {
    spark.readStream.format("kafka").option("subscribe", path).load()
  }

  def write(events: DataFrame): Unit = {
    def save(batch: DataFrame, id: Long): Unit = {
      batch.write.mode("append").saveAsTable("events")
    }
    val query = events.writeStream.trigger("10 seconds").foreachBatch(save).start()
    query.awaitTermination()
  }
}

val rows = Seq((1, s"name ${1}"), (2, "b"))
val frame = spark.createDataFrame(rows)
val total = frame.selectExpr("_1 as id").rdd.map(row => row(0)).fold(0)((a, b) => a + b)
frame.foreachPartition(part => print(part))
val bounded = frame.crossJoin(frame.limit(5)).sample(0.1).head(3)
