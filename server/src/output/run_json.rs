//! What of a run every command says in JSON in the same words.

use analysis::Sources;
use serde::Serialize;

use super::position::CellSpan;

/// The place in the cell of a notebook.
#[derive(Serialize)]
pub(super) struct Cell {
    cell: u32,
    cell_line: u32,
    cell_column: u32,
}

impl From<CellSpan> for Cell {
    fn from(CellSpan { cell, span }: CellSpan) -> Self {
        Self { cell, cell_line: span.line, cell_column: span.column }
    }
}

/// What of a run has no line.
#[derive(Serialize)]
pub(super) struct Unattributed<'a> {
    task_time_ms: u64,
    driver_ms: u64,
    stages: Vec<UnattributedStage<'a>>,
    /// Calls of the sources that ran which today's do not have; their time is a part of the sum beside that of the stages.
    gone: Vec<GoneCall<'a>>,
}

#[derive(Serialize)]
struct UnattributedStage<'a> {
    stage: u64,
    attempt: u32,
    reason: &'a str,
    task_time_ms: u64,
}

#[derive(Serialize)]
struct GoneCall<'a> {
    file: &'a str,
    /// The line in the text that ran.
    line_then: u32,
    method: &'a str,
    task_time_ms: u64,
    driver_ms: u64,
}

impl<'a> From<&'a analysis::Unattributed> for Unattributed<'a> {
    fn from(unattributed: &'a analysis::Unattributed) -> Self {
        let stages = unattributed.stages.iter().map(|stage| UnattributedStage {
            stage: stage.stage,
            attempt: stage.attempt,
            reason: &stage.reason,
            task_time_ms: stage.task_time_ms,
        });
        let gone = unattributed.gone.iter().map(|call| GoneCall {
            file: &call.file,
            line_then: call.line,
            method: &call.method,
            task_time_ms: call.task_time_ms,
            driver_ms: call.driver_ms,
        });
        Self {
            task_time_ms: unattributed.task_time_ms,
            driver_ms: unattributed.driver_ms,
            stages: stages.collect(),
            gone: gone.collect(),
        }
    }
}

/// The commit whose sources a run was joined with, where they are not today's.
pub(super) fn commit(sources: &Sources) -> Option<&str> {
    match sources {
        Sources::Earlier { commit } => Some(commit),
        _ => None,
    }
}
