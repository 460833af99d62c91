import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

def load(spark: SparkSession, name: String = "orders", limit: Int = 1000): DataFrame =
  spark.table(name).limit(limit)

def save(df: DataFrame, path: String, mode: String = "append", format: String = "parquet"): Unit = {
  df.write.mode(mode).format(format).save(path)
}

val spark = SparkSession.builder().getOrCreate()
val orders = load(spark)
val customers = load(spark, name = "customers")
val few = load(limit = 5, spark = spark, name = "few")
val joined = orders.join(customers, on = "customer", how = "left")
save(joined, "out/joined")
save(path = "out/few", df = few, mode = "overwrite")
save(customers.filter(col("active")), "out/customers", format = "orc")
few.show(n = 3, truncate = false)
