"""Makes small datasets and prints of each its place, how many rows it has, and whether Spark copies it to join it with a large one.

Reads lines of place, whether rows are to be counted, whether a join is to be planned, and an expression.
"""

import os
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
sc = spark.sparkContext
sc.setLogLevel("OFF")

spark.range(10_000_000).selectExpr("id AS customer_id", "double(id) AS amount").createTempView("orders")
orders = spark.table("orders")
few = spark.createDataFrame([(i, f"name {i}") for i in range(5)], ["customer_id", "name"]).coalesce(1)
few.write.csv("small.csv", header=True)
few.write.json("small.json")
few.write.orc("small.orc")
few.write.parquet("small.parquet")
few.write.saveAsTable("small")


def joined(made):
    plan = orders.join(made, "customer_id")._jdf.queryExecution().executedPlan().toString()
    return "broadcast" if "BroadcastHashJoin" in plan else "shuffle" if "SortMergeJoin" in plan else plan.split("\n")[0]


for line in sys.stdin:
    place, counted, planned, expression = line.rstrip("\n").split("\t")
    try:
        made = eval(expression)
        rows = made.count() if counted == "true" else "-"
        answer = f"{rows}\t{joined(made) if planned == 'true' else '-'}"
    except Exception as error:
        answer = "error\t" + " ".join(str(error).split())[:200]
    print(place, answer, sep="\t", flush=True)
