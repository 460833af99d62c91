//! Comments that silence rules: `# stagelight: ignore[rule-id] reason` on the line or the line above, `ignore-file[…]` anywhere.

use std::ops::RangeInclusive;

use program::{LineIndex, Program, TextRange};

use crate::{Applicability, Edit, Finding, FindingEvidence, Fix, Severity};

/// The id under which suppressions that silence nothing are reported.
pub const UNUSED_SUPPRESSION: &str = "unused-suppression";

struct Suppression {
    range: TextRange,
    /// Lines it covers; none for the whole file.
    lines: Option<RangeInclusive<u32>>,
    rules: Vec<String>,
    used: Vec<bool>,
}

/// Takes silenced findings out of `findings` and adds one for each suppression that silences nothing. `known` tells rule ids; `ran` those
/// that were looked for, since a suppression of a rule that was switched off is not unused.
pub(crate) fn apply(
    program: &Program,
    text: &str,
    findings: &mut Vec<Finding>,
    known: &dyn Fn(&str) -> bool,
    ran: &dyn Fn(&str) -> bool,
) {
    if program.comments.is_empty() {
        return;
    }
    let index = LineIndex::new(text);
    let mut suppressions: Vec<Suppression> =
        program.comments.iter().filter_map(|it| parse(it, &index)).collect();
    if suppressions.is_empty() {
        return;
    }
    findings.retain(|finding| {
        let mut lines = vec![index.line(finding.range.start)];
        // No comment of the language fits into SQL text: the statement's first and last line serve it.
        if let Some(call) = finding.call.map(|id| program.call(id))
            && call.in_sql
        {
            lines.push(index.line(call.statement.start));
            lines.push(index.line(call.statement.end));
        }
        let mut silenced = false;
        for suppression in &mut suppressions {
            if let Some(covered) = &suppression.lines
                && !lines.iter().any(|line| covered.contains(line))
            {
                continue;
            }
            for (rule, used) in suppression.rules.iter().zip(&mut suppression.used) {
                if rule == finding.rule {
                    *used = true;
                    silenced = true;
                }
            }
        }
        !silenced
    });
    for suppression in &suppressions {
        for (rule, used) in suppression.rules.iter().zip(&suppression.used) {
            if *used || (known(rule) && !ran(rule)) {
                continue;
            }
            let why = if known(rule) {
                "silences nothing here"
            } else {
                "names a rule that does not exist"
            };
            let mut fixes = Vec::new();
            if suppression.rules.len() == 1 {
                fixes.push(Fix {
                    title: "Remove the suppression".to_owned(),
                    applicability: Applicability::Safe,
                    edits: vec![Edit {
                        range: removal(suppression.range, text),
                        replacement: String::new(),
                    }],
                });
            }
            findings.push(Finding {
                rule: UNUSED_SUPPRESSION,
                call: None,
                range: suppression.range,
                message: format!("suppression of `{rule}` {why}"),
                help: "remove it".to_owned(),
                severity: Severity::Warning,
                confidence: program::Confidence::Known,
                related: Vec::new(),
                fixes,
                evidence: FindingEvidence::Unmeasured,
                requires_evidence: false,
            });
        }
    }
}

fn parse(comment: &program::Comment, index: &LineIndex) -> Option<Suppression> {
    let rest = comment.text.strip_prefix("stagelight:")?.trim_start();
    let (whole_file, rest) = match rest.strip_prefix("ignore-file") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix("ignore")?),
    };
    let inside = rest.strip_prefix('[')?.split_once(']')?.0;
    let rules: Vec<String> = inside
        .split(',')
        .map(|rule| rule.trim().to_owned())
        .filter(|rule| !rule.is_empty())
        .collect();
    let line = index.line(comment.range.start);
    let lines = match (whole_file, comment.trailing) {
        (true, _) => None,
        (false, true) => Some(line..=line),
        (false, false) => Some(line..=line + 1),
    };
    let used = vec![false; rules.len()];
    Some(Suppression { range: comment.range, lines, rules, used })
}

/// The comment with the blanks before it, and with its line where nothing else stands on it.
fn removal(range: TextRange, text: &str) -> TextRange {
    let before = &text[..range.start as usize];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let blanks = before[line_start..].trim_end().len();
    if blanks > 0 {
        // A carriage return belongs to the line's end, not to the comment.
        let kept = usize::from(range.of(text).ends_with('\r'));
        return TextRange::new((line_start + blanks) as u32, range.end - kept as u32);
    }
    let after = &text[range.end as usize..];
    let end = after.find('\n').map_or(text.len(), |at| range.end as usize + at + 1);
    TextRange::new(line_start as u32, end as u32)
}
