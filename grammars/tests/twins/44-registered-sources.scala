import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, to_date, sum => total}

import scala.collection.mutable

def orders(spark: SparkSession): DataFrame = spark.read.option("header", true).csv("orders")

def customers(spark: SparkSession): DataFrame = spark.read.parquet("customers")

def register(spark: SparkSession, frames: Map[String, DataFrame]): Unit =
  for ((name, frame) <- frames) {
    frame.createOrReplaceTempView(name)
    println(name)
  }

def daily(spark: SparkSession): DataFrame = {
  val recent = spark.sql("SELECT id, customer, amount, day FROM orders WHERE amount > 10")
  recent.createOrReplaceTempView("recent")
  spark.table("recent").join(spark.table("customers"), "customer").groupBy(to_date(col("day")).alias("day")).agg(total("amount").alias("amount"))
}

val spark = SparkSession.builder().enableHiveSupport().getOrCreate()
val orders_by_id = orders(spark)
orders_by_id.createOrReplaceTempView("orders")
val frames = mutable.Map("customers" -> customers(spark), "products" -> spark.table("products"))
register(spark, frames)
val report = daily(spark)
frames("report") = report
for (name <- Seq("report", "products")) {
  println(frames(name).count())
}
val size = report.count()
if (size > 1000) {
  report.write.mode("append").saveAsTable("daily")
} else if (size > 0) {
  report.coalesce(1).write.csv("daily")
} else {
  println("nothing")
}
val best = report.orderBy(col("amount").desc).first()
println(best("day"), best(1))
val rows = for (row <- report.select("day").collect() if row("day") != null) yield row("day")
println(rows.length)
