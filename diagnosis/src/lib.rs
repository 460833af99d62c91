//! What a [`Profile`] says is slow, and why: stages and executions, no source lines.
//!
//! A [`Diagnosis`] says only what the run's own numbers carry. Medians and quantiles are the History Server's: over a stage
//! attempt's successful tasks, the upper middle of an even count (`AppStatusStore.taskSummary`).

mod broadcast_candidate;
mod catalogue;
mod cold_start;
mod driver_gap;
mod executor_loss;
mod failed_tasks;
mod fetch_wait;
mod few_partitions;
mod format;
mod found;
mod garbage_collection;
mod idle_cluster;
mod idle_memory;
mod ineffective_cache;
mod join_explosion;
mod large_broadcast;
mod large_partitions;
mod large_result;
mod last_wave;
mod many_jobs;
mod nested_loop_join;
mod python_time;
mod quality;
mod recomputed_rdd;
mod repeated_exchange;
mod repeated_scan;
mod replay;
mod run;
mod saving;
mod selective_scan;
mod skew;
mod small_files;
mod small_tasks;
mod sort_fallback;
mod speculation_waste;
mod spill;
mod straggler;
mod uneven_shuffle;

pub use catalogue::{CATALOGUE, Kind};
pub use quality::quality_notes;
pub use replay::{
    Change, ChangeError, Fit, MAX_ERROR, Outcome, Replay, Scaling, ScalingStep, price,
};

use eventlog::{Profile, StageAttempt};
use found::Found;
use run::Run;
use spark::Thresholds;

/// Something that made the run slow.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Kebab-case name of the pattern, such as `partition-skew`.
    pub id: &'static str,
    /// Where the cause lies.
    pub category: Category,
    /// Stage attempts concerned: stage id and attempt.
    pub stages: Vec<(u64, u32)>,
    /// SQL executions concerned.
    pub executions: Vec<u64>,
    /// Operators concerned, where it is about some: execution, and `Name#k` (the k-th node of that name, from 0, in pre-order of the final plan).
    pub operators: Vec<(u64, String)>,
    /// What is wrong, in one sentence with its numbers.
    pub summary: String,
    /// The numbers that show it.
    pub evidence: Vec<Measure>,
    /// Index, in the same list, of the diagnosis that this one is a symptom of.
    pub caused_by: Option<usize>,
    /// What this is, for people who meet it for the first time.
    pub explanation: &'static str,
    /// What to do about it.
    pub advice: String,
    /// Wall time in milliseconds that could be saved, at least and at most; none where the run does not bound it.
    pub saving_ms: Option<(u64, u64)>,
    /// What `saving_ms` was worked out by.
    pub saving_model: SavingModel,
}

/// What a saving was worked out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SavingModel {
    /// Bounds of what a stage or a gap takes at least.
    #[default]
    Bound,
    /// The tasks of the whole run were scheduled anew ([`Replay::price`]).
    Replay,
}

/// Where a cause lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// In what the run was given: memory, cores, partitions.
    Resource,
    /// In how the data is distributed.
    Data,
    /// In what the program asks for.
    Algorithm,
}

/// A named number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// What it measures.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// `ms`, `bytes`, `ratio` (a multiple), `share` (of 1), or what is counted: `tasks`, `rows`, `files`, …
    pub unit: &'static str,
}

impl Measure {
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ bytes or milliseconds are beyond any run")]
    fn of(name: &'static str, value: u64, unit: &'static str) -> Self {
        Self { name, value: value as f64, unit }
    }
}

/// Diagnoses of one stage attempt, causes before symptoms: failures, data, partitions, memory, network, Python.
const OF_A_STAGE: [fn(&Run<'_>, &StageAttempt) -> Option<Found>; 11] = [
    failed_tasks::find,
    skew::find,
    uneven_shuffle::find,
    straggler::find,
    few_partitions::find,
    last_wave::find,
    large_partitions::find,
    spill::find,
    garbage_collection::find,
    fetch_wait::find,
    python_time::find,
];

/// Diagnoses of one SQL execution.
const OF_AN_EXECUTION: [fn(&Run<'_>, &eventlog::SqlExecution) -> Vec<Found>; 8] = [
    nested_loop_join::find,
    join_explosion::find,
    broadcast_candidate::find,
    large_broadcast::find,
    repeated_exchange::find,
    small_files::find,
    selective_scan::find,
    sort_fallback::find,
];

/// Diagnoses of the whole run.
const OF_THE_RUN: [fn(&Run<'_>) -> Option<Found>; 7] = [
    driver_gap::find,
    small_tasks::find,
    executor_loss::find,
    speculation_waste::find,
    cold_start::find,
    idle_cluster::find,
    idle_memory::find,
];

/// Diagnoses of the whole run that may be several.
const OF_THE_RUN_EACH: [fn(&Run<'_>) -> Vec<Found>; 5] = [
    repeated_scan::find,
    recomputed_rdd::find,
    ineffective_cache::find,
    large_result::find,
    many_jobs::find,
];

/// What may cause what, where both are found in one stage attempt.
const SYMPTOMS: [(&str, &[&str]); 4] = [
    ("disk-spill", &["partition-skew", "few-partitions", "large-partitions"]),
    ("garbage-collection", &["partition-skew", "few-partitions", "large-partitions", "disk-spill"]),
    ("large-partitions", &["partition-skew", "few-partitions"]),
    ("fetch-wait", &["partition-skew"]),
];

/// What made the run slow, heaviest first; symptoms directly after their causes.
///
/// What concerns less than [`Thresholds::share_per_mille`] of the run's task time, or would save less than that of its wall time,
/// is left out.
#[must_use]
pub fn diagnose(profile: &Profile, thresholds: &Thresholds) -> Vec<Diagnosis> {
    let run = Run::new(profile, thresholds);
    // Each group is what was found together; a symptom stands in its cause's group.
    let mut groups: Vec<(u64, Vec<Diagnosis>)> = Vec::new();
    let mut single = |found: Found| {
        let saves = found.diagnosis.saving_ms.is_none_or(|(_, most)| run.is_worth_wall_time(most));
        if saves {
            groups.push((found.weight_ms, vec![found.diagnosis]));
        }
    };
    for stage in &profile.stages {
        let worth = run.is_worth_task_time(stage.metrics.executor_run_time);
        let found = OF_A_STAGE.iter().filter_map(|find| find(&run, stage));
        // What fails is worth a word however short it ran.
        found.filter(|found| worth || found.weight_ms == u64::MAX).for_each(&mut single);
    }
    for execution in &profile.executions {
        for found in OF_AN_EXECUTION.iter().flat_map(|find| find(&run, execution)) {
            if found.diagnosis.stages.is_empty() || run.is_worth_task_time(found.weight_ms) {
                single(found);
            }
        }
    }
    OF_THE_RUN.iter().filter_map(|find| find(&run)).for_each(&mut single);
    OF_THE_RUN_EACH.iter().flat_map(|find| find(&run)).for_each(&mut single);
    ordered(groups)
}

/// Heaviest first, each symptom behind its cause.
fn ordered(mut groups: Vec<(u64, Vec<Diagnosis>)>) -> Vec<Diagnosis> {
    let is_symptom = |symptom: &Diagnosis, cause: &Diagnosis| {
        symptom.stages.len() == 1
            && symptom.stages == cause.stages
            && SYMPTOMS.iter().any(|(id, causes)| symptom.id == *id && causes.contains(&cause.id))
    };
    // In the order of finding a cause stands before its symptoms.
    let mut at = 0;
    while at < groups.len() {
        let cause = (0..at).find(|&cause| is_symptom(&groups[at].1[0], &groups[cause].1[0]));
        match cause {
            Some(cause) => {
                let (_, symptoms) = groups.remove(at);
                groups[cause].1.extend(symptoms);
            }
            None => at += 1,
        }
    }
    groups.sort_by_key(|(weight_ms, _)| std::cmp::Reverse(*weight_ms));
    let mut diagnoses: Vec<Diagnosis> = Vec::new();
    for (_, group) in groups {
        let cause = diagnoses.len();
        for (place, mut diagnosis) in group.into_iter().enumerate() {
            if place > 0 {
                diagnosis.caused_by = Some(cause);
                diagnosis.category = diagnoses[cause].category;
            }
            diagnoses.push(diagnosis);
        }
    }
    diagnoses
}

/// The SQL executions that a stage ran for.
fn executions_of(profile: &Profile, stage: &StageAttempt) -> Vec<u64> {
    let mut executions: Vec<u64> = stage
        .job_ids
        .iter()
        .filter_map(|&job| profile.job(job))
        .filter_map(|job| job.execution_id)
        .collect();
    executions.sort_unstable();
    executions.dedup();
    executions
}

/// Names of the plan nodes whose metrics the stage's tasks updated.
fn operators_of<'a>(profile: &'a Profile, stage: &StageAttempt) -> Vec<&'a str> {
    let executions = executions_of(profile, stage);
    let nodes = executions
        .iter()
        .filter_map(|&id| profile.execution(id))
        .flat_map(|execution| execution.plan.preorder());
    nodes
        .filter(|node| {
            node.metrics
                .iter()
                .any(|metric| stage.sql_accumulators.contains_key(&metric.accumulator_id))
        })
        .map(|node| node.name.as_str())
        .collect()
}
