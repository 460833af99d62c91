//! `fetch-wait`: tasks wait for shuffle blocks of other executors.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Task time of a stage from which a share of it says something, milliseconds.
const RUN_MS: u64 = 10_000;

/// Share of task time that is worth a word.
const SHARE: f64 = 0.2;

pub(crate) const EXPLANATION: &str = "Before a join, a grouping or a sort, rows of one key are brought together: each task fetches its part from every executor. \
     Here tasks spent much of their time waiting for these parts, because much is moved or because network and disks are slow.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let metrics = &stage.metrics;
    let (run_ms, wait) = (metrics.executor_run_time, metrics.shuffle_fetch_wait_time);
    let share = float(wait) / float(run_ms.max(1));
    if run_ms < RUN_MS || share <= SHARE {
        return None;
    }
    let saving = run.slots(stage).zip(stage.task_summary).and_then(|(slots, summary)| {
        let longest = summary.duration[4];
        let before = saving::bound(longest, stage.task_duration, slots);
        let after = saving::bound(
            longest.saturating_sub(summary.shuffle_fetch_wait_time[4]),
            stage.task_duration.saturating_sub(wait),
            slots,
        );
        saving::of_stage(run, stage, before, after).map(|(_, most)| (0, most))
    });
    Some(
        Found::of_stage("fetch-wait", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} waits for shuffle blocks for {} of {} task time, {:.0} %; it fetches {} from other executors",
                stage.stage_id,
                time(wait),
                time(run_ms),
                share * 100.0,
                bytes(metrics.shuffle_remote_bytes_read)
            ))
            .measure(Measure::of("fetch wait", wait, "ms"))
            .measure(Measure::of("task time", run_ms, "ms"))
            .measure(Measure { name: "share of task time", value: share, unit: "share" })
            .measure(Measure::of("read from other executors", metrics.shuffle_remote_bytes_read, "bytes"))
            .advice(
                "shuffle less first (filter, aggregate or drop columns before it, broadcast a small side); then look at disks and network, at \
                 executors that are few and large instead of many and small, and at spark.reducer.maxSizeInFlight",
            )
            .saving(saving),
    )
}
