import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{broadcast, col}

def chosen(spark: SparkSession, full: Boolean): DataFrame =
  if (full) spark.table("all") else spark.table("some").limit(100)

def bounded(frame: DataFrame, limit: Int): DataFrame = {
  if (limit > 1000) {
    frame.coalesce(8)
  } else if (limit > 10) {
    val small = frame.limit(10)
    small.coalesce(1)
  } else {
    frame.limit(0)
  }
}

def publish(frame: DataFrame, dry: Boolean): Unit = {
  if (dry) {
    frame.show(5)
    return
  }
  frame.persist()
  if (frame.isEmpty) {
    throw new IllegalArgumentException("nothing")
  }
  frame.write.saveAsTable("published")
  frame.unpersist()
}

val spark = SparkSession.builder().getOrCreate()
val base = chosen(spark, true)
val other = bounded(base, 50)
val joined = base.join(if (spark.conf.get("small")) broadcast(other) else other, "id")
publish(joined.filter(col("ok")), false)
