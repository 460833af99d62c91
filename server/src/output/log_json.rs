//! `stagelight.log/1`: stages, jobs, executors and SQL executions with the field names and units of Spark's REST API. Fields may be
//! added, not renamed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use diagnosis::{Category, Diagnosis, SavingModel};
use eventlog::{
    Executor, Job, JobStatus, Profile, Quantiles, SqlExecution, StageAttempt, StageStatus,
    TaskSummary,
};
use serde::Serialize;

use super::json::{self, Each};

#[derive(Serialize)]
struct Output<'a, Stages: Serialize, Jobs: Serialize, Executions: Serialize> {
    schema: &'static str,
    application: Application<'a>,
    quality: JsonQuality<'a>,
    stages: Stages,
    jobs: Jobs,
    sql: Executions,
    executors: Vec<JsonExecutor<'a>>,
    diagnoses: Vec<JsonDiagnosis<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Application<'a> {
    id: &'a str,
    name: &'a str,
    attempt_id: Option<&'a str>,
    app_spark_version: &'a str,
    start_time: Option<String>,
    end_time: Option<String>,
    duration: u64,
    completed: bool,
    task_time: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonQuality<'a> {
    lines: u64,
    bytes: u64,
    malformed_lines: u64,
    first_malformed_line: Option<u64>,
    unknown_events: &'a BTreeMap<String, u64>,
    truncated: Option<&'a str>,
    has_application_start: bool,
    has_application_end: bool,
    compacted: bool,
    missing_task_ends: u64,
    local_master: bool,
    unfinished_executions: u64,
    notes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stage<'a> {
    status: &'static str,
    stage_id: u64,
    attempt_id: u32,
    name: &'a str,
    details: &'a str,
    job_ids: &'a [u64],
    parent_ids: &'a [u64],
    num_tasks: u64,
    num_active_tasks: u64,
    num_complete_tasks: u64,
    num_failed_tasks: u64,
    num_killed_tasks: u64,
    submission_time: Option<String>,
    first_task_launched_time: Option<String>,
    completion_time: Option<String>,
    failure_reason: Option<&'a str>,
    executor_deserialize_time: u64,
    executor_deserialize_cpu_time: u64,
    executor_run_time: u64,
    executor_cpu_time: u64,
    result_size: u64,
    jvm_gc_time: u64,
    result_serialization_time: u64,
    memory_bytes_spilled: u64,
    disk_bytes_spilled: u64,
    peak_execution_memory: u64,
    input_bytes: u64,
    input_records: u64,
    output_bytes: u64,
    output_records: u64,
    shuffle_remote_blocks_fetched: u64,
    shuffle_local_blocks_fetched: u64,
    shuffle_fetch_wait_time: u64,
    shuffle_remote_bytes_read: u64,
    shuffle_remote_bytes_read_to_disk: u64,
    shuffle_local_bytes_read: u64,
    shuffle_read_bytes: u64,
    shuffle_read_records: u64,
    shuffle_write_bytes: u64,
    shuffle_write_time: u64,
    shuffle_write_records: u64,
    task_summary: Option<JsonTaskSummary>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonTaskSummary {
    quantiles: [f64; 5],
    tasks: u64,
    approximate: bool,
    duration: Quantiles,
    executor_run_time: Quantiles,
    executor_cpu_time: Quantiles,
    jvm_gc_time: Quantiles,
    result_size: Quantiles,
    memory_bytes_spilled: Quantiles,
    disk_bytes_spilled: Quantiles,
    peak_execution_memory: Quantiles,
    input_metrics: InputMetrics,
    output_metrics: OutputMetrics,
    shuffle_read_metrics: ShuffleReadMetrics,
    shuffle_write_metrics: ShuffleWriteMetrics,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputMetrics {
    bytes_read: Quantiles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputMetrics {
    bytes_written: Quantiles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShuffleReadMetrics {
    read_bytes: Quantiles,
    read_records: Quantiles,
    fetch_wait_time: Quantiles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShuffleWriteMetrics {
    write_bytes: Quantiles,
    write_records: Quantiles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonJob<'a> {
    job_id: u64,
    name: &'a str,
    description: Option<&'a str>,
    submission_time: Option<String>,
    completion_time: Option<String>,
    stage_ids: &'a [u64],
    job_group: Option<&'a str>,
    status: &'static str,
    execution_id: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sql<'a> {
    id: u64,
    root_execution_id: u64,
    status: &'static str,
    description: &'a str,
    submission_time: Option<String>,
    duration: Option<u64>,
    job_ids: &'a [u64],
    error_message: Option<&'a str>,
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a> {
    node_id: usize,
    node_name: &'a str,
    metrics: Vec<NodeMetric<'a>>,
}

#[derive(Serialize)]
struct NodeMetric<'a> {
    name: &'a str,
    kind: &'a str,
    value: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonExecutor<'a> {
    id: &'a str,
    host_port: &'a str,
    is_active: bool,
    total_cores: u32,
    add_time: Option<String>,
    remove_time: Option<String>,
    remove_reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonDiagnosis<'a> {
    id: &'a str,
    category: &'static str,
    summary: &'a str,
    stages: Vec<u64>,
    stage_attempts: Vec<StageAttemptId>,
    executions: &'a [u64],
    evidence: Vec<JsonMeasure<'a>>,
    /// Position, in the same list, of the diagnosis that this one is a symptom of.
    caused_by: Option<usize>,
    explanation: &'a str,
    advice: &'a str,
    saving_ms: Option<Saving>,
    /// What `savingMs` was worked out by: `replay` or `bound`; both are modelled.
    saving_model: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageAttemptId {
    stage_id: u64,
    attempt_id: u32,
}

#[derive(Serialize)]
struct JsonMeasure<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
}

#[derive(Serialize)]
struct Saving {
    low: u64,
    high: u64,
}

/// Writes the run.
pub(crate) fn write(
    out: &mut dyn Write,
    profile: &Profile,
    diagnoses: &[Diagnosis],
) -> io::Result<()> {
    let application = &profile.application;
    let quality = &profile.quality;
    let output = Output {
        schema: "stagelight.log/1",
        application: Application {
            id: &application.id,
            name: &application.name,
            attempt_id: application.attempt_id.as_deref(),
            app_spark_version: &application.spark_version,
            start_time: time(application.start_ms),
            end_time: application.end_ms.and_then(time),
            duration: application.duration_ms(),
            completed: quality.has_application_end,
            task_time: profile.task_time_ms(),
        },
        quality: JsonQuality {
            lines: quality.lines,
            bytes: quality.bytes,
            malformed_lines: quality.malformed_lines,
            first_malformed_line: quality.first_malformed_line,
            unknown_events: &quality.unknown_events,
            truncated: quality.truncated.as_deref(),
            has_application_start: quality.has_application_start,
            has_application_end: quality.has_application_end,
            compacted: quality.compacted,
            missing_task_ends: quality.missing_task_ends,
            local_master: quality.local_master,
            unfinished_executions: quality.unfinished_executions,
            notes: diagnosis::quality_notes(profile),
        },
        stages: Each(profile.stages.iter().map(stage)),
        jobs: Each(profile.jobs.iter().map(job)),
        sql: Each(profile.executions.iter().map(|execution| sql(profile, execution))),
        executors: profile.executors.iter().map(executor).collect(),
        diagnoses: diagnoses.iter().map(json_diagnosis).collect(),
    };
    json::write(out, &output)
}

fn json_diagnosis(diagnosis: &Diagnosis) -> JsonDiagnosis<'_> {
    let mut stages: Vec<u64> = diagnosis.stages.iter().map(|(stage, _)| *stage).collect();
    stages.dedup();
    JsonDiagnosis {
        id: diagnosis.id,
        category: match diagnosis.category {
            Category::Resource => "resource",
            Category::Data => "data",
            Category::Algorithm => "algorithm",
        },
        summary: &diagnosis.summary,
        stages,
        stage_attempts: diagnosis
            .stages
            .iter()
            .map(|&(stage_id, attempt_id)| StageAttemptId { stage_id, attempt_id })
            .collect(),
        executions: &diagnosis.executions,
        evidence: diagnosis
            .evidence
            .iter()
            .map(|measure| JsonMeasure {
                name: measure.name,
                value: measure.value,
                unit: measure.unit,
            })
            .collect(),
        caused_by: diagnosis.caused_by,
        explanation: diagnosis.explanation,
        advice: &diagnosis.advice,
        saving_ms: diagnosis.saving_ms.map(|(low, high)| Saving { low, high }),
        saving_model: diagnosis.saving_ms.map(|_| match diagnosis.saving_model {
            SavingModel::Bound => "bound",
            SavingModel::Replay => "replay",
        }),
    }
}

fn stage(stage: &StageAttempt) -> Stage<'_> {
    let metrics = &stage.metrics;
    let ended = stage.num_complete_tasks + stage.num_failed_tasks + stage.num_killed_tasks;
    Stage {
        status: match stage.status {
            StageStatus::Active => "ACTIVE",
            StageStatus::Complete => "COMPLETE",
            StageStatus::Failed => "FAILED",
        },
        stage_id: stage.stage_id,
        attempt_id: stage.attempt_id,
        name: &stage.name,
        details: &stage.details,
        job_ids: &stage.job_ids,
        parent_ids: &stage.parent_ids,
        num_tasks: stage.num_tasks,
        num_active_tasks: match stage.status {
            StageStatus::Active => stage.num_tasks.saturating_sub(ended),
            StageStatus::Complete | StageStatus::Failed => 0,
        },
        num_complete_tasks: stage.num_complete_tasks,
        num_failed_tasks: stage.num_failed_tasks,
        num_killed_tasks: stage.num_killed_tasks,
        submission_time: stage.submission_ms.and_then(time),
        first_task_launched_time: stage.first_task_launched_ms.and_then(time),
        completion_time: stage.completion_ms.and_then(time),
        failure_reason: stage.failure_reason.as_deref(),
        executor_deserialize_time: metrics.executor_deserialize_time,
        executor_deserialize_cpu_time: metrics.executor_deserialize_cpu_time,
        executor_run_time: metrics.executor_run_time,
        executor_cpu_time: metrics.executor_cpu_time,
        result_size: metrics.result_size,
        jvm_gc_time: metrics.jvm_gc_time,
        result_serialization_time: metrics.result_serialization_time,
        memory_bytes_spilled: metrics.memory_bytes_spilled,
        disk_bytes_spilled: metrics.disk_bytes_spilled,
        peak_execution_memory: metrics.peak_execution_memory,
        input_bytes: metrics.input_bytes,
        input_records: metrics.input_records,
        output_bytes: metrics.output_bytes,
        output_records: metrics.output_records,
        shuffle_remote_blocks_fetched: metrics.shuffle_remote_blocks_fetched,
        shuffle_local_blocks_fetched: metrics.shuffle_local_blocks_fetched,
        shuffle_fetch_wait_time: metrics.shuffle_fetch_wait_time,
        shuffle_remote_bytes_read: metrics.shuffle_remote_bytes_read,
        shuffle_remote_bytes_read_to_disk: metrics.shuffle_remote_bytes_read_to_disk,
        shuffle_local_bytes_read: metrics.shuffle_local_bytes_read,
        shuffle_read_bytes: metrics.shuffle_read_bytes,
        shuffle_read_records: metrics.shuffle_read_records,
        shuffle_write_bytes: metrics.shuffle_write_bytes,
        shuffle_write_time: metrics.shuffle_write_time,
        shuffle_write_records: metrics.shuffle_write_records,
        task_summary: stage.task_summary.as_ref().map(task_summary),
    }
}

fn task_summary(summary: &TaskSummary) -> JsonTaskSummary {
    JsonTaskSummary {
        quantiles: [0.0, 0.25, 0.5, 0.75, 1.0],
        tasks: summary.tasks,
        approximate: summary.approximate,
        duration: summary.duration,
        executor_run_time: summary.executor_run_time,
        executor_cpu_time: summary.executor_cpu_time,
        jvm_gc_time: summary.jvm_gc_time,
        result_size: summary.result_size,
        memory_bytes_spilled: summary.memory_bytes_spilled,
        disk_bytes_spilled: summary.disk_bytes_spilled,
        peak_execution_memory: summary.peak_execution_memory,
        input_metrics: InputMetrics { bytes_read: summary.input_bytes },
        output_metrics: OutputMetrics { bytes_written: summary.output_bytes },
        shuffle_read_metrics: ShuffleReadMetrics {
            read_bytes: summary.shuffle_read_bytes,
            read_records: summary.shuffle_read_records,
            fetch_wait_time: summary.shuffle_fetch_wait_time,
        },
        shuffle_write_metrics: ShuffleWriteMetrics {
            write_bytes: summary.shuffle_write_bytes,
            write_records: summary.shuffle_write_records,
        },
    }
}

fn job(job: &Job) -> JsonJob<'_> {
    JsonJob {
        job_id: job.job_id,
        name: &job.call_site.short,
        description: job.description.as_deref(),
        submission_time: time(job.submission_ms),
        completion_time: job.completion_ms.and_then(time),
        stage_ids: &job.stage_ids,
        job_group: job.job_group.as_deref(),
        status: match job.status {
            JobStatus::Running => "RUNNING",
            JobStatus::Succeeded => "SUCCEEDED",
            JobStatus::Failed => "FAILED",
        },
        execution_id: job.execution_id,
    }
}

fn sql<'a>(profile: &'a Profile, execution: &'a SqlExecution) -> Sql<'a> {
    let failed_job = execution
        .job_ids
        .iter()
        .any(|&id| profile.job(id).is_some_and(|job| job.status == JobStatus::Failed));
    Sql {
        id: execution.execution_id,
        root_execution_id: execution.root_execution_id,
        status: match (&execution.error, execution.end_ms) {
            (Some(error), _) if !error.is_empty() => "FAILED",
            (_, None) => "RUNNING",
            _ if failed_job => "FAILED",
            _ => "COMPLETED",
        },
        description: &execution.description,
        submission_time: time(execution.start_ms),
        duration: execution.end_ms.map(|end| u64::try_from(end - execution.start_ms).unwrap_or(0)),
        job_ids: &execution.job_ids,
        error_message: execution.error.as_deref(),
        nodes: execution
            .plan
            .preorder()
            .into_iter()
            .enumerate()
            .map(|(node_id, node)| Node {
                node_id,
                node_name: &node.name,
                metrics: node
                    .metrics
                    .iter()
                    .filter_map(|metric| {
                        let value = *execution.metric_values.get(&metric.accumulator_id)?;
                        Some(NodeMetric { name: &metric.name, kind: &metric.kind, value })
                    })
                    .collect(),
            })
            .collect(),
    }
}

fn executor(executor: &Executor) -> JsonExecutor<'_> {
    JsonExecutor {
        id: &executor.id,
        host_port: &executor.host,
        is_active: executor.removed_ms.is_none(),
        total_cores: executor.total_cores,
        add_time: time(executor.added_ms),
        remove_time: executor.removed_ms.and_then(time),
        remove_reason: executor.removed_reason.as_deref(),
    }
}

/// A time as the REST API writes it: `2024-05-01T12:00:00.000GMT`. None where the log has none.
fn time(ms: i64) -> Option<String> {
    if ms <= 0 {
        return None;
    }
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Days to a civil date, after Howard Hinnant: eras of 400 years that begin in March.
    let shifted = days.checked_add(719_468)?;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, millis) = (rest / 1_000 % 60, rest % 1_000);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}GMT"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_those_of_the_rest_api() {
        let time = |ms| super::time(ms).unwrap();
        assert_eq!(time(1_714_564_800_123), "2024-05-01T12:00:00.123GMT");
        assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00.000GMT");
        assert_eq!(time(1), "1970-01-01T00:00:00.001GMT");
        assert_eq!(super::time(0), None);
        super::time(i64::MAX);
    }
}
