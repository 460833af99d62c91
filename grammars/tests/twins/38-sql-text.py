from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("sql").getOrCreate()
table = "sales"
day = "2024-01-01"
sales = spark.sql(f"SELECT shop, amount FROM {table} WHERE day = '{day}'")
sales.createOrReplaceTempView("sales_of_day")
totals = spark.sql("""
    WITH by_shop AS (
        SELECT shop, sum(amount) AS total FROM sales_of_day GROUP BY shop
    )
    SELECT b.shop, b.total, s.city
    FROM by_shop b LEFT JOIN shops s ON b.shop = s.id
    ORDER BY b.total DESC
    LIMIT 20
""")
totals.show()
both = spark.sql("SELECT shop FROM sales_of_day UNION ALL SELECT id FROM shops")
print(both.distinct().count())
spark.sql("DROP TABLE IF EXISTS totals")
totals.write.mode("overwrite").saveAsTable("totals")
spark.catalog.refreshTable("totals")
for name in ["a", "b"]:
    spark.sql(f"ANALYZE TABLE {name} COMPUTE STATISTICS")
    print(spark.sql("SELECT count(*) FROM " + name).collect())
