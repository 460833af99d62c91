# Databricks notebook source
# MAGIC %md ### shared helpers, run with `%run ./setup`

# COMMAND ----------

from pyspark.sql import functions as F
from pyspark.sql.window import Window

landing = "data/claims_landing"

def read_policies():
    return (spark.read.format("csv")
            .option("header", True)
            .schema("policy_no string, holder string, product string, region string, start_date date, premium double")
            .load(f"{landing}/policies.csv"))

# COMMAND ----------

def show_counts(**frames):
    for name, df in frames.items():
        print(name, df.count())

def upsert(df, table, key):
    """poor man's merge, we do not have delta everywhere"""
    if spark.catalog.tableExists(table):
        old = spark.table(table).join(df.select(key), key, "left_anti")
        df = old.unionByName(df)
    df.write.mode("overwrite").saveAsTable(table + "_tmp")
    spark.sql(f"DROP TABLE IF EXISTS {table}")
    spark.sql(f"ALTER TABLE {table}_tmp RENAME TO {table}")
