from pyspark.sql.functions import col, row_number, udf
from pyspark.sql.window import Window

w = Window.partitionBy("user").orderBy(col("time").desc())
shorten = udf(lambda text: text.strip())
events = spark.read.parquet("data/events")
ranked = events.withColumn("rank", row_number().over(w)).filter(col("rank") == 1)
named = ranked.select(shorten(col("name")).alias("name"), col("time").isNotNull(), col("x").between(1, -2))
named.describe("name").show()
train, test = named.randomSplit([0.8, 0.2])
train.write.text("out/train")
test.write.text("out/test")
