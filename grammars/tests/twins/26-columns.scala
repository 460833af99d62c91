import org.apache.spark.sql.functions.{col, concat_ws, expr, lit, lower, when}
import spark.implicits._

val orders = spark.table("orders")
val paid = orders.filter($"amount" > 10 && !$"cancelled" && $"country" === "FR")
val either = orders.where($"paid" === lit(true) || 'note.isNull)
val few = either.where($"code".isin(1, 2, 3)).where('name like "a%")
val named = few.select($"id" as "order", lower($"name").as("name"), ($"amount" * 2 + 1).alias("twice"))
val cast = named.withColumn("day", $"time".cast("date")).withColumn("first", $"items".getItem(0))
val size = when($"amount" < 10, "small").when($"amount" < 100, "medium").otherwise("large")
val sized = cast.withColumn("size", size).withColumn("all", concat_ws("-", 'a, 'b))
val sorted_by = sized.orderBy($"amount".desc, 'id.asc, expr("length(name)"))
val differ = sorted_by.filter($"a" =!= $"b").filter($"a" <=> $"c")
val parts = differ.filter($"x" % 2 === 0).filter(-$"x" < 3).filter($"name" startsWith "b")
paid.show()
parts drop "all" show 5
