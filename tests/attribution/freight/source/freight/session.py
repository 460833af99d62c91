from pyspark.sql import SparkSession


def session_for(app: str) -> SparkSession:
    builder = SparkSession.builder.appName(app)
    for key, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        "spark.sql.autoBroadcastJoinThreshold": "200k",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
