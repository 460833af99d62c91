//! Statically known sizes: what lowering bounds and `missing-broadcast` reports, by the table that `cargo xtask verify-rules` holds to
//! Spark.
#![allow(clippy::unwrap_used, reason = "a table that cannot be read fails the test")]

use analysis::{Evidence, Settings, check_file};
use program::{BoundReason, Language};

/// Language, expression, most rows, reason, and the join with a large dataset that Spark plans for it.
const TABLE: &str = include_str!("sizes.tsv");

struct Line {
    language: Language,
    expression: &'static str,
    rows: Option<u64>,
    reason: &'static str,
    join: &'static str,
}

fn lines() -> Vec<Line> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [language, expression, rows, reason, join] =
                line.split('\t').collect::<Vec<_>>()[..]
            else {
                panic!("not five fields: {line:?}");
            };
            let language = if language == "python" { Language::Python } else { Language::Scala };
            Line { language, expression, rows: rows.parse().ok(), reason, join }
        })
        .collect()
}

/// A program that joins what the expression makes with a large table.
fn source(line: &Line) -> String {
    let expression = line.expression;
    match line.language {
        Language::Python => format!(
            "from pyspark.sql import Row, SparkSession\nfrom pyspark.sql import functions as F\nspark = SparkSession.builder.getOrCreate()\nsc = spark.sparkContext\norders = spark.table(\"orders\")\nsmall = {expression}\norders.join(small, \"customer_id\").write.parquet(\"out\")\n"
        ),
        Language::Scala => format!(
            "import org.apache.spark.sql.SparkSession\nimport org.apache.spark.sql.functions._\nobject Job {{\n  def main(arguments: Array[String]): Unit = {{\n    val spark = SparkSession.builder().getOrCreate()\n    import spark.implicits._\n    val sc = spark.sparkContext\n    val orders = spark.table(\"orders\")\n    val small = {expression}\n    orders.join(small, \"customer_id\").write.parquet(\"out\")\n  }}\n}}\n"
        ),
    }
}

fn word(reason: BoundReason) -> &'static str {
    match reason {
        BoundReason::Limit => "limit",
        BoundReason::LiteralRows => "literal-rows",
        BoundReason::GlobalAggregate => "global-aggregate",
        BoundReason::Range => "range",
        BoundReason::Description => "description",
        BoundReason::Catalog => "catalog",
    }
}

#[test]
fn rows_are_bounded_with_their_reason() {
    for line in lines() {
        let program = grammars::lower(line.language, &source(&line));
        let small = program.bindings.iter().rev().find(|it| it.name == "small");
        let bound = small.and_then(|it| program.value(it.value).bound);
        let found = bound.map(|it| (it.rows, word(it.reason)));
        assert_eq!(found, line.rows.map(|rows| (rows, line.reason)), "{}", line.expression);
    }
}

#[test]
fn missing_broadcast_speaks_of_few_rows_that_spark_shuffles() {
    let rule = rules::ALL.iter().find(|rule| rule.id == "missing-broadcast").unwrap();
    for line in lines() {
        let text = source(&line);
        let program = grammars::lower(line.language, &text);
        let path = if line.language == Language::Python { "job.py" } else { "Job.scala" };
        let result =
            check_file(path, &text, &program, &[*rule], &Settings::default(), &Evidence::default());
        let expected = usize::from(line.rows.is_some() && line.join == "shuffle");
        assert_eq!(result.findings.len(), expected, "{}\n{:?}", line.expression, result.findings);
    }
}
