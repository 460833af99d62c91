//! `repeated-exchange`: one plan shuffles the same rows twice.

use crate::format::bytes;
use crate::found::Found;
use crate::repeated_scan::without_ids;
use crate::run::{Run, metric};
use crate::{Category, Measure};
use eventlog::{PlanNode, SqlExecution};
use std::collections::BTreeMap;

/// Bytes of a shuffle that are worth a word.
const BYTES: u64 = 64 << 20;

pub(crate) const EXPLANATION: &str = "When a plan needs the same shuffle in two places, Spark does it once and reads it twice (ReusedExchange). It finds that only when \
     the two are the same to the letter: another order of columns, a user function or a random value makes them differ.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut by_text: BTreeMap<String, Vec<(&PlanNode, u64)>> = BTreeMap::new();
    for node in execution.plan.preorder() {
        if node.name != "Exchange" {
            continue;
        }
        let Some(size) = metric(execution, node, "data size").filter(|size| *size >= BYTES) else {
            continue;
        };
        let same = by_text.entry(text(node)).or_default();
        // A reused exchange repeats its subtree with the metrics of the first.
        let id = |node: &PlanNode| node.metrics.first().map(|metric| metric.accumulator_id);
        if same.iter().all(|(other, _)| id(other) != id(node)) {
            same.push((node, size));
        }
    }
    let repeated = by_text.into_values().filter(|same| same.len() > 1);
    repeated
        .map(|same| {
            let again: u64 = same.iter().skip(1).map(|(_, size)| size).sum();
            let mut stages: Vec<_> = same.iter().skip(1).flat_map(|(node, _)| run.stages_of(node)).collect();
            stages.sort_unstable_by_key(|stage| (stage.stage_id, stage.attempt_id));
            stages.dedup_by_key(|stage| (stage.stage_id, stage.attempt_id));
            let found = Found::of_execution("repeated-exchange", Category::Algorithm, execution, &stages, EXPLANATION);
            same.iter()
                .fold(found, |found, (node, _)| found.operator(execution, node))
                .summary(format!(
                    "execution {} shuffles the same rows {} times: {} more than once would need",
                    execution.execution_id,
                    same.len(),
                    bytes(again)
                ))
                .measure(Measure::of("shuffles", same.len() as u64, "shuffles"))
                .measure(Measure::of("shuffled again", again, "bytes"))
                .advice(if run.is_on("spark.sql.exchange.reuse", true) {
                    "compute the shared part once and cache it, or write both branches so that they select the same columns in the same order with no random or user function in them"
                } else {
                    "switch spark.sql.exchange.reuse on again, which is off in this run"
                })
        })
        .collect()
}

/// A subtree as text, without what tells two equal ones apart: expression ids, codegen stages, the wrappers of adaptive execution.
fn text(node: &PlanNode) -> String {
    let mut parts = Vec::new();
    for node in node.preorder() {
        let wrapper = [
            "WholeStageCodegen",
            "InputAdapter",
            "AQEShuffleRead",
            "ShuffleQueryStage",
            "BroadcastQueryStage",
        ];
        if !wrapper.iter().any(|name| node.name.starts_with(name)) {
            parts.push(without_plan_ids(&without_ids(&node.simple_string)));
        }
    }
    parts.join("\n")
}

/// Without `[plan_id=17]`.
fn without_plan_ids(text: &str) -> String {
    match text.split_once("[plan_id=") {
        Some((before, after)) => {
            let rest = after.split_once(']').map_or("", |(_, rest)| rest);
            format!("{before}{rest}")
        }
        None => text.to_owned(),
    }
}
