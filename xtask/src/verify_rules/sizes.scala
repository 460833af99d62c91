// Makes small datasets and prints of each its place, how many rows it has, and whether Spark copies it to join it with a large one.
// The datasets are put in where their name stands.

object Sizes {
  import org.apache.spark.sql.{DataFrame, SparkSession}
  import org.apache.spark.sql.functions._

  private def joined(orders: DataFrame, made: DataFrame): String = {
    val plan = orders.join(made, "customer_id").queryExecution.executedPlan.toString
    if (plan.contains("BroadcastHashJoin")) "broadcast"
    else if (plan.contains("SortMergeJoin")) "shuffle"
    else plan.linesIterator.next()
  }

  private def ask(place: Int, orders: DataFrame, counted: Boolean, planned: Boolean)(make: => DataFrame): Unit = {
    val answer =
      try {
        val made = make
        val rows = if (counted) made.count().toString else "-"
        rows + "\t" + (if (planned) joined(orders, made) else "-")
      } catch { case error: Throwable => "error\t" + error.toString.linesIterator.next() }
    println(place.toString + "\t" + answer)
  }

  def main(arguments: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val sc = spark.sparkContext
    sc.setLogLevel("OFF")

    spark.range(10000000).selectExpr("id AS customer_id", "double(id) AS amount").createTempView("orders")
    val orders = spark.table("orders")
    val few = (0 until 5).map(i => (i.toLong, s"name $i")).toDF("customer_id", "name").coalesce(1)
    few.write.option("header", "true").csv("small.csv")
    few.write.json("small.json")
    few.write.parquet("small.parquet")

    // DATASETS
    spark.stop()
  }
}
