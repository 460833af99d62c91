// Databricks notebook source
import org.apache.spark.sql.functions.{col, count, lit}

// COMMAND ----------

val orders = spark.table("shop.orders")
display(orders.limit(10))

// COMMAND ----------

// MAGIC %md
// MAGIC ## Daily totals

// COMMAND ----------

val daily = orders.groupBy("day").agg(count(lit(1)).alias("orders"))
daily.createOrReplaceTempView("daily")
display(daily)

// COMMAND ----------

val busy = spark.sql("SELECT day, orders FROM daily WHERE orders > 10")
display(busy)

// COMMAND ----------

val path = dbutils.widgets.get("path")
daily.filter(col("orders") > 10).write.mode("overwrite").parquet("out/daily")
sc.textFile("logs").map(line => line.lower()).saveAsTextFile("out/logs")
