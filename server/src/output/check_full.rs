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
    let mut elements: Vec<Element<'_>> = excerpts(file, finding);
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

/// A range with what is said of it; nothing of the one that a finding is about.
type Mark<'a> = (TextRange, Option<&'a str>);

/// The lines that hold a finding and what is related to it. In a notebook what is in other cells stands by itself.
fn excerpts<'a>(file: &CheckedFile, finding: &Finding) -> Vec<Element<'a>> {
    let (name, _) = file.at.shown(&file.name, finding.range);
    let mut groups: Vec<(String, Vec<Mark<'_>>)> = vec![(name, vec![(finding.range, None)])];
    for related in &finding.related {
        let (name, _) = file.at.shown(&file.name, related.range);
        let mark = (related.range, Some(related.message.as_str()));
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, marks)) => marks.push(mark),
            None => groups.push((name, vec![mark])),
        }
    }
    groups.into_iter().map(|(name, marks)| excerpt(file, &name, &marks).into()).collect()
}

/// The lines that hold these ranges. The one without a message is what the finding is about.
fn excerpt<'a>(
    file: &CheckedFile,
    name: &str,
    marks: &[Mark<'_>],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let first = marks.iter().map(|(range, _)| range.start).min().unwrap_or(0);
    let last = marks.iter().map(|(range, _)| range.end).max().unwrap_or(0);
    let lines = &file.at.lines;
    let start = lines.line_start(lines.line(first)) as usize;
    let end = lines.line_start(lines.line(last) + 1) as usize;
    let source = sanitize_source(file.at.text.get(start..end).unwrap_or_default()).into_owned();
    let inside = |range: TextRange| {
        let from = (range.start as usize).saturating_sub(start).min(source.len());
        let to = (range.end as usize).saturating_sub(start).min(source.len());
        from..to.max(from)
    };
    let annotations = marks.iter().map(|(range, message)| match message {
        None => AnnotationKind::Primary.span(inside(*range)),
        Some(message) => {
            AnnotationKind::Context.span(inside(*range)).label(sanitize(message).into_owned())
        }
    });
    let (_, shown) = file.at.shown(name, TextRange::new(first, first));
    Snippet::source(source.clone())
        .line_start(shown.line as usize)
        .path(sanitize(name).into_owned())
        .annotations(annotations.collect::<Vec<_>>())
}
