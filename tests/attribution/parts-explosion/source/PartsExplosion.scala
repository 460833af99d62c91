package mrp

import scala.annotation.tailrec
import scala.util.{Failure, Success, Try}

import org.apache.spark.sql._
import org.apache.spark.sql.expressions.Window
import org.apache.spark.sql.functions._
import org.apache.spark.sql.types.IntegerType

/** Which parts do the orders of a quarter need, and do we have them? */
object PartsExplosion {

  final case class Config(in: String = "data", out: String = "out", maxDepth: Int = 6, verbose: Boolean = false)
  final case class Demand(part: String, units: Long)
  final case class Shortage(part: String, plant: Option[String], missing: Long)

  sealed trait Check { def run(df: DataFrame): Either[String, Long] }
  final case class NotEmpty(what: String) extends Check {
    def run(df: DataFrame): Either[String, Long] =
      if (df.head(1).isEmpty) Left(s"$what is empty") else Right(1)
  }
  final case class Unique(what: String, keys: String*) extends Check {
    def run(df: DataFrame): Either[String, Long] = {
      val twice = df.groupBy(keys.map(col): _*).count().where("count > 1").count()
      Either.cond(twice == 0, twice, s"$what: $twice keys occur twice")
    }
  }

  @tailrec
  private def parse(args: List[String], config: Config): Config = args match {
    case "--in" :: dir :: rest    => parse(rest, config.copy(in = dir))
    case "--out" :: dir :: rest   => parse(rest, config.copy(out = dir))
    case "--depth" :: n :: rest   => parse(rest, config.copy(maxDepth = n.toInt))
    case "--verbose" :: rest      => parse(rest, config.copy(verbose = true))
    case Nil                      => config
    case other :: _               => sys.error(s"unknown option $other")
  }

  /** Level by level, until only bought parts are left. */
  @tailrec
  private def explode(open: DataFrame, bom: DataFrame, done: DataFrame, depth: Int): DataFrame =
    if (depth == 0 || open.isEmpty) done.groupBy("part").agg(sum("units").as("units"))
    else {
      val joined = open.join(bom, open("part") === bom("parent"), "left")
      val bought = joined.filter(col("parent").isNull).select("part", "units")
      val next = joined
        .filter(col("parent").isNotNull)
        .groupBy(col("child").as("part"))
        .agg(sum(col("units") * col("qty")).as("units"))
        .localCheckpoint()
      println(s"depth $depth: ${next.count()} parts")
      explode(next, bom, done.union(bought), depth - 1)
    }

  private def currentPrices(prices: DataFrame, on: String): DataFrame = {
    val newest = Window.partitionBy("part").orderBy(col("valid_from").desc)
    prices
      .filter(col("valid_from") <= lit(on))
      .withColumn("n", row_number().over(newest))
      .filter(col("n") === 1)
      .select("part", "price", "supplier")
  }

  private def report[T](title: String)(body: => T): Option[T] = Try(body) match {
    case Success(value) => println(s"== $title: $value"); Some(value)
    case Failure(error) => println(s"== $title failed: ${error.getMessage}"); None
  }

  def main(args: Array[String]): Unit = {
    val config = parse(args.toList, Config())
    val spark = SparkSession.builder().appName("parts-explosion").getOrCreate()
    import spark.implicits._
    def table(name: String): DataFrame = spark.read.parquet(s"${config.in}/$name.parquet")

    val bom = table("bom").cache()
    val orders = table("orders")
    val stock = table("stock")
    val prices = spark.read.json(s"${config.in}/prices.json")

    val checks = List(
      bom -> NotEmpty("bom"),
      bom -> Unique("bom", "parent", "child"),
      stock -> Unique("stock", "part", "plant"),
      prices -> Unique("prices", "part", "valid_from")
    )
    val problems = for {
      (df, check) <- checks
      problem <- check.run(df).left.toOption
    } yield problem
    problems.foreach(p => println(s"! $p"))

    val known = orders.join(bom.select($"parent".as("machine")).distinct(), Seq("machine"), "left_semi")
    report("orders for unknown machines")(orders.count() - known.count())

    val byPriority = orders.select("priority").distinct().as[String].collect().sorted
    val needs = byPriority.map { p =>
      val start = known.filter($"priority" === p).groupBy($"machine".as("part")).agg(sum($"units".cast("long")).as("units"))
      val nothing = start.filter(lit(false))
      p -> explode(start, bom, nothing, if (p == "C") 2 else config.maxDepth)
    }.toMap

    needs.foreach { case (p, df) => df.write.mode(SaveMode.Overwrite).parquet(s"${config.out}/needs/priority=$p") }

    val all = spark.read.parquet(s"${config.out}/needs").filter($"part".startsWith("L4"))
    val demand = all.groupBy("part").agg(sum("units").as("units")).as[Demand]
    val shortages = demand
      .joinWith(stock, demand("part") === stock("part"), "left_outer")
      .flatMap { case (d, s) =>
        val (plant, onHand) = Option(s).fold((Option.empty[String], 0L))(r => (Some(r.getAs[String]("plant")), r.getAs[Long]("on_hand")))
        if (d.units > onHand) Some(Shortage(d.part, plant, d.units - onHand)) else None
      }
      .cache()
    report("shortages")(shortages.count())
    report("worst")(shortages.orderBy($"missing".desc).head())

    val cost = shortages.join(broadcast(currentPrices(prices, "2024-02-15")), "part").withColumn("cost", $"missing" * $"price")
    cost.groupBy("supplier").agg(sum("cost").as("cost"), collect_set("part").as("parts")).orderBy($"cost".desc).show(5)
    cost.rollup($"plant", $"supplier").agg(sum("cost").as("cost")).na.fill("all", Seq("plant", "supplier")).repartition(1).write.mode("overwrite").option("header", true).csv(s"${config.out}/cost")

    if (config.verbose) shortages.show(100, truncate = false)
    val weeks = known
      .withColumn("week", weekofyear($"due").cast(IntegerType))
      .groupBy("week")
      .pivot("priority")
      .agg(sum("units"))
      .orderBy("week")
    report("weeks")(weeks.collect().length)
    report("shortages last quarter")(spark.table("shortages_last_quarter").count())
    shortages.unpersist()
    spark.stop()
  }
}
