//! One line for each finding: `path:line:column: warning[rule] message (evidence)`.

use std::io::{self, Write};

use super::report::{CheckReport, evidence_clause};
use super::style::{BOLD, DIM, severity_style};
use super::terminal::sanitize;

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for (file, finding) in report.findings() {
        let (name, span) = file.at.shown(&file.name, finding.range);
        let style = severity_style(finding.severity);
        write!(
            out,
            "{BOLD}{}{BOLD:#}:{}:{}: {style}{}[{}]{style:#} {}",
            sanitize(&name),
            span.line,
            span.column,
            finding.severity.name(),
            finding.rule,
            sanitize(&finding.message)
        )?;
        if let Some(evidence) = evidence_clause(&finding.evidence) {
            write!(out, " {DIM}({}){DIM:#}", sanitize(&evidence))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
