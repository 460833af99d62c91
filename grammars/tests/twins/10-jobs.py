from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col


class Job:
    def read(spark: SparkSession, path: str) -> DataFrame:
        return spark.readStream.format("kafka").option("subscribe", path).load()

    def write(events: DataFrame):
        def save(batch: DataFrame, id: int):
            batch.write.mode("append").saveAsTable("events")
        query = events.writeStream.trigger("10 seconds").foreachBatch(save).start()
        query.awaitTermination()


rows = [(1, f"name {1}"), (2, "b")]
frame = spark.createDataFrame(rows)
total = frame.selectExpr("_1 as id").rdd.map(lambda row: row[0]).fold(0, lambda a, b: a + b)
frame.foreachPartition(lambda part: print(part))
bounded = frame.crossJoin(frame.limit(5)).sample(0.1).head(3)
