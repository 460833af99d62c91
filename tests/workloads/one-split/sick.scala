/** Counts records of a file of 2.5 GB that is read as one split. */
import java.io.RandomAccessFile

import org.apache.spark.sql.SparkSession

object sick {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.appName("one-split").getOrCreate()
    val context = spark.sparkContext

    // Zeros that take no room on the disk.
    new java.io.File("out").mkdirs()
    val file = new RandomAccessFile("out/records", "rw")
    file.setLength(2500L << 20)
    file.close()

    context.hadoopConfiguration.setLong("mapreduce.input.fileinputformat.split.minsize", 4L << 30)
    println(context.binaryRecords("out/records", 1 << 16).map(_.count(_ == 0).toLong).sum())

    spark.stop()
  }
}
