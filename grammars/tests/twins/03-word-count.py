from pyspark import SparkConf, SparkContext

conf = SparkConf().setAppName("words").setMaster("yarn")
sc = SparkContext(conf)
lines = sc.textFile("data/words")
words = lines.flatMap(lambda line: line.split(" ")).filter(lambda word: len(word) > 3)
counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
top = counts.sortBy(lambda kv: kv[1]).take(10)
counts.saveAsTextFile("out/words")
sc.stop()
