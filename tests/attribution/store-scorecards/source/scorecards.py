# Monthly scorecards for the regional managers
# TODO split this file, it does too much
import sys
import pyspark.sql.functions as f
from pyspark.sql import SparkSession, Window as W
from pyspark.sql.types import *

BASE = sys.argv[1] if len(sys.argv) > 1 else "data"
TARGET = sys.argv[2] if len(sys.argv) > 2 else "out"
REGIONS = ["north", "south", "west"]
MEASURES = {"revenue": "sum", "amount": "avg", "items": "sum", "returned": "sum"}
stats = {}


def get_spark():
    return (SparkSession.builder
            .appName("store scorecards")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate())


def load(name, region=None):
    path = f"{BASE}/{name}/{region}.parquet" if region else f"{BASE}/{name}"
    df = spark.read.parquet(path)
    log_rows(f"{name}/{region or 'all'}", df)
    return df


def log_rows(what, df):
    n = df.count()
    stats[what] = n
    print("%-24s %8d rows" % (what, n))


def has_rows(df):
    return len(df.head(1)) > 0


def save(df, name, parts=1, partition_by=None):
    w = df.coalesce(parts).write.mode("overwrite")
    if partition_by:
        w = w.partitionBy(partition_by)
    w.parquet(f"{TARGET}/{name}")
    log_rows("written " + name, spark.read.parquet(f"{TARGET}/{name}"))


def clean(tills):
    bad = tills.where(f.col("amount") < 0)
    if has_rows(bad):
        save(bad.select("shop", "receipt"), "rejected")
    return (tills
            .where("amount >= 0")
            .withColumn("day", f.to_date("day"))
            .withColumn("month", f.date_format("day", "yyyy-MM")))


@f.udf(returnType=StringType())
def grade(score):
    if score is None:
        return "?"
    return "A" if score > 0.66 else "B" if score > 0.33 else "C"


def ranked(df, measure, within="region"):
    w = W.partitionBy(within).orderBy(f.desc(measure))
    return df.withColumn(measure + "_rank", f.percent_rank().over(w))


spark = get_spark()
shops = f.broadcast(load("shops"))
returns = load("returns").dropDuplicates(["receipt", "shop"])
hours = load("hours").withColumn("day", f.col("day").cast(DateType()))

per_region = []
for region in REGIONS:
    tills = clean(load("tills", region))
    items = (tills.select("shop", "month", f.explode("basket").alias("product"))
                  .groupBy("shop", "month")
                  .agg(f.count("*").alias("items"), f.countDistinct("product").alias("assortment")))
    money = tills.groupBy("shop", "month").agg(
        f.sum("amount").alias("revenue"),
        f.avg("amount").alias("amount"),
    )
    back = (tills.join(returns, ["shop", "receipt"], "left")
                 .groupBy("shop", "month")
                 .agg(f.sum(f.when(f.col("reason").isNotNull(), 1).otherwise(0)).alias("returned")))
    one = money.join(items, ["shop", "month"]).join(back, ["shop", "month"], "left").fillna(0, ["returned"])
    per_region.append(one.withColumn("region", f.lit(region)))
    if region == "south":
        # south reports hours in a different system, skip them for now
        continue
    worked = hours.join(shops.where(f.col("region") == region), "shop").groupBy("shop").agg(f.sum("hours").alias("hours"))
    save(worked, f"hours_{region}")

cards = per_region[0]
for other in per_region[1:]:
    cards = cards.unionByName(other)

for m in MEASURES:
    cards = ranked(cards, m)

score = sum([f.coalesce(f.col(m + "_rank"), f.lit(0.0)) for m in MEASURES]) / len(MEASURES)
cards = cards.withColumn("score", 1 - score).withColumn("grade", grade("score"))
cards.persist()
log_rows("cards", cards)

for m, how in MEASURES.items():
    agg = getattr(f, how)(m)
    print(m)
    (cards.join(shops.select("shop", "sqm"), "shop")
          .groupBy("region", "month")
          .agg(agg.alias(m), (f.sum(m) / f.sum("sqm")).alias(m + "_per_sqm"))
          .orderBy("region", "month")
          .show(6))

best = cards.where("grade = 'A'").select("region", "shop").distinct()
worst = cards.where("grade = 'C'").select("region", "shop").distinct()
both = best.intersect(worst)
if has_rows(both):
    print("moody shops:", [r.shop for r in both.orderBy("shop").collect()])
if not has_rows(cards.where(f.isnull("grade"))):
    save(cards, "cards", 2, "region")

for region in REGIONS:
    top = (cards.where(f.col("region") == region).orderBy(f.desc("score"), "shop").limit(2).collect())
    print(region, *[(t.shop, t.month, round(t.score, 2)) for t in top])

cards.unpersist()
print(stats)
spark.stop()
