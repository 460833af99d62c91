//! `garbage-collection`: executors spend much of their tasks' time collecting garbage.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Task time of a stage from which a share of it says something, milliseconds.
const RUN_MS: u64 = 10_000;

/// Share of task time from which garbage collection is worth a word (Dr. Elephant's `ExecutorGcHeuristic`: moderate at 10 %).
const SHARE: f64 = 0.1;

/// From here it is severe (the same heuristic's severest level).
const SEVERE: f64 = 0.2;

/// What remains of it in a healthy executor.
const HEALTHY: f64 = 0.05;

pub(crate) const EXPLANATION: &str = "The Java machine that runs tasks cleans up objects that are no longer used. While it cleans, tasks wait. It cleans often \
     when little memory is free: because tasks hold large partitions, because many run at once, or because cached data fills the memory.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let (run_ms, collecting) = (stage.metrics.executor_run_time, stage.metrics.jvm_gc_time);
    // A pause is counted by every task that it stops, and so is its run time: the share stays right.
    let share = float(collecting) / float(run_ms.max(1));
    if run_ms < RUN_MS || share < SHARE {
        return None;
    }
    let heap =
        run.profile.executors.iter().filter_map(|executor| executor.peak_jvm_heap_memory).max();
    let saving = run.slots(stage).zip(stage.task_summary).and_then(|(slots, summary)| {
        let without = 1.0 - (share - HEALTHY);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of it"
        )]
        let less = |ms: u64| (float(ms) * without) as u64;
        let (longest, total) = (summary.duration[4], stage.task_duration);
        let before = saving::bound(longest, total, slots);
        let after = saving::bound(less(longest), less(total), slots);
        saving::of_stage(run, stage, before, after).map(|(_, most)| (0, most))
    });
    let much =
        if share >= SEVERE { "severe garbage collection" } else { "much garbage collection" };
    let mut found =
        Found::of_stage("garbage-collection", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} has {much}: {} of {} task time, {:.0} %",
                stage.stage_id,
                time(collecting),
                time(run_ms),
                share * 100.0
            ))
            .measure(Measure::of("garbage collection", collecting, "ms"))
            .measure(Measure::of("task time", run_ms, "ms"))
            .measure(Measure { name: "share of task time", value: share, unit: "share" });
    if let Some(heap) = heap {
        found = found.measure(Measure::of("largest heap seen", heap, "bytes"));
    }
    // On a local master the driver is the executor.
    let local = run.profile.quality.local_master;
    let key = if local { "spark.driver.memory" } else { "spark.executor.memory" };
    let memory = run.setting(key).unwrap_or("1g where it is not set");
    let heap =
        heap.map(|heap| format!("; the largest heap seen is {}", bytes(heap))).unwrap_or_default();
    Some(
        found
            .advice(format!(
                "more memory per task: raise {key} ({memory}{heap}) or run fewer tasks at once (spark.executor.cores), make \
                 partitions smaller, and unpersist what is no longer read"
            ))
            .saving(saving),
    )
}
