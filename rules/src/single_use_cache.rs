//! `single-use-cache`: a dataset that is cached although one action alone computes it.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{
    Applicability, Edit, Finding, Fix, PlanNode, Related, RuleContext, Run, SiteCost, Verdict,
    declare_rule, units,
};
use program::driver::{Code, ExpressionKind};
use program::{
    Call, CallId, Confidence, Effect, Expression, Language, Origin, Program, ResultUse, ScopeId,
    ScopeKind, TextRange, Type, ValueId,
};

use crate::plan;

declare_rule! {
    /// A dataset that is cached although only one action computes it
    ///
    /// ## Why is this bad?
    ///
    /// `cache()` pays off when a dataset is computed a second time: then it is read from memory. If a single action uses it, every row is put
    /// into the cache and none is ever taken out again. That costs the time to encode and store the rows, and memory that joins and
    /// sorts need; what does not fit is written to disk.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders").distinct().cache()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// orders = spark.read.parquet("orders").distinct()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders").distinct().cache()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val orders = spark.read.parquet("orders").distinct()
    /// orders.write.parquet("out")
    /// ```
    ///
    /// ## For experts
    ///
    /// A cached DataFrame also stops the optimiser: filters and columns that are asked for behind it are not pushed into the scans below it, and unless
    /// `spark.sql.optimizer.canChangeCachedPlanOutputPartitioning` is set, adaptive execution leaves its number of partitions as it is. The run
    /// confirms the finding if one execution alone has an `InMemoryTableScan` of these rows, and refutes it if there are several.
    ///
    /// ## Fix safety
    ///
    /// The rows stay the same. Their order, and the number of files that a write makes, may change, since adaptive execution may then
    /// choose other partitions.
    ///
    /// ## Known problems
    ///
    /// The rule follows a dataset from where it is cached to one action of the same function. It is silent where the dataset is returned, given to a
    /// function, named for SQL, kept as an attribute, used twice in one plan, or used in a loop, and where one action computes its
    /// input twice by itself: a sort, which takes a sample first, or the fit of a model.
    pub(crate) static SINGLE_USE_CACHE = {
        id: "single-use-cache",
        category: Resource,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyBad(&["InMemoryTableScan"]),
    }
}

/// How many steps a dataset is followed: chains are shorter, and hostile ones must end.
const STEPS: usize = 200;

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let mut uses: Option<Uses<'_>> = None;
    for (id, call) in ctx.program.calls_with_ids() {
        let is_cached = call.effect == Effect::Persist
            && matches!(call.receiver_type, Type::DataFrame | Type::Rdd)
            && call.confidence > Confidence::Guessed
            && !call.in_sql;
        if !is_cached {
            continue;
        }
        let uses = uses.get_or_insert_with(|| Uses::of(ctx.program));
        let Some(action) = uses.only_action(id, call) else { continue };
        let action = ctx.program.call(action);
        let message = format!("`{}` keeps what only one action computes", call.method);
        let help = format!("leave `{}` out: nothing reads what it keeps", call.method);
        let mut finding = SINGLE_USE_CACHE.at_call(ctx, id, message, help);
        let message = format!("`{}` computes it", action.method);
        finding.related.push(Related { range: action.name_range, message });
        finding.fixes.extend(fix(ctx, call));
        findings.push(finding);
    }
}

/// What of a file is needed to follow datasets.
struct Uses<'a> {
    program: &'a Program,
    /// Calls that read a value, one entry for each time.
    consumers: BTreeMap<ValueId, Vec<CallId>>,
    /// What a value is bound to: positions among the bindings.
    bound: BTreeMap<ValueId, Vec<usize>>,
    /// Values that become others at merges and loops.
    merged: BTreeSet<ValueId>,
    /// Where datasets are named as the receiver or argument of a call of Spark's: start and end.
    explained: BTreeSet<(u32, u32)>,
    /// Where names stand in the driver's code.
    names: BTreeMap<&'a str, Vec<TextRange>>,
}

impl<'a> Uses<'a> {
    fn of(program: &'a Program) -> Self {
        let mut consumers: BTreeMap<ValueId, Vec<CallId>> = BTreeMap::new();
        let mut explained = BTreeSet::new();
        let mut columns = Vec::new();
        for (id, call) in program.calls_with_ids() {
            for input in program.inputs(id) {
                consumers.entry(input).or_default().push(id);
            }
            explained.extend(call.receiver.map(|it| (it.range.start, it.range.end)));
            for argument in &call.arguments {
                if matches!(argument.value, Expression::Value(_)) {
                    explained.insert((argument.range.start, argument.range.end));
                } else {
                    columns.push(argument.range);
                }
            }
        }
        let mut bound: BTreeMap<ValueId, Vec<usize>> = BTreeMap::new();
        for (index, binding) in program.bindings.iter().enumerate() {
            bound.entry(binding.value).or_default().push(index);
        }
        let mut merged = BTreeSet::new();
        for value in &program.values {
            match &value.origin {
                Origin::Merge(values) => merged.extend(values),
                Origin::Loop { entry, carried } => {
                    merged.insert(*entry);
                    merged.extend(*carried);
                }
                _ => {}
            }
        }
        let code = &program.driver;
        explained.extend(column_owners(code, &columns));
        let mut names: BTreeMap<&str, Vec<TextRange>> = BTreeMap::new();
        for expression in &code.expressions {
            if let ExpressionKind::Name(name) = expression.kind {
                names.entry(code.name(name)).or_default().push(expression.range);
            }
        }
        Self { program, consumers, bound, merged, explained, names }
    }

    /// The action that computes what `cached` keeps, if there is one alone and nobody else can get at it.
    fn only_action(&self, id: CallId, cached: &Call) -> Option<CallId> {
        let program = self.program;
        let receiver = cached.receiver?.value;
        let home = self.loops(cached.scope);
        // What a function was given, its caller may use again.
        let maker = program.producer(receiver)?;
        if self.loops(program.call(maker).scope) != home || is_kept(program.call(maker)) {
            return None;
        }
        let in_place = self.consumers.get(&receiver).into_iter().flatten();
        let mut next: Vec<CallId> = in_place.copied().filter(|it| *it > id).collect();
        let mut values = vec![receiver];
        let mut made = (cached, cached.result);
        for _ in 0..STEPS {
            if let Some(result) = made.1 {
                self.stays(made.0)?;
                next.extend(self.consumers.get(&result).into_iter().flatten());
                values.push(result);
            }
            next.retain(|it| {
                !matches!(program.call(*it).effect, Effect::Metadata | Effect::Unpersist)
            });
            let [only] = next.as_slice() else { return None };
            let (only, call) = (*only, program.call(*only));
            let function = program.enclosing_function(id);
            if self.loops(call.scope) != home || program.enclosing_function(only) != function {
                return None;
            }
            if call.effect.runs_jobs() {
                let is_dataset = call.receiver_type.is_dataset()
                    || matches!(call.receiver_type, Type::Writer | Type::WriterV2);
                let once = is_dataset && call.method != "toLocalIterator";
                return (once && !self.escapes(&values, id)).then_some(only);
            }
            if !passes_once(call) {
                return None;
            }
            made = (call, Some(call.result?));
            next.clear();
        }
        None
    }

    /// Whether the result of a call goes only where it can be seen.
    fn stays(&self, call: &Call) -> Option<()> {
        match call.result_use {
            ResultUse::Discarded | ResultUse::Receiver(_) | ResultUse::Argument(_) => Some(()),
            ResultUse::Bound(_) => Some(()),
            _ => None,
        }
    }

    /// Whether one of the values is merged with others, or a name of theirs stands where it is not known what becomes of it.
    fn escapes(&self, values: &[ValueId], cached: CallId) -> bool {
        let program = self.program;
        if values.iter().any(|it| self.merged.contains(it)) {
            return true;
        }
        let function = program.enclosing_function(cached).map(|it| program.scope(it).range);
        let names = values.iter().filter_map(|it| self.bound.get(it)).flatten();
        for binding in names.filter_map(|it| program.bindings.get(*it)) {
            let in_class = program
                .ancestors(binding.scope)
                .take_while(|&it| !matches!(program.scope(it).kind, ScopeKind::Function(_)))
                .any(|it| matches!(program.scope(it).kind, ScopeKind::Class(_)));
            if binding.name.contains('.') || in_class {
                return true;
            }
            let places = self.names.get(binding.name.as_str()).into_iter().flatten();
            let mut places = places.filter(|it| function.is_none_or(|range| range.contains(**it)));
            if places.any(|it| {
                *it != binding.name_range && !self.explained.contains(&(it.start, it.end))
            }) {
                return true;
            }
        }
        false
    }

    /// The loops around a scope, in its function.
    fn loops(&self, scope: ScopeId) -> Vec<ScopeId> {
        let program = self.program;
        program
            .ancestors(scope)
            .take_while(|&it| {
                !matches!(program.scope(it).kind, ScopeKind::Function(_) | ScopeKind::Closure)
            })
            .filter(|&it| matches!(program.scope(it).kind, ScopeKind::Loop { .. }))
            .collect()
    }
}

/// `orders` in `orders.id`, `orders["id"]` and Scala's `orders("id")`, where they stand in arguments of Spark's calls.
fn column_owners(code: &Code, arguments: &[TextRange]) -> Vec<(u32, u32)> {
    // Of the arguments that begin no later than an expression, the one that reaches furthest is enough to look at.
    let mut sorted: Vec<(u32, u32)> = arguments.iter().map(|it| (it.start, it.end)).collect();
    sorted.sort_unstable();
    let mut furthest = 0;
    for argument in &mut sorted {
        furthest = furthest.max(argument.1);
        argument.1 = furthest;
    }
    let is_argument = |range: TextRange| {
        let after = sorted.partition_point(|it| it.0 <= range.start);
        after.checked_sub(1).and_then(|at| sorted.get(at)).is_some_and(|it| it.1 >= range.end)
    };
    let mut owners = Vec::new();
    for expression in &code.expressions {
        let (ExpressionKind::Attribute { object, .. }
        | ExpressionKind::Index { object, .. }
        | ExpressionKind::Call { callee: object, .. }) = expression.kind
        else {
            continue;
        };
        if is_argument(expression.range) {
            let range = code.expression(object).range;
            owners.push((range.start, range.end));
        }
    }
    owners
}

/// Whether a dataset is kept before already.
fn is_kept(call: &Call) -> bool {
    matches!(call.effect, Effect::Persist | Effect::Checkpoint)
}

/// Whether a step computes its input once for whatever reads its result.
fn passes_once(call: &Call) -> bool {
    let is_step = matches!(
        call.effect,
        Effect::Narrow
            | Effect::Wide
            | Effect::Repartition
            | Effect::Configure
            | Effect::BroadcastHint
    );
    // Sorting takes a sample of its input first, an index counts the rows of all partitions before it, a pivot looks for its columns, a
    // product computes one side for each partition of the other.
    is_step
        && !matches!(
            call.method.as_str(),
            "orderBy"
                | "sort"
                | "sortBy"
                | "sortByKey"
                | "repartitionByRange"
                | "repartitionAndSortWithinPartitions"
                | "zipWithIndex"
                | "randomSplit"
                | "randomSplitAsList"
                | "pivot"
                | "cartesian"
                | "crossJoin"
                | "transform"
        )
}

fn fix(ctx: &RuleContext<'_>, call: &Call) -> Option<Fix> {
    let title = format!("Leave `{}` out", call.method);
    let receiver = call.receiver?;
    if call.result_use == ResultUse::Discarded {
        return None;
    }
    let between = TextRange::new(receiver.range.end, call.name_range.start);
    let rest = TextRange::new(receiver.range.end, call.range.end);
    let comment = match ctx.program.language {
        Language::Python => "#",
        Language::Scala => "/",
    };
    if !between.of(ctx.text).trim_end().ends_with('.') || rest.of(ctx.text).contains(comment) {
        return None;
    }
    let edits = vec![Edit { range: rest, replacement: String::new() }];
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    let call = ctx.program.call(id);
    let Some(action) = Uses::of(ctx.program).only_action(id, call) else {
        return Verdict::Unmeasured;
    };
    let Some(cost) = plan::certain_cost(ctx, run, action) else { return Verdict::Unmeasured };
    let scans = |plan: &'_ PlanNode| -> BTreeSet<String> {
        let scans = plan.preorder().into_iter().filter(|it| it.name.starts_with("InMemoryTableScan"));
        scans.map(plan::fingerprint).collect()
    };
    let mut of_action = run.executions_of(cost).map(|it| scans(&it.plan));
    // Of several kept datasets in one plan none can be told from the others.
    let Some(kept) = of_action.next().filter(|it| it.len() == 1) else {
        return Verdict::Unmeasured;
    };
    let readers = run.profile.executions.iter().filter(|it| !scans(&it.plan).is_disjoint(&kept));
    let readers = readers.count() as u64;
    let task_time_ms = cost.task_time_ms;
    let what = kept_bytes(run, cost).map_or("what is kept".to_owned(), |it| format!("the {} that are kept", units::bytes(it)));
    let text = format!("{} read {what}", units::counted(readers, "execution"));
    if readers == 1 {
        Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: Vec::new() }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// What the one dataset took that the stages of an action keep, where the log has its blocks
/// (`spark.eventLog.logBlockUpdates.enabled`).
fn kept_bytes(run: &Run, cost: &SiteCost) -> Option<u64> {
    let jobs: Vec<u64> = run.executions_of(cost).flat_map(|it| it.job_ids.iter().copied()).collect();
    let stages = plan::Stages::of_jobs(run, &jobs);
    let kept: BTreeSet<u64> = stages
        .attempts()
        .flat_map(|stage| &stage.rdds)
        .filter(|rdd| rdd.persisted)
        .map(|rdd| rdd.id)
        .collect();
    let only = kept.first().filter(|_| kept.len() == 1)?;
    run.profile.cached_rdds.get(only).map(|it| it.bytes).filter(|&it| it > 0)
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::SINGLE_USE_CACHE as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix, refuted};

    #[test]
    fn one_action_computes_it() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders").join(spark.table("customers"), "id").cache()
#                                                                   ^^^^^ warning: `cache` keeps what only one action computes
orders.filter(orders.amount > 0).groupBy("country").count().write.parquet("out")
lines = spark.sparkContext.textFile("log").map(len)
lines.persist()
#     ^^^^^^^ warning: `persist` keeps what only one action computes
print(lines.sum())
lines.unpersist()

def report(path):
    late = spark.read.parquet(path).where("late")
    late = late.persist()
#               ^^^^^^^ warning: `persist` keeps what only one action computes
    print(late.columns)
    return late.count()

for path in paths:
    spark.read.parquet(path).cache().write.parquet("out/" + path)
#                            ^^^^^ warning: `cache` keeps what only one action computes
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders").distinct().cache()
//                                                ^^^^^ warning: `cache` keeps what only one action computes
    orders.filter(orders("amount") > 0).write.parquet("out")
    val lines = spark.sparkContext.textFile("log").map(_.length).persist()
//                                                               ^^^^^^^ warning: `persist` keeps what only one action computes
    println(lines.count())
  }
}
"#,
        );
    }

    #[test]
    fn more_than_one_may_use_it() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, DataFrame, functions as F
spark = SparkSession.builder.getOrCreate()
twice = spark.table("orders").distinct().cache()
twice.count()
twice.write.parquet("out")
never = spark.table("orders").distinct().cache()
given = spark.table("orders").distinct().cache()
given.count()
helper(given)
listed = spark.table("orders").distinct().cache()
listed.count()
tables = [listed]
joined = spark.table("orders").distinct().cache()
joined.alias("a").join(joined.alias("b"), "id").count()
looped = spark.table("orders").distinct().cache()
for country in countries:
    looped.filter(F.col("country") == country).count()
named = spark.table("orders").distinct().cache()
named.createOrReplaceTempView("named")
named.count()
carried = spark.table("orders")
for i in range(10):
    carried = carried.join(spark.table("edges"), "id").cache()
    carried.count()
sorted_ = spark.table("orders").distinct().cache()
sorted_.orderBy("id").write.parquet("sorted")
derived = spark.table("orders").distinct().cache()
late = derived.filter("late")
late.count()
upload(late)
if verbose:
    either = spark.table("a").distinct().cache()
else:
    either = spark.table("b")
either.count()
printed = spark.table("orders").distinct().cache()
printed.count()
print(f"{printed}")

def kept(orders: DataFrame):
    orders.cache()
    return orders.count()

def made():
    orders = spark.table("orders").distinct().cache()
    orders.count()
    return orders

class Job:
    def __init__(self):
        self.orders = spark.table("orders").distinct().cache()
        self.orders.count()
        lines = spark.sparkContext.textFile("log").cache()
        lines.checkpoint()
        lines.count()
//- /tests/test_job.py
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate().table("orders").cache().count()
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val member = spark.table("orders").distinct().cache()
  member.count()
  def kept(): DataFrame = {
    val orders = spark.table("orders").distinct().cache()
    orders.count()
    orders
  }
  def given(): Unit = {
    val orders = spark.table("orders").distinct().cache()
    orders.count()
    helper(orders)
  }
  def chained(): DataFrame = {
    spark.table("orders").distinct().cache()
  }
}
"#,
        );
    }

    #[test]
    fn the_fix_leaves_it_out() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = (
    spark.table("orders")
    .distinct()
    .cache()
)
orders.write.parquet("out")
//- /B.scala
import org.apache.spark.sql.SparkSession
object B {
  def main(args: Array[String]): Unit = {
    val orders = SparkSession.builder().getOrCreate().table("orders").distinct().persist()
    orders.write.parquet("out")
  }
}
"#,
            r#"
//- /a.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = (
    spark.table("orders")
    .distinct()
)
orders.write.parquet("out")
//- /B.scala
import org.apache.spark.sql.SparkSession
object B {
  def main(args: Array[String]): Unit = {
    val orders = SparkSession.builder().getOrCreate().table("orders").distinct()
    orders.write.parquet("out")
  }
}
"#,
        );
        check_no_fix(
            &RULE,
            r#"
//- /statement.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders").distinct()
orders.cache()
orders.write.parquet("out")
"#,
        );
    }

    #[test]
    fn a_run_counts_who_reads_it() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
orders = SparkSession.builder.getOrCreate().table("orders").distinct().cache()
#                                                                      ^^^^^ warning: `cache` keeps what only one action computes (confirmed: 1 execution read what is kept)
orders.filter("late").count()
"#;
        let plan = "
            HashAggregate
              InMemoryTableScan: InMemoryTableScan [a#1]
                Scan parquet orders
            ";
        check_measured(&RULE, fixture, |run| {
            run.stage(1, 20_000);
            run.execution("count", 0, 1, &[1], plan);
        });
        let fixture =
            fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let texts = refuted(&RULE, &fixture, |run| {
            run.stage(1, 20_000);
            run.execution("count", 0, 1, &[1], plan);
            run.execution("count", 0, 2, &[1], plan);
        });
        assert_eq!(texts, ["2 executions read what is kept"]);
    }
}
