//! What a reader of logs easily gets wrong, in small logs that real Spark wrote (`tests/shapes`) and, where it can't be made to write one, in
//! lines of its form.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use std::path::Path;

use common::*;
use eventlog::{JobStatus, Profile, StageAttempt, StageStatus};

/// The log of a shape, of each version of Spark that wrote one.
fn shape(name: &str) -> Vec<Profile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/shapes/logs");
    let mut found = Vec::new();
    for version in ["3.5", "4.1"] {
        let mut path = folder.join(format!("{name}-{version}.zstd"));
        if !path.exists() {
            let Ok(entries) = std::fs::read_dir(folder.join(format!("{name}-{version}"))) else {
                continue;
            };
            path = entries.map(|entry| entry.unwrap().path()).next().unwrap();
        }
        let profile = read(&Disk::new(&path)).unwrap();
        assert!(profile.application.spark_version.starts_with(version), "{}", path.display());
        assert_eq!(profile.quality.truncated, None, "{}", path.display());
        found.push(profile);
    }
    if found.is_empty() {
        eprintln!("SKIPPED: no log of {name}");
    }
    found
}

fn stage(profile: &Profile, id: u64, attempt: u32) -> &StageAttempt {
    profile.attempts(id).find(|stage| stage.attempt_id == attempt).unwrap()
}

/// Complete, failed and killed tasks.
fn ends(stage: &StageAttempt) -> (u64, u64, u64) {
    (stage.num_complete_tasks, stage.num_failed_tasks, stage.num_killed_tasks)
}

fn operators(profile: &Profile, execution: u64) -> Vec<String> {
    let plan = &profile.execution(execution).unwrap().plan;
    plan.preorder().iter().map(|node| node.name.to_string()).collect()
}

#[test]
fn failed_tasks_cost_and_name_the_users_line() {
    for profile in shape("failed-tasks") {
        let stage = stage(&profile, 0, 0);
        assert_eq!((stage.status, ends(stage)), (StageStatus::Complete, (14, 4, 0)));
        assert_eq!(stage.num_measured_tasks, 18, "failed attempts carry metrics");
        assert_eq!(stage.task_summary.unwrap().tasks, 14, "quantiles are of those that succeeded");
        assert_eq!(stage.task_failures.len(), 4);
        for failure in &stage.task_failures {
            assert!(failure.message.starts_with("ValueError: first attempt at "), "{failure:?}");
            let place = failure.call_site.as_deref().unwrap_or_default();
            assert!(place.ends_with("failed-tasks.py:11") && !failure.killed, "{failure:?}");
        }
        assert_eq!(profile.jobs[0].status, JobStatus::Succeeded);
    }
}

#[test]
fn killed_tasks_are_not_failed_ones() {
    for profile in shape("killed-tasks") {
        let cancelled = stage(&profile, 0, 0);
        assert_eq!((cancelled.status, ends(cancelled)), (StageStatus::Failed, (0, 0, 2)));
        assert!(cancelled.failure_reason.as_ref().unwrap().contains("cancel"));
        assert_eq!(cancelled.task_summary, None, "no task succeeded");
        assert!(cancelled.metrics.executor_run_time > 0, "what they did cost all the same");
        let failed = stage(&profile, 1, 0);
        assert_eq!((failed.status, failed.num_failed_tasks), (StageStatus::Failed, 1));
        assert!(failed.num_killed_tasks >= 1);
        for failure in &failed.task_failures {
            assert_eq!(failure.killed, failure.reason == "TaskKilled", "{failure:?}");
            // The reason of a kill tells why another task failed: not this one's line.
            assert_eq!(failure.call_site.is_some(), !failure.killed, "{failure:?}");
            assert_ne!(failure.message, "Driver stacktrace:");
        }
        let statuses: Vec<JobStatus> = profile.jobs.iter().map(|job| job.status).collect();
        assert_eq!(statuses, [JobStatus::Failed, JobStatus::Failed, JobStatus::Succeeded]);
        assert_eq!(profile.quality.missing_task_ends, 0, "a failed stage owes none");
    }
}

#[test]
fn a_speculative_copy_counts_once_and_its_original_is_killed() {
    for profile in shape("speculation") {
        let stage = stage(&profile, 0, 0);
        assert_eq!((stage.num_tasks, ends(stage)), (8, (8, 0, 1)));
        assert_eq!(stage.num_measured_tasks, 9);
        let longest = stage.task_summary.unwrap().duration[4];
        assert!(stage.metrics.executor_run_time > longest + 10_000, "the killed one cost most");
        assert_eq!(stage.executor_shares.values().map(|share| share.tasks).sum::<u64>(), 8);
        assert!(!profile.quality.local_master);
    }
}

#[test]
fn a_lost_executor_costs_its_task_and_is_named() {
    for profile in shape("executor-loss") {
        let stage = stage(&profile, 0, 0);
        assert_eq!((stage.num_tasks, ends(stage)), (6, (6, 1, 0)));
        assert_eq!(stage.num_measured_tasks, 6, "the lost task left no metrics");
        let [failure] = &stage.task_failures[..] else { panic!("{:?}", stage.task_failures) };
        assert_eq!(failure.reason, "ExecutorLostFailure");
        assert!(failure.message.contains("137"), "{failure:?}");
        let gone: Vec<_> = profile.executors.iter().filter(|it| it.removed_ms.is_some()).collect();
        assert_eq!(gone.len(), 1);
        assert!(gone[0].removed_reason.as_ref().unwrap().contains("137"));
    }
}

#[test]
fn a_fetch_failure_makes_attempts_of_two_stages() {
    for profile in shape("stage-retry") {
        let attempts: Vec<_> =
            profile.stages.iter().map(|it| (it.stage_id, it.attempt_id, it.status)).collect();
        use StageStatus::{Complete, Failed};
        let expected = [
            (0, 0, Complete),
            (0, 1, Complete),
            (1, 0, Failed),
            (1, 1, Complete),
            (3, 0, Complete),
        ];
        assert_eq!(attempts, expected);
        let failed = stage(&profile, 1, 0);
        assert!(failed.failure_reason.as_ref().unwrap().contains("FetchFailed"));
        let fetches = failed.task_failures.iter().filter(|failure| failure.reason == "FetchFailed");
        assert!(fetches.map(|failure| failure.tasks).sum::<u64>() >= 1);
        // The second attempts do what is left, and what the first ones did stays theirs.
        let both = failed.num_complete_tasks + stage(&profile, 1, 1).num_complete_tasks;
        assert_eq!(both, failed.num_tasks);
        let again = stage(&profile, 0, 1);
        assert!(again.num_tasks < 6 && again.num_complete_tasks == again.num_tasks);
        assert_eq!(again.job_ids, [0]);
        assert_eq!(profile.quality.missing_task_ends, 0);
        assert_eq!(profile.jobs[0].status, JobStatus::Succeeded);
    }
}

#[test]
fn resubmitted_tasks_are_done_twice() {
    for profile in shape("resubmitted-tasks") {
        let stage = stage(&profile, 0, 0);
        let resubmitted =
            stage.task_failures.iter().find(|it| it.reason == "Resubmitted").unwrap().tasks;
        assert!(resubmitted > 0);
        assert_eq!(stage.num_complete_tasks, stage.num_tasks + resubmitted, "both times count");
        assert_eq!(stage.num_measured_tasks, stage.num_complete_tasks, "the word itself has none");
        assert_eq!(stage.status, StageStatus::Complete);
    }
}

#[test]
fn executors_come_and_go_with_dynamic_allocation() {
    for profile in shape("dynamic-allocation") {
        let gone: Vec<_> = profile.executors.iter().filter(|it| it.removed_ms.is_some()).collect();
        assert!(profile.executors.len() > 4 && !gone.is_empty(), "{:?}", profile.executors);
        for executor in gone {
            assert!(executor.removed_ms.unwrap() > executor.added_ms);
        }
        let mut added = profile.executors.iter().map(|it| it.added_ms);
        let first = added.next().unwrap();
        assert!(added.any(|at| at > first + 5_000), "some came later");
        let used: u64 = profile.stages.iter().map(|it| it.num_complete_tasks).sum();
        let shared = profile.stages.iter().flat_map(|it| it.executor_shares.values());
        assert_eq!(shared.map(|share| share.tasks).sum::<u64>(), used);
    }
}

#[test]
fn skipped_stages_are_the_jobs_but_never_ran() {
    for profile in shape("skipped-stages") {
        let ran: Vec<u64> = profile.stages.iter().map(|stage| stage.stage_id).collect();
        let announced: Vec<u64> =
            profile.jobs.iter().flat_map(|job| job.stage_ids.clone()).collect();
        let skipped: Vec<&u64> = announced.iter().filter(|id| !ran.contains(id)).collect();
        assert!(ran.len() + skipped.len() == announced.len() && skipped.len() >= 4, "{skipped:?}");
        assert!(profile.jobs.iter().all(|job| job.status == JobStatus::Succeeded));
        // What the skipped stages made is read all the same.
        let again = &profile.jobs[1];
        let last = stage(&profile, again.stage_ids[1], 0);
        assert!(last.metrics.shuffle_read_records > 0);
    }
}

#[test]
fn jobs_without_stages_and_executions_without_jobs_are_what_they_are() {
    for profile in shape("nothing-to-do") {
        let empty: Vec<_> = profile.jobs.iter().filter(|job| job.stage_ids.is_empty()).collect();
        assert!(!empty.is_empty());
        assert!(empty.iter().all(|job| job.status == JobStatus::Succeeded));
        assert!(empty.iter().all(|job| job.call_site.short.contains("nothing-to-do.py:")));
        // A stage without tasks is announced and never submitted.
        let ran: Vec<u64> = profile.stages.iter().map(|stage| stage.stage_id).collect();
        assert!(profile.jobs.iter().flat_map(|job| &job.stage_ids).any(|id| !ran.contains(id)));
        assert!(profile.executions.iter().any(|it| it.job_ids.is_empty() && it.end_ms.is_some()));
        // Tasks without rows are tasks.
        let last = profile.stages.last().unwrap();
        assert_eq!((last.num_complete_tasks, last.metrics.input_records), (3, 0));
    }
    // A stage without tasks that is submitted all the same, as Spark before 2.4 did.
    let profile =
        of(&[start(), job(0, "0", None), submitted(0, 0, 0), completed(0, 0, 0, "[]", ""), end()]);
    let stage = stage(&profile, 0, 0);
    assert_eq!(
        (stage.status, ends(stage), stage.task_summary),
        (StageStatus::Complete, (0, 0, 0), None)
    );
    assert_eq!(profile.quality.missing_task_ends, 0);
}

#[test]
fn nested_executions_name_their_root() {
    for profile in shape("nested-executions") {
        let nested: Vec<_> = profile
            .executions
            .iter()
            .filter(|execution| execution.root_execution_id != execution.execution_id)
            .collect();
        assert!(nested.len() >= 2, "{nested:?}");
        for execution in nested {
            let root = profile.execution(execution.root_execution_id).unwrap();
            assert_eq!(root.root_execution_id, root.execution_id);
            assert!(
                root.plan.name.contains("TableAsSelect") || root.plan.name.contains("CacheTable"),
                "{}",
                root.plan.name
            );
            // The work is the child's, and its jobs know both.
            assert!(root.job_ids.is_empty() && !execution.job_ids.is_empty());
            for &job in &execution.job_ids {
                assert_eq!(profile.job(job).unwrap().root_execution_id, Some(root.execution_id));
            }
        }
    }
}

#[test]
fn the_final_plan_is_the_one_that_ran() {
    for profile in shape("adaptive-plans") {
        let has = |execution: u64, name: &str| {
            operators(&profile, execution).iter().any(|operator| operator == name)
        };
        assert!(has(0, "AQEShuffleRead"), "coalesced partitions");
        assert!(has(1, "SortMergeJoin") && has(1, "AQEShuffleRead"));
        // The other side of a join with nothing is not needed: the join is gone from the plan.
        assert!(!has(2, "SortMergeJoin"), "{:?}", operators(&profile, 2));
        for execution in &profile.executions {
            assert_eq!(execution.plan.name, "AdaptiveSparkPlan");
            assert!(!execution.metric_values.is_empty());
        }
        assert_eq!(profile.quality.unfinished_executions, 0);
    }
}

#[test]
fn a_reused_exchange_repeats_its_accumulators_and_counts_once() {
    for profile in shape("reused-exchange") {
        let execution = profile.execution(0).unwrap();
        let nodes = execution.plan.preorder();
        assert!(
            nodes.iter().any(|node| node.name == "ReusedExchange"),
            "{:?}",
            operators(&profile, 0)
        );
        // One stage wrote the shuffle that two sides read.
        let written: Vec<_> = nodes
            .iter()
            .filter(|node| node.name == "Exchange")
            .filter_map(|node| execution.metric(node, "shuffle records written"))
            .collect();
        let stages = profile
            .stages
            .iter()
            .filter(|stage| stage.job_ids.iter().any(|job| execution.job_ids.contains(job)));
        let total: u64 = stages.map(|stage| stage.metrics.shuffle_write_records).sum();
        let mut ids: Vec<u64> = nodes
            .iter()
            .filter(|node| node.name == "Exchange")
            .flat_map(|node| &node.metrics)
            .filter(|metric| metric.name == "shuffle records written")
            .map(|metric| metric.accumulator_id)
            .collect();
        let repeated = ids.len();
        ids.sort_unstable();
        ids.dedup();
        let distinct: i64 = ids.iter().filter_map(|id| execution.metric_values.get(id)).sum();
        assert_eq!(u64::try_from(distinct).unwrap(), total, "{written:?}");
        assert!(repeated >= ids.len());
    }
}

#[test]
fn cached_data_is_told_by_its_rdds_and_scans() {
    for profile in shape("cached-data") {
        let persisted = |stage: &StageAttempt| stage.rdds.iter().any(|rdd| rdd.persisted);
        assert!(profile.stages.iter().filter(|stage| persisted(stage)).count() >= 4);
        for execution in [0, 1] {
            assert!(operators(&profile, execution).iter().any(|name| name == "InMemoryTableScan"));
        }
        assert!(
            profile.cached_rdds.len() == 2
                && profile.cached_rdds.values().all(|cached| cached.bytes > 0)
        );
        assert!(profile.executors[0].max_memory.is_some_and(|bytes| bytes < 512 << 20));
    }
}

#[test]
fn resource_profiles_change_nothing_of_what_is_counted() {
    for profile in shape("resource-profile") {
        assert_eq!(profile.stages.len(), 2);
        assert!(profile.stages.iter().all(|stage| stage.num_complete_tasks == stage.num_tasks));
        assert_eq!(profile.quality.unknown_events["SparkListenerResourceProfileAdded"], 2);
        assert!(profile.executors.iter().all(|executor| executor.total_cores == 2));
    }
}

#[test]
fn batches_of_a_stream_are_executions_with_a_root() {
    for profile in shape("streaming") {
        let progress = profile
            .quality
            .unknown_events
            .iter()
            .find(|(name, _)| name.ends_with("StreamingQueryListener$QueryProgressEvent"));
        assert!(progress.is_some_and(|(_, count)| *count >= 3), "counted and left out");
        // What a function does with a batch hangs below the batch's execution.
        let batches: Vec<_> = profile
            .executions
            .iter()
            .filter(|execution| execution.root_execution_id != execution.execution_id)
            .collect();
        assert!(batches.len() >= 6, "{}", batches.len());
        assert!(profile.jobs.iter().any(|job| {
            job.description.as_ref().is_some_and(|it| it.contains("runId"))
                && job.execution_id.is_some()
        }));
        assert_eq!(profile.quality.unfinished_executions, 0);
    }
}

#[test]
fn a_compacted_log_says_so_and_keeps_what_is_left() {
    for profile in shape("compacted") {
        assert!(profile.quality.compacted && profile.quality.has_application_start);
        // The jobs at the front are gone with their stages; the others are whole.
        assert!(profile.jobs[0].job_id > 0);
        assert!(profile.jobs.iter().all(|job| job.status == JobStatus::Succeeded));
        for stage in &profile.stages {
            assert_eq!(stage.num_complete_tasks, stage.num_tasks);
        }
        assert_eq!(profile.quality.missing_task_ends, 0);
    }
}

#[test]
fn without_its_ends_a_run_is_what_was_seen_of_it() {
    // Neither the application, nor its execution, job and stage came to an end.
    let lines: Vec<String> = sample()
        .into_iter()
        .filter(|line| {
            !["ApplicationEnd", "SQLExecutionEnd", "JobEnd", "StageCompleted"]
                .iter()
                .any(|end| line.contains(end))
        })
        .collect();
    let profile = of(&lines);
    let quality = &profile.quality;
    assert!(!quality.has_application_end && profile.application.end_ms.is_none());
    assert_eq!(quality.unfinished_executions, 1);
    assert_eq!(profile.jobs[0].status, JobStatus::Running);
    let stage = &profile.stages[0];
    assert_eq!((stage.status, ends(stage)), (StageStatus::Active, (2, 0, 0)));
    assert_eq!(stage.task_summary.unwrap().tasks, 2);
    assert_eq!(quality.missing_task_ends, 0, "more may come");
    assert!(profile.application.duration_ms() > 0, "up to the last event");
    let execution = profile.execution(0).unwrap();
    assert_eq!(execution.metric_values[&5], 10, "what tasks added counts before their stage ends");
}

#[test]
fn lost_task_ends_are_counted() {
    let lines: Vec<String> =
        sample().into_iter().enumerate().filter(|(at, _)| *at != 8).map(|(_, line)| line).collect();
    let profile = of(&lines);
    assert_eq!((profile.quality.missing_task_ends, profile.stages[0].num_tasks), (1, 2));
    assert_eq!(profile.stages[0].num_complete_tasks, 1);
    // The stage's own total survives the loss.
    assert_eq!(profile.execution(0).unwrap().metric_values[&5], 10);
}

#[test]
fn attempts_of_an_application_are_runs_of_their_own() {
    let attempt = |number: u32| {
        let start = start().replace(
            r#""App ID":"app-1","#,
            &format!(r#""App ID":"app-1","App Attempt ID":"{number}","#),
        );
        let mut lines = sample();
        lines[1] = start;
        of(&lines)
    };
    let (first, second) = (attempt(1), attempt(2));
    assert_eq!(first.application.id, second.application.id);
    assert_eq!(
        (first.application.attempt_id.as_deref(), second.application.attempt_id.as_deref()),
        (Some("1"), Some("2"))
    );
    // The same run in two files is the same in all but its source.
    let again = read(&Memory(vec![("copy".to_owned(), log(&sample()).into_bytes())])).unwrap();
    assert_eq!(again, of(&sample()));
}
