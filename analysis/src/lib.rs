//! Rules, findings, and the join of programs with the profile of a run.
//!
//! The server mutates an [`AnalysisHost`] by [`Change`] and asks immutable [`Analysis`] snapshots. A rule sees a [`RuleContext`]
//! and is pure; the engine attaches measured cost and settles severity from it.

mod call_keys;
pub mod comparison;
mod data;
mod diagnosed;
mod engine;
pub mod evaluation;
mod evidence;
mod example;
mod facts;
mod finding;
mod forecast;
mod host;
mod join;
pub mod link;
mod rule;
mod suppression;
mod text_lines;
pub mod units;

// What a verdict reads of a run, so that rules need no crate of their own for it.
pub use eventlog::{PlanNode, Profile, SqlExecution, StageAttempt};

pub use call_keys::CallKeys;
pub use data::{Data, DataFile};
pub use diagnosed::{DiagnosedLine, DiagnosedLines, LinesOfDiagnoses, Part};
pub use diagnosis::Change as RunChange;
pub use engine::{FileCheck, RulePanic, check_file};
pub use evidence::{
    AskedOperator, Evidence, GoneCall, Match, Run, SiteCost, Sources, Unattributed,
    UnattributedStage,
};
pub use example::{Example, PlanClaim};
pub use facts::Facts;
pub use finding::{
    Applicability, Edit, Finding, FindingEvidence, Fix, Measured, Related, Severity, Verdict,
};
pub use forecast::Forecast;
pub use host::{Analysis, AnalysisHost, Change, FileState, SourceFile};
pub use join::{Computations, Computing, EarlierFile, JoinFile, Repeated, Today, Work, join};
pub use rule::{Category, EvidenceNeed, FixClass, Rule, RuleContext, RuleLevel, Settings, Tier};
pub use suppression::UNUSED_SUPPRESSION;
pub use text_lines::TextLines;
