import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions.col

def pick(orders: DataFrame, full: Boolean): DataFrame = {
  if (full) {
    return orders.distinct()
  }
  val picked = orders.limit(100)
  picked.filter(col("id") > 1)
}

var events = spark.read.json("data/events")
if (events.isEmpty) {
  events = spark.range(10)
} else {
  events = events.dropDuplicates(Seq("id"))
}
try {
  events.write.format("delta").save("out/events")
} catch {
  case e: Exception => events.show()
}
val picked = pick(events, true)
picked.count()
