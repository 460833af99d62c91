//! What a run did, for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use analysis::units::{bytes, count, duration_ms};
use diagnosis::{Diagnosis, Measure, SavingModel};
use eventlog::{JobStatus, Profile, SqlExecution, StageAttempt, StageStatus};

use crate::cli::Reader;

use super::quality::{application_line, quality_lines};
use super::report::plural;
use super::style::{BOLD, DIM, heat_style, severity_style};
use super::terminal::{columns, left, right, sanitize, truncate, width, wrap};

/// Rows of a table.
const ROWS: usize = 15;

/// Writes the run.
pub(crate) fn write(
    out: &mut dyn Write,
    profile: &Profile,
    diagnoses: &[Diagnosis],
    reader: Reader,
) -> io::Result<()> {
    application_line(out, profile)?;
    quality_lines(out, profile)?;
    writeln!(out)?;
    write_diagnoses(out, diagnoses, reader)?;
    stages(out, profile)?;
    executions(out, profile)?;
    jobs(out, profile)
}

fn write_diagnoses(out: &mut dyn Write, diagnoses: &[Diagnosis], reader: Reader) -> io::Result<()> {
    if diagnoses.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}Diagnoses, heaviest first{BOLD:#}")?;
    let style = severity_style(analysis::Severity::Warning);
    let mut explained = BTreeSet::new();
    for diagnosis in diagnoses {
        // A symptom stands below its cause.
        let indent = if diagnosis.caused_by.is_some() { "    " } else { "  " };
        let room = columns().saturating_sub(indent.len() + 2);
        let head = format!("{}:", diagnosis.id);
        let text = format!("{head} {}", sanitize(&diagnosis.summary));
        for (at, line) in wrap(&text, room).iter().enumerate() {
            match line.strip_prefix(head.as_str()) {
                Some(rest) if at == 0 => writeln!(out, "{indent}{style}{head}{style:#}{rest}")?,
                _ => writeln!(out, "{indent}  {line}")?,
            }
        }
        let mut advice = sanitize(&diagnosis.advice).into_owned();
        if let Some((low, high)) = diagnosis.saving_ms
            && high > 0
        {
            let zero = low == 0;
            let (low, high) = (duration_ms(low), duration_ms(high));
            let saving = if low == high {
                format!("saves {high} of wall time")
            } else if zero {
                format!("saves up to {high} of wall time")
            } else {
                format!("saves {low} to {high} of wall time")
            };
            let by = match diagnosis.saving_model {
                SavingModel::Bound => "",
                SavingModel::Replay => " by replay",
            };
            advice = format!("{} ({saving}{by})", advice.trim_end_matches('.'));
        }
        for line in wrap(&advice, room) {
            writeln!(out, "{indent}  {DIM}{line}{DIM:#}")?;
        }
        match reader {
            // Once for each kind: the second time it is known.
            Reader::Newcomer if explained.insert(diagnosis.id) => {
                for line in wrap(diagnosis.explanation, room.saturating_sub(2)) {
                    writeln!(out, "{indent}    {DIM}{line}{DIM:#}")?;
                }
            }
            Reader::Newcomer => {}
            Reader::Expert => {
                let numbers: Vec<String> = diagnosis.evidence.iter().map(measure).collect();
                for line in wrap(&numbers.join(" · "), room.saturating_sub(2)) {
                    writeln!(out, "{indent}    {DIM}{line}{DIM:#}")?;
                }
            }
        }
    }
    writeln!(out)
}

/// `median task 1.0 s`, in the unit of the measure.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "measures are not negative"
)]
fn measure(measure: &Measure) -> String {
    let value = measure.value;
    let shown = match measure.unit {
        "ms" => duration_ms(value as u64),
        "bytes" => bytes(value as u64),
        "share" => format!("{:.1} %", value * 100.0),
        "ratio" => format!("{value:.1}×"),
        _ => count(value as u64),
    };
    format!("{} {shown}", measure.name)
}

fn stages(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let mut stages: Vec<&StageAttempt> = profile.stages.iter().collect();
    stages.sort_by_key(|stage| std::cmp::Reverse(stage.metrics.executor_run_time));
    let rest = stages.len().saturating_sub(ROWS);
    stages.truncate(ROWS);
    if stages.is_empty() {
        return writeln!(out, "No stage ran.\n");
    }
    let total = profile.task_time_ms().max(1);
    let rows: Vec<Vec<String>> = stages.iter().map(|stage| stage_row(stage, total)).collect();
    let titles =
        ["stage", "task time", "share", "tasks", "longest", "input", "read", "write", "spill"];
    let heat: Vec<u64> =
        stages.iter().map(|stage| stage.metrics.executor_run_time * 1_000 / total).collect();
    let names: Vec<String> = stages.iter().map(|stage| stage_name(profile, stage)).collect();
    writeln!(out, "{BOLD}Stages, hottest first{BOLD:#}")?;
    table(out, &titles, &rows, "call site", &names, &heat)?;
    if rest > 0 {
        writeln!(out, "  {DIM}and {} more{DIM:#}", plural(rest, "stage", "stages"))?;
    }
    writeln!(
        out,
        "  {DIM}longest: the longest task over the median; read and write: shuffle{DIM:#}\n"
    )
}

fn stage_row(stage: &StageAttempt, total: u64) -> Vec<String> {
    let metrics = &stage.metrics;
    let size = |size: u64| if size > 0 { bytes(size) } else { String::new() };
    let id = match stage.attempt_id {
        0 => stage.stage_id.to_string(),
        attempt => format!("{}.{attempt}", stage.stage_id),
    };
    let longest = stage.task_summary.as_ref().and_then(|summary| {
        let [_, _, median, _, longest] = summary.duration;
        (summary.tasks > 1 && median > 0).then(|| longest as f64 / median as f64)
    });
    let mut tasks = count(stage.num_tasks);
    if stage.num_failed_tasks > 0 {
        tasks.push_str(&format!(" ({} failed)", count(stage.num_failed_tasks)));
    }
    vec![
        id,
        duration_ms(metrics.executor_run_time),
        format!("{} %", (metrics.executor_run_time * 1_000 / total + 5) / 10),
        tasks,
        longest.map_or_else(String::new, |ratio| format!("{ratio:.1}×")),
        size(metrics.input_bytes),
        size(metrics.shuffle_read_bytes),
        size(metrics.shuffle_write_bytes),
        size(metrics.disk_bytes_spilled),
    ]
}

/// The stage's call site. Where Spark's own threads submitted it, what its SQL execution was asked for tells more.
fn stage_name(profile: &Profile, stage: &StageAttempt) -> String {
    let execution = stage
        .job_ids
        .iter()
        .filter_map(|&id| profile.job(id)?.execution_id)
        .find_map(|id| profile.execution(id));
    let name = match execution {
        Some(execution) if !execution.description.is_empty() => {
            let id = execution.execution_id;
            format!("{} (execution {id})", call_site(&execution.description))
        }
        _ => call_site(&stage.name),
    };
    match stage.status {
        StageStatus::Complete => name,
        StageStatus::Active => format!("{name} (no end in the log)"),
        StageStatus::Failed => format!("{name} (failed)"),
    }
}

/// A call site with the file's name in place of its path, and without the place where it is one in Spark's own code.
fn call_site(text: &str) -> String {
    let text = sanitize(text);
    match text.rsplit_once(" at ") {
        Some((method, place)) if place.contains(".java:") => method.to_owned(),
        Some((method, place)) => {
            let file = place.rsplit(['/', '\\']).next().unwrap_or(place);
            format!("{method} at {file}")
        }
        None => text.into_owned(),
    }
}

fn executions(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let mut executions: Vec<&SqlExecution> = profile.executions.iter().collect();
    if executions.is_empty() {
        return Ok(());
    }
    let duration = |execution: &SqlExecution| {
        execution.end_ms.map_or(0, |end| u64::try_from(end - execution.start_ms).unwrap_or(0))
    };
    executions.sort_by_key(|execution| std::cmp::Reverse(duration(execution)));
    let rest = executions.len().saturating_sub(ROWS);
    executions.truncate(ROWS);
    let rows: Vec<Vec<String>> = executions
        .iter()
        .map(|execution| {
            vec![
                execution.execution_id.to_string(),
                match execution.end_ms {
                    Some(_) => duration_ms(duration(execution)),
                    None => "no end".to_owned(),
                },
                execution.job_ids.len().to_string(),
            ]
        })
        .collect();
    let names: Vec<String> = executions
        .iter()
        .map(|execution| {
            let failed = if execution.error.as_deref().is_some_and(|error| !error.is_empty()) {
                " (failed)"
            } else {
                ""
            };
            format!("{}{failed}", call_site(&execution.description))
        })
        .collect();
    writeln!(out, "{BOLD}SQL executions, longest first{BOLD:#}")?;
    table(out, &["execution", "wall time", "jobs"], &rows, "call site", &names, &[])?;
    if rest > 0 {
        writeln!(out, "  {DIM}and {} more{DIM:#}", plural(rest, "execution", "executions"))?;
    }
    writeln!(out)
}

fn jobs(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let ended = |status: JobStatus| profile.jobs.iter().filter(|job| job.status == status).count();
    let failed = ended(JobStatus::Failed);
    let running = ended(JobStatus::Running);
    write!(out, "{}", plural(profile.jobs.len(), "job", "jobs"))?;
    if failed > 0 {
        let style = severity_style(analysis::Severity::Error);
        write!(out, ", {style}{failed} failed{style:#}")?;
    }
    if running > 0 {
        write!(out, ", {running} without an end in the log")?;
    }
    let attempts = plural(profile.stages.len(), "stage attempt", "stage attempts");
    let executions = plural(profile.executions.len(), "SQL execution", "SQL executions");
    let executors = plural(profile.executors.len(), "executor", "executors");
    writeln!(out, "; {attempts}; {executions}; {executors}")
}

/// Writes a table: numbers to the right, a name that may be long at the end.
fn table(
    out: &mut dyn Write,
    titles: &[&str],
    rows: &[Vec<String>],
    name_title: &str,
    names: &[String],
    heat: &[u64],
) -> io::Result<()> {
    // A column that is empty in every row is left out.
    let kept: Vec<usize> = (0..titles.len())
        .filter(|&column| rows.iter().any(|row| !row[column].is_empty()))
        .collect();
    let widths: Vec<usize> = kept
        .iter()
        .map(|&column| {
            let widest = rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
            widest.max(width(titles[column]))
        })
        .collect();
    let used: usize = widths.iter().map(|width| width + 2).sum();
    let room = columns().saturating_sub(used + 2).max(20);
    write!(out, "{DIM}")?;
    for (&column, &width) in kept.iter().zip(&widths) {
        write!(out, "  {}", right(titles[column], width))?;
    }
    writeln!(out, "  {name_title}{DIM:#}")?;
    for (at, (row, name)) in rows.iter().zip(names).enumerate() {
        for (&column, &width) in kept.iter().zip(&widths) {
            let cell = right(&row[column], width);
            match heat.get(at) {
                Some(&heat) if titles[column] == "task time" || titles[column] == "share" => {
                    let style = heat_style(heat);
                    write!(out, "  {style}{cell}{style:#}")?;
                }
                _ => write!(out, "  {cell}")?,
            }
        }
        writeln!(out, "  {}", left(&truncate(name, room), 0))?;
    }
    Ok(())
}
