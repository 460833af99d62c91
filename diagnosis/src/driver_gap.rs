//! `driver-gap`: time between jobs in which the cluster waits for the driver.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::Profile;

/// A shorter gap is the ordinary way from one job to the next.
const GAP_MS: u64 = 1_000;

/// Share of the application's wall time that the gaps must take together, as its reciprocal.
const ONE_IN: u64 = 10;

pub(crate) const EXPLANATION: &str = "The driver is the process that runs the program itself. While it computes, lists files, plans, commits output or works on results that it \
     has collected, it starts no job, and the executors wait for it.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let profile = run.profile;
    let application = &profile.application;
    let end = application.end_ms.unwrap_or(application.last_event_ms);
    let mut busy: Vec<(i64, i64)> = profile
        .jobs
        .iter()
        .filter(|job| job.submission_ms > 0)
        // A job without an end may have run to the end of the log.
        .map(|job| (job.submission_ms, job.completion_ms.unwrap_or(end).max(job.submission_ms)))
        .collect();
    busy.sort_unstable();
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    let mut until = busy.first()?.1;
    for (from, to) in busy {
        if from > until {
            gaps.push((until, from));
        }
        until = until.max(to);
    }
    // A shell waits for a person: there only what the driver does within an execution is its own time.
    if is_shell(profile) {
        let executions = profile
            .executions
            .iter()
            .filter_map(|execution| Some((execution.start_ms, execution.end_ms?)));
        let executions = union(executions.collect());
        gaps = gaps
            .iter()
            .flat_map(|gap| executions.iter().map(move |execution| overlap(*gap, *execution)))
            .collect();
    }
    gaps.retain(|gap| length(*gap) >= GAP_MS);
    let total: u64 = gaps.iter().map(|gap| length(*gap)).fold(0, u64::saturating_add);
    let wall = application.duration_ms();
    if total == 0 || total < wall / ONE_IN {
        return None;
    }
    let longest = gaps.iter().map(|gap| length(*gap)).max().unwrap_or(0);
    let mut executions = Vec::new();
    let mut within = Vec::new();
    for execution in &profile.executions {
        let span = (execution.start_ms, execution.end_ms.unwrap_or(end));
        let overlaps: Vec<_> =
            gaps.iter().map(|gap| overlap(*gap, span)).filter(|part| length(*part) > 0).collect();
        if !overlaps.is_empty() {
            executions.push(execution.execution_id);
            within.extend(overlaps);
        }
    }
    let within: u64 = union(within).into_iter().map(length).fold(0, u64::saturating_add);
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = total as f64 / wall.max(1) as f64;
    let noun = if gaps.len() == 1 { "gap" } else { "gaps" };
    Some(
        Found::new("driver-gap", Category::Algorithm, EXPLANATION)
            .executions(executions)
            .summary(format!(
                "no job ran for {} between the first job and the last, {:.0} % of the run, in {} {noun} of up to {}; {} of it lies within SQL \
                 executions (planning, listing files, committing, bringing results home), the rest in the program itself",
                time(total),
                share * 100.0,
                gaps.len(),
                time(longest),
                time(within),
            ))
            .measure(Measure::of("driver time between jobs", total, "ms"))
            .measure(Measure { name: "share of the run", value: share, unit: "share" })
            .measure(Measure::of("gaps", gaps.len() as u64, "gaps"))
            .measure(Measure::of("longest gap", longest, "ms"))
            .measure(Measure::of("within SQL executions", within, "ms"))
            .advice(
                "move the driver's work to the executors, start independent jobs at the same time, and write or limit results instead of \
                 collecting them",
            )
            // Nothing else ran meanwhile, so what is removed of it is saved in full.
            .saving(Some((0, total)))
            .weight(total),
    )
}

fn is_shell(profile: &Profile) -> bool {
    matches!(profile.application.name.as_str(), "Spark shell" | "PySparkShell")
        || profile.spark_properties.contains_key("spark.repl.class.uri")
}

fn length((from, to): (i64, i64)) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

fn overlap(left: (i64, i64), right: (i64, i64)) -> (i64, i64) {
    (left.0.max(right.0), left.1.min(right.1))
}

/// Spans that do not overlap and cover the same time.
fn union(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
            _ => joined.push(span),
        }
    }
    joined
}
