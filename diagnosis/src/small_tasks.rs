//! `small-tasks`: so many tasks of so little work that scheduling them is much of the cost.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::skew::float;
use crate::{Category, Measure, executions_of};
use eventlog::{Profile, StageAttempt};

/// Fewer tasks cost little to schedule.
const MIN_TASKS: u64 = 100;

/// A median task below this many milliseconds is small.
const SMALL_MS: u64 = 500;

/// No task may take this many milliseconds. The usual condition is on the 95th percentile, which the profile has not; the
/// maximum implies it.
const LONGEST_MS: u64 = 1_000;

/// Unless this share of the time that tasks held their slots went by before and after they ran.
const OVERHEAD: f64 = 0.2;

/// A task that is worth its cost runs for about this many milliseconds.
const WORTH_MS: u64 = 1_000;

pub(crate) const EXPLANATION: &str = "Sending a task to an executor, starting it and taking its result costs some milliseconds and the driver's attention, however little it \
     does. With very many tasks of very little work that is much of the cost.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let profile = run.profile;
    let small = |stage: &&StageAttempt| {
        stage.task_summary.is_some_and(|summary| {
            summary.tasks >= MIN_TASKS
                && summary.duration[2] < SMALL_MS
                && (summary.duration[4] < LONGEST_MS
                    || float(overhead_ms(stage)) > OVERHEAD * float(stage.task_duration))
        })
    };
    let stages: Vec<&StageAttempt> = profile.stages.iter().filter(small).collect();
    let weight_ms =
        stages.iter().map(|stage| stage.metrics.executor_run_time).fold(0, u64::saturating_add);
    if stages.is_empty() || !run.is_worth_task_time(weight_ms) {
        return None;
    }
    let tasks: u64 =
        stages.iter().map(|stage| stage.num_complete_tasks).fold(0, u64::saturating_add);
    let overhead: u64 = stages.iter().map(|stage| overhead_ms(stage)).fold(0, u64::saturating_add);
    let largest_median = stages
        .iter()
        .filter_map(|stage| stage.task_summary)
        .map(|summary| summary.duration[2])
        .max()
        .unwrap_or(0);
    let noun = if stages.len() == 1 { "stage runs" } else { "stages run" };
    Some(
        Found::new("small-tasks", Category::Resource, EXPLANATION)
            .stages(run, &stages)
            .summary(format!(
                "{} {noun} {tasks} tasks of at most {} in the median",
                stages.len(),
                time(largest_median)
            ))
            .measure(Measure::of("tasks", tasks, "tasks"))
            .measure(Measure::of("largest median task", largest_median, "ms"))
            .measure(Measure::of("task time", weight_ms, "ms"))
            .measure(Measure::of("time around it", overhead, "ms"))
            .advice(advice(profile, &stages))
            .saving(saving(run, &stages)),
    )
}

/// Time in which the successful tasks of a stage held their slots and did not run: the way to the executor, deserialization, the result's way
/// back.
fn overhead_ms(stage: &StageAttempt) -> u64 {
    stage.task_duration.saturating_sub(stage.metrics.executor_run_time)
}

/// What fewer tasks would save, each of which costs what one does now.
fn saving(run: &Run<'_>, stages: &[&StageAttempt]) -> Option<(u64, u64)> {
    let of = |stage: &&StageAttempt| {
        let slots = run.slots(stage)?;
        let tasks = stage.num_complete_tasks.max(1);
        let enough = (stage.metrics.executor_run_time / WORTH_MS).max(slots).min(tasks);
        let spared =
            u128::from(overhead_ms(stage)) * u128::from(tasks - enough) / u128::from(tasks);
        let spared = u64::try_from(spared).ok()?;
        let longest = stage.task_summary.map_or(0, |summary| summary.duration[4]);
        let before = saving::bound(longest, stage.task_duration, slots);
        let after = saving::bound(longest, stage.task_duration.saturating_sub(spared), slots);
        saving::of_stage(run, stage, before, after)
    };
    let sum = |sum: (u64, u64), one: (u64, u64)| {
        (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
    };
    // Stages that ran side by side can't save the same time twice.
    let most = run.wall_ms();
    stages.iter().filter_map(of).reduce(sum).map(|(low, high)| (low.min(most), high.min(most)))
}

fn advice(profile: &Profile, stages: &[&StageAttempt]) -> String {
    let shuffled = stages.iter().any(|stage| {
        stage.metrics.shuffle_read_records > 0 && !executions_of(profile, stage).is_empty()
    });
    let scans = stages.iter().any(|stage| stage.metrics.input_bytes > 0);
    let mut ways = Vec::new();
    if shuffled {
        let setting = profile
            .spark_properties
            .get("spark.sql.shuffle.partitions")
            .map_or("200 where it is not set", String::as_str);
        ways.push(format!(
            "lower spark.sql.shuffle.partitions ({setting}), or let adaptive execution coalesce further \
             (spark.sql.adaptive.coalescePartitions.parallelismFirst=false)"
        ));
    }
    if scans {
        ways.push(
            "compact small input files, or raise spark.sql.files.maxPartitionBytes".to_owned(),
        );
    }
    ways.push("drop a repartition to so many, or coalesce before the work".to_owned());
    format!("fewer, larger partitions: {}", ways.join("; "))
}
