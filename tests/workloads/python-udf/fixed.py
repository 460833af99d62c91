"""Counts messages by the domain of their sender, which built-in functions take out of the address."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("python-udf").getOrCreate()

messages = spark.range(2_000_000).select(F.format_string("Sender%d@Host%d.Example", "id", F.col("id") % 100).alias("sender"))
domain = F.lower(F.substring_index("sender", "@", -1))
print(messages.groupBy(domain).count().collect())

spark.stop()
