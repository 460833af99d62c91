//! Workflow commands of GitHub Actions: one annotation for each finding.

use std::io::{self, Write};

use analysis::Severity;

use super::report::{CheckReport, evidence_clause};
use super::terminal::sanitize;

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for (file, finding) in report.findings() {
        let span = file.at.span(finding.range);
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information | Severity::Hint => "notice",
        };
        let mut text = finding.message.clone();
        if let Some(evidence) = evidence_clause(&finding.evidence) {
            text.push_str(&format!(" ({evidence})"));
        }
        if !finding.help.is_empty() {
            text.push_str(&format!("\n{}", finding.help));
        }
        write!(
            out,
            "::{command} title={},file={}",
            property(&format!("stagelight ({})", finding.rule)),
            property(&file.name)
        )?;
        write!(out, ",line={},endLine={}", span.line, span.end_line)?;
        // Columns are shown only where a range lies in one line.
        if span.line == span.end_line {
            write!(out, ",col={},endColumn={}", span.column, span.end_column)?;
        }
        writeln!(out, "::{}", data(&text))?;
    }
    for problem in &report.problems {
        let command = if problem.named { "error" } else { "warning" };
        writeln!(
            out,
            "::{command} title=stagelight,file={}::{}",
            property(&problem.path),
            data(&problem.message)
        )?;
    }
    Ok(())
}

/// Text after the last `::`.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| sanitize(line).into_owned()).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property. A name may hold line ends, so they are kept, escaped.
fn property(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    sanitize(&escaped.replace(':', "%3A").replace(',', "%2C")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50 %\r\n::error::x"), "50 %25%0A::error::x");
        assert_eq!(property("a,b:c\n%.py"), "a%2Cb%3Ac%0A%25.py");
    }
}
