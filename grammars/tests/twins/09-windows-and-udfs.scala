import org.apache.spark.sql.functions.{col, row_number, udf}
import org.apache.spark.sql.expressions.Window

val w = Window.partitionBy("user").orderBy(col("time").desc)
val shorten = udf((text: String) => text.strip)
val events = spark.read.parquet("data/events")
val ranked = events.withColumn("rank", row_number().over(w)).filter(col("rank") === 1)
val named = ranked.select(shorten(col("name")).as("name"), col("time").isNotNull, col("x").between(1, -2))
named.describe("name").show()
val Array(train, test) = named.randomSplit(Array(0.8, 0.2))
train.write.text("out/train")
test.write.text("out/test")
