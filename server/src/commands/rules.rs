//! `stagelight rules`.

use std::io::Write;
use std::process::ExitCode;

use analysis::{EvidenceNeed, FixClass, Tier};
use anstyle::{AnsiColor, Effects};
use program::Language;
use serde::Serialize;

use super::{CommandError, write_exact, write_to};
use crate::cli::{ReportFormat, RulesArgs};
use crate::output::json;
use crate::output::style::severity_style;
use crate::output::terminal::{columns, left, wrap};

#[derive(Serialize)]
struct Catalogue {
    schema: &'static str,
    rules: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    summary: &'static str,
    category: &'static str,
    severity: &'static str,
    tier: u8,
    languages: Vec<&'static str>,
    evidence: &'static str,
    fix: &'static str,
    since: &'static str,
    docs: &'static str,
}

/// Lists the rules.
pub(crate) fn run(args: &RulesArgs) -> Result<ExitCode, CommandError> {
    let entries: Vec<Entry> = rules::ALL
        .iter()
        .map(|rule| Entry {
            id: rule.id,
            summary: rule.summary,
            category: rule.category.name(),
            severity: rule.severity.name(),
            tier: match rule.tier {
                Tier::One => 1,
                Tier::Two => 2,
                Tier::Three => 3,
            },
            languages: rule
                .languages
                .iter()
                .map(|language| match language {
                    Language::Python => "python",
                    Language::Scala => "scala",
                })
                .collect(),
            evidence: match rule.evidence {
                EvidenceNeed::Unused => "unused",
                EvidenceNeed::Refines => "refines",
                EvidenceNeed::Required => "required",
            },
            fix: match rule.fix {
                FixClass::None => "none",
                FixClass::Safe => "safe",
                FixClass::Unsafe => "unsafe",
            },
            since: rule.since,
            docs: rule.docs,
        })
        .collect();
    match args.output_format {
        ReportFormat::Json => {
            let catalogue = Catalogue { schema: "stagelight.rules/1", rules: entries };
            write_exact(None, |out, _| json::write(out, &catalogue))?;
        }
        ReportFormat::Text => write_to(None, |out| text(out, &entries))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut dyn Write, entries: &[Entry]) -> std::io::Result<()> {
    let bold = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
    let dim = AnsiColor::BrightBlack.on_default();
    let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or(0);
    for (entry, rule) in entries.iter().zip(rules::ALL) {
        let severity = severity_style(rule.severity);
        let room = columns().saturating_sub(width + 4 + "information".len()).max(30);
        for (at, line) in wrap(entry.summary, room).iter().enumerate() {
            if at == 0 {
                let id = left(entry.id, width);
                let word = left(entry.severity, "information".len());
                writeln!(out, "{bold}{id}{bold:#}  {severity}{word}{severity:#}  {line}")?;
            } else {
                writeln!(out, "{}{line}", " ".repeat(width + 4 + "information".len()))?;
            }
        }
        let mut notes = vec![entry.category.to_owned(), entry.languages.join(" and ")];
        match rule.tier {
            Tier::One => {}
            Tier::Two => notes.push("a hint until a run confirms it".to_owned()),
            Tier::Three => notes.push("off unless selected".to_owned()),
        }
        if rule.evidence == EvidenceNeed::Required {
            notes.push("needs an event log".to_owned());
        }
        match rule.fix {
            FixClass::None => {}
            FixClass::Safe => notes.push("safe fix".to_owned()),
            FixClass::Unsafe => notes.push("unsafe fix".to_owned()),
        }
        for line in wrap(&notes.join(", "), 96) {
            writeln!(out, "{}  {dim}{line}{dim:#}", " ".repeat(width))?;
        }
    }
    writeln!(out, "{dim}`stagelight explain RULE` tells more.{dim:#}")
}
