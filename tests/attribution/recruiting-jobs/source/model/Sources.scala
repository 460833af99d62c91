package hiring.model

import hiring.JobContext
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions._

object Sources {
  def openings(implicit context: JobContext): DataFrame =
    context.spark.read.parquet(context.settings.input + "/openings.parquet")

  def applications(implicit context: JobContext): DataFrame =
    context.spark.read
      .parquet(context.settings.input + "/applications.parquet")
      .dropDuplicates("opening_id", "person")

  def interviews(implicit context: JobContext): DataFrame =
    context.spark.read
      .option("header", "true")
      .option("inferSchema", "true")
      .csv(s"${context.settings.input}/interviews.csv")
      .withColumn("held", to_date(col("held")))

  /** The last interview of each application. */
  def lastRound(implicit context: JobContext): DataFrame =
    interviews
      .groupBy("application_id")
      .agg(max(struct("round", "score", "held")).as("last"))
      .select(col("application_id"), col("last.round").as("round"), col("last.score").as("score"), col("last.held").as("held"))
}
