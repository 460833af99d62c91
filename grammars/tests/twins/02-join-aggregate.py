from pyspark.sql.functions import broadcast, col, count, lit, sum, when

orders = spark.table("shop.orders")
stores = spark.read.parquet("data/stores")
joined = orders.join(broadcast(stores), orders["store_id"] == stores["id"], "left")
status = when(col("paid") & ~col("refunded"), lit("open")).otherwise(lit("closed"))
totals = (
    joined
    .withColumn("status", status)
    .groupBy("country", "status")
    .agg(sum("amount").alias("total"), count(lit(1)).alias("orders"))
    .orderBy(col("total").desc())
)
overall = joined.agg(sum(col("amount")))
first = overall.collect()[0]
totals.show(20)
