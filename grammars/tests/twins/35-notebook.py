# Databricks notebook source
from pyspark.sql.functions import col, count, lit

# COMMAND ----------

orders = spark.table("shop.orders")
display(orders.limit(10))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Daily totals

# COMMAND ----------

daily = orders.groupBy("day").agg(count(lit(1)).alias("orders"))
daily.createOrReplaceTempView("daily")
display(daily)

# COMMAND ----------

busy = spark.sql("SELECT day, orders FROM daily WHERE orders > 10")
display(busy)

# COMMAND ----------

path = dbutils.widgets.get("path")
daily.filter(col("orders") > 10).write.mode("overwrite").parquet("out/daily")
sc.textFile("logs").map(lambda line: line.lower()).saveAsTextFile("out/logs")
