//! What made a run slow, with the lines that it is about: for what prints it and for the language server.

use std::panic::{AssertUnwindSafe, catch_unwind};

use analysis::{DiagnosedLines, LinesOfDiagnoses, Part, Run};
use diagnosis::Diagnosis;
use program::CallKey;
use spark::Thresholds;

use crate::output::log_html::diagnoses::saving;
use crate::problem::panic_message;

/// A diagnosis with the lines that it is about.
#[derive(Debug, Clone)]
pub(crate) struct Diagnosed {
    /// The diagnosis.
    pub(crate) diagnosis: Diagnosis,
    /// The calls, by file and key, and what each has to do with it.
    pub(crate) lines: Vec<(String, CallKey, Part)>,
    /// Why there are none.
    pub(crate) reason: Option<String>,
}

/// The diagnoses of a run, heaviest first.
///
/// # Errors
/// They failed, and why.
pub(crate) fn diagnosed(run: &Run, thresholds: &Thresholds) -> Result<Vec<Diagnosed>, String> {
    let found = catch_unwind(AssertUnwindSafe(|| {
        let lines_of = LinesOfDiagnoses::new(run);
        let with_lines = |diagnosis: Diagnosis| {
            let DiagnosedLines { lines, reason } = lines_of.of(&diagnosis);
            let lines = lines.into_iter().map(|it| (it.file.to_owned(), it.key.clone(), it.part));
            Diagnosed { lines: lines.collect(), reason, diagnosis }
        };
        diagnosis::diagnose(&run.profile, thresholds).into_iter().map(with_lines).collect()
    }));
    found.map_err(|panic| {
        format!("the diagnoses failed ({}); please report it", panic_message(&*panic))
    })
}

/// What a diagnosis would save, in one clause; none where nothing bounds it.
#[must_use]
pub(crate) fn saving_clause(diagnosis: &Diagnosis) -> Option<String> {
    let (low, high) = diagnosis.saving_ms.filter(|(_, most)| *most > 0)?;
    Some(format!("{} of wall time", saving(low, high)))
}
