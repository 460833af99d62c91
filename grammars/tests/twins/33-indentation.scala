import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

class Job(spark: SparkSession):
  def orders(day: String): DataFrame =
    if day == "all" then
      spark.table("orders")
    else
      spark.table("orders").where(col("day") === day)

  def run(days: Seq[String]): Unit =
    for day <- days do
      val orders = this.orders(day)
      try
        orders.write.mode("append").saveAsTable("daily")
      catch
        case e: Exception =>
          orders.limit(10).show()
    var rest = 3
    while rest > 0 do
      rest = rest - 1
      println(spark.table("daily").count())
end Job

def main(): Unit =
  val spark = SparkSession.builder().appName("indented").getOrCreate()
  Job(spark).run(Seq("monday", "tuesday"))
  spark.stop()

main()
