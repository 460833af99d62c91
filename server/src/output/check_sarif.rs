//! SARIF 2.1.0, as GitHub code scanning reads it.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use analysis::{Finding, Rule, Severity, UNUSED_SUPPRESSION};
use program::TextRange;
use serde_json::{Value, json};

use super::check_json::{applicability_name, confidence_name};
use super::json;
use super::position::CellSpan;
use super::report::{CheckReport, CheckedFile, evidence_clause};
use crate::problem::Problem;

/// The base that relative URIs start from: the current directory, the checkout's root in CI.
const ROOT: &str = "SRCROOT";

/// Writes the report. `directory` is what relative names start from.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport, directory: &Path) -> io::Result<()> {
    let mut fingerprints = HashMap::new();
    let results: Vec<Value> =
        report.findings().map(|(file, finding)| result(file, finding, &mut fingerprints)).collect();
    let notifications: Vec<Value> = report.problems.iter().map(notification).collect();
    let complete = !report.problems.iter().any(|problem| problem.named);
    let mut root = file_uri(&directory.to_string_lossy());
    if !root.ends_with('/') {
        root.push('/');
    }
    let rules: Vec<Value> = rules::ALL
        .iter()
        .map(|rule| descriptor(rule))
        .chain([json!({
            "id": UNUSED_SUPPRESSION,
            "name": pascal_case(UNUSED_SUPPRESSION),
            "shortDescription": {"text": "A comment that silences a rule silences nothing."},
            "fullDescription": {"text": "A comment that silences a rule silences nothing: the rule reports nothing there, or does not exist."},
            "help": {
                "text": "Remove the comment, or correct the rule's id.",
                "markdown": "Remove the comment, or correct the rule's id.",
            },
            "defaultConfiguration": {"level": "warning"},
            "properties": {"tags": ["spark", "configuration"]},
        })])
        .collect();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Stagelight",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "automationDetails": {"id": "stagelight/"},
            "originalUriBaseIds": {ROOT: {
                "uri": root,
                "description": {"text": "The folder that the check was run in."},
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": complete,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    json::write(out, &sarif)
}

fn descriptor(rule: &Rule) -> Value {
    let level = level(rule.severity);
    let text = sentence(rule.summary);
    json!({
        "id": rule.id,
        "name": pascal_case(rule.id),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {
            "text": super::markdown::plain(rule.docs),
            "markdown": super::markdown::documentation(rule),
        },
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["spark", rule.category.name()],
            "problem.severity": match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Information | Severity::Hint => "recommendation",
            },
        },
    })
}

fn result(file: &CheckedFile, finding: &Finding, fingerprints: &mut HashMap<u64, u32>) -> Value {
    let index = rules::ALL.iter().position(|rule| rule.id == finding.rule);
    let mut text = sentence(&finding.message);
    if let Some(evidence) = evidence_clause(&finding.evidence) {
        text.push_str(&format!(" Measured: {}", sentence(&evidence)));
    }
    if !finding.help.is_empty() {
        text.push_str(&format!(" {}", sentence(&capitalized(&finding.help))));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index.unwrap_or(rules::ALL.len()),
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact(&file.name),
            "region": region(file, finding.range, true),
        }}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint(file, finding, fingerprints)},
        "properties": {
            "confidence": confidence_name(finding.confidence),
            "evidence": finding.evidence.name(),
        },
    });
    if let Some(CellSpan { cell, span }) = file.at.in_cell(finding.range)
        && let Some(properties) = result.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.insert("cell".to_owned(), json!(cell));
        properties.insert("cell_line".to_owned(), json!(span.line));
    }
    let extra = |key: &str, value: Value, result: &mut Value| {
        if let Some(object) = result.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
    };
    if let Some(measured) = finding.evidence.measured() {
        let measured = json!({
            "application": measured.application,
            "text": measured.text,
            "task_time_ms": measured.task_time_ms,
            "saving_ms": measured.saving_ms,
            "wall_saving_ms": measured.wall_saving_ms,
        });
        if let Some(properties) = result.get_mut("properties") {
            extra("measured", measured, properties);
        }
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(at, related)| {
            json!({
                "id": at + 1,
                "message": {"text": sentence(&related.message)},
                "physicalLocation": {
                    "artifactLocation": artifact(&file.name),
                    "region": region(file, related.range, true),
                },
            })
        });
        extra("relatedLocations", related.collect(), &mut result);
    }
    if !finding.fixes.is_empty() {
        let fixes = finding.fixes.iter().map(|fix| {
            let replacements: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| {
                    json!({
                        "deletedRegion": region(file, edit.range, false),
                        "insertedContent": {"text": file.at.written(&edit.replacement)},
                    })
                })
                .collect();
            json!({
                "description": {"text": sentence(&fix.title)},
                "artifactChanges": [{
                    "artifactLocation": artifact(&file.name),
                    "replacements": replacements,
                }],
                "properties": {"applicability": applicability_name(fix.applicability)},
            })
        });
        extra("fixes", fixes.collect(), &mut result);
    }
    result
}

fn notification(problem: &Problem) -> Value {
    json!({
        "level": if problem.named { "error" } else { "warning" },
        "message": {"text": problem.to_string()},
        "locations": [{"physicalLocation": {"artifactLocation": artifact(&problem.path)}}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information | Severity::Hint => "note",
    }
}

fn region(file: &CheckedFile, range: TextRange, with_snippet: bool) -> Value {
    let span = file.at.span(range);
    let mut region = json!({
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    });
    if with_snippet && let Some(object) = region.as_object_mut() {
        object.insert("snippet".to_owned(), json!({"text": range.of(&file.at.text)}));
    }
    region
}

fn artifact(name: &str) -> Value {
    if Path::new(name).is_absolute() {
        json!({"uri": file_uri(name)})
    } else {
        json!({"uri": percent(name.strip_prefix("./").unwrap_or(name)), "uriBaseId": ROOT})
    }
}

fn file_uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{}", percent(&path))
}

/// Percent-encodes what may not stand in a URI's path. A colon is encoded as well: before the first slash it would end a scheme.
fn percent(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A hash of the rule and the line's text, with the position among those that are alike: it stays when lines above move.
fn fingerprint(file: &CheckedFile, finding: &Finding, seen: &mut HashMap<u64, u32>) -> String {
    let lines = &file.at.lines;
    let line = lines.line(finding.range.start);
    let range = TextRange::new(lines.line_start(line), lines.line_start(line + 1));
    let text = range.of(&file.at.text).trim();
    // FNV-1a, since a fingerprint must stay the same in every release.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in [finding.rule, "\0", &file.name, "\0", text].concat().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let count = seen.entry(hash).or_default();
    *count += 1;
    format!("{hash:016x}:{count}")
}

fn pascal_case(id: &str) -> String {
    id.split('-').map(capitalized).collect()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// `text` with a full stop at its end.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_encoded() {
        assert_eq!(percent("a b/::error,%.py"), "a%20b/%3A%3Aerror%2C%25.py");
        assert_eq!(file_uri("C:\\work\\x"), "file:///C%3A/work/x");
        assert_eq!(pascal_case("group-by-key"), "GroupByKey");
    }
}
