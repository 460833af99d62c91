import org.apache.spark.sql.{DataFrame, SparkSession}

def read_orders(spark: SparkSession, root: String): DataFrame = {
  val reader = spark.read.format("csv").option("header", "true").option("inferSchema", true)
  reader.load(root + "/orders")
}

def read_lines(spark: SparkSession, root: String): DataFrame =
  spark.read
    .schema("id INT, price DOUBLE")
    .option("mode", "DROPMALFORMED")
    .json(s"$root/lines")

def main(): Unit = {
  val spark = SparkSession.builder().appName("readers").config("spark.sql.shuffle.partitions", 8).getOrCreate()
  val orders = read_orders(spark, "data")
  val lines = read_lines(spark, "data")
  val table = spark.read.jdbc("jdbc:postgresql://db/shop", "customers")
  val archive = spark.read.option("mergeSchema", "true").parquet("old/a", "old/b")
  val texts = spark.read.text("notes")
  println(orders.count(), lines.count())
  archive.unionByName(orders).write.mode("overwrite").partitionBy("day").orc("out/orders")
  table.write.format("avro").save("out/customers")
  texts.write.mode("ignore").text("out/notes")
}

main()
