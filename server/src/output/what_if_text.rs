//! What a run would have taken, for people. Every number stands in a column or behind a word that says whether it is measured or modelled.

use std::io::{self, Write};

use analysis::units::duration_ms;
use diagnosis::{Outcome, Scaling};

use super::quality::{application_line, quality_lines};
use super::style::{BOLD, DIM, severity_style};
use super::terminal::{columns, left, right, sanitize, truncate, width, wrap};
use super::what_if::{Report, describe};

/// Writes the replay.
pub(crate) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    application_line(out, report.profile)?;
    quality_lines(out, report.profile)?;
    writeln!(out)?;
    fit(out, report)?;
    if let Some(refusal) = &report.refusal {
        let style = severity_style(analysis::Severity::Error);
        let text = format!("Nothing is predicted: {refusal}.");
        for (at, line) in wrap(&text, columns()).iter().enumerate() {
            match line.strip_prefix("Nothing is predicted:") {
                Some(rest) if at == 0 => {
                    writeln!(out, "{style}Nothing is predicted:{style:#}{rest}")?;
                }
                _ => writeln!(out, "{line}")?,
            }
        }
        return Ok(());
    }
    if let Some(predicted) = &report.predicted {
        prediction(out, report, predicted)?;
    }
    if let Some(scaling) = &report.scaling {
        sizes(out, report, scaling)?;
    }
    list(out, "The prediction assumes that", &report.assumptions)?;
    list(out, "One log can't predict", &report.limits)
}

fn list(out: &mut dyn Write, title: &str, items: &[String]) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}{title}{BOLD:#}")?;
    for item in items {
        for (at, line) in wrap(item, columns().saturating_sub(4)).iter().enumerate() {
            writeln!(out, "  {DIM}{} {line}{DIM:#}", if at == 0 { "·" } else { " " })?;
        }
    }
    Ok(())
}

fn fit(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let fit = &report.fit;
    writeln!(out, "{BOLD}Replay of the unchanged run{BOLD:#}")?;
    let rows = [
        ("jobs ran for", fit.measured_job_ms, "measured".to_owned()),
        (
            "its tasks alone",
            fit.tasks_only_job_ms,
            format!("modelled, {}", percent(fit.tasks_only_error())),
        ),
        (
            "with measured delays",
            fit.job_ms,
            format!("modelled, {}: the replay error", percent(fit.error())),
        ),
        (
            "with stages' overhead",
            fit.calibrated_job_ms,
            format!("modelled, {}: what predictions start from", percent(fit.calibrated_error())),
        ),
    ];
    let widest = rows.iter().map(|(_, ms, _)| width(&duration_ms(*ms))).max().unwrap_or(0);
    for (what, ms, how) in rows {
        let time = right(&duration_ms(ms), widest);
        writeln!(out, "  {}  {time}  {DIM}{how}{DIM:#}", left(what, 21))?;
    }
    writeln!(out)
}

fn prediction(out: &mut dyn Write, report: &Report<'_>, predicted: &Outcome) -> io::Result<()> {
    let changes: Vec<String> = report.changes.iter().map(describe).collect();
    for line in wrap(&format!("With {}", changes.join(", ")), columns()) {
        writeln!(out, "{BOLD}{line}{BOLD:#}")?;
    }
    let (measured, unchanged) = (&report.measured, &report.unchanged);
    let time = |of: fn(&Outcome) -> u64| {
        [measured, unchanged, predicted].map(|outcome| duration_ms(of(outcome)))
    };
    let hours = [measured, unchanged, predicted].map(|outcome| core_hours(outcome.core_ms));
    let rows = [
        ("application", time(|it| it.application_ms)),
        ("jobs", time(|it| it.job_ms)),
        ("task time", time(|it| it.task_ms)),
        ("core-hours", hours),
    ];
    writeln!(
        out,
        "  {DIM}{}  {}  {}  {}{DIM:#}",
        left("", 11),
        right("measured", 10),
        right("modelled", 10),
        right("modelled with the changes", 10)
    )?;
    for (what, [measured, unchanged, predicted]) in rows {
        writeln!(
            out,
            "  {}  {}  {}  {BOLD}{}{BOLD:#}",
            left(what, 11),
            right(&measured, 10),
            right(&unchanged, 10),
            right(&predicted, 25)
        )?;
    }
    let saving = report.saving_ms().unwrap_or(0);
    let share = share(saving.unsigned_abs(), unchanged.application_ms);
    let time = duration_ms(saving.unsigned_abs());
    let verdict = match saving {
        0 => "The application takes as long as before (modelled).".to_owned(),
        1.. => format!("Saves {time} of the application's wall time, {share} (modelled)."),
        _ => format!("Costs {time} of the application's wall time, {share} (modelled)."),
    };
    writeln!(out, "  {verdict}\n")?;
    stages(out, report)
}

fn stages(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let stages = report.stages();
    if stages.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}Stages that change most, wall time{BOLD:#}")?;
    writeln!(
        out,
        "  {DIM}{}  {}  {}  {}  call site{DIM:#}",
        right("stage", 7),
        right("measured", 10),
        right("modelled", 10),
        right("changed", 10)
    )?;
    for stage in stages {
        let id = match stage.attempt {
            0 => stage.stage.to_string(),
            attempt => format!("{}.{attempt}", stage.stage),
        };
        let predicted = stage.predicted_ms.map_or("gone".to_owned(), duration_ms);
        let mut attempts = report.profile.attempts(stage.stage);
        let name = attempts.next().map_or("", |it| it.name.as_str());
        let name = sanitize(name);
        let room = columns().saturating_sub(47).max(20);
        writeln!(
            out,
            "  {}  {}  {}  {BOLD}{}{BOLD:#}  {}",
            right(&id, 7),
            right(&duration_ms(stage.measured_ms), 10),
            right(&duration_ms(stage.unchanged_ms), 10),
            right(&predicted, 10),
            truncate(&name, room)
        )?;
    }
    writeln!(out)
}

fn sizes(out: &mut dyn Write, report: &Report<'_>, scaling: &Scaling) -> io::Result<()> {
    let unit = if report.local { "cores" } else { "executors" };
    writeln!(out, "{BOLD}The run with other numbers of {unit}{BOLD:#} {DIM}(modelled){DIM:#}")?;
    writeln!(
        out,
        "  {DIM}{}  {}  {}  {}  {}{DIM:#}",
        right(unit, 9),
        right("of the run", 10),
        right("application", 11),
        right("jobs", 10),
        right("core-hours", 10)
    )?;
    for (at, step) in scaling.steps.iter().enumerate() {
        let mut marks = Vec::new();
        if step.percent == 100 {
            marks.push("as it was");
        }
        let knee = scaling.knee == Some(at);
        if knee {
            marks.push("knee: more buys less than it costs");
        }
        let style = if knee { BOLD } else { anstyle::Style::new() };
        let marks = marks.join("; ");
        let marks = if marks.is_empty() { marks } else { format!("  {DIM}{marks}{DIM:#}") };
        let outcome = &step.outcome;
        writeln!(
            out,
            "  {style}{}  {}  {}  {}  {}{style:#}{marks}",
            right(&step.size.to_string(), 9),
            right(&format!("{} %", step.percent), 10),
            right(&duration_ms(outcome.application_ms), 11),
            right(&duration_ms(outcome.job_ms), 10),
            right(&core_hours(outcome.core_ms), 10),
        )?;
    }
    let measured = &report.measured;
    writeln!(
        out,
        "  {DIM}measured: {} in the application, {} in jobs, {} core-hours. The knee is where core-hours × time is least.{DIM:#}\n",
        duration_ms(measured.application_ms),
        duration_ms(measured.job_ms),
        core_hours(measured.core_ms)
    )
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn core_hours(core_ms: u64) -> String {
    let hours = core_ms as f64 / 3_600_000.0;
    match hours {
        // No executor is in the log.
        0.0 => "–".to_owned(),
        100.0.. => format!("{hours:.0}"),
        1.0..100.0 => format!("{hours:.1}"),
        _ => format!("{hours:.3}"),
    }
}

/// `−2.6 %`.
fn percent(error: f64) -> String {
    let sign = if error < -0.000_5 {
        "−"
    } else if error > 0.000_5 {
        "+"
    } else {
        ""
    };
    format!("{sign}{:.1} %", error.abs() * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(part: u64, whole: u64) -> String {
    format!("{:.0} %", part as f64 * 100.0 / whole.max(1) as f64)
}
