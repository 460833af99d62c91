//! `failed-tasks`: tasks throw, and Spark runs them again or gives up.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::{StageAttempt, StageStatus};

/// Share of failed task ends from which they are worth a word.
const SHARE: f64 = 0.05;

pub(crate) const EXPLANATION: &str = "When a task throws, Spark runs it again, up to spark.task.maxFailures times, and fails the job after that. What the failed \
     attempt had done is lost, and the stage waits for the repetition. Retries hide errors in code and data until they no longer succeed.";

/// Reasons that are the cluster's, not the task's.
const OF_THE_CLUSTER: [&str; 4] =
    ["FetchFailed", "ExecutorLostFailure", "Resubmitted", "TaskResultLost"];

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let own: Vec<_> = stage
        .task_failures
        .iter()
        .filter(|failure| !failure.killed && !OF_THE_CLUSTER.contains(&failure.reason.as_str()))
        .collect();
    let (tasks, lost) = own.iter().fold((0_u64, 0_u64), |(tasks, lost), failure| {
        (tasks + failure.tasks, lost.saturating_add(failure.task_time))
    });
    let ends = stage.num_complete_tasks + stage.num_failed_tasks;
    let share = float(tasks) / float(ends.max(1));
    let failed = stage.status == StageStatus::Failed;
    let named = own.iter().any(|failure| failure.call_site.is_some());
    if tasks == 0 || !(failed || named || share > SHARE) {
        return None;
    }
    let first = own.first()?;
    let class = if first.class_name.is_empty() { &first.reason } else { &first.class_name };
    let line = first.call_site.as_deref().map(|line| format!(" at {line}")).unwrap_or_default();
    let end = if failed { ", and the stage failed" } else { "" };
    let noun = if tasks == 1 { "task attempt" } else { "task attempts" };
    Some(
        Found::of_stage("failed-tasks", Category::Algorithm, run, stage, EXPLANATION)
            .summary(format!(
                "stage {}: {tasks} {noun} of {ends} failed{end}; {class}{line}: {}",
                stage.stage_id, first.message
            ))
            .measure(Measure::of("failed task attempts", tasks, "tasks"))
            .measure(Measure::of("task ends", ends, "tasks"))
            .measure(Measure { name: "share of task ends", value: share, unit: "share" })
            .measure(Measure::of("time of failed attempts", lost, "ms"))
            .advice(match &first.call_site {
                Some(line) => format!("mend what throws at {line}, or handle the rows that make it throw; {} of task time was lost", time(lost)),
                None => format!("mend what throws, or handle the rows that make it throw; {} of task time was lost", time(lost)),
            })
            .weight(if failed { u64::MAX } else { lost.max(1) }),
    )
}
