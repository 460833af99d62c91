package hiring.jobs

import hiring.JobContext
import hiring.model.Sources
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions._

object Funnel extends StandardJob with Cached with Verified {
  override def minimumRows: Long = 10

  override def build(context: JobContext): DataFrame = {
    implicit val c: JobContext = context
    val stage = when(col("score") >= 4 && col("round") >= 2, "offer")
      .when(col("round").isNotNull, "interview")
      .otherwise("applied")
    val staged = Sources.applications.join(Sources.lastRound, Seq("application_id"), "left").withColumn("stage", stage)
    val orphans = staged.join(Sources.openings, Seq("opening_id"), "left_anti")
    if (orphans.count() > 0) orphans.select("opening_id").distinct().show()
    staged
      .join(broadcast(Sources.openings), Seq("opening_id"))
      .groupBy("team", "source", "stage")
      .count()
  }

  override protected def preview(frame: DataFrame): Unit =
    frame.groupBy("stage").agg(sum("count").as("n")).orderBy(desc("n")).show()
}
