"""Leaves an event log of a run over several executors, one of which is lost. Usage: cluster.py FOLDER_OF_LOGS"""

import os
import signal
import sys
import time

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local-cluster[3,1,1024]")
    .appName("cluster")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.dir", "file:" + sys.argv[1])
    .config("spark.ui.enabled", "false")
    .config("spark.executor.memory", "512m")
    .config("spark.task.maxFailures", "8")
    .getOrCreate()
)
context = spark.sparkContext


# The output of a shuffle is lost with the executor that holds it: its stage is tried again.
pairs = context.parallelize(range(3_000), 9).map(lambda n: (n % 30, n)).groupByKey(6)
pairs.count()


# Tells that it happened, across executors.
lost = os.path.join(sys.argv[1], ".lost")


def lose_executor(index, rows):
    if index == 0 and not os.path.exists(lost):
        open(lost, "w").close()
        # The Python worker's grandparent or parent is the executor's JVM.
        process = os.getppid()
        while process > 1:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                if b"CoarseGrainedExecutorBackend" in file.read():
                    os.kill(process, signal.SIGKILL)
                    break
            with open(f"/proc/{process}/stat") as file:
                process = int(file.read().rsplit(")", 1)[1].split()[1])
    time.sleep(0.3)
    return rows


pairs.mapPartitionsWithIndex(lose_executor).count()
pairs.mapValues(len).collect()
spark.stop()
