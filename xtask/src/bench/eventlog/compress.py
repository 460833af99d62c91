"""Compresses a log with Spark's own codecs, as its event log writer does: the stream is flushed again and again, which closes zstd's frames.

usage: compress.py LOG CODEC...      writes LOG.CODEC
"""
import sys

from pyspark.sql import SparkSession

PIECE = 1 << 20

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
java = spark.sparkContext._jvm
log, codecs = sys.argv[1], sys.argv[2:]
for name in codecs:
    codec = java.org.apache.spark.io.CompressionCodec.createCodec(spark.sparkContext._jsc.sc().conf(), name)
    source = java.java.io.FileInputStream(log)
    target = codec.compressedContinuousOutputStream(java.java.io.FileOutputStream(f"{log}.{name}"))
    while source.available() > 0:
        java.org.apache.commons.io.IOUtils.copyLarge(source, target, 0, PIECE)
        target.flush()
    target.close()
    source.close()
spark.stop()
