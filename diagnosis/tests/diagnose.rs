//! Hand-made profiles and what is said of them.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use diagnosis::{Category, quality_notes};
use eventlog::{Executor, Profile, Quality, Runtime, TaskSummary};

#[test]
fn a_skewed_stage_is_named_with_its_numbers() {
    let found = of(&run(vec![stage(3, 30_000, skewed())]));
    let [skew] = &found[..] else { panic!("{found:?}") };
    assert_eq!((skew.id, skew.category, skew.saving_ms), ("partition-skew", Category::Data, None));
    assert_eq!((skew.stages.as_slice(), skew.executions.as_slice()), (&[(3, 0)][..], &[3][..]));
    assert_eq!(
        (value(skew, "slowest over median"), value(skew, "largest shuffle read")),
        (10.0, 12_582_912.0)
    );
    assert!(
        skew.summary.contains("severely skewed")
            && skew.summary.contains("10.0 s")
            && skew.summary.contains("12.0 MiB"),
        "{}",
        skew.summary
    );
    assert!(
        skew.advice.contains("join") && skew.advice.contains("skewedPartitionThresholdInBytes"),
        "{}",
        skew.advice
    );
}

#[test]
fn time_without_bytes_behind_it_is_no_skew() {
    let even = TaskSummary { shuffle_read_bytes: [1 << 20; 5], ..skewed() };
    assert_eq!(ids(&run(vec![stage(0, 30_000, even)])), ["straggler"]);
    let nothing = TaskSummary { shuffle_read_bytes: [0; 5], ..skewed() };
    assert_eq!(ids(&run(vec![stage(0, 30_000, nothing)])), ["straggler"]);
    // Records may explain what compressed bytes hide, and input what no shuffle brought.
    let records = TaskSummary { shuffle_read_records: [1, 1, 10, 20, 900], ..even };
    assert_eq!(value(&of(&run(vec![stage(0, 30_000, records)]))[0], "most shuffle records"), 900.0);
    let input = TaskSummary { input_bytes: [1, 1, 10, 20, 900], ..even };
    assert!(of(&run(vec![stage(0, 30_000, input)]))[0].advice.contains("maxPartitionBytes"));
}

#[test]
fn skew_has_its_limits() {
    let cases = [
        TaskSummary { tasks: 9, ..skewed() },
        TaskSummary { duration: [900, 950, 4_000, 4_100, 10_000], ..skewed() },
        // Three times the median, but 0.3 s of 100 s.
        TaskSummary { duration: [90, 95, 100, 110, 400], ..skewed() },
    ];
    for summary in cases {
        assert!(of(&run(vec![stage(0, 30_000, summary)])).is_empty(), "{summary:?}");
    }
    let short = TaskSummary { duration: [90, 95, 100, 110, 1_000], ..skewed() };
    assert_eq!(ids(&run(vec![stage(0, 30_000, short)])), ["partition-skew"], "0.9 s of 100 s");
}

#[test]
fn what_is_small_in_the_run_is_dropped() {
    let mut large = stage(1, 30_000_000, TaskSummary::default());
    large.task_summary = None;
    assert!(of(&run(vec![stage(0, 30_000, skewed()), large.clone()])).is_empty());
    large.metrics.executor_run_time = 5_000_000;
    assert_eq!(ids(&run(vec![stage(0, 30_000, skewed()), large])), ["partition-skew"]);
}

#[test]
fn spill_stands_under_the_skew_that_causes_it() {
    let mut both =
        stage(0, 30_000, TaskSummary { disk_bytes_spilled: [0, 0, 0, 0, 300 << 20], ..skewed() });
    both.metrics.disk_bytes_spilled = 300 << 20;
    let mut alone = stage(
        1,
        90_000,
        TaskSummary {
            tasks: 20,
            duration: [1_000; 5],
            disk_bytes_spilled: [20 << 20; 5],
            ..TaskSummary::default()
        },
    );
    alone.metrics.disk_bytes_spilled = 400 << 20;
    let found = of(&run(vec![both, alone]));
    let shape: Vec<_> = found
        .iter()
        .map(|found| (found.id, found.stages[0].0, found.caused_by, found.category))
        .collect();
    assert_eq!(
        shape,
        [
            ("disk-spill", 1, None, Category::Resource),
            ("partition-skew", 0, None, Category::Data),
            ("disk-spill", 0, Some(1), Category::Data),
        ]
    );
    assert!(found[0].advice.contains("smaller partitions") && found[2].advice.contains("even out"));

    let mut little = stage(
        0,
        30_000,
        TaskSummary {
            tasks: 20,
            disk_bytes_spilled: [0, 0, 0, 0, 100 << 20],
            ..TaskSummary::default()
        },
    );
    little.metrics.disk_bytes_spilled = 200 << 20;
    assert!(of(&run(vec![little])).is_empty());
}

#[test]
fn many_small_tasks_are_one_diagnosis() {
    let small = TaskSummary { tasks: 200, duration: [1, 5, 8, 10, 60], ..TaskSummary::default() };
    let mut profile = run(vec![stage(0, 2_000, small), stage(1, 2_000, small)]);
    let found = of(&profile);
    assert_eq!(
        (found.len(), found[0].id, found[0].stages.as_slice()),
        (1, "small-tasks", &[(0, 0), (1, 0)][..])
    );
    assert_eq!((value(&found[0], "tasks"), found[0].executions.as_slice()), (400.0, &[0, 1][..]));
    profile.stages.truncate(1);
    profile.stages[0].task_summary.as_mut().unwrap().duration[4] = 1_000;
    assert!(of(&profile).is_empty());
    // A longer task among them does not matter where much of the time goes by around them.
    profile.stages[0].task_duration = 2_600;
    let found = of(&profile);
    assert_eq!((found[0].id, value(&found[0], "time around it")), ("small-tasks", 600.0));
    profile.stages[0].task_duration = 2_400;
    assert!(of(&profile).is_empty());
}

#[test]
fn fewer_tasks_save_what_each_costs_beside_its_work() {
    let small = TaskSummary { tasks: 200, duration: [1, 5, 8, 10, 60], ..TaskSummary::default() };
    let mut one = stage(0, 2_000, small);
    one.task_duration = 12_000;
    (one.submission_ms, one.completion_ms) = (Some(1_010_000), Some(1_013_000));
    let mut profile = run(vec![one]);
    let executor = Executor { total_cores: 4, added_ms: 1_000_000, ..Executor::default() };
    profile.executors = vec![executor];
    // Four tasks for four cores spare 98 % of ten seconds on them: 2.45 s of the stage's three.
    assert_eq!(of(&profile)[0].saving_ms, Some((2_450, 2_450)));
    // Many side by side save no more than the run took.
    let one = profile.stages[0].clone();
    profile.stages =
        (0..100).map(|id| eventlog::StageAttempt { stage_id: id, ..one.clone() }).collect();
    assert_eq!(of(&profile)[0].saving_ms, Some((0, 100_000)));
}

#[test]
fn time_between_jobs_is_the_drivers() {
    let mut profile = run(vec![
        stage(0, 10, TaskSummary::default()),
        stage(1, 10, TaskSummary::default()),
        stage(2, 10, TaskSummary::default()),
    ]);
    for (job, (from, to)) in profile.jobs.iter_mut().zip([
        (1_005_000, 1_010_000),
        (1_022_000, 1_040_000),
        (1_030_000, 1_099_500),
    ]) {
        (job.submission_ms, job.completion_ms) = (from, Some(to));
    }
    (profile.executions[1].start_ms, profile.executions[1].end_ms) = (1_020_000, Some(1_041_000));
    let found = of(&profile);
    let [gap] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (gap.id, gap.category, gap.saving_ms),
        ("driver-gap", Category::Algorithm, Some((0, 12_000)))
    );
    assert_eq!(
        (value(gap, "within SQL executions"), gap.executions.as_slice()),
        (2_000.0, &[1][..])
    );
    assert_eq!(value(gap, "share of the run"), 0.12);

    // A shell waits for a person: the two seconds within the execution are too little.
    profile.application.name = "Spark shell".into();
    assert!(of(&profile).is_empty());
    profile.executions[1].start_ms = 1_010_500;
    assert_eq!(of(&profile)[0].saving_ms, Some((0, 11_500)));
    // A job that never ended leaves no gap after it.
    profile.application.name.clear();
    profile.jobs[0].completion_ms = None;
    assert!(of(&profile).is_empty());
}

#[test]
fn an_empty_profile_says_nothing_and_its_notes_say_why() {
    let profile = Profile::default();
    assert!(of(&profile).is_empty());
    let notes = quality_notes(&profile).join("\n");
    for part in [
        "no application start",
        "no application end",
        "no task carries metrics",
        "version of Spark",
    ] {
        assert!(notes.contains(part), "{notes}");
    }
}

#[test]
fn notes_name_each_lack() {
    let mut profile = run(vec![stage(0, 10, TaskSummary { tasks: 1, ..TaskSummary::default() })]);
    profile.application.spark_version = "3.5.9".into();
    let complete = "complete: every task that a finished stage announced has its end";
    let notes = quality_notes(&profile);
    assert_eq!(notes[0], complete);
    assert!(notes[1].starts_with("no executor metrics"), "{notes:?}");
    profile.executors =
        vec![Executor { peak_jvm_heap_memory: Some(1 << 30), ..Executor::default() }];
    assert_eq!(quality_notes(&profile), [complete]);
    profile.quality = Quality {
        truncated: Some("the last line is cut".into()),
        compacted: true,
        missing_task_ends: 1,
        malformed_lines: 2,
        oversized_lines: 1,
        cut_plans: 1,
        unfinished_executions: 3,
        local_master: true,
        has_application_start: true,
        has_application_end: true,
        runtimes: vec![Runtime::Connect, Runtime::Photon, Runtime::Rapids],
        ..Quality::default()
    };
    profile.spark_properties.insert("spark.master".into(), "local[4]".into());
    profile.stages[0].task_summary.as_mut().unwrap().approximate = true;
    let notes = quality_notes(&profile);
    assert_eq!(notes.len(), 12);
    for part in [
        "the last line is cut",
        "compacted",
        "1 task end was",
        "2 lines are",
        "1 line is too long",
        "1 plan is",
        "3 SQL executions have",
        "1.6 %",
        "local[4]",
        "Spark Connect",
        "Photon",
        "RAPIDS",
    ] {
        assert!(notes.iter().any(|note| note.contains(part)), "{part}: {notes:?}");
    }
}
