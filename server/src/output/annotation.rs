//! What `annotate` reports of one run, before it takes a form.

use std::sync::Arc;

use analysis::{Analysis, Evidence, FileCheck, Match, Run, SiteCost, SourceFile};
use program::{CallId, CallKey};

use super::position::position;
use crate::commands::check::check_file;
use crate::problem::Problem;

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
    /// Line of the method's name, from 1.
    pub(crate) line: u32,
    /// Column of the method's name in characters, from 1.
    pub(crate) column: u32,
    /// Line of the call's end.
    pub(crate) end_line: u32,
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
    /// What was found.
    pub(crate) check: FileCheck,
}

impl<'a> Annotation<'a> {
    /// The annotation of `run`, one of `runs`.
    #[must_use]
    pub(crate) fn new(
        analysis: &'a Analysis,
        run: &'a Arc<Run>,
        runs: usize,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut lines: Vec<CostLine<'a>> = run
            .sites
            .iter()
            .map(|((file, key), cost)| cost_line(analysis, file, key, cost))
            .collect();
        lines.sort_by_key(|line| (line.file, line.line, line.column));
        let alone = Evidence { runs: vec![Arc::clone(run)] };
        let files = analysis
            .paths()
            // Where several runs are shown, a file stands with those that reached it.
            .filter(|path| runs == 1 || run.covers(path))
            .filter_map(|name| {
                let source = analysis.file(name)?;
                let check = check_file(analysis, name, &alone, problems);
                Some(AnnotatedFile { name, source, check })
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

fn cost_line<'a>(
    analysis: &'a Analysis,
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
        return CostLine { file, line: 1, column: 1, end_line: 1, method: &key.method, cost };
    };
    let (line, column) = position(&source.text, &source.lines, call.name_range.start);
    let end = call.range.end.max(call.name_range.end);
    let (end_line, _) = position(&source.text, &source.lines, end);
    CostLine { file, line, column, end_line, method: &call.method, cost }
}
