"""Sums up pictures by shop, those that name none by a number of their own."""

import os
import time

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("crowded-key").getOrCreate()


def total(pictures):
    size = sum(len(picture) for _, picture in pictures)
    # The shop's page is made anew.
    time.sleep(5)
    yield size


# A picture has a megabyte, and 0 stands for no shop.
pictures = spark.sparkContext.range(600, numSlices=12).map(lambda n: (n % 12, os.urandom(1 << 20)))
print(pictures.partitionBy(12, lambda shop: shop).mapPartitions(total).sum())

spark.stop()
