"""Four reports on scored readings: each one reads the file and scores it again."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("recomputed").getOrCreate()

spark.range(150_000).withColumn("sensor", F.col("id") % 40).write.mode("overwrite").parquet("out/readings")

scored = spark.read.parquet("out/readings").withColumn(
    "score", F.expr("aggregate(sequence(1, 300), id, (total, step) -> (total * 31 + step) % 1000003)")
)
print(scored.groupBy("sensor").agg(F.max("score")).collect())
print(scored.groupBy("sensor").agg(F.min("score")).collect())
print(scored.groupBy("sensor").agg(F.avg("score")).collect())
print(scored.groupBy("sensor").agg(F.stddev("score")).collect())

spark.stop()
