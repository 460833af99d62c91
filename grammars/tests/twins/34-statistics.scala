import org.apache.spark.sql.functions.{approx_count_distinct, col, corr, skewness}

val measures = spark.read.parquet("measures")
val filled = measures.na.fill(0, Seq("a", "b")).na.drop("any", Seq("c")).na.replace("d", Map("x" -> "y"))
val quantiles = filled.stat.approxQuantile("a", Seq(0.5, 0.9), 0.01)
println(quantiles)
println(filled.stat.corr("a", "b"))
filled.stat.crosstab("c", "d").show()
filled.stat.freqItems(Seq("c", "d"), 0.3).show()
val sampled = filled.sample(false, 0.1, 7)
val summary = sampled.summary("mean", "max")
summary.show()
val grouped = sampled.groupBy("c").agg(approx_count_distinct("d").alias("d"), corr("a", "b"), skewness(col("a")))
println(grouped.collect())
