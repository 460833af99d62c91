//! `repeated-scan`: several executions read the same files with the same columns and filters.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::{Run, metric};
use crate::{Category, Measure};
use eventlog::{PlanNode, SqlExecution, StageAttempt};
use std::collections::BTreeMap;

/// Share of the run's task time that the reads after the first must take, as its reciprocal.
const ONE_IN: u64 = 100;

pub(crate) const EXPLANATION: &str = "A DataFrame is a recipe. Each action runs the recipe from its start, reading included, unless what it reads was cached or written \
     down. Actions on the same DataFrame therefore read the same files again and again.";

struct Scan<'a> {
    execution: &'a SqlExecution,
    name: &'a str,
    size: u64,
    stages: Vec<&'a StageAttempt>,
}

pub(crate) fn find(run: &Run<'_>) -> Vec<Found> {
    let mut scans: BTreeMap<String, Vec<Scan<'_>>> = BTreeMap::new();
    for execution in &run.profile.executions {
        // A nested execution shows its parent's plan once more.
        if execution.root_execution_id != execution.execution_id {
            continue;
        }
        for (node, below_cache) in uncached(&execution.plan) {
            let Some(key) = key(node).filter(|_| !below_cache) else { continue };
            let stages = run.stages_of(node);
            if stages.is_empty() {
                continue;
            }
            let of_key = scans.entry(key).or_default();
            // Twice in one plan is a matter of that plan.
            if of_key.iter().all(|scan| scan.execution.execution_id != execution.execution_id) {
                let size = metric(execution, node, "size of files read").unwrap_or(0);
                of_key.push(Scan { execution, name: &node.name, size, stages });
            }
        }
    }
    let mut found = Vec::new();
    for scans in scans.into_values() {
        let again: Vec<&StageAttempt> =
            scans.iter().skip(1).flat_map(|scan| &scan.stages).copied().collect();
        let spent =
            again.iter().map(|stage| stage.metrics.executor_run_time).fold(0, u64::saturating_add);
        if scans.len() < 2 || spent < run.profile.task_time_ms() / ONE_IN || spent == 0 {
            continue;
        }
        let first = &scans[0];
        let size: u64 = scans.iter().skip(1).map(|scan| scan.size).sum();
        found.push(
            Found::new("repeated-scan", Category::Algorithm, EXPLANATION)
                .stages(run, &again)
                .executions(scans.iter().map(|scan| scan.execution.execution_id).collect())
                .summary(format!(
                    "{} executions read the same {}: {} were read again, in stages of {} task time",
                    scans.len(),
                    first.name.trim(),
                    bytes(size),
                    time(spent)
                ))
                .measure(Measure::of("executions", scans.len() as u64, "executions"))
                .measure(Measure::of("read again", size, "bytes"))
                .measure(Measure::of("task time of the stages that read again", spent, "ms"))
                .advice("cache what these executions have in common if it fits into memory, or write it once and read the result; one pass with several aggregates may do as well"),
        );
    }
    found
}

/// All nodes, each with whether it stands below a cached relation: there it is shown but not run.
pub(crate) fn uncached(plan: &PlanNode) -> Vec<(&PlanNode, bool)> {
    let mut nodes = Vec::new();
    let mut stack = vec![(plan, false)];
    while let Some((node, below)) = stack.pop() {
        nodes.push((node, below));
        let below =
            below || node.name.starts_with("InMemoryTableScan") || node.name.starts_with("Reused");
        stack.extend(node.children.iter().rev().map(|child| (child, below)));
    }
    nodes
}

/// What a scan of files reads: where, which columns, with which filters. None for other nodes.
fn key(node: &PlanNode) -> Option<String> {
    if !node.name.starts_with("Scan ") && !node.name.starts_with("BatchScan") {
        return None;
    }
    let location = node.metadata.get("Location")?;
    let part = |name: &str| node.metadata.get(name).map_or("", String::as_str);
    let key = format!(
        "{}|{location}|{}|{}|{}",
        part("Format"),
        part("ReadSchema"),
        part("PartitionFilters"),
        part("DataFilters")
    );
    Some(without_ids(&key))
}

/// Without the ids that tell one analysis of an expression from another: `amount#17L` is `amount`.
pub(crate) fn without_ids(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('#') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            plain.push('#');
            rest = after;
        } else {
            rest = after[digits..].strip_prefix('L').unwrap_or(&after[digits..]);
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_and_the_rest_stays() {
        assert_eq!(without_ids("(amount#17L > 5), c#2, # and #x"), "(amount > 5), c, # and #x");
    }
}
