"""Looks for each sensor's largest reading; the readings are shuffled twice, because the reuse of exchanges is switched off."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("repeated-shuffle").config("spark.sql.exchange.reuse", "false").getOrCreate()

readings = spark.range(4_000_000).select((F.col("id") * 7919 % 100_003).alias("sensor"), F.xxhash64("id").alias("value"))
by_sensor = readings.repartition(8, "sensor")
top = by_sensor.groupBy("sensor").agg(F.max("value").alias("top"))
print(by_sensor.join(top, "sensor").filter("value >= top").groupBy().count().collect())

spark.stop()
