from pyspark.sql import SparkSession, Window
from pyspark.sql.functions import col, lit, max, rank, when

spark = SparkSession.builder.master("local[*]").appName("small").getOrCreate()
sc = spark.sparkContext
numbers = spark.range(1000).toDF("id")
keys = ["id", "day"]
shown = ["id", "amount"]
raw = spark.read.format("json").option("multiLine", True).load("raw")
kept = raw.select(*shown).filter(raw["amount"].between(1, 10)).filter(col("id").isin([1, 2, 3]))
graded = kept.withColumn("grade", when(col("amount") > 8, "high").when(col("amount") > 4, "middle").otherwise("low"))
counted = raw.groupBy(*keys).agg(max("amount").alias("most"), max(col("id")))
ordered = Window.partitionBy("id").orderBy(col("amount").desc()).rangeBetween(Window.unboundedPreceding, Window.currentRow)
ranked = graded.withColumn("rank", rank().over(ordered)).filter((col("rank") == 1) & ~col("grade").isNull())
squares = sc.parallelize(range(100), 4).map(lambda n: n * n).filter(lambda n: n % 2 == 0)
print(squares.sum(), squares.max(), squares.take(3))
parts = squares.mapPartitions(lambda part: part).zipWithIndex()
print(parts.first())
words = sc.textFile("words").flatMap(lambda line: line.split(" ")).map(lambda word: (word, 1))
counts = words.reduceByKey(lambda a, b: a + b).sortBy(lambda pair: pair[1], False)
counts.saveAsTextFile("counts")
for word, count in counts.take(5):
    print(word, count)
if ranked.head(1):
    print("some")
if numbers.count() == 0:
    print("none")
if numbers.filter(col("id") > lit(5)).limit(1).count() > 0:
    print("more")
while counted.count() > 100:
    counted = counted.filter(col("most") > 1)
local = counted.collect()
total = 0
for row in local:
    total = total + row[1]
counted.write.format("delta").option("mergeSchema", "true").mode("append").partitionBy("day").save("lake/counted")
ranked.join(counted.hint("broadcast"), ["id"], "inner").drop("grade").sort("id").write.csv("out")
spark.stop()
