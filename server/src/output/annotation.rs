//! What `annotate` reports of one run, before it takes a form.

use std::sync::Arc;

use analysis::{Analysis, Evidence, FileCheck, Match, Run, SiteCost, SourceFile};
use program::{CallId, CallKey, TextRange};

use super::position::{CellSpan, Positions, Span};
use crate::commands::check::check_file;
use crate::problem::Problem;
use crate::workspace::Notebooks;

/// One run with the lines that it cost.
#[derive(Debug)]
pub(crate) struct Annotation<'a> {
    /// The run.
    pub(crate) run: &'a Run,
    /// Calls with cost, by file and position.
    pub(crate) lines: Vec<CostLine<'a>>,
    /// Files that the run covers with what was found there, by name.
    pub(crate) files: Vec<AnnotatedFile<'a>>,
}

/// A call with its cost.
#[derive(Debug, Clone)]
pub(crate) struct CostLine<'a> {
    /// The file's name.
    pub(crate) file: &'a str,
    /// Line of the method's name in the analysed text, from 1.
    pub(crate) text_line: u32,
    /// Where the method's name begins and the call ends, in the file.
    pub(crate) span: Span,
    /// Where the method's name is in the cell of a notebook.
    pub(crate) cell: Option<CellSpan>,
    /// The name with the cell, and the line, as people find it.
    pub(crate) shown: String,
    /// The method.
    pub(crate) method: &'a str,
    /// Its cost.
    pub(crate) cost: &'a SiteCost,
}

/// A file with findings as this run alone weighs them.
#[derive(Debug)]
pub(crate) struct AnnotatedFile<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its state.
    pub(crate) source: &'a SourceFile,
    /// The ways to places in it.
    pub(crate) at: Positions,
    /// What was found.
    pub(crate) check: FileCheck,
}

impl<'a> Annotation<'a> {
    /// The annotation of `run`, one of `runs`.
    #[must_use]
    pub(crate) fn new(
        analysis: &'a Analysis,
        notebooks: &Notebooks,
        run: &'a Arc<Run>,
        runs: usize,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut lines: Vec<CostLine<'a>> = run
            .sites
            .iter()
            .map(|((file, key), cost)| cost_line(analysis, notebooks, file, key, cost))
            .collect();
        lines.sort_by_key(|line| (line.file, line.text_line, line.span.line, line.span.column));
        let alone = Evidence { runs: vec![Arc::clone(run)] };
        let files = analysis
            .paths()
            // Where several runs are shown, a file stands with those that reached it.
            .filter(|path| runs == 1 || run.covers(path))
            .filter_map(|name| {
                let source = analysis.file(name)?;
                let check = check_file(analysis, notebooks, name, &alone, problems);
                let at = positions(source, notebooks, name);
                Some(AnnotatedFile { name, source, at, check })
            })
            .collect();
        Self { run, lines, files }
    }

    /// Task time on lines that were matched so, by the word for the match, best match first.
    #[must_use]
    pub(crate) fn time_by_match(&self) -> Vec<(&'static str, u64)> {
        let mut times = [("call site", 0), ("plan", 0), ("order", 0), ("one of several", 0)];
        for line in &self.lines {
            let at = match line.cost.matched {
                Match::CallSite => 0,
                Match::Plan => 1,
                Match::Order => 2,
                Match::Ambiguous(_) => 3,
            };
            times[at].1 += line.cost.self_task_time_ms();
        }
        times.into_iter().filter(|(_, time)| *time > 0).collect()
    }
}

/// The ways to places in a file of a snapshot.
pub(crate) fn positions(source: &SourceFile, notebooks: &Notebooks, name: &str) -> Positions {
    Positions {
        text: Arc::clone(&source.text),
        lines: Arc::clone(&source.lines),
        notebook: notebooks.get(name).cloned(),
    }
}

fn cost_line<'a>(
    analysis: &'a Analysis,
    notebooks: &Notebooks,
    file: &'a str,
    key: &'a CallKey,
    cost: &'a SiteCost,
) -> CostLine<'a> {
    let found = analysis.file(file).and_then(|source| {
        let at = source.call_keys.iter().position(|candidate| candidate == key)?;
        Some((source, source.program.call(CallId(at as u32))))
    });
    let Some((source, call)) = found else {
        // The join names calls of this very snapshot; a key without a call still keeps its cost in the sum.
        let span = Span { line: 1, column: 1, end_line: 1, end_column: 1 };
        let (shown, method) = (format!("{file}:1"), key.method.as_str());
        return CostLine { file, text_line: 1, span, cell: None, shown, method, cost };
    };
    let at = positions(source, notebooks, file);
    let end = call.range.end.max(call.name_range.end);
    let range = TextRange::new(call.name_range.start, end);
    let (place, shown) = at.shown(file, range);
    CostLine {
        file,
        text_line: source.lines.line(range.start),
        span: at.span(range),
        cell: at.in_cell(range),
        shown: format!("{place}:{}", shown.line),
        method: &call.method,
        cost,
    }
}
