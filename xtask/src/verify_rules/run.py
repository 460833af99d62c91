"""Runs the examples of rules in one Spark application, each under its own job description.

The first argument is the table of data, the others are files of examples. Prints per example `stagelight-example`, its name, and
`ran` or an error, then `stagelight-plan` and a line of a plan for each line of the plans of the datasets that it keeps in variables.
What an example writes is removed before the next.
"""

import os
import pathlib
import shutil
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import DataFrame, SparkSession


def session():
    spark = SparkSession.builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def make_data(spark, table):
    for line in pathlib.Path(table).read_text().splitlines():
        if not line.startswith("#"):
            name, form, columns = line.split("\t")
            data = spark.range(1000).selectExpr(*columns.split("; "))
            data.write.saveAsTable(name)
            data.write.format(form).save(name)


def main():
    spark = session()
    make_data(spark, sys.argv[1])
    tables = {it.name for it in spark.catalog.listTables()}
    files = set(os.listdir())
    for example in map(pathlib.Path, sys.argv[2:]):
        spark = session()
        spark.sparkContext.setJobDescription(example.stem)
        names = {"__name__": "__main__"}
        try:
            exec(compile(example.read_text(), example.name, "exec"), names)
            outcome = "ran"
        except Exception as error:
            outcome = "error: " + " ".join(str(error).split())[:300]
        print()
        print("stagelight-example", example.stem, outcome, sep="\t", flush=True)
        for value in names.values():
            if isinstance(value, DataFrame) and not value.isStreaming:
                for line in value._jdf.queryExecution().executedPlan().toString().splitlines():
                    print("stagelight-plan", line, sep="\t", flush=True)
        spark = session()
        spark.sparkContext.setJobDescription(None)
        spark.catalog.clearCache()
        for it in spark.catalog.listTables():
            if it.name not in tables:
                spark.catalog.dropTempView(it.name) if it.isTemporary else spark.sql(f"DROP TABLE {it.name}")
        for name in set(os.listdir()) - files:
            shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)
    spark.stop()


main()
