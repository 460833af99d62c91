//! `stagelight.what-if/1`. Numbers of the log stand under `measured`, all others under `modelled`. Fields may be added, not renamed.

use std::io::{self, Write};

use diagnosis::{Change, MAX_ERROR, Outcome};
use serde::Serialize;

use super::json;
use super::what_if::{Report, describe};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    schema: &'static str,
    application: Application<'a>,
    quality_notes: Vec<String>,
    measured: Times,
    modelled: Modelled<'a>,
    changes: Vec<JsonChange>,
    assumptions: &'a [String],
    not_predicted: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Application<'a> {
    id: &'a str,
    name: &'a str,
    attempt_id: Option<&'a str>,
    app_spark_version: &'a str,
    executors: u64,
    cores: u64,
    local: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Times {
    duration_ms: u64,
    job_ms: u64,
    task_ms: u64,
    core_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Modelled<'a> {
    replay: JsonReplay<'a>,
    unchanged: Times,
    predicted: Option<Times>,
    saving_ms: Option<i64>,
    stages: Vec<JsonStage>,
    scaling: Option<JsonScaling>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReplay<'a> {
    /// From the tasks alone.
    tasks_only_job_ms: u64,
    /// With the delays that the log measures: what `error` is taken from.
    job_ms: u64,
    error: f64,
    tasks_only_error: f64,
    calibrated_error: f64,
    max_error: f64,
    /// Why nothing is predicted.
    refused: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonStage {
    stage_id: u64,
    attempt_id: u32,
    /// Wall time in the log.
    measured_ms: u64,
    unchanged_ms: u64,
    /// Null where it does not run any more.
    predicted_ms: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonScaling {
    unit: &'static str,
    steps: Vec<Step>,
    /// The size at which core time × wall time is least.
    knee: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    size: u64,
    percent: u64,
    #[serde(flatten)]
    times: Times,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonChange {
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<u64>,
    description: String,
}

/// Writes the replay.
pub(crate) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let application = &report.profile.application;
    let fit = &report.fit;
    let scaling = report.scaling.as_ref().map(|scaling| JsonScaling {
        unit: if report.local { "cores" } else { "executors" },
        steps: scaling
            .steps
            .iter()
            .map(|step| Step {
                size: step.size,
                percent: step.percent,
                times: times(&step.outcome),
            })
            .collect(),
        knee: scaling.knee.and_then(|at| scaling.steps.get(at)).map(|step| step.size),
    });
    let stages = report.stages();
    let output = Output {
        schema: "stagelight.what-if/1",
        application: Application {
            id: &application.id,
            name: &application.name,
            attempt_id: application.attempt_id.as_deref(),
            app_spark_version: &application.spark_version,
            executors: report.cluster.0,
            cores: report.cluster.1,
            local: report.local,
        },
        quality_notes: diagnosis::quality_notes(report.profile),
        measured: times(&report.measured),
        modelled: Modelled {
            replay: JsonReplay {
                tasks_only_job_ms: fit.tasks_only_job_ms,
                job_ms: fit.job_ms,
                error: fit.error(),
                tasks_only_error: fit.tasks_only_error(),
                calibrated_error: fit.calibrated_error(),
                max_error: MAX_ERROR,
                refused: report.refusal.as_deref(),
            },
            unchanged: times(&report.unchanged),
            predicted: report.predicted.as_ref().map(times),
            saving_ms: report.saving_ms(),
            stages: stages
                .iter()
                .map(|stage| JsonStage {
                    stage_id: stage.stage,
                    attempt_id: stage.attempt,
                    measured_ms: stage.measured_ms,
                    unchanged_ms: stage.unchanged_ms,
                    predicted_ms: stage.predicted_ms,
                })
                .collect(),
            scaling,
        },
        changes: report.changes.iter().map(change).collect(),
        assumptions: &report.assumptions,
        not_predicted: &report.limits,
    };
    json::write(out, &output)
}

fn times(outcome: &Outcome) -> Times {
    Times {
        duration_ms: outcome.application_ms,
        job_ms: outcome.job_ms,
        task_ms: outcome.task_ms,
        core_ms: outcome.core_ms,
    }
}

fn change(change: &Change) -> JsonChange {
    let (name, stage, value) = match *change {
        Change::Executors(executors) => ("executors", None, Some(executors)),
        Change::Cores(cores) => ("cores", None, Some(cores)),
        Change::NoSkew(stage) => ("no-skew", Some(stage), None),
        Change::NoStragglers(stage) => ("no-stragglers", Some(stage), None),
        Change::Partitions { stage, partitions } => ("partitions", Some(stage), Some(partitions)),
        Change::NoRetries => ("no-retries", None, None),
        Change::Cached(stage) => ("cache", Some(stage), None),
        Change::BroadcastJoin(stage) => ("broadcast-join", Some(stage), None),
        Change::NoDriverGap => ("no-driver-gap", None, None),
    };
    JsonChange { change: name, stage, value, description: describe(change) }
}
