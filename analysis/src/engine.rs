//! Runs rules over one file, attaches what runs say, settles severity, applies suppressions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use program::{CallKey, Program, TextRange};

use crate::rule::{EvidenceNeed, Rule, RuleContext, RuleLevel, Settings, Shared, Tier};
use crate::{
    Evidence, Facts, Finding, FindingEvidence, Measured, Run, Severity, UNUSED_SUPPRESSION,
    Verdict, suppression,
};

/// The result of checking one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileCheck {
    /// Findings by position, suppressed and refuted ones left out.
    pub findings: Vec<Finding>,
    /// Findings that a representative run refuted, so that a surface may show why they are silent.
    pub refuted: Vec<Finding>,
    /// Rules that panicked; each costs itself in this file only.
    pub panics: Vec<RulePanic>,
}

/// A rule that panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePanic {
    /// The rule's id.
    pub rule: &'static str,
    /// The panic's message.
    pub message: String,
}

/// Checks one file.
#[must_use]
pub fn check_file(
    file: &str,
    text: &str,
    program: &Program,
    rules: &[&'static Rule],
    settings: &Settings,
    evidence: &Evidence,
) -> FileCheck {
    check_file_with(file, text, (program, &OnceLock::new()), rules, settings, evidence)
}

/// Checks one file, with the keys of its program's calls where they are made already.
pub(crate) fn check_file_with(
    file: &str,
    text: &str,
    (program, call_keys): (&Program, &OnceLock<Vec<CallKey>>),
    rules: &[&'static Rule],
    settings: &Settings,
    evidence: &Evidence,
) -> FileCheck {
    let mut result = FileCheck::default();
    if !program.uses_spark && program.comments.is_empty() && program.calls.is_empty() {
        return result;
    }
    let ctx = RuleContext {
        file,
        text,
        program,
        call_keys,
        is_test: is_test(file),
        thresholds: &settings.thresholds,
        has_runs: !evidence.runs.is_empty(),
        facts: Facts::new(file, program),
        shared: Shared::default(),
    };
    let sql: Vec<TextRange> =
        program.calls.iter().filter(|call| call.in_sql).map(|call| call.range).collect();
    // Rules with findings that wait for a run: a suppression of them is not unused while none is attached.
    let mut waiting: Vec<&'static str> = Vec::new();
    for rule in rules.iter().copied().filter(|rule| runs(rule, settings, program)) {
        let mut found = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            (rule.check)(&ctx, &mut found);
            for finding in &mut found {
                keep_out_of_sql(&sql, finding);
                settle(rule, &ctx, finding, settings, evidence);
            }
        }));
        match outcome {
            Ok(()) => {
                let need = rule.evidence == EvidenceNeed::Required;
                result.findings.reserve(found.len());
                for finding in found {
                    match finding.evidence {
                        FindingEvidence::Unmeasured if need => waiting.push(rule.id),
                        FindingEvidence::Unmeasured | FindingEvidence::Refuted(_)
                            if finding.requires_evidence =>
                        {
                            waiting.push(rule.id);
                        }
                        FindingEvidence::Refuted(_) if representative(evidence, &finding) => {
                            result.refuted.push(finding);
                        }
                        _ => result.findings.push(finding),
                    }
                }
            }
            Err(panic) => {
                result.panics.push(RulePanic { rule: rule.id, message: panic_message(&*panic) });
            }
        }
    }
    let known = |id: &str| id == UNUSED_SUPPRESSION || rules.iter().any(|rule| rule.id == id);
    // A refuted finding would have been silenced: its suppression is in use.
    let refuted: Vec<&'static str> = result.refuted.iter().map(|finding| finding.rule).collect();
    let ran = |id: &str| {
        !refuted.contains(&id)
            && !waiting.contains(&id)
            && rules.iter().any(|rule| rule.id == id && runs(rule, settings, program))
    };
    suppression::apply(program, text, &mut result.findings, &known, &ran);
    if settings.rules.get(UNUSED_SUPPRESSION) == Some(&RuleLevel::Off) {
        result.findings.retain(|finding| finding.rule != UNUSED_SUPPRESSION);
    }
    result.findings.sort_by(|left, right| (left.range, left.rule).cmp(&(right.range, right.rule)));
    result
}

/// Takes away fixes that would write code of the language into SQL text.
fn keep_out_of_sql(sql: &[TextRange], finding: &mut Finding) {
    if sql.is_empty() {
        return;
    }
    let touches =
        |edit: &TextRange| sql.iter().any(|text| text.start <= edit.end && edit.start <= text.end);
    finding.fixes.retain(|fix| !fix.edits.iter().any(|edit| touches(&edit.range)));
}

fn runs(rule: &Rule, settings: &Settings, program: &Program) -> bool {
    if !rule.languages.contains(&program.language) {
        return false;
    }
    if let Some(select) = &settings.select {
        return select.iter().any(|id| id == rule.id);
    }
    match settings.rules.get(rule.id) {
        Some(RuleLevel::Off) => false,
        Some(_) => true,
        None => rule.tier != Tier::Three,
    }
}

/// Attaches what the runs say: confirmed beats refuted, the newest run among equals; then settles the severity.
fn settle(
    rule: &Rule,
    ctx: &RuleContext<'_>,
    finding: &mut Finding,
    settings: &Settings,
    evidence: &Evidence,
) {
    if let Some(verdict) = rule.verdict {
        for run in &evidence.runs {
            match verdict(ctx, finding, run) {
                Verdict::Unmeasured => {}
                Verdict::Confirmed { text, task_time_ms, saving_ms, remedy } => {
                    let saving_ms = saving_ms.map(|it| it.min(task_time_ms));
                    // A replay may drop more than the finding is about: no more than its own tasks took can be saved by it.
                    let most = saving_ms.unwrap_or(task_time_ms);
                    let wall_saving_ms = run.forecast.saving_ms(&remedy).map(|it| it.min(most));
                    finding.evidence = FindingEvidence::Confirmed(Measured {
                        saving_ms,
                        wall_saving_ms: wall_saving_ms.filter(|&it| it > 0),
                        ..measured(run, text, task_time_ms)
                    });
                    break;
                }
                Verdict::Refuted { text, task_time_ms } => {
                    if finding.evidence == FindingEvidence::Unmeasured {
                        finding.evidence =
                            FindingEvidence::Refuted(measured(run, text, task_time_ms));
                    }
                }
            }
        }
    }
    let full = match settings.rules.get(rule.id) {
        Some(RuleLevel::At(severity)) => *severity,
        _ => rule.severity,
    };
    let selected = matches!(settings.rules.get(rule.id), Some(RuleLevel::On | RuleLevel::At(_)));
    finding.severity = match (&finding.evidence, rule.tier) {
        (FindingEvidence::Confirmed(_), _) => full,
        (FindingEvidence::Refuted(_), _) => Severity::Hint,
        (FindingEvidence::Unmeasured, Tier::One) => full,
        (FindingEvidence::Unmeasured, Tier::Two | Tier::Three) if selected => full,
        (FindingEvidence::Unmeasured, Tier::Two | Tier::Three) => Severity::Hint.min(full),
    };
}

fn measured(run: &Run, text: String, task_time_ms: u64) -> Measured {
    let application = run.profile.application.id.clone();
    Measured { application, text, task_time_ms, ..Measured::default() }
}

fn representative(evidence: &Evidence, finding: &Finding) -> bool {
    let Some(measured) = finding.evidence.measured() else { return false };
    evidence
        .runs
        .iter()
        .any(|run| run.representative && run.profile.application.id == measured.application)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// Whether a path is a test's by the conventions of pytest, unittest, sbt and Maven.
fn is_test(file: &str) -> bool {
    let mut parts: Vec<&str> = file.split(['/', '\\']).collect();
    let name = parts.pop().unwrap_or_default();
    let folder = parts.iter().any(|part| matches!(*part, "test" | "tests" | "testing" | "it"));
    let stem = name.split('.').next().unwrap_or_default();
    folder
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || ["Test", "Tests", "Suite", "Spec", "IT"].iter().any(|end| stem.ends_with(end))
}
