//! The table of task attempts.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::{Profile, Reader, TaskOutcome, TaskTable};

fn with_tasks(text: &str, limit: usize, piece: usize) -> (Profile, Option<TaskTable>) {
    let mut reader = Reader::with_tasks("memory", limit);
    text.as_bytes().chunks(piece).for_each(|bytes| reader.push(bytes).unwrap());
    reader.finish_with_tasks().unwrap()
}

fn end(stage: u64, index: u64, attempt: u32, executor: &str, reason: &str, run: u64) -> String {
    format!(
        r#"{{"Event":"SparkListenerTaskEnd","Stage ID":{stage},"Stage Attempt ID":0,"Task End Reason":{{"Reason":"{reason}"}},"Task Info":{{"Index":{index},"Attempt":{attempt},"Executor ID":"{executor}","Launch Time":5000,"Finish Time":{}}},"Task Metrics":{{"Executor Run Time":{run},"Input Metrics":{{"Bytes Read":7}},"Shuffle Read Metrics":{{"Remote Bytes Read":2,"Local Bytes Read":1}}}}}}"#,
        5_000 + run + 10
    )
}

#[test]
fn every_attempt_is_one_row() {
    let lines = [
        start(),
        end(4, 0, 0, "a", "ExceptionFailure", 40),
        end(4, 0, 1, "b", "Success", 30),
        end(2, 9, 300, "a", "TaskKilled", 20),
    ];
    let (_, table) = with_tasks(&log(&lines), 3, 7);
    let table = table.unwrap();
    assert_eq!(table.stages, [(2, 0), (4, 0)]);
    assert_eq!(table.executors, ["a", "b"]);
    let rows: Vec<_> = table
        .tasks
        .iter()
        .map(|task| {
            let place = (task.stage, task.index, task.attempt, task.executor);
            (place, task.outcome, task.launch_ms, task.duration_ms, task.run_ms, task.read_bytes)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ((0, 9, 255, 0), TaskOutcome::Killed, 5_000, 30, 20, 10.0),
            ((1, 0, 0, 0), TaskOutcome::Failed, 5_000, 50, 40, 10.0),
            ((1, 0, 1, 1), TaskOutcome::Succeeded, 5_000, 40, 30, 10.0),
        ]
    );
}

#[test]
fn beyond_the_limit_nothing_is_kept() {
    let lines = [start(), end(0, 0, 0, "a", "Success", 1), end(0, 1, 0, "a", "Success", 1)];
    assert!(with_tasks(&log(&lines), 2, 100).1.is_some());
    assert!(with_tasks(&log(&lines), 1, 100).1.is_none());
}

#[test]
fn the_profile_is_the_same_and_the_table_agrees_with_it() {
    let text = log(&sample());
    let (profile, table) = with_tasks(&text, usize::MAX, 1_000);
    assert_eq!(profile, pushed(text.as_bytes()).unwrap());
    let mut sums = table.unwrap().tasks.into_iter().map(|task| u64::from(task.run_ms));
    assert_eq!(sums.by_ref().sum::<u64>(), profile.task_time_ms());

    for path in recorded() {
        let source = Disk::new(&path);
        let both = eventlog::read_with_tasks(&source, usize::MAX, &mut |_| {
            std::ops::ControlFlow::Continue(())
        });
        let (profile, table) = both.unwrap();
        let run: u64 = table.unwrap().tasks.iter().map(|task| u64::from(task.run_ms)).sum();
        assert_eq!((run, &profile), (profile.task_time_ms(), &read(&source).unwrap()));
    }
}

#[test]
fn absurd_numbers_are_survived() {
    let line = r#"{"Event":"SparkListenerTaskEnd","Stage ID":-1,"Stage Attempt ID":99999999999,"Task End Reason":{"Reason":"Success"},"Task Info":{"Index":99999999999999,"Attempt":-7,"Executor ID":"x","Launch Time":-9223372036854775808,"Finish Time":9223372036854775807},"Task Metrics":{"Executor Run Time":9223372036854775807,"Input Metrics":{"Bytes Read":9223372036854775807},"Shuffle Read Metrics":{"Remote Bytes Read":9223372036854775807,"Local Bytes Read":9223372036854775807}}}"#;
    let (_, table) = with_tasks(&log(&[start(), line.to_owned()]), 10, 50);
    let task = table.unwrap().tasks[0];
    assert_eq!((task.duration_ms, task.run_ms, task.index), (u32::MAX, u32::MAX, u32::MAX));
    assert!(task.read_bytes.is_finite());
}
