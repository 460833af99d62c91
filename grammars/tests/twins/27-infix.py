from pyspark.sql import DataFrame
from pyspark.sql.functions import avg, col


def cheaper(left: DataFrame, right: DataFrame) -> DataFrame:
    both = left.union(right).distinct()
    return both.where("price < 10").orderBy("price").limit(50)


shops = spark.table("shops")
goods = spark.table("goods")
prices = goods.join(shops, "shop").groupBy("shop").agg(avg("price").alias("price"))
low = cheaper(prices, spark.table("old_prices"))
print(low.count())
prices.join(shops, ["shop", "day"], "left").filter(col("price") > 3).show(7)
lines = spark.sparkContext.textFile("logs").map(lambda line: line.lower())
lines.union(spark.sparkContext.textFile("old")).distinct().saveAsTextFile("out/lines")
low.drop("shop").intersect(prices.select("price")).show()
