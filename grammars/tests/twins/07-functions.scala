import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.col

def load(session: SparkSession, path: String): DataFrame = session.read.parquet(path)

def clean(df: DataFrame): DataFrame = df.na.drop().dropDuplicates()

def run(session: SparkSession): Unit = {
  val orders = load(session, "data/orders")
  val cleaned = clean(orders)
  cleaned.cache()
  cleaned.count()
  cleaned.transform(it => it.drop("tmp")).write.csv("out")
  cleaned.unpersist()
}

val session = SparkSession.builder().master("local[2]").getOrCreate()
run(session)
session.stop()
