//! `cold-start`: the first stage waits for executors.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure};

/// Wait in milliseconds that is worth a word in any run.
const WAIT_MS: u64 = 30_000;

/// A shorter wait is worth a word from this many milliseconds on, which is above what a busy cluster takes, where it is this share of the
/// run's wall time.
const SHORT_MS: u64 = 20_000;
const SHARE: f64 = 0.1;

pub(crate) const EXPLANATION: &str = "A program's first tasks need executors. Until the cluster manager has started them, the first stage waits.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let submitted = |stage: &&eventlog::StageAttempt| stage.submission_ms;
    let first = run
        .profile
        .stages
        .iter()
        .filter(|stage| submitted(stage).is_some())
        .min_by_key(submitted)?;
    let wait = first.first_task_launched_ms?.saturating_sub(first.submission_ms?);
    let wait = u64::try_from(wait).ok()?;
    let share = float(wait) / float(run.wall_ms().max(1));
    if wait < WAIT_MS && (wait < SHORT_MS || share < SHARE) {
        return None;
    }
    Some(
        Found::of_stage("cold-start", Category::Resource, run, first, EXPLANATION)
            .summary(format!(
                "the first stage waited {} for its first task to start",
                time(wait)
            ))
            .measure(Measure::of("wait for the first task", wait, "ms"))
            .measure(Measure { name: "share of the run", value: share, unit: "share" })
            .measure(Measure::of("executors", run.profile.executors.len() as u64, "executors"))
            .advice(
                "see what the cluster manager was waiting for (queue, quota, image, autoscaling); with dynamic allocation raise \
                 spark.dynamicAllocation.initialExecutors",
            )
            .saving(Some((0, wait)))
            .weight(wait),
    )
}
