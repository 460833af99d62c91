import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

case class Job(spark: SparkSession, root: String) {
  def orders(): DataFrame = {
    spark.read.parquet("orders")
  }

  def customers(): DataFrame = spark.table("customers").cache()

  def enriched(): DataFrame = {
    val orders = this.orders()
    orders.join(customers(), "customer").where(col("amount") > 10)
  }

  def run(limit: Int): Unit = {
    val result = enriched()
    result.write.mode("overwrite").saveAsTable("enriched")
    println(spark.table("enriched").limit(5).collect())
  }
}

val job = Job(SparkSession.builder().getOrCreate(), "data")
job.run(10)
job.orders().show()
