//! Findings as diagnostics.

use analysis::{Category, Finding, FindingEvidence, UNUSED_SUPPRESSION};
use program::TextRange;
use tower_lsp_server::ls_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString,
};

use super::state::{Checked, Client};
use super::{costs, diagnosed, to_proto};
use crate::problem::LEFT_OUT;

/// The diagnostics of each document that shows what was checked.
pub(crate) fn all(checked: &Checked, client: &Client) -> Vec<Vec<Diagnostic>> {
    let mut all: Vec<Vec<Diagnostic>> = checked.views.iter().map(|_| Vec::new()).collect();
    for finding in &checked.check.findings {
        let at = checked.views.at(finding.range.start);
        let Some(document) = at.and_then(|at| all.get_mut(at)) else { continue };
        document.extend(one(checked, client, finding));
    }
    let representative = costs::run(checked).is_some_and(|run| run.representative);
    for here in diagnosed::all(checked) {
        let at = checked.views.at(here.call.name_range.start);
        let Some(document) = at.and_then(|at| all.get_mut(at)) else { continue };
        let Some(place) = to_proto::location(checked, here.call.name_range) else { continue };
        document.push(Diagnostic {
            range: place.range,
            // A run that speaks for no other is no news about the code.
            severity: Some(if representative {
                DiagnosticSeverity::INFORMATION
            } else {
                DiagnosticSeverity::HINT
            }),
            code: Some(NumberOrString::String(here.diagnosis.id.to_owned())),
            source: Some(SOURCE.to_owned()),
            message: format!("{}\n{}", diagnosed::summary(&here), diagnosed::advice(&here)),
            ..Diagnostic::default()
        });
    }
    if let (Some(note), Some(first)) = (&checked.note, all.first_mut()) {
        first.push(Diagnostic {
            range: note.range,
            severity: Some(DiagnosticSeverity::INFORMATION),
            source: Some(SOURCE.to_owned()),
            message: note.message.clone(),
            ..Diagnostic::default()
        });
    }
    if let Some(part) = checked.program.left_out.first() {
        let place = to_proto::location(checked, TextRange::new(part.start, part.start));
        let document = checked.views.at(part.start).and_then(|at| all.get_mut(at));
        if let (Some(place), Some(document)) = (place, document) {
            document.push(Diagnostic {
                range: place.range,
                severity: Some(DiagnosticSeverity::INFORMATION),
                source: Some(SOURCE.to_owned()),
                message: format!("{LEFT_OUT} here"),
                ..Diagnostic::default()
            });
        }
    }
    all
}

const SOURCE: &str = "stagelight";

/// A finding's diagnostic.
pub(crate) fn one(checked: &Checked, client: &Client, finding: &Finding) -> Option<Diagnostic> {
    let related = finding.related.iter().filter_map(|related| {
        Some(DiagnosticRelatedInformation {
            location: to_proto::location(checked, related.range)?,
            message: related.message.clone(),
        })
    });
    let related: Vec<_> = if client.related { related.collect() } else { Vec::new() };
    Some(Diagnostic {
        range: to_proto::location(checked, finding.range)?.range,
        severity: Some(to_proto::severity(finding.severity)),
        code: Some(NumberOrString::String(finding.rule.to_owned())),
        source: Some(SOURCE.to_owned()),
        message: message(finding),
        related_information: (!related.is_empty()).then_some(related),
        tags: client.tags.then(|| tags(finding)).flatten(),
        ..Diagnostic::default()
    })
}

/// What is wrong with the numbers of the run, then what to do.
fn message(finding: &Finding) -> String {
    let mut text = String::with_capacity(finding.message.len() + 1 + finding.help.len());
    text.push_str(&finding.message);
    if let Some(measured) = measured(finding) {
        text.push_str(": ");
        text.push_str(&measured);
    }
    if !finding.help.is_empty() {
        text.push('\n');
        text.push_str(&finding.help);
    }
    text
}

/// What the run says of a finding, in one clause.
pub(crate) fn measured(finding: &Finding) -> Option<String> {
    match &finding.evidence {
        FindingEvidence::Unmeasured => None,
        FindingEvidence::Confirmed(measured) => Some(measured.text.clone()),
        FindingEvidence::Refuted(measured) => Some(format!("small in this run, {}", measured.text)),
    }
}

fn tags(finding: &Finding) -> Option<Vec<DiagnosticTag>> {
    if finding.rule == UNUSED_SUPPRESSION {
        return Some(vec![DiagnosticTag::UNNECESSARY]);
    }
    let rule = rules::ALL.iter().find(|rule| rule.id == finding.rule)?;
    (rule.category == Category::Migration).then(|| vec![DiagnosticTag::DEPRECATED])
}
