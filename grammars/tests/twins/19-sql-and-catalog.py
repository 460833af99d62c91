from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("sql").config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.sparkContext.setLogLevel("WARN")
spark.sparkContext.setCheckpointDir("chk")


def views(day: str):
    spark.table("orders").where(f"day = '{day}'").createOrReplaceTempView("today")
    spark.read.parquet("customers").createTempView("customers")
    totals = spark.sql("SELECT c.name, sum(t.amount) AS total FROM today t JOIN customers c ON t.customer = c.id GROUP BY c.name")
    totals.createOrReplaceGlobalTempView("totals")
    return totals


found = views("2024-01-01")
found.show(20, False)
spark.sql("CACHE TABLE today")
spark.catalog.cacheTable("customers")
if spark.catalog.tableExists("archive"):
    spark.sql("INSERT INTO archive SELECT * FROM today")
else:
    found.write.saveAsTable("archive")
for row in spark.sql("SHOW TABLES").collect():
    print(row)
spark.catalog.uncacheTable("customers")
spark.catalog.dropTempView("today")
spark.catalog.setCurrentDatabase("shop")
