from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, window


class Stream:
    def read(spark: SparkSession, topic: str) -> DataFrame:
        raw = spark.readStream.format("kafka").option("subscribe", topic).option("startingOffsets", "latest").load()
        return raw.selectExpr("CAST(value AS STRING) AS value", "timestamp AS time")

    def save(batch: DataFrame, id: int):
        batch.persist()
        batch.write.mode("append").parquet("out/events")
        print(batch.count())
        batch.unpersist()

    def run(spark: SparkSession):
        events = Stream.read(spark, "events").withWatermark("time", "10 minutes")
        counts = events.groupBy(window(col("time"), "5 minutes"), col("value")).count()
        console = counts.writeStream.outputMode("complete").format("console").start()
        sink = events.writeStream.option("checkpointLocation", "chk").foreachBatch(Stream.save).start()
        console.awaitTermination()
        sink.stop()


Stream.run(SparkSession.builder.getOrCreate())
