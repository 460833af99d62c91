from pyspark.sql import DataFrame, SparkSession


def read_orders(spark: SparkSession, root: str) -> DataFrame:
    reader = spark.read.format("csv").option("header", "true").option("inferSchema", True)
    return reader.load(root + "/orders")


def read_lines(spark: SparkSession, root: str) -> DataFrame:
    return (
        spark.read
        .schema("id INT, price DOUBLE")
        .option("mode", "DROPMALFORMED")
        .json(f"{root}/lines")
    )


def main():
    spark = SparkSession.builder.appName("readers").config("spark.sql.shuffle.partitions", 8).getOrCreate()
    orders = read_orders(spark, "data")
    lines = read_lines(spark, "data")
    table = spark.read.jdbc("jdbc:postgresql://db/shop", "customers")
    archive = spark.read.option("mergeSchema", "true").parquet("old/a", "old/b")
    texts = spark.read.text("notes")
    print(orders.count(), lines.count())
    archive.unionByName(orders).write.mode("overwrite").partitionBy("day").orc("out/orders")
    table.write.format("avro").save("out/customers")
    texts.write.mode("ignore").text("out/notes")


main()
