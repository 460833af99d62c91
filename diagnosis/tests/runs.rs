//! Diagnoses of whole runs, each with a run that shows it and one that does not.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use eventlog::{Executor, Job, Profile, StageAttempt, StageStatus, TaskFailure, TaskSummary};

fn even(tasks: u64, each_ms: u64) -> TaskSummary {
    TaskSummary { tasks, duration: [each_ms; 5], ..TaskSummary::default() }
}

fn failure(reason: &str, message: &str, tasks: u64, task_time: u64, killed: bool) -> TaskFailure {
    TaskFailure {
        reason: reason.into(),
        message: message.into(),
        tasks,
        task_time,
        killed,
        ..TaskFailure::default()
    }
}

#[test]
fn cores_without_tasks_cost_money() {
    let mut profile = run(vec![stage(0, 300_000, even(100, 3_000))]);
    profile.executors =
        vec![Executor { total_cores: 16, added_ms: 1_000_000, ..Executor::default() }];
    let found = of(&profile);
    assert_eq!((found[0].id, found[0].saving_ms), ("idle-cluster", None));
    assert!(found[0].summary.contains("19 %"), "{}", found[0].summary);
    profile.executors[0].total_cores = 4;
    assert!(of(&profile).is_empty());
    profile.executors[0].total_cores = 16;
    profile.quality.local_master = true;
    assert!(of(&profile).is_empty());
}

#[test]
fn the_first_stage_waits_for_executors() {
    let mut first = stage(0, 10, even(4, 1));
    (first.submission_ms, first.first_task_launched_ms) = (Some(1_002_000), Some(1_042_000));
    let mut profile = run(vec![first]);
    assert_eq!((of(&profile)[0].id, of(&profile)[0].saving_ms), ("cold-start", Some((0, 40_000))));
    // 29 s are much of 100 s, and little of ten minutes; what a busy cluster takes is nothing.
    profile.stages[0].first_task_launched_ms = Some(1_031_000);
    assert_eq!(ids(&profile), ["cold-start"]);
    profile.application.end_ms = Some(1_600_000);
    assert!(of(&profile).is_empty());
    profile.application.end_ms = Some(1_020_000);
    profile.stages[0].first_task_launched_ms = Some(1_011_000);
    assert!(of(&profile).is_empty());
}

#[test]
fn a_lost_executor_costs_its_tasks_and_what_is_computed_again() {
    let mut map = stage(0, 100_000, even(10, 10_000));
    map.status = StageStatus::Complete;
    let mut again = stage(0, 40_000, even(4, 10_000));
    again.attempt_id = 1;
    let mut reduce = stage(1, 50_000, even(5, 10_000));
    reduce.task_failures = vec![failure("FetchFailed", "", 2, 7_000, false)];
    let mut profile = run(vec![map, again, reduce]);
    profile.executors = vec![Executor {
        id: "2".into(),
        removed_ms: Some(1_050_000),
        removed_reason: Some("Container from a bad node: exit status: 137\nmore".into()),
        ..Executor::default()
    }];
    let found = of(&profile);
    let loss = found.iter().find(|found| found.id == "executor-loss").unwrap();
    assert_eq!(
        (value(loss, "task time lost"), value(loss, "task time computed again")),
        (7_000.0, 40_000.0)
    );
    assert!(loss.summary.contains("exit status: 137") && !loss.summary.contains("more"));
    assert!(loss.advice.contains("memoryOverhead"));
    // An executor that was meant to go, with nothing computed again.
    profile.executors[0].removed_reason = Some("Executor killed by driver.".into());
    profile.stages.remove(1);
    profile.stages[1].task_failures.clear();
    assert!(of(&profile).is_empty());
}

#[test]
fn speculative_copies_that_lose_are_counted() {
    let words = "another attempt succeeded";
    let mut one = stage(0, 200_000, even(20, 10_000));
    one.task_failures = vec![failure("TaskKilled", words, 9, 90_000, true)];
    let mut profile = run(vec![one]);
    assert_eq!(ids(&profile), ["speculation-waste"]);
    // Copies that the end of their stage finds running; other tasks are killed then for other reasons.
    let failure = &mut profile.stages[0].task_failures[0];
    failure.message = "Stage finished".into();
    failure.speculative = true;
    assert_eq!(ids(&profile), ["speculation-waste"]);
    profile.stages[0].task_failures[0].speculative = false;
    assert!(!ids(&profile).contains(&"speculation-waste"));
    profile.stages[0].task_failures[0].message = "Stage cancelled".into();
    assert!(of(&profile).is_empty());
}

#[test]
fn results_at_the_driver_are_weighed_against_its_limit() {
    let mut collects = stage(0, 10_000, even(4, 2_500));
    collects.metrics.result_size = 150 << 20;
    let mut profile = run(vec![collects]);
    profile.jobs[0].call_site.short = "collect at /srv/job.py:9".into();
    let found = of(&profile);
    assert_eq!(found[0].id, "large-result");
    assert!(found[0].summary.contains("(collect at /srv/job.py:9) brings 150.0 MiB"));
    profile.stages[0].details =
        "org.apache.spark.sql.execution.exchange.BroadcastExchangeExec".into();
    assert!(of(&profile).is_empty());
    profile.stages[0].details = eventlog::ArcStr::new();
    profile.stages[0].metrics.result_size = 60 << 20;
    assert!(of(&profile).is_empty());
    profile.spark_properties.insert("spark.driver.maxResultSize".into(), "100m".into());
    assert_eq!(ids(&profile), ["large-result"]);
}

#[test]
fn many_short_jobs_of_one_line_are_one_diagnosis() {
    let mut profile = Profile { stages: vec![stage(0, 1_000, even(4, 250))], ..run(Vec::new()) };
    for id in 0..60 {
        let at = 1_000_000 + i64::from(id) * 1_000;
        profile.jobs.push(Job {
            job_id: u64::from(id as u32),
            submission_ms: at,
            completion_ms: Some(at + 200),
            call_site: eventlog::CallSite {
                short: "count at /srv/job.py:7".into(),
                ..eventlog::CallSite::default()
            },
            ..Job::default()
        });
    }
    let found = of(&profile);
    assert_eq!((found[0].id, found[0].saving_ms), ("many-jobs", Some((0, 12_000))));
    // Where the log has no line, jobs of different lines would be taken for one.
    for job in &mut profile.jobs {
        job.call_site.short = "count at NativeMethodAccessorImpl.java:0".into();
    }
    assert!(of(&profile).is_empty());
}

#[test]
fn files_read_by_several_executions_are_read_again() {
    let mut profile = run(vec![stage(0, 5_000, even(4, 1_250)), stage(1, 6_000, even(4, 1_500))]);
    for (at, execution) in profile.executions.iter_mut().enumerate() {
        execution.root_execution_id = execution.execution_id;
        execution.plan.name = "Scan parquet ".into();
        let filters = format!("[isnotnull(a#{at}L)]");
        execution.plan.metadata.insert("Location".into(), "InMemoryFileIndex[file:/data]".into());
        execution.plan.metadata.insert("DataFilters".into(), filters);
    }
    let found = of(&profile);
    assert_eq!((found[0].id, found[0].executions.as_slice()), ("repeated-scan", &[0, 1][..]));
    assert_eq!(found[0].stages, [(1, 0)], "the first read was needed");
    profile.executions[1].plan.metadata.insert("DataFilters".into(), "[(b#3 > 5)]".into());
    assert!(of(&profile).is_empty());
}

#[test]
fn what_would_save_little_of_the_run_is_dropped() {
    let waits = StageAttempt {
        submission_ms: Some(1_000_000),
        first_task_launched_ms: Some(1_031_000),
        ..StageAttempt::default()
    };
    let mut profile = run(vec![waits]);
    assert_eq!(ids(&profile), ["cold-start"]);
    // 31 s of three hours.
    profile.application.end_ms = Some(1_000_000 + 3 * 3_600_000);
    assert!(of(&profile).is_empty());
}
