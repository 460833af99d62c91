//! `join-without-condition`: a join of two DataFrames that says nothing of which rows belong together.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{
    Applicability, Edit, Finding, Fix, PlanNode, RuleContext, Run, SqlExecution, Verdict, declare_rule, units,
};
use program::{Call, CallId, Confidence, Expression, Literal, Program, TextRange, Type, ValueId};

use crate::plan;

declare_rule! {
    /// A join of two DataFrames without a condition, which pairs every row with every other
    ///
    /// ## Why is this bad?
    ///
    /// Without a condition, `join` puts each row of one side next to each row of the other. A million orders and a thousand customers become a billion
    /// rows. Mostly a condition was forgotten. If all pairs are what is wanted, `crossJoin` says so to whoever reads the code.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// sales = spark.table("orders").join(spark.table("customers"))
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val sales = spark.table("orders").join(spark.table("customers"))
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    /// ```
    ///
    /// ## For experts
    ///
    /// The same goes for a comma or a JOIN without a condition in a query that is given to `spark.sql`. Since Spark 3.0
    /// `spark.sql.crossJoin.enabled` is true, and an inner join without a condition is planned as `CartesianProduct`, or as
    /// `BroadcastNestedLoopJoin` where one side is small. A filter right after the join is pushed into it (`PushPredicateThroughJoin`) and makes it an
    /// equi-join after all, so that such code is not reported. The run confirms the finding if the product has at least a hundred thousand
    /// rows (`product_rows`) and more than either side, and refutes it otherwise.
    ///
    /// ## Fix safety
    ///
    /// `crossJoin` gives the same rows. It is unsafe because it may make a mistake look intended.
    ///
    /// ## Known problems
    ///
    /// A dataset of a thousand rows or fewer by the source, such as an aggregate without groups, is not reported on either side.
    pub(crate) static JOIN_WITHOUT_CONDITION = {
        id: "join-without-condition",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyBad(&["CartesianProduct", "BroadcastNestedLoopJoin"]),
    }
}

/// Rows up to which a side makes no product worth a word.
const FEW_ROWS: u64 = 1_000;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    let mut consumers: Option<BTreeMap<ValueId, Vec<CallId>>> = None;
    for (id, call) in ctx.program.calls_with_ids() {
        let Some((how, other)) = product(ctx, call) else { continue };
        let few = |value: ValueId| ctx.program.value(value).bound.is_some_and(|it| it.rows <= FEW_ROWS);
        let Some(receiver) = call.receiver.filter(|receiver| !few(receiver.value) && !few(other)) else { continue };
        let consumers = consumers.get_or_insert_with(|| consumers_of(ctx.program));
        if call.result.is_some_and(|result| is_filtered(ctx.program, consumers, result)) {
            continue;
        }
        let (what, help) = match call.in_sql {
            false => (
                "`join` has no condition",
                "say which columns must agree, or write `crossJoin` if all pairs are wanted",
            ),
            true if is_comma(ctx, call) => (
                "the comma in FROM has no condition",
                "say in WHERE which columns must agree, or write CROSS JOIN if all pairs are wanted",
            ),
            true => (
                "JOIN has no condition",
                "say with ON which columns must agree, or write CROSS JOIN if all pairs are wanted",
            ),
        };
        let message = format!("{what} and pairs every row with every other");
        let mut finding = JOIN_WITHOUT_CONDITION.at_call(ctx, id, message, help);
        finding.fixes.extend(fix(ctx, call, receiver.range, how));
        findings.push(finding);
    }
}

/// How a join of two DataFrames pairs all rows: whether it says `how`, and the other side; none for any other call.
fn product(ctx: &RuleContext<'_>, call: &Call) -> Option<(bool, ValueId)> {
    let program = ctx.program;
    let is_join = call.receiver_type == Type::DataFrame
        && call.confidence > Confidence::Guessed
        && (call.method == "join" || is_comma(ctx, call));
    if !is_join {
        return None;
    }
    let (mut other, mut says_how) = (None, false);
    for (place, argument) in call.arguments.iter().enumerate() {
        match (argument.name.as_deref(), place) {
            (Some("other" | "right"), _) | (None, 0) => {
                let Expression::Value(value) = argument.value else { return None };
                other = Some(value).filter(|it| program.value(*it).kind == Type::DataFrame);
            }
            (Some("how" | "joinType"), _) | (None, 2) => {
                let how = argument.value.as_text()?.to_lowercase().replace('_', "");
                // `semi` and `anti` ask whether there is a row on the other side, and pair none.
                if !matches!(how.as_str(), "inner" | "left" | "leftouter" | "right" | "rightouter" | "outer" | "full" | "fullouter") {
                    return None;
                }
                says_how = true;
            }
            _ if argument.value == Expression::Literal(Literal::Null) => {}
            _ => return None,
        }
    }
    Some((says_how, other?))
}

/// Whether the call stands for a comma in the FROM of a query: `CROSS JOIN` says what it does, a comma does not.
fn is_comma(ctx: &RuleContext<'_>, call: &Call) -> bool {
    call.in_sql
        && call.method == "crossJoin"
        && !call.name_range.of(ctx.text).to_ascii_lowercase().contains("join")
}

fn consumers_of(program: &Program) -> BTreeMap<ValueId, Vec<CallId>> {
    let mut consumers: BTreeMap<ValueId, Vec<CallId>> = BTreeMap::new();
    for (id, call) in program.calls_with_ids() {
        if let Some(receiver) = call.receiver {
            consumers.entry(receiver.value).or_default().push(id);
        }
    }
    consumers
}

/// Whether a filter stands behind the join, with nothing in between that keeps the optimiser from merging the two.
fn is_filtered(program: &Program, consumers: &BTreeMap<ValueId, Vec<CallId>>, result: ValueId) -> bool {
    const STEPS: u32 = 16;
    let mut pending = vec![result];
    for _ in 0..STEPS {
        let Some(value) = pending.pop() else { return false };
        for &consumer in consumers.get(&value).into_iter().flatten() {
            let call = program.call(consumer);
            match call.method.as_str() {
                "filter" | "where" => return true,
                "select" | "withColumn" | "drop" | "alias" | "withColumnRenamed" | "as" | "hint" => pending.extend(call.result),
                // The condition of a chain of products may stand at the last one.
                "join" | "crossJoin" => pending.extend(call.result),
                _ => {}
            }
        }
    }
    false
}

fn fix(ctx: &RuleContext<'_>, call: &Call, receiver: TextRange, says_how: bool) -> Option<Fix> {
    let [other] = call.arguments.as_slice() else { return None };
    if call.in_sql {
        return None;
    }
    let dotted = TextRange::new(receiver.end, call.name_range.start).of(ctx.text);
    if says_how || !dotted.trim_end().ends_with('.') || other.name.is_some() {
        return None;
    }
    Some(Fix {
        title: "Say that all pairs are wanted with `crossJoin`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { range: call.name_range, replacement: "crossJoin".to_owned() }],
    })
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    let program = ctx.program;
    let mut products: Vec<(&SqlExecution, &PlanNode)> = Vec::new();
    for (execution, nodes) in plan::asked(ctx, run, id) {
        products.extend(nodes.into_iter().filter(|it| is_product(it)).map(|it| (execution, it)));
    }
    let told: BTreeSet<u64> = products.iter().map(|it| it.0.execution_id).collect();
    for (action, _) in program.calls_with_ids().filter(|(_, call)| call.effect.runs_jobs()) {
        let Some(cost) = plan::certain_cost(ctx, run, action).filter(|cost| !cost.executions.is_empty()) else {
            continue;
        };
        let upstream = program.upstream_calls(action);
        let made = upstream.iter().filter(|&&call| {
            let call = program.call(call);
            call.method == "crossJoin" || product(ctx, call).is_some()
        });
        // Of several products in one plan none can be told from the others.
        if !upstream.contains(&id) || made.count() != 1 {
            continue;
        }
        for execution in run.executions_of(cost).filter(|it| !told.contains(&it.execution_id)) {
            let nodes: Vec<&PlanNode> = execution.plan.preorder().into_iter().filter(|node| is_product(node)).collect();
            if let [node] = nodes.as_slice() {
                products.push((execution, node));
            }
        }
    }
    let (mut rows, mut grows, mut attempts) = (None::<u64>, false, Vec::new());
    for (execution, node) in products {
            let made = execution.metric(node, "number of output rows").and_then(|it| u64::try_from(it).ok());
            let Some(made) = made else { continue };
            rows = Some(rows.unwrap_or(0).max(made));
            // With a single row on one side there are no more pairs than rows on the other.
            let sides = node.children.iter().map(|side| plan::side_size(execution, side).rows);
            grows |= sides.max().flatten().is_none_or(|widest| made > widest);
            attempts.extend(plan::Stages::of_execution(run, execution).running(node, |_| true));
    }
    let Some(rows) = rows else { return Verdict::Unmeasured };
    let task_time_ms = plan::task_time_ms(attempts);
    let time = units::duration_ms(task_time_ms);
    let counted = units::counted(rows, "row");
    if grows && rows >= ctx.thresholds.product_rows {
        let text = format!("made {counted}, {time} of task time");
        return Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: Vec::new() };
    }
    let few = if grows { "" } else { ", no more than one side had" };
    Verdict::Refuted { text: format!("made {counted}{few}, {time} of task time"), task_time_ms }
}

/// Whether a node pairs rows without comparing keys.
fn is_product(node: &PlanNode) -> bool {
    node.name.starts_with("CartesianProduct") || node.name.starts_with("BroadcastNestedLoopJoin")
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::JOIN_WITHOUT_CONDITION as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix, refuted};

    #[test]
    fn every_row_with_every_other() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame
spark = SparkSession.builder.getOrCreate()
orders, customers = spark.table("orders"), spark.table("customers")
orders.join(customers).write.parquet("out")
#      ^^^^ warning: `join` has no condition and pairs every row with every other
sales = orders.join(customers, how="left").select("id")
#              ^^^^ warning: `join` has no condition and pairs every row with every other
orders.join(customers, None, "inner").count()
#      ^^^^ warning: `join` has no condition and pairs every row with every other
spark.sql("select * from orders, customers").count()
#                                ^^^^^^^^^ warning: the comma in FROM has no condition and pairs every row with every other
spark.sql("select * from orders o left join customers c").count()
#                                      ^^^^ warning: JOIN has no condition and pairs every row with every other

def pair(left: DataFrame, right: DataFrame):
    return left.join(other=right, how="full_outer")
#               ^^^^ warning: `join` has no condition and pairs every row with every other
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    orders.join(spark.table("customers")).write.parquet("out")
//         ^^^^ warning: `join` has no condition and pairs every row with every other
  }
  def pair(left: DataFrame, right: DataFrame) = left join right
//                                                   ^^^^ warning: `join` has no condition and pairs every row with every other
}
"#,
        );
    }

    #[test]
    fn pairs_that_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
import os
spark = SparkSession.builder.getOrCreate()
orders, customers = spark.table("orders"), spark.table("customers")
orders.join(customers, "id")
orders.join(customers, orders.id == customers.id, "left")
orders.join(customers, on=condition, how="inner")
orders.join(customers, how="left", on="id")
orders.join(customers, how="inner", on=[*keys, "id"])
orders.join(customers, how="cross")
orders.join(customers, how="left_anti")
orders.join(customers, how=how)
orders.crossJoin(customers)
orders.join(customers).where(orders.id == customers.id).count()
pairs = orders.join(customers)
late = pairs.select("*").filter("orders.id = customers.id")
three = orders.join(customers).join(spark.table("days"), "day").where("x = y")
orders.join(orders.agg(F.max("amount")))
spark.sql("select * from orders o, customers c where o.id = c.id")
spark.sql("select * from orders cross join customers")
spark.sql("select * from orders join customers using (id)")
spark.sql("select * from orders, (select max(amount) as most from orders)")
orders.rdd.keyBy(len).join(customers.rdd.keyBy(len))
",".join(names)
os.path.join("a")
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    val customers = spark.table("customers")
    orders.join(customers, "id")
    orders.join(customers, Seq("id"), "left")
    orders.join(customers, orders("id") === customers("id"))
    orders.join(customers).where(orders("id") === customers("id"))
    orders.join(orders.agg(max("amount")))
    orders.rdd.keyBy(_.length).join(customers.rdd.keyBy(_.length))
  }
}
"#,
        );
    }

    #[test]
    fn the_fix_says_what_is_done() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("a").join(spark.table("b")).count()
//- /B.scala
import org.apache.spark.sql.DataFrame
object B {
  def pair(left: DataFrame, right: DataFrame) = left.join(right)
}
"#,
            r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("a").crossJoin(spark.table("b")).count()
//- /B.scala
import org.apache.spark.sql.DataFrame
object B {
  def pair(left: DataFrame, right: DataFrame) = left.crossJoin(right)
}
"#,
        );
        check_no_fix(
            &RULE,
            r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("a").join(spark.table("b"), how="left").count()
"#,
        );
    }

    #[test]
    fn a_run_counts_the_pairs() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.table("a").join(spark.table("b")).count()
#                ^^^^ warning: `join` has no condition and pairs every row with every other (confirmed: made 30 million rows, 50 s of task time)
"#;
        check_measured(&RULE, fixture, |run| {
            run.stage(1, 50_000);
            run.execution(
                "count",
                0,
                1,
                &[1],
                "
                HashAggregate
                  CartesianProduct | number of output rows=30000000@1
                    Scan parquet a
                    Scan parquet b
                ",
            );
        });
        let fixture = fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let texts = refuted(&RULE, &fixture, |run| {
            run.stage(1, 50);
            run.execution("count", 0, 1, &[1], "BroadcastNestedLoopJoin | number of output rows=12@1");
        });
        assert_eq!(texts, ["made 12 rows, 50 ms of task time"]);
        let texts = refuted(&RULE, &fixture, |run| {
            run.stage(1, 9_000);
            run.execution(
                "count",
                0,
                1,
                &[1],
                "
                BroadcastNestedLoopJoin | number of output rows=5000000@1
                  Scan parquet a | number of output rows=5000000@1
                  BroadcastExchange | number of output rows=1
                ",
            );
        });
        assert_eq!(texts, ["made 5 million rows, no more than one side had, 9 s of task time"]);
    }
}
