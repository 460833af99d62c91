#
# Loads the league warehouse (bronze -> silver -> gold).
# One script because the scheduler can only start one script.
#
from pyspark.sql import SparkSession
from pyspark.sql.functions import *
import sys

spark = (SparkSession.builder
    .appName("league warehouse")
    .config("spark.sql.sources.default", "parquet")
    .config("spark.sql.sources.partitionOverwriteMode", "dynamic")
    .getOrCreate())

landing = sys.argv[1]
rebuild = len(sys.argv) > 2 and sys.argv[2] == "rebuild"

for layer in ("bronze", "silver", "gold"):
    spark.sql("create database if not exists " + layer)

# ======================= bronze =======================
matches = spark.read.csv(landing + "/matches.csv", header=True, inferSchema=True)
goals = spark.read.json(landing + "/goals.json")
players = spark.read.csv(landing + "/players.tsv", sep="\t", header=True, inferSchema=True)

matches.write.mode("overwrite").saveAsTable("bronze.matches")
goals.write.mode("overwrite").saveAsTable("bronze.goals")
players.write.mode("overwrite").saveAsTable("bronze.players")

print(spark.table("bronze.matches").count())
print(spark.table("bronze.goals").count())
print(spark.table("bronze.players").count())

# ======================= silver =======================
m = spark.table("bronze.matches").withColumn("played_on", to_date("played_on"))
g = spark.table("bronze.goals")
score = g.groupBy("match_id", "team").agg(count(lit(1)).alias("goals"), sum(col("penalty").cast("int")).alias("penalties"))

home = score.select(col("match_id"), col("team").alias("home"), col("goals").alias("home_goals"))
away = score.select(col("match_id"), col("team").alias("away"), col("goals").alias("away_goals"))
results = (m.join(home, ["match_id", "home"], "left")
            .join(away, ["match_id", "away"], "left")
            .na.fill(0, ["home_goals", "away_goals"])
            .withColumn("winner", when(col("home_goals") > col("away_goals"), col("home"))
                                  .when(col("home_goals") < col("away_goals"), col("away"))))
results.write.mode("overwrite").partitionBy("season").format("parquet").saveAsTable("silver.results")

spark.sql("""
    create or replace temporary view player_positions as
    select player_id, name, born, position
    from bronze.players lateral view explode(split(positions, '/')) x as position
""")
if rebuild:
    spark.sql("drop table if exists silver.player_positions")
spark.sql("create table if not exists silver.player_positions using parquet as select * from player_positions")
spark.sql("insert overwrite silver.player_positions select * from player_positions where position <> 'GK' or born > 1990")

# ======================= checks =======================
r = spark.table("silver.results")
assert r.count() == m.count()
assert r.count() > 0
r.filter(col("winner").isNull()).count()
r.filter(col("winner").isNull()).count()
r.filter(col("winner").isNotNull()).count()
r.groupBy("season").count().show()
r.groupBy("season").count().show()
print(r.select("home").distinct().count(), r.select("away").distinct().count())

# ======================= gold =======================
points = (r.select("season", col("home").alias("team"), expr("case when winner = home then 3 when winner is null then 1 else 0 end").alias("points"), (col("home_goals") - col("away_goals")).alias("diff"))
    .union(r.select("season", col("away"), expr("case when winner = away then 3 when winner is null then 1 else 0 end"), (col("away_goals") - col("home_goals")))))
table = points.groupBy("season", "team").agg(sum("points").alias("points"), sum("diff").alias("diff"))
table.createOrReplaceTempView("league_table")

spark.sql("""
    create or replace temporary view standings as
    select *, row_number() over (partition by season order by points desc, diff desc, team) as place
    from league_table
""")
spark.table("standings").write.mode("overwrite").saveAsTable("gold.standings")

# no values given, spark has to look for them
wide = table.groupBy("team").pivot("season").agg(first("points"))
wide.write.mode("overwrite").option("path", "out/points_by_season").saveAsTable("gold.points_by_season")

scorers = (g.join(spark.table("bronze.players"), "player_id")
    .groupBy("name").agg(count("*").alias("goals"), avg("minute").alias("minute"))
    .orderBy(desc("goals"), "name"))
scorers.limit(20).write.mode("overwrite").saveAsTable("gold.scorers")
scorers.show(5)

spark.sql("""
    create table gold.champions using parquet as
    select s.season, s.team, s.points, max(r.spectators) as best_crowd
    from gold.standings s join silver.results r on r.season = s.season and r.home = s.team
    where s.place = 1
    group by s.season, s.team, s.points
""")
spark.sql("select * from gold.champions order by season").show(truncate=False)

last = spark.sql("select max(season) as s from gold.standings").collect()[0]["s"]
relegated = spark.sql(f"select team from gold.standings where season = {last} and place > 8").collect()
print("relegated:", [x.team for x in relegated])

by_position = spark.table("silver.player_positions").join(g.withColumnRenamed("team", "club"), "player_id").groupBy("position").agg(count_distinct("player_id"), count("*"))
by_position.show()
by_position.explain()

spark.sql("insert into gold.scorers select 'own goals', count(*), null from bronze.goals where minute = 90")
spark.sql("analyze table gold.scorers compute statistics")
spark.table("gold.scorers").summary("min", "max").show()
spark.stop()
