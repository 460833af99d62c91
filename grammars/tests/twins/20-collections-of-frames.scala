import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, lit}

def all_of(spark: SparkSession, names: Seq[String]): DataFrame = {
  val frames = names.map(name => spark.table(name).withColumn("source", lit(name)))
  frames.reduce((left, right) => left.unionByName(right))
}

def pair(spark: SparkSession) = (spark.table("a"), spark.table("b").limit(7))

val spark = SparkSession.builder().getOrCreate()
val (first, second) = pair(spark)
println(first.count())
println(second.collect())
for (frame <- Seq(first, second)) {
  frame.describe().show()
}
val named = Map("x" -> first.filter(col("id") > 1), "y" -> second)
named("x").write.parquet("out/x")
named("y").write.parquet("out/y")
for ((key, value) <- named) {
  value.write.mode("append").saveAsTable(key)
}
val everything = all_of(spark, Seq("a", "b", "c"))
everything.write.saveAsTable("everything")
val parts = everything.randomSplit(Array(0.7, 0.3), 42)
parts(0).write.orc("out/train")
