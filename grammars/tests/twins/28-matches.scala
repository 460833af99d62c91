import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

def read(spark: SparkSession, kind: String, path: String): DataFrame = kind match {
  case "parquet" => spark.read.parquet(path)
  case "json" => spark.read.option("multiLine", true).json(path)
  case _ => spark.read.format(kind).load(path)
}

def write(frame: DataFrame, mode: Int): Unit = {
  mode match {
    case 0 =>
      frame.write.mode("append").parquet("out")
    case 1 =>
      frame.limit(100).show()
    case _ =>
      println(frame.count())
  }
}

val spark = SparkSession.builder().getOrCreate()
val raw = read(spark, "json", "data/raw")
val clean = raw.filter(col("kept"))
write(clean, 0)
write(clean.distinct(), 1)
