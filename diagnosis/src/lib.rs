//! What a [`Profile`] says is slow, and why: stages and executions, no source lines.
//!
//! A [`Diagnosis`] says only what the run's own numbers carry. Medians and quantiles are the History Server's: over a stage
//! attempt's successful tasks, the upper middle of an even count (`AppStatusStore.taskSummary`).

mod driver_gap;
mod format;
mod quality;
mod skew;
mod small_tasks;
mod spill;

pub use quality::quality_notes;

use eventlog::{Profile, StageAttempt};
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
    /// What is wrong, in one sentence with its numbers.
    pub summary: String,
    /// The numbers that show it.
    pub evidence: Vec<Measure>,
    /// Index, in the same list, of the diagnosis that this one is a symptom of.
    pub caused_by: Option<usize>,
    /// What to do about it.
    pub advice: String,
    /// Wall time in milliseconds that could be saved, at least and at most; none where the run does not bound it.
    pub saving_ms: Option<(u64, u64)>,
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
    /// `ms`, `bytes`, `tasks`, `gaps`, `ratio` (a multiple) or `share` (of 1).
    pub unit: &'static str,
}

impl Measure {
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ bytes or milliseconds are beyond any run")]
    fn of(name: &'static str, value: u64, unit: &'static str) -> Self {
        Self { name, value: value as f64, unit }
    }
}

/// A diagnosis with what it weighs, by which the list is ordered.
struct Weighed {
    diagnosis: Diagnosis,
    /// Task time of its stages, or driver time, in milliseconds.
    weight_ms: u64,
}

/// What made the run slow, heaviest first; symptoms directly after their causes.
///
/// What concerns less than [`Thresholds::share_per_mille`] of the run's task time is left out.
#[must_use]
pub fn diagnose(profile: &Profile, thresholds: &Thresholds) -> Vec<Diagnosis> {
    // Each group is a cause and its symptoms.
    let mut groups: Vec<(u64, Vec<Diagnosis>)> = Vec::new();
    for stage in &profile.stages {
        if !worth_a_word(profile, thresholds, stage.metrics.executor_run_time) {
            continue;
        }
        let found: Vec<Diagnosis> =
            [skew::find(profile, stage, thresholds), spill::find(profile, stage)]
                .into_iter()
                .flatten()
                .collect();
        if !found.is_empty() {
            groups.push((stage.metrics.executor_run_time, found));
        }
    }
    let rest = [small_tasks::find(profile, thresholds), driver_gap::find(profile)];
    groups.extend(rest.into_iter().flatten().map(|found| (found.weight_ms, vec![found.diagnosis])));
    groups.sort_by_key(|(weight_ms, _)| std::cmp::Reverse(*weight_ms));

    let mut diagnoses: Vec<Diagnosis> = Vec::new();
    for (_, group) in groups {
        let cause = diagnoses.len();
        for (at, mut diagnosis) in group.into_iter().enumerate() {
            if at > 0 {
                diagnosis.caused_by = Some(cause);
                diagnosis.category = diagnoses[cause].category;
            }
            diagnoses.push(diagnosis);
        }
    }
    diagnoses
}

/// Whether this much task time is worth a word in this run.
fn worth_a_word(profile: &Profile, thresholds: &Thresholds, task_ms: u64) -> bool {
    let total = profile.task_time_ms();
    total > 0
        && u128::from(task_ms) * 1000 >= u128::from(total) * u128::from(thresholds.share_per_mille)
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
