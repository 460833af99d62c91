import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions.{col, lit, lower, trim}

def normalised(df: DataFrame): DataFrame = df.toDF("id", "name", "email").na.fill("")

def deduplicated(df: DataFrame): DataFrame = df.dropDuplicates(Seq("id"))

def cleaned(df: DataFrame): DataFrame =
  Seq("name", "email").foldLeft(df)((it, name) => it.withColumn(name, lower(trim(col(name)))))

val people = spark.read.option("header", "true").csv("people")
val result = people
  .transform(normalised)
  .transform(deduplicated)
  .transform(df => df.filter(col("id").isNotNull))
  .transform(cleaned)
val flagged = Seq("new", "gone").foldLeft(result)((df, flag) => df.withColumn(flag, lit(false)))
flagged.repartition(16).write.mode("overwrite").parquet("out/people")
println(flagged.where(col("email").contains("@")).count())
