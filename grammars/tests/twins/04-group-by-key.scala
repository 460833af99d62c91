import org.apache.spark.sql.SparkSession

val pairs = spark.sparkContext.parallelize(Seq(("a", 1), ("b", 2), ("a", 3)))
val grouped = pairs.groupByKey()
val sums = grouped.mapValues(_.sum)
val sizes = grouped.mapValues(vs => vs.size)
val largest = pairs.groupByKey().map { case (k, v) => (k, v.max) }
val both = sums.join(sizes).mapValues { case (total, size) => total / size }
val everything = both.union(largest).collect()
