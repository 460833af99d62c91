//! `speculation-waste`: speculative copies of tasks lose to the originals.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::{StageAttempt, TaskFailure};

/// Lost task time in milliseconds, and copies, that are worth a word.
const LOST_MS: u64 = 60_000;
const COPIES: u64 = 5;

pub(crate) const EXPLANATION: &str = "With speculation, Spark starts a second copy of tasks that take long, and kills the one that is not done first. Where \
     tasks take long because they have more to do, the copies only take cores from other tasks.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    // `TaskSetManager.handleSuccessfulTask` kills with the first words, `DAGScheduler.markStageAsFinished` with the others those that have not
    // ended by then.
    let lost = |failure: &&TaskFailure| {
        failure.killed
            && (failure.message.contains("another attempt succeeded")
                || failure.speculative && failure.message.contains("Stage finished"))
    };
    let of = |stage: &&StageAttempt| stage.task_failures.iter().any(|failure| lost(&failure));
    let stages: Vec<&StageAttempt> = run.profile.stages.iter().filter(of).collect();
    let failures = stages.iter().flat_map(|stage| &stage.task_failures).filter(lost);
    let (copies, wasted) = failures.fold((0, 0_u64), |(copies, wasted), failure| {
        (copies + failure.tasks, wasted.saturating_add(failure.task_time))
    });
    if copies < COPIES || wasted < LOST_MS {
        return None;
    }
    Some(
        Found::new("speculation-waste", Category::Resource, EXPLANATION)
            .stages(run, &stages)
            .summary(format!("{copies} copies of tasks were killed because another was done first, after {} of task time", time(wasted)))
            .measure(Measure::of("copies killed", copies, "tasks"))
            .measure(Measure::of("task time lost", wasted, "ms"))
            .advice(
                "speculate later (spark.speculation.multiplier, spark.speculation.quantile, spark.speculation.minTaskRuntime), or mend the skew \
                 that makes tasks look slow",
            )
            .weight(wasted),
    )
}
