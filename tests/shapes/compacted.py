"""A rolling log of several files whose first ones Spark compacts, as the History Server does where it is told to retain few files."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("compacted").getOrCreate()
context = spark.sparkContext
jvm = context._jvm
folder = context.getConf().get("spark.eventLog.dir")
name = context.applicationId

# Each job's call site is written with its job, its stage and their properties: long ones fill the files.
context.setLocalProperty("notes", "of no use " * 90_000)
for number in range(6):
    context.setJobDescription(f"job {number}")
    print(context.range(40, numSlices=4).map(lambda n: n % 7).distinct(2).collect())
    print(spark.range(number + 10).groupBy("id").count().collect()[:1])

configuration = context._jsc.sc().conf()
hadoop = context._jsc.hadoopConfiguration()
spark.stop()

path = jvm.org.apache.hadoop.fs.Path(f"{folder}/eventlog_v2_{name}")
files = path.getFileSystem(hadoop)
history = jvm.org.apache.spark.deploy.history
reader = history.RollingEventLogFilesFileReader(files, path)
print([status.getPath().getName() for status in files.listStatus(path)])
result = history.EventLogFileCompactor(configuration, hadoop, files, 1, 0.1).compact(reader.listEventLogFiles())
print(result)
print([status.getPath().getName() for status in files.listStatus(path)])
