//! What made the last run slow, at the lines of a document that it is about.

use std::collections::HashMap;

use analysis::Part;
use diagnosis::Diagnosis;
use program::{CallKey, Written};

use super::costs;
use super::state::Checked;
use crate::diagnosed::saving_clause;

/// A diagnosis at a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    /// The call.
    pub(crate) call: Written<'a>,
    /// The diagnosis.
    pub(crate) diagnosis: &'a Diagnosis,
    /// What the call has to do with it.
    pub(crate) part: Part,
}

/// The diagnoses of the run that is shown, at the calls of the document: for each one line once.
pub(crate) fn all(checked: &Checked) -> Vec<Here<'_>> {
    let shown = costs::run(checked);
    let at = checked
        .evidence
        .runs
        .iter()
        .position(|run| shown.is_some_and(|it| std::ptr::eq(it, &**run)));
    let Some(diagnosed) = at.and_then(|at| checked.diagnosed.get(at)) else { return Vec::new() };
    let mut wanted: HashMap<&CallKey, Vec<(usize, Part)>> = HashMap::new();
    for (at, found) in diagnosed.iter().enumerate() {
        for (_, key, part) in found.lines.iter().filter(|(file, ..)| *file == checked.file) {
            wanted.entry(key).or_default().push((at, *part));
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let keys = checked.call_keys.iter().flat_map(|keys| keys.iter());
    let mut here: Vec<(usize, Here<'_>)> = Vec::new();
    for ((_, call), key) in checked.program.all_written().zip(keys) {
        let line = checked.lines.line(call.name_range.start);
        for &(at, part) in wanted.get(key).into_iter().flatten() {
            let Some(found) = diagnosed.get(at) else { continue };
            let is_known = here.iter().any(|(known, it)| {
                *known == at && checked.lines.line(it.call.name_range.start) == line
            });
            if !is_known {
                here.push((at, Here { call, diagnosis: &found.diagnosis, part }));
            }
        }
    }
    here.into_iter().map(|(_, it)| it).collect()
}

/// What is wrong, in one sentence with its numbers, as of the last run.
pub(crate) fn summary(here: &Here<'_>) -> String {
    let place = match here.part {
        Part::Cause => "",
        Part::Before => "after this line, ",
        Part::After => "before this line, ",
    };
    format!("in the last run, {place}{}", here.diagnosis.summary)
}

/// What to do about it, and what that would save.
pub(crate) fn advice(here: &Here<'_>) -> String {
    let advice = here.diagnosis.advice.trim_end_matches('.');
    match saving_clause(here.diagnosis) {
        Some(saving) => format!("{advice} ({saving})"),
        None => advice.to_owned(),
    }
}
