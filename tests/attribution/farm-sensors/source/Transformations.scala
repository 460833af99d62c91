package farm

import org.apache.spark.sql.{Column, DataFrame}
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._

/** Small steps to be chained with `transform`. */
object Transformations {

  def snakeCaseColumns()(df: DataFrame): DataFrame =
    df.columns.foldLeft(df) { (acc, c) =>
      acc.withColumnRenamed(c, c.trim.toLowerCase.replaceAll("[^a-z0-9]+", "_").stripSuffix("_"))
    }

  def castColumns(columns: Seq[String], to: String)(df: DataFrame): DataFrame =
    columns.foldLeft(df)((acc, c) => acc.withColumn(c, col(c).cast(to)))

  def withoutOutliers(columns: Seq[String], sigmas: Double = 3)(df: DataFrame): DataFrame = {
    val stats = df.select(columns.flatMap(c => Seq(avg(c).as(s"${c}_avg"), stddev(c).as(s"${c}_sd"))): _*).head()
    val within: Column = columns
      .map { c =>
        val (mean, sd) = (stats.getAs[Double](s"${c}_avg"), stats.getAs[Double](s"${c}_sd"))
        col(c).isNull || abs(col(c) - mean) <= sd * sigmas
      }
      .reduce(_ && _)
    df.filter(within)
  }

  def fillForward(columns: Seq[String])(df: DataFrame): DataFrame = {
    val w = Window.partitionBy("sensor").orderBy("read_at").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    columns.foldLeft(df)((acc, c) => acc.withColumn(c, last(c, ignoreNulls = true).over(w)))
  }

  def dailyMeans(columns: Seq[String])(df: DataFrame): DataFrame = {
    val means = columns.map(c => round(avg(c), 2).as(c))
    df.groupBy(col("farm_id"), to_date(col("read_at")).as("day")).agg(means.head, means.tail: _*)
  }

  def unpivoted(keys: Seq[String], columns: Seq[String])(df: DataFrame): DataFrame = {
    val pairs = columns.map(c => s"'$c', $c").mkString(", ")
    df.select(keys.map(col) :+ expr(s"stack(${columns.size}, $pairs) as (measure, value)"): _*)
  }

  implicit class FarmOps(private val df: DataFrame) extends AnyVal {
    def joinFarms(farms: DataFrame): DataFrame = df.join(broadcast(farms), Seq("farm_id"), "left")

    def checked(what: String): DataFrame = {
      println(s"$what: ${df.count()} rows")
      df
    }
  }
}
