import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.{broadcast, col}

object Joins {
  def all(left: DataFrame, right: DataFrame, small: DataFrame): DataFrame = {
    val inner = left.join(right, "id")
    val outer = left.join(right, Seq("id", "day"), "full_outer")
    val by_condition = left.join(right, left("id") === right("key"), "left")
    val semi = by_condition.join(small, Seq("id"), "left_semi")
    val anti = outer.join(broadcast(small), Seq("id"), "left_anti")
    val crossed = inner.crossJoin(small.limit(3))
    val hinted = left.as("l").join(right.hint("merge").as("r"), col("l.id") === col("r.id"), "right")
    semi.write.parquet("out/semi")
    anti.write.parquet("out/anti")
    hinted.write.parquet("out/hinted")
    crossed
  }
}

val spark = SparkSession.builder().getOrCreate()
val orders = spark.table("orders")
val joined = Joins.all(orders, spark.table("customers"), spark.table("days"))
joined.explain()
joined.show(5)
