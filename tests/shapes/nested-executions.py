"""Commands whose executions start others: a table made by a query, an insertion, a cached table."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("nested-executions").getOrCreate()

spark.range(1_000).selectExpr("id", "id % 10 AS key").createOrReplaceTempView("numbers")
spark.sql("CREATE TABLE totals USING parquet AS SELECT key, sum(id) AS total FROM numbers GROUP BY key")
spark.sql("INSERT INTO totals SELECT key, count(*) FROM numbers GROUP BY key")
spark.sql("CACHE TABLE large AS SELECT * FROM totals WHERE total > 1000")
print(spark.table("large").collect())
print(spark.sql("SELECT count(*) FROM large JOIN totals USING (key)").collect())

spark.stop()
