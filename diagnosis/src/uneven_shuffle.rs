//! `uneven-shuffle`: one task reads far more of a shuffle than the others do, though it does not yet take long.

use crate::format::bytes;
use crate::found::Found;
use crate::run::Run;
use crate::skew::{self, MIN_TASKS, float};
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Largest over median shuffle read, and bytes of the largest: from there adaptive execution takes a join's partition for skewed
/// (`SQLConf.SKEW_JOIN_SKEWED_PARTITION_FACTOR` and `…_THRESHOLD`).
const RATIO: u64 = 5;
const LARGE: u64 = 256 << 20;

pub(crate) const EXPLANATION: &str = "A shuffle brings rows of one key to one task. When one key, or a few that meet in one partition, has far more rows than the others, the task \
     that gets them needs far more memory, and as the data grows it will be the one that everybody waits for.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let summary = stage.task_summary.filter(|summary| summary.tasks >= MIN_TASKS)?;
    let [_, _, median, _, most] = summary.shuffle_read_bytes;
    // With a median of nothing most partitions are empty, which a small number of keys explains.
    if median == 0 || most <= LARGE || most / RATIO <= median || skew::find(run, stage).is_some() {
        return None;
    }
    Some(
        Found::of_stage("uneven-shuffle", Category::Data, run, stage, EXPLANATION)
            .summary(format!(
                "one task of stage {} reads {} of the shuffle, {:.1} times the median of {}",
                stage.stage_id,
                bytes(most),
                float(most) / float(median),
                bytes(median)
            ))
            .measure(Measure::of("tasks", summary.tasks, "tasks"))
            .measure(Measure::of("median shuffle read", median, "bytes"))
            .measure(Measure::of("largest shuffle read", most, "bytes"))
            .measure(Measure { name: "largest over median", value: float(most) / float(median), unit: "ratio" })
            .advice("look for the key that most rows have (often a null or a default value): treat it apart, add a salt to it, or aggregate before the shuffle"),
    )
}
