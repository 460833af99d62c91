//! Generated sources: the same text for the same number of lines, each function and name another.

use std::fmt::Write;

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Functions that take and return datasets, and a main function that calls them.
    Functions,
    /// One statement after the other at the top, as notebooks have them.
    Flat,
}

/// A PySpark job of about so many lines.
pub(super) fn python(shape: Shape, lines: usize) -> String {
    let mut text = String::from(
        "\"\"\"A job.\"\"\"\nfrom pyspark.sql import DataFrame, SparkSession\nfrom pyspark.sql import functions as F\n\n\
         spark = SparkSession.builder.appName(\"bench\").getOrCreate()\n\n",
    );
    let mut count = text.lines().count();
    let mut number = 0;
    while count < lines {
        let before = text.len();
        // Writing to a string does not fail.
        let _ = match shape {
            Shape::Functions => write!(text, "{}", python_function(number)),
            Shape::Flat => write!(text, "{}", python_cell(number)),
        };
        count += text[before..].matches('\n').count();
        number += 1;
    }
    text
}

fn python_function(number: usize) -> String {
    format!(
        r#"
def step_{number}(orders: DataFrame, limit: int = {number}) -> DataFrame:
    """Totals of one kind of order."""
    customers = spark.read.parquet("/data/customers/{number}")
    kept = orders.filter((F.col("amount") > limit) & F.col("day").isNotNull())
    joined = kept.join(customers, ["customer_id"], "left").withColumn(
        "net", F.col("amount") * (1 - F.coalesce(F.col("discount"), F.lit(0.0)))
    )
    for column in ["amount", "net"]:
        joined = joined.withColumn(f"{{column}}_rounded", F.round(F.col(column), 2))
    if limit > 10:
        joined = joined.dropDuplicates(["order_id"])
    totals = joined.groupBy("customer_id", "day").agg(
        F.sum("net").alias("total_{number}"),
        F.count("*").alias("orders"),
    )
    totals.write.mode("overwrite").parquet("/data/totals/{number}")
    return totals.select("customer_id", "day", "total_{number}")


totals_{number} = step_{number}(spark.table("orders_{number}"))
"#
    )
}

fn python_cell(number: usize) -> String {
    format!(
        r#"
# Part {number}
orders_{number} = spark.read.parquet("/data/orders/{number}").filter(F.col("amount") > {number})
customers_{number} = spark.table("customers_{number}").select("customer_id", "country")
joined_{number} = orders_{number}.join(customers_{number}, "customer_id", "left")
joined_{number} = joined_{number}.withColumn("net", F.col("amount") * 0.9)
totals_{number} = joined_{number}.groupBy("country").agg(F.sum("net").alias("total"))
totals_{number}.show()
totals_{number}.write.mode("overwrite").parquet("/data/totals/{number}")
print(totals_{number}.count())
"#
    )
}

/// A job in Scala of about so many lines.
pub(super) fn scala(lines: usize) -> String {
    let mut text = String::from(
        "package jobs\n\nimport org.apache.spark.sql.{DataFrame, SparkSession}\nimport org.apache.spark.sql.functions._\n",
    );
    let mut count = text.lines().count();
    let mut number = 0;
    while count < lines {
        let part = scala_object(number);
        count += part.lines().count();
        text.push_str(&part);
        number += 1;
    }
    text
}

fn scala_object(number: usize) -> String {
    format!(
        r#"
/** Totals of one kind of order. */
class Step{number}(spark: SparkSession, limit: Int) {{
  import spark.implicits._

  private val customers: DataFrame = spark.read.parquet("/data/customers/{number}")

  def kept(orders: DataFrame): DataFrame =
    orders.filter(col("amount") > limit && $"day".isNotNull)

  def totals(orders: DataFrame): DataFrame = {{
    val joined = kept(orders)
      .join(customers, Seq("customer_id"), "left")
      .withColumn("net", col("amount") * (lit(1) - coalesce(col("discount"), lit(0.0))))
    val distinct = if (limit > 10) joined.dropDuplicates("order_id") else joined
    distinct
      .groupBy("customer_id", "day")
      .agg(sum("net").as("total_{number}"), count(lit(1)).as("orders"))
  }}
}}

object Job{number} {{
  def main(args: Array[String]): Unit = {{
    val spark = SparkSession.builder().appName("bench").getOrCreate()
    val step = new Step{number}(spark, args.headOption.map(_.toInt).getOrElse({number}))
    val totals = step.totals(spark.table("orders_{number}"))
    totals.write.mode("overwrite").parquet("/data/totals/{number}")
    println(totals.count())
  }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_about_as_long_as_asked_for() {
        for text in [python(Shape::Functions, 1_000), python(Shape::Flat, 1_000), scala(1_000)] {
            let lines = text.lines().count();
            assert!((1_000..1_040).contains(&lines), "{lines}");
        }
    }
}
