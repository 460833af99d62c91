//! What is kept of single tasks: against Spark's own logs and over made-up ones.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::Profile;

fn spark_log(name: &str) -> Option<Profile> {
    let folder = spark_history()?;
    Some(read(&Disk::new(&folder.join("spark-events").join(name))).unwrap())
}

#[test]
fn failures_are_told_apart_by_what_they_say() {
    let Some(profile) = spark_log("app-20161115172038-0000") else { return };
    let failures: Vec<_> = profile.stages.iter().flat_map(|stage| &stage.task_failures).collect();
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!(failure.reason, "ExceptionFailure");
    assert_eq!(failure.class_name, "java.lang.RuntimeException");
    assert_eq!(failure.message, "bad exec");
    assert_eq!((failure.tasks, failure.killed), (10, false));
    assert!(failure.task_time > 0);
}

#[test]
fn shares_and_longest_tasks_agree_with_the_stage() {
    let Some(folder) = spark_history() else { return };
    let mut stages = 0;
    for entry in std::fs::read_dir(folder.join("spark-events")).unwrap() {
        let profile = read(&Disk::new(&entry.unwrap().path())).unwrap();
        for stage in &profile.stages {
            let Some(summary) = &stage.task_summary else { continue };
            stages += 1;
            let shares = stage.executor_shares.values();
            assert_eq!(shares.clone().map(|share| share.tasks).sum::<u64>(), summary.tasks);
            assert_eq!(shares.map(|share| share.task_time).sum::<u64>(), stage.task_duration);
            assert!((1..=32).contains(&stage.longest_tasks.len()));
            assert_eq!(stage.longest_tasks[0].duration, summary.duration[4]);
            assert!(stage.longest_tasks.is_sorted_by(|a, b| a.duration >= b.duration));
            let long = |duration: u64| 2 * duration >= 3 * summary.duration[2];
            assert!(stage.longest_tasks[1..].iter().all(|task| long(task.duration)));
            if stage.longest_tasks.len() < 32 && long(summary.duration[3]) {
                assert!(stage.longest_tasks.len() as u64 >= summary.tasks / 4);
            }
        }
    }
    assert!(stages > 30, "only {stages} stages");
}

#[test]
fn the_longest_of_many_are_kept() {
    let mut lines = vec![start(), submitted(1, 0, 500)];
    // In an order that is neither rising nor falling.
    lines.extend((0..500).map(|at| task(1, 0, "Success", Some(at * 197 % 500), "[]")));
    lines.extend([completed(1, 0, 500, "[]", ""), end()]);
    let stage = &of(&lines).stages[0];
    let kept: Vec<u64> = stage.longest_tasks.iter().map(|task| task.executor_run_time).collect();
    assert_eq!(kept, (468..500).rev().collect::<Vec<_>>());
}

#[test]
fn more_kinds_of_failures_than_are_told_apart_are_still_counted() {
    let mut lines = vec![start(), submitted(1, 0, 1)];
    for at in 0..40 {
        lines.push(format!(
            r#"{{"Event":"SparkListenerTaskEnd","Stage ID":1,"Stage Attempt ID":0,"Task Type":"ResultTask","Task End Reason":{{"Reason":"ExceptionFailure","Class Name":"E{at}","Description":"d"}},"Task Info":{{"Task ID":{at},"Launch Time":1200,"Finish Time":1210}}}}"#
        ));
    }
    let profile = of(&lines);
    let failures = &profile.stages[0].task_failures;
    assert_eq!(failures.len(), 16);
    assert_eq!(failures.iter().map(|failure| failure.tasks).sum::<u64>(), 40);
    assert_eq!(failures.iter().map(|failure| failure.task_time).sum::<u64>(), 400);
}

#[test]
fn executors_have_their_memory_and_the_largest_heap_seen() {
    let Some(profile) = spark_log("application_1553914137147_0018") else { return };
    let workers: Vec<_> =
        profile.executors.iter().filter(|executor| executor.id != "driver").collect();
    assert!(!workers.is_empty());
    assert!(workers.iter().all(|executor| executor.max_memory.is_some_and(|bytes| bytes > 0)));
    assert!(workers.iter().any(|executor| executor.peak_jvm_heap_memory.is_some()));
}

#[test]
fn speculative_copies_that_were_killed_are_told_from_originals() {
    let killed = |speculative: &str| {
        format!(
            r#"{{"Event":"SparkListenerTaskEnd","Stage ID":1,"Stage Attempt ID":0,"Task Type":"ResultTask","Task End Reason":{{"Reason":"TaskKilled","Kill Reason":"Stage finished"}},"Task Info":{{"Task ID":7,"Launch Time":1200,"Speculative":{speculative},"Finish Time":1210,"Killed":true}}}}"#
        )
    };
    // Whatever is no flag is none.
    let lines = ["true", "true", "false", "null", "[1]"].map(killed);
    let mut log = vec![start(), submitted(1, 0, 5)];
    log.extend(lines);
    let failures = &of(&log).stages[0].task_failures;
    let told: Vec<(bool, u64)> = failures.iter().map(|it| (it.speculative, it.tasks)).collect();
    assert_eq!(told, [(false, 3), (true, 2)]);
}
