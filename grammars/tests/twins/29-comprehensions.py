from functools import reduce
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, lit

spark = SparkSession.builder.getOrCreate()
names = ["a", "b", "c"]
frames = [spark.table(name) for name in names]
everything = reduce(lambda left, right: left.union(right), frames)
everything.show()
for name in names:
    for year in range(2020, 2024):
        part = spark.read.parquet(f"data/{name}/{year}").withColumn("year", lit(year))
        part.write.mode("append").saveAsTable(name)
wide = everything.select(*[col(name) for name in names])
wide.describe().show()
for frame in frames:
    frame.filter(col("id") > 1).write.json("out/some")
counts = [frame.count() for frame in frames]
print(counts)
