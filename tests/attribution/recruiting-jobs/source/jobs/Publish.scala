package hiring.jobs

import hiring.JobContext
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._

/** Puts what the other jobs wrote into one file that people open in a spreadsheet. */
object Publish extends Job {
  private val parts = Map("funnel" -> "team", "skilldemand" -> "skill", "timetohire" -> "level")

  override def build(context: JobContext): DataFrame = {
    val spark = context.spark
    val frames = parts.toSeq.sortBy(_._1).map { case (job, key) =>
      val df = spark.read.parquet(s"${context.settings.output}/$job")
      val measure = df.columns.last
      println(s"$job: ${df.agg(max(col(measure))).head().get(0)}")
      df.select(lit(job).as("report"), col(key).as("key"), col(measure).cast("double").as("value"))
    }
    val all = frames.reduce(_ union _)
    val order = Window.partitionBy("report").orderBy(desc("value"))
    all.withColumn("place", row_number().over(order)).where(col("place") <= 10)
  }

  override protected def write(frame: DataFrame, context: JobContext): Unit = {
    frame.orderBy("report", "place").coalesce(1).write.mode("overwrite").option("header", "true").csv(target(context))
    frame.groupBy("report").count().collect().foreach(r => println(r.mkString(" ")))
  }
}
