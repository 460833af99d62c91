import org.apache.spark.sql.SparkSession

val spark = SparkSession.builder().appName("sql").getOrCreate()
val table = "sales"
val day = "2024-01-01"
val sales = spark.sql(s"SELECT shop, amount FROM $table WHERE day = '$day'")
sales.createOrReplaceTempView("sales_of_day")
val totals = spark.sql("""
    WITH by_shop AS (
        SELECT shop, sum(amount) AS total FROM sales_of_day GROUP BY shop
    )
    SELECT b.shop, b.total, s.city
    FROM by_shop b LEFT JOIN shops s ON b.shop = s.id
    ORDER BY b.total DESC
    LIMIT 20
""")
totals.show()
val both = spark.sql("SELECT shop FROM sales_of_day UNION ALL SELECT id FROM shops")
println(both.distinct().count())
spark.sql("DROP TABLE IF EXISTS totals")
totals.write.mode("overwrite").saveAsTable("totals")
spark.catalog.refreshTable("totals")
for (name <- Seq("a", "b")) {
  spark.sql(s"ANALYZE TABLE $name COMPUTE STATISTICS")
  println(spark.sql("SELECT count(*) FROM " + name).collect())
}
