//! `action-in-loop`: an action inside of a loop, over data that is the same on every iteration.

use std::collections::BTreeSet;

use analysis::{Finding, RuleContext, Run, Verdict, declare_rule, units};
use program::{BoundReason, Call, CallId, Confidence, Effect, Program, ScopeId, Type, ValueId};

use crate::loops::{self, Loops};
use crate::{plan, reuse};

declare_rule! {
    /// An action that a loop runs again and again over the same dataset
    ///
    /// ## Why is this bad?
    ///
    /// Each `count`, `collect` or write is a job of its own: it reads the input from the beginning, filters, joins. In a loop over thirty countries the
    /// same data is read thirty times, one after the other, and each job has the cluster to itself for a thirtieth of the work.
    /// One job that groups by country does all of it in one pass.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders")
    /// for column in orders.columns:
    ///     print(column, orders.filter(F.col(column).isNull()).count())
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders")
    /// missing = orders.select([F.count_if(F.col(column).isNull()).alias(column) for column in orders.columns]).first()
    /// for column in orders.columns:
    ///     print(column, missing[column])
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions.col
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders")
    /// orders.columns.foreach { column =>
    ///   println(column + " " + orders.filter(col(column).isNull).count())
    /// }
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions.{col, count_if}
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders")
    /// val missing = orders.columns.map(column => count_if(col(column).isNull).as(column))
    /// val counts = orders.select(missing.toIndexedSeq: _*).first()
    /// ```
    ///
    /// ## For experts
    ///
    /// One `agg` or `select` of many aggregates is one scan; `groupBy` does the same for the values of a column, `write.partitionBy` for one folder per value.
    /// Where the iterations must stay, `cache()` the dataset before the loop, or submit the jobs from several threads so that small ones share the cluster. A
    /// run confirms the finding by the executions and jobs of this one line and their task time, and refutes it if there was only one
    /// or if they took less than a second together.
    ///
    /// ## Known problems
    ///
    /// Loops that run until a condition ends them (`while`) are not reported: algorithms that converge, and waiting for something, need an action each
    /// time. Neither are loops of three iterations or fewer (`loop_actions`), `show`, the first few rows of what is
    /// not shuffled, datasets that are cached, and those that the loop reads or
    /// carries from one iteration to the next. A function that is called in a loop elsewhere is not seen.
    pub(crate) static ACTION_IN_LOOP = {
        id: "action-in-loop",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: None,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
    }
}

/// Rows up to which a dataset may be asked again and again.
const FEW_ROWS: u64 = 10_000;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let program = ctx.program;
    let mut known: Option<(Loops<'_>, BTreeSet<ValueId>)> = None;
    for (id, call) in program.calls_with_ids() {
        if !call.effect.runs_jobs() || call.confidence == Confidence::Guessed || !is_asked_for_rows(call) {
            continue;
        }
        let Some(scope) = loops::repeating_loop(program, call, ctx.thresholds.loop_actions) else { continue };
        let Some(dataset) = dataset(program, call) else { continue };
        if stops_early(call) && !is_shuffled(program, dataset) {
            continue;
        }
        if is_conditional_up_to(ctx, call.scope, scope)
            || is_small(program, dataset)
            // Trying again until it works, or looking for the first that fits.
            || reuse::jumps(ctx.text, call.statement, program.scope(scope).range)
        {
            continue;
        }
        let (loops, kept) = known.get_or_insert_with(|| (Loops::of(program), kept_values(program)));
        if !loops.is_from_outside(dataset, scope)
            || is_kept(program, dataset, kept)
            || !loops::repeats(ctx, scope, ctx.thresholds.loop_actions)
        {
            continue;
        }
        let message = format!("`{}` runs a job over the same data on every iteration", call.method);
        let help = if call.effect == Effect::Write {
            "write all of it at once, with `partitionBy` for a folder per value, or `cache` the data before the loop"
        } else {
            "ask for all of it in one job, with `groupBy` or one `agg` of several expressions, or `cache` the data before the loop"
        };
        findings.push(ACTION_IN_LOOP.at_call(ctx, id, message, help));
    }
}

/// Whether the call is there for what it brings or writes: `show` is for people, who ask for many tables one by one.
fn is_asked_for_rows(call: &Call) -> bool {
    !matches!(call.method.as_str(), "show" | "display" | "foreachPartition" | "foreach")
}

/// Whether the call asks for a few rows, which Spark looks for in one partition first.
fn stops_early(call: &Call) -> bool {
    matches!(call.method.as_str(), "first" | "head" | "take" | "isEmpty")
}

/// Whether rows are brought together before the first of them is known.
fn is_shuffled(program: &Program, dataset: ValueId) -> bool {
    const STEPS: usize = 200;
    let mut pending = vec![dataset];
    let mut steps = 0;
    while let Some(value) = pending.pop() {
        steps += 1;
        if steps > STEPS {
            return false;
        }
        if program.producer(value).is_some_and(|it| program.call(it).effect == Effect::Wide) {
            return true;
        }
        pending.extend(program.parents(value));
    }
    false
}

/// Whether one of the loops from `from` out to `to` runs until a condition ends it.
fn is_conditional_up_to(ctx: &RuleContext<'_>, from: ScopeId, to: ScopeId) -> bool {
    let around: Vec<ScopeId> = ctx.program.ancestors(to).skip(1).collect();
    ctx.program
        .ancestors(from)
        .take_while(|scope| !around.contains(scope))
        .any(|scope| loops::is_conditional(ctx, scope))
}

/// The dataset that an action computes: behind a writer, the one that it writes.
fn dataset(program: &Program, call: &Call) -> Option<ValueId> {
    let mut value = call.receiver?.value;
    // `df.write.mode(…).option(…)` is a handful of steps.
    for _ in 0..32 {
        match program.value(value).kind {
            Type::DataFrame | Type::Rdd => return Some(value),
            Type::Writer | Type::WriterV2 | Type::NaFunctions | Type::StatFunctions | Type::GroupedData => {
                value = program.call(program.producer(value)?).receiver?.value;
            }
            _ => return None,
        }
    }
    None
}

/// Whether there are few rows to begin with; an aggregate has few, but is made of many.
fn is_small(program: &Program, dataset: ValueId) -> bool {
    const STEPS: u32 = 32;
    let mut value = dataset;
    for _ in 0..STEPS {
        let Some(bound) = program.value(value).bound else { return false };
        if !matches!(bound.reason, BoundReason::GlobalAggregate | BoundReason::Description) {
            return bound.rows <= FEW_ROWS;
        }
        let made_of = program.producer(value).and_then(|call| program.call(call).receiver);
        let Some(receiver) = made_of else { return false };
        value = receiver.value;
    }
    false
}

/// Datasets that are cached or checkpointed, wherever in the file.
fn kept_values(program: &Program) -> BTreeSet<ValueId> {
    let keeping = program.calls.iter().filter(|call| matches!(call.effect, Effect::Persist | Effect::Checkpoint));
    keeping.flat_map(|call| call.receiver.map(|it| it.value).into_iter().chain(call.result)).collect()
}

/// Whether a kept dataset is among those that `value` is made of, so that nothing above it is computed again.
fn is_kept(program: &Program, value: ValueId, kept: &BTreeSet<ValueId>) -> bool {
    const STEPS: usize = 200;
    let mut pending = vec![value];
    let mut steps = 0;
    while let Some(value) = pending.pop() {
        steps += 1;
        if kept.contains(&value) || steps > STEPS {
            return true;
        }
        pending.extend(program.parents(value));
    }
    false
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(cost) = finding.call.and_then(|call| plan::certain_cost(ctx, run, call)) else {
        return Verdict::Unmeasured;
    };
    let times = cost.executions.len().max(cost.jobs.len()) as u64;
    if times == 0 {
        return Verdict::Unmeasured;
    }
    let what = if cost.executions.is_empty() { "job" } else { "execution" };
    let times_of_line = if cost.executions.is_empty() { times } else { cost.executions.len() as u64 };
    let task_time_ms = cost.task_time_ms;
    let again_ms = finding.call.map_or(0, |call| computed_again_ms(ctx, run, call));
    let again = match again_ms {
        0 => String::new(),
        time => format!(", {} of it to compute the same dataset again", units::duration_ms(time)),
    };
    let text = format!(
        "{} of this line, {} of task time{again}",
        units::counted(times_of_line, what),
        units::duration_ms(task_time_ms)
    );
    if times_of_line > 1 && task_time_ms >= ctx.thresholds.action_ms {
        Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: Vec::new() }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// Task time in milliseconds that the action's executions spent on a dataset which an earlier one of them had computed already: the largest of
/// those that it works on.
fn computed_again_ms(ctx: &RuleContext<'_>, run: &Run, action: CallId) -> u64 {
    /// Datasets behind an action that are looked at.
    const MOST: usize = 40;
    let upstream = ctx.program.upstream_calls(action);
    let again = upstream.iter().take(MOST).map(|&call| {
        let own = |it: &&analysis::Computing| ctx.is_call(&it.work.call, action);
        let versions = ctx.repeated(run, call, &[]);
        versions
            .iter()
            .map(|it| it.by.iter().filter(own).skip(1).map(|it| it.task_time_ms).sum::<u64>())
            .sum()
    });
    again.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::ACTION_IN_LOOP as RULE;
    use crate::testing::{check, check_measured, refuted};

    #[test]
    fn the_same_data_every_time() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
for country in countries:
    orders.filter(F.col("country") == country).write.mode("overwrite").parquet(country)
#                                                                      ^^^^^^^ warning: `parquet` runs a job over the same data on every iteration
nulls = {c: orders.filter(F.col(c).isNull()).count() for c in orders.columns}
#                                            ^^^^^ warning: `count` runs a job over the same data on every iteration
for i in range(10):
    part = orders.filter(orders.bucket == i)
    part.groupBy("country").sum("amount").toPandas()
#                                         ^^^^^^^^ warning: `toPandas` runs a job over the same data on every iteration

def report(orders: DataFrame, columns):
    for column in columns:
        if column != "id":
            print(orders.agg(F.max(column)).first()[0])
#                                           ^^^^^ warning: `first` runs a job over the same data on every iteration

def load():
    return spark.table("a").join(spark.table("b"), "id")

joined = load()
lines = spark.sparkContext.textFile("log")
for word in words:
    joined.filter(joined.word == word).collect()
#                                      ^^^^^^^ warning: `collect` runs a job over the same data on every iteration
    lines.filter(lambda line: word in line).count()
#                                           ^^^^^ warning: `count` runs a job over the same data on every iteration
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.parquet("orders")
    for (country <- countries) {
      orders.filter($"country" === country).write.parquet(country)
//                                                ^^^^^^^ warning: `parquet` runs a job over the same data on every iteration
    }
    val nulls = orders.columns.map(c => orders.filter(orders(c).isNull).count())
//                                                                      ^^^^^ warning: `count` runs a job over the same data on every iteration
    (1 to 12).foreach { month =>
      println(orders.filter($"month" === month).distinct().count())
//                                                         ^^^^^ warning: `count` runs a job over the same data on every iteration
    }
  }
}
"#,
        );
    }

    #[test]
    fn what_evaluation_counts() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
class Settings:
    few = {"first": ["DE", "FR"], "second": ["IT"]}
    many = {"first": ["DE", "FR", "IT"], "second": ["ES", "PT"]}
def write_all(groups):
    for name, countries in groups.items():
        orders.filter(orders.group == name).write.parquet(name)
    wanted = [country for group in groups.values() for country in group]
    for country in wanted:
        orders.filter(orders.country == country).write.parquet(country)
def write_few(countries):
    for country in countries:
        orders.filter(orders.country == country).write.parquet(country)
def write_many(countries):
    for country in countries:
        orders.filter(orders.country == country).write.parquet(country)
#                                                      ^^^^^^^ warning: `parquet` runs a job over the same data on every iteration
def write_any(countries=("DE", "FR")):
    for country in countries:
        orders.filter(orders.country == country).write.parquet(country)
#                                                      ^^^^^^^ warning: `parquet` runs a job over the same data on every iteration
write_all(Settings.few)
write_few([name.upper() for name in Settings.few])
write_few(Settings.few["first"])
write_many(Settings.few["first"])
write_many([country for group in Settings.many.values() for country in group])
"#,
        );
    }

    #[test]
    fn other_data_every_time() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
for row in orders.collect():
    print(row)
names = [row.name for row in orders.select("name").collect()]
for day in days:
    spark.read.parquet(day).groupBy("country").count().write.parquet("out/" + day)
    spark.sql(f"select * from orders where day = '{day}'").write.saveAsTable(day)
for table in [spark.table(name) for name in names]:
    table.count()
class Lake:
    orders: DataFrame

def lake_of(day) -> Lake:
    return open_lake(day)

for day in days:
    lake_of(day).orders.count()
    lake = lake_of(day)
    lake.orders.distinct().count()
tables = {name: spark.table(name) for name in names}
for name in names:
    tables[name].write.parquet(name)
for name, table in tables.items():
    table.filter("late").count()

def load(day):
    return spark.read.parquet(day)

for day in days:
    load(day).count()
    loaded = load(day)
    loaded.count()
for left in (orders, spark.table("a"), spark.table("b"), spark.table("c")):
    left.count()
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    days.foreach { day => spark.read.parquet(day).write.parquet("out/" + day) }
    val tables = names.map(name => spark.table(name))
    tables.foreach(table => table.count())
    tables.foreach(_.count())
    spark.table("orders").collect().foreach(println)
    for (row <- spark.table("orders").collect()) println(row)
  }
  def all(tables: Seq[DataFrame]) = tables.map(_.count())
}
"#,
        );
    }

    #[test]
    fn loops_that_may_act() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
import time
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
for kind in ["a", "b"]:
    orders.filter(F.col("kind") == kind).write.parquet(kind)
ranks = orders.rdd.map(lambda row: (row.id, 1.0))
for i in range(iterations):
    ranks = ranks.mapValues(lambda rank: rank * 0.85)
    print(ranks.count())
while orders.filter("open").count() > 0:
    time.sleep(10)
for attempt in range(5):
    try:
        orders.write.parquet("out")
        break
    except Exception:
        time.sleep(1)
kept = orders.distinct().cache()
for country in countries:
    kept.filter(F.col("country") == country).count()
    orders.filter(F.col("country") == country).show()
    orders.filter(F.col("country") == country).first()
    orders.limit(10).collect()

def write(batch, epoch):
    batch.write.parquet("out")

spark.readStream.table("events").writeStream.foreachBatch(write).start()
//- /tests/test_job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
for column in orders.columns:
    assert orders.filter(F.col(column).isNull()).count() == 0
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.read.parquet("orders")
    Seq("a", "b").foreach { kind => orders.filter(s"kind = '$kind'").write.parquet(kind) }
    var ranks = orders.rdd.map(row => (row.getLong(0), 1.0))
    for (i <- 1 to 10) {
      ranks = ranks.mapValues(_ * 0.85)
      println(ranks.count())
    }
    while (orders.count() > 0) Thread.sleep(10)
    val kept = orders.distinct()
    kept.cache()
    countries.foreach { country => kept.filter(s"country = '$country'").count() }
  }
}
"#,
        );
    }

    #[test]
    fn a_run_counts_the_executions() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
for country in countries:
    orders.filter(F.col("country") == country).count()
#                                              ^^^^^ warning: `count` runs a job over the same data on every iteration (confirmed: 3 executions of this line, 1 min 33 s of task time)
"#;
        check_measured(&RULE, fixture, |run| {
            for id in 1..=3 {
                run.stage(id, 31_000);
                run.execution("count", 0, id, &[id], "HashAggregate");
            }
            run.site("count", 0, |cost| cost.task_time_ms = 93_000);
        });
        let fixture = fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let once = refuted(&RULE, &fixture, |run| {
            run.stage(1, 31_000);
            run.execution("count", 0, 1, &[1], "HashAggregate");
            run.site("count", 0, |cost| cost.task_time_ms = 31_000);
        });
        assert_eq!(once, ["1 execution of this line, 31 s of task time"]);
        let small = refuted(&RULE, &fixture, |run| {
            run.stage(1, 400);
            run.job("count", 0, 1, &[1]);
            run.job("count", 0, 2, &[1]);
            run.site("count", 0, |cost| cost.task_time_ms = 400);
        });
        assert_eq!(small, ["2 jobs of this line, 400 ms of task time"]);
    }
}
