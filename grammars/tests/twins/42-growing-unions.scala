import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{col, lit}

def of_day(spark: SparkSession, day: String): DataFrame =
  spark.read.json("events/" + day).withColumn("day", lit(day))

def union_all(frames: DataFrame*): DataFrame =
  frames.reduce((left, right) => left.unionByName(right))

def collected(spark: SparkSession, days: Seq[String]): DataFrame = {
  var grown: DataFrame = null
  for (day <- days) {
    val part = of_day(spark, day).where(col("kind") =!= "test")
    if (grown == null) {
      grown = part
    } else {
      grown = grown.union(part)
    }
  }
  grown
}

def sample(events: DataFrame, size: Int): DataFrame = {
  if (size == 0) {
    return events
  }
  if (size < 0) {
    return events.limit(10)
  }
  val sampled = events.sample(0.1)
  sampled.limit(size)
}

def publish(spark: SparkSession, events: DataFrame, target: String): Unit = {
  if (spark.catalog.tableExists(target)) {
    events.write.insertInto(target)
    return
  }
  events.repartition(8, col("day")).write.partitionBy("day").saveAsTable(target)
}

def main(): Unit = {
  val spark = SparkSession.builder().getOrCreate()
  val week = collected(spark, Seq("mon", "tue", "wed"))
  val everything = union_all(week, spark.table("late"), spark.table("manual"))
  publish(spark, everything, "events")
  sample(everything, 1000).show()
  println(everything.rdd.getNumPartitions)
}

main()
