"""Audience numbers for the sales team."""
import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import StringType

from flow import Flow

PLAYS = "listener string, episode_id long, at timestamp, heard int, app string"


def completion(df: DataFrame, column: str) -> DataFrame:
    return df.withColumn(column, sf.least(sf.col("heard") / sf.col("seconds"), sf.lit(1.0)))


def top_n(self: DataFrame, n: int, column: str) -> DataFrame:
    return self.orderBy(sf.col(column).desc()).limit(n)


# saves a lot of typing
DataFrame.top_n = top_n


@sf.udf(StringType())
def daypart(hour):
    return ["night", "morning", "afternoon", "evening"][hour // 6]


def main():
    root, target = sys.argv[1:]
    spark = SparkSession.builder.appName("podcast-audience").getOrCreate()
    flow = Flow(spark, root, target)

    (flow
        .from_parquet("shows").note("shows").keep("shows")
        .from_parquet("episodes").note("episodes").keep("episodes")
        .from_parquet("listeners").keep("listeners"))

    (flow
        .from_json("plays", PLAYS)
        .keep_if("heard > 30")
        .set(app="coalesce(app, 'unknown')", day="to_date(at)", part=daypart(sf.hour("at")))
        .join_with("episodes", "episode_id")
        .join_with("shows", "show_id", how="left", small=True)
        .apply(completion, "completed")
        .cached()
        .note("plays")
        .keep("plays"))

    (flow
        .resume("plays")
        .summarise("show", "day", listeners="count(distinct listener)", plays="count(*)", completed="avg(completed)")
        .save("daily", "show")
        .best(2, within="show", by="listeners")
        .peek())

    (flow
        .resume("plays")
        .unfold("hosts", "host")
        .summarise("host", hours="sum(heard) / 3600", listeners="approx_count_distinct(listener)")
        .keep_if(sf.col("hours") > 10)
        .note("busy hosts")
        .save("hosts"))

    for category in ("news", "comedy"):
        (flow
            .resume("plays")
            .keep_if(sf.col("category") == category)
            .join_with("listeners", "listener", how="left")
            .set(country="coalesce(country, '??')")
            .summarise("country", "part", plays="count(1)", premium="sum(int(premium))")
            .peek(3)
            .save(f"category/{category.replace(' ', '_')}"))

    silent = (flow
        .resume("listeners")
        .join_with("plays", "listener", how="left_anti")
        .summarise(n="count(*)")
        .value())
    print("silent listeners", silent)

    loyal = flow.resume("plays").summarise("listener", "show", plays="count(*)", last="max(at)").keep_if("plays >= 3").keep("loyal").rows()
    print(len(loyal), "loyal pairs")

    plays = flow.resume("plays")._df
    for row in plays.groupBy("app").agg(sf.mean("completed").alias("completed")).top_n(2, "completed").collect():
        print(row.app, round(row.completed, 3))
    spark.read.parquet(f"{target}/daily").where("plays > 5").top_n(3, "plays").show()

    (flow
        .resume("loyal")
        .join_with("listeners", "listener", how="left_outer")
        .pick("listener", "show", "plays", "country")
        .apply(lambda df: df.repartition(2, "country").sortWithinPartitions("listener"))
        .save("loyal", "country"))
    print(flow.notes())
    spark.stop()


if __name__ == "__main__":
    main()
