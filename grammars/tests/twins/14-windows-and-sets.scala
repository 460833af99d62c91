import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions.{col, lag, row_number, sum, when}

def latest(events: DataFrame): DataFrame = {
  val recent = Window.partitionBy("user").orderBy(col("time").desc)
  events.withColumn("rank", row_number().over(recent)).where(col("rank") <= 3).drop("rank")
}

def running(events: DataFrame): DataFrame = {
  val so_far = Window.partitionBy("user").orderBy("time").rowsBetween(Window.unboundedPreceding, 0)
  val before = Window.partitionBy("user").orderBy("time")
  events
    .withColumn("total", sum("amount").over(so_far))
    .withColumn("previous", lag("amount", 1).over(before))
    .withColumn("kind", when(col("total") > 100, "big").otherwise("small"))
}

val events = spark.table("events").repartition(200, col("user"))
val old = spark.table("events_old").coalesce(10)
val both = events.union(old).dropDuplicates(Seq("user", "time"))
val gone = old.except(events)
val kept = events.intersect(old).sortWithinPartitions("time")
println(gone.count())
kept.repartitionByRange(20, col("time")).write.saveAsTable("kept")
latest(both).write.insertInto("latest")
running(both).exceptAll(old).write.saveAsTable("running")
