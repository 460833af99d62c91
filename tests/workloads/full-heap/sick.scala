/** Totals amounts by customer in tables that the tasks hold themselves: two of them leave little of the heap free. */
import scala.collection.mutable

import org.apache.spark.sql.SparkSession

object sick {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.appName("full-heap").getOrCreate()
    val context = spark.sparkContext

    val amounts = context.range(0, 8000000, 1, 2).map(n => (s"customer ${n * 7919 % 1900000}", n))
    val largest = amounts.mapPartitions { rows =>
      val totals = mutable.HashMap.empty[String, Long]
      rows.foreach { case (customer, amount) => totals(customer) = totals.getOrElse(customer, 0L) + amount }
      Iterator(if (totals.isEmpty) 0L else totals.values.max)
    }
    println(largest.max())

    spark.stop()
  }
}
