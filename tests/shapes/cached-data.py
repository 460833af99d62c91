"""A cached dataset that is read by several queries, one that does not fit into memory, and one that is dropped; block updates are logged."""

from hashlib import sha512

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("cached-data").getOrCreate()

orders = spark.range(100_000, numPartitions=4).select((F.col("id") % 30).alias("customer"), F.col("id").alias("amount"))
orders.cache()
print(orders.groupBy("customer").count().collect()[:2])
print(orders.filter("amount < 5").collect())
orders.unpersist(blocking=True)

large = spark.sparkContext.range(3_000_000, numSlices=8).map(lambda n: (n, sha512(str(n).encode()).digest())).persist(StorageLevel.MEMORY_ONLY)
print(large.count())
print(large.filter(lambda pair: pair[0] < 3).collect())

spark.stop()
