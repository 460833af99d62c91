"""Jobs without stages, stages without tasks, executions without jobs, tasks without rows."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("nothing-to-do").getOrCreate()
context = spark.sparkContext

print(context.emptyRDD().count())
print(context.emptyRDD().map(lambda n: (n, 1)).groupByKey(2).collect())
print(spark.range(0).groupBy("id").count().collect())
print(spark.range(10).limit(0).collect())
print(spark.sql("SELECT 1 AS one").collect())
print(context.parallelize([], 3).collect())

spark.stop()
