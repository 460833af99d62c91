//! `executor-loss`: executors that went away took tasks and shuffle files with them.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::{StageAttempt, StageStatus};

/// Lost task time in milliseconds, or share of the run's as its reciprocal, that is worth a word.
const LOST_MS: u64 = 30_000;
const ONE_IN: u64 = 100;

/// Words of a removal that was meant to be (`ExecutorAllocationManager`, `CoarseGrainedSchedulerBackend`).
const MEANT: [&str; 6] =
    ["idle", "killed by driver", "finished", "decommission", "shutdown", "exited with code 0"];

/// Words of a removal for want of memory (YARN, Kubernetes, the kernel's killer).
const MEMORY: [&str; 5] = ["memory limits", "OOMKilled", "137", "code 52", "OutOfMemory"];

pub(crate) const EXPLANATION: &str = "An executor holds its running tasks and the shuffle files that its earlier tasks wrote. When it is lost, Spark runs these \
     tasks again elsewhere, and where a later stage misses its shuffle files, parts of earlier stages too.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let profile = run.profile;
    let lost: Vec<_> = profile
        .executors
        .iter()
        .filter_map(|executor| executor.removed_reason.as_deref())
        .filter(|reason| {
            let reason = reason.to_ascii_lowercase();
            !MEANT.iter().any(|word| reason.contains(word))
        })
        .collect();
    let of_loss = |stage: &StageAttempt| {
        stage
            .task_failures
            .iter()
            .filter(|failure| {
                matches!(
                    failure.reason.as_str(),
                    "FetchFailed" | "ExecutorLostFailure" | "Resubmitted"
                )
            })
            .map(|failure| failure.task_time)
            .fold(0, u64::saturating_add)
    };
    // A later attempt computes again what an earlier one, or an earlier job, had already left.
    let again = |stage: &&StageAttempt| {
        let mut earlier = profile
            .attempts(stage.stage_id)
            .filter(|earlier| earlier.attempt_id < stage.attempt_id)
            .peekable();
        stage.attempt_id > 0
            && (earlier.peek().is_none()
                || earlier.any(|earlier| earlier.status == StageStatus::Complete))
    };
    let failed: u64 = profile.stages.iter().map(of_loss).fold(0, u64::saturating_add);
    let repeated: Vec<&StageAttempt> = profile.stages.iter().filter(again).collect();
    let recomputed = repeated.iter().map(|stage| stage.task_duration).fold(0, u64::saturating_add);
    let wasted = failed.saturating_add(recomputed);
    if lost.is_empty() && repeated.is_empty()
        || wasted < LOST_MS.min(profile.task_time_ms() / ONE_IN).max(1)
    {
        return None;
    }
    let memory = lost.iter().any(|reason| is_for_memory(reason));
    let mut stages: Vec<&StageAttempt> =
        profile.stages.iter().filter(|stage| of_loss(stage) > 0).collect();
    stages.extend(repeated);
    stages.sort_unstable_by_key(|stage| (stage.stage_id, stage.attempt_id));
    stages.dedup_by_key(|stage| (stage.stage_id, stage.attempt_id));
    let why =
        lost.first().map(|reason| format!("; the first: {}", one_line(reason))).unwrap_or_default();
    let noun = if lost.len() == 1 { "executor was" } else { "executors were" };
    Some(
        Found::new("executor-loss", Category::Resource, EXPLANATION)
            .stages(run, &stages)
            .summary(format!(
                "{} {noun} lost; {} of task time was lost with them and {} of earlier stages was computed again{why}",
                lost.len(),
                time(failed),
                time(recomputed),
            ))
            .measure(Measure::of("executors lost", lost.len() as u64, "executors"))
            .measure(Measure::of("task time lost", failed, "ms"))
            .measure(Measure::of("task time computed again", recomputed, "ms"))
            .advice(if memory {
                "executors ran out of memory: raise spark.executor.memoryOverhead (memory outside the JVM: Python workers, network buffers) or \
                 spark.executor.memory, or run fewer tasks at once in each"
            } else {
                "find out why executors went (the reason above, the cluster manager's log); on preemptible machines switch decommissioning on \
                 (spark.decommission.enabled, spark.storage.decommission.shuffleBlocks.enabled) or use an external shuffle service"
            })
            .weight(wasted),
    )
}

/// Whether an executor went for want of memory.
pub(crate) fn is_for_memory(reason: &str) -> bool {
    MEMORY.iter().any(|word| reason.contains(word))
}

/// The first line, short enough for a sentence.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let mut shown: String = line.chars().take(160).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}
