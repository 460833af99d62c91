//! `ignored-cache-result`: a checkpoint whose result is thrown away, and `cache` that is named but not called.

use analysis::{Applicability, Edit, Finding, Fix, FindingEvidence, RuleContext, Run, Verdict, declare_rule, units};
use program::{Call, Confidence, Effect, Language, Origin, Program, ResultUse, ScopeId, ScopeKind, TextRange, Type};

use crate::plan;

declare_rule! {
    /// A DataFrame's `checkpoint` whose result is not used, or `cache` and `unpersist` without parentheses
    ///
    /// ## Why is this bad?
    ///
    /// `cache()` marks a DataFrame in place. `checkpoint()` does not: it computes the data, stores it, and returns a new DataFrame that reads what
    /// was stored. If that one is thrown away, the work is done for nothing, and every later step starts from the beginning again. And in Python,
    /// `df.cache` without parentheses only names the method: nothing is cached at all.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.table("orders").distinct()
    /// orders.localCheckpoint()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.table("orders").distinct()
    /// orders = orders.localCheckpoint()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.table("orders").distinct()
    /// orders.localCheckpoint()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.table("orders").distinct().localCheckpoint()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ## For experts
    ///
    /// `Dataset.checkpoint(eager, reliableCheckpoint)` runs a job over the physical plan's RDD and wraps the stored RDD in a new `Dataset` with a
    /// `LogicalRDD` as its plan; the receiver's plan stays what it was. `RDD.checkpoint` is another matter: it marks the RDD in place and
    /// returns nothing. Where the run names the call's jobs, their task time is what was spent for nothing.
    ///
    /// ## Fix safety
    ///
    /// Assigning the checkpoint keeps the rows: they are those that were computed for it. Adding the parentheses to `cache`, `persist` and `unpersist` does not change
    /// any result either. Parentheses for `checkpoint` would not be enough, and there is no fix for Scala's `val`.
    ///
    /// ## Known problems
    ///
    /// A checkpoint that is bound to a name which is not used afterwards is not reported.
    pub(crate) static IGNORED_CACHE_RESULT = {
        id: "ignored-cache-result",
        category: Correctness,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Safe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyGood(&["Scan ExistingRDD"]),
    }
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    let program = ctx.program;
    for (id, call) in program.calls_with_ids() {
        let ignored = call.effect == Effect::Checkpoint
            && call.receiver_type == Type::DataFrame
            && call.confidence > Confidence::Guessed
            && call.result_use == ResultUse::Discarded;
        if !ignored {
            continue;
        }
        let message = format!("`{}` returns the DataFrame that it stores, and nothing uses it", call.method);
        let help = "go on with what it returns: assign it to the name";
        let mut finding = IGNORED_CACHE_RESULT.at_call(ctx, id, message, help);
        finding.fixes.extend(assignment(ctx, call));
        findings.push(finding);
    }
    for uncalled in &program.uncalled {
        let receiver = program.value(uncalled.receiver);
        let matters = matches!(
            uncalled.method.as_str(),
            "cache" | "persist" | "unpersist" | "checkpoint" | "localCheckpoint"
        ) && matches!(receiver.kind, Type::DataFrame | Type::Rdd)
            && receiver.confidence > Confidence::Guessed
            && uncalled.range == uncalled.statement;
        if !matters {
            continue;
        }
        let returns_another = receiver.kind == Type::DataFrame && uncalled.method.ends_with("heckpoint");
        let mut fixes = Vec::new();
        if !returns_another {
            let end = TextRange::new(uncalled.range.end, uncalled.range.end);
            fixes.push(Fix {
                title: format!("Call `{}`", uncalled.method),
                applicability: Applicability::Safe,
                edits: vec![Edit { range: end, replacement: "()".to_owned() }],
            });
        }
        findings.push(Finding {
            rule: IGNORED_CACHE_RESULT.id,
            call: None,
            range: uncalled.name_range,
            message: format!("`{}` is named but not called, and does nothing", uncalled.method),
            help: "call it: add parentheses".to_owned(),
            severity: IGNORED_CACHE_RESULT.severity,
            confidence: receiver.confidence,
            related: Vec::new(),
            fixes,
            evidence: FindingEvidence::Unmeasured,
            requires_evidence: false,
        });
    }
}

/// `df.checkpoint()` as a statement becomes `df = df.checkpoint()`, where that name is this function's own.
fn assignment(ctx: &RuleContext<'_>, call: &Call) -> Option<Fix> {
    let program = ctx.program;
    let receiver = call.receiver.filter(|_| program.language == Language::Python && call.statement == call.range)?;
    let name = receiver.range.of(ctx.text);
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let home = function_of(program, call.scope);
    let is_own = match program.value(receiver.value).origin {
        Origin::Parameter { function, .. } => program.functions[function.index()].scope == home,
        _ => program.bindings.iter().any(|it| it.name == name && function_of(program, it.scope) == home),
    };
    let start = TextRange::new(call.range.start, call.range.start);
    (is_name && is_own).then(|| Fix {
        title: "Go on with the stored DataFrame".to_owned(),
        applicability: Applicability::Safe,
        edits: vec![Edit { range: start, replacement: format!("{name} = ") }],
    })
}

fn function_of(program: &Program, scope: ScopeId) -> Option<ScopeId> {
    program.ancestors(scope).find(|&it| matches!(program.scope(it).kind, ScopeKind::Function(_)))
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let cost = finding.call.and_then(|call| plan::certain_cost(ctx, run, call));
    match cost {
        Some(cost) if !cost.jobs.is_empty() || !cost.executions.is_empty() => Verdict::Confirmed {
            text: format!("spent {} of task time on it", units::duration_ms(cost.task_time_ms)),
            task_time_ms: cost.task_time_ms,
            saving_ms: None,
            remedy: Vec::new(),
        },
        _ => Verdict::Unmeasured,
    }
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::IGNORED_CACHE_RESULT as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix};

    #[test]
    fn nothing_uses_what_was_stored() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
orders.checkpoint()
#      ^^^^^^^^^^ warning: `checkpoint` returns the DataFrame that it stores, and nothing uses it
orders.distinct().localCheckpoint(eager=True)
#                 ^^^^^^^^^^^^^^^ warning: `localCheckpoint` returns the DataFrame that it stores, and nothing uses it
orders.cache
#      ^^^^^ warning: `cache` is named but not called, and does nothing
orders.rdd.persist
#          ^^^^^^^ warning: `persist` is named but not called, and does nothing

def done(orders: DataFrame):
    orders.unpersist
#          ^^^^^^^^^ warning: `unpersist` is named but not called, and does nothing
    orders.checkpoint
#          ^^^^^^^^^^ warning: `checkpoint` is named but not called, and does nothing
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    orders.checkpoint()
//         ^^^^^^^^^^ warning: `checkpoint` returns the DataFrame that it stores, and nothing uses it
    orders.distinct().localCheckpoint
//                    ^^^^^^^^^^^^^^^ warning: `localCheckpoint` returns the DataFrame that it stores, and nothing uses it
    println("done")
  }
}
"#,
        );
    }

    #[test]
    fn marks_in_place_and_results_in_use() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
orders.cache()
orders.persist()
orders.rdd.cache()
orders.unpersist()
orders = orders.checkpoint()
orders.checkpoint().count()
lines = spark.sparkContext.textFile("log")
lines.cache()
lines.checkpoint()
keep = orders.cache
use(orders.localCheckpoint())
settings.cache
orders.columns
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    orders.cache
    orders.persist()
    val stored = orders.checkpoint()
    val lines = spark.sparkContext.textFile("log")
    lines.checkpoint()
    orders.unpersist
  }
  def stored(orders: DataFrame): DataFrame = {
    orders.localCheckpoint()
  }
}
"#,
        );
    }

    #[test]
    fn the_fix_goes_on_with_it() {
        check_fix(
            &RULE,
            0,
            Applicability::Safe,
            r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.checkpoint()
orders.count()
//- /b.py
from pyspark.sql import DataFrame
def done(orders: DataFrame):
    orders.localCheckpoint(True)
    return orders
//- /c.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.cache
orders.count()
"#,
            r#"
//- /a.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders = orders.checkpoint()
orders.count()
//- /b.py
from pyspark.sql import DataFrame
def done(orders: DataFrame):
    orders = orders.localCheckpoint(True)
    return orders
//- /c.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.cache()
orders.count()
"#,
        );
        check_no_fix(
            &RULE,
            r#"
//- /global.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
def store():
    orders.checkpoint()
    return 1
//- /chain.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.distinct().checkpoint()
//- /uncalled.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.checkpoint
//- /Value.scala
import org.apache.spark.sql.SparkSession
object Value {
  val orders = SparkSession.builder().getOrCreate().table("orders")
  orders.checkpoint()
  val count = orders.count()
}
"#,
        );
    }

    #[test]
    fn a_run_tells_what_it_cost() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders")
orders.checkpoint()
#      ^^^^^^^^^^ warning: `checkpoint` returns the DataFrame that it stores, and nothing uses it (confirmed: spent 40 s of task time on it)
orders.count()
"#,
            |run| {
                run.stage(1, 40_000);
                run.job("checkpoint", 0, 1, &[1]);
                run.site("checkpoint", 0, |cost| cost.task_time_ms = 40_000);
            },
        );
    }
}
