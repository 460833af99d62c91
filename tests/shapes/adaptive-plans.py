"""Plans that change while they run: partitions are coalesced, a sort-merge join becomes a broadcast, a skewed partition is split, an
empty side makes the rest needless."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("adaptive-plans").getOrCreate()

orders = spark.range(60_000).select((F.col("id") % 300).alias("customer"), (F.xxhash64("id") % 1_000).alias("amount"))
customers = spark.range(300).select(F.col("id").alias("customer"), F.format_string("customer %d", "id").alias("name"))

# The filter's result is far smaller than its estimate.
few = customers.filter(F.col("name").like("%77%"))
print(orders.join(few, "customer").groupBy("name").agg(F.sum("amount")).collect())

spark.conf.set("spark.sql.adaptive.autoBroadcastJoinThreshold", "-1")
skewed = orders.withColumn("customer", F.when(F.col("amount") % 10 != 0, 0).otherwise(F.col("customer")))
print(skewed.join(customers.hint("merge"), "customer").groupBy("name").count().orderBy("name").collect()[:3])

none = customers.filter(F.length("name") > 100)
print(orders.join(none, "customer").groupBy("name").count().collect())

spark.stop()
