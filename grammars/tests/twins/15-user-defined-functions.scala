import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions.{col, struct, udf}

def clean(text: String) = text.strip()

val spark = SparkSession.builder().getOrCreate()
val trimmed = udf(clean _)
val doubled = udf((n: Int) => n * 2)
spark.udf.register("clean", clean _)
spark.udf.register("half", (n: Int) => n / 2)
val people = spark.read.table("people")
val named = people.select(trimmed(col("name")).alias("name"), doubled(col("age")).alias("age"))
val nested = named.withColumn("both", struct("name", "age")).filter(doubled("age") > 10)
nested.show()
spark.sql("SELECT clean(name), half(age) FROM people").show()
named.selectExpr("half(age) AS half").write.csv("out/half")
people.rdd.map(row => clean(row(0))).distinct().saveAsTextFile("out/names")
