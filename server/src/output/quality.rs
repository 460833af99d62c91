//! The lines that stand above everything that is said of a run: which run, and what its log can and cannot tell.

use std::io::{self, Write};

use analysis::units::duration_ms;
use eventlog::Profile;

use super::style::{BOLD, DIM};
use super::terminal::{columns, sanitize, truncate, width, wrap};

/// The application, its version and its times.
pub(crate) fn application_line(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let application = &profile.application;
    let name = sanitize(&application.name);
    let name = if name.trim().is_empty() { "(no name)".into() } else { name };
    let mut facts = Vec::new();
    if !application.id.is_empty() {
        facts.push(sanitize(&application.id).into_owned());
    }
    if !application.spark_version.is_empty() {
        facts.push(format!("Spark {}", sanitize(&application.spark_version)));
    }
    facts.push(format!("{} wall time", duration_ms(application.duration_ms())));
    facts.push(format!("{} task time", duration_ms(profile.task_time_ms())));
    let facts = facts.join(" · ");
    let room = columns();
    let name = truncate(&name, room.saturating_sub("Application ".len()));
    // What does not fit beside the name stands below it.
    let gap = if "Application ".len() + width(&name) + 1 + width(&facts) > room {
        "\n  ".to_owned()
    } else {
        " ".to_owned()
    };
    writeln!(out, "Application {BOLD}{name}{BOLD:#}{gap}{DIM}{}{DIM:#}", truncate(&facts, room - 2))
}

/// What the log can and cannot tell, one note each.
pub(crate) fn quality_lines(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let style = super::style::severity_style(analysis::Severity::Information);
    for note in diagnosis::quality_notes(profile) {
        let note = sanitize(&note).into_owned();
        for (at, line) in wrap(&note, columns().saturating_sub(8)).iter().enumerate() {
            if at == 0 {
                writeln!(out, "  {style}note{style:#}: {line}")?;
            } else {
                writeln!(out, "        {line}")?;
            }
        }
    }
    Ok(())
}
