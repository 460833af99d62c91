"""Five iterations of k-means over cached points, as HiBench's KMeans does."""

from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.appName("kmeans").getOrCreate()

columns = [F.abs(F.xxhash64("id", F.lit(axis)) % 1_000).alias(f"x{axis}") + F.col("id") % 5 * 2_000 for axis in range(8)]
points = spark.range(200_000, numPartitions=4).select([column.alias(f"x{axis}") for axis, column in enumerate(columns)])
features = VectorAssembler(inputCols=points.columns, outputCol="features").transform(points).select("features").cache()
print(features.groupBy().count().collect())

model = KMeans(k=5, maxIter=5, seed=1, initMode="random").fit(features)
print(model.clusterCenters()[0], model.transform(features).groupBy("prediction").count().collect())

spark.stop()
