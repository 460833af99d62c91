from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, current_date


def publish(df: DataFrame, name: str, fresh: bool):
    stamped = df.withColumn("published", current_date())
    if fresh:
        stamped.writeTo(name).using("iceberg").createOrReplace()
    else:
        stamped.writeTo(name).append()
    stamped.sortWithinPartitions("id").write.format("delta").mode("append").save("lake")


def archive(df: DataFrame):
    for year in [2021, 2022, 2023]:
        part = df.where(col("year") == year)
        part.write.mode("overwrite").bucketBy(8, "id").sortBy("id").saveAsTable("archive")
    df.coalesce(1).write.option("compression", "gzip").csv("archive.csv")
    df.writeTo("history").overwritePartitions()


def main(spark: SparkSession):
    orders = spark.table("orders")
    publish(orders, "shop.orders", True)
    publish(orders.limit(100), "shop.sample", False)
    archive(orders.drop("secret"))


main(SparkSession.builder.getOrCreate())
