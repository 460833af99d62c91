//! `large-partitions`: a task reads more than its memory can be expected to hold.

use crate::format::bytes;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Bytes of one task from which it is a risk.
const LARGE: u64 = 2 << 30;

/// Shuffled bytes of a stage from which the mean task is looked at, and the mean that is too much.
const STAGE: u64 = 1 << 30;
const MEAN: u64 = 256 << 20;

pub(crate) const EXPLANATION: &str = "A task works on one partition, with its share of the executor's memory. Partitions of this size make tasks spill to \
     disk or run out of memory, and one that fails is repeated from its start. Around 128 MB per partition is what Spark's own defaults aim at.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let summary = stage.task_summary?;
    let most = summary.input_bytes[4].max(summary.shuffle_read_bytes[4]);
    let shuffled = stage.metrics.shuffle_read_bytes;
    let mean = shuffled / stage.num_complete_tasks.max(1);
    let heavy_shuffle = shuffled >= STAGE && mean > MEAN;
    if most < LARGE && !heavy_shuffle {
        return None;
    }
    let wanted = shuffled.max(stage.metrics.input_bytes).div_ceil(128 << 20);
    let how = if summary.shuffle_read_bytes[4] >= summary.input_bytes[4] {
        "shuffle partitions (spark.sql.shuffle.partitions, or the operation's own number)"
    } else {
        "input partitions (spark.sql.files.maxPartitionBytes, files that can be split)"
    };
    Some(
        Found::of_stage("large-partitions", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} reads up to {} in one task{}",
                stage.stage_id,
                bytes(most),
                if shuffled > 0 {
                    format!(", {} shuffled in the mean", bytes(mean))
                } else {
                    String::new()
                }
            ))
            .measure(Measure::of("most read by a task", most, "bytes"))
            .measure(Measure::of("mean shuffle read of a task", mean, "bytes"))
            .measure(Measure::of("tasks", stage.num_complete_tasks, "tasks"))
            .advice(format!("more {how}: about {wanted} of 128 MiB each")),
    )
}
