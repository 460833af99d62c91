//! What `check` reports, before it takes a form.

use analysis::{Finding, FindingEvidence, Severity};

use super::position::Positions;
use crate::problem::Problem;

/// The result of a check.
#[derive(Debug, Default)]
pub(crate) struct CheckReport {
    /// Files by name, those without findings included.
    pub(crate) files: Vec<CheckedFile>,
    /// Inputs that could not be used.
    pub(crate) problems: Vec<Problem>,
    /// Fixes that were applied.
    pub(crate) applied: usize,
    /// Findings that a representative run refuted.
    pub(crate) refuted: usize,
}

/// A checked file.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    /// Its name.
    pub(crate) name: String,
    /// Its text with its lines and cells.
    pub(crate) at: Positions,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
}

impl CheckReport {
    /// Every finding with its file.
    pub(crate) fn findings(&self) -> impl Iterator<Item = (&CheckedFile, &Finding)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// `3 findings (2 warnings, 1 hint) in 2 files`.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
        let total = self.findings().count();
        let mut parts = Vec::new();
        for severity in [Severity::Error, Severity::Warning, Severity::Information, Severity::Hint]
        {
            let count = self.findings().filter(|(_, it)| it.severity == severity).count();
            match (count, severity) {
                (0, _) => {}
                (_, Severity::Information) => parts.push(format!("{count} information")),
                _ => parts.push(counted(count, severity.name())),
            }
        }
        let mut summary = if total == 0 {
            format!("no findings in {}", counted(self.files.len(), "file"))
        } else {
            let files = self.files.iter().filter(|file| !file.findings.is_empty()).count();
            let findings = counted(total, "finding");
            format!("{findings} ({}) in {}", parts.join(", "), counted(files, "file"))
        };
        if self.applied > 0 {
            summary.push_str(&format!("; {} applied", plural(self.applied, "fix", "fixes")));
        }
        if self.refuted > 0 {
            let verb = if self.refuted == 1 { "is" } else { "are" };
            summary.push_str(&format!("; {} more {verb} refuted by the run", self.refuted));
        }
        summary
    }
}

/// What the run says of a finding, in one clause.
#[must_use]
pub(crate) fn evidence_clause(evidence: &FindingEvidence) -> Option<String> {
    match evidence {
        FindingEvidence::Unmeasured => None,
        FindingEvidence::Confirmed(measured) => {
            let time = analysis::units::duration_ms;
            let task = measured.saving_ms.map(|it| format!("at most {} of task time", time(it)));
            let wall =
                measured.wall_saving_ms.map(|it| format!("{} of the run by replay", time(it)));
            let savings: Vec<String> = task.into_iter().chain(wall).collect();
            Some(match savings.as_slice() {
                [] => measured.text.clone(),
                savings => format!("{}; the change saves {}", measured.text, savings.join(", ")),
            })
        }
        FindingEvidence::Refuted(measured) => Some(format!("small in this run: {}", measured.text)),
    }
}

/// A count with its noun.
#[must_use]
pub(crate) fn counted(count: usize, noun: &str) -> String {
    plural(count, noun, &format!("{noun}s"))
}

/// A count with its noun in singular or plural.
#[must_use]
pub(crate) fn plural(count: usize, singular: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { singular } else { plural })
}
