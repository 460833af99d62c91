import org.apache.spark.sql.functions.{col, lit}

var df = spark.read.table("wide")
for (name <- Seq("a", "b", "c")) {
  df = df.withColumn(name, lit(0))
}
for (i <- 0 until 10) {
  df = df.union(df.filter(col("a") > 1))
  df.count()
}
while (true) {
  df = df.repartition(10)
}
for (row <- df.collect()) {
  println(row)
}
df.write.saveAsTable("out")
val named = Seq("d", "e").foldLeft(df) { case (frame, name) => frame.withColumn(name, lit(1)) }
named.show()
