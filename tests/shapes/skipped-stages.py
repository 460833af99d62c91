"""A shuffle that later jobs read again: their stages before it are skipped."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("skipped-stages").getOrCreate()

groups = spark.sparkContext.range(1_000, numSlices=4).map(lambda n: (n % 10, n)).groupByKey(3)
print(len(groups.collect()))
print(groups.mapValues(len).collect())
print(groups.mapValues(max).sortByKey().collect())

spark.stop()
