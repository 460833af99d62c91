from functools import reduce

from pyspark.sql.functions import col, lit

df = spark.read.table("wide")
for name in ["a", "b", "c"]:
    df = df.withColumn(name, lit(0))
for i in range(10):
    df = df.union(df.filter(col("a") > 1))
    df.count()
while True:
    df = df.repartition(10)
    break
for row in df.collect():
    print(row)
df.write.saveAsTable("out")
named = reduce(lambda frame, name: frame.withColumn(name, lit(1)), ["d", "e"], df)
named.show()
