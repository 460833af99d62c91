import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

trait Step {
  val spark: SparkSession

  def table(name: String): DataFrame =
    spark.table(name).where(col("day") === "2024-01-01")

  def read(name: String): DataFrame = spark.read.option("header", true).csv(name)
}

class Orders extends Step {
  def run(): Unit = {
    val orders = table("orders")
    orders.cache()
    println(orders.count())
    orders.write.insertInto("daily_orders")
  }
}

class Customers extends Step {
  def all(): DataFrame = read("customers")

  def run(): Unit = {
    val joined = all().join(table("orders"), "customer")
    joined.write.mode("overwrite").saveAsTable("customers")
  }
}
