import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, window}

object Stream {
  def read(spark: SparkSession, topic: String): DataFrame = {
    val raw = spark.readStream.format("kafka").option("subscribe", topic).option("startingOffsets", "latest").load()
    raw.selectExpr("CAST(value AS STRING) AS value", "timestamp AS time")
  }

  def save(batch: DataFrame, id: Long): Unit = {
    batch.persist()
    batch.write.mode("append").parquet("out/events")
    println(batch.count())
    batch.unpersist()
  }

  def run(spark: SparkSession): Unit = {
    val events = Stream.read(spark, "events").withWatermark("time", "10 minutes")
    val counts = events.groupBy(window(col("time"), "5 minutes"), col("value")).count()
    val console = counts.writeStream.outputMode("complete").format("console").start()
    val sink = events.writeStream.option("checkpointLocation", "chk").foreachBatch(Stream.save _).start()
    console.awaitTermination()
    sink.stop()
  }
}

Stream.run(SparkSession.builder().getOrCreate())
