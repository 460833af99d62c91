//! `stagelight.annotate/1`: fields may be added, not renamed.

use std::io::{self, Write};

use analysis::Finding;
use diagnosis::Category;
use serde::Serialize;

use super::annotation::{AnnotatedFile, Annotation, CostLine, RunDiagnosis};
use super::json;
use super::run_json::{Cell, Unattributed, commit};

#[derive(Serialize)]
struct Output<'a> {
    schema: &'static str,
    application: Application<'a>,
    lines: Vec<Line<'a>>,
    findings: Vec<JsonFinding<'a>>,
    diagnoses: Vec<JsonDiagnosis<'a>>,
    unattributed: Unattributed<'a>,
}

#[derive(Serialize)]
struct Application<'a> {
    id: &'a str,
    name: &'a str,
    spark_version: &'a str,
    duration_ms: u64,
    task_time_ms: u64,
    representative: bool,
    /// `verified`, `unchanged`, `earlier` or `unverified`: whether the sources are those that ran.
    sources: &'static str,
    /// The commit whose sources the run was joined with, where they are earlier ones.
    commit: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u32,
    end_line: u32,
    column: u32,
    #[serde(flatten)]
    cell: Option<Cell>,
    method: &'a str,
    #[serde(rename = "match")]
    matched: String,
    executions: &'a [u64],
    jobs: &'a [u64],
    stages: &'a [u64],
    operators: Vec<Operator<'a>>,
    call_path: &'a [String],
    candidates: &'a [String],
    stale: bool,
    sure: bool,
    task_time_ms: u64,
    self_task_time_ms: u64,
    self_measured_ms: u64,
    self_shared_ms: u64,
    driver_ms: u64,
    wall_ms: u64,
    rows: u64,
    input_bytes: u64,
    output_bytes: u64,
    shuffle_read_bytes: u64,
    shuffle_write_bytes: u64,
    spill_bytes: u64,
    result_bytes: u64,
    skew: f64,
}

#[derive(Serialize)]
struct Operator<'a> {
    execution: u64,
    node_id_or_name: &'a str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    file: &'a str,
    line: u32,
    severity: &'static str,
    evidence: &'static str,
    task_time_ms: u64,
    message: &'a str,
    column: u32,
    #[serde(flatten)]
    cell: Option<Cell>,
    measured: Option<&'a str>,
}

/// What made the run slow, as in `stagelight.log/1`, with the lines that it is about, or with why there are none.
#[derive(Serialize)]
struct JsonDiagnosis<'a> {
    id: &'a str,
    category: &'static str,
    summary: &'a str,
    advice: &'a str,
    explanation: &'a str,
    stages: Vec<u64>,
    executions: &'a [u64],
    /// Position, in the same list, of the diagnosis that this one is a symptom of.
    caused_by: Option<usize>,
    saving_ms: Option<Saving>,
    lines: Vec<DiagnosedLine<'a>>,
    /// Why `lines` is empty; null where it is not.
    no_line: Option<&'a str>,
}

/// Wall time that could be saved, at least and at most; modelled from bounds of what is left.
#[derive(Serialize)]
struct Saving {
    low: u64,
    high: u64,
}

#[derive(Serialize)]
struct DiagnosedLine<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    #[serde(flatten)]
    cell: Option<Cell>,
    method: &'a str,
    /// `cause`; of a gap between jobs `before` and `after`.
    part: &'static str,
}

/// Writes one object, or an array of them where there are several applications.
pub(crate) fn write(out: &mut dyn Write, annotations: &[Annotation<'_>]) -> io::Result<()> {
    let outputs: Vec<Output<'_>> = annotations.iter().map(output).collect();
    match outputs.as_slice() {
        [one] => json::write(out, one),
        several => json::write(out, &several),
    }
}

fn output<'a>(annotation: &'a Annotation<'a>) -> Output<'a> {
    let run = annotation.run;
    let application = &run.profile.application;
    Output {
        schema: "stagelight.annotate/1",
        application: Application {
            id: &application.id,
            name: &application.name,
            spark_version: &application.spark_version,
            duration_ms: application.duration_ms(),
            task_time_ms: run.profile.task_time_ms(),
            representative: run.representative,
            sources: run.sources.name(),
            commit: commit(&run.sources),
        },
        lines: annotation.lines.iter().map(line).collect(),
        findings: annotation.files.iter().flat_map(findings).collect(),
        diagnoses: annotation.diagnoses.iter().map(|it| diagnosis(annotation, it)).collect(),
        unattributed: Unattributed::from(&run.unattributed),
    }
}

fn diagnosis<'a>(annotation: &'a Annotation<'a>, found: &'a RunDiagnosis) -> JsonDiagnosis<'a> {
    let it = &found.diagnosis;
    let mut stages: Vec<u64> = it.stages.iter().map(|(stage, _)| *stage).collect();
    stages.dedup();
    let lines = found.lines.iter().filter_map(|(at, part)| {
        let line = annotation.lines.get(*at)?;
        Some(DiagnosedLine {
            file: line.file,
            line: line.span.line,
            column: line.span.column,
            cell: line.cell.map(Cell::from),
            method: line.method,
            part: part.name(),
        })
    });
    JsonDiagnosis {
        id: it.id,
        category: match it.category {
            Category::Resource => "resource",
            Category::Data => "data",
            Category::Algorithm => "algorithm",
        },
        summary: &it.summary,
        advice: &it.advice,
        explanation: it.explanation,
        stages,
        executions: &it.executions,
        caused_by: it.caused_by,
        saving_ms: it.saving_ms.map(|(low, high)| Saving { low, high }),
        lines: lines.collect(),
        no_line: found.reason.as_deref(),
    }
}

fn line<'a>(line: &CostLine<'a>) -> Line<'a> {
    let cost = line.cost;
    Line {
        file: line.file,
        line: line.span.line,
        end_line: line.span.end_line,
        column: line.span.column,
        cell: line.cell.map(Cell::from),
        method: line.method,
        matched: cost.matched.to_string(),
        executions: &cost.executions,
        jobs: &cost.jobs,
        stages: &cost.stages,
        operators: cost
            .operators
            .iter()
            .map(|(execution, name)| Operator { execution: *execution, node_id_or_name: name })
            .collect(),
        call_path: &cost.call_path,
        candidates: &cost.candidates,
        stale: cost.stale,
        sure: cost.sure,
        task_time_ms: cost.task_time_ms,
        self_task_time_ms: cost.self_task_time_ms(),
        self_measured_ms: cost.self_measured_ms,
        self_shared_ms: cost.self_shared_ms,
        driver_ms: cost.driver_ms,
        wall_ms: cost.wall_ms,
        rows: cost.rows,
        input_bytes: cost.input_bytes,
        output_bytes: cost.output_bytes,
        shuffle_read_bytes: cost.shuffle_read_bytes,
        shuffle_write_bytes: cost.shuffle_write_bytes,
        spill_bytes: cost.spill_bytes,
        result_bytes: cost.result_bytes,
        // A ratio of zero over zero is said as no skew.
        skew: if cost.skew.is_finite() { cost.skew } else { 1.0 },
    }
}

fn findings<'a>(file: &'a AnnotatedFile<'a>) -> impl Iterator<Item = JsonFinding<'a>> {
    let all = file.check.findings.iter().chain(&file.check.refuted);
    all.map(|finding: &'a Finding| {
        let span = file.at.span(finding.range);
        let measured = finding.evidence.measured();
        JsonFinding {
            rule: finding.rule,
            file: file.name,
            line: span.line,
            severity: finding.severity.name(),
            evidence: finding.evidence.name(),
            task_time_ms: measured.map_or(0, |measured| measured.task_time_ms),
            message: &finding.message,
            column: span.column,
            cell: file.at.in_cell(finding.range).map(Cell::from),
            measured: measured.map(|measured| measured.text.as_str()),
        }
    })
}
