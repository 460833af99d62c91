//! `with-column-in-loop`: a loop that carries a DataFrame on and adds a column to it on every iteration.

use std::collections::BTreeSet;

use analysis::{
    Applicability, Edit, Finding, Fix, RuleContext, Run, SqlExecution, Verdict, declare_rule, units,
};
use program::{
    Call, CallId, Confidence, Effect, Expression, Language, Origin, Program, ScopeId, ScopeKind, TextRange, Type, ValueId,
};

use crate::loops;
use crate::plan::{self, Stages};

declare_rule! {
    /// A loop that adds columns to a DataFrame one by one with `withColumn`
    ///
    /// ## Why is this bad?
    ///
    /// Each `withColumn` wraps the whole plan in one more projection, and the driver analyses it anew before the next. Two hundred columns make
    /// two hundred nested projections: minutes in which the cluster waits for the driver, and with enough of them a stack overflow. One
    /// `withColumns` or `select` adds all of them in a single projection.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders")
    /// for column in orders.columns:
    ///     orders = orders.withColumn(column, F.trim(F.col(column)))
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders")
    /// orders = orders.withColumns({column: F.trim(F.col(column)) for column in orders.columns})
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions.{col, trim}
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders")
    /// val clean = orders.columns.foldLeft(orders)((df, column) => df.withColumn(column, trim(col(column))))
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions.{col, trim}
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders")
    /// val clean = orders.withColumns(orders.columns.map(column => column -> trim(col(column))).toMap)
    /// ```
    ///
    /// ## For experts
    ///
    /// `Dataset.withColumn` selects all columns anew and analyses the result (`QueryExecution.assertAnalyzed`) before it returns; the optimiser
    /// merges the projections again (`CollapseProject`), unless one reads what another makes with more than a cheap expression. With Spark
    /// 3.5, a loop over 60 columns takes 2 s on the driver and one over 200 columns 12 s, where `withColumns` takes 0.6 s. No job runs in that time, and no
    /// event tells of it: what a log has is the time without a job before the query that uses the columns. The run confirms the
    /// finding from five seconds of that (`planning_ms`), which other code of the driver may have a part in; it cannot refute it.
    /// Spark Connect merges consecutive `withColumn`s by itself. `withColumns` exists since 3.3.
    ///
    /// ## Fix safety
    ///
    /// All expressions of `withColumns` see the DataFrame as it was before. If one reads a column that an earlier iteration has made, or if
    /// a name comes twice, the result differs.
    ///
    /// ## Known problems
    ///
    /// Loops of five iterations or fewer (`loop_columns`) are not reported, nor those whose body also joins, aggregates or shuffles, since
    /// they compute something from one iteration to the next. Neither are columns that make rows (`explode`), of which one projection may
    /// hold but one, and those that are tried one by one (`try`). A loop whose body calls another function that adds the column is not seen.
    pub(crate) static WITH_COLUMN_IN_LOOP = {
        id: "with-column-in-loop",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
    }
}

/// How many steps of a loop's body are followed.
const STEPS: u32 = 1_000;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let mut reported = BTreeSet::new();
    for (index, value) in ctx.program.values.iter().enumerate() {
        let Origin::Loop { carried: Some(carried), .. } = value.origin else { continue };
        if value.kind != Type::DataFrame || value.confidence == Confidence::Guessed {
            continue;
        }
        let head = ValueId(index as u32);
        let Some(id) = first_added(ctx, head, carried) else { continue };
        // Of nested loops the inner one is enough.
        if !reported.insert(id) {
            continue;
        }
        let message = "`withColumn` adds one more projection to the plan on every iteration".to_owned();
        let help = "collect the columns first, and add them at once with `withColumns` or `select`";
        let mut finding = WITH_COLUMN_IN_LOOP.at_call(ctx, id, message, help);
        finding.fixes.extend(fix(ctx, id, head, carried));
        findings.push(finding);
    }
}

/// The first `withColumn` between a loop's head and what it carries on, if the loop does little else.
fn first_added(ctx: &RuleContext<'_>, head: ValueId, carried: ValueId) -> Option<CallId> {
    let program = ctx.program;
    let mut pending = vec![carried];
    let mut seen = BTreeSet::new();
    let mut added: Option<CallId> = None;
    let (mut reaches_head, mut steps) = (false, 0);
    while let Some(value) = pending.pop() {
        if value == head {
            reaches_head = true;
            continue;
        }
        if !seen.insert(value) {
            continue;
        }
        steps += 1;
        if steps > STEPS {
            return None;
        }
        match &program.value(value).origin {
            Origin::Call(id) => {
                let call = program.call(*id);
                if !is_light(call) {
                    return None;
                }
                if call.method == "withColumn" {
                    added = Some(added.map_or(*id, |first| first.min(*id)));
                }
                pending.push(call.receiver?.value);
            }
            Origin::Merge(values) => pending.extend(values),
            Origin::Loop { entry, carried } => {
                pending.push(*entry);
                pending.extend(*carried);
            }
            _ => return None,
        }
    }
    let added = added.filter(|_| reaches_head)?;
    let scope = carrying_loop(program, program.call(added), head)?;
    let tried = is_tried(ctx, program.call(added), scope);
    (!tried && loops::repeats(ctx, scope, ctx.thresholds.loop_columns)).then_some(added)
}

/// The loop around `call` at whose head `head` stands: each head on the way up belongs to the next loop outwards.
fn carrying_loop(program: &Program, call: &Call, head: ValueId) -> Option<ScopeId> {
    let mut around = program
        .ancestors(call.scope)
        .take_while(|&it| {
            !matches!(program.scope(it).kind, ScopeKind::Function(_) | ScopeKind::Closure)
        })
        .filter(|&it| matches!(program.scope(it).kind, ScopeKind::Loop { .. }));
    let mut value = call.receiver?.value;
    for _ in 0..STEPS {
        if value == head {
            return around.next();
        }
        value = match &program.value(value).origin {
            Origin::Call(call) => program.call(*call).receiver?.value,
            Origin::Merge(values) => *values.first()?,
            Origin::Loop { entry, .. } => {
                around.next()?;
                *entry
            }
            _ => return None,
        };
    }
    None
}

/// Whether each column is tried by itself, so that one that fails leaves the others.
fn is_tried(ctx: &RuleContext<'_>, call: &Call, outer: ScopeId) -> bool {
    ctx.program.ancestors(call.scope).take_while(|&it| it != outer).any(|it| {
        let scope = ctx.program.scope(it);
        matches!(scope.kind, ScopeKind::Branch { .. })
            && scope.header.of(ctx.text).trim_start().starts_with("try")
    })
}

/// Whether a call keeps the loop one of columns: others compute rows from one iteration to the next, make several of one, or make the plan
/// anew.
fn is_light(call: &Call) -> bool {
    call.effect == Effect::Narrow
        && !matches!(
            call.method.as_str(),
            "union" | "unionByName" | "unionAll" | "limit" | "transform"
        )
        && !call.arguments.iter().any(|it| makes_rows(&it.value))
}

fn makes_rows(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |it| {
        if let Expression::Apply { function, .. } = it {
            found |= matches!(function.as_str(), "inline" | "inline_outer" | "stack" | "json_tuple")
                || function.contains("explode");
        }
    });
    found
}

/// `for c in xs: df = df.withColumn(c, e)` and nothing else in the loop becomes `df = df.withColumns({c: e for c in xs})`.
fn fix(ctx: &RuleContext<'_>, id: CallId, head: ValueId, carried: ValueId) -> Option<Fix> {
    let program = ctx.program;
    let call = program.call(id);
    let receiver = call.receiver?;
    let only = call.result == Some(carried) && receiver.value == head && ctx.program.language == Language::Python;
    let binding = program.bindings.iter().find(|it| it.value == carried).filter(|_| only)?;
    let scope = own_loop(program, call)?;
    let whole = program.scope(scope).range;
    let header = program.scope(scope).header;
    let text = header.of(ctx.text).strip_prefix("for ")?.trim_end().strip_suffix(':')?;
    let (target, iterated) = text.split_once(" in ")?;
    let body = TextRange::new(header.end, whole.end).of(ctx.text).trim();
    let [name, expression] = call.arguments.as_slice() else { return None };
    if body != binding.statement.of(ctx.text).trim()
        || binding.value_range != call.range
        || receiver.range.of(ctx.text) != binding.name
        || [name, expression].iter().any(|it| it.name.is_some())
        || text.contains('#')
        || body.contains('#')
    {
        return None;
    }
    let dataset = &binding.name;
    let (name, expression) = (name.range.of(ctx.text), expression.range.of(ctx.text));
    let replacement =
        format!("{dataset} = {dataset}.withColumns({{{name}: {expression} for {target} in {iterated}}})");
    Some(Fix {
        title: "Add all columns at once with `withColumns`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { range: whole, replacement }],
    })
}

/// The loop that directly holds a call.
fn own_loop(program: &Program, call: &Call) -> Option<ScopeId> {
    matches!(program.scope(call.scope).kind, program::ScopeKind::Loop { .. }).then_some(call.scope)
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    // The first query after the loop is the one that waited for it.
    let executions = plan::executions_below(ctx, run, id);
    let Some(execution) = executions.into_iter().min_by_key(|it| (it.start_ms, it.execution_id))
    else {
        return Verdict::Unmeasured;
    };
    match idle_before(run, execution) {
        Some(idle) if idle >= ctx.thresholds.planning_ms => Verdict::Confirmed {
            text: format!(
                "no job ran for {} before execution {}, the first to use it",
                units::duration_ms(idle),
                execution.execution_id
            ),
            task_time_ms: plan::task_time_ms(Stages::of_execution(run, execution).attempts()),
            saving_ms: None,
            remedy: Vec::new(),
        },
        _ => Verdict::Unmeasured,
    }
}

/// Time in milliseconds without a job before an execution. Before the first job the application itself starts, which tells nothing.
fn idle_before(run: &Run, execution: &SqlExecution) -> Option<u64> {
    let earlier = run.profile.jobs.iter().filter(|job| job.submission_ms < execution.start_ms);
    let ends: Vec<i64> = earlier.map(|job| job.completion_ms).collect::<Option<_>>()?;
    let last = ends.into_iter().max()?;
    u64::try_from(execution.start_ms.saturating_sub(last)).ok()
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::WITH_COLUMN_IN_LOOP as RULE;
    use crate::testing::{Measuring, check, check_fix, check_measured, check_no_fix};

    #[test]
    fn columns_are_added_one_by_one() {
        check(
            &RULE,
            r#"
//- /job.py
from functools import reduce
from pyspark.sql import SparkSession, DataFrame, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
for column in orders.columns:
    orders = orders.withColumn(column, F.trim(column))
#                   ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
for name, value in settings.items():
    if value:
        orders = orders.withColumn(name, F.lit(value)).withColumn(name + "_set", F.lit(True))
#                       ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration

def clean(orders: DataFrame, columns):
    for column in columns:
        orders = orders.withColumn(column, F.lower(column)).drop(column + "_raw")
#                       ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
    return reduce(lambda df, column: df.withColumn(column, F.trim(column)), columns, orders)
#                                       ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._
object Job {
  def clean(orders: DataFrame, columns: Seq[String]): DataFrame = {
    var result = orders
    for (column <- columns) {
      result = result.withColumn(column, trim(col(column)))
//                    ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
    }
    columns.foreach { column => result = result.withColumn(column, lower(col(column))) }
//                                              ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
    columns.foldLeft(result) { (df, column) =>
      df.withColumn(column, upper(col(column)))
//       ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration
    }
  }
}
"#,
        );
    }

    #[test]
    fn loops_that_may() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.parquet("orders")
names = ["name", "city"]
for column in names:
    orders = orders.withColumn(column, F.trim(column))
for column in [name for name in names if name not in orders.columns]:
    orders = orders.withColumn(column, F.lit(None))
for column in columns:
    orders = orders.withColumn(column, F.explode(column))
for name, column in derived:
    try:
        orders = orders.withColumn(name, F.expr(column))
    except Exception as error:
        print(error)
for path in paths:
    part = spark.read.parquet(path)
    for column in names:
        part = part.withColumn(column, F.trim(column))
    part.write.parquet("out/" + path)
for path in paths:
    fresh = spark.read.parquet(path).withColumn("path", F.lit(path))
    fresh.write.parquet("out/" + path)
for day in days:
    daily = orders.withColumn("day", F.lit(day))
    daily.write.parquet(day)
for i in range(20):
    orders = orders.join(spark.table("edges"), "id").withColumn("depth", F.lit(i))
orders = orders.withColumns({column: F.trim(column) for column in orders.columns})
for column in columns:
    other = other.withColumn(column, 1)
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._
object Job {
  def clean(orders: DataFrame, columns: Seq[String]): DataFrame = {
    val few = Seq("name", "city").foldLeft(orders)((df, column) => df.withColumn(column, trim(col(column))))
    columns.foreach(column => few.withColumn(column, lit(1)).write.parquet(column))
    few.withColumns(columns.map(column => column -> trim(col(column))).toMap)
  }
}
"#,
        );
    }

    #[test]
    fn one_assignment_becomes_a_comprehension() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
for name, value in settings.items():
    orders = orders.withColumn(
        name, F.lit(value).cast("string"))
orders.show()
"#,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
orders = orders.withColumns({name: F.lit(value).cast("string") for name, value in settings.items()})
orders.show()
"#,
        );
        check_no_fix(
            &RULE,
            r#"
//- /a.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
for column in orders.columns:
    print(column)
    orders = orders.withColumn(column, F.trim(column))
//- /b.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
for column in orders.columns:
    # all of them
    orders = orders.withColumn(column, F.trim(column))
//- /C.scala
import org.apache.spark.sql.DataFrame
import org.apache.spark.sql.functions._
object C {
  def clean(orders: DataFrame) = orders.columns.foldLeft(orders)((df, c) => df.withColumn(c, trim(col(c))))
}
"#,
        );
    }

    #[test]
    fn a_run_shows_time_without_a_job() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
orders = SparkSession.builder.getOrCreate().read.parquet("orders")
for column in orders.columns:
    orders = orders.withColumn(column, F.trim(column))
#                   ^^^^^^^^^^ warning: `withColumn` adds one more projection to the plan on every iteration (confirmed: no job ran for 12 s before execution 1, the first to use it)
orders.write.parquet("out")
orders.count()
"#;
        let measure = |idle_ms: i64| {
            move |run: &mut Measuring| {
                run.stage(0, 10);
                run.job("parquet", 0, 0, &[0]);
                run.lasted(0, 1_000, 2_000);
                run.stage(1, 20_000);
                run.execution("parquet", 1, 1, &[1], "Project [a#1]");
                run.lasted(1, 2_000 + idle_ms, 30_000);
                run.stage(2, 20_000);
                run.execution("count", 0, 2, &[2], "Project [a#1]");
                run.lasted(2, 90_000, 99_000);
            }
        };
        check_measured(&RULE, fixture, measure(12_000));
        let silent = fixture
            .replace(" (confirmed: no job ran for 12 s before execution 1, the first to use it)", "");
        check_measured(&RULE, &silent, measure(400));
        // The start of the application is no sign of it.
        check_measured(&RULE, &silent, |run| {
            run.stage(1, 20_000);
            run.execution("parquet", 1, 1, &[1], "Project [a#1]");
            run.lasted(1, 60_000, 90_000);
        });
    }
}
