//! `single-partition-write`: all of a dataset put into one partition before it is written.

use std::collections::BTreeSet;

use analysis::{Applicability, Edit, Finding, Fix, RuleContext, Run, RunChange, StageAttempt, Verdict, declare_rule, units};
use program::{Call, CallId, Confidence, Effect, Expression, Origin, Program, Type, ValueId};

use crate::plan::{self, Stages};

declare_rule! {
    /// A dataset that is put into one partition before it is written
    ///
    /// ## Why is this bad?
    ///
    /// One partition is written by one task on one core, while the rest of the cluster waits and is paid for. `coalesce(1)` is worse than it looks: it
    /// adds no step, so that whatever comes before it back to the last shuffle (reading, filters, functions, a join) runs in that one task as
    /// well. For a small result a single file is fine; for a large one, several files are written in a fraction of the time and read faster afterwards.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// spark.read.parquet("orders").filter("amount > 0").coalesce(1).write.parquet("paid")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// spark.read.parquet("orders").filter("amount > 0").write.parquet("paid")
    /// spark.read.parquet("orders").groupBy("country").count().coalesce(1).write.csv("report")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// spark.read.parquet("orders").filter("amount > 0").repartition(1).write.parquet("paid")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// spark.read.parquet("orders").filter("amount > 0").write.parquet("paid")
    /// spark.read.parquet("orders").groupBy("country").count().coalesce(1).write.csv("report")
    /// ```
    ///
    /// ## For experts
    ///
    /// `coalesce` is a narrow dependency (`CoalesceExec`): with one partition its whole stage runs as one task. `Dataset.coalesce` itself says that for a drastic
    /// coalesce `repartition(1)` is better, which adds a shuffle but leaves the work before it in parallel. The run confirms the
    /// finding if the stage that wrote had one task, and that task wrote at least 128 MiB (`single_partition_bytes`) or took
    /// at least a minute (`single_task_ms`), and refutes it below both.
    /// To have fewer files without naming their number, let adaptive execution choose it with the hint `REBALANCE`.
    ///
    /// ## Fix safety
    ///
    /// `repartition(1)` in place of `coalesce(1)` gives the same rows in one file, but loses their order: a sort before it has to move behind it.
    ///
    /// ## Known problems
    ///
    /// Whether a dataset is large is not known without a run, so that the finding stays a hint. Aggregates, and rows that were on the driver before, are taken as small.
    /// A number of partitions that is kept in a variable is only followed if it is a constant.
    pub(crate) static SINGLE_PARTITION_WRITE = {
        id: "single-partition-write",
        category: Algorithm,
        severity: Warning,
        tier: Two,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: NoDifference("a small result is gathered in the same way, as one is in the good examples"),
    }
}

/// Rows up to which one file is right.
const FEW_ROWS: u64 = 1_000_000;

/// A file of this size is neither small nor slow to read: a block of HDFS (`dfs.blocksize`).
const FILE_BYTES: u64 = 128 << 20;

/// How far a chain is followed: real ones are shorter, and hostile ones must end.
const STEPS: u32 = 200;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let mut reported = BTreeSet::new();
    for (_, call) in ctx.program.calls_with_ids() {
        if call.effect != Effect::Write || call.confidence == Confidence::Guessed {
            continue;
        }
        let Some(id) = narrowing(ctx.program, call) else { continue };
        let narrowed = ctx.program.call(id);
        let Some(receiver) = narrowed.receiver else { continue };
        if !reported.insert(id) || is_small(ctx.program, receiver.value) {
            continue;
        }
        let message = format!("`{}(1)` makes one task write all of the data", narrowed.method);
        let help = "write in parallel, or choose a number of files that fits the size of the data";
        let mut finding = SINGLE_PARTITION_WRITE.at_call(ctx, id, message, help);
        finding.related.push(analysis::Related { range: call.name_range, message: "written here".to_owned() });
        finding.fixes.extend(fix(ctx.program, narrowed));
        findings.push(finding);
    }
}

/// The call upstream of a write that leaves one partition.
fn narrowing(program: &Program, write: &Call) -> Option<CallId> {
    let mut value = write.receiver?.value;
    // The number of partitions is that of connections to the database.
    if write.method == "jdbc" {
        return None;
    }
    for _ in 0..STEPS {
        let id = program.producer(value)?;
        let call = program.call(id);
        let format = call.arguments.first().and_then(|it| it.value.as_text());
        if call.method == "format" && format.is_some_and(|it| it.contains("jdbc")) {
            return None;
        }
        let is_dataset = matches!(call.receiver_type, Type::DataFrame | Type::Rdd);
        match call.effect {
            Effect::Repartition if is_dataset => {
                let one = call.arguments.first().is_some_and(|it| it.value.as_integer() == Some(1));
                return (one && matches!(call.method.as_str(), "coalesce" | "repartition")).then_some(id);
            }
            Effect::Configure => {}
            Effect::Narrow | Effect::Persist if is_dataset && !is_union(call) => {}
            _ => return None,
        }
        value = call.receiver?.value;
    }
    None
}

fn is_union(call: &Call) -> bool {
    call.method.starts_with("union")
}

/// Whether a dataset is small by the source: bounded, an aggregate, or of rows that were on the driver.
fn is_small(program: &Program, value: ValueId) -> bool {
    let mut pending = vec![value];
    let mut steps = 0;
    while let Some(value) = pending.pop() {
        steps += 1;
        if steps > STEPS {
            return true;
        }
        let known = program.value(value);
        if known.bound.is_some_and(|bound| bound.rows <= FEW_ROWS) {
            continue;
        }
        match &known.origin {
            Origin::Call(id) => {
                let call = program.call(*id);
                if call.receiver_type == Type::GroupedData || is_reduced(call) || is_of_the_driver(call) {
                    continue;
                }
                let follows = matches!(call.receiver_type, Type::DataFrame | Type::Rdd)
                    && !matches!(call.method.as_str(), "join" | "crossJoin" | "cartesian" | "flatMap" | "explode");
                match call.receiver {
                    Some(receiver) if follows => pending.push(receiver.value),
                    _ => return false,
                }
                if is_union(call) {
                    pending.extend(call.arguments.iter().filter_map(|it| match it.value {
                        Expression::Value(value) => Some(value),
                        _ => None,
                    }));
                }
            }
            Origin::Merge(values) => pending.extend(values),
            Origin::Returned(function) => match program.functions[function.index()].returns {
                Expression::Value(returned) => pending.push(returned),
                _ => return false,
            },
            Origin::Loop { entry, .. } => pending.push(*entry),
            Origin::Parameter { .. } | Origin::Ambient(_) => return false,
        }
    }
    true
}

/// Whether an RDD is brought down to one record for each key.
fn is_reduced(call: &Call) -> bool {
    matches!(
        call.method.as_str(),
        "reduceByKey" | "foldByKey" | "aggregateByKey" | "combineByKey" | "describe" | "summary"
    )
}

fn is_of_the_driver(call: &Call) -> bool {
    matches!(
        call.method.as_str(),
        "parallelize" | "makeRDD" | "createDataFrame" | "createDataset" | "toDF" | "toDS" | "emptyDataFrame" | "emptyRDD"
    ) && call.effect == Effect::Read
        && !call.arguments.iter().any(|it| matches!(it.value, Expression::Value(_)))
}

/// `coalesce(1)` behind costly work becomes `repartition(1)`; never the reverse.
fn fix(program: &Program, call: &Call) -> Option<Fix> {
    let receiver = call.receiver?;
    let costly = is_costly(program, receiver.value) && call.method == "coalesce" && call.arguments.len() == 1;
    costly.then(|| Fix {
        title: "Keep the work before it in parallel with `repartition(1)`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { range: call.name_range, replacement: "repartition".to_owned() }],
    })
}

/// Whether the stage that the narrowing ends does more than reading: a shuffle or a user-defined function comes before.
fn is_costly(program: &Program, value: ValueId) -> bool {
    let mut value = value;
    for _ in 0..STEPS {
        let Some(id) = program.producer(value) else { return false };
        let call = program.call(id);
        let runs_a_function = call.arguments.iter().any(|argument| {
            let mut found = false;
            argument.value.walk(&mut |it| {
                found |= matches!(it, Expression::Function(_))
                    || matches!(it, Expression::Apply { function, .. } if function == "udf");
            });
            found
        });
        // A sorted dataset would lose its order.
        if matches!(call.method.as_str(), "orderBy" | "sort" | "sortBy" | "sortByKey" | "sortWithinPartitions") {
            return false;
        }
        if call.effect == Effect::Wide || runs_a_function {
            return true;
        }
        let Some(receiver) = call.receiver else { return false };
        value = receiver.value;
    }
    false
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    let program = ctx.program;
    let mut largest: Option<&StageAttempt> = None;
    for (write, call) in program.calls_with_ids().filter(|(_, call)| call.effect == Effect::Write) {
        if narrowing(program, call) != Some(id) {
            continue;
        }
        let Some(cost) = plan::certain_cost(ctx, run, write) else { continue };
        let mut jobs = cost.jobs.clone();
        jobs.extend(run.executions_of(cost).flat_map(|execution| execution.job_ids.iter().copied()));
        for stage in Stages::of_jobs(run, &jobs).attempts() {
            let wrote = stage.metrics.output_bytes;
            if wrote > 0 && largest.is_none_or(|it| it.metrics.output_bytes < wrote) {
                largest = Some(stage);
            }
        }
    }
    let Some(stage) = largest.filter(|stage| stage.num_tasks == 1) else {
        return Verdict::Unmeasured;
    };
    let task_time_ms = stage.metrics.executor_run_time;
    let bytes = stage.metrics.output_bytes;
    let spilled = match stage.metrics.disk_bytes_spilled {
        0 => String::new(),
        bytes => format!(" and spilled {}", units::bytes(bytes)),
    };
    let text = format!(
        "one task wrote {} in {}{spilled}",
        units::bytes(bytes),
        units::duration_ms(task_time_ms)
    );
    let is_long = task_time_ms >= ctx.thresholds.single_task_ms;
    if bytes >= ctx.thresholds.single_partition_bytes || is_long {
        // Files of the size of a block, and no more than can be written at once.
        let files = bytes.div_ceil(FILE_BYTES).max(2);
        let slots: u64 = run.profile.executors.iter().map(|it| u64::from(it.total_cores)).sum();
        let change = RunChange::Partitions { stage: stage.stage_id, partitions: files.min(slots.max(1)) };
        Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: vec![change] }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::SINGLE_PARTITION_WRITE as RULE;
    use crate::testing::{check, check_measured, check_no_fix, findings, refuted};

    #[test]
    fn one_task_writes_it_all() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
orders.coalesce(1).write.mode("overwrite").option("header", True).csv("out")
#      ^^^^^^^^ hint: `coalesce(1)` makes one task write all of the data
single = orders.join(spark.table("customers"), "id").repartition(1)
#                                                    ^^^^^^^^^^^ hint: `repartition(1)` makes one task write all of the data
single.select("id").write.saveAsTable("out")
single.write.format("json").save("json")
spark.sparkContext.textFile("log").filter(len).coalesce(1).saveAsTextFile("lines")
#                                              ^^^^^^^^ hint: `coalesce(1)` makes one task write all of the data

def export(orders: DataFrame, path):
    orders.repartition(numPartitions=1).write.parquet(path)
#          ^^^^^^^^^^^ hint: `repartition(1)` makes one task write all of the data
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.read.parquet("orders")
    orders.coalesce(1).write.mode("overwrite").parquet("out")
//         ^^^^^^^^ hint: `coalesce(1)` makes one task write all of the data
    orders.rdd.repartition(1).saveAsTextFile("lines")
//             ^^^^^^^^^^^ hint: `repartition(1)` makes one task write all of the data
  }
}
"#,
        );
    }

    #[test]
    fn small_results_and_several_files() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
orders.coalesce(10).write.csv("out")
orders.repartition("country").write.csv("out")
orders.limit(1000).coalesce(1).write.csv("out")
orders.groupBy("country").agg(F.sum("amount")).orderBy("country").coalesce(1).write.csv("out")
orders.agg(F.sum("amount")).repartition(1).write.csv("out")
spark.createDataFrame(rows, ["a"]).coalesce(1).write.csv("out")
report = orders.groupBy("country").count()
report.union(orders.groupBy("day").count()).coalesce(1).write.csv("out")
orders.coalesce(1).write.jdbc(url, "orders")
orders.coalesce(1).write.format("jdbc").option("url", url).save()
orders.coalesce(1).count()
orders.coalesce(1).repartition(20).write.csv("out")
orders.rdd.map(lambda row: (row.id, 1)).reduceByKey(lambda a, b: a + b).coalesce(1).saveAsTextFile("out")
//- /tests/test_job.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("orders").coalesce(1).write.csv("out")
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    orders.groupBy("country").count().coalesce(1).write.csv("out")
    Seq(("a", 1)).toDF("name", "n").coalesce(1).write.csv("out")
    orders.repartition(8).write.csv("out")
  }
}
"#,
        );
    }

    #[test]
    fn work_before_it_stays_in_parallel() {
        let source = r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("a").join(spark.table("b"), "id").coalesce(1).write.parquet("out")
"#;
        let found = findings(&RULE, source, |_| {});
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        let [fix] = finding.fixes.as_slice() else { panic!("{found:?}") };
        // What is left is one task that writes, without the join.
        assert_eq!(fix.applicability, Applicability::Unsafe);
        let [edit] = fix.edits.as_slice() else { panic!("{fix:?}") };
        assert_eq!((edit.range, edit.replacement.as_str()), (finding.range, "repartition"));
    }

    #[test]
    fn the_rewrite_is_offered_one_way() {
        check_no_fix(
            &RULE,
            r#"
//- /reads.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("a").coalesce(1).write.parquet("out")
//- /sorted.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("a").orderBy("id").coalesce(1).write.parquet("out")
//- /repartitioned.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("a").distinct().repartition(1).write.parquet("out")
"#,
        );
    }

    #[test]
    fn a_run_weighs_what_was_written() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("orders").coalesce(1).write.parquet("out")
#                                                  ^^^^^^^^ warning: `coalesce(1)` makes one task write all of the data (confirmed: one task wrote 3 GiB in 5 min)
"#;
        check_measured(&RULE, fixture, |run| {
            let stage = run.stage(1, 300_000);
            stage.num_tasks = 1;
            stage.metrics.output_bytes = 3 << 30;
            run.execution("parquet", 0, 1, &[1], "Coalesce 1");
        });
        let small = fixture.replace("3 GiB", "3 MiB");
        check_measured(&RULE, &small, |run| {
            let stage = run.stage(1, 300_000);
            stage.num_tasks = 1;
            stage.metrics.output_bytes = 3 << 20;
            run.execution("parquet", 0, 1, &[1], "Coalesce 1");
        });
        let fixture = fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let texts = refuted(&RULE, &fixture, |run| {
            let stage = run.stage(1, 900);
            stage.num_tasks = 1;
            stage.metrics.output_bytes = 3 << 20;
            run.execution("parquet", 0, 1, &[1], "Coalesce 1");
        });
        assert_eq!(texts, ["one task wrote 3 MiB in 900 ms"]);
    }
}
