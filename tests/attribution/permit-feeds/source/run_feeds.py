"""Runs the feeds of a JSON file. Nothing about permits belongs in here."""
import json
import logging
import pathlib
import string
import sys

from pyspark.sql import SparkSession

import ops

HERE = pathlib.Path(__file__).resolve().parent
log = logging.getLogger("feeds")


def load_sources(spark, sources, dirs):
    for name, spec in sources.items():
        reader = spark.read.format(spec["format"])
        for key, value in spec.get("options", {}).items():
            reader = reader.option(key, value)
        if "schema" in spec:
            reader = reader.schema(spec["schema"])
        reader.load(spec["path"].format(**dirs)).createOrReplaceTempView(name)


def compute(spark, feed):
    if "sql" in feed:
        template = string.Template((HERE / "sql" / feed["sql"]).read_text())
        return spark.sql(template.substitute(feed.get("params", {})))
    df = spark.table(feed["from"])
    for op, argument in feed.get("do", []):
        fn = getattr(ops, op, None)
        if fn is None:
            raise ValueError(f"{feed['name']}: no op {op}")
        df = fn(df, argument)
    return df


def check(df, name, expect):
    if "rows" in expect:
        low, high = expect["rows"]
        n = df.count()
        if not low <= n <= high:
            raise ValueError(f"{name}: {n} rows, expected {low} to {high}")
    for column in expect.get("not_null", []):
        if df.filter(df[column].isNull()).limit(1).count():
            raise ValueError(f"{name}: {column} has nulls")


def write(df, name, spec, out):
    if spec.get("one_file"):
        df = df.coalesce(1)
    writer = df.write.format(spec["format"]).mode("overwrite")
    if spec.get("partition"):
        writer = writer.partitionBy(*spec["partition"])
    writer.save(f"{out}/{name}")


def run(config, dirs):
    spark = SparkSession.builder.appName("feeds").getOrCreate()
    load_sources(spark, config["sources"], dirs)
    written = []
    for feed in config["feeds"]:
        if not feed.get("enabled", True):
            log.info("%s is disabled", feed["name"])
            continue
        df = compute(spark, feed)
        if feed.get("keep"):
            df = df.cache()
        df.createOrReplaceTempView(feed["name"])
        check(df, feed["name"], feed.get("expect", {}))
        if "write" in feed:
            write(df, feed["name"], feed["write"], dirs["out"])
            written.append((feed["name"], feed["write"]["format"]))

    for name, fmt in written:
        result = spark.read.format(fmt).load(f"{dirs['out']}/{name}")
        print(f"{name:20} {result.count():6d} rows, {len(result.columns)} columns")
    spark.catalog.clearCache()
    spark.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with open(HERE / sys.argv[1]) as handle:
        run(json.load(handle), {"in": sys.argv[2], "out": sys.argv[3]})
