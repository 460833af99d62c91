from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import avg, col, stddev


def quality(spark: SparkSession, table: str):
    base = spark.table(table)

    def outliers(name: str) -> DataFrame:
        stats = base.agg(avg(name).alias("mean"), stddev(name).alias("deviation"))
        return base.crossJoin(stats).where(col(name) > col("mean") + col("deviation") * 3)

    def missing(name: str):
        return base.filter(col(name).isNull()).count()

    attempt = 0
    while attempt < 3:
        attempt = attempt + 1
        base = base.dropDuplicates()
    for name in ["amount", "price"]:
        outliers(name).write.mode("append").saveAsTable("outliers")
        print(missing(name))
    return base.summary()


def main():
    spark = SparkSession.builder.getOrCreate()
    try:
        quality(spark, "orders").show()
    finally:
        spark.stop()


main()
