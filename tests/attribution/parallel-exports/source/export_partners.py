# -*- coding: utf-8 -*-
"""Exports for our partners; every partner gets its own files.

The exports do not depend on one another so they are submitted from a thread pool,
otherwise the cluster idles most of the time.
"""
import os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.pool import ThreadPool

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession, functions as F, types as T
from pyspark.sql.window import Window

SRC, DST = sys.argv[1], sys.argv[2]
PARTNERS = {
    "tourist_board": ["Wien", "Graz", "Linz"],
    "channel_manager": ["web", "agent", "app"],
    "loyalty": ["AT", "DE"],
}

spark = SparkSession.builder.appName("partner exports").config("spark.scheduler.mode", "FAIR").getOrCreate()
sc = spark.sparkContext
_lock = threading.Lock()
summary = {}


def note(key, value):
    with _lock:
        summary[key] = value


bookings = spark.read.parquet(os.path.join(SRC, "bookings.parquet"))
hotels = spark.read.parquet(os.path.join(SRC, "hotels.parquet"))
guests = spark.read.parquet(os.path.join(SRC, "guests.parquet"))

stays = (bookings.filter(~F.col("cancelled"))
         .join(F.broadcast(hotels), "hotel")
         .join(guests, "guest", "left")
         .withColumn("revenue", F.col("nights") * F.col("rate"))
         .withColumn("month", F.trunc("arrival", "month"))
         .repartition("hotel")
         .cache())
print("stays", stays.count())


@F.udf(T.StringType())
def season(day):
    return "ski" if day.month in (12, 1, 2, 3) else "summer" if day.month in (6, 7, 8) else "between"


# ---- the exports ----------------------------------------------------------
def export_city(city):
    sc.setLocalProperty("spark.scheduler.pool", "city")
    df = (stays.where(F.col("city") == city)
          .groupBy("month", "stars").agg(F.sum("revenue").alias("revenue"), F.sum("nights").alias("nights")))
    df.write.mode("overwrite").csv("%s/tourist_board/%s" % (DST, city), header=True)
    note(city, df.count())
    return city


def export_channel(channel):
    sc.setJobGroup("channel-" + channel, "export of channel " + channel)
    w = Window.partitionBy("hotel").orderBy(F.desc("revenue"))
    mine = stays.filter(F.col("channel") == channel)
    top = mine.withColumn("pos", F.rank().over(w)).where("pos <= 3")
    top.select("hotel", "booking", "revenue", season("arrival").alias("season")).write.mode("overwrite").json(
        os.path.join(DST, "channel_manager", channel))
    total = mine.agg(F.sum("revenue")).first()[0]
    note(channel, round(total, 2))
    return channel


def export_country(country):
    members = stays.where((F.col("country") == country) & F.col("member"))
    points = members.groupBy("guest").agg((F.sum("revenue") / 10).cast("int").alias("points"))
    points.orderBy(F.desc("points")).coalesce(1).write.mode("overwrite").parquet(f"{DST}/loyalty/{country}")
    best = points.orderBy(F.col("points").desc()).limit(1).collect()
    note(country, best[0]["points"] if best else 0)
    return country


EXPORTS = {"tourist_board": export_city, "channel_manager": export_channel, "loyalty": export_country}

t0 = time.time()
with ThreadPoolExecutor(max_workers=3) as pool:
    futures = {}
    for partner, keys in PARTNERS.items():
        for key in keys:
            futures[pool.submit(inheritable_thread_target(EXPORTS[partner]), key)] = partner
    for f in as_completed(futures):
        print(futures[f], f.result())
print("exports took %.1fs" % (time.time() - t0))

# ---- quality numbers, simple enough for map ----------------------------------
checks = [
    ("no_guest", stays.filter(F.col("country").isNull())),
    ("long_stay", stays.filter("nights > 7")),
    ("cheap", stays.filter(F.col("rate") < 60)),
    ("distinct_guests", stays.select("guest").distinct()),
]
tp = ThreadPool(2)
results = tp.map(lambda c: (c[0], c[1].count()), checks)
tp.close()
tp.join()
print(results)

# one old fashioned thread for the slow one
def cube():
    stays.cube("city", "channel").agg(F.avg("rate").alias("rate")).write.mode("overwrite").parquet(DST + "/cube")

t = threading.Thread(target=cube)
t.start()
spark.sql("select 1").show()
t.join()

rows = [(k, str(v)) for k, v in sorted(summary.items())]
spark.createDataFrame(rows, "name string, value string").show(50, False)
stays.unpersist()
spark.stop()
