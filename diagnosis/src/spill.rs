//! `disk-spill`: tasks had more to sort or to aggregate than their memory held.

use crate::format::bytes;
use crate::{Category, Diagnosis, Measure, executions_of};
use eventlog::{Profile, StageAttempt};

/// Spilled bytes of a stage from which it is worth a word.
const STAGE_BYTES: u64 = 256 << 20;

/// Spilled bytes of one task, if that is also [`UNEVEN`] times the median.
const TASK_BYTES: u64 = 128 << 20;

/// A task that spills this many times the median spills for its own reasons.
const UNEVEN: u64 = 5;

pub(crate) fn find(profile: &Profile, stage: &StageAttempt) -> Option<Diagnosis> {
    let on_disk = stage.metrics.disk_bytes_spilled;
    let [_, _, median, _, most] =
        stage.task_summary.map(|summary| summary.disk_bytes_spilled).unwrap_or_default();
    let one_task = most >= TASK_BYTES && most / UNEVEN > median;
    if on_disk < STAGE_BYTES && !one_task {
        return None;
    }
    Some(Diagnosis {
        id: "disk-spill",
        category: Category::Resource,
        stages: vec![(stage.stage_id, stage.attempt_id)],
        executions: executions_of(profile, stage),
        summary: format!(
            "stage {} spilled {} to disk; the most that one task spilled is {}, the median {}",
            stage.stage_id,
            bytes(on_disk),
            bytes(most),
            bytes(median)
        ),
        evidence: vec![
            Measure::of("spilled to disk", on_disk, "bytes"),
            Measure::of("spilled from memory", stage.metrics.memory_bytes_spilled, "bytes"),
            Measure::of("most spilled by a task", most, "bytes"),
            Measure::of("median spilled by a task", median, "bytes"),
            Measure::of("tasks", stage.num_tasks, "tasks"),
        ],
        caused_by: None,
        advice: if one_task {
            "even out the partitions first: few tasks hold what spills".to_owned()
        } else {
            "more and smaller partitions (spark.sql.shuffle.partitions, or a smaller spark.sql.files.maxPartitionBytes for a scan), or \
             more memory per core"
                .to_owned()
        },
        saving_ms: None,
    })
}
