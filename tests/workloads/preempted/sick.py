"""Scores readings and groups them; an executor of two is taken away after the shuffle, and its part of it is computed again."""

import os
import signal

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("preempted").getOrCreate()
context = spark.sparkContext

# Tells that it happened, whichever executor asks.
taken = os.path.abspath("out")


def take_executor_away():
    # The worker's parent or grandparent is the executor's JVM.
    process = os.getppid()
    while process > 1:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            if b"CoarseGrainedExecutorBackend" in file.read():
                os.kill(process, signal.SIGKILL)
        with open(f"/proc/{process}/stat") as file:
            process = int(file.read().rsplit(")", 1)[1].split()[1])


def score(reading):
    total = reading
    for step in range(200):
        total = (total * 31 + step) % 1_000_003
    return reading % 50, total


def reduce(index, groups):
    if index == 1 and not os.path.exists(taken):
        os.mkdir(taken)
        take_executor_away()
    for sensor, scores in groups:
        yield sensor, max(scores)


groups = context.range(400_000, numSlices=8).map(score).groupByKey(6)
print(len(groups.mapPartitionsWithIndex(reduce).collect()))

spark.stop()
