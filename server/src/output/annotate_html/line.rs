//! What a line that opens says: its calls with their times, stages, operators, and how they were found.

use analysis::units::{bytes, count, duration_ms};
use analysis::{Match, Part, SiteCost};
use diagnosis::Diagnosis;
use eventlog::StageAttempt;
use maud::{Markup, html};

use super::super::annotation::CostLine;
use super::super::log_html::diagnoses::saving;
use super::super::terminal::sanitize;
use super::Budget;
use super::plan;
use super::run::{Page, heat, in_words, list, share};

/// Stages and plans of a call that are shown, and places that are named.
const STAGES: usize = 12;
const PLANS: usize = 3;
const PLACES: usize = 12;

/// How a call was found, in a word or two.
pub(super) fn found_by(cost: &SiteCost) -> Markup {
    html! {
        span.found title=(in_words(cost.matched)) {
            @match cost.matched {
                Match::CallSite => "call site",
                Match::Plan => "plan",
                Match::Order => "order",
                Match::Ambiguous(places) => { "1 of " (places) },
            }
        }
        @if cost.stale { span.bad title="the source has changed since the run" { " ~" } }
    }
}

pub(super) fn details(
    page: &Page<'_>,
    at: usize,
    line: &CostLine<'_>,
    budget: &mut Budget,
) -> Markup {
    let cost = line.cost;
    let run = page.annotation.run;
    let own = cost.self_task_time_ms();
    let mut stages: Vec<(&u64, u64)> = cost
        .stages
        .iter()
        .map(|stage| (stage, cost.self_by_stage.get(stage).copied().unwrap_or(0)))
        .collect();
    stages.sort_by_key(|(stage, own)| (std::cmp::Reverse(*own), **stage));
    let all_stages = stages.len();
    stages.truncate(STAGES);
    let doubt = if cost.sure { "" } else { "; other lines fit nearly as well" };
    html! {
        div.call {
            h4 {
                code { (sanitize(line.method)) } " "
                span.range { "found by: " (in_words(cost.matched)) (doubt) }
            }
            @if cost.stale { p.bad { "The source has changed since the run: this line may not be the one that ran." } }
            dl.numbers { @for (what, value) in numbers(cost, own, &share(run.per_mille(own))) { div { dt { (what) } dd { (value) } } } }
            @if !cost.call_path.is_empty() { p.hint { "Called from " (places(&cost.call_path, " → ")) } }
            @if !cost.candidates.is_empty() { p.hint { "It may be any of " (places(&cost.candidates, ", ")) } }
            @if !stages.is_empty() {
                div.wide { table {
                    thead { tr {
                        th { "stage" } th.n { "own part" } th.n { "task time" } th.n { "tasks" } th.n { "longest" } th.n { "input" }
                        th.n { "shuffle read" } th.n { "shuffle write" } th.n { "spill" }
                    } }
                    tbody {
                        @for (stage, own) in &stages {
                            @for attempt in run.profile.attempts(**stage) { (stage_row(attempt, *own, run.per_mille(*own))) }
                        }
                    }
                } }
                @if all_stages > stages.len() { p.hint { "and " (count((all_stages - stages.len()) as u64)) " more stages" } }
            }
            (plans(page, at, cost, budget))
        }
    }
}

fn numbers(cost: &SiteCost, own: u64, share: &str) -> Vec<(&'static str, String)> {
    let mut numbers = Vec::new();
    let mut add = |name: &'static str, holds: bool, value: String| {
        if holds {
            numbers.push((name, value));
        }
    };
    add("own task time", own > 0, format!("{} ({share})", duration_ms(own)));
    add("of it measured", own > 0, duration_ms(cost.self_measured_ms));
    add("of it shared", cost.self_shared_ms > 0, duration_ms(cost.self_shared_ms));
    add("its stages in all", cost.task_time_ms > 0, duration_ms(cost.task_time_ms));
    add("driver", cost.driver_ms > 0, duration_ms(cost.driver_ms));
    add("wall", cost.wall_ms > 0, duration_ms(cost.wall_ms));
    add("rows out", cost.rows > 0, count(cost.rows));
    add("read", cost.input_bytes > 0, bytes(cost.input_bytes));
    add("written", cost.output_bytes > 0, bytes(cost.output_bytes));
    add("shuffle read", cost.shuffle_read_bytes > 0, bytes(cost.shuffle_read_bytes));
    add("shuffle written", cost.shuffle_write_bytes > 0, bytes(cost.shuffle_write_bytes));
    add("spilled to disk", cost.spill_bytes > 0, bytes(cost.spill_bytes));
    add("to the driver", cost.result_bytes > 0, bytes(cost.result_bytes));
    add("executions", cost.executions.len() > 1, count(cost.executions.len() as u64));
    add("jobs", cost.jobs.len() > 1, count(cost.jobs.len() as u64));
    numbers
}

fn stage_row(stage: &StageAttempt, own: u64, per_mille: u64) -> Markup {
    let metrics = &stage.metrics;
    let size = |size: u64| if size > 0 { bytes(size) } else { String::new() };
    let id = match stage.attempt_id {
        0 => stage.stage_id.to_string(),
        attempt => format!("{}.{attempt}", stage.stage_id),
    };
    let longest = stage.task_summary.as_ref().and_then(|summary| {
        let [_, _, median, _, longest] = summary.duration;
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let ratio = longest as f64 / median.max(1) as f64;
        (summary.tasks > 1 && median > 0).then(|| format!("{ratio:.1}× median"))
    });
    html! {
        tr {
            td title=(sanitize(&stage.name)) { (id) }
            // A stage that ran again has its own part once, with its first attempt.
            td.n.heat style=(heat(if stage.attempt_id == 0 { per_mille } else { 0 })) { @if stage.attempt_id == 0 { (duration_ms(own)) } }
            td.n { (duration_ms(metrics.executor_run_time)) }
            td.n { (count(stage.num_tasks)) @if stage.num_failed_tasks > 0 { span.bad { " " (count(stage.num_failed_tasks)) " failed" } } }
            td.n { @if let Some(longest) = longest { (longest) } }
            td.n { (size(metrics.input_bytes)) }
            td.n { (size(metrics.shuffle_read_bytes)) }
            td.n { (size(metrics.shuffle_write_bytes)) }
            td.n { (size(metrics.disk_bytes_spilled)) }
        }
    }
}

fn places(places: &[String], between: &str) -> String {
    let shown: Vec<String> =
        places.iter().take(PLACES).map(|place| sanitize(place).into_owned()).collect();
    let more = places.len().saturating_sub(PLACES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(between))
}

/// The plans in which a call owns operators, those with most of them first.
fn plans(page: &Page<'_>, at: usize, cost: &SiteCost, budget: &mut Budget) -> Markup {
    let profile = &page.annotation.run.profile;
    let mut owned: Vec<(u64, usize)> = Vec::new();
    for (execution, _) in &cost.operators {
        match owned.last_mut() {
            Some((known, operators)) if known == execution => *operators += 1,
            _ => owned.push((*execution, 1)),
        }
    }
    let took = |id: u64| {
        let execution = profile.execution(id)?;
        u64::try_from(execution.end_ms? - execution.start_ms).ok()
    };
    owned.sort_by_key(|(id, _)| (std::cmp::Reverse(took(*id).unwrap_or(0)), *id));
    owned.dedup_by_key(|(id, _)| *id);
    let shown: Vec<u64> = owned.iter().take(PLANS).map(|(id, _)| *id).collect();
    let rest: Vec<u64> = owned.iter().skip(PLANS).map(|(id, _)| *id).collect();
    html! {
        @for execution in shown.into_iter().filter_map(|id| profile.execution(id)) {
            (plan::tree(page, at, execution, budget))
        }
        @if !rest.is_empty() {
            p.hint { "It has operators in the plans of " (rest.len()) " more SQL executions: " (list(rest.iter().map(u64::to_string))) }
        }
    }
}

/// A diagnosis at its line.
pub(super) fn diagnosed(diagnosis: &Diagnosis, part: Part) -> Markup {
    let place = match part {
        Part::Cause => "",
        Part::Before => " (after this line)",
        Part::After => " (before this line)",
    };
    html! {
        div.says.slow {
            b { code { (diagnosis.id) } (place) } " " (sanitize(&diagnosis.summary))
            @if let Some((low, high)) = diagnosis.saving_ms { " " b.saves { (saving(low, high)) } }
            div.hint { (sanitize(&diagnosis.advice)) }
        }
    }
}
