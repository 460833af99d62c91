import org.apache.spark.sql.SparkSession

val spark = SparkSession.builder().master("local[*]").getOrCreate()
val sc = spark.sparkContext
val rates = sc.broadcast(Map("EUR" -> 1.1, "GBP" -> 1.3))
val orders = spark.table("orders").rdd

def converted(rdd: RDD[Row]) = rdd.map(row => (row(0), row(1) * rates.value(row(2))))

def sizes() = {
  val lines = sc.textFile("logs", 12)
  val long = lines.filter(line => line.length > 80)
  long.map(line => line.length).reduce((a, b) => a + b)
}

val amounts = converted(orders)
amounts.setName("amounts").cache()
println(amounts.count())
println(sizes())
amounts.foreach(pair => print(pair))
rates.unpersist()
rates.destroy()
val keyed = sc.parallelize(Seq(("a", 1), ("b", 2), ("c", 3)), 2)
println(keyed.lookup("a"))
println(keyed.zipWithIndex().glom().collect())
sc.stop()
