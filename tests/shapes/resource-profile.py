"""A stage whose tasks ask for two cores each, after one of the default profile."""

from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("resource-profile").getOrCreate()
context = spark.sparkContext

profile = ResourceProfileBuilder().require(TaskResourceRequests().cpus(2)).build
print(context.range(100, numSlices=4).map(lambda n: (n % 5, n)).groupByKey(2).withResources(profile).mapValues(len).collect())

spark.stop()
