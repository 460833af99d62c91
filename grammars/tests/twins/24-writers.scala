import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, current_date}

def publish(df: DataFrame, name: String, fresh: Boolean): Unit = {
  val stamped = df.withColumn("published", current_date())
  if (fresh) {
    stamped.writeTo(name).using("iceberg").createOrReplace()
  } else {
    stamped.writeTo(name).append()
  }
  stamped.sortWithinPartitions("id").write.format("delta").mode("append").save("lake")
}

def archive(df: DataFrame): Unit = {
  for (year <- Seq(2021, 2022, 2023)) {
    val part = df.where(col("year") === year)
    part.write.mode("overwrite").bucketBy(8, "id").sortBy("id").saveAsTable("archive")
  }
  df.coalesce(1).write.option("compression", "gzip").csv("archive.csv")
  df.writeTo("history").overwritePartitions()
}

def main(spark: SparkSession): Unit = {
  val orders = spark.table("orders")
  publish(orders, "shop.orders", true)
  publish(orders.limit(100), "shop.sample", false)
  archive(orders.drop("secret"))
}

main(SparkSession.builder().getOrCreate())
