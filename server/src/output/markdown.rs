//! The documentation of rules: whole as Markdown, or made readable on a terminal.

use std::io::{self, Write};

use analysis::Rule;
use anstyle::{AnsiColor, Effects};

use super::style::{BOLD, DIM};
use super::terminal::{columns, wrap};

/// The sections that are for readers who know Spark well.
const EXPERT: &[&str] = &["For experts", "Known problems"];

/// A rule's documentation as one Markdown document.
#[must_use]
pub(crate) fn documentation(rule: &Rule) -> String {
    let docs = undented(rule.docs);
    let body = docs.split_once('\n').map_or("", |(_, body)| body).trim();
    format!("# {}\n\n{}.\n\n{body}\n", rule.id, rule.summary.trim_end_matches('.'))
}

/// Markdown without its marks, for places that take plain text only.
#[must_use]
pub(crate) fn plain(markdown: &str) -> String {
    let lines = undented(markdown);
    let lines = lines.lines().filter(|line| !line.trim_start().starts_with("```"));
    let text: Vec<&str> = lines.map(|line| line.trim_start_matches('#').trim_end()).collect();
    text.join("\n").trim().to_owned()
}

/// The documentation with the blank after `///` taken from every line.
fn undented(docs: &str) -> String {
    docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Writes a rule's documentation for a terminal; sections for experts only where `expert` is set.
pub(crate) fn write(out: &mut dyn Write, docs: &str, expert: bool) -> io::Result<()> {
    let columns = columns().min(100);
    let mut shown = true;
    let mut code = false;
    let mut paragraph = String::new();
    let docs = undented(docs);
    for line in docs.lines().chain([""]) {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            flush(out, &mut paragraph, columns, shown)?;
            if shown && !code && !kind.is_empty() {
                let style = if kind.contains("bad") {
                    AnsiColor::Red.on_default()
                } else {
                    AnsiColor::Green.on_default()
                };
                writeln!(out, "  {style}{}{style:#}", kind.replace(',', " "))?;
            } else if shown && code {
                writeln!(out)?;
            }
            code = !code;
        } else if code {
            if shown {
                writeln!(out, "    {line}")?;
            }
        } else if let Some(title) = line.strip_prefix("## ") {
            flush(out, &mut paragraph, columns, shown)?;
            shown = expert || !EXPERT.contains(&title.trim());
            if shown {
                let style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
                writeln!(out, "{style}{title}{style:#}")?;
            }
        } else if line.trim().is_empty() || line.trim_start().starts_with(['*', '-', '|', '#']) {
            flush(out, &mut paragraph, columns, shown)?;
            if shown && line.trim_start().starts_with('|') {
                writeln!(out, "{line}")?;
            } else if !line.trim().is_empty() {
                paragraph.push_str(line);
            }
        } else {
            paragraph.push(' ');
            paragraph.push_str(line);
        }
    }
    flush(out, &mut paragraph, columns, shown)
}

/// Writes a paragraph, wrapped; a list's item is indented below its mark.
fn flush(
    out: &mut dyn Write,
    paragraph: &mut String,
    columns: usize,
    shown: bool,
) -> io::Result<()> {
    let text = std::mem::take(paragraph);
    let text = text.trim();
    if !shown || text.is_empty() {
        return Ok(());
    }
    let item = text.strip_prefix("* ").or_else(|| text.strip_prefix("- "));
    match item {
        Some(item) => {
            for (at, line) in wrap(item, columns.saturating_sub(4)).iter().enumerate() {
                let mark = if at == 0 { "•" } else { " " };
                writeln!(out, "  {DIM}{mark}{DIM:#} {}", code_spans(line))?;
            }
            Ok(())
        }
        None => {
            for line in wrap(text, columns) {
                writeln!(out, "{}", code_spans(&line))?;
            }
            writeln!(out)
        }
    }
}

/// Code between backticks in bold. A span that was wrapped over a line keeps its backticks.
fn code_spans(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let mut styled = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 0 {
            styled.push_str(part);
        } else {
            // The backticks stay: without colours they are all there is.
            styled.push_str(&format!("{BOLD}`{part}`{BOLD:#}"));
        }
    }
    styled
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = " One line\n\n ## Why is this bad?\n Because of `x`\n and y.\n\n ## Examples\n ```python bad\n bad()\n ```\n ## For experts\n * deep\n   things\n";

    fn rendered(expert: bool) -> String {
        let mut out = Vec::new();
        write(&mut anstream::StripStream::new(&mut out), DOCS, expert).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn newcomers_get_the_reason_and_experts_all() {
        let newcomer = rendered(false);
        assert!(newcomer.contains("Because of `x` and y."), "{newcomer}");
        assert!(newcomer.contains("    bad()"));
        assert!(!newcomer.contains("deep"));
        assert!(rendered(true).contains("• deep things"), "{}", rendered(true));
    }
}
