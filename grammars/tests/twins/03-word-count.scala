import org.apache.spark.{SparkConf, SparkContext}

val conf = new SparkConf().setAppName("words").setMaster("yarn")
val sc = new SparkContext(conf)
val lines = sc.textFile("data/words")
val words = lines.flatMap(line => line.split(" ")).filter(_.length > 3)
val counts = words.map(word => (word, 1)).reduceByKey(_ + _)
val top = counts.sortBy(_._2).take(10)
counts.saveAsTextFile("out/words")
sc.stop()
