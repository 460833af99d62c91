//! Diagnoses of SQL executions, each with a plan that shows it and one that does not.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use eventlog::{PlanMetric, PlanNode, Profile, TaskSummary};

/// A node with these metrics; their values go into the profile's first execution.
struct Plans {
    next: u64,
    values: Vec<(u64, i64)>,
}

impl Plans {
    fn new() -> Self {
        Self { next: 100, values: Vec::new() }
    }

    fn node(&mut self, name: &str, metrics: &[(&str, i64)], children: Vec<PlanNode>) -> PlanNode {
        let metrics = metrics.iter().map(|&(name, value)| {
            self.next += 1;
            self.values.push((self.next, value));
            PlanMetric { name: name.into(), accumulator_id: self.next, kind: "sum".into() }
        });
        PlanNode {
            name: name.into(),
            simple_string: format!("{name} Inner").into(),
            metrics: metrics.collect(),
            children,
            ..PlanNode::default()
        }
    }

    fn exchange(&mut self, size: i64, rows: i64) -> PlanNode {
        let metrics = [("data size", size), ("shuffle records written", rows)];
        let mut exchange = self.node("Exchange", &metrics, Vec::new());
        exchange.simple_string = format!("Exchange of {}", self.next).into();
        let stage = self.node("ShuffleQueryStage", &[], vec![exchange]);
        self.node("Sort", &[], vec![stage])
    }

    /// A run whose one execution has this plan; its one stage updated every metric.
    fn run(&self, plan: PlanNode) -> Profile {
        let even = TaskSummary { tasks: 4, duration: [1_000; 5], ..TaskSummary::default() };
        let mut profile = run(vec![stage(0, 40_000, even)]);
        let execution = &mut profile.executions[0];
        execution.plan = plan;
        execution.metric_values = self.values.iter().copied().collect();
        profile.stages[0].sql_accumulators = self.values.iter().copied().collect();
        profile
    }
}

const MIB: i64 = 1 << 20;

fn join(name: &str, left: i64, right: i64, kind: &str) -> Profile {
    let mut plans = Plans::new();
    let sides = vec![plans.exchange(left, 10), plans.exchange(right, 10)];
    let mut join = plans.node(name, &[("number of output rows", 5)], sides);
    join.simple_string = format!("{name} [a#1], [a#2], {kind}").into();
    plans.run(join)
}

#[test]
fn a_small_side_of_a_sort_merge_join_could_be_broadcast() {
    let found = of(&join("SortMergeJoin", 8 * MIB, 500 * MIB, "Inner"));
    assert_eq!(found[0].id, "broadcast-candidate");
    assert!(found[0].summary.contains("the left side"), "{}", found[0].summary);
    assert!(found[0].advice.contains("could not know"), "{}", found[0].advice);
    // An outer join keeps the rows of the side that may then not be broadcast.
    assert!(of(&join("SortMergeJoin", 8 * MIB, 500 * MIB, "LeftOuter")).is_empty());
    assert_eq!(
        ids(&join("SortMergeJoin", 8 * MIB, 500 * MIB, "RightOuter")),
        ["broadcast-candidate"]
    );
    assert_eq!(
        ids(&join("SortMergeJoin", 500 * MIB, 8 * MIB, "LeftAnti")),
        ["broadcast-candidate"]
    );
    assert!(of(&join("SortMergeJoin", 8 * MIB, 500 * MIB, "FullOuter")).is_empty());
    // Neither side is small, or both are.
    assert!(of(&join("SortMergeJoin", 80 * MIB, 500 * MIB, "Inner")).is_empty());
    assert!(of(&join("SortMergeJoin", MIB, 8 * MIB, "Inner")).is_empty());
    // A side of 80 MB is small beside 20 GB.
    let found = of(&join("SortMergeJoin", 80 * MIB, 20_480 * MIB, "Inner"));
    assert!(found[0].advice.contains("raise spark.sql.autoBroadcastJoinThreshold above 80.0 MiB"));
}

#[test]
fn settings_in_effect_are_part_of_the_advice() {
    let mut profile = join("SortMergeJoin", 8 * MIB, 500 * MIB, "Inner");
    profile.spark_properties.insert("spark.sql.autoBroadcastJoinThreshold".into(), "-1".into());
    assert!(of(&profile)[0].advice.contains("switched off"));
}

#[test]
fn joins_without_an_equality_compare_all_pairs() {
    let of_rows = |rows: i64| {
        let mut plans = Plans::new();
        let left = plans.node("Filter", &[("number of output rows", rows)], Vec::new());
        let right =
            plans.node("BroadcastExchange", &[("number of output rows", 5_000)], Vec::new());
        let join = plans.node(
            "BroadcastNestedLoopJoin",
            &[("number of output rows", 7)],
            vec![left, right],
        );
        plans.run(join)
    };
    let found = of(&of_rows(4_000));
    assert_eq!(
        (found[0].id, value(&found[0], "pairs compared")),
        ("nested-loop-join", 20_000_000.0)
    );
    assert!(of(&of_rows(1_000)).is_empty());
}

#[test]
fn a_join_that_multiplies_rows_is_named() {
    let of_rows = |out: i64| {
        let mut plans = Plans::new();
        let sides = vec![plans.exchange(1, 100_000), plans.exchange(1, 50_000)];
        let join = plans.node("SortMergeJoin", &[("number of output rows", out)], sides);
        plans.run(join)
    };
    let found = of(&of_rows(2_000_000));
    assert_eq!(
        (found[0].id, value(&found[0], "output over the larger side")),
        ("join-explosion", 20.0)
    );
    assert!(of(&of_rows(900_000)).is_empty());
    assert!(of(&of_rows(1_000_000)).iter().all(|found| found.id == "join-explosion"), "ten times");
}

#[test]
fn a_large_broadcast_is_measured() {
    let of_size = |size: i64, build: i64| {
        let mut plans = Plans::new();
        let metrics = [("data size", size), ("time to build", build), ("time to collect", 1_000)];
        let plan = plans.node("BroadcastExchange", &metrics, Vec::new());
        plans.run(plan)
    };
    let found = of(&of_size(300 * MIB, 3_000));
    assert_eq!((found[0].id, found[0].saving_ms), ("large-broadcast", Some((0, 4_000))));
    assert_eq!(ids(&of_size(MIB, 9_000)), ["large-broadcast"]);
    assert!(of(&of_size(200 * MIB, 3_000)).is_empty());
}

#[test]
fn the_same_shuffle_twice_is_named_and_a_reused_one_not() {
    let exchange = |plans: &mut Plans, id: &str| {
        let mut node = plans.exchange(100 * MIB, 10);
        let exchange = &mut node.children[0].children[0];
        exchange.simple_string =
            format!("Exchange hashpartitioning(a#{id}, 200), [plan_id={id}]").into();
        node
    };
    let mut plans = Plans::new();
    let sides = vec![exchange(&mut plans, "1"), exchange(&mut plans, "22")];
    let plan = plans.node("Union", &[], sides);
    let found = of(&plans.run(plan));
    assert_eq!(
        (found[0].id, value(&found[0], "shuffled again")),
        ("repeated-exchange", 104_857_600.0)
    );

    let mut plans = Plans::new();
    let one = exchange(&mut plans, "1");
    let plan = plans.node("Union", &[], vec![one.clone(), one]);
    assert!(of(&plans.run(plan)).is_empty());
}

#[test]
fn many_small_files_are_counted() {
    let read = |files: i64, size: i64| {
        let mut plans = Plans::new();
        let metrics =
            [("number of files read", files), ("size of files read", size), ("metadata time", 900)];
        let plan = plans.node("Scan parquet", &metrics, Vec::new());
        plans.run(plan)
    };
    let found = of(&read(2_000, 2_000 * 100 * 1024));
    assert_eq!(found[0].id, "small-input-files");
    assert!(found[0].advice.contains("about 2 of 128.0 MiB"), "{}", found[0].advice);
    assert!(of(&read(2_000, 2_000 * 4 * MIB)).is_empty());
    assert!(of(&read(100, 100)).is_empty());

    let mut plans = Plans::new();
    let metrics = [
        ("number of written files", 500),
        ("written output", 500 * MIB),
        ("number of dynamic part", 20),
    ];
    let plan = plans.node("Execute InsertIntoHadoopFsRelationCommand", &metrics, Vec::new());
    let found = of(&plans.run(plan));
    assert_eq!(found[0].id, "small-output-files");
    assert!(found[0].advice.starts_with("repartition by the columns"));
}

#[test]
fn a_scan_that_keeps_little_is_named() {
    let of_rows = |read: i64, kept: i64| {
        let mut plans = Plans::new();
        let mut scan = plans.node("Scan parquet ", &[("number of output rows", read)], Vec::new());
        scan.metadata.insert("Location".into(), "InMemoryFileIndex[file:/data]".into());
        let adapter = plans.node("InputAdapter", &[], vec![scan]);
        let plan = plans.node("Filter", &[("number of output rows", kept)], vec![adapter]);
        plans.run(plan)
    };
    let found = of(&of_rows(5_000_000, 100));
    assert_eq!((found[0].id, value(&found[0], "rows kept")), ("selective-scan", 100.0));
    assert!(of(&of_rows(5_000_000, 100_000)).is_empty());
    assert!(of(&of_rows(900_000, 100)).is_empty());
    assert!(
        found[0].advice.starts_with("keep the data") || found[0].advice.starts_with("partition")
    );

    // One that is partitioned, with or without a filter that asks for partitions.
    let of_partitions = |filters: &str| {
        let mut plans = Plans::new();
        let metrics = [("number of output rows", 5_000_000), ("number of partitions read", 365)];
        let mut scan = plans.node("Scan parquet ", &metrics, Vec::new());
        scan.metadata.insert("Location".into(), "InMemoryFileIndex[file:/data]".into());
        scan.metadata.insert("PartitionFilters".into(), filters.into());
        let plan = plans.node("Filter", &[("number of output rows", 100)], vec![scan]);
        of(&plans.run(plan)).remove(0)
    };
    let whole = of_partitions("[]");
    assert_eq!(value(&whole, "partitions read"), 365.0);
    assert!(whole.advice.starts_with("the data is partitioned, but"), "{}", whole.advice);
    let pruned = of_partitions("[isnotnull(day#3), (day#3 > 2024-01-01)]");
    assert!(!pruned.advice.starts_with("the data is partitioned, but"), "{}", pruned.advice);
}

#[test]
fn tasks_that_fell_back_to_sorting_are_counted() {
    let of_tasks = |tasks: i64| {
        let mut plans = Plans::new();
        let plan =
            plans.node("HashAggregate", &[("number of sort fallback tasks", tasks)], Vec::new());
        ids(&plans.run(plan))
    };
    assert_eq!(of_tasks(3), ["sort-fallback"]);
    assert!(of_tasks(0).is_empty());
}

#[test]
fn python_is_measured_in_spark_4_and_inferred_before() {
    let of_python = |metrics: &[(&str, i64)], cpu_ms: u64| {
        let mut plans = Plans::new();
        let plan = plans.node("BatchEvalPython", metrics, Vec::new());
        let mut profile = plans.run(plan);
        profile.stages[0].metrics.executor_cpu_time = cpu_ms * 1_000_000;
        of(&profile)
    };
    let measured = [("time to run Python workers", 30_000), ("data sent to Python workers", 10)];
    let found = of_python(&measured, 40_000);
    assert_eq!((found[0].id, value(&found[0], "share of task time")), ("python-time", 0.75));
    let sent = [("data sent to Python workers", 50 * MIB)];
    let found = of_python(&sent, 10_000);
    assert_eq!(value(&found[0], "share of task time"), 0.75);
    assert!(found[0].summary.contains("beside the JVM"), "{}", found[0].summary);
    assert!(of_python(&sent, 30_000).is_empty(), "the JVM computed for most of the time");
    assert!(
        of_python(&[("data sent to Python workers", 10)], 10_000).is_empty(),
        "hardly anything was sent"
    );
}
