/** Makes three reports on parsed readings: each one reads and parses them again. */
import org.apache.spark.sql.SparkSession

object sick {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.appName("recomputed-rdd").getOrCreate()
    val context = spark.sparkContext

    context.range(0, 300000, 1, 4).saveAsTextFile("out/readings")

    val parsed = context.textFile("out/readings").map { line =>
      (0 until 400).foldLeft(line.toLong)((total, step) => s"${total * 31 + step}".hashCode % 1000003)
    }
    println(parsed.max())
    println(parsed.min())
    println(parsed.map(_ % 10).countByValue())

    spark.stop()
  }
}
