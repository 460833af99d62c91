package hiring.jobs

import hiring.JobContext
import hiring.model.Sources
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions._

class SkillDemand(minimum: Int) extends StandardJob with Verified {
  private val normalise = udf((skill: String) => if (skill == "go") "golang" else skill)

  override def build(context: JobContext): DataFrame = {
    implicit val c: JobContext = context
    val exploded = Sources.applications.select(col("person"), explode(col("skills")).as("raw")).withColumn("skill", normalise(col("raw")))
    val counts = exploded.groupBy("skill").agg(countDistinct("person").as("people"))
    counts.filter(col("people") > minimum)
  }
}

object TimeToHire extends StandardJob with Cached {
  override def build(context: JobContext): DataFrame = {
    implicit val c: JobContext = context
    val hires = Sources.lastRound.filter("score >= 4 and round >= 2")
    val days = hires
      .join(Sources.applications, "application_id")
      .join(Sources.openings.select("opening_id", "level", "opened"), "opening_id")
      .withColumn("days", datediff(col("held"), col("opened")))
    days.groupBy("level").agg(avg("days").as("mean_days"), expr("percentile_approx(days, 0.5)").as("median_days"))
  }
}
