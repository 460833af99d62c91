package clinic

import org.apache.spark.sql.{DataFrame, SparkSession}

object WardReport extends App {
  val spark = SparkSession.builder.appName("ward-report").getOrCreate()
  val in = args(0)
  val out = args(1)
  val year = 2023

  def sql(text: String): DataFrame = spark.sql(text.stripMargin)

  def view(name: String)(text: String): Unit = sql(text).createOrReplaceTempView(name)

  def report(name: String, text: String): Unit = {
    val df = sql(text)
    df.write.mode("overwrite").parquet(s"$out/$name")
    println(s"$name: ${df.count()} rows")
  }

  sql(s"CREATE OR REPLACE TEMPORARY VIEW admissions USING parquet OPTIONS (path '$in/admissions.parquet')")
  spark.read.json(in + "/diagnoses.json").createOrReplaceTempView("diagnoses_raw")
  spark.read.option("header", "true").schema("ward string, name string, beds int").csv(in + "/wards.csv").createOrReplaceGlobalTempView("wards")

  view("diagnoses") {
    """SELECT admission_id, d.code, d.main, substring(d.code, 1, 1) AS chapter
      |FROM diagnoses_raw LATERAL VIEW explode(codes) x AS d"""
  }

  view("stays") {
    s"""SELECT a.*, w.name AS ward_name, w.beds,
       |       (unix_timestamp(coalesce(discharged, timestamp'$year-12-31')) - unix_timestamp(admitted)) / 3600 AS hours
       |FROM admissions a LEFT JOIN global_temp.wards w ON a.ward = w.ward
       |WHERE year(admitted) = $year"""
  }
  spark.catalog.cacheTable("stays")
  println("stays: " + sql("SELECT count(*) FROM stays").head().getLong(0))
  sql("SELECT ward, count(*) FROM stays WHERE ward_name IS NULL GROUP BY ward").show()

  // readmissions within thirty days
  view("readmissions") {
    """SELECT * FROM (
      |  SELECT patient_id, admission_id, admitted,
      |         lag(discharged) OVER (PARTITION BY patient_id ORDER BY admitted) AS last_discharge
      |  FROM stays)
      |WHERE datediff(admitted, last_discharge) BETWEEN 0 AND 30"""
  }
  val rate = sql("SELECT (SELECT count(*) FROM readmissions) / (SELECT count(*) FROM stays) AS rate")
  println(rate.collect().map(_.getDouble(0)).mkString)

  report(
    "occupancy",
    """SELECT ward_name, month(admitted) AS month, sum(hours) / 24 / max(beds) AS bed_days,
      |       count(DISTINCT patient_id) AS patients
      |FROM stays WHERE ward_name IS NOT NULL
      |GROUP BY ward_name, month(admitted)"""
  )
  report(
    "main_diagnoses",
    """WITH ranked AS (
      |  SELECT s.ward_name, d.chapter, count(*) AS n,
      |         row_number() OVER (PARTITION BY s.ward_name ORDER BY count(*) DESC, d.chapter) AS place
      |  FROM stays s JOIN diagnoses d ON s.admission_id = d.admission_id
      |  WHERE d.main
      |  GROUP BY s.ward_name, d.chapter)
      |SELECT ward_name, chapter, n FROM ranked WHERE place <= 2"""
  )
  report("frequent", "SELECT patient_id, count(*) AS stays, max(hours) AS longest FROM stays GROUP BY patient_id HAVING count(*) >= 5")

  for (emergency <- Seq(true, false)) {
    val median = sql(s"SELECT percentile_approx(hours, 0.5) AS m FROM stays WHERE emergency = $emergency").first()
    println(s"emergency=$emergency ${median.get(0)}")
  }

  sql("DROP TABLE IF EXISTS chapter_costs")
  sql("""CREATE TABLE chapter_costs USING parquet AS
        |SELECT chapter, sum(hours) * 41.5 AS cost
        |FROM stays JOIN diagnoses USING (admission_id)
        |GROUP BY chapter""")
  sql("SELECT * FROM chapter_costs ORDER BY cost DESC").show()
  val expensive = spark.table("chapter_costs").where("cost > 100000").count()
  println(s"expensive chapters: $expensive")

  sql("""SELECT ward_name, emergency, count(*) AS n FROM stays
        |GROUP BY ward_name, emergency WITH ROLLUP ORDER BY ward_name, emergency""").show(30)
  spark.catalog.uncacheTable("stays")
  spark.stop()
}
