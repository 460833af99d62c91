"""Sessions from access logs.

Old job, started on Spark 1.x, parts moved to DataFrames since.
"""
from __future__ import print_function

import re
import sys
from datetime import datetime
from operator import add

from pyspark import SparkConf, SparkContext, StorageLevel
from pyspark.sql import Row, SparkSession, SQLContext
from pyspark.sql import functions as F

LINE = re.compile(r'^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) \S+" (\d{3}) (\d+) "[^"]*" "([^"]*)"')
GAP = 15 * 60

conf = SparkConf().setAppName("sessionize")
sc = SparkContext(conf=conf)
spark = SparkSession(sc)
base, out = sys.argv[1:3]

malformed = sc.accumulator(0)
bots = sc.broadcast(set(sc.textFile(base + "/bots.txt").map(lambda l: l.strip().lower()).collect()))


def parse(line):
    m = LINE.match(line)
    if not m:
        malformed.add(1)
        return []
    ip, ts, verb, path, status, size, agent = m.groups()
    at = int((datetime.strptime(ts[:20], "%d/%b/%Y:%H:%M:%S") - datetime(1970, 1, 1)).total_seconds())
    return [Row(ip=ip, at=at, path=path.split("?")[0], status=int(status), size=int(size), agent=agent)]


def is_bot(hit):
    a = hit.agent.lower()
    return any(b in a for b in bots.value)


def sessions(ip_hits):
    ip, hits = ip_hits
    hits = sorted(hits, key=lambda h: h.at)
    current, last = [], None
    for h in hits:
        if last is not None and h.at - last > GAP:
            yield ip, current
            current = []
        current.append(h)
        last = h.at
    if current:
        yield ip, current


hits = sc.textFile(base + "/logs/*.gz").repartition(4).flatMap(parse).persist(StorageLevel.MEMORY_AND_DISK)
print("hits", hits.count(), "malformed", malformed.value)

humans = hits.filter(lambda h: not is_bot(h))
print("bots", hits.count() - humans.count())

# status codes
for status, n in sorted(hits.map(lambda h: (h.status, 1)).reduceByKey(add).collect()):
    print(status, n)

# heavy pages
traffic = (hits.map(lambda h: (h.path, h.size))
               .aggregateByKey((0, 0), lambda a, s: (a[0] + s, a[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1]))
               .mapValues(lambda a: a[0] / float(a[1])))
print(traffic.sortBy(lambda kv: -kv[1]).take(3))
print(traffic.takeOrdered(3, key=lambda kv: kv[1]))

by_ip = humans.keyBy(lambda h: h.ip).groupByKey(4)
sess = by_ip.flatMap(sessions).cache()
lengths = sess.map(lambda s: len(s[1]))
print("sessions", lengths.count(), "mean", lengths.mean(), "max", lengths.max())
print(lengths.histogram([1, 2, 5, 10, 100]))

# --- country of the session, still an RDD join
nets = sc.textFile(base + "/networks.tsv").map(lambda l: l.split("\t")).map(lambda p: (p[0], (p[1], p[2])))
located = (sess.map(lambda s: (s[0].rsplit(".", 1)[0], s[1]))
               .leftOuterJoin(nets)
               .map(lambda kv: (kv[1][1][0] if kv[1][1] else "??", len(kv[1][0]))))
print(dict(located.countByKey()))
located.reduceByKey(add).coalesce(1).map(lambda kv: "%s\t%d" % kv).saveAsTextFile(out + "/hits_by_country")

# --- from here on DataFrames
df = sess.zipWithIndex().flatMap(lambda t: [(t[1], t[0][0], h.at, h.path, h.status) for h in t[0][1]]).toDF(
    ["session", "ip", "at", "path", "status"])
df.createOrReplaceTempView("session_hits")
df.printSchema()

funnel = (df.groupBy("session")
            .agg(F.max((F.col("path") == "/cart").cast("int")).alias("cart"),
                 F.max((F.col("path") == "/checkout").cast("int")).alias("checkout"),
                 F.min("at").alias("began"), F.max("at").alias("ended")))
funnel.groupBy("cart", "checkout").count().orderBy("cart", "checkout").show()

networks = spark.read.csv(base + "/networks.tsv", sep="\t", schema="net string, country string, isp string")
enriched = (df.withColumn("net", F.regexp_extract("ip", r"^(\d+\.\d+\.\d+)", 1))
              .join(networks, "net", "left_outer"))
errors = enriched.where(F.col("status") >= 404).groupBy("isp", "path").count()
errors.sort(F.desc("count")).show(5)

# back to RDDs for the old exporter
per_isp = errors.rdd.map(lambda r: (r.isp or "unknown", (r.path, r["count"]))).groupByKey().mapValues(dict)
for isp, pages in per_isp.collect():
    print(isp, pages)

durations = funnel.select((F.col("ended") - F.col("began")).alias("seconds")).rdd.map(lambda r: r.seconds)
print("stdev", durations.stdev())

spark.sql("select count(distinct session) from session_hits where path = '/login'").show()
enriched.foreachPartition(lambda rows: [None for _ in rows])

if malformed.value > 1000:
    sc.textFile(base + "/logs/*.gz").filter(lambda l: not LINE.match(l)).saveAsTextFile(out + "/malformed")

hits.unpersist()
sc.stop()
