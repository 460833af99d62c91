"""Three iterations of PageRank over a graph whose links are cached and partitioned by page, as HiBench's PageRank does."""

from operator import add

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("pagerank").getOrCreate()

PAGES = 30_000
edges = spark.sparkContext.range(PAGES * 8, numSlices=4).map(lambda n: (n % PAGES, n * 7_919 % PAGES))
links = edges.distinct().groupByKey(4).mapValues(list).cache()
ranks = links.mapValues(lambda _: 1.0)


def shares(page):
    targets, rank = page[1]
    return [(target, rank / len(targets)) for target in targets]


for _ in range(3):
    ranks = links.join(ranks, 4).flatMap(shares).reduceByKey(add, 4).mapValues(lambda rank: 0.15 + 0.85 * rank)
print(ranks.map(lambda page: page[1]).sum())

spark.stop()
