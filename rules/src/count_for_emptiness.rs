//! `count-for-emptiness`: a `count` that is only asked whether there is anything at all.

use std::collections::BTreeSet;

use analysis::{
    Applicability, Edit, Finding, Fix, RuleContext, Run, SqlExecution, StageAttempt, Verdict, declare_rule, units,
};
use program::{Call, Comparison, Confidence, Effect, Language, Origin, ResultUse, TextRange, Type, ValueId};

use crate::plan::{self, Stages};

declare_rule! {
    /// `count` that is compared with zero to learn whether there are any rows
    ///
    /// ## Why is this bad?
    ///
    /// `count` reads all of the data: every file, every join, every filter, to the last row. To know whether there is anything at all, one row is
    /// enough, and `isEmpty` stops at the first that it finds.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// late = spark.table("orders").filter("delivered > promised")
    /// if late.count() > 0:
    ///     print("some orders are late")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// late = spark.table("orders").filter("delivered > promised")
    /// if not late.isEmpty():
    ///     print("some orders are late")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val late = spark.table("orders").filter("delivered > promised")
    /// if (late.count() > 0) println("some orders are late")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val late = spark.table("orders").filter("delivered > promised")
    /// if (!late.isEmpty) println("some orders are late")
    /// ```
    ///
    /// ## For experts
    ///
    /// `Dataset.isEmpty` selects no columns and plans a `CollectLimit` of one row; it begins with one partition and takes more only while they are empty
    /// (`spark.sql.limit.initialNumPartitions`, `spark.sql.limit.scaleUpFactor`). A shuffle below it is still computed, and a filter that no
    /// row passes still reads everything, in several jobs one after the other. A `count` over Parquet or ORC without filters needs
    /// only footers and is cheap; a run tells. The run confirms the finding from a second of task time of the call's jobs and
    /// refutes it below. PySpark has `DataFrame.isEmpty` since 3.3, Scala since 2.4.
    ///
    /// ## Fix safety
    ///
    /// A dataset is empty exactly if it has no rows, so that both forms give the same answer. The fix for Scala's RDDs is unsafe: `RDD.isEmpty` throws
    /// on an `RDD[Nothing]`, which `count` does not. So is the one for `len(df.collect())`, which may be there to bring the rows to the driver.
    ///
    /// ## Known problems
    ///
    /// A number that is kept in a variable first (`n = df.count()`) is not followed. A `count` on a cached dataset, which fills the cache,
    /// is not reported.
    pub(crate) static COUNT_FOR_EMPTINESS = {
        id: "count-for-emptiness",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Safe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyBad(&["HashAggregate"]),
    }
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let mut persisted: Option<BTreeSet<ValueId>> = None;
    for (id, call) in ctx.program.calls_with_ids() {
        let is_dataset = matches!(call.receiver_type, Type::DataFrame | Type::Rdd)
            && call.confidence > Confidence::Guessed;
        let Some(receiver) = call.receiver.filter(|_| is_dataset) else { continue };
        let Some((empty, range)) = asked(call) else { continue };
        if !matches!(call.method.as_str(), "count" | "collect") {
            continue;
        }
        // Truth of a list and of a number are not told apart: only `len(…)` of what was collected is compared with a number.
        if call.method == "collect" && !matches!(call.result_use, ResultUse::Compared { .. }) {
            continue;
        }
        let persisted = persisted.get_or_insert_with(|| persisted_values(ctx));
        if is_kept(ctx, receiver.value, persisted) || bounded(ctx, receiver.value) {
            continue;
        }
        let message = if call.method == "count" {
            "`count` reads every row only to learn whether there is one".to_owned()
        } else {
            "`collect` brings every row to the driver only to learn whether there is one".to_owned()
        };
        let mut finding = COUNT_FOR_EMPTINESS.at_call(ctx, id, message, "ask `isEmpty`, which stops at the first row");
        finding.fixes.extend(fix(ctx, call, receiver.range, empty, range));
        findings.push(finding);
    }
}

/// Whether emptiness is what is asked (else its opposite), and the expression that asks.
fn asked(call: &Call) -> Option<(bool, TextRange)> {
    match call.result_use {
        ResultUse::Compared { comparison, with, range } => {
            let empty = match (comparison, with) {
                (Comparison::Equal | Comparison::LessOrEqual, 0) | (Comparison::Less, 1) => true,
                (Comparison::NotEqual | Comparison::Greater, 0) | (Comparison::GreaterOrEqual, 1) => false,
                _ => return None,
            };
            Some((empty, range))
        }
        ResultUse::Tested { negated, range } => Some((negated, range)),
        _ => None,
    }
}

/// Few rows by the source: counting them is as good as looking for one.
fn bounded(ctx: &RuleContext<'_>, value: ValueId) -> bool {
    const FEW_ROWS: u64 = 1_000;
    ctx.program.value(value).bound.is_some_and(|bound| bound.rows <= FEW_ROWS)
}

/// Datasets that are cached or checkpointed, wherever in the file.
fn persisted_values(ctx: &RuleContext<'_>) -> BTreeSet<ValueId> {
    let keeping = ctx.program.calls.iter().filter(|call| matches!(call.effect, Effect::Persist | Effect::Checkpoint));
    keeping.flat_map(|call| call.receiver.map(|it| it.value).into_iter().chain(call.result)).collect()
}

/// Whether a dataset is kept itself, is one of several of which one is, or is made row by row of one that is: counting fills the cache.
fn is_kept(ctx: &RuleContext<'_>, value: ValueId, persisted: &BTreeSet<ValueId>) -> bool {
    const STEPS: usize = 200;
    let mut pending = vec![value];
    let mut seen = BTreeSet::new();
    while let Some(value) = pending.pop() {
        if persisted.contains(&value) || seen.len() > STEPS {
            return true;
        }
        let is_row_by_row = match ctx.program.value(value).origin {
            Origin::Call(call) => ctx.program.call(call).effect == Effect::Narrow,
            _ => true,
        };
        if seen.insert(value) && is_row_by_row {
            pending.extend(ctx.program.parents(value));
        }
    }
    false
}

fn fix(
    ctx: &RuleContext<'_>,
    call: &Call,
    receiver: TextRange,
    empty: bool,
    range: TextRange,
) -> Option<Fix> {
    // A comment between the parts would be lost.
    let rest = [TextRange::new(range.start, call.range.start), TextRange::new(call.range.end, range.end)];
    if rest.iter().any(|it| it.of(ctx.text).contains(['#', '\n']) || it.of(ctx.text).contains("//")) {
        return None;
    }
    let receiver = receiver.of(ctx.text);
    let is_rdd = call.receiver_type == Type::Rdd;
    let replacement = match (ctx.program.language, empty) {
        (Language::Python, true) => format!("{receiver}.isEmpty()"),
        (Language::Python, false) => format!("not {receiver}.isEmpty()"),
        (Language::Scala, true) if is_rdd => format!("{receiver}.isEmpty()"),
        (Language::Scala, false) if is_rdd => format!("!{receiver}.isEmpty()"),
        (Language::Scala, true) => format!("{receiver}.isEmpty"),
        (Language::Scala, false) => format!("!{receiver}.isEmpty"),
    };
    // `df count` takes no dot behind it.
    let dotted = TextRange::new(call.range.start, call.name_range.start).of(ctx.text);
    if !dotted.trim_end().ends_with('.') {
        return None;
    }
    let proven = call.method == "count" && !(is_rdd && ctx.program.language == Language::Scala);
    let applicability = if proven { Applicability::Safe } else { Applicability::Unsafe };
    let edits = vec![Edit { range, replacement }];
    Some(Fix { title: "Ask `isEmpty`".to_owned(), applicability, edits })
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(cost) = finding.call.and_then(|call| plan::certain_cost(ctx, run, call)) else {
        return Verdict::Unmeasured;
    };
    if cost.jobs.is_empty() && cost.executions.is_empty() {
        return Verdict::Unmeasured;
    }
    let task_time_ms = cost.task_time_ms;
    let rows = run.executions_of(cost).filter_map(plan::scanned_rows).reduce(u64::saturating_add);
    let read = rows.map(|it| format!("read {} and ", units::counted(it, "row"))).unwrap_or_default();
    let text = format!("counting {read}took {} of task time", units::duration_ms(task_time_ms));
    if task_time_ms >= ctx.thresholds.action_ms {
        let saving = run.executions_of(cost).map(|it| counted_ms(run, it)).sum::<Option<u64>>();
        let saving_ms = saving.filter(|&it| it > 0).map(|it| it.min(task_time_ms));
        Verdict::Confirmed { text, task_time_ms, saving_ms, remedy: Vec::new() }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// Task time in milliseconds that counting every row took beyond looking for a first one, at most: of the stage that counts, all tasks but one.
/// What feeds that stage through shuffles has to run all the same. None where the plan does not show the stage.
fn counted_ms(run: &Run, execution: &SqlExecution) -> Option<u64> {
    // `count` is an aggregate without keys: its partial counts meet in one partition (`AggUtils.planAggregateWithoutDistinct`).
    let plan = execution.plan.preorder();
    let counts = plan
        .into_iter()
        .find(|it| plan::is_shuffle(it) && it.simple_string.contains("SinglePartition"))?;
    let stages = Stages::of_execution(run, execution);
    let of_stage = |stage: &StageAttempt| {
        let tasks = stage.num_complete_tasks.max(1);
        let all = u128::from(stage.metrics.executor_run_time);
        u64::try_from(all * u128::from(tasks - 1) / u128::from(tasks)).ok()
    };
    stages.running(counts, plan::counted_by_writer).map(of_stage).sum()
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::COUNT_FOR_EMPTINESS as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix, refuted};

    #[test]
    fn only_emptiness_is_asked() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
if orders.count() == 0:
#         ^^^^^ warning: `count` reads every row only to learn whether there is one
    raise ValueError("no orders")
late = 0 < orders.filter("late").count()
#                                ^^^^^ warning: `count` reads every row only to learn whether there is one
if not orders.rdd.count():
#                 ^^^^^ warning: `count` reads every row only to learn whether there is one
    pass
some = "yes" if orders.count() else "no"
#                      ^^^^^ warning: `count` reads every row only to learn whether there is one
none = len(orders.collect()) == 0
#                 ^^^^^^^ warning: `collect` brings every row to the driver only to learn whether there is one

def check(orders: DataFrame):
    assert orders.distinct().count() >= 1, "empty"
#                            ^^^^^ warning: `count` reads every row only to learn whether there is one
    while orders.count() != 0 and more:
#                ^^^^^ warning: `count` reads every row only to learn whether there is one
        pass
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    if (orders.count() == 0) throw new IllegalArgumentException("no orders")
//             ^^^^^ warning: `count` reads every row only to learn whether there is one
    val late = orders.filter("late").count > 0
//                                   ^^^^^ warning: `count` reads every row only to learn whether there is one
    require(0L != orders.rdd.count())
//                           ^^^^^ warning: `count` reads every row only to learn whether there is one
  }
}
"#,
        );
    }

    #[test]
    fn numbers_are_asked() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders, customers = spark.table("orders"), spark.table("customers")
two = orders.count() == 2
same = orders.count() == customers.count()
many = orders.count() > 1
enough = orders.count() >= limit
between = 0 < orders.count() < 100
n = orders.count()
if n == 0:
    print(n)
if orders.isEmpty() or len(orders.head(1)) == 0:
    pass
if names.count("a") == 0:
    pass
if orders.limit(1).count() == 0:
    pass
kept = orders.distinct().cache()
if kept.count() == 0 or kept.filter("late").count() > 0:
    pass
orders.filter("late").groupBy("day").count().filter("count > 0")
//- /tests/test_job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.table("orders").count() > 0
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    val two = orders.count() == 2
    val same = orders.count() == spark.table("customers").count()
    val none = names.count(_ == "a") == 0
    val kept = orders.distinct().persist()
    if (kept.count() == 0) println("none")
  }
}
"#,
        );
    }

    #[test]
    fn the_fix_asks_the_same() {
        let before = r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
if orders.filter("late").count() > 0 and urgent:
    pass
//- /b.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = (orders.count()) == 0
//- /c.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
while not orders.rdd.count():
    pass
//- /d.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
if orders.count():
    pass
//- /E.scala
import org.apache.spark.sql.SparkSession
object E {
  val orders = SparkSession.builder().getOrCreate().table("orders")
  val late = orders.filter("late").count > 0 && urgent
}
"#;
        let after = r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
if not orders.filter("late").isEmpty() and urgent:
    pass
//- /b.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = orders.isEmpty()
//- /c.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
while orders.rdd.isEmpty():
    pass
//- /d.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
if not orders.isEmpty():
    pass
//- /E.scala
import org.apache.spark.sql.SparkSession
object E {
  val orders = SparkSession.builder().getOrCreate().table("orders")
  val late = !orders.filter("late").isEmpty && urgent
}
"#;
        check_fix(&RULE, 0, Applicability::Safe, before, after);
    }

    #[test]
    fn some_fixes_are_to_be_looked_at() {
        let before = r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = len(orders.collect()) == 0
//- /B.scala
import org.apache.spark.sql.SparkSession
object B {
  val orders = SparkSession.builder().getOrCreate().table("orders").rdd
  val empty = orders.count() == 0
}
"#;
        let after = r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = orders.isEmpty()
//- /B.scala
import org.apache.spark.sql.SparkSession
object B {
  val orders = SparkSession.builder().getOrCreate().table("orders").rdd
  val empty = orders.isEmpty()
}
"#;
        check_fix(&RULE, 0, Applicability::Unsafe, before, after);
        check_no_fix(
            &RULE,
            r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = (orders.count()  # all of them
    == 0)
"#,
        );
    }

    #[test]
    fn a_run_tells_what_counting_took() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
empty = orders.count() == 0
#              ^^^^^ warning: `count` reads every row only to learn whether there is one (confirmed: counting took 12 s of task time)
"#;
        check_measured(&RULE, fixture, |run| {
            run.stage(1, 12_000);
            run.job("count", 0, 1, &[1]);
            run.site("count", 0, |cost| cost.task_time_ms = 12_000);
        });
        let fixture = fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let texts = refuted(&RULE, &fixture, |run| {
            run.stage(1, 200);
            run.job("count", 0, 1, &[1]);
            run.site("count", 0, |cost| cost.task_time_ms = 200);
        });
        assert_eq!(texts, ["counting took 200 ms of task time"]);
    }
}
