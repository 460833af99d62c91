//! Reading physical plans: which stages ran an operator, what a join's sides weigh, when two subtrees do the same work.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Match, PlanNode, RuleContext, Run, SiteCost, SqlExecution, StageAttempt};
use program::CallId;

/// The cost of `call`, where it is sure that it is this call's.
pub(crate) fn certain_cost<'run>(
    ctx: &RuleContext<'_>,
    run: &'run Run,
    call: CallId,
) -> Option<&'run SiteCost> {
    ctx.cost(run, call).filter(|cost| cost.sure && !matches!(cost.matched, Match::Ambiguous(_)))
}

/// The executions that worked on what `call` makes: by lineage in whatever file they were started, and as far as this file alone tells.
pub(crate) fn executions_below<'run>(
    ctx: &RuleContext<'_>,
    run: &'run Run,
    call: CallId,
) -> Vec<&'run SqlExecution> {
    let mut found: BTreeSet<u64> =
        ctx.work_on(run, call).iter().filter_map(|it| it.execution).collect();
    let program = ctx.program;
    for (action, _) in program.calls_with_ids().filter(|(_, it)| it.effect.runs_jobs()) {
        if let Some(cost) = certain_cost(ctx, run, action).filter(|it| !it.executions.is_empty())
            && program.upstream_calls(action).contains(&call)
        {
            found.extend(&cost.executions);
        }
    }
    found.into_iter().filter_map(|id| run.profile.execution(id)).collect()
}

/// The operators that `call` asked for, where the join is sure, in whatever file the action stands.
pub(crate) fn asked<'run>(
    ctx: &RuleContext<'_>,
    run: &'run Run,
    call: CallId,
) -> Vec<(&'run SqlExecution, Vec<&'run PlanNode>)> {
    ctx.cost(run, call).map(|cost| run.operators_of(cost)).unwrap_or_default()
}

/// Rows that the scans of an execution put out, where one of them counts them.
pub(crate) fn scanned_rows(execution: &SqlExecution) -> Option<u64> {
    let scans = execution.plan.preorder().into_iter().filter(|it| is_scan(it));
    scans
        .filter_map(|it| execution.metric(it, "number of output rows"))
        .filter_map(|it| u64::try_from(it).ok())
        .reduce(u64::saturating_add)
}

/// `executions 3, 5 and 8`: what did something, by number.
pub(crate) fn named(what: &str, ids: &[u64]) -> String {
    const MOST: usize = 6;
    let named: Vec<String> = ids.iter().take(MOST).map(u64::to_string).collect();
    let plural = if ids.len() == 1 { "" } else { "s" };
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() && ids.len() <= MOST => {
            format!("{what}{plural} {} and {last}", rest.join(", "))
        }
        _ if ids.len() > MOST => {
            format!("{what}{plural} {} and {} more", named.join(", "), ids.len() - MOST)
        }
        _ => format!("{what}{plural} {}", named.join("")),
    }
}

/// The attempts of the stages of one execution.
pub(crate) struct Stages<'run> {
    attempts: Vec<&'run StageAttempt>,
}

impl<'run> Stages<'run> {
    /// The stage attempts that the execution's jobs ran.
    pub(crate) fn of_execution(run: &'run Run, execution: &SqlExecution) -> Self {
        Self::of_jobs(run, &execution.job_ids)
    }

    /// The stage attempts that these jobs ran.
    pub(crate) fn of_jobs(run: &'run Run, jobs: &[u64]) -> Self {
        let ids: BTreeSet<u64> = jobs
            .iter()
            .filter_map(|&id| run.profile.job(id))
            .flat_map(|job| job.stage_ids.iter().copied())
            .collect();
        Self {
            attempts: run
                .profile
                .stages
                .iter()
                .filter(|stage| ids.contains(&stage.stage_id))
                .collect(),
        }
    }

    /// All of them.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &'run StageAttempt> + '_ {
        self.attempts.iter().copied()
    }

    /// Those whose tasks updated one of the metrics of `node` that `counts` picks by name.
    pub(crate) fn running<'a>(
        &'a self,
        node: &'a PlanNode,
        counts: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'run StageAttempt> + 'a {
        let accumulators: Vec<u64> =
            node.metrics.iter().filter(|it| counts(&it.name)).map(|it| it.accumulator_id).collect();
        self.attempts().filter(move |stage| {
            accumulators.iter().any(|id| stage.sql_accumulators.contains_key(id))
        })
    }
}

/// Task time of distinct stage attempts, milliseconds.
pub(crate) fn task_time_ms<'run>(attempts: impl IntoIterator<Item = &'run StageAttempt>) -> u64 {
    let distinct: BTreeMap<(u64, u32), u64> = attempts
        .into_iter()
        .map(|stage| ((stage.stage_id, stage.attempt_id), stage.metrics.executor_run_time))
        .collect();
    distinct.values().sum()
}

/// Whether a metric of a shuffle is counted by the stage that writes it rather than by those that read it.
pub(crate) fn counted_by_writer(metric: &str) -> bool {
    matches!(
        metric,
        "data size" | "shuffle bytes written" | "shuffle records written" | "shuffle write time"
    )
}

/// Whether a node is a shuffle.
pub(crate) fn is_shuffle(node: &PlanNode) -> bool {
    matches!(node.name.as_str(), "Exchange" | "ShuffleExchange")
}

/// Whether a node reads outside data.
pub(crate) fn is_scan(node: &PlanNode) -> bool {
    node.name.starts_with("Scan")
        || node.name.starts_with("BatchScan")
        || node.name == "LocalTableScan"
}

/// The nodes of a subtree that run in the stage of its root, or in the one that feeds it where the root is a broadcast.
pub(crate) fn above_exchanges(node: &PlanNode) -> Vec<&PlanNode> {
    let mut found = vec![node];
    let mut next = 0;
    while let Some(&current) = found.get(next) {
        let below = current.children.iter();
        found.extend(below.filter(|it| !is_shuffle(it) && it.name != "BroadcastExchange"));
        next += 1;
    }
    found
}

/// Whether a node only passes on what is below it: code generation, adaptive execution, the sort of a sort-merge join.
fn is_wrapper(node: &PlanNode) -> bool {
    let name = node.name.as_str();
    name.starts_with("WholeStageCodegen")
        || matches!(
            name,
            "InputAdapter"
                | "Sort"
                | "AQEShuffleRead"
                | "CustomShuffleReader"
                | "ShuffleQueryStage"
                | "BroadcastQueryStage"
        )
}

/// Whether a node joins two inputs.
pub(crate) fn is_join(node: &PlanNode) -> bool {
    node.children.len() == 2
        && [
            "SortMergeJoin",
            "ShuffledHashJoin",
            "BroadcastHashJoin",
            "BroadcastNestedLoopJoin",
            "CartesianProduct",
        ]
        .iter()
        .any(|name| node.name.starts_with(name))
}

/// The names of the columns that an equi-join compares, left and right; expression ids are left out.
pub(crate) fn join_keys(node: &PlanNode) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let (left, rest) = bracketed(&node.simple_string)?;
    let (right, _) = bracketed(rest)?;
    Some((attributes(left), attributes(right)))
}

/// The text between the first bracket and the one that closes it, and what follows.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let start = text.find('[')?;
    let mut open = 0;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            b'[' => open += 1,
            b']' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((&text[start + 1..at], &text[at + 1..]));
        }
    }
    None
}

/// The names in front of expression ids (`customer_id#2L`).
fn attributes(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices('#') {
        let before = &text[..at];
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_alphanumeric() || *c == '_')
            .last()
            .map_or(at, |(start, _)| start);
        if start < at {
            names.insert(before[start..].to_lowercase());
        }
    }
    names
}

/// Which side of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// What came into a join on one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideSize<'run> {
    /// Rows that reached the join.
    pub(crate) rows: Option<u64>,
    /// Their size before compression.
    pub(crate) bytes: Option<u64>,
    /// The shuffle that was made for this join, if there is one.
    pub(crate) shuffle: Option<&'run PlanNode>,
}

/// Measures the subtree of one side of a join: nearest shuffle, and rows where operators above it count them.
pub(crate) fn side_size<'run>(execution: &SqlExecution, side: &'run PlanNode) -> SideSize<'run> {
    let metric = |node: &PlanNode, name: &str| {
        execution.metric(node, name).and_then(|it| u64::try_from(it).ok())
    };
    let mut size = SideSize::default();
    let mut node = side;
    let mut for_the_join = true;
    loop {
        if is_shuffle(node) || matches!(node.name.as_str(), "ReusedExchange" | "BroadcastExchange")
        {
            let bytes = metric(node, "data size");
            let written = metric(node, "shuffle records written")
                .or_else(|| metric(node, "number of output rows"));
            size.bytes = match (bytes, written, size.rows) {
                // Operators between the shuffle and the join change the number of rows; their width is taken as kept.
                (Some(bytes), Some(written), Some(rows)) if written > 0 => {
                    u64::try_from(u128::from(bytes) * u128::from(rows) / u128::from(written)).ok()
                }
                (bytes, ..) => bytes,
            };
            size.rows = size.rows.or(written);
            let asked = node.simple_string.contains("REPARTITION");
            if for_the_join && is_shuffle(node) && !asked {
                size.shuffle = Some(node);
            }
            return size;
        }
        if !is_wrapper(node) {
            for_the_join = false;
        }
        if size.rows.is_none() {
            size.rows = metric(node, "number of output rows");
        }
        match node.children.as_slice() {
            [only] => node = only,
            _ => return size,
        }
    }
}

/// What a subtree works on, less what the optimiser changes from one action to the next (columns, pushed filters, expression ids): keys of
/// its shuffle, its joins and its aggregates, and what it scans.
pub(crate) fn fingerprint(node: &PlanNode) -> String {
    let mut parts: Vec<String> = Vec::new();
    for below in node.preorder() {
        if is_shuffle(below) {
            let partitioning = below.simple_string.split(", ENSURE").next().unwrap_or_default();
            parts.push(without_ids(partitioning));
        } else if below.name == "BroadcastExchange" {
            parts.push(below.name.to_string());
        } else if is_scan(below) {
            parts.push(scanned(below));
        } else if is_join(below) {
            let keys = join_keys(below).unwrap_or_default();
            parts.push(format!("join {:?} {:?}", keys.0, keys.1));
        } else if below.name.ends_with("Aggregate") {
            let keys = below.simple_string.split("functions").next().unwrap_or_default();
            parts.push(without_ids(keys));
        }
    }
    parts.join("\n")
}

/// What a scan reads: its location where the plan names one, else the text of the operator without its columns.
fn scanned(node: &PlanNode) -> String {
    if let Some(location) = node.metadata.get("Location") {
        return format!("scan {location}");
    }
    let text = &node.simple_string;
    if let Some((_, location)) = text.split_once("Location: ") {
        let location = location.split("], ").next().unwrap_or_default();
        return format!("scan {location}");
    }
    format!("scan {} {}", node.name, text.split('[').next().unwrap_or_default())
}

/// `text` without the expression and plan ids that differ from one execution to the next.
fn without_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '#' {
            out.push(character);
            continue;
        }
        while characters.next_if(char::is_ascii_digit).is_some() {}
        characters.next_if_eq(&'L');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(simple: &str) -> PlanNode {
        PlanNode { simple_string: simple.into(), ..PlanNode::default() }
    }

    #[test]
    fn keys_lose_their_ids_and_expressions() {
        let (left, right) = join_keys(&node(
            "SortMergeJoin [cast(Customer_id#2L as bigint), items#3[0]], [id#14L, k#4], Inner",
        ))
        .unwrap();
        assert_eq!(left.into_iter().collect::<Vec<_>>(), ["customer_id", "items"]);
        assert_eq!(right.into_iter().collect::<Vec<_>>(), ["id", "k"]);
        assert!(join_keys(&node("BroadcastNestedLoopJoin BuildRight, Inner")).is_none());
        assert!(join_keys(&node("SortMergeJoin [a#1, ... 3 more fields")).is_none());
    }

    #[test]
    fn ids_are_left_out() {
        assert_eq!(
            without_ids("hashpartitioning(channel#4, id#22L, 16)"),
            "hashpartitioning(channel, id, 16)"
        );
    }
}
