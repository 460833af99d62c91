//! The lines that stand above everything that is said of a run: which run, and what its log can and cannot tell.

use std::io::{self, Write};

use analysis::units::{count, duration_ms};
use eventlog::Profile;

use super::style::{BOLD, DIM};
use super::terminal::{columns, sanitize, wrap};

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
    facts.push(format!("{} from start to end", duration_ms(application.duration_ms())));
    facts.push(format!("{} of task time", duration_ms(profile.task_time_ms())));
    writeln!(out, "Application {BOLD}{name}{BOLD:#} {DIM}{}{DIM:#}", facts.join(" · "))
}

/// What the log can and cannot tell, one note each.
pub(crate) fn quality_lines(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let style = super::style::severity_style(analysis::Severity::Information);
    for note in notes(profile) {
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

/// The notes in words.
#[must_use]
pub(crate) fn notes(profile: &Profile) -> Vec<String> {
    let quality = &profile.quality;
    let mut notes = Vec::new();
    if let Some(what) = &quality.truncated {
        notes.push(format!("the log is cut: {what}"));
    } else if !quality.has_application_end {
        notes.push("the log has no application end: the run was killed, or goes on".to_owned());
    }
    if quality.compacted {
        notes.push("the log's beginning was compacted away: finished work is missing".to_owned());
    }
    if quality.missing_task_ends > 0 {
        notes.push(format!("{} task ends are missing", count(quality.missing_task_ends)));
    }
    if quality.malformed_lines > 0 {
        notes.push(format!("{} lines are no events", count(quality.malformed_lines)));
    }
    if quality.local_master {
        notes.push("the master is local: times say little about a cluster".to_owned());
    }
    notes
}
