//! What the lines of a document cost in the run, for hints and hovers.

use std::collections::BTreeMap;
use std::fmt::Write;

use analysis::units::{bytes, count, duration_ms};
use analysis::{Match, Run, SiteCost, Sources};
use program::Written;

use super::markdown::{code, escape};
use super::state::Checked;

/// A call with its cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The call.
    pub(crate) call: Written<'a>,
    /// Its cost.
    pub(crate) cost: &'a SiteCost,
}

/// The run that is shown for a document: the newest that did anything there.
pub(crate) fn run(checked: &Checked) -> Option<&Run> {
    let runs = checked.evidence.runs.iter();
    runs.map(AsRef::as_ref).find(|run| run.covers(&checked.file))
}

/// The calls that cost anything, by line from 0.
pub(crate) fn by_line<'a>(checked: &'a Checked, run: &'a Run) -> BTreeMap<u32, Vec<Site<'a>>> {
    let mut lines: BTreeMap<u32, Vec<Site<'a>>> = BTreeMap::new();
    let keys = checked.call_keys.iter().flat_map(|keys| keys.iter());
    for ((_, call), key) in checked.program.all_written().zip(keys) {
        if let Some(cost) = run.cost(&checked.file, key) {
            let line = checked.lines.line(call.name_range.start);
            lines.entry(line).or_default().push(Site { call, cost });
        }
    }
    lines
}

/// The short form for a line's end: `4.2 s · 38 MiB shuffle`; none where nothing is worth a place there.
pub(crate) fn label(run: &Run, sites: &[Site<'_>]) -> Option<String> {
    let sum = |part: fn(&SiteCost) -> u64| sites.iter().map(|site| part(site.cost)).sum::<u64>();
    let task = sum(SiteCost::self_task_time_ms);
    let driver = sum(|cost| cost.driver_ms);
    let shuffle = sum(|cost| cost.shuffle_read_bytes).max(sum(|cost| cost.shuffle_write_bytes));
    let spill = sum(|cost| cost.spill_bytes);
    let mut parts = Vec::new();
    if task >= SHOWN_MS {
        // A part that was divided equally among calls is a good guess, no measurement.
        let shared = sum(|cost| cost.self_shared_ms);
        let about = if shared * 2 > task { "≈ " } else { "" };
        parts.push(format!("{about}{}", duration_ms(task)));
    }
    if shuffle >= SHOWN_BYTES {
        parts.push(format!("{} shuffle", bytes(shuffle)));
    }
    if spill > 0 {
        parts.push(format!("{} spill", bytes(spill)));
    }
    if driver >= SHOWN_MS && driver > task {
        parts.push(format!("{} driver", duration_ms(driver)));
    }
    if parts.is_empty() {
        return None;
    }
    if task >= SHOWN_MS && run.per_mille(task) >= 100 {
        parts.insert(1, percent(run, task));
    }
    if sites.iter().any(|site| matches!(site.cost.matched, Match::Ambiguous(_))) {
        parts.push("ambiguous".to_owned());
    }
    if sites.iter().any(|site| site.cost.stale) {
        parts.push("before edit".to_owned());
    }
    Some(parts.join(" · "))
}

/// Less than this is noise at the end of a line; the hover has it still.
const SHOWN_MS: u64 = 10;
const SHOWN_BYTES: u64 = 1 << 20;

/// Tasks nearer to each other than this are even.
const UNEVEN: f64 = 1.5;

/// The whole story of a line as a table, one column for each call.
pub(crate) fn table(run: &Run, sites: &[Site<'_>]) -> String {
    const MOST: usize = 4;
    let mut order: Vec<&Site<'_>> = sites.iter().collect();
    if order.len() > MOST {
        order.sort_by_key(|site| std::cmp::Reverse(site.cost.self_task_time_ms()));
        order.truncate(MOST);
    }
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    let mut row = |name: &'static str, cell: &dyn Fn(&SiteCost) -> String| {
        let cells: Vec<String> = order.iter().map(|site| cell(site.cost)).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push((name, cells));
        }
    };
    row("Own task time", &|cost| own_time(run, cost));
    row("Its stages", &|cost| {
        let all = if cost.task_time_ms > cost.self_task_time_ms() {
            format!(", {} in all", duration_ms(cost.task_time_ms))
        } else {
            String::new()
        };
        if cost.stages.is_empty() { String::new() } else { format!("{}{all}", list(&cost.stages)) }
    });
    row("Driver", &|cost| some(cost.driver_ms, duration_ms));
    row("Read", &|cost| some(cost.input_bytes, bytes));
    row("Written", &|cost| some(cost.output_bytes, bytes));
    row("Shuffle", &|cost| {
        let written = some(cost.shuffle_write_bytes, |it| format!("{} written", bytes(it)));
        let read = some(cost.shuffle_read_bytes, |it| format!("{} read", bytes(it)));
        let parts = [written, read];
        let parts: Vec<&str> =
            parts.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
        parts.join(", ")
    });
    row("Spill", &|cost| some(cost.spill_bytes, bytes));
    row("Rows", &|cost| some(cost.rows, count));
    row("Longest task", &|cost| {
        if cost.skew >= UNEVEN { format!("{:.1} × the median", cost.skew) } else { String::new() }
    });
    row("Matched by", &|cost| matched(run, cost));

    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "| Last run |");
    for site in &order {
        let _ = write!(out, " {} |", code(site.call.method));
    }
    let _ = write!(out, "\n|{}", " --- |".repeat(order.len() + 1));
    for (name, cells) in rows {
        let _ = write!(out, "\n| {name} | {} |", cells.join(" | "));
    }
    if sites.len() > order.len() {
        let _ = write!(out, "\n\nand {} more calls", sites.len() - order.len());
    }
    let application = &run.profile.application;
    let _ = write!(out, "\n\n{} {}", code(&application.name), escape(&application.id));
    if !application.spark_version.is_empty() {
        let _ = write!(out, ", Spark {}", escape(&application.spark_version));
    }
    let _ = write!(out, ", {} of task time", duration_ms(run.profile.task_time_ms()));
    out
}

fn own_time(run: &Run, cost: &SiteCost) -> String {
    let time = cost.self_task_time_ms();
    let how = match (cost.self_measured_ms, cost.self_shared_ms) {
        (_, 0) => String::new(),
        (0, _) => ", shared".to_owned(),
        (_, shared) => format!(", {} of it shared", duration_ms(shared)),
    };
    if time == 0 {
        return String::new();
    }
    format!("{} ({}{how})", duration_ms(time), percent(run, time))
}

/// A share of the run's task time.
pub(crate) fn percent(run: &Run, time: u64) -> String {
    match run.per_mille(time) {
        0 => "< 0.1 %".to_owned(),
        share if share < 100 => format!("{}.{} %", share / 10, share % 10),
        share => format!("{} %", (share + 5) / 10),
    }
}

fn matched(run: &Run, cost: &SiteCost) -> String {
    let mut text = match cost.matched {
        Match::CallSite => "the line in the log".to_owned(),
        Match::Plan => "the plan".to_owned(),
        Match::Order => "the order of actions".to_owned(),
        Match::Ambiguous(places) => format!("guess, one of {places} places"),
    };
    match &run.sources {
        _ if !cost.stale => {}
        Sources::Earlier { commit } => {
            text.push_str(", edited since: as it was in commit ");
            text.push_str(commit);
        }
        _ => text.push_str(", edited since"),
    }
    if matches!(run.sources, Sources::Unverified { .. }) && cost.matched != Match::CallSite {
        text.push_str(", unverified");
    }
    text
}

fn some(number: u64, show: fn(u64) -> String) -> String {
    if number == 0 { String::new() } else { show(number) }
}

fn list(numbers: &[u64]) -> String {
    const MOST: usize = 6;
    let shown: Vec<String> = numbers.iter().take(MOST).map(u64::to_string).collect();
    let more = numbers.len().saturating_sub(MOST);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
