import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.{functions => F}

val spark = SparkSession.builder().getOrCreate()
spark.conf.set("spark.sql.adaptive.enabled", "true")

def totals(session: SparkSession) = {
  val sales = session.table("sales").where(F.col("amount") > 0)
  val by_day = sales.groupBy("day").agg(F.sum("amount").alias("total"), F.countDistinct("customer").alias("buyers"))
  val cube = sales.cube("day", "shop").agg(F.avg("amount"))
  val rolled = sales.rollup("day", "shop").count()
  val wide = sales.groupBy("shop").pivot("day", Seq("mon", "tue")).sum("amount")
  val flat = sales.groupBy("shop").agg(F.collect_list("customer").alias("customers"), F.expr("percentile(amount, 0.5)"))
  val all_of_it = sales.agg(F.max("amount"), F.min("amount"))
  println(all_of_it.first())
  println(sales.select("day").distinct().count())
  cube.orderBy(F.desc("day"), F.col("shop").asc).show()
  rolled.filter("day IS NULL").collect()
  by_day.join(wide, by_day("day") === wide("shop")).join(flat, "shop")
}

val result = totals(spark)
result.sort("total").limit(10).show()
println(spark.conf.get("spark.sql.adaptive.enabled"))
