from pyspark.sql import SparkSession
from pyspark.sql.functions import col, struct, udf


def clean(text):
    return text.strip()


spark = SparkSession.builder.getOrCreate()
trimmed = udf(clean)
doubled = udf(lambda n: n * 2)
spark.udf.register("clean", clean)
spark.udf.register("half", lambda n: n / 2)
people = spark.read.table("people")
named = people.select(trimmed(col("name")).alias("name"), doubled(col("age")).alias("age"))
nested = named.withColumn("both", struct("name", "age")).filter(doubled("age") > 10)
nested.show()
spark.sql("SELECT clean(name), half(age) FROM people").show()
named.selectExpr("half(age) AS half").write.csv("out/half")
people.rdd.map(lambda row: clean(row[0])).distinct().saveAsTextFile("out/names")
