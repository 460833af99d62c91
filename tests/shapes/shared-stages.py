"""Operators that share a stage, and how long each takes.

Each pipeline runs as a whole; then without its last operator, without the last two, and so on. What a stage takes less each time is what the operator took
that is missing. A comment names what each line of a pipeline is, and the descriptions of the shortened runs name the last that they have.
"""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType

spark = SparkSession.builder.appName("shared-stages").getOrCreate()
VISITS, SHOPS = "out/visits", "out/shops"
PAGE = r"^/(shop|basket)/[a-f0-9]*[02468]"

rows = spark.range(0, 4_000_000, numPartitions=4)
rows.select(
    (F.col("id") % 5_003).alias("shop"),
    (F.col("id") * 7 % 1_000_003).alias("visitor"),
    F.concat(F.lit("/shop/"), F.sha1(F.col("id").cast("string"))).alias("page"),
).write.mode("overwrite").parquet(VISITS)
spark.range(0, 5_003).select(F.col("id").alias("shop"), (F.col("id") % 40).alias("region")).write.mode("overwrite").parquet(SHOPS)


@F.udf(LongType())
def weight(visitor):
    return visitor * 31 % 1_009


def run(frame):
    frame.write.format("noop").mode("overwrite").save()


def alone(pipeline, frames):
    """Runs what is left of a pipeline, twice: the first run warms up."""
    for operator, frame in frames:
        for _ in range(2):
            spark.sparkContext.setJobDescription(f"{pipeline}: {operator}")
            run(frame)
    spark.sparkContext.setJobDescription(None)


def words():
    """Explodes addresses and counts their parts."""
    visits = spark.read.schema("shop LONG, visitor LONG, page STRING").parquet(VISITS)  # words: scan
    kept = visits.where(F.col("page").rlike(PAGE))  # words: filter
    parts = kept.select(F.explode(F.split("page", "[0-9]")).alias("part"))  # words: generate
    counted = parts.groupBy("part").agg(F.count("*").alias("parts"))  # words: aggregate
    counted.write.format("noop").mode("overwrite").save()


def regions():
    """Adds regions and sums up."""
    visits = spark.read.schema("shop LONG, visitor LONG, page STRING").parquet(VISITS)  # regions: scan
    shops = spark.read.schema("shop LONG, region LONG").parquet(SHOPS)
    joined = visits.join(F.broadcast(shops), "shop")  # regions: join
    summed = joined.groupBy("region", "visitor").agg(F.max("page").alias("last"))  # regions: aggregate
    summed.write.format("noop").mode("overwrite").save()


def weights():
    """Weighs visitors in Python."""
    visits = spark.read.schema("shop LONG, visitor LONG, page STRING").parquet(VISITS)  # weights: scan
    weighed = visits.withColumn("weight", weight("visitor"))  # weights: python
    digested = weighed.where(F.sha2("page", 512) > "0")  # weights: filter
    digested.write.format("noop").mode("overwrite").save()


def latest():
    """Numbers the visits of each shop."""
    visits = spark.read.schema("shop LONG, visitor LONG, page STRING").parquet(VISITS)  # latest: scan
    spread = visits.repartition(4, "shop")  # latest: shuffle
    order = Window.partitionBy("shop").orderBy("page")
    numbered = spread.withColumn("number", F.row_number().over(order))  # latest: window
    chosen = numbered.where(F.sha2("page", 512) > F.col("number").cast("string"))  # latest: filter
    chosen.write.format("noop").mode("overwrite").save()


def shortened():
    visits = spark.read.schema("shop LONG, visitor LONG, page STRING").parquet(VISITS)
    shops = spark.read.schema("shop LONG, region LONG").parquet(SHOPS)
    kept = visits.where(F.col("page").rlike(PAGE))
    parts = kept.select(F.explode(F.split("page", "[0-9]")).alias("part"))
    alone("words", [("scan", visits.select("page")), ("filter", kept.select("page")), ("generate", parts)])
    joined = visits.join(F.broadcast(shops), "shop").select("region", "visitor", "page")
    alone("regions", [("scan", visits), ("join", joined)])
    weighed = visits.withColumn("weight", weight("visitor"))
    alone("weights", [("scan", visits), ("python", weighed)])
    spread = visits.repartition(4, "shop")
    order = Window.partitionBy("shop").orderBy("page")
    alone("latest", [("scan", visits), ("shuffle", spread), ("window", spread.withColumn("number", F.row_number().over(order)))])


print(spark.range(3).collect())
for _ in range(2):
    words()
    regions()
    weights()
    latest()
shortened()
spark.stop()
