import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions.{col, lit, max, rank, when}

val spark = SparkSession.builder().master("local[*]").appName("small").getOrCreate()
val sc = spark.sparkContext
val numbers = spark.range(1000).toDF("id")
val keys = Seq("id", "day")
val shown = Seq("id", "amount")
val raw = spark.read.format("json").option("multiLine", true).load("raw")
val kept = raw.select(shown: _*).filter(raw("amount").between(1, 10)).filter(col("id").isin(1, 2, 3))
val graded = kept.withColumn("grade", when(col("amount") > 8, "high").when(col("amount") > 4, "middle").otherwise("low"))
var counted = raw.groupBy(keys: _*).agg(max("amount").alias("most"), max(col("id")))
val ordered = Window.partitionBy("id").orderBy(col("amount").desc).rangeBetween(Window.unboundedPreceding, Window.currentRow)
val ranked = graded.withColumn("rank", rank().over(ordered)).filter((col("rank") === 1) && !col("grade").isNull)
val squares = sc.parallelize(0 until 100, 4).map(n => n * n).filter(n => n % 2 == 0)
println(squares.sum(), squares.max(), squares.take(3))
val parts = squares.mapPartitions(part => part).zipWithIndex()
println(parts.first())
val words = sc.textFile("words").flatMap(line => line.split(" ")).map(word => (word, 1))
val counts = words.reduceByKey((a, b) => a + b).sortBy(pair => pair._2, false)
counts.saveAsTextFile("counts")
for ((word, count) <- counts.take(5)) {
  println(word, count)
}
if (ranked.head(1).nonEmpty) {
  println("some")
}
if (numbers.count() == 0) {
  println("none")
}
if (numbers.filter(col("id") > lit(5)).limit(1).count() > 0) {
  println("more")
}
while (counted.count() > 100) {
  counted = counted.filter(col("most") > 1)
}
val local = counted.collect()
var total = 0
for (row <- local) {
  total = total + row(1)
}
counted.write.format("delta").option("mergeSchema", "true").mode("append").partitionBy("day").save("lake/counted")
ranked.join(counted.hint("broadcast"), Seq("id"), "inner").drop("grade").sort("id").write.csv("out")
spark.stop()
