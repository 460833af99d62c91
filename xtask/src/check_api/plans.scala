// Evaluates one small expression per method and prints whether Spark shuffles for what it makes: type, method and `shuffle`, `none`
// or an error, one per line. The samples are put in where `SAMPLES` stands.

import org.apache.spark.{PartitionEvaluator, PartitionEvaluatorFactory}
import org.apache.spark.api.java.JavaRDD
import org.apache.spark.rdd.{RDD, RDDBarrier}
import org.apache.spark.sql.{Dataset, SparkSession}
import org.apache.spark.sql.execution.ExplainMode
import org.apache.spark.sql.functions._
import org.apache.spark.sql.streaming._

object Plans {
  case class Record(k: Long, g: Long, v: Double, s: String)

  class Evaluators extends PartitionEvaluatorFactory[Long, Long] {
    def createEvaluator(): PartitionEvaluator[Long, Long] = new PartitionEvaluator[Long, Long] {
      def eval(index: Int, inputs: Iterator[Long]*): Iterator[Long] = inputs.head
    }
  }

  private val moved = "Exchange|CartesianProduct|CartesianRDD|\\+-\\(".r

  private def plan(made: Any): String = made match {
    case dataset: Dataset[_] => dataset.queryExecution.explainString(ExplainMode.fromString("simple"))
    case rdd: RDD[_] => rdd.toDebugString
    case rdd: JavaRDD[_] => rdd.toDebugString
    case _ => ""
  }

  private def check(owner: String, method: String, make: => Any): Unit = {
    val verdict =
      try if (moved.findFirstIn(plan(make)).isDefined) "shuffle" else "none"
      catch { case error: Throwable => "error: " + error.toString.linesIterator.next() }
    println(Seq(owner, method, verdict).mkString("\t"))
  }

  def main(arguments: Array[String]): Unit = {
    val spark = SparkSession.builder().master("local[2]")
      .config("spark.ui.enabled", "false")
      .config("spark.ui.showConsoleProgress", "false")
      .config("spark.sql.adaptive.enabled", "false")
      .config("spark.sql.autoBroadcastJoinThreshold", "-1")
      .config("spark.sql.shuffle.partitions", "2")
      .config("spark.sql.streaming.stateStore.providerClass",
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
      .getOrCreate()
    import spark.implicits._
    spark.sparkContext.setLogLevel("OFF")

    // Rows of which Spark does not know how they are spread.
    val typed = spark.sparkContext.parallelize((0L until 200L).map(i => Record(i, i % 7, i.toDouble, i.toString)), 4).toDS()
    val left = typed.toDF()
    val right = spark.sparkContext.parallelize((0L until 200L).map(i => (i, i.toDouble)), 4).toDF("k", "w")
    val others = spark.sparkContext.parallelize(Seq(Record(0, 0, 0, "")), 4).toDS().groupByKey(_.g)
    val byKey = typed.groupByKey(_.g)
    val rateByValue = spark.readStream.format("rate").load().select("value").as[Long].groupByKey(identity)
    val typedSum = sum("v").as[Double]
    val numbers = spark.sparkContext.parallelize(0L until 100L, 4)
    val pairs = numbers.map(i => (i % 7, i))

    // SAMPLES
    spark.stop()
  }
}
