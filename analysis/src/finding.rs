//! What a rule reports.

use program::{CallId, Confidence, TextRange};

use crate::RunChange;

/// How loud a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Shown quietly; never fails a build.
    Hint,
    /// Worth reading.
    Information,
    /// Costs time or money.
    Warning,
    /// Wrong: the result or the run breaks.
    Error,
}

impl Severity {
    /// The word used in configuration and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Hint => "hint",
            Severity::Information => "information",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The call that it is about; measured cost is looked up there.
    pub call: Option<CallId>,
    /// The text to underline.
    pub range: TextRange,
    /// What is wrong, in one clause without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
    /// How loud.
    pub severity: Severity,
    /// How sure the receiver's type is.
    pub confidence: Confidence,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// Ways to mend it, best first.
    pub fixes: Vec<Fix>,
    /// What the attached run says of it.
    pub evidence: FindingEvidence,
    /// Whether the code alone is no reason to speak: only a run that confirms it is.
    pub requires_evidence: bool,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where, in the same file.
    pub range: TextRange,
    /// What is there.
    pub message: String,
}

/// Whether a fix may be applied without a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The result is proven equal.
    Safe,
    /// It may change results, memory or time: offered one by one.
    Unsafe,
}

/// A way to mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a menu entry.
    pub title: String,
    /// Whether it may be applied without a look.
    pub applicability: Applicability,
    /// Replacements that do not overlap, in order.
    pub edits: Vec<Edit>,
}

/// Replaces a range of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub range: TextRange,
    /// By what.
    pub replacement: String,
}

/// What the attached runs say of a finding.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum FindingEvidence {
    /// No run is attached, or none reached this code.
    #[default]
    Unmeasured,
    /// The run shows the cost.
    Confirmed(Measured),
    /// The run shows that it does not matter there.
    Refuted(Measured),
}

impl FindingEvidence {
    /// The word used in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            FindingEvidence::Unmeasured => "unmeasured",
            FindingEvidence::Confirmed(_) => "confirmed",
            FindingEvidence::Refuted(_) => "refuted",
        }
    }

    /// The numbers, if there are any.
    #[must_use]
    pub fn measured(&self) -> Option<&Measured> {
        match self {
            FindingEvidence::Unmeasured => None,
            FindingEvidence::Confirmed(measured) | FindingEvidence::Refuted(measured) => {
                Some(measured)
            }
        }
    }
}

/// Numbers of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// The application id.
    pub application: String,
    /// The numbers with units in one clause: `31 jobs, 93 s of task time`.
    pub text: String,
    /// Task time it concerns, milliseconds.
    pub task_time_ms: u64,
    /// Task time that the change saves at most, milliseconds, where the run bounds it.
    pub saving_ms: Option<u64>,
    /// Wall time of the application that the change saves by the replay of the run, milliseconds, where one answers it.
    pub wall_saving_ms: Option<u64>,
}

/// What a rule makes of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// The run does not tell.
    #[default]
    Unmeasured,
    /// It matters: the numbers in one clause, the task time concerned, the saving bounded by the run.
    Confirmed {
        /// Numbers with units in one clause.
        text: String,
        /// Task time concerned, milliseconds.
        task_time_ms: u64,
        /// Task time that the change saves at most, milliseconds.
        saving_ms: Option<u64>,
        /// The changes to the run that mending it comes to, where a replay answers them.
        remedy: Vec<RunChange>,
    },
    /// It does not matter in this run: the numbers in one clause.
    Refuted {
        /// Numbers with units in one clause.
        text: String,
        /// Task time concerned, milliseconds.
        task_time_ms: u64,
    },
}
