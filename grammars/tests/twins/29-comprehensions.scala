import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions.{col, lit}

val spark = SparkSession.builder().getOrCreate()
val names = Seq("a", "b", "c")
val frames = for (name <- names) yield spark.table(name)
val everything = frames.reduce((left, right) => left.union(right))
everything.show()
for (name <- names; year <- 2020 until 2024) {
  val part = spark.read.parquet(s"data/$name/$year").withColumn("year", lit(year))
  part.write.mode("append").saveAsTable(name)
}
val wide = everything.select((for (name <- names) yield col(name)): _*)
wide.describe().show()
for (frame <- frames) frame.filter(col("id") > 1).write.json("out/some")
val counts = for (frame <- frames) yield frame.count()
println(counts)
