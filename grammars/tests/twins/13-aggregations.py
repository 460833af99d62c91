from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.adaptive.enabled", "true")


def totals(session: SparkSession):
    sales = session.table("sales").where(F.col("amount") > 0)
    by_day = sales.groupBy("day").agg(F.sum("amount").alias("total"), F.countDistinct("customer").alias("buyers"))
    cube = sales.cube("day", "shop").agg(F.avg("amount"))
    rolled = sales.rollup("day", "shop").count()
    wide = sales.groupBy("shop").pivot("day", ["mon", "tue"]).sum("amount")
    flat = sales.groupBy("shop").agg(F.collect_list("customer").alias("customers"), F.expr("percentile(amount, 0.5)"))
    all_of_it = sales.agg(F.max("amount"), F.min("amount"))
    print(all_of_it.first())
    print(sales.select("day").distinct().count())
    cube.orderBy(F.desc("day"), F.col("shop").asc()).show()
    rolled.filter("day IS NULL").collect()
    return by_day.join(wide, by_day["day"] == wide["shop"]).join(flat, "shop")


result = totals(spark)
result.sort("total").limit(10).show()
print(spark.conf.get("spark.sql.adaptive.enabled"))
