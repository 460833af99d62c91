//! Colours.

use analysis::Severity;
use anstyle::{AnsiColor, Effects, Style};

/// What stands behind.
pub(crate) const DIM: Style = AnsiColor::BrightBlack.on_default();
/// Headings.
pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);

/// The colour of a severity.
#[must_use]
pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Hint => AnsiColor::Cyan.on_default().effects(Effects::BOLD),
        Severity::Information => AnsiColor::Blue.on_default().effects(Effects::BOLD),
        Severity::Warning => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        Severity::Error => AnsiColor::Red.on_default().effects(Effects::BOLD),
    }
}

/// The colour of a share of a run, in thousandths.
#[must_use]
pub(crate) fn heat_style(per_mille: u64) -> Style {
    match per_mille {
        200.. => AnsiColor::Red.on_default().effects(Effects::BOLD),
        100..200 => AnsiColor::Yellow.on_default(),
        10..100 => AnsiColor::Green.on_default(),
        _ => DIM,
    }
}
