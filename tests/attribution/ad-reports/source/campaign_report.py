#!/usr/bin/env python
"""
Weekly campaign report.

Everything is SQL so the marketing people can read (and change) it.
usage: campaign_report.py <data dir> <output dir>
"""
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("campaign-report").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

DATA = sys.argv[1]
OUT = sys.argv[2]
MIN_IMPRESSIONS = 50


def q(sql, view=None, cache=False):
    """run a query, optionally register the result"""
    df = spark.sql(sql)
    if cache:
        df = df.cache()
    if view:
        df.createOrReplaceTempView(view)
    return df


# ---------------------------------------------------------------- sources
spark.read.option("header", True).option("inferSchema", True).csv(DATA + "/campaigns.csv").createOrReplaceTempView("campaigns_raw")
spark.read.json(f"{DATA}/impressions").createOrReplaceTempView("impressions_raw")

spark.sql(f"""
    CREATE OR REPLACE TEMPORARY VIEW clicks
    USING csv
    OPTIONS (path '{DATA}/clicks.csv', header 'true', inferSchema 'true')
""")

q("""
    SELECT campaign_id, advertiser, channel, daily_budget, country
    FROM campaigns_raw
    LATERAL VIEW explode(split(countries, '[|]')) c AS country
""", view="campaign_countries")

q("""
    SELECT impression_id,
           campaign_id,
           user_id,
           to_timestamp(ts) AS seen_at,
           to_date(ts) AS day,
           price_micros / 1000000.0 AS cost,
           placement.site AS site,
           placement.slot AS slot
    FROM impressions_raw
    WHERE price_micros >= 250
""", view="impressions", cache=True)

total = spark.sql("SELECT count(*) AS n FROM impressions").first()["n"]
print("impressions:", total)

orphans = spark.sql("""
    SELECT i.campaign_id, count(*) AS lost
    FROM impressions i LEFT ANTI JOIN campaigns_raw c ON i.campaign_id = c.campaign_id
    GROUP BY i.campaign_id
""")
for row in orphans.collect():
    print(f"no campaign {row.campaign_id}: {row.lost} impressions")

# ---------------------------------------------------------------- facts
q("""
    WITH clicked AS (
        SELECT impression_id, max(converted) AS converted FROM clicks GROUP BY impression_id
    )
    SELECT i.day, i.campaign_id, i.user_id, i.site, i.slot, i.cost,
           CASE WHEN k.impression_id IS NULL THEN 0 ELSE 1 END AS click,
           CASE WHEN k.converted THEN 1 ELSE 0 END AS conversion
    FROM impressions i
    LEFT JOIN clicked k ON i.impression_id = k.impression_id
""", view="facts")

q("""
    SELECT campaign_id, day, sum(cost) AS spend, sum(click) AS clicks,
           sum(conversion) AS conversions, count(1) AS impressions
    FROM facts GROUP BY campaign_id, day
""", view="daily")

# ---------------------------------------------------------------- reports
by_channel = q("""
    SELECT c.channel, count(DISTINCT f.user_id) AS users, count(*) AS impressions,
           sum(f.click) / count(*) AS ctr, round(sum(f.cost), 2) AS spend
    FROM facts f JOIN campaigns_raw c USING (campaign_id)
    GROUP BY c.channel
    ORDER BY spend DESC
""")
by_channel.show()
by_channel.write.mode("overwrite").option("header", True).csv(f"{OUT}/by_channel")

q(f"""
    SELECT d.campaign_id, d.day, d.spend, c.daily_budget,
           sum(d.spend) OVER (PARTITION BY d.campaign_id ORDER BY d.day) AS running,
           d.spend - lag(d.spend) OVER (PARTITION BY d.campaign_id ORDER BY d.day) AS change,
           rank() OVER (PARTITION BY d.day ORDER BY d.spend DESC) AS place
    FROM daily d JOIN campaigns_raw c ON c.campaign_id = d.campaign_id
    WHERE d.impressions > {MIN_IMPRESSIONS // 10}
""", view="pacing")

print("leaders per day")
spark.sql("SELECT day, campaign_id, spend FROM pacing WHERE place <= 3 ORDER BY day, place").show(100, False)

spark.sql("""
    SELECT slot, percentile_approx(cost, 0.5) AS median_cost
    FROM impressions GROUP BY slot
    UNION ALL
    SELECT 'all', percentile_approx(cost, 0.5) FROM impressions
""").show()

spark.sql(f"CREATE DATABASE IF NOT EXISTS marketing")
spark.sql("DROP TABLE IF EXISTS marketing.country_spend")
spark.sql("""
    CREATE TABLE marketing.country_spend USING parquet AS
    SELECT cc.country, d.day, sum(d.spend) AS spend
    FROM daily d JOIN campaign_countries cc ON cc.campaign_id = d.campaign_id
    GROUP BY cc.country, d.day
""")

for country in ["DE", "FR", "PL"]:
    top = spark.sql(f"""
        SELECT day, spend FROM marketing.country_spend
        WHERE country = '{country}'
        ORDER BY spend DESC LIMIT 3
    """).collect()
    print(country, [(str(r["day"]), round(r["spend"], 3)) for r in top])

# funnel: one query per step, glued together
steps = ["impressions", "clicks", "conversions"]
funnel = " UNION ALL ".join(f"SELECT '{s}' AS step, sum({s}) AS n FROM daily" for s in steps)
spark.sql(funnel).show()

spark.sql("""
    SELECT * FROM (SELECT c.channel, f.slot, f.click FROM facts f JOIN campaigns_raw c ON f.campaign_id = c.campaign_id)
    PIVOT (sum(click) FOR slot IN ('top', 'side', 'feed'))
    ORDER BY channel
""").toPandas().to_csv(f"{OUT}/clicks_by_slot.csv", index=False)

spark.catalog.uncacheTable("impressions")
spark.sql("SELECT count(DISTINCT user_id) AS users FROM impressions WHERE slot = 'feed'").show()
spark.stop()
