"""An executor of two is killed while the stage runs whose shuffle files it holds: tasks of it that were done are run again."""

import os
import signal
import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("resubmitted-tasks").getOrCreate()
context = spark.sparkContext

# Tells that it happened, whichever executor asks.
lost = os.path.abspath("out")


def kill_executor():
    # The worker's parent or grandparent is the executor's JVM.
    process = os.getppid()
    while process > 1:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            if b"CoarseGrainedExecutorBackend" in file.read():
                os.kill(process, signal.SIGKILL)
        with open(f"/proc/{process}/stat") as file:
            process = int(file.read().rsplit(")", 1)[1].split()[1])


def work(index, rows):
    if index == 6 and not os.path.exists(lost):
        os.mkdir(lost)
        time.sleep(2)
        kill_executor()
        time.sleep(10)
    time.sleep(0.2)
    return rows


numbers = context.range(3_000, numSlices=8).mapPartitionsWithIndex(work)
print(len(numbers.map(lambda n: (n % 30, n)).groupByKey(4).collect()))

spark.stop()
