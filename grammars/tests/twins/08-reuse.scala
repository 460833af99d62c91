import org.apache.spark.storage.StorageLevel
import org.apache.spark.sql.{functions => F}

val base = spark.read.orc("data/base").groupBy(F.col("key")).agg(F.max("value").as("value"))
base.persist(StorageLevel.MEMORY_AND_DISK)
val small = base.hint("broadcast").limit(1000)
val joined = base.join(small, Seq("key"), "inner").coalesce(1)
println(joined.count())
joined.createOrReplaceTempView("joined")
val top = spark.sql("SELECT key, max(value) FROM joined GROUP BY key")
top.explain()
val tables = spark.sql("SHOW TABLES").collect()
base.unpersist()
