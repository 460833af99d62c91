from pyspark.sql import SparkSession

pairs = spark.sparkContext.parallelize([("a", 1), ("b", 2), ("a", 3)])
grouped = pairs.groupByKey()
sums = grouped.mapValues(sum)
sizes = grouped.mapValues(lambda vs: len(vs))
largest = pairs.groupByKey().map(lambda kv: (kv[0], max(kv[1])))
both = sums.join(sizes).mapValues(lambda pair: pair[0] / pair[1])
everything = both.union(largest).collect()
