from pyspark.sql.functions import approx_count_distinct, col, corr, skewness

measures = spark.read.parquet("measures")
filled = measures.na.fill(0, ["a", "b"]).na.drop("any", ["c"]).na.replace("d", {"x": "y"})
quantiles = filled.stat.approxQuantile("a", [0.5, 0.9], 0.01)
print(quantiles)
print(filled.stat.corr("a", "b"))
filled.stat.crosstab("c", "d").show()
filled.stat.freqItems(["c", "d"], 0.3).show()
sampled = filled.sample(False, 0.1, 7)
summary = sampled.summary("mean", "max")
summary.show()
grouped = sampled.groupBy("c").agg(approx_count_distinct("d").alias("d"), corr("a", "b"), skewness(col("a")))
print(grouped.collect())
