package hiring

import org.apache.spark.sql.SparkSession

final case class Settings(input: String, output: String, only: Set[String])

object Settings {
  def from(args: Array[String]): Settings = {
    val named = args.collect { case a if a.startsWith("--") => a.drop(2).split("=", 2) }.collect { case Array(k, v) => k -> v }.toMap
    Settings(named("input"), named.getOrElse("output", "out"), named.get("only").fold(Set.empty[String])(_.split(",").toSet))
  }
}

final case class JobContext(settings: Settings) {
  lazy val spark: SparkSession = SparkSession.builder().appName("recruiting").getOrCreate()

  def close(): Unit = spark.stop()
}
