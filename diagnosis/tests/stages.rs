//! Diagnoses of single stages, each with a stage that shows it and one that does not.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use diagnosis::Category;
use eventlog::{Executor, Profile, StageAttempt, StageStatus, Task, TaskFailure, TaskSummary};

/// A run of 100 s on so many cores, in which these stages ran from the tenth second to the sixtieth.
fn cluster(cores: u32, mut stages: Vec<StageAttempt>) -> Profile {
    for stage in &mut stages {
        (stage.submission_ms, stage.completion_ms) = (Some(1_010_000), Some(1_060_000));
    }
    let mut profile = run(stages);
    let executor = |host: &str| Executor {
        host: host.into(),
        total_cores: cores / 2,
        added_ms: 1_000_000,
        ..Executor::default()
    };
    profile.executors = vec![executor("a"), executor("b")];
    profile.application.spark_version = "3.5.9".into();
    // Or each of them would be told to have idle cores.
    profile.quality.local_master = true;
    profile
}

fn even(tasks: u64, each_ms: u64) -> TaskSummary {
    TaskSummary { tasks, duration: [each_ms; 5], ..TaskSummary::default() }
}

fn slow(duration: u64) -> TaskSummary {
    TaskSummary {
        tasks: 20,
        duration: [900, 950, 1_000, 1_100, duration],
        ..TaskSummary::default()
    }
}

#[test]
fn skew_saves_what_lies_between_the_slowest_task_and_an_even_spread() {
    let mut skew =
        stage(0, 30_000, TaskSummary { duration: [900, 950, 1_000, 1_100, 40_000], ..skewed() });
    skew.task_duration = 60_000;
    let profile = cluster(4, vec![skew.clone()]);
    // Evenly on four cores the 60 s take 15 s; the slowest task alone took 40 s, the stage 50 s.
    assert_eq!(of(&profile)[0].saving_ms, Some((25_000, 25_000)));
    // Beside another stage, less of that may be saved.
    let mut other = stage(1, 30_000, even(4, 1_000));
    (other.submission_ms, other.completion_ms) = (Some(1_010_000), Some(1_040_000));
    let mut profile = cluster(4, vec![skew]);
    profile.stages.push(other);
    assert_eq!(of(&profile)[0].saving_ms, Some((10_000, 25_000)));
}

#[test]
fn adaptive_execution_is_advised_where_it_is_off() {
    let mut profile = cluster(4, vec![stage(0, 30_000, skewed())]);
    assert!(of(&profile)[0].advice.contains("from 256.0 MiB on"), "{}", of(&profile)[0].advice);
    profile.spark_properties.insert("spark.sql.adaptive.enabled".into(), "false".into());
    assert!(of(&profile)[0].advice.contains("switched off"));
    profile.spark_properties.clear();
    profile.application.spark_version = "3.1.2".into();
    assert!(of(&profile)[0].advice.contains("switched off"));
}

#[test]
fn stragglers_are_told_by_what_made_them_slow() {
    let why = |summary: TaskSummary, host: &str| {
        let mut one = stage(0, 30_000, summary);
        let first = one.longest_tasks[0].clone();
        one.longest_tasks = [10_000, 9_000, 8_000]
            .map(|duration| Task { duration, host: host.into(), ..first.clone() })
            .to_vec();
        let found = of(&cluster(4, vec![one]));
        assert_eq!((found[0].id, found[0].category), ("straggler", Category::Resource));
        found[0].summary.clone()
    };
    let gc = TaskSummary { jvm_gc_time: [0, 0, 10, 10, 6_000], ..slow(10_000) };
    assert!(why(gc, "a").contains("garbage collection took 6.0 s"));
    let fetch = TaskSummary { shuffle_fetch_wait_time: [0, 0, 10, 10, 6_000], ..slow(10_000) };
    assert!(why(fetch, "a").contains("waited 6.0 s for shuffle blocks"));
    assert!(why(slow(10_000), "b").contains("ran on host b"));
    // One slow task says nothing of its host.
    let alone = of(&cluster(4, vec![stage(0, 30_000, slow(10_000))]));
    assert!(alone[0].summary.contains("neither data"), "{}", alone[0].summary);
    assert_eq!(alone[0].saving_ms.map(|(least, _)| least), Some(0));
}

#[test]
fn a_straggler_of_few_seconds_is_not_worth_a_word() {
    assert!(of(&cluster(4, vec![stage(0, 30_000, slow(4_900))])).is_empty());
}

#[test]
fn few_partitions_leave_cores_idle() {
    let mut few = stage(0, 80_000, even(2, 40_000));
    few.metrics.shuffle_read_records = 10;
    let profile = cluster(8, vec![few.clone()]);
    let found = of(&profile);
    assert_eq!((found[0].id, found[0].saving_ms), ("few-partitions", Some((30_000, 30_000))));
    assert!(found[0].advice.contains("spark.sql.shuffle.partitions"), "{}", found[0].advice);
    // Half of the cores had a task, or the stage is short.
    assert!(of(&cluster(4, vec![few])).is_empty());
    assert!(of(&cluster(8, vec![stage(0, 1_600, even(2, 800))])).is_empty());
}

#[test]
fn a_last_round_of_few_tasks_is_lost_time() {
    // Nine tasks of 25 s on eight cores take 50 s; ideal are 28 s.
    let found = of(&cluster(8, vec![stage(0, 225_000, even(9, 25_000))]));
    assert_eq!(found[0].id, "last-wave");
    assert_eq!(found[0].saving_ms, Some((21_875, 21_875)));
    assert_eq!(value(&found[0], "tasks of the last round"), 1.0);
    assert!(of(&cluster(8, vec![stage(0, 400_000, even(16, 25_000))])).is_empty(), "full rounds");
    assert!(
        of(&cluster(8, vec![stage(0, 9_000, even(9, 1_000))])).is_empty(),
        "the stage waited for something else"
    );
}

#[test]
fn large_partitions_are_a_risk() {
    let large = TaskSummary { input_bytes: [3 << 30; 5], ..even(8, 1_000) };
    let found = of(&cluster(8, vec![stage(0, 8_000, large)]));
    assert_eq!((found[0].id, found[0].saving_ms), ("large-partitions", None));
    let mut shuffle =
        stage(0, 8_000, TaskSummary { shuffle_read_bytes: [300 << 20; 5], ..even(8, 1_000) });
    shuffle.metrics.shuffle_read_bytes = 2_400 << 20;
    let found = of(&cluster(8, vec![shuffle.clone()]));
    assert!(found[0].advice.contains("about 19 of 128 MiB"), "{}", found[0].advice);
    shuffle.metrics.shuffle_read_bytes = 800 << 20;
    assert!(of(&cluster(8, vec![shuffle])).is_empty());
}

#[test]
fn garbage_collection_hangs_below_the_spill_that_comes_with_it() {
    let mut both = stage(0, 40_000, even(8, 5_000));
    both.metrics.jvm_gc_time = 10_000;
    both.metrics.disk_bytes_spilled = 1 << 30;
    let found = of(&cluster(8, vec![both.clone()]));
    let shape: Vec<_> = found.iter().map(|it| (it.id, it.caused_by)).collect();
    assert_eq!(shape, [("disk-spill", None), ("garbage-collection", Some(0))]);
    assert!(found[1].summary.contains("25 %") && found[1].summary.contains("severe"));
    both.metrics.disk_bytes_spilled = 0;
    both.metrics.jvm_gc_time = 3_000;
    assert!(of(&cluster(8, vec![both])).is_empty());
}

#[test]
fn waiting_for_blocks_is_measured() {
    let mut waits =
        stage(0, 40_000, TaskSummary { shuffle_fetch_wait_time: [2_000; 5], ..even(8, 5_000) });
    waits.metrics.shuffle_fetch_wait_time = 16_000;
    let found = of(&cluster(8, vec![waits.clone()]));
    // Eight tasks at once: each ends two seconds earlier.
    assert_eq!((found[0].id, found[0].saving_ms), ("fetch-wait", Some((0, 2_000))));
    waits.metrics.shuffle_fetch_wait_time = 7_000;
    assert!(of(&cluster(8, vec![waits])).is_empty());
}

#[test]
fn failures_name_the_line_and_stand_first_where_they_end_the_stage() {
    let mut failed = stage(0, 10, even(10, 1));
    failed.num_failed_tasks = 4;
    failed.task_failures = vec![TaskFailure {
        reason: "ExceptionFailure".into(),
        class_name: "org.apache.spark.api.python.PythonException".into(),
        message: "ValueError: bad row".into(),
        call_site: Some("/srv/job.py:30".into()),
        tasks: 4,
        task_time: 400,
        ..TaskFailure::default()
    }];
    let slow = stage(1, 1_000_000, skewed());
    let mut profile = cluster(4, vec![failed, slow]);
    let of_failed = |profile: &Profile| {
        of(profile).into_iter().find(|found| found.id == "failed-tasks").map(|found| found.summary)
    };
    assert_eq!(of_failed(&profile), None, "4 of 14 in a stage that weighs nothing");
    profile.stages[0].status = StageStatus::Failed;
    let found = of(&profile);
    assert_eq!(found[0].id, "failed-tasks");
    assert!(
        found[0].summary.contains("at /srv/job.py:30: ValueError: bad row"),
        "{}",
        found[0].summary
    );
    // What the cluster lost is not the task's fault.
    profile.stages[0].task_failures[0].reason = "FetchFailed".into();
    assert_eq!(of_failed(&profile), None);
}
