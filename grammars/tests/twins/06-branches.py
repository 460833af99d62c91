from pyspark.sql import DataFrame
from pyspark.sql.functions import col


def pick(orders: DataFrame, full: bool) -> DataFrame:
    if full:
        return orders.distinct()
    picked = orders.limit(100)
    return picked.filter(col("id") > 1)


events = spark.read.json("data/events")
if events.isEmpty():
    events = spark.range(10)
else:
    events = events.dropDuplicates(["id"])
try:
    events.write.format("delta").save("out/events")
except Exception:
    events.show()
picked = pick(events, True)
picked.count()
