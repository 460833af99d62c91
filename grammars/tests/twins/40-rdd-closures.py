from pyspark import SparkConf, SparkContext


def parsed(line):
    return line.split(",")


class Tools:
    @staticmethod
    def size(line):
        return len(line)


sc = SparkContext(conf=SparkConf().setAppName("closures"))
limit = 80
lines = sc.textFile("events", minPartitions=16)
rows = lines.map(parsed).filter(lambda row: len(row) > limit)
sizes = lines.map(Tools.size)
indexed = rows.zipWithIndex().mapValues(lambda index: index + 1)
pairs = lines.cartesian(sizes).sample(False, 0.01, 7)
both = rows.keyBy(lambda row: row[0]).subtractByKey(pairs)
total = sizes.fold(0, lambda a, b: a + b)
tree = sizes.treeReduce(lambda a, b: a + b)
both.foreach(lambda pair: print(pair))
indexed.foreachPartition(lambda part: print(part))
grouped = lines.groupBy(lambda line: line[0]).repartition(4)
grouped.persist()
print(total, tree, grouped.count(), sizes.isEmpty())
grouped.unpersist()
sc.range(0, 1000).map(lambda n: n * 2).saveAsTextFile("out/numbers")
