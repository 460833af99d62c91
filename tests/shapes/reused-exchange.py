"""One shuffle and one broadcast that a plan reads twice, and a partition filter that comes from the other side of a join."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("reused-exchange").getOrCreate()

orders = spark.range(20_000).select((F.col("id") % 300).alias("customer"), F.col("id").alias("amount"), (F.col("id") % 6).alias("month"))
totals = orders.groupBy("customer").agg(F.sum("amount").alias("total"))
print(totals.alias("a").join(totals.alias("b").hint("merge"), "customer").filter("a.total >= b.total").groupBy().count().collect())

few = F.broadcast(spark.range(20).withColumnRenamed("id", "customer"))
print(orders.join(few, "customer").union(orders.filter("amount > 100").join(few, "customer")).groupBy().count().collect())

orders.write.partitionBy("month").mode("overwrite").parquet("out/orders")
months = spark.createDataFrame([(1, "January"), (2, "February"), (3, "March")], ["month", "name"])
print(spark.read.parquet("out/orders").join(months.filter("name LIKE '%uary'"), "month").groupBy("name").count().collect())

spark.stop()
