# Databricks notebook source
# MAGIC %md
# MAGIC # Claims overview
# MAGIC Monthly numbers for the actuaries. Change the widgets, then *Run all*.

# COMMAND ----------

dbutils.widgets.text("from_year", "2022")
dbutils.widgets.dropdown("product", "car", ["car", "home", "travel"])
from_year = int(dbutils.widgets.get("from_year"))
product = dbutils.widgets.get("product")

# COMMAND ----------

# MAGIC %run ./setup

# COMMAND ----------

policies = read_policies().cache()
claims = spark.read.json(landing + "/claims").where(F.col("year") >= from_year)
claims = (claims
    .withColumn("loss_date", F.to_date("loss_date"))
    .withColumn("reported", F.to_date("reported"))
    .withColumn("delay", F.datediff("reported", "loss_date")))
show_counts(policies=policies, claims=claims)
display(claims)

# COMMAND ----------

# DBTITLE 1,Payments
payments = (
    claims
    .select("claim_id", "policy_no", F.explode_outer("payments").alias("p"))
    .select("claim_id", "policy_no", "p.amount", "p.kind")
)
per_claim = payments.groupBy("claim_id").agg(
    F.sum("amount").alias("paid"),
    F.sum(F.when(F.col("kind") == "cash", F.col("amount"))).alias("cash"),
)
claims_paid = claims.drop("payments").join(per_claim, "claim_id")
claims_paid.createOrReplaceTempView("claims_paid")
policies.createOrReplaceTempView("policies")

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT p.product, c.year, count(*) AS claims, round(sum(c.paid), 2) AS paid, sum(c.paid) / sum(p.premium) AS ratio
# MAGIC FROM claims_paid c
# MAGIC JOIN policies p ON p.policy_no = c.policy_no
# MAGIC GROUP BY p.product, c.year
# MAGIC ORDER BY p.product, c.year

# COMMAND ----------

# MAGIC %md
# MAGIC ## Reporting delay

# COMMAND ----------

w = Window.partitionBy("cause").orderBy(F.col("delay").desc(), "claim_id")
slow = claims_paid.withColumn("rn", F.row_number().over(w)).filter("rn <= 5")
display(slow.select("cause", "claim_id", "delay", "paid").orderBy("cause", "rn"))
claims_paid.groupBy("cause").agg(F.expr("percentile(delay, array(0.5, 0.9))").alias("q")).show(truncate=False)

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMPORARY VIEW repeated AS
# MAGIC SELECT p.holder, count(DISTINCT c.claim_id) AS n, collect_set(c.cause) AS causes
# MAGIC FROM claims_paid c JOIN policies p USING (policy_no)
# MAGIC GROUP BY p.holder HAVING count(DISTINCT c.claim_id) > 8

# COMMAND ----------

suspicious = spark.table("repeated")
if suspicious.count() > 0:
    display(suspicious.orderBy(F.desc("n")).limit(20))
else:
    print("nobody")

# COMMAND ----------

from pyspark.sql.functions import pandas_udf
import pandas as pd

@pandas_udf("double")
def capped(paid: pd.Series) -> pd.Series:
    return paid.fillna(0.0).clip(upper=2500.0)

wanted = policies.where(F.col("product") == product)
reserve = (claims_paid.join(wanted, "policy_no")
    .withColumn("capped", capped("paid"))
    .groupBy("region", "year").agg(F.sum("capped").alias("reserve"), F.countDistinct("policy_no").alias("policies")))
upsert(reserve.withColumn("key", F.concat_ws("-", "region", "year")), "claim_reserves", "key")

# COMMAND ----------

# the actuaries asked for it twice
upsert(reserve.withColumn("key", F.concat_ws("-", "region", "year")).filter("region != 'W'"), "claim_reserves", "key")
display(spark.table("claim_reserves").orderBy("key"))

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT count(*) AS unmatched FROM claims_paid c LEFT ANTI JOIN policies p ON c.policy_no = p.policy_no

# COMMAND ----------

unmatched = _sqldf.first()["unmatched"]
policies.unpersist()
dbutils.notebook.exit(str(unmatched))
