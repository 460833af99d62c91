//! `last-wave`: a stage's last round of tasks leaves most cores without one.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Share of the rounds' time that must be lost.
const LOST: f64 = 0.2;

/// Upper over lower quartile up to which tasks count as even: only even tasks run in rounds.
const EVEN: f64 = 1.5;

/// A stage of more rounds loses little in its last.
const ROUNDS: u64 = 5;

/// A shorter stage, in milliseconds, is not worth tuning.
const LONG_MS: u64 = 5_000;

/// Share of the application's wall time that the stage must take, as its reciprocal.
const ONE_IN: u64 = 100;

pub(crate) const EXPLANATION: &str = "With more tasks than cores, tasks run in rounds. When their number is just above a multiple of the cores, the last round \
     has only a few tasks, and takes as long as a full one while most cores stand idle.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let slots = run.slots(stage)?;
    let summary = stage.task_summary?;
    let (from, to) = (stage.submission_ms?, stage.completion_ms?);
    let wall = u64::try_from(to.saturating_sub(from)).ok()?;
    let [_, low, median, high, longest] = summary.duration;
    let rounds = stage.num_tasks.div_ceil(slots);
    let even = float(high) <= EVEN * float(low.max(1)) && float(longest) <= 2.0 * float(median);
    if !(2..=ROUNDS).contains(&rounds) || !even || wall < LONG_MS.max(run.wall_ms() / ONE_IN) {
        return None;
    }
    let (taken, ideal) = (rounds * median, stage.task_duration / slots);
    let lost = float(taken.saturating_sub(ideal)) / float(taken.max(1));
    // What really happened has to show it too: the stage took as long as its rounds.
    if lost <= LOST || !(taken * 9 / 10..=taken * 3 / 2).contains(&wall) {
        return None;
    }
    let left = stage.num_tasks - (rounds - 1) * slots;
    Some(
        Found::of_stage("last-wave", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} runs its {} tasks of {} in {rounds} rounds on {slots} cores, and the last round has only {left}",
                stage.stage_id,
                stage.num_tasks,
                time(median)
            ))
            .measure(Measure::of("tasks", stage.num_tasks, "tasks"))
            .measure(Measure::of("tasks that could run at once", slots, "tasks"))
            .measure(Measure::of("tasks of the last round", left, "tasks"))
            .measure(Measure::of("median task", median, "ms"))
            .measure(Measure { name: "share of the rounds lost", value: lost, unit: "share" })
            .advice(format!(
                "make the number of partitions a multiple of the cores ({}, or {} smaller ones), or far larger than them",
                (rounds - 1).max(1) * slots,
                rounds * slots
            ))
            .saving(saving::of_stage(run, stage, taken, ideal)),
    )
}
