import org.apache.spark.storage.StorageLevel
import org.apache.spark.sql.{DataFrame, SparkSession}

def load(spark: SparkSession, path: String): DataFrame = {
  var frame: DataFrame = null
  try {
    frame = spark.read.parquet(path)
  } catch {
    case problem: Exception =>
      println(problem)
      frame = spark.read.csv(path)
  }
  frame
}

def report(spark: SparkSession): Unit = {
  val raw = load(spark, "data/raw")
  val kept = raw.filter("kept").persist(StorageLevel.DISK_ONLY)
  try {
    println(kept.count())
    kept.write.json("out/kept")
  } finally {
    kept.unpersist()
  }
  val safe = raw.distinct().checkpoint()
  val local = safe.localCheckpoint()
  local.cache()
  local.show()
  spark.catalog.clearCache()
}

val session = SparkSession.builder().enableHiveSupport().getOrCreate()
report(session)
session.stop()
