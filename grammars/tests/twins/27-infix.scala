import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions.{avg, col}

def cheaper(left: DataFrame, right: DataFrame): DataFrame = {
  val both = (left union right).distinct
  both where "price < 10" orderBy "price" limit 50
}

val shops = spark table "shops"
val goods = spark table "goods"
val prices = goods join (shops, "shop") groupBy "shop" agg (avg("price") as "price")
val low = cheaper(prices, spark.table("old_prices"))
println(low.count)
prices join (shops, Seq("shop", "day"), "left") filter (col("price") > 3) show 7
val lines = spark.sparkContext textFile "logs" map (line => line.lower)
(lines union (spark.sparkContext textFile "old")).distinct saveAsTextFile "out/lines"
(low drop "shop" intersect (prices select "price")).show
