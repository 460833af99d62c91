//! What `what-if` reports, before it takes a form.

use analysis::units::duration_ms;
use diagnosis::{Change, ChangeError, Fit, MAX_ERROR, Outcome, Replay, Scaling};
use eventlog::{Profile, Runtime};

use super::report::counted;

/// Stages that a prediction changes most are listed, so many of them.
const STAGES: usize = 12;

/// The result of a replay.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) profile: &'a Profile,
    /// Most executors at once, and most cores.
    pub(crate) cluster: (u64, u64),
    /// The run had one executor inside the driver.
    pub(crate) local: bool,
    /// How well the unchanged run is replayed.
    pub(crate) fit: Fit,
    /// The measured run.
    pub(crate) measured: Outcome,
    /// The replay of the unchanged run.
    pub(crate) unchanged: Outcome,
    pub(crate) changes: Vec<Change>,
    /// Why nothing is predicted.
    pub(crate) refusal: Option<String>,
    /// The run with the changes, where there are any.
    pub(crate) predicted: Option<Outcome>,
    /// Sizes of the cluster, where there are no changes.
    pub(crate) scaling: Option<Scaling>,
    /// What one log can't predict.
    pub(crate) limits: Vec<String>,
    /// What the changes assume.
    pub(crate) assumptions: Vec<String>,
}

/// A stage attempt whose time a prediction changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangedStage {
    pub(crate) stage: u64,
    pub(crate) attempt: u32,
    pub(crate) measured_ms: u64,
    pub(crate) unchanged_ms: u64,
    /// None where it does not run any more.
    pub(crate) predicted_ms: Option<u64>,
}

impl<'a> Report<'a> {
    /// Replays a run with these changes, or on clusters of several sizes where there are none.
    ///
    /// # Errors
    /// A change speaks of something that the run does not have.
    pub(crate) fn new(
        profile: &'a Profile,
        replay: &Replay<'_>,
        changes: &[Change],
    ) -> Result<Self, ChangeError> {
        let fit = replay.fit();
        let refusal = refusal(profile, &fit);
        let mut report = Self {
            profile,
            cluster: replay.cluster(),
            local: replay.is_local(),
            fit,
            measured: measured(profile, &fit),
            unchanged: replay.unchanged(),
            changes: changes.to_vec(),
            refusal,
            predicted: None,
            scaling: None,
            limits: limits(profile, changes),
            assumptions: changes.iter().filter_map(assumption).collect(),
        };
        // A change that can't be made is told even where nothing is predicted.
        let predicted = replay.predict(changes)?;
        if report.refusal.is_none() {
            if predicted.made_up_slots {
                let what = "tasks that were left when the log's last executor had gone run on as many slots as there were at most";
                report.assumptions.push(what.to_owned());
            }
            if changes.is_empty() {
                report.scaling = Some(replay.scaling());
            } else {
                report.predicted = Some(predicted);
            }
        }
        Ok(report)
    }

    /// Wall time that the changes save, in milliseconds; negative where they cost.
    pub(crate) fn saving_ms(&self) -> Option<i64> {
        let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let predicted = self.predicted.as_ref()?;
        Some(ms(self.unchanged.application_ms) - ms(predicted.application_ms))
    }

    /// Stages whose wall time the changes alter, those first in which most changes.
    pub(crate) fn stages(&self) -> Vec<ChangedStage> {
        let Some(predicted) = &self.predicted else { return Vec::new() };
        let mut stages: Vec<ChangedStage> = self
            .unchanged
            .stages
            .iter()
            .map(|&((stage, attempt), unchanged_ms)| ChangedStage {
                stage,
                attempt,
                measured_ms: self.time_of(&self.measured, (stage, attempt)).unwrap_or(0),
                unchanged_ms,
                predicted_ms: self.time_of(predicted, (stage, attempt)),
            })
            .collect();
        let change = |it: &ChangedStage| it.unchanged_ms.abs_diff(it.predicted_ms.unwrap_or(0));
        stages.retain(|stage| change(stage) > 0);
        stages.sort_by_key(|stage| std::cmp::Reverse(change(stage)));
        stages.truncate(STAGES);
        stages
    }

    fn time_of(&self, outcome: &Outcome, key: (u64, u32)) -> Option<u64> {
        outcome.stages.iter().find(|(stage, _)| *stage == key).map(|(_, ms)| *ms)
    }
}

/// The run as it was measured.
fn measured(profile: &Profile, fit: &Fit) -> Outcome {
    let end = profile.application.end_ms.unwrap_or(profile.application.last_event_ms);
    let span = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    let failed = profile.stages.iter().flat_map(|stage| &stage.task_failures);
    let core_ms = profile.executors.iter().map(|executor| {
        let alive = span(executor.added_ms, executor.removed_ms.unwrap_or(end));
        alive.saturating_mul(u64::from(executor.total_cores))
    });
    Outcome {
        application_ms: fit.measured_application_ms,
        job_ms: fit.measured_job_ms,
        task_ms: profile
            .stages
            .iter()
            .map(|stage| stage.task_duration)
            .chain(failed.map(|failure| failure.task_time))
            .fold(0, u64::saturating_add),
        core_ms: core_ms.fold(0, u64::saturating_add),
        made_up_slots: false,
        stages: profile
            .stages
            .iter()
            .filter_map(|stage| {
                let wall = span(stage.submission_ms?, stage.completion_ms?);
                Some(((stage.stage_id, stage.attempt_id), wall))
            })
            .collect(),
    }
}

/// Why nothing can be said of a run, with what may be the cause in its case.
fn refusal(profile: &Profile, fit: &Fit) -> Option<String> {
    if fit.is_good() {
        return None;
    }
    if fit.measured_job_ms == 0 {
        return Some("no job ran, so there is nothing to replay".to_owned());
    }
    let worst = if fit.error().abs() > fit.calibrated_error().abs() {
        fit.job_ms
    } else {
        fit.calibrated_job_ms
    };
    let quality = &profile.quality;
    let why = if quality.missing_task_ends > 0 {
        format!(
            "the log lacks the ends of {}",
            counted(usize::try_from(quality.missing_task_ends).unwrap_or(usize::MAX), "task")
        )
    } else if quality.truncated.is_some() {
        "the log is cut".to_owned()
    } else if quality.compacted {
        "finished work was compacted away from the log".to_owned()
    } else if quality.runtimes.contains(&Runtime::Rapids) {
        "tasks wait for a GPU, which the log does not show".to_owned()
    } else if worst < fit.measured_job_ms {
        "slots stood idle for a reason that the log does not show (executors that were not there yet, locality, a busy driver)".to_owned()
    } else {
        "more tasks ran at once than the logged executors have cores for".to_owned()
    };
    Some(format!(
        "replaying the unchanged run gives {} in jobs in place of {}, more than {:.0} % off: {why}",
        duration_ms(worst),
        duration_ms(fit.measured_job_ms),
        MAX_ERROR * 100.0,
    ))
}

/// A change in words.
pub(crate) fn describe(change: &Change) -> String {
    match *change {
        Change::Executors(executors) => format!("{executors} executors"),
        Change::Cores(cores) => format!("{cores} cores for each executor"),
        Change::NoSkew(stage) => format!("no skew in stage {stage}"),
        Change::NoStragglers(stage) => format!("no stragglers in stage {stage}"),
        Change::Partitions { stage, partitions } => {
            format!("{partitions} partitions in stage {stage}")
        }
        Change::NoRetries => "no retries".to_owned(),
        Change::Cached(stage) => format!("what stage {stage} computes is kept"),
        Change::BroadcastJoin(stage) => format!("a broadcast join in stage {stage}"),
        Change::NoDriverGap => "no driver gaps".to_owned(),
    }
}

/// What a prediction of a change takes for granted.
fn assumption(change: &Change) -> Option<String> {
    Some(match *change {
        Change::Executors(_) => {
            "executors arrive and leave as those of the run did, in proportion; each is as fast as they were".to_owned()
        }
        Change::Cores(_) => "a task takes as long as before, however many run beside it".to_owned(),
        Change::NoSkew(stage) => {
            format!("the work of stage {stage} stays the same and is spread evenly over its tasks")
        }
        Change::NoStragglers(stage) => {
            format!("what tasks of stage {stage} took longer than the median is no work, and is gone")
        }
        Change::Partitions { stage, .. } => format!(
            "the work of stage {stage} stays the same; each task costs what it costs beside its work; the rows of a key stay together"
        ),
        Change::NoRetries => "the first success of each partition is all that runs; an executor that was lost with a task stays".to_owned(),
        Change::Cached(stage) => format!(
            "what later stages have in common with stage {stage} takes as long as the cheapest of them, and fits into memory; reading it back is free"
        ),
        Change::BroadcastJoin(stage) => format!(
            "the smaller side of stage {stage} fits into memory and is sent at 50 MB/s; the larger side's shuffle and both sorts go"
        ),
        Change::NoDriverGap => "times of a second and more without a job are gone".to_owned(),
    })
}

/// What one log can't predict, the changes in view.
fn limits(profile: &Profile, changes: &[Change]) -> Vec<String> {
    let has = |wanted: fn(&Change) -> bool| changes.is_empty() || changes.iter().any(wanted);
    let mut limits = vec![
        "how memory and garbage collection react: spill and collection stay what they were"
            .to_owned(),
    ];
    if has(|change| matches!(change, Change::Cores(_))) {
        limits.push(
            "how long a task takes beside more others in an executor: they share its memory, its disks and, on a machine with fewer \
             processors, its cores"
                .to_owned(),
        );
    }
    limits.push("what adaptive execution would plan anew from other sizes".to_owned());
    if has(|change| matches!(change, Change::Executors(_) | Change::Cores(_))) {
        limits.push(
            "how many partitions there would be where their number follows that of the cores (spark.default.parallelism, small files)"
                .to_owned(),
        );
        limits
            .push("when the network, the storage or the driver becomes the bottleneck".to_owned());
        let setting = profile.spark_properties.get("spark.dynamicAllocation.enabled");
        if setting.is_some_and(|value| value == "true") {
            limits.push("how many executors dynamic allocation would ask for".to_owned());
        }
    }
    limits
}
