import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{avg, col, stddev}

def quality(spark: SparkSession, table: String) = {
  var base = spark.table(table)

  def outliers(name: String): DataFrame = {
    val stats = base.agg(avg(name).alias("mean"), stddev(name).alias("deviation"))
    base.crossJoin(stats).where(col(name) > col("mean") + col("deviation") * 3)
  }

  def missing(name: String) = base.filter(col(name).isNull).count()

  var attempt = 0
  while (attempt < 3) {
    attempt = attempt + 1
    base = base.dropDuplicates()
  }
  for (name <- Seq("amount", "price")) {
    outliers(name).write.mode("append").saveAsTable("outliers")
    println(missing(name))
  }
  base.summary()
}

def main(): Unit = {
  val spark = SparkSession.builder().getOrCreate()
  try {
    quality(spark, "orders").show()
  } finally {
    spark.stop()
  }
}

main()
