"""A job that is cancelled, and one that fails: the tasks that still run are killed."""

import threading
import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("killed-tasks").getOrCreate()
context = spark.sparkContext


def wait(n):
    time.sleep(0.3)
    return n


def fail(n):
    if n == 1:
        time.sleep(1)
        raise RuntimeError("this job fails")
    time.sleep(3)
    return n


def cancel():
    time.sleep(3)
    context.cancelAllJobs()


threading.Thread(target=cancel).start()
try:
    context.parallelize(range(100), 4).map(wait).collect()
except Exception as error:
    print("cancelled as it should be:", type(error).__name__)

try:
    context.parallelize(range(4), 4).map(fail).collect()
except Exception as error:
    print("failed as it should:", type(error).__name__)

print(context.parallelize(range(4), 4).map(wait).collect())

spark.stop()
