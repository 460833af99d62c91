//! Hand-made profiles.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its own part; test code may panic"
)]

use diagnosis::{Diagnosis, diagnose};
use eventlog::{
    Job, JobStatus, PlanMetric, PlanNode, Profile, Quality, SqlExecution, StageAttempt,
    StageStatus, Task, TaskSummary,
};
use spark::Thresholds;

pub(crate) fn stage(id: u64, run_ms: u64, summary: TaskSummary) -> StageAttempt {
    let mut stage = StageAttempt {
        stage_id: id,
        status: StageStatus::Complete,
        num_tasks: summary.tasks,
        ..StageAttempt::default()
    };
    stage.num_complete_tasks = summary.tasks;
    stage.num_measured_tasks = summary.tasks;
    stage.metrics.executor_run_time = run_ms;
    stage.task_duration = run_ms;
    // The slowest task is the one with the most of everything.
    if summary.tasks > 0 {
        stage.longest_tasks = vec![Task {
            duration: summary.duration[4],
            input_bytes: summary.input_bytes[4],
            shuffle_read_bytes: summary.shuffle_read_bytes[4],
            shuffle_read_records: summary.shuffle_read_records[4],
            jvm_gc_time: summary.jvm_gc_time[4],
            shuffle_fetch_wait_time: summary.shuffle_fetch_wait_time[4],
            executor_run_time: summary.duration[4],
            executor_cpu_time: summary.executor_cpu_time[4],
            host: "a".into(),
            ..Task::default()
        }];
    }
    stage.task_summary = Some(summary);
    stage
}

pub(crate) fn skewed() -> TaskSummary {
    TaskSummary {
        tasks: 20,
        duration: [900, 950, 1_000, 1_100, 10_000],
        shuffle_read_bytes: [1 << 20, 1 << 20, 1 << 20, 2 << 20, 12 << 20],
        ..TaskSummary::default()
    }
}

/// A run of 100 s whose stages are these; stage n belongs to job n and execution n.
pub(crate) fn run(stages: Vec<StageAttempt>) -> Profile {
    let mut profile = Profile { stages, ..Profile::default() };
    profile.application.start_ms = 1_000_000;
    profile.application.end_ms = Some(1_100_000);
    profile.quality =
        Quality { has_application_start: true, has_application_end: true, ..Quality::default() };
    for stage in &mut profile.stages {
        let id = stage.stage_id;
        stage.job_ids = vec![id];
        stage.sql_accumulators.insert(id, 1);
        profile.jobs.push(Job {
            job_id: id,
            execution_id: Some(id),
            stage_ids: vec![id],
            status: JobStatus::Succeeded,
            ..Job::default()
        });
        let metric = PlanMetric {
            name: "number of output rows".into(),
            accumulator_id: id,
            kind: "sum".into(),
        };
        let plan =
            PlanNode { name: "SortMergeJoin".into(), metrics: vec![metric], ..PlanNode::default() };
        profile.executions.push(SqlExecution {
            execution_id: id,
            plan,
            end_ms: Some(0),
            ..SqlExecution::default()
        });
    }
    profile
}

pub(crate) fn of(profile: &Profile) -> Vec<Diagnosis> {
    diagnose(profile, &Thresholds::default())
}

pub(crate) fn ids(profile: &Profile) -> Vec<&'static str> {
    of(profile).iter().map(|diagnosis| diagnosis.id).collect()
}

pub(crate) fn value(diagnosis: &Diagnosis, name: &str) -> f64 {
    diagnosis.evidence.iter().find(|measure| measure.name == name).unwrap().value
}
