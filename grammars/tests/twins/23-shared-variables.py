from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[*]").getOrCreate()
sc = spark.sparkContext
rates = sc.broadcast({"EUR": 1.1, "GBP": 1.3})
orders = spark.table("orders").rdd


def converted(rdd):
    return rdd.map(lambda row: (row[0], row[1] * rates.value[row[2]]))


def sizes():
    lines = sc.textFile("logs", 12)
    long = lines.filter(lambda line: len(line) > 80)
    return long.map(lambda line: len(line)).reduce(lambda a, b: a + b)


amounts = converted(orders)
amounts.setName("amounts").cache()
print(amounts.count())
print(sizes())
amounts.foreach(lambda pair: print(pair))
rates.unpersist()
rates.destroy()
keyed = sc.parallelize([("a", 1), ("b", 2), ("c", 3)], 2)
print(keyed.lookup("a"))
print(keyed.zipWithIndex().glom().collect())
sc.stop()
