import java.io.PrintWriter

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._

/** Yearly report over the order book: revenue, best sellers, key accounts, customer totals, units sold. */
object Orders {
  private val OrderSchema =
    "order_id BIGINT, ordered_at TIMESTAMP, customer_id BIGINT, product STRING, " +
      "channel STRING, quantity INT, unit_price DOUBLE"

  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().appName("orders").getOrCreate()
    import spark.implicits._

    val orders = spark.read.schema(OrderSchema).option("header", true).csv("data/orders")
    val customers = spark.read.parquet("data/customers")
    val channels = spark.sparkContext
      .parallelize(
        Seq(
          ("web", "Web shop", 0.021),
          ("app", "Mobile app", 0.034),
          ("store", "Store", 0.008)
        )
      )
      .toDF("channel", "channel_name", "fee_rate")

    val latest = orders.agg(max("ordered_at").as("latest")).first()
    println(s"orders until ${latest.getTimestamp(0)}")

    // Every order with its customer and channel, net of the channel's fee.
    val sales = orders
      .join(customers, "customer_id")
      .join(channels, "channel")
      .withColumn("month", date_trunc("month", $"ordered_at"))
      .withColumn("revenue", $"quantity" * $"unit_price" * (lit(1) - $"fee_rate"))
    println(s"${sales.count()} sales")

    // Revenue by country, month and channel.
    val revenue = sales
      .groupBy("country", "month", "channel_name")
      .agg(sum("revenue").as("revenue"), countDistinct("customer_id").as("buyers"))
      .orderBy("country", "month")
    revenue.write.mode("overwrite").parquet("out/revenue")

    // The three best selling products of each country.
    val byUnits = Window.partitionBy("country").orderBy(desc("units"))
    val bestSellers = sales
      .groupBy("country", "product")
      .agg(sum("quantity").as("units"))
      .withColumn("place", row_number().over(byUnits))
      .filter($"place" <= 3)
    bestSellers.show(24)

    // All orders of the few customers who order all the time.
    val keyAccounts = orders
      .groupBy("customer_id")
      .agg(count("order_id").as("placed"))
      .filter($"placed" > 20000)
    val accountOrders = orders.join(keyAccounts, "customer_id")
    accountOrders.write.mode("overwrite").parquet("out/key_accounts")

    // What each customer brought in, for the finance team's spreadsheet.
    val totals = sales
      .groupBy("customer_id", "name")
      .agg(sum("revenue").as("revenue"))
      .collect()
    val file = new PrintWriter("out/customer_totals.csv")
    totals.foreach(total => file.println(total.mkString(",")))
    file.close()

    // Units sold of each product, and the ten that sold most.
    val units = orders
      .select("product", "quantity")
      .rdd
      .map(order => (order.getString(0), order.getInt(1)))
      .groupByKey()
      .mapValues(_.sum)
    val top = units.takeOrdered(10)(Ordering.by(sold => -sold._2))
    println("most sold: " + top.map { case (product, sold) => s"$product ($sold)" }.mkString(", "))

    spark.stop()
  }
}
