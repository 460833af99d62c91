import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, trim}

def trimmed(df: DataFrame): DataFrame = df.withColumn("name", trim(col("name")))

def known(df: DataFrame): DataFrame = df.filter(col("name").isNotNull)

def apply(df: DataFrame, name: String): DataFrame = df.drop(name)

val spark = SparkSession.builder().getOrCreate()
val people = spark.table("people")
val steps = Seq(trimmed _, known _)
val result = steps.foldLeft(people)((df, step) => step(df))
for (step <- steps) {
  step(people).show()
}
val fewer = Seq("a", "b", "c").foldLeft(result)(apply)
fewer.write.parquet("out/people")
val chained = known(trimmed(people))
println(chained.count())
val tables = Map("first" -> people, "second" -> fewer)
tables.foreach { case (name, table) =>
  table.write.mode("overwrite").saveAsTable(name)
}
println(tables("second").count())
