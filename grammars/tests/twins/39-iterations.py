from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, lit


def ranked(edges: DataFrame, rounds: int) -> DataFrame:
    ranks = edges.select("source").distinct().withColumn("rank", lit(1.0))
    for i in range(rounds):
        contributions = edges.join(ranks, "source").groupBy("target").sum("rank")
        ranks = contributions.withColumnRenamed("target", "source").persist()
        if i % 5 == 0:
            ranks = ranks.checkpoint()
    return ranks


spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setCheckpointDir("chk")
edges = spark.read.parquet("edges").repartition(100, col("source"))
edges.cache()
result = ranked(edges, 20)
changed = 1
while changed > 0:
    before = result
    result = result.union(edges).dropDuplicates(["source"])
    changed = result.exceptAll(before).count()
result.write.mode("overwrite").parquet("ranks")
for part in [edges, result]:
    part.unpersist()
