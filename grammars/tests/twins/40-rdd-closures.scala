import org.apache.spark.{SparkConf, SparkContext}

def parsed(line: String) = line.split(",")

object Tools {
  def size(line: String) = line.length
}

val sc = new SparkContext(conf = new SparkConf().setAppName("closures"))
val limit = 80
val lines = sc.textFile("events", minPartitions = 16)
val rows = lines.map(parsed).filter(row => row.length > limit)
val sizes = lines.map(Tools.size)
val indexed = rows.zipWithIndex().mapValues(index => index + 1)
val pairs = lines.cartesian(sizes).sample(false, 0.01, 7)
val both = rows.keyBy(row => row(0)).subtractByKey(pairs)
val total = sizes.fold(0)((a, b) => a + b)
val tree = sizes.treeReduce((a, b) => a + b)
both.foreach(pair => print(pair))
indexed.foreachPartition(part => print(part))
val grouped = lines.groupBy(line => line(0)).repartition(4)
grouped.persist()
println(total, tree, grouped.count(), sizes.isEmpty)
grouped.unpersist()
sc.range(0, 1000).map(n => n * 2).saveAsTextFile("out/numbers")
