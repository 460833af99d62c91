//! Findings with source excerpts, for people.

use std::io::{self, Write};

use analysis::{Applicability, Finding, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};
use program::TextRange;

use super::report::{CheckReport, CheckedFile, counted, evidence_clause};
use super::style::{BOLD, DIM, severity_style};
use super::terminal::{columns, sanitize, sanitize_source, wrap};

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for (file, finding) in report.findings() {
        writeln!(out, "{}\n", render(file, finding))?;
    }
    writeln!(out, "{BOLD}{}{BOLD:#}", report.summary())?;
    let fixable = |applicability: Applicability| {
        let offers =
            |finding: &&Finding| finding.fixes.iter().any(|fix| fix.applicability == applicability);
        report.findings().map(|(_, finding)| finding).filter(offers).count()
    };
    let (safe, risky) = (fixable(Applicability::Safe), fixable(Applicability::Unsafe));
    if safe > 0 {
        let findings = counted(safe, "finding");
        writeln!(out, "{DIM}`--fix` mends {findings}; `--diff` shows how{DIM:#}")?;
    }
    if risky > 0 {
        let findings = counted(risky, "finding");
        writeln!(
            out,
            "{DIM}`--diff --unsafe-fixes` shows fixes of {findings} that want a look{DIM:#}"
        )?;
    }
    Ok(())
}

fn render(file: &CheckedFile, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Information => Level::INFO.with_name(Some("information")),
        Severity::Hint => Level::NOTE.with_name(Some("hint")),
    };
    let (start, line, source) = excerpt(file, finding);
    let inside = |range: TextRange| {
        let from = (range.start as usize).saturating_sub(start).min(source.len());
        let to = (range.end as usize).saturating_sub(start).min(source.len());
        from..to.max(from)
    };
    let related = finding.related.iter().map(|related| {
        AnnotationKind::Context
            .span(inside(related.range))
            .label(sanitize(&related.message).into_owned())
    });
    let snippet = Snippet::source(source.clone())
        .line_start(line)
        .path(sanitize(&file.name).into_owned())
        .annotation(AnnotationKind::Primary.span(inside(finding.range)))
        .annotations(related);
    let mut elements: Vec<Element<'_>> = vec![snippet.into()];
    if let Some(evidence) = evidence_clause(&finding.evidence) {
        let application = finding.evidence.measured().map(|it| it.application.as_str());
        let text = match application {
            Some(id) if !id.is_empty() => format!("measured in {id}: {evidence}"),
            _ => format!("measured: {evidence}"),
        };
        elements.push(Level::NOTE.message(wrapped(&text)).into());
    }
    if !finding.help.is_empty() {
        elements.push(Level::HELP.message(wrapped(&finding.help)).into());
    }
    let title = level
        .primary_title(sanitize(&finding.message).into_owned())
        .id(finding.rule)
        .elements(elements);
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .term_width(columns())
        .warning(severity_style(Severity::Warning))
        .error(severity_style(Severity::Error))
        .info(severity_style(Severity::Information))
        .note(severity_style(Severity::Hint))
        .render(&[title])
}

/// A note's text in lines that fit beside its gutter.
fn wrapped(text: &str) -> String {
    wrap(&sanitize(text), columns().saturating_sub(16)).join("\n")
}

/// The lines that hold a finding and what is related to it: their offset, the first line's number, their text.
fn excerpt(file: &CheckedFile, finding: &Finding) -> (usize, usize, String) {
    let ranges = || {
        std::iter::once(finding.range).chain(finding.related.iter().map(|related| related.range))
    };
    let first = ranges().map(|range| range.start).min().unwrap_or(0);
    let last = ranges().map(|range| range.end).max().unwrap_or(0);
    let line = file.lines.line(first);
    let start = file.lines.line_start(line) as usize;
    let end = file.lines.line_start(file.lines.line(last) + 1) as usize;
    let text = file.text.get(start..end).unwrap_or_default();
    (start, line as usize, sanitize_source(text).into_owned())
}
