//! The stage attempts, hottest first, each with how long its tasks took.

use std::collections::BTreeSet;

use analysis::units::{bytes, count, duration_ms};
use diagnosis::Diagnosis;
use eventlog::{Profile, StageAttempt, StageStatus, Task};
use maud::{Markup, html};

/// Rows of the table beside the stages that a diagnosis names.
const ROWS: usize = 300;

/// Width and height of a distribution in its own units.
const WIDTH: f64 = 160.0;
const HEIGHT: f64 = 16.0;

/// A task this many times slower than the median is marked.
const SLOW: u64 = 3;

pub(super) fn section(profile: &Profile, diagnoses: &[Diagnosis]) -> Markup {
    let named: BTreeSet<(u64, u32)> =
        diagnoses.iter().flat_map(|diagnosis| diagnosis.stages.iter().copied()).collect();
    let mut stages: Vec<&StageAttempt> = profile.stages.iter().collect();
    stages.sort_by_key(|stage| std::cmp::Reverse(stage.metrics.executor_run_time));
    let all = stages.len();
    let mut at = 0;
    stages.retain(|stage| {
        at += 1;
        at <= ROWS || named.contains(&(stage.stage_id, stage.attempt_id))
    });
    let total = profile.task_time_ms().max(1);
    html! {
        section #stages {
            h2 { "Stages" }
            p.hint {
                "Hottest first. Task durations: from the shortest to the longest task, the box from the lower to the upper quartile, the line at the \
                 median; tasks of three times the median and more are marked."
            }
            div.wide {
                table {
                    thead { tr {
                        th { "stage" } th { "call site" } th.n { "task time" } th.n { "share" } th.n { "wall" } th.n { "tasks" }
                        th { "task durations" } th.n { "input" } th.n { "shuffle read" } th.n { "shuffle write" } th.n { "spill" } th.n { "GC" }
                    } }
                    tbody { @for stage in &stages { (row(stage, total)) } }
                }
            }
            @if all > stages.len() { p.hint { "and " (count((all - stages.len()) as u64)) " more" } }
        }
    }
}

/// `3`, or `3.1` for a second attempt.
pub(super) fn label(stage: u64, attempt: u32) -> String {
    if attempt == 0 { stage.to_string() } else { format!("{stage}.{attempt}") }
}

fn row(stage: &StageAttempt, total: u64) -> Markup {
    let metrics = &stage.metrics;
    let size = |size: u64| if size > 0 { bytes(size) } else { String::new() };
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = metrics.executor_run_time as f64 / total as f64;
    let wall = stage.submission_ms.zip(stage.completion_ms);
    let wall = wall.map(|(from, to)| duration_ms(u64::try_from(to - from).unwrap_or(0)));
    html! {
        tr #{ "stage-" (stage.stage_id) "-" (stage.attempt_id) } .failed[stage.status == StageStatus::Failed] {
            td { (label(stage.stage_id, stage.attempt_id)) }
            td.site title=(stage.details) {
                (stage.name)
                @if let Some(reason) = &stage.failure_reason { details { summary { "failed" } pre { (reason) } } }
            }
            td.n.heat style=(format!("--heat:{share:.3}")) { (duration_ms(metrics.executor_run_time)) }
            td.n { (format!("{:.1} %", share * 100.0)) }
            td.n { @if let Some(wall) = wall { (wall) } }
            td.n {
                (count(stage.num_tasks))
                @if stage.num_failed_tasks > 0 { span.bad { " " (count(stage.num_failed_tasks)) " failed" } }
            }
            td { (distribution(stage)) }
            td.n { (size(metrics.input_bytes)) }
            td.n { (size(metrics.shuffle_read_bytes)) }
            td.n { (size(metrics.shuffle_write_bytes)) }
            td.n { (size(metrics.disk_bytes_spilled)) }
            td.n { @if metrics.jvm_gc_time > 0 { (duration_ms(metrics.jvm_gc_time)) } }
        }
    }
}

/// Task durations as a box with the slow tasks marked.
fn distribution(stage: &StageAttempt) -> Markup {
    let Some(summary) = &stage.task_summary else { return html! {} };
    let [least, low, median, high, most] = summary.duration;
    #[expect(clippy::cast_precision_loss, reason = "positions in a picture")]
    let x = |value: u64| 2.0 + value as f64 / most.max(1) as f64 * (WIDTH - 4.0);
    let shown = |value: u64| format!("{:.1}", x(value));
    let middle = HEIGHT / 2.0;
    let slow: Vec<&Task> =
        stage.longest_tasks.iter().filter(|task| task.duration >= SLOW * median.max(1)).collect();
    let title = format!(
        "{} tasks: {} to {}, quartiles {} and {}, median {}",
        count(summary.tasks),
        duration_ms(least),
        duration_ms(most),
        duration_ms(low),
        duration_ms(high),
        duration_ms(median)
    );
    html! {
        svg.distribution viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            title { (title) }
            line.whisker x1=(shown(least)) x2=(shown(most)) y1=(middle) y2=(middle) {}
            rect.box x=(shown(low)) y="3" width=(format!("{:.1}", (x(high) - x(low)).max(1.0))) height=(HEIGHT - 6.0) {}
            line.median x1=(shown(median)) x2=(shown(median)) y1="2" y2=(HEIGHT - 2.0) {}
            @for task in slow {
                circle.slow cx=(shown(task.duration)) cy=(middle) r="2.5" {
                    title {
                        "task " (task.index) ": " (duration_ms(task.duration)) " on executor " (task.executor) " (" (task.host) "), "
                        (bytes(task.input_bytes.saturating_add(task.shuffle_read_bytes))) " read, " (duration_ms(task.jvm_gc_time)) " GC"
                    }
                }
            }
        }
        span.range { (duration_ms(median)) " · " (duration_ms(most)) }
    }
}
