"""A streaming query over three files whose batches are written by a function, and one that aggregates into memory."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("streaming").getOrCreate()

for number in range(3):
    spark.range(number * 100, number * 100 + 100, 1, 1).write.mode("append").parquet("out/arrivals")


def keep(batch, number):
    batch.persist()
    print(number, len(batch.filter("id % 2 = 0").collect()))
    batch.write.mode("append").parquet("out/kept")
    batch.unpersist()


arrivals = spark.readStream.schema("id LONG").option("maxFilesPerTrigger", 1).parquet("out/arrivals")
query = arrivals.writeStream.foreachBatch(keep).option("checkpointLocation", "out/checkpoint").trigger(availableNow=True)
query.start().awaitTermination()

counts = arrivals.groupBy((arrivals.id % 5).alias("key")).count()
query = counts.writeStream.format("memory").queryName("counts").outputMode("complete").option("checkpointLocation", "out/counts").trigger(availableNow=True)
query.start().awaitTermination()
print(spark.table("counts").collect())

spark.stop()
