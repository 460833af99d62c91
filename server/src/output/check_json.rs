//! `stagelight.check/1`: fields may be added, not renamed.

use std::io::{self, Write};

use analysis::{Applicability, Edit, Finding};
use program::{Confidence, TextRange};
use serde::Serialize;

use super::json;
use super::position::{CellSpan, Positions, Span};
use super::report::{CheckReport, CheckedFile};

#[derive(Serialize)]
struct Output<'a> {
    schema: &'static str,
    findings: Vec<JsonFinding<'a>>,
    problems: Vec<JsonProblem<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    message: &'a str,
    help: &'a str,
    severity: &'static str,
    confidence: &'static str,
    file: &'a str,
    #[serde(flatten)]
    span: JsonSpan,
    related: Vec<JsonRelated<'a>>,
    fixes: Vec<JsonFix<'a>>,
    evidence: &'static str,
    measured: Option<JsonMeasured<'a>>,
}

#[derive(Serialize)]
struct JsonSpan {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(flatten)]
    cell: Option<JsonCell>,
}

/// The same in the cell of a notebook.
#[derive(Serialize)]
struct JsonCell {
    cell: u32,
    cell_line: u32,
    cell_column: u32,
    cell_end_line: u32,
    cell_end_column: u32,
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    message: &'a str,
    #[serde(flatten)]
    span: JsonSpan,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    applicability: &'static str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    #[serde(flatten)]
    span: JsonSpan,
    replacement: &'a str,
}

#[derive(Serialize)]
struct JsonMeasured<'a> {
    application: &'a str,
    text: &'a str,
    task_time_ms: u64,
    saving_ms: Option<u64>,
    /// Wall time of the application by the replay of the run.
    wall_saving_ms: Option<u64>,
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    path: &'a str,
    message: &'a str,
}

impl JsonSpan {
    fn new(at: &Positions, range: TextRange) -> Self {
        let Span { line, column, end_line, end_column } = at.span(range);
        let cell = at.in_cell(range).map(|CellSpan { cell, span }| JsonCell {
            cell,
            cell_line: span.line,
            cell_column: span.column,
            cell_end_line: span.end_line,
            cell_end_column: span.end_column,
        });
        Self { line, column, end_line, end_column, cell }
    }
}

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    let output = Output {
        schema: "stagelight.check/1",
        findings: report.findings().map(|(file, finding)| json_finding(file, finding)).collect(),
        problems: report
            .problems
            .iter()
            .map(|problem| JsonProblem { path: &problem.path, message: &problem.message })
            .collect(),
    };
    json::write(out, &output)
}

/// The word for how sure a receiver's type is.
#[must_use]
pub(crate) fn confidence_name(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Guessed => "guessed",
        Confidence::Declared => "declared",
        Confidence::Known => "known",
    }
}

/// The word for how a fix may be applied.
#[must_use]
pub(crate) fn applicability_name(applicability: Applicability) -> &'static str {
    match applicability {
        Applicability::Safe => "safe",
        Applicability::Unsafe => "unsafe",
    }
}

fn json_finding<'a>(file: &'a CheckedFile, finding: &'a Finding) -> JsonFinding<'a> {
    let at = |range| JsonSpan::new(&file.at, range);
    let edit = |edit: &'a Edit| JsonEdit { span: at(edit.range), replacement: &edit.replacement };
    JsonFinding {
        rule: finding.rule,
        message: &finding.message,
        help: &finding.help,
        severity: finding.severity.name(),
        confidence: confidence_name(finding.confidence),
        file: &file.name,
        span: at(finding.range),
        related: finding
            .related
            .iter()
            .map(|related| JsonRelated { message: &related.message, span: at(related.range) })
            .collect(),
        fixes: finding
            .fixes
            .iter()
            .map(|fix| JsonFix {
                title: &fix.title,
                applicability: applicability_name(fix.applicability),
                edits: fix.edits.iter().map(edit).collect(),
            })
            .collect(),
        evidence: finding.evidence.name(),
        measured: finding.evidence.measured().map(|measured| JsonMeasured {
            application: &measured.application,
            text: &measured.text,
            task_time_ms: measured.task_time_ms,
            saving_ms: measured.saving_ms,
            wall_saving_ms: measured.wall_saving_ms,
        }),
    }
}
