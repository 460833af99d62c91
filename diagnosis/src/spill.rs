//! `disk-spill`: tasks had more to sort or to aggregate than their memory held.

use crate::format::bytes;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Spilled bytes of a stage from which it is worth a word.
const STAGE_BYTES: u64 = 256 << 20;

/// Spilled bytes of one task, if that is also [`UNEVEN`] times the median.
const TASK_BYTES: u64 = 128 << 20;

/// A task that spills this many times the median spills for its own reasons.
const UNEVEN: u64 = 5;

pub(crate) const EXPLANATION: &str = "Sorting, grouping and joining need memory for the rows of a partition. When a task's share of it is full, Spark writes rows \
     to disk and reads them again later: the result is right, but each row is serialized, written and read once more.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let on_disk = stage.metrics.disk_bytes_spilled;
    let [_, _, median, _, most] =
        stage.task_summary.map(|summary| summary.disk_bytes_spilled).unwrap_or_default();
    let one_task = most >= TASK_BYTES && most / UNEVEN > median;
    if on_disk < STAGE_BYTES && !one_task {
        return None;
    }
    Some(
        Found::of_stage("disk-spill", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} spilled {} to disk; the most that one task spilled is {}, the median {}",
                stage.stage_id,
                bytes(on_disk),
                bytes(most),
                bytes(median)
            ))
            .measure(Measure::of("spilled to disk", on_disk, "bytes"))
            .measure(Measure::of("spilled from memory", stage.metrics.memory_bytes_spilled, "bytes"))
            .measure(Measure::of("most spilled by a task", most, "bytes"))
            .measure(Measure::of("median spilled by a task", median, "bytes"))
            .measure(Measure::of("tasks", stage.num_tasks, "tasks"))
            .advice(if one_task {
                "even out the partitions first: few tasks hold what spills"
            } else {
                "more and smaller partitions (spark.sql.shuffle.partitions, or a smaller spark.sql.files.maxPartitionBytes for a scan), or \
                 more memory per core"
            }),
    )
}
