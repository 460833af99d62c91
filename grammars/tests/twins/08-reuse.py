from pyspark import StorageLevel
from pyspark.sql import functions as F

base = spark.read.orc("data/base").groupBy(F.col("key")).agg(F.max("value").alias("value"))
base.persist(StorageLevel.MEMORY_AND_DISK)
small = base.hint("broadcast").limit(1000)
joined = base.join(small, ["key"], "inner").coalesce(1)
print(joined.count())
joined.createOrReplaceTempView("joined")
top = spark.sql("SELECT key, max(value) FROM joined GROUP BY key")
top.explain()
tables = spark.sql("SHOW TABLES").collect()
base.unpersist()
