"""Counts messages by the domain of their sender, which a Python function takes out of the address."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("python-udf").getOrCreate()


@F.udf("string")
def domain(address):
    name, _, domain = address.partition("@")
    return domain.lower()


messages = spark.range(2_000_000).select(F.format_string("Sender%d@Host%d.Example", "id", F.col("id") % 100).alias("sender"))
print(messages.groupBy(domain("sender")).count().collect())

spark.stop()
