package farm

import farm.Transformations._
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._

object FarmReport {
  private val measures = Map(
    "soil" -> Seq("moisture", "temp_c", "ph"),
    "milk" -> Seq("litres", "fat", "protein")
  )

  private def read(name: String)(implicit spark: SparkSession): DataFrame =
    spark.read.option("header", "true").csv(s"data/$name.csv").transform(snakeCaseColumns())

  private def prepared(kind: String)(implicit spark: SparkSession): DataFrame =
    read(kind)
      .transform(castColumns(measures(kind), "double"))
      .transform(castColumns(Seq("read_at"), "timestamp"))
      .dropDuplicates("sensor", "read_at")
      .checked(kind)
      .transform(withoutOutliers(measures(kind)))
      .transform(fillForward(measures(kind)))

  def main(args: Array[String]): Unit = {
    implicit val spark: SparkSession = SparkSession.builder.appName("farm-report").getOrCreate()
    import spark.implicits._

    val farms = read("farms").transform(castColumns(List("hectares"), "int"))
    val crops = farms.select($"farm_id", explode(split($"crops", " ; ")).as("crop"))
    crops.groupBy("crop").count().orderBy("crop").show()

    val daily = measures.keys.toSeq.sorted.map { kind =>
      val frame = prepared(kind).transform(dailyMeans(measures(kind))).cache()
      frame.checked(s"$kind, daily").write.mode("overwrite").parquet(s"out/$kind")
      kind -> frame
    }.toMap

    val long = daily
      .map { case (kind, df) => df.transform(unpivoted(Seq("farm_id", "day"), measures(kind))).withColumn("kind", lit(kind)) }
      .reduce(_ unionByName _)
      .joinFarms(farms)

    measures.foreach { case (kind, columns) =>
      val top = long.filter($"kind" === kind && $"measure" === columns.head)
        .groupBy("county")
        .agg(max("value").as("best"), min("value").as("worst"))
        .orderBy(desc("best"))
        .take(2)
      println(kind + " " + top.mkString(", "))
    }

    val rules: Seq[DataFrame => DataFrame] = Seq(
      _.filter($"value".isNotNull),
      _.withColumn("week", weekofyear($"day")),
      _.groupBy("county", "week", "measure").agg(avg("value").as("value"), countDistinct("farm_id").as("farms")),
      _.filter($"farms" > 1)
    )
    val weekly = rules.foldLeft(long)((df, rule) => rule(df))
    weekly.groupBy("county", "week").pivot("measure").agg(first("value")).checked("weekly").write.mode("overwrite").partitionBy("county").json("out/weekly")

    val both = daily("soil").join(daily("milk"), Seq("farm_id", "day"))
    println("correlation " + both.stat.corr("moisture", "litres"))
    both.joinFarms(crops)
      .groupBy("crop")
      .agg(avg("litres").as("litres"), avg("ph").as("ph"))
      .transform { df => if (df.isEmpty) df else df.orderBy("crop") }
      .show(false)

    val silent = farms.join(both, Seq("farm_id"), "left_anti").checked("silent")
    if (silent.count() > 5) silent.show()
    daily.values.foreach(_.unpersist())
    spark.stop()
  }
}
