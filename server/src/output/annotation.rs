//! What `annotate` reports of one run, before it takes a form.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use analysis::{Analysis, Evidence, FileCheck, Match, Part, Run, SiteCost, SourceFile};
use diagnosis::Diagnosis;
use program::{CallId, CallKey, TextRange};

use super::position::{CellSpan, Positions, Span};
use crate::commands::check::check_file;
use crate::diagnosed::{Diagnosed, diagnosed};
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
    /// What made the run slow, heaviest first.
    pub(crate) diagnoses: Vec<RunDiagnosis>,
}

/// A diagnosis of the run with the lines that it is about.
#[derive(Debug)]
pub(crate) struct RunDiagnosis {
    /// The diagnosis.
    pub(crate) diagnosis: Diagnosis,
    /// Places among the annotation's lines, and what each has to do with it.
    pub(crate) lines: Vec<(usize, Part)>,
    /// Why there are no lines.
    pub(crate) reason: Option<String>,
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
    /// The call.
    pub(crate) key: &'a CallKey,
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
        notebooks: &'a Notebooks,
        run: &'a Arc<Run>,
        runs: usize,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut places = Places::new(analysis, notebooks);
        let mut lines: Vec<CostLine<'a>> = run
            .sites
            .iter()
            .map(|((file, key), cost)| {
                let Place { text_line, span, cell, shown, method } = places.place(file, key);
                CostLine { file, text_line, span, cell, shown, method, key, cost }
            })
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
        let diagnoses = diagnoses(analysis, run, &lines, problems);
        Self { run, lines, files, diagnoses }
    }

    /// Task time on lines that were matched so, by the word for the match, best match first.
    #[must_use]
    pub(crate) fn time_by_match(&self) -> Vec<(&'static str, u64)> {
        time_by_match(self.lines.iter().map(|line| line.cost))
    }
}

/// What made a run slow, by the thresholds of its files.
fn diagnoses(
    analysis: &Analysis,
    run: &Run,
    lines: &[CostLine<'_>],
    problems: &mut Vec<Problem>,
) -> Vec<RunDiagnosis> {
    let thresholds = analysis.paths().find_map(|path| analysis.file(path));
    let thresholds = thresholds.map(|file| file.settings.thresholds.clone()).unwrap_or_default();
    let found = diagnosed(run, &thresholds).unwrap_or_else(|message| {
        problems.push(Problem::found(run.profile.source.clone(), message));
        Vec::new()
    });
    let at: HashMap<(&str, &CallKey), usize> =
        lines.iter().enumerate().map(|(at, line)| ((line.file, line.key), at)).collect();
    let with_lines = |Diagnosed { diagnosis, lines, reason }: Diagnosed| {
        let lines = lines
            .iter()
            .filter_map(|(file, key, part)| Some((*at.get(&(file.as_str(), key))?, *part)))
            .collect();
        RunDiagnosis { diagnosis, lines, reason }
    };
    found.into_iter().map(with_lines).collect()
}

/// Task time of calls that were matched so, by the word for the match, best match first.
pub(crate) fn time_by_match<'a>(
    costs: impl Iterator<Item = &'a SiteCost>,
) -> Vec<(&'static str, u64)> {
    let mut times = [("call site", 0), ("plan", 0), ("order", 0), ("one of several", 0)];
    for cost in costs {
        let at = match cost.matched {
            Match::CallSite => 0,
            Match::Plan => 1,
            Match::Order => 2,
            Match::Ambiguous(_) => 3,
        };
        times[at].1 += cost.self_task_time_ms();
    }
    times.into_iter().filter(|(_, time)| *time > 0).collect()
}

/// A share of the run's task time in percent; small ones with a decimal, none at all as nothing.
#[must_use]
pub(crate) fn percent(per_mille: u64) -> String {
    match per_mille {
        0 => String::new(),
        1..10 => format!("0.{per_mille} %"),
        _ => format!("{} %", (per_mille + 5) / 10),
    }
}

/// Stage attempts without a line, for one reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reason<'a> {
    /// Why.
    pub(crate) reason: &'a str,
    /// Their task time, milliseconds.
    pub(crate) task_time_ms: u64,
    /// The stages, as `3` or `3.1` for a second attempt.
    pub(crate) stages: Vec<String>,
}

/// What of a run has no line, by reason, most first.
#[must_use]
pub(crate) fn reasons(run: &Run) -> Vec<Reason<'_>> {
    let mut reasons: BTreeMap<&str, Reason<'_>> = BTreeMap::new();
    for stage in run.unattributed.stages.iter().filter(|stage| stage.task_time_ms > 0) {
        let reason = reasons.entry(&stage.reason).or_default();
        reason.reason = &stage.reason;
        reason.task_time_ms = reason.task_time_ms.saturating_add(stage.task_time_ms);
        let attempt = match stage.attempt {
            0 => String::new(),
            attempt => format!(".{attempt}"),
        };
        reason.stages.push(format!("{}{attempt}", stage.stage));
    }
    let mut reasons: Vec<Reason<'_>> = reasons.into_values().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.task_time_ms));
    reasons
}

/// The ways to places in a file of a snapshot.
pub(crate) fn positions(source: &SourceFile, notebooks: &Notebooks, name: &str) -> Positions {
    Positions {
        text: Arc::clone(&source.text),
        lines: source.lines.clone(),
        notebook: notebooks.get(name).cloned(),
    }
}

/// Where a call stands.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
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
}

/// Finds where calls stand in the files of a snapshot.
pub(crate) struct Places<'a> {
    analysis: &'a Analysis,
    notebooks: &'a Notebooks,
    /// The calls of a file by key, as they are first asked for.
    calls: HashMap<String, HashMap<&'a CallKey, CallId>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(analysis: &'a Analysis, notebooks: &'a Notebooks) -> Self {
        Self { analysis, notebooks, calls: HashMap::new() }
    }

    /// Where the call with this key stands.
    pub(crate) fn place(&mut self, file: &str, key: &'a CallKey) -> Place<'a> {
        let found = self.analysis.file(file).and_then(|source| {
            let calls = self.calls.entry(file.to_owned()).or_insert_with(|| {
                let keys = source.call_keys.iter().enumerate();
                keys.map(|(at, key)| (key, CallId(at as u32))).collect()
            });
            Some((source, source.program.written(*calls.get(key)?)))
        });
        let Some((source, call)) = found else {
            // The join names calls of this very snapshot; a key without a call still keeps its cost in the sum.
            let span = Span { line: 1, column: 1, end_line: 1, end_column: 1 };
            let (shown, method) = (format!("{file}:1"), key.method.as_str());
            return Place { text_line: 1, span, cell: None, shown, method };
        };
        let at = positions(source, self.notebooks, file);
        let end = call.range.end.max(call.name_range.end);
        let range = TextRange::new(call.name_range.start, end);
        let (place, shown) = at.shown(file, range);
        Place {
            text_line: source.lines.line(range.start),
            span: at.span(range),
            cell: at.in_cell(range),
            shown: format!("{place}:{}", shown.line),
            method: call.method,
        }
    }
}
