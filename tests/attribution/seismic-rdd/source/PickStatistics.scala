import org.apache.spark.{HashPartitioner, Partitioner, SparkConf, SparkContext}
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.types._
import org.apache.spark.storage.StorageLevel

/** Routes picks by network so that one network's picks end up together. */
class NetworkPartitioner(networks: Array[String]) extends Partitioner {
  override def numPartitions: Int = networks.length + 1
  override def getPartition(key: Any): Int = key match {
    case s: String => networks.indexOf(s) + 1
    case _         => 0
  }
}

object PickStatistics {
  type Pick = (String, Double, Char, Double)

  def parse(line: String): Option[Pick] = line.split('|') match {
    case Array(st, t, phase, amp) => Some((st, t.toDouble, phase.head, amp.toDouble))
    case _                        => None
  }

  def histogram(picks: RDD[Pick]): Array[(Int, Long)] =
    picks.map(p => ((p._2 / 3600).toInt % 24, 1L)).reduceByKey(_ + _).sortByKey().collect()

  def summary(name: String, amps: RDD[Double]): Unit = {
    val s = amps.stats()
    println(f"$name%-8s n=${s.count}%6d mean=${s.mean}%.3f max=${s.max}%.3f")
  }

  def main(args: Array[String]): Unit = {
    val conf = new SparkConf().setAppName("pick statistics")
    val sc = new SparkContext(conf)
    val dir = args(0)
    val out = args(1)

    val broken = sc.longAccumulator("broken lines")
    val lines = sc.textFile(dir + "/picks", 4).filter(!_.startsWith("#"))
    val picks = lines.flatMap { l =>
      val p = parse(l)
      if (p.isEmpty) broken.add(1)
      p
    }
    picks.persist(StorageLevel.MEMORY_ONLY)
    println("picks " + picks.count() + ", broken " + broken.value)

    val stations = sc
      .textFile(dir + "/stations.txt")
      .map(_.split("\\s+"))
      .map(a => (a(0), (a(1).toDouble, a(2).toDouble, a(3))))
    val networks = stations.map(_._2._3).distinct().collect().sorted
    val coordinates = sc.broadcast(stations.mapValues(s => (s._1, s._2)).collectAsMap())

    histogram(picks).foreach { case (h, n) => println(s"$h: $n") }
    histogram(picks.filter(_._3 == 'S')).take(3).foreach(println)

    for (phase <- Seq('P', 'S')) summary(phase.toString, picks.filter(_._3 == phase).map(_._4))
    summary("north", picks.filter(p => coordinates.value.get(p._1).exists(_._1 > 48)).map(_._4))

    // largest amplitude and its time by station, in one pass
    val largest = picks
      .map(p => (p._1, (p._4, p._2)))
      .combineByKey(
        (v: (Double, Double)) => v,
        (a: (Double, Double), v: (Double, Double)) => if (v._1 > a._1) v else a,
        (a: (Double, Double), b: (Double, Double)) => if (a._1 > b._1) a else b
      )
    largest.top(3)(Ordering.by(_._2._1)).foreach(println)

    // by network
    val byNetwork = picks
      .keyBy(_._1)
      .leftOuterJoin(stations)
      .map { case (_, (p, st)) => (st.map(_._3).getOrElse("?"), p) }
      .partitionBy(new NetworkPartitioner(networks))
      .cache()
    val perPartition = byNetwork.mapPartitionsWithIndex((i, it) => Iterator((i, it.size))).collect()
    println(perPartition.mkString(" "))
    byNetwork.countByKey().toSeq.sorted.foreach(println)

    // picks within a minute of an event
    val events = sc.textFile(dir + "/events.txt").map(_.split(",")).map(a => ((a(1).toDouble / 60).toInt, (a(0), a(2).toDouble)))
    val minutes = picks.map(p => ((p._2 / 60).toInt, p))
    val associated = minutes.cogroup(events).flatMap { case (_, (ps, es)) =>
      for (e <- es; p <- ps) yield (e._1, e._2, p._1, p._4)
    }
    val strong = associated.filter(_._2 > 2.0)
    println("associated " + associated.count() + ", strong " + strong.count())
    val ids = associated.map(_._1).distinct()
    val missed = events.map(_._2._1).subtract(ids)
    println("missed events: " + missed.takeOrdered(5).mkString(","))

    // stations close to one another
    val here = stations.map { case (id, (lat, lon, _)) => (id, lat, lon) }.coalesce(1)
    val pairs = here.cartesian(here).filter { case (a, b) => a._1 < b._1 && math.hypot(a._2 - b._2, a._3 - b._3) < 0.3 }
    println(s"${pairs.count()} pairs")

    val energy = picks.map(_._4).treeAggregate(0.0)((a, x) => a + x * x, _ + _)
    println(f"energy $energy%.1f")
    val numbered = largest.sortBy(-_._2._1).zipWithIndex().map { case ((st, (amp, _)), rank) => s"$rank,$st,$amp" }
    numbered.saveAsTextFile(out + "/ranking")

    // the web site wants a table
    val spark = SparkSession.builder().config(conf).getOrCreate()
    import spark.implicits._
    val rows = byNetwork.map { case (net, p) => Row(net, p._1, p._3.toString, p._4) }
    val schema = StructType(
      Seq(StructField("network", StringType), StructField("station", StringType), StructField("phase", StringType), StructField("amplitude", DoubleType))
    )
    val table = spark.createDataFrame(rows, schema)
    table.groupBy("network", "phase").avg("amplitude").orderBy("network", "phase").show()
    table.filter($"amplitude" > 3).write.mode("overwrite").json(out + "/large")
    val names = spark.read.json(out + "/large").select("station").distinct().as[String].rdd
    println(names.intersection(stations.keys).count())
    val daily = picks.map(p => ((p._2 / 86400).toInt, p._4)).groupByKey(new HashPartitioner(3)).mapValues(a => a.sum / a.size).toDF("day", "amplitude")
    daily.sort("day").show()
    picks.unpersist()
    sc.stop()
  }
}
