//! What is said of data that is kept, of data that should be, and of memory and shuffles that are larger than they have to be.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use diagnosis::quality_notes;
use eventlog::{
    CachedRdd, Executor, PlanNode, Profile, RddInfo, StageAttempt, StageStatus, TaskSummary,
};

fn rdd(id: u64, parents: &[u64], persisted: bool) -> RddInfo {
    RddInfo {
        id,
        name: "MapPartitionsRDD".into(),
        call_site: "map at Job.scala:7".into(),
        parent_ids: parents.to_vec(),
        persisted,
        num_partitions: 10,
        ..RddInfo::default()
    }
}

/// A stage of ten tasks of 1 s each over these RDDs.
fn over(id: u64, rdds: Vec<RddInfo>) -> StageAttempt {
    let even = TaskSummary { tasks: 10, duration: [1_000; 5], ..TaskSummary::default() };
    let from = 1_000_000 + i64::try_from(id).unwrap() * 10_000;
    let mut stage = StageAttempt {
        rdds,
        submission_ms: Some(from),
        completion_ms: Some(from + 10_000),
        ..stage(id, 10_000, even)
    };
    stage.metrics.input_bytes = 1 << 20;
    stage
}

/// A run of RDD jobs: no stage belongs to a SQL execution.
fn rdd_run(stages: Vec<StageAttempt>) -> Profile {
    let mut profile = run(stages);
    profile.executions.clear();
    for job in &mut profile.jobs {
        job.execution_id = None;
    }
    profile
}

#[test]
fn a_cache_that_nothing_reads_is_named() {
    let unread = rdd_run(vec![over(0, vec![rdd(4, &[], true)])]);
    let found = of(&unread);
    let [cache] = &found[..] else { panic!("{found:?}") };
    assert_eq!((cache.id, cache.stages.as_slice()), ("ineffective-cache", &[(0, 0)][..]));
    assert!(cache.summary.contains("nothing reads it again"), "{}", cache.summary);

    let read = rdd_run(vec![over(0, vec![rdd(4, &[], true)]), over(1, vec![rdd(4, &[], true)])]);
    assert!(of(&read).is_empty());
}

#[test]
fn what_one_scan_fills_and_reads_is_read_by_nothing_else() {
    let two = |executions: [u64; 2], scans: usize| {
        let kept = || vec![rdd(4, &[], true)];
        let mut profile = run(vec![over(0, kept()), over(1, kept())]);
        for (job, execution) in profile.jobs.iter_mut().zip(executions) {
            job.execution_id = Some(execution);
        }
        let scan = PlanNode { name: "InMemoryTableScan".into(), ..PlanNode::default() };
        profile.executions[0].plan.children = vec![scan; scans];
        ids(&profile)
    };
    assert_eq!(two([0, 0], 1), ["ineffective-cache"]);
    assert!(two([0, 0], 2).is_empty(), "a plan that reads it twice");
    assert!(two([0, 1], 1).is_empty(), "two executions");
}

#[test]
fn a_run_that_is_not_whole_says_nothing_of_what_is_not_read() {
    let whole = rdd_run(vec![over(0, vec![rdd(4, &[], true)])]);
    let mut open = whole.clone();
    open.quality.has_application_end = false;
    let mut compacted = whole.clone();
    compacted.quality.compacted = true;
    let mut lossy = whole.clone();
    lossy.quality.missing_task_ends = 1;
    let mut failed = whole.clone();
    failed.stages.push(StageAttempt {
        stage_id: 9,
        status: StageStatus::Failed,
        ..StageAttempt::default()
    });
    let mut short = whole;
    short.stages[0].metrics.executor_run_time = 900;
    for profile in [open, compacted, lossy, failed, short] {
        assert!(ids(&profile).is_empty(), "{:?}", profile.quality);
    }
}

#[test]
fn partitions_that_are_not_in_storage_are_counted_where_block_updates_tell() {
    let stages = || vec![over(0, vec![rdd(4, &[], true)]), over(1, vec![rdd(4, &[], true)])];
    let with = |partitions, evictions| {
        let mut profile = rdd_run(stages());
        profile.cached_rdds.insert(4, CachedRdd { partitions, evictions, bytes: 5 << 20 });
        profile
    };
    assert!(of(&with(9, 3)).is_empty());
    let found = of(&with(4, 3));
    let [cache] = &found[..] else { panic!("{found:?}") };
    assert_eq!((cache.id, cache.stages.as_slice()), ("ineffective-cache", &[(1, 0)][..]));
    // Six of ten partitions are missing in a stage of 10 s.
    assert_eq!(cache.saving_ms, Some((0, 6_000)));
    assert!(cache.summary.contains("at most 4 of its 10 partitions"), "{}", cache.summary);

    // A job of two tasks computes two partitions.
    let mut few = with(2, 0);
    for stage in &mut few.stages {
        stage.num_complete_tasks = 2;
    }
    assert!(of(&few).is_empty());
    let note = |profile: &Profile| {
        quality_notes(profile).iter().any(|note| note.contains("block updates"))
    };
    assert!(note(&rdd_run(stages())) && !note(&with(9, 0)));
    assert!(!note(&rdd_run(vec![over(0, vec![rdd(4, &[], false)])])), "nothing is cached");
}

#[test]
fn an_rdd_that_several_jobs_compute_is_named_once() {
    let chain = || vec![rdd(1, &[], false), rdd(2, &[1], false), rdd(3, &[2], false)];
    let mut last = chain();
    last.push(rdd(8, &[3], false));
    let found = of(&rdd_run(vec![over(0, chain()), over(1, chain()), over(2, last)]));
    let [again] = &found[..] else { panic!("{found:?}") };
    assert_eq!((again.id, again.stages.as_slice()), ("recomputed-rdd", &[(1, 0), (2, 0)][..]));
    assert_eq!((value(again, "jobs"), again.saving_ms), (3.0, Some((0, 20_000))));
    assert!(again.summary.contains("RDD 3 (map at Job.scala:7)"), "{}", again.summary);
}

#[test]
fn what_is_kept_or_cheap_is_not_computed_again() {
    let kept = || vec![rdd(1, &[], false), rdd(2, &[1], true), rdd(3, &[2], false)];
    assert!(of(&rdd_run(vec![over(0, kept()), over(1, kept())])).is_empty());
    // The rows of a shuffle are on disk.
    let shuffled = || vec![RddInfo { name: "ShuffledRDD".into(), ..rdd(2, &[1], false) }];
    assert!(of(&rdd_run(vec![over(0, shuffled()), over(1, shuffled())])).is_empty());
    // Nor is what the operation of the shuffle itself does with them, or what hands them to Python.
    let grouped = || {
        vec![
            RddInfo { name: "ShuffledRDD".into(), ..rdd(2, &[1], false) },
            rdd(3, &[2], false),
            RddInfo {
                call_site: "mapPartitions at PythonRDD.scala:160".into(),
                ..rdd(4, &[3], false)
            },
        ]
    };
    assert!(of(&rdd_run(vec![over(0, grouped()), over(1, grouped())])).is_empty());
    // A list of the program's own values.
    let list = || vec![rdd(1, &[], false)];
    assert!(of(&rdd_run(vec![over(0, list()), over(1, list())])).is_empty());
    // Spark samples before it sorts.
    let chain = || vec![rdd(1, &[], false), rdd(2, &[1], false)];
    let mut sampling = over(0, chain());
    sampling.name = "sortByKey at Job.scala:9".into();
    assert!(of(&rdd_run(vec![sampling, over(1, chain())])).is_empty());
    // A SQL execution makes its RDDs anew.
    assert!(of(&run(vec![over(0, chain()), over(1, chain())])).is_empty());
}

#[test]
fn memory_that_nobody_used_is_named_where_every_executor_tells() {
    let executor = |peak| Executor {
        id: "1".into(),
        total_cores: 4,
        added_ms: 1_000_000,
        peak_jvm_heap_memory: peak,
        ..Executor::default()
    };
    let with = |peaks: &[Option<u64>], memory: &str| {
        let mut profile = run(vec![stage(0, 900_000, TaskSummary::default())]);
        profile.stages[0].task_summary = None;
        profile.executors = peaks.iter().copied().map(executor).collect();
        profile.spark_properties.insert("spark.executor.memory".into(), memory.into());
        profile
    };
    assert_eq!(ids(&with(&[Some(1 << 30), Some(2 << 30)], "4g")), ["idle-memory"]);
    assert!(ids(&with(&[Some(1 << 30), Some(3 << 30)], "4g")).is_empty());
    assert!(ids(&with(&[Some(1 << 30), None], "4g")).is_empty(), "one is not known");
    assert!(ids(&with(&[Some(100 << 20)], "1g")).is_empty(), "small already");
    let mut collecting = with(&[Some(1 << 30)], "4g");
    collecting.stages[0].metrics.jvm_gc_time = 40_000;
    assert!(ids(&collecting).is_empty());
    let mut killed = with(&[Some(1 << 30)], "4g");
    killed.executors[0].removed_reason =
        Some("Container killed by YARN for exceeding memory limits".into());
    assert!(!ids(&killed).contains(&"idle-memory"));
}

#[test]
fn an_uneven_shuffle_is_named_unless_it_is_a_skew_already() {
    let with = |shuffle_read_bytes, duration| {
        let summary =
            TaskSummary { tasks: 20, duration, shuffle_read_bytes, ..TaskSummary::default() };
        ids(&run(vec![stage(0, 30_000, summary)]))
    };
    let (even, slow) = ([1_000; 5], [900, 950, 1_000, 1_100, 10_000]);
    assert_eq!(with([0, 1, 10 << 20, 10 << 20, 300 << 20], even), ["uneven-shuffle"]);
    assert_eq!(with([0, 1, 10 << 20, 10 << 20, 300 << 20], slow), ["partition-skew"]);
    assert!(with([0, 1, 100 << 20, 100 << 20, 300 << 20], even).is_empty());
    assert!(with([0, 0, 0, 0, 300 << 20], even).is_empty());
    assert!(with([0, 1, 1 << 20, 1 << 20, 200 << 20], even).is_empty());
}
