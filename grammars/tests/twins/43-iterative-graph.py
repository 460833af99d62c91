from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


@dataclass
class Components:
    spark: SparkSession
    edges: DataFrame
    limit: int

    def start(self) -> DataFrame:
        return self.edges.select(F.col("from").alias("id")).distinct().withColumn("component", F.col("id"))

    def step(self, vertices: DataFrame) -> DataFrame:
        messages = self.edges.join(vertices, self.edges["from"] == vertices["id"]).groupBy("to").agg(F.min("component").alias("smallest"))
        joined = vertices.join(messages, vertices["id"] == messages["to"], "left")
        return joined.select("id", F.least("component", "smallest").alias("component"))

    def run(self) -> DataFrame:
        vertices = self.start()
        round = 0
        changed = 1
        while changed > 0 and round < self.limit:
            following = self.step(vertices).persist()
            changed = following.join(vertices, ["id", "component"], "left_anti").count()
            if round % 5 == 0:
                following = following.checkpoint()
            vertices.unpersist()
            vertices = following
            round = round + 1
        return vertices


spark = SparkSession.builder.appName("components").getOrCreate()
spark.sparkContext.setCheckpointDir("checkpoints")
components = Components(spark, spark.table("edges").cache(), 20)
found = components.run()
found.groupBy("component").count().orderBy(F.desc("count")).show(10)
found.write.mode("overwrite").saveAsTable("components")
