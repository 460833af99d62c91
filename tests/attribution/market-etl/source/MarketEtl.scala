package com.tradedesk.etl

import org.apache.log4j.{Level, Logger}
import org.apache.spark.sql.{Column, DataFrame, SaveMode, SparkSession}
import org.apache.spark.sql.expressions.{Window, WindowSpec}
import org.apache.spark.sql.{functions => F}
import org.apache.spark.storage.StorageLevel

/**
 * Daily bars, signals and execution quality.
 *
 * args: root of the input, root of the output
 */
object MarketEtl {

  private def bySymbol: WindowSpec = Window.partitionBy("symbol").orderBy("ts")

  private def vwap(price: String, size: String): Column = F.sum(F.col(price) * F.col(size)) / F.sum(size)

  def loadTrades(spark: SparkSession, root: String, days: Seq[String]): DataFrame =
    days
      .map(d => spark.read.parquet(s"$root/trades/date=$d").withColumn("date", F.lit(d).cast("date")))
      .reduceLeft(_.unionByName(_))

  def toEuro(trades: DataFrame, fx: DataFrame): DataFrame = {
    val rates = fx.select(F.col("exchange"), F.col("date").cast("date").as("date"), F.col("rate").cast("double").as("rate"))
    trades.as("t")
      .join(rates.as("r"), F.col("t.exchange") === F.col("r.exchange") && F.col("t.date") === F.col("r.date"), "left")
      .select(F.col("t.*"), F.coalesce(F.col("r.rate"), F.lit(1.0)).as("rate"))
      .withColumn("eur", F.col("price") * F.col("rate"))
  }

  def bars(trades: DataFrame, minutes: Int): DataFrame =
    trades
      .groupBy(F.col("symbol"), F.window(F.col("ts"), s"$minutes minutes").as("w"))
      .agg(
        F.min_by(F.col("eur"), F.col("ts")).as("open"),
        F.max("eur").as("high"),
        F.min("eur").as("low"),
        F.max_by(F.col("eur"), F.col("ts")).as("close"),
        F.sum("size").as("volume"),
        vwap("eur", "size").as("vwap")
      )
      .withColumn("ts", F.col("w.end"))
      .drop("w")

  def signals(bars: DataFrame): DataFrame = {
    val fast = bySymbol.rowsBetween(-3, 0)
    val slow = bySymbol.rowsBetween(-11, 0)
    bars
      .withColumn("fast", F.avg("close").over(fast))
      .withColumn("slow", F.avg("close").over(slow))
      .withColumn("above", F.col("fast") > F.col("slow"))
      .withColumn("cross", F.col("above") =!= F.lag("above", 1).over(bySymbol))
      .filter(F.col("cross"))
  }

  def save(df: DataFrame, path: String, keys: String*): Unit = {
    val w = df.write.mode(SaveMode.Overwrite)
    (if (keys.isEmpty) w else w.partitionBy(keys: _*)).parquet(path)
  }

  def main(args: Array[String]): Unit = {
    Logger.getLogger("org.apache.spark").setLevel(Level.WARN)
    val spark = SparkSession.builder().appName("market-etl").config("spark.sql.autoBroadcastJoinThreshold", "-1").getOrCreate()
    import spark.implicits._

    val root = args(0)
    val out = args(1)
    val days = Seq("2024-06-03", "2024-06-04", "2024-06-05")

    val instruments = spark.read.parquet(s"$root/instruments.parquet")
    val fx = spark.read.option("header", "true").csv(s"$root/fx.csv")
    val trades = toEuro(loadTrades(spark, root, days), fx).persist(StorageLevel.MEMORY_AND_DISK)
    println(s"trades: ${trades.count}")

    val unlisted = trades.join(instruments, Seq("symbol"), "left_anti").select("symbol").distinct
    unlisted.collect.foreach(r => println("not listed: " + r.getString(0)))

    val five = bars(trades, 5)
    val hour = bars(trades, 60)
    save(five.withColumn("date", F.to_date($"ts")), out + "/bars5", "date")
    save(hour, out + "/bars60")

    val crossed = signals(spark.read.parquet(out + "/bars5"))
    crossed.groupBy("symbol").agg(F.count(F.lit(1)).as("crossings")).orderBy($"crossings".desc, $"symbol").show(5)

    // slippage against the bar in which the trade happened
    val slippage = trades
      .join(instruments.hint("broadcast"), "symbol")
      .withColumn("bucket", F.date_trunc("hour", $"ts") + F.expr("interval 1 hour"))
      .join(spark.read.parquet(out + "/bars60").select($"symbol", $"ts".as("bucket"), $"vwap"), Seq("symbol", "bucket"))
      .withColumn("bps", F.when($"side" === "B", $"eur" / $"vwap" - 1).otherwise(F.lit(1) - $"eur" / $"vwap") * 10000)
    slippage
      .groupBy("sector", "exchange")
      .agg(F.avg("bps").as("bps"), F.stddev("bps").as("sd"), F.sum("size").as("size"))
      .sort("sector", "exchange")
      .show(12)
    val worst = slippage.withColumn("r", F.dense_rank().over(Window.partitionBy("exchange").orderBy($"bps".desc))).where($"r" <= 2)
    worst.select("exchange", "symbol", "trade_id", "bps").write.mode("overwrite").json(s"$out/worst")

    // matrix of volumes, exchange by sector
    trades.join(instruments, Seq("symbol"))
      .groupBy("exchange").pivot("sector", Seq("tech", "energy", "health")).agg(F.sum("size"))
      .na.fill(0L)
      .orderBy("exchange")
      .show()

    // trades that came right after one another on two exchanges (a self join)
    val a = trades.filter($"exchange" === "XA").select($"symbol", $"ts".as("ts_a"), $"eur".as("eur_a"))
    val b = trades.filter($"exchange" === "XB").select($"symbol", $"ts".as("ts_b"), $"eur".as("eur_b"))
    val near = a.join(b, a("symbol") === b("symbol") && b("ts_b").between(a("ts_a"), a("ts_a") + F.expr("interval 2 minutes")))
    println("near: " + near.count())
    println("arbitrage: " + near.where(F.abs($"eur_a" - $"eur_b") > 1).count())

    val sizes = trades.stat.approxQuantile("size", Array(0.5, 0.95), 0.01)
    if (sizes(1) > 1000) save(trades.filter($"size" > sizes(1)), s"$out/blocks")

    val cube = trades.join(instruments, "symbol").cube($"date", $"sector").agg(F.sum($"eur" * $"size").as("turnover"))
    save(cube.repartition(1), out + "/turnover")
    println(spark.read.parquet(out + "/turnover").filter($"sector".isNull && $"date".isNull).first)

    val changes = spark.read.parquet(out + "/bars60").groupBy("symbol").agg(F.last("close").as("last"), F.first("open").as("first"))
    changes.select($"symbol", ($"last" / $"first" - 1).as("change")).except(changes.select($"symbol", F.lit(0.0))).orderBy($"change".desc).limit(3).collect().foreach(println)
    trades.unpersist()
    spark.stop()
  }
}
