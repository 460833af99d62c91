//! Replays of hand-made runs of SQL: caches and joins.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::run;
use diagnosis::{Change, ChangeError, Replay};
use eventlog::{
    Executor, Job, JobStatus, PlanMetric, PlanNode, Profile, RddInfo, SqlExecution, StageAttempt,
    StageStatus, TaskOutcome, TaskRun, TaskTable,
};

/// The application's start.
const START: i64 = 1_000_000;

/// A run of stages one after the other on two slots, each a job of its own of the given execution, with two equal tasks.
struct Made {
    profile: Profile,
    table: TaskTable,
    now: i64,
}

impl Made {
    fn new() -> Self {
        let mut profile = run(Vec::new());
        profile.application.start_ms = START;
        profile.executors.push(Executor {
            id: "driver".into(),
            total_cores: 2,
            added_ms: START,
            ..Executor::default()
        });
        let table = TaskTable { executors: vec!["driver".into()], ..TaskTable::default() };
        Self { profile, table, now: START }
    }

    /// Adds a stage whose tasks updated these accumulators, and that has these parents.
    fn stage(
        mut self,
        execution: u64,
        task_ms: u32,
        accumulators: &[u64],
        parents: &[u64],
    ) -> Self {
        let id = self.profile.stages.len() as u64;
        let (from, to) = (self.now, self.now + i64::from(task_ms));
        for index in 0..2 {
            self.table.tasks.push(TaskRun {
                launch_ms: from,
                duration_ms: task_ms,
                run_ms: task_ms,
                stage: id as u32,
                index,
                read_bytes: 0.0,
                executor: 0,
                attempt: 0,
                outcome: TaskOutcome::Succeeded,
            });
        }
        self.table.stages.push((id, 0));
        let mut stage = StageAttempt {
            stage_id: id,
            status: StageStatus::Complete,
            num_tasks: 2,
            submission_ms: Some(from),
            first_task_launched_ms: Some(from),
            completion_ms: Some(to),
            parent_ids: parents.to_vec(),
            job_ids: vec![id],
            sql_accumulators: accumulators.iter().map(|id| (*id, 1)).collect(),
            ..StageAttempt::default()
        };
        stage.metrics.executor_run_time = 2 * u64::from(task_ms);
        stage.metrics.executor_cpu_time = 2_000_000 * u64::from(task_ms);
        self.profile.stages.push(stage);
        self.profile.jobs.push(Job {
            job_id: id,
            submission_ms: from,
            completion_ms: Some(to),
            status: JobStatus::Succeeded,
            stage_ids: vec![id],
            execution_id: Some(execution),
            ..Job::default()
        });
        self.now = to;
        self
    }

    fn execution(mut self, id: u64, plan: PlanNode) -> Self {
        let jobs = self.profile.jobs.iter();
        let first =
            jobs.filter(|job| job.execution_id == Some(id)).map(|job| job.submission_ms).min();
        self.profile.executions.push(SqlExecution {
            execution_id: id,
            root_execution_id: id,
            start_ms: first.unwrap_or(START),
            end_ms: Some(self.now),
            plan,
            ..SqlExecution::default()
        });
        self
    }

    fn replay(&mut self) -> Replay<'_> {
        self.profile.application.end_ms = Some(self.now);
        Replay::new(&self.profile, self.table.clone())
    }
}

fn node(name: &str, text: &str, metrics: &[(&str, u64)], children: Vec<PlanNode>) -> PlanNode {
    let metric = |(name, accumulator_id): &(&str, u64)| PlanMetric {
        name: (*name).into(),
        accumulator_id: *accumulator_id,
        kind: "sum".into(),
    };
    PlanNode {
        name: name.into(),
        simple_string: text.into(),
        metrics: metrics.iter().map(metric).collect(),
        children,
        ..PlanNode::default()
    }
}

fn scan(location: &str, accumulator: u64) -> PlanNode {
    let mut scan = node("Scan parquet ", "", &[("number of output rows", accumulator)], vec![]);
    scan.metadata.insert("Location".into(), location.into());
    scan
}

/// `scan → aggregate → exchange → aggregate`, with accumulators from `first` on.
fn report(location: &str, first: u64, function: &str) -> PlanNode {
    let partial = node(
        "HashAggregate",
        &format!("partial_{function}#{first}"),
        &[("number of output rows", first + 1)],
        vec![scan(location, first)],
    );
    let exchange = node("Exchange", "", &[("shuffle bytes written", first + 2)], vec![partial]);
    node("HashAggregate", function, &[("number of output rows", first + 3)], vec![exchange])
}

fn application(replay: &Replay<'_>, changes: &[Change]) -> u64 {
    replay.predict(changes).unwrap().application_ms
}

#[test]
fn what_is_kept_is_not_read_again() {
    let mut made = Made::new()
        .stage(0, 5_000, &[10, 11, 12], &[])
        .stage(0, 500, &[13], &[0])
        .stage(1, 4_000, &[20, 21, 22], &[])
        .stage(1, 500, &[23], &[2])
        .stage(2, 6_000, &[30, 31, 32], &[])
        .execution(0, report("[files]", 10, "sum(a)"))
        .execution(1, report("[files]", 20, "max(b)"))
        .execution(2, report("[others]", 30, "max(b)"));
    let replay = made.replay();
    assert_eq!(application(&replay, &[]), 16_000);
    // What both reports have in common takes at most what the cheaper one takes; the other files have nothing to do with it.
    assert_eq!(application(&replay, &[Change::Cached(0)]), 12_000);
    assert_eq!(replay.predict(&[Change::Cached(2)]), Err(ChangeError::NotRepeated(2)));
    assert_eq!(replay.predict(&[Change::Cached(4)]), Err(ChangeError::NotRepeated(4)));
}

#[test]
fn what_only_feeds_a_kept_value_does_not_run() {
    let join = |first: u64| {
        let side = |location: &str, first: u64| {
            let exchange = [("shuffle bytes written", first + 1)];
            node("Exchange", "", &exchange, vec![scan(location, first)])
        };
        node(
            "SortMergeJoin",
            "[a#1], [b#2], Inner",
            &[("number of output rows", first + 9)],
            vec![side("[left]", first), side("[right]", first + 2)],
        )
    };
    let mut made = Made::new()
        .stage(0, 1_000, &[10, 11], &[])
        .stage(0, 2_000, &[12, 13], &[])
        .stage(0, 3_000, &[19], &[0, 1])
        .stage(1, 1_000, &[30, 31], &[])
        .stage(1, 2_000, &[32, 33], &[])
        .stage(1, 3_500, &[39], &[3, 4])
        .execution(0, join(10))
        .execution(1, join(30));
    let replay = made.replay();
    let kept = replay.predict(&[Change::Cached(2)]).unwrap();
    assert_eq!(kept.application_ms, 6_500);
    let stages: Vec<u64> = kept.stages.iter().map(|((stage, _), _)| *stage).collect();
    assert_eq!(stages, [0, 1, 2, 5]);
}

#[test]
fn an_rdd_is_kept_too_unless_it_was() {
    let mut made = Made::new().stage(0, 2_000, &[], &[]).stage(1, 3_000, &[], &[]);
    for stage in &mut made.profile.stages {
        stage.rdds = vec![RddInfo { id: 7, ..RddInfo::default() }];
    }
    assert_eq!(application(&made.replay(), &[Change::Cached(0)]), 3_000);
    for stage in &mut made.profile.stages {
        stage.rdds[0].persisted = true;
    }
    let again = made.replay().predict(&[Change::Cached(0)]);
    assert_eq!(again, Err(ChangeError::NotRepeated(0)));
}

#[test]
fn a_broadcast_join_needs_no_shuffle_of_the_large_side() {
    let side = |name: &str, first: u64| {
        let metrics = [("shuffle bytes written", first), ("data size", first + 1)];
        let exchange = node("Exchange", "", &metrics, vec![scan(name, first + 2)]);
        let read = node("AQEShuffleRead", "", &[], vec![exchange]);
        node("Sort", "", &[("sort time", first + 3)], vec![read])
    };
    let metrics = [("number of output rows", 30)];
    let join =
        node("SortMergeJoin", "[a], [b], Inner", &metrics, vec![side("l", 10), side("s", 20)]);
    let mut made = Made::new()
        .stage(0, 4_000, &[10, 11, 12], &[])
        .stage(0, 100, &[20, 21, 22], &[])
        .stage(0, 6_000, &[10, 13, 20, 23, 30], &[0, 1])
        .execution(0, join);
    for (stage, rows, bytes) in [(0, 4_000_000, 100_000_000), (1, 1_000, 10_000)] {
        made.profile.stages[stage].metrics.shuffle_write_records = rows;
        made.profile.stages[stage].metrics.shuffle_write_bytes = bytes;
    }
    let joining = &mut made.profile.stages[2].metrics;
    (joining.shuffle_read_records, joining.shuffle_read_bytes) = (4_001_000, 100_010_000);
    joining.shuffle_fetch_wait_time = 2_000;
    made.profile.executions[0].metric_values = [(11, 400_000_000), (21, 5_000_000)].into();
    let replay = made.replay();
    assert_eq!(application(&replay, &[]), 10_100);
    let joined = replay.predict(&[Change::BroadcastJoin(2)]).unwrap();
    // Writing takes 250 ns for each of 4 million rows and 7 ns for each of 100 MB: 1.7 of 8 s, 21 %. Of the join's 12 s of tasks 2 s were
    // waiting; reading and sorting take 350 and 7 ns, 2.1 of 12 s, 17 %. Sending 5 MB takes 100 ms.
    let tasks = 2 * (4_000 * 79 / 100) + 2 * (5_000 * 83 / 100);
    assert_eq!(joined.application_ms, tasks / 2 + 100 + 100);
    let stages: Vec<u64> = joined.stages.iter().map(|((stage, _), _)| *stage).collect();
    assert_eq!(stages, [1, 2]);
    for stage in [0, 1] {
        let no_join = replay.predict(&[Change::BroadcastJoin(stage)]);
        assert_eq!(no_join, Err(ChangeError::NoJoin(stage)));
    }
}
