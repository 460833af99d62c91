# Where do the delays come from?  July analysis, K. asked for it on monday
# run: spark-submit delays.py
import math
import pandas as pd
from pyspark.sql import SparkSession
import pyspark.sql.functions as F
from pyspark.sql.functions import col, udf, pandas_udf, broadcast
from pyspark.sql.types import *
from pyspark.sql.window import Window as W

spark = SparkSession.builder.appName("july delays").getOrCreate()
spark.conf.set("spark.sql.autoBroadcastJoinThreshold", 20 * 1024)

fl = spark.read.parquet("data/flights.parquet")
ap = spark.read.csv("data/airports.csv", header=True, inferSchema=True)
ca = spark.read.csv("data/carriers.csv", header=True)
pl = spark.read.parquet("data/planes.parquet")
we = spark.read.parquet("data/weather.parquet")

# udfs ---------------------------------------------------------------
def _dist(lat1, lon1, lat2, lon2):
    if None in (lat1, lon1, lat2, lon2):
        return None
    p = math.pi / 180
    a = 0.5 - math.cos((lat2 - lat1) * p) / 2 + math.cos(lat1 * p) * math.cos(lat2 * p) * (1 - math.cos((lon2 - lon1) * p)) / 2
    return 12742 * math.asin(math.sqrt(a))

dist = udf(_dist, DoubleType())
bucket = udf(lambda d: "?" if d is None else "early" if d < 0 else "ok" if d < 15 else "late" if d < 60 else "very late")
words = udf(lambda s: s.split() if s else [], ArrayType(StringType()))

@pandas_udf(DoubleType())
def gust(wind: pd.Series, rain: pd.Series) -> pd.Series:
    return wind * 1.4 + rain.clip(upper=5) * 2

# 1 big table ------------------------------------------------------
o = ap.select(col("code").alias("origin"), col("city").alias("o_city"), col("lat").alias("o_lat"), col("lon").alias("o_lon"))
d = ap.select(col("code").alias("dest"), col("city").alias("d_city"), col("lat").alias("d_lat"), col("lon").alias("d_lon"), "runways")
df = fl.join(o, "origin", "left").join(d, "dest", "left")
df = df.join(broadcast(ca), "carrier")
df = df.join(pl, on="tail", how="left_outer")
df = df.withColumn("hour", F.date_trunc("hour", "sched"))
df = df.join(we.withColumnRenamed("station", "origin"), ["origin", "hour"], "left")
df = df.withColumn("km", dist("o_lat", "o_lon", "d_lat", "d_lon")).withColumn("bad", gust("wind", "rain"))
df = df.withColumn("how", bucket("arr_delay"))
df.persist()
print(df.count(), "flights,", fl.count(), "before the joins")

# 2 first look -----------------------------------------------------
df.groupBy("how").count().orderBy("count").show()
df.groupBy("alliance", "how").agg(F.count("*").alias("n"), F.avg("km").alias("km")).show(50)
print(df.where(col("o_city").isNull()).count(), "from airports we do not know")
df.filter(col("tail").isNotNull() & col("model").isNull()).select("tail").distinct().show(3)

# 3 weather? -------------------------------------------------------
q = df.approxQuantile("bad", [0.25, 0.5, 0.75], 0.01)
print(q)
byw = df.withColumn("w", F.when(col("bad") > q[2], "bad").when(col("bad") > q[0], "so so").otherwise("fine"))
byw.groupBy("w").agg(F.avg("dep_delay"), F.expr("percentile(dep_delay, 0.9)")).show()
print("corr", df.stat.corr("bad", "dep_delay"), df.corr("km", "dep_delay"))

# 4 does the plane carry its delay on? ---------------------------------
w = W.partitionBy("tail").orderBy("sched")
chain = df.withColumn("prev", F.lag("arr_delay").over(w)).withColumn("turn", (col("sched").cast("long") - F.lag(col("sched").cast("long")).over(w)) / 60)
chain = chain.where("turn < 300 and prev is not null")
chain.groupBy((col("prev") > 30).alias("was_late")).agg(F.mean("dep_delay"), F.count("*")).show()
# same thing with a self join, should be the same number
a = df.select("tail", "flight", "sched", "arr_delay").alias("a")
b = df.select("tail", "flight", "sched", "dep_delay").alias("b")
sj = a.join(b, (col("a.tail") == col("b.tail")) & (col("b.sched") > col("a.sched")) & (col("b.sched") < col("a.sched") + F.expr("interval 5 hours")))
print(sj.count())

# 5 reasons -----------------------------------------------------------
r = df.select("flight", "carrier", "arr_delay", F.explode(words("reason")).alias("word"))
r.groupBy("word").agg(F.count("*").alias("n"), F.avg("arr_delay").alias("avg")).orderBy(F.desc("n")).show()
r.where("word = 'weather'").join(df.select("flight", "bad"), "flight").agg(F.avg("bad")).show()
no = df.join(r, "flight", "left_anti")
no.groupBy("carrier").count().sort(F.desc("count")).limit(3).show()

# 6 per carrier trend, in pandas because of the fit -------------------------
def trend(pdf):
    x = (pdf["sched"] - pdf["sched"].min()).dt.total_seconds() / 86400
    y = pdf["dep_delay"].fillna(0)
    k = ((x - x.mean()) * (y - y.mean())).sum() / max(((x - x.mean()) ** 2).sum(), 1e-9)
    return pd.DataFrame({"carrier": [pdf["carrier"].iloc[0]], "slope": [float(k)], "n": [len(pdf)]})

tr = df.select("carrier", "sched", "dep_delay").groupBy("carrier").applyInPandas(trend, "carrier string, slope double, n long")
tr = tr.join(ca, "carrier").orderBy("slope")
tr.show()

# 7 busiest route of every carrier
routes = df.groupBy("carrier", "origin", "dest").agg(F.count("flight").alias("n"), F.avg("arr_delay").alias("delay"))
rk = W.partitionBy("carrier").orderBy(F.desc("n"), "origin", "dest")
busy = routes.withColumn("rk", F.rank().over(rk)).where(col("rk") == 1).drop("rk")
both = busy.join(routes.select(col("origin").alias("dest"), col("dest").alias("origin"), "carrier", col("delay").alias("back_delay")), ["carrier", "origin", "dest"], "left")
both.toPandas().to_csv("busy_routes.csv", index=False)

# 8 for the slides
wide = df.groupBy("model").pivot("how", ["early", "ok", "late", "very late"]).count().fillna(0)
tot = df.groupBy("model").agg(F.sum("seats").alias("seats"), F.max("year").alias("newest"))
wide.join(tot, "model").withColumn("share", (col("late") + col("very late")) / (col("early") + col("ok") + col("late") + col("very late"))).write.mode("overwrite").parquet("out/models")
spark.read.parquet("out/models").orderBy(F.desc("share")).show(10)
late = df.where("how in ('late', 'very late')")
ontime = df.where("how = 'ok'")
late.select("carrier", "dest").union(ontime.select("carrier", "dest")).distinct().write.mode("overwrite").csv("out/pairs")
only_late = late.select("origin", "dest").exceptAll(ontime.select("origin", "dest")).count()
print(only_late)
df.sample(0.1, seed=3).orderBy("sched").limit(100).write.mode("overwrite").json("out/sample")
df.unpersist()
spark.stop()
