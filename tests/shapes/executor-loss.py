"""An executor of two is killed while its tasks run; they run again on the one that takes its place."""

import os
import signal
import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("executor-loss").getOrCreate()
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
    time.sleep(0.5)
    if index == 2 and not os.path.exists(lost):
        os.mkdir(lost)
        kill_executor()
        time.sleep(10)
    return rows


print(context.range(600, numSlices=6).mapPartitionsWithIndex(work).collect()[:3])

spark.stop()
