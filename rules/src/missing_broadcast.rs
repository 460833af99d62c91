//! `missing-broadcast`: a join that shuffles a large side although the other one is small enough to be copied to every executor.
//!
//! The code alone shows it where an operand's rows are written out but Spark cannot know its size. For all other joins a finding waits
//! for a run whose plan shows a small side.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use analysis::{
    Applicability, Edit, Finding, Fix, PlanNode, Related, RuleContext, Run, RunChange, SqlExecution, Verdict, declare_rule, units,
};
use program::{
    BoundReason, Call, CallId, Confidence, Effect, Expression, Language, Origin, TextRange, Type, ValueId,
};

use crate::plan::{self, Side, SideSize, Stages};

declare_rule! {
    /// A join that shuffles both sides although one of them is small enough to broadcast
    ///
    /// ## Why is this bad?
    ///
    /// To join two datasets, rows with the same key must meet on the same machine. In general Spark moves both datasets over the network
    /// for that. If one of them is small, there is a cheaper way: give every machine a copy of the small one, and leave the large one
    /// where it is. Spark chooses this by itself when it knows that a side is small. Often it cannot know: rows that come from a Python
    /// list, or the few that are left after a filter, have no size that could be estimated before the job runs.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// channels = spark.createDataFrame([("web", 0.02), ("app", 0.03)], ["channel", "fee"])
    /// spark.table("orders").join(channels, "channel").write.parquet("fees")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    /// from pyspark.sql.functions import broadcast
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// channels = spark.createDataFrame([("web", 0.02), ("app", 0.03)], ["channel", "fee"])
    /// spark.table("orders").join(broadcast(channels), "channel").write.parquet("fees")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// import spark.implicits._
    /// val channels = spark.sparkContext.parallelize(Seq(("web", 0.02), ("app", 0.03))).toDF("channel", "fee")
    /// spark.table("orders").join(channels, "channel").write.parquet("fees")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// import spark.implicits._
    /// val channels = Seq(("web", 0.02), ("app", 0.03)).toDF("channel", "fee")
    /// spark.table("orders").join(channels, "channel").write.parquet("fees")
    /// ```
    ///
    /// ## For experts
    ///
    /// PySpark's `createDataFrame` of a list and any `rdd.toDF` are a `LogicalRDD`, whose size defaults to `spark.sql.defaultSizeInBytes`
    /// (`Long.MaxValue`), far above `spark.sql.autoBroadcastJoinThreshold`. Files, `limit(n)`, Scala's `Seq.toDF` and an aggregate without keys
    /// have an estimate and are broadcast without help. A filter keeps its child's estimate.
    ///
    /// A run is asked about every join. Its final plan must show a sort-merge or shuffled hash join whose side weighs at most
    /// `broadcast_bytes` (ten MiB by default): the `data size` of the nearest shuffle, scaled by the rows that operators above it let through. A broadcast join
    /// that adaptive execution chose only after the shuffle had been written counts as well, since the shuffle was paid for. The outer side of an outer join
    /// cannot be broadcast, and a full outer join has no side that can.
    ///
    /// ## Fix safety
    ///
    /// The result is the same, but every executor must hold the side in memory. If it grows to more than a few hundred megabytes, the job slows down or fails.
    ///
    /// ## Known problems
    ///
    /// A join is found in a plan by what comes before and after it, and by the names of its key columns. Where two joins are as likely, or both keys are
    /// renamed on the way, it stays unmeasured.
    pub(crate) static MISSING_BROADCAST = {
        id: "missing-broadcast",
        category: Algorithm,
        severity: Warning,
        tier: Two,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyBad(&["SortMergeJoin"]),
    }
}

/// Rows up to which a dataset whose rows are counted in the source is small, whatever its columns.
const FEW_ROWS: u64 = 10_000;

const THRESHOLD: &str = "spark.sql.autoBroadcastJoinThreshold";

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let known = OnceCell::new();
    let disabled = || *known.get_or_init(|| broadcasts_are_disabled(ctx));
    // Without a run, one that waits for it stands for all.
    let mut enough = false;
    for (id, call) in ctx.program.calls_with_ids() {
        let Some((left, right)) = joined(ctx, call) else { continue };
        // Nothing new can be said of it.
        if enough && [left.0, right.0].iter().all(|value| bound_of(ctx, *value).is_none()) {
            continue;
        }
        let join = Join { id, call, left, right, how: how(call) };
        let sides: Vec<Side> =
            [Side::Right, Side::Left].into_iter().filter(|side| join.may_broadcast(*side)).collect();
        if enough && sides.iter().all(|&side| bound_of(ctx, join.value(side)).is_none()) {
            continue;
        }
        if sides.is_empty() || [join.left.0, join.right.0].iter().any(|value| is_hinted(ctx, *value)) {
            continue;
        }
        // Of two datasets with few rows neither is worth a thought.
        if [Side::Left, Side::Right].iter().all(|side| {
            bound_of(ctx, join.value(*side)).is_some_and(|(rows, _)| rows <= FEW_ROWS)
        }) {
            continue;
        }
        let small = sides
            .iter()
            .find_map(|&side| Some((side, few_rows(ctx, join.value(side), &disabled)?)));
        match small {
            Some((side, rows)) => {
                let has = format!("{} has at most {}", join.name(ctx, side), units::counted(rows, "row"));
                let why = if disabled() { " and broadcasts are switched off" } else { "" };
                let message = format!("`join` shuffles both sides although {has}{why}");
                findings.push(join.finding(ctx, side, message));
            }
            None if enough => {}
            None => {
                enough = !ctx.has_runs;
                for side in sides {
                    let message =
                        format!("`join` shuffles although {} is small enough to broadcast", join.name(ctx, side));
                    findings.push(Finding { requires_evidence: true, ..join.finding(ctx, side, message) });
                }
            }
        }
    }
}

/// A join of two DataFrames.
struct Join<'a> {
    id: CallId,
    call: &'a Call,
    left: (ValueId, TextRange),
    right: (ValueId, TextRange),
    /// The join type as Spark spells it, without underscores; none where the source does not say.
    how: Option<String>,
}

impl<'a> Join<'a> {
    fn of(ctx: &RuleContext<'a>, id: CallId, call: &'a Call) -> Option<Self> {
        let (left, right) = joined(ctx, call)?;
        Some(Self { id, call, left, right, how: how(call) })
    }

    fn value(&self, side: Side) -> ValueId {
        match side {
            Side::Left => self.left.0,
            Side::Right => self.right.0,
        }
    }

    fn range(&self, side: Side) -> TextRange {
        match side {
            Side::Left => self.left.1,
            Side::Right => self.right.1,
        }
    }

    /// Whether the type of the join lets this side be copied to every executor.
    fn may_broadcast(&self, side: Side) -> bool {
        match self.how.as_deref() {
            Some("inner") => true,
            Some("left" | "leftouter" | "semi" | "leftsemi" | "anti" | "leftanti") => side == Side::Right,
            Some("right" | "rightouter") => side == Side::Left,
            _ => false,
        }
    }

    fn name(&self, ctx: &RuleContext<'_>, side: Side) -> String {
        let text = self.range(side).of(ctx.text);
        let plain = text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if plain { format!("`{text}`") } else { format!("its {} side", side.name()) }
    }

    fn finding(&self, ctx: &RuleContext<'_>, side: Side, message: String) -> Finding {
        let help = "give every executor a copy with `broadcast(…)`, so that the other side stays where it is";
        let mut finding = MISSING_BROADCAST.at_call(ctx, self.id, message, help);
        finding.related.push(Related { range: self.range(side), message: "this side is small".to_owned() });
        finding.fixes.push(fix(ctx, self.range(side)));
        finding
    }

    /// Whether a plan's join compares what this one does, as far as both say it: the optimiser may rename one side, and not both.
    fn may_be(&self, node: &PlanNode) -> bool {
        match (self.keys(), plan::join_keys(node)) {
            (Some(own), Some(planned)) => [&own.0, &own.1].iter().any(|own| {
                own.is_subset(&planned.0) || own.is_subset(&planned.1)
            }),
            _ => true,
        }
    }

    /// The names of the columns it compares, left and right; none where the source does not say.
    fn keys(&self) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        keys_of(&self.call.arguments.get(1)?.value)
    }
}

/// The two DataFrames that a call joins.
fn joined(ctx: &RuleContext<'_>, call: &Call) -> Option<((ValueId, TextRange), (ValueId, TextRange))> {
    let is_join =
        call.receiver_type == Type::DataFrame && call.confidence > Confidence::Guessed && call.method == "join";
    let receiver = call.receiver.filter(|_| is_join)?;
    let other = call.arguments.first()?;
    let Expression::Value(right) = other.value else { return None };
    // Without a condition it is a product, which is another matter.
    call.arguments.get(1)?;
    (ctx.program.value(right).kind == Type::DataFrame).then_some(())?;
    Some(((receiver.value, receiver.range), (right, other.range)))
}

/// The type of a join as Spark spells it, without underscores; none where the source does not say.
fn how(call: &Call) -> Option<String> {
    let how = call
        .arguments
        .iter()
        .find(|it| matches!(it.name.as_deref(), Some("how" | "joinType")))
        .or_else(|| call.arguments.get(2).filter(|it| it.name.is_none()));
    match how {
        None => Some("inner".to_owned()),
        Some(how) => how.value.as_text().map(|it| it.to_lowercase().replace('_', "")),
    }
}

fn keys_of(on: &Expression) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    match on {
        Expression::Literal(_) => {
            let name = on.as_text()?.to_lowercase();
            Some((BTreeSet::from([name.clone()]), BTreeSet::from([name])))
        }
        Expression::Column { name, of: None } => {
            let name = name.as_str().to_lowercase();
            Some((BTreeSet::from([name.clone()]), BTreeSet::from([name])))
        }
        Expression::Apply { function, arguments } if matches!(function.as_str(), "=" | "<=>" | "eqNullSafe") => {
            let [left, right] = arguments.as_slice() else { return None };
            Some((BTreeSet::from([column(left)?]), BTreeSet::from([column(right)?])))
        }
        Expression::Apply { function, arguments } if is_list_or_and(function) => all_keys(arguments),
        Expression::List(items) => all_keys(items),
        _ => None,
    }
}

fn is_list_or_and(function: &str) -> bool {
    matches!(function, "and" | "Seq" | "List" | "Array" | "list")
}

fn all_keys(items: &[Expression]) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let mut all = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        let (left, right) = keys_of(item)?;
        all.0.extend(left);
        all.1.extend(right);
    }
    (!all.0.is_empty()).then_some(all)
}

/// The name of a column, without the alias of the dataset in front of it.
fn column(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Column { name, .. } => Some(name.rsplit('.').next().unwrap_or(name).to_lowercase()),
        _ => None,
    }
}

/// Whether a value is broadcast by a hint, or the program asks for another kind of join, above the last shuffle.
fn is_hinted(ctx: &RuleContext<'_>, value: ValueId) -> bool {
    let mut pending = vec![value];
    let mut seen = BTreeSet::new();
    while let Some(value) = pending.pop() {
        if !seen.insert(value) {
            continue;
        }
        match ctx.program.producer(value) {
            Some(call) => {
                let call = ctx.program.call(call);
                match call.effect {
                    Effect::BroadcastHint => return true,
                    _ if call.method == "hint" => return true,
                    Effect::Wide | Effect::Read | Effect::Sql => {}
                    Effect::Repartition if call.method == "coalesce" => pending.extend(call.receiver.map(|it| it.value)),
                    Effect::Repartition => {}
                    _ => {
                        pending.extend(call.receiver.map(|it| it.value));
                    }
                }
            }
            None => {
                if let Origin::Returned(function) = ctx.program.value(value).origin
                    && let Expression::Value(returned) = ctx.program.functions[function.index()].returns
                {
                    pending.push(returned);
                }
                pending.extend(ctx.program.parents(value));
            }
        }
    }
    false
}

/// The rows of a value, if they are few by the source and Spark does not broadcast it by itself.
fn few_rows(ctx: &RuleContext<'_>, value: ValueId, disabled: &dyn Fn() -> bool) -> Option<u64> {
    let bound = bound_of(ctx, value).filter(|bound| bound.0 <= FEW_ROWS)?;
    match bound.1 {
        // How long a catalog's answer is no one has written down.
        BoundReason::Catalog => None,
        _ if disabled() => Some(bound.0),
        BoundReason::LiteralRows | BoundReason::Range | BoundReason::Limit => {
            size_is_unknown(ctx, value).then_some(bound.0)
        }
        BoundReason::GlobalAggregate | BoundReason::Description => None,
    }
}

fn bound_of(ctx: &RuleContext<'_>, value: ValueId) -> Option<(u64, BoundReason)> {
    ctx.program.value(value).bound.map(|bound| (bound.rows, bound.reason))
}

/// Whether everything that a value is made of is an RDD to Spark's planner, which has no size.
fn size_is_unknown(ctx: &RuleContext<'_>, value: ValueId) -> bool {
    let mut reads = 0;
    for upstream in ctx.program.lineage(value) {
        let Some(call) = ctx.program.producer(upstream) else {
            if matches!(ctx.program.value(upstream).kind, Type::Session | Type::Context) {
                continue;
            }
            return false;
        };
        let call = ctx.program.call(call);
        match (call.effect, call.method.as_str()) {
            // These have an estimate of their own, and so has a cache once it is filled.
            (_, "limit" | "offset") | (Effect::Persist, _) => return false,
            // An aggregate in SQL leaves one row, which has a known size.
            (_, "selectExpr") if has_function(call) => return false,
            (Effect::Read, "parallelize" | "makeRDD") => reads += 1,
            (Effect::Read, "range") if call.receiver_type == Type::Context => reads += 1,
            (Effect::Read, "createDataFrame" | "createDataset") => {
                let of_rdd = call.arguments.first().is_some_and(|it| matches!(it.value, Expression::Value(_)));
                // Scala keeps the rows of a local collection in the plan, and so knows their size.
                if ctx.program.language == Language::Scala && !of_rdd {
                    return false;
                }
                reads += 1;
            }
            (Effect::Read | Effect::Sql, _) => return false,
            _ => {}
        }
    }
    reads > 0
}

/// Whether a text in an argument calls a function of SQL.
fn has_function(call: &Call) -> bool {
    call.arguments.iter().any(|it| it.value.as_text().is_none_or(|text| text.contains('(')))
}

/// Whether the file switches automatic broadcasts off.
fn broadcasts_are_disabled(ctx: &RuleContext<'_>) -> bool {
    ctx.program.calls.iter().any(|call| match (call.receiver_type, call.arguments.as_slice()) {
        (Type::Conf | Type::SessionBuilder | Type::Session, [key, value]) => {
            key.value.as_text() == Some(THRESHOLD)
                && (value.value.as_integer() == Some(-1) || value.value.as_text().is_some_and(|it| it.trim() == "-1"))
        }
        (Type::Session, [sql]) => sql.value.as_text().is_some_and(|text| {
            // Names of tables and queries mostly begin otherwise.
            if !text.trim_start().starts_with(['s', 'S']) {
                return false;
            }
            let text: String = text.split_whitespace().collect();
            text.to_lowercase().starts_with(&format!("set{THRESHOLD}=-1").to_lowercase())
        }),
        _ => false,
    })
}

fn fix(ctx: &RuleContext<'_>, operand: TextRange) -> Fix {
    let (function, import) = broadcast_function(ctx);
    let mut edits: Vec<Edit> = import.into_iter().collect();
    edits.push(Edit { range: TextRange::new(operand.start, operand.start), replacement: format!("{function}(") });
    edits.push(Edit { range: TextRange::new(operand.end, operand.end), replacement: ")".to_owned() });
    Fix { title: "Broadcast the small side".to_owned(), applicability: Applicability::Unsafe, edits }
}

/// How this file calls `broadcast`, and the import that it needs for that.
fn broadcast_function(ctx: &RuleContext<'_>) -> (String, Option<Edit>) {
    let (functions, package) = match ctx.program.language {
        Language::Python => ("pyspark.sql.functions", "pyspark.sql"),
        Language::Scala => ("org.apache.spark.sql.functions", "org.apache.spark.sql"),
    };
    for import in &ctx.program.imports {
        let alias = import.alias.as_deref();
        match (import.path.as_str(), import.member.as_deref()) {
            (path, Some("broadcast")) if path == functions => {
                return (alias.unwrap_or("broadcast").to_owned(), None);
            }
            (path, Some("*")) if path == functions => return ("broadcast".to_owned(), None),
            (path, Some("functions")) if path == package => {
                return (format!("{}.broadcast", alias.unwrap_or("functions")), None);
            }
            (path, None) if path == functions && alias.is_some() => {
                return (format!("{}.broadcast", alias.unwrap_or_default()), None);
            }
            _ => {}
        }
    }
    let statement = match ctx.program.language {
        Language::Python => "from pyspark.sql.functions import broadcast",
        Language::Scala => "import org.apache.spark.sql.functions.broadcast",
    };
    // Before an import of Spark's, where a line of its own cannot fall into a list of names.
    let anchor = ctx.program.imports.iter().filter(|it| it.path.starts_with(package)).find_map(|import| {
        let start = ctx.text.get(..import.range.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
        let line = ctx.text.get(start..)?;
        (line.starts_with("import ") || line.starts_with("from ")).then_some(start)
    });
    let first_line = ctx.text.find('\n').map_or(ctx.text.len(), |at| at + 1);
    let has_marker = ctx.text.starts_with("#") || ctx.text.starts_with("// Databricks");
    let has_package = ctx.text.starts_with("package ");
    let start = anchor.unwrap_or(if has_marker || has_package { first_line } else { 0 }) as u32;
    let edit = Edit { range: TextRange::new(start, start), replacement: format!("{statement}\n") };
    ("broadcast".to_owned(), Some(edit))
}

/// What one execution shows of a join.
struct Observed<'run> {
    sizes: (SideSize<'run>, SideSize<'run>),
    /// The side that was broadcast from the start.
    broadcast: bool,
    shuffled_bytes: u64,
    shuffled: Vec<Side>,
    attempts: Vec<&'run analysis::StageAttempt>,
    /// The stages that join.
    join_stages: BTreeSet<u64>,
}

/// How many joins a replay is asked about at a time.
const CHANGES: usize = 8;

impl Observed<'_> {
    fn size(&self, side: Side) -> &SideSize<'_> {
        match side {
            Side::Left => &self.sizes.0,
            Side::Right => &self.sizes.1,
        }
    }
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    let Some(join) = Join::of(ctx, id, ctx.program.call(id)) else { return Verdict::Unmeasured };
    let small = match finding.related.first() {
        Some(related) if related.range == join.range(Side::Left) => Side::Left,
        _ => Side::Right,
    };
    let observed = observe(ctx, run, &join);
    let Some(first) = observed.first() else { return Verdict::Unmeasured };
    let task_time_ms = plan::task_time_ms(observed.iter().flat_map(|it| it.attempts.iter().copied()));
    if observed.iter().all(|it| it.broadcast) {
        return Verdict::Refuted { text: "already a broadcast join".to_owned(), task_time_ms };
    }
    let shuffled: Vec<&Observed<'_>> = observed.iter().filter(|it| !it.broadcast).collect();
    let largest = |side: Side| -> Option<u64> {
        shuffled.iter().map(|it| it.size(side).bytes).collect::<Option<Vec<u64>>>()?.into_iter().max()
    };
    let Some(bytes) = largest(small) else { return Verdict::Unmeasured };
    let rows = shuffled.iter().filter_map(|it| it.size(small).rows).max();
    let size = match rows {
        Some(rows) => format!("{} ({})", units::counted(rows, "row"), units::bytes(bytes)),
        None => units::bytes(bytes),
    };
    let has = format!("the {} side has {size}", small.name());
    if bytes > ctx.thresholds.broadcast_bytes {
        return Verdict::Refuted { text: has, task_time_ms };
    }
    // Where both are small, one finding is enough: for the smaller one.
    let other_is_smaller = largest(small.other()).is_some_and(|other| match small {
        Side::Left => other <= bytes && join.may_broadcast(Side::Right),
        Side::Right => other < bytes && join.may_broadcast(Side::Left),
    });
    let moved: u64 = shuffled.iter().map(|it| it.shuffled_bytes).sum();
    let sides = match first.shuffled.as_slice() {
        [only] => format!("the {} side was shuffled", only.name()),
        _ => "both sides were shuffled".to_owned(),
    };
    if moved < ctx.thresholds.shuffle_bytes
        || run.per_mille(task_time_ms) < ctx.thresholds.share_per_mille
        || other_is_smaller && finding.requires_evidence
    {
        return Verdict::Refuted { text: format!("{has}, and {} were shuffled", units::bytes(moved)), task_time_ms };
    }
    let times = match shuffled.len() {
        1 => String::new(),
        many => format!(" in {}", units::counted(many as u64, "execution")),
    };
    let text = format!(
        "{has}, yet {sides}: {}, {} of task time{times}",
        units::bytes(moved),
        units::duration_ms(task_time_ms)
    );
    let joins: BTreeSet<u64> = shuffled.iter().flat_map(|it| it.join_stages.iter().copied()).collect();
    let remedy = joins.into_iter().take(CHANGES).map(RunChange::BroadcastJoin).collect();
    Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy }
}

/// Finds the join in the plans of all actions downstream of it: as the join of the run tells it in whatever file they stand, else by the names
/// of the keys in those of this file.
fn observe<'run>(ctx: &RuleContext<'_>, run: &'run Run, join: &Join<'_>) -> Vec<Observed<'run>> {
    let program = ctx.program;
    let mut observed = Vec::new();
    let mut told: BTreeSet<u64> = BTreeSet::new();
    for (execution, nodes) in plan::asked(ctx, run, join.id) {
        for node in nodes.into_iter().filter(|it| plan::is_join(it) && join.may_be(it)) {
            told.insert(execution.execution_id);
            observed.extend(observe_node(run, execution, node));
        }
    }
    for (action, _) in program.calls_with_ids().filter(|(_, call)| call.effect.runs_jobs()) {
        let Some(cost) = plan::certain_cost(ctx, run, action).filter(|cost| !cost.executions.is_empty()) else {
            continue;
        };
        let upstream = program.upstream_calls(action);
        if !upstream.contains(&join.id) {
            continue;
        }
        let joins: Vec<&Call> = upstream
            .iter()
            .map(|&call| program.call(call))
            .filter(|call| matches!(call.method.as_str(), "join" | "crossJoin" | "joinWith"))
            .collect();
        for execution in run.executions_of(cost).filter(|it| !told.contains(&it.execution_id)) {
            if let Some(node) = node_of(execution, join, &joins) {
                observed.extend(observe_node(run, execution, node));
            }
        }
    }
    observed
}

/// The node of a plan that is this join, if only one can be.
fn node_of<'run>(execution: &'run SqlExecution, join: &Join<'_>, joins: &[&Call]) -> Option<&'run PlanNode> {
    let nodes: Vec<&PlanNode> = execution.plan.preorder().into_iter().filter(|node| plan::is_join(node)).collect();
    let Some(keys) = join.keys() else {
        // Without names only a single join can be told.
        return match (joins, nodes.as_slice()) {
            ([_], [only]) => Some(only),
            _ => None,
        };
    };
    let swapped = (keys.1.clone(), keys.0.clone());
    let alike = |other: &(BTreeSet<String>, BTreeSet<String>)| *other == keys || *other == swapped;
    let alike_calls = joins
        .iter()
        .filter(|call| call.arguments.get(1).and_then(|on| keys_of(&on.value)).is_none_or(|it| alike(&it)))
        .count();
    let mut alike_nodes = nodes.into_iter().filter(|node| plan::join_keys(node).is_some_and(|it| alike(&it)));
    let only = alike_nodes.next()?;
    (alike_calls == 1 && alike_nodes.next().is_none()).then_some(only)
}

fn observe_node<'run>(run: &'run Run, execution: &'run SqlExecution, node: &'run PlanNode) -> Option<Observed<'run>> {
    let [left, right] = node.children.as_slice() else { return None };
    let sizes = (plan::side_size(execution, left), plan::side_size(execution, right));
    let planned_broadcast = node.name.starts_with("BroadcastHashJoin");
    if !planned_broadcast && !node.name.starts_with("SortMergeJoin") && !node.name.starts_with("ShuffledHashJoin") {
        return None;
    }
    // A shuffle right below the side that stayed in place was made for a join that became a broadcast too late.
    let streamed = if node.simple_string.contains("BuildLeft") { &sizes.1 } else { &sizes.0 };
    let broadcast = planned_broadcast && streamed.shuffle.is_none();
    let stages = Stages::of_execution(run, execution);
    let mut attempts: Vec<_> = stages.running(node, |name| name == "number of output rows").collect();
    let join_stages = attempts.iter().map(|stage| stage.stage_id).collect();
    let mut shuffled_bytes = 0;
    let mut shuffled = Vec::new();
    for (side, size) in [(Side::Left, &sizes.0), (Side::Right, &sizes.1)] {
        if let Some(shuffle) = size.shuffle {
            let bytes = execution.metric(shuffle, "shuffle bytes written").or_else(|| execution.metric(shuffle, "data size"));
            shuffled_bytes += bytes.and_then(|it| u64::try_from(it).ok()).unwrap_or(0);
            shuffled.push(side);
            attempts.extend(stages.running(shuffle, plan::counted_by_writer));
        }
    }
    Some(Observed { sizes, broadcast, shuffled_bytes, shuffled, attempts, join_stages })
}

#[cfg(test)]
mod tests;
