"""Clusters of co-authors and an influence score, both iterative.

    clusters.py INPUT OUTPUT [max iterations]
"""
import sys
import time

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

DAMPING = 0.85


def edges_of(papers):
    authors = papers.select("paper", "year", F.explode(F.split("authors", ";")).alias("author"))
    pairs = authors.alias("a").join(authors.alias("b"), "paper").where("a.author <> b.author")
    return pairs.select(F.col("a.author").alias("src"), F.col("b.author").alias("dst"), F.col("a.year").alias("year"))


def connected_components(spark, edges, max_iter):
    """every vertex takes the smallest label around it until nothing changes"""
    labels = edges.select(F.col("src").alias("id")).distinct().withColumn("label", F.col("id"))
    previous = None
    for i in range(max_iter):
        messages = edges.join(labels, F.col("src") == F.col("id")).groupBy("dst").agg(F.min("label").alias("msg"))
        updated = (
            labels.join(messages, labels.id == messages.dst, "left")
            .select("id", F.least("label", F.coalesce("msg", "label")).alias("label"))
        )
        if i % 2 == 1:
            # cut the plan, it doubles with each round otherwise
            updated = updated.checkpoint()
        else:
            updated = updated.persist(StorageLevel.MEMORY_AND_DISK)
        changed = updated.alias("n").join(labels.alias("o"), "id").where("n.label <> o.label").count()
        print("components: round %d, %d changed" % (i, changed))
        if previous is not None:
            previous.unpersist()
        previous, labels = labels, updated
        if changed == 0:
            break
    else:
        print("components: did not converge in", max_iter)
    return labels


def influence(edges, rounds=4, tolerance=1e-3):
    degree = edges.groupBy("src").agg(F.count("*").alias("degree"))
    links = edges.join(degree, "src").cache()
    ranks = degree.select(F.col("src").alias("id"), F.lit(1.0).alias("rank"))
    delta, done = None, 0
    while done < rounds and (delta is None or delta > tolerance):
        shares = links.join(ranks, links.src == ranks.id).withColumn("share", F.col("rank") / F.col("degree"))
        fresh = shares.groupBy("dst").agg(F.sum("share").alias("s")).select(
            F.col("dst").alias("id"), (F.lit(1 - DAMPING) + F.lit(DAMPING) * F.col("s")).alias("rank")
        ).localCheckpoint()
        delta = (
            fresh.join(ranks.withColumnRenamed("rank", "old"), "id")
            .agg(F.max(F.abs(F.col("rank") - F.col("old"))))
            .collect()[0][0]
        )
        ranks = fresh
        done += 1
        print("influence: round %d, delta %.4f" % (done, delta))
    links.unpersist()
    return ranks


if __name__ == "__main__":
    source, target = sys.argv[1], sys.argv[2]
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    spark = SparkSession.builder.appName("coauthors").getOrCreate()
    spark.sparkContext.setCheckpointDir(target + "/checkpoints")

    papers = spark.read.option("header", True).csv(source, schema="paper string, year int, authors string")
    if papers.filter("authors is null").count() > 0:
        papers.filter("authors is null").write.mode("overwrite").csv(target + "/broken")
        papers = papers.dropna(subset=["authors"])

    all_edges = edges_of(papers)
    edges = all_edges.dropDuplicates(["src", "dst"]).repartition(4, "src").cache()
    n = edges.count()
    print("edges", n)
    if n > 1_000_000:
        edges = edges.sample(0.1, seed=1).cache()
        print("sampled", edges.count())

    start = time.time()
    components = connected_components(spark, edges, limit)
    sizes = components.groupBy("label").count().orderBy(F.desc("count"), "label")
    sizes.show(5)

    # per period: does the giant component grow?
    for upto in range(2008, 2024, 8):
        part = all_edges.where(F.col("year") <= upto).join(components, F.col("src") == F.col("id"))
        biggest = part.groupBy("label").agg(F.countDistinct("src").alias("n")).agg(F.max("n")).first()[0]
        print(upto, biggest)

    ranks = influence(edges)
    result = components.join(ranks, "id").withColumnRenamed("label", "cluster")
    result.write.mode("overwrite").partitionBy("cluster").parquet(target + "/authors") if sizes.count() < 5 else \
        result.sort("cluster", F.desc("rank")).write.mode("overwrite").parquet(target + "/authors")

    for row in spark.read.parquet(target + "/authors").orderBy(F.desc("rank")).head(5):
        print(row["id"], row["cluster"], round(row["rank"], 3))
    print("took", round(time.time() - start), "s")
    spark.stop()
