//! Which stages ran which operators of the physical plans, and which stages compute the same.

use crate::repeated_scan::without_ids;
use eventlog::{PlanNode, Profile, SqlExecution, StageAttempt};
use rustc_hash::{FxHashMap, FxHashSet};

/// Plans of a run with the stages that updated metrics of their nodes.
pub(super) struct Operators<'a> {
    profile: &'a Profile,
    /// Stage ids by accumulator.
    stages: FxHashMap<u64, Vec<u64>>,
}

/// What a stage computes that another one may compute as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An RDD that is not persisted.
    Rdd(u64),
    /// A scan of files, or another operator that makes rows out of nothing or of much work.
    Source(String),
    /// Any other operator.
    Operator(String),
}

impl Key {
    /// Whether sharing it means to compute the same rows, and not only to do the same with others.
    pub(super) fn tells(&self) -> bool {
        !matches!(self, Self::Operator(_))
    }
}

/// Operators that only pass rows on, or that belong to two stages.
const PASSING: [&str; 9] = [
    "WholeStageCodegen",
    "InputAdapter",
    "AQEShuffleRead",
    "CustomShuffleReader",
    "QueryStage",
    "Exchange",
    "ColumnarToRow",
    "AdaptiveSparkPlan",
    "InMemoryTableScan",
];

/// Operators that do much work, or read.
const SOURCES: [&str; 8] =
    ["Scan ", "BatchScan", "LocalTableScan", "Join", "EvalPython", "InPandas", "Generate", "Range"];

impl<'a> Operators<'a> {
    pub(super) fn new(profile: &'a Profile) -> Self {
        let mut stages: FxHashMap<u64, Vec<u64>> = FxHashMap::default();
        for stage in &profile.stages {
            for id in stage.sql_accumulators.keys() {
                let of = stages.entry(*id).or_default();
                if of.last() != Some(&stage.stage_id) {
                    of.push(stage.stage_id);
                }
            }
        }
        Self { profile, stages }
    }

    /// Stages that updated a metric of the node.
    pub(super) fn stages_of(&self, node: &PlanNode) -> Vec<u64> {
        let metrics = node.metrics.iter();
        let mut stages: Vec<u64> = metrics
            .filter_map(|metric| self.stages.get(&metric.accumulator_id))
            .flatten()
            .copied()
            .collect();
        stages.sort_unstable();
        stages.dedup();
        stages
    }

    /// The executions that a stage ran for.
    pub(super) fn executions_of(&self, stage: u64) -> Vec<&'a SqlExecution> {
        let attempts = self.profile.attempts(stage);
        let mut ids: Vec<u64> =
            attempts.flat_map(|attempt| crate::executions_of(self.profile, attempt)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.profile.execution(id)).collect()
    }

    /// What each stage of the run computes, by stage id.
    pub(super) fn keys(&self) -> FxHashMap<u64, FxHashSet<Key>> {
        let mut keys: FxHashMap<u64, FxHashSet<Key>> = FxHashMap::default();
        for stage in &self.profile.stages {
            let of_stage = keys.entry(stage.stage_id).or_default();
            of_stage.extend(rdds(stage));
        }
        for execution in &self.profile.executions {
            for node in execution.plan.preorder() {
                let Some(key) = key(node) else { continue };
                for stage in self.stages_of(node) {
                    keys.entry(stage).or_default().insert(key.clone());
                }
            }
        }
        keys
    }

    /// Stages whose results come into a stage: below its operators in the plans, and by the stages' parents.
    pub(super) fn upstream(&self, stage: u64) -> FxHashSet<u64> {
        let mut found = FxHashSet::default();
        for execution in self.executions_of(stage) {
            for node in execution.plan.preorder() {
                if key(node).is_some() && self.stages_of(node).contains(&stage) {
                    for below in node.preorder().into_iter().skip(1) {
                        found.extend(self.stages_of(below));
                    }
                }
            }
        }
        let mut open: Vec<u64> = vec![stage];
        open.extend(found.iter().copied());
        let mut seen = FxHashSet::default();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(self.profile.attempts(next).flat_map(|attempt| &attempt.parent_ids));
            }
        }
        seen.remove(&stage);
        seen
    }
}

fn rdds(stage: &StageAttempt) -> impl Iterator<Item = Key> + '_ {
    stage.rdds.iter().filter(|rdd| !rdd.persisted).map(|rdd| Key::Rdd(rdd.id))
}

fn key(node: &PlanNode) -> Option<Key> {
    if PASSING.iter().any(|passing| node.name.contains(passing)) {
        return None;
    }
    if let Some(location) = node.metadata.get("Location") {
        // Other columns of the same files are still the same files.
        return Some(Key::Source(format!("scan {location}")));
    }
    let text = without_ids(&node.simple_string);
    let is_source = SOURCES.iter().any(|source| node.name.contains(source));
    Some(if is_source { Key::Source(text) } else { Key::Operator(text) })
}
