import org.apache.spark.sql.functions._
import spark.implicits._

val orders = spark.table("shop.orders")
val stores = spark.read.parquet("data/stores")
val joined = orders.join(broadcast(stores), orders("store_id") === stores("id"), "left")
val status = when($"paid" && !$"refunded", lit("open")).otherwise(lit("closed"))
val totals = joined
  .withColumn("status", status)
  .groupBy("country", "status")
  .agg(sum("amount").as("total"), count(lit(1)).alias("orders"))
  .orderBy($"total".desc)
val overall = joined.agg(sum($"amount"))
val first = overall.collect()(0)
totals.show(20)
