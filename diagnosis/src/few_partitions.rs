//! `few-partitions`: a stage has fewer tasks than the cluster has cores for.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::{Category, Measure, executions_of, operators_of};
use eventlog::StageAttempt;

/// A shorter longest task is not worth splitting.
const LONG_MS: u64 = 2_000;

/// Share of the application's wall time that the stage must take, as its reciprocal.
const ONE_IN: u64 = 100;

pub(crate) const EXPLANATION: &str = "Spark runs one task for each partition, and a task on one core. This stage had fewer partitions than the cluster had \
     cores, so most cores had nothing to do while the few tasks worked on much data each.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let slots = run.slots(stage)?;
    let summary = stage.task_summary.filter(|summary| summary.tasks > 0)?;
    let (from, to) = (stage.submission_ms?, stage.completion_ms?);
    let wall = u64::try_from(to.saturating_sub(from)).ok()?;
    let longest = summary.duration[4];
    let tasks = stage.num_tasks.max(1);
    if tasks.saturating_mul(2) >= slots || longest < LONG_MS || wall < run.wall_ms() / ONE_IN {
        return None;
    }
    let pieces = slots.div_ceil(tasks);
    let before = saving::bound(longest, stage.task_duration, slots);
    let after = saving::bound(longest / pieces, stage.task_duration, slots);
    let saving = saving::of_stage(run, stage, before, after);
    let noun = if tasks == 1 { "task" } else { "tasks" };
    Some(
        Found::of_stage("few-partitions", Category::Resource, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} ran {tasks} {noun} of up to {} where {slots} could run at once",
                stage.stage_id,
                time(longest)
            ))
            .measure(Measure::of("tasks", tasks, "tasks"))
            .measure(Measure::of("tasks that could run at once", slots, "tasks"))
            .measure(Measure::of("longest task", longest, "ms"))
            .measure(Measure::of("wall time of the stage", wall, "ms"))
            .advice(advice(run, stage, tasks))
            .saving(saving),
    )
}

fn advice(run: &Run<'_>, stage: &StageAttempt, tasks: u64) -> String {
    let operators = operators_of(run.profile, stage);
    let has = |name: &str| operators.iter().any(|operator| operator.contains(name));
    if tasks == 1 && has("Window") {
        return "give the window a partitionBy: without one all rows go to one task".to_owned();
    }
    if stage.metrics.input_bytes > 0 {
        return "read with more partitions: files that can be split (no gzip, no multi-line text), a smaller spark.sql.files.maxPartitionBytes, \
                numPartitions with bounds for JDBC, or a repartition right after the read; and drop a coalesce that reaches up to the read"
            .to_owned();
    }
    if stage.metrics.shuffle_read_records > 0 {
        let adaptive = if run.is_adaptive() && !executions_of(run.profile, stage).is_empty() {
            ", or let adaptive execution coalesce less (spark.sql.adaptive.coalescePartitions.parallelismFirst, \
             spark.sql.adaptive.advisoryPartitionSizeInBytes)"
        } else {
            ""
        };
        return format!(
            "shuffle into more partitions (spark.sql.shuffle.partitions, or the operation's own number of partitions){adaptive}; repartition \
             instead of coalesce before heavy work"
        );
    }
    "split the work into more partitions: a larger number for parallelize or repartition".to_owned()
}
