/** Makes three reports on readings that are kept once they are parsed. */
import org.apache.spark.sql.SparkSession

object fixed {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.appName("recomputed-rdd").getOrCreate()
    val context = spark.sparkContext

    context.range(0, 300000, 1, 4).saveAsTextFile("out/readings")

    val parsed = context.textFile("out/readings").map { line =>
      (0 until 400).foldLeft(line.toLong)((total, step) => s"${total * 31 + step}".hashCode % 1000003)
    }
    parsed.cache()
    println(parsed.max())
    println(parsed.min())
    println(parsed.map(_ % 10).countByValue())

    spark.stop()
  }
}
