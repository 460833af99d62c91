/** Totals amounts by customer in tables of a few customers each. */
import scala.collection.mutable

import org.apache.spark.HashPartitioner
import org.apache.spark.sql.SparkSession

object fixed {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.appName("full-heap").getOrCreate()
    val context = spark.sparkContext

    val amounts = context.range(0, 8000000, 1, 2).map(n => (s"customer ${n * 7919 % 1900000}", n))
    val largest = amounts.partitionBy(new HashPartitioner(24)).mapPartitions { rows =>
      val totals = mutable.HashMap.empty[String, Long]
      rows.foreach { case (customer, amount) => totals(customer) = totals.getOrElse(customer, 0L) + amount }
      Iterator(if (totals.isEmpty) 0L else totals.values.max)
    }
    println(largest.max())

    spark.stop()
  }
}
