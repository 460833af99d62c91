//! Two runs side by side, for people.

use std::io::{self, Write};

use analysis::comparison::{Changed, ComparedCall, NOISE_RATIO, Relation, Verdict};
use analysis::units::{bytes, duration_ms};
use analysis::{Run, Severity, SiteCost};
use anstyle::{AnsiColor, Style};

use super::annotate_text::{gone, sources_note};
use super::annotation::{Place, Reason, percent, reasons, time_by_match};
use super::compare::{
    NAMES, Report, data_clause, difference, doubt_clause, factor, input_bytes, other_changes, tally,
};
use super::report::plural;
use super::style::{BOLD, DIM, severity_style};
use super::terminal::{columns, left, right, sanitize, truncate, truncate_start, width, wrap};

/// What differs between the runs, reasons for what has no line, lines in the table of driver times.
const DIFFERENCES: usize = 20;
const REASONS: usize = 5;
const DRIVER_LINES: usize = 10;

/// Writes the comparison with so many lines at most.
pub(crate) fn write(out: &mut dyn Write, report: &Report<'_>, most: usize) -> io::Result<()> {
    for (name, run) in NAMES.iter().zip(report.runs) {
        header(out, name, run)?;
    }
    for warning in report.warnings() {
        let style = severity_style(Severity::Warning);
        for (at, line) in wrap(&warning, columns().saturating_sub(9)).iter().enumerate() {
            match at {
                0 => writeln!(out, "{style}warning{style:#}: {line}")?,
                _ => writeln!(out, "         {line}")?,
            }
        }
    }
    writeln!(out)?;
    differences(out, report)?;
    if report.comparison.relation != Relation::DifferentPrograms {
        task_times(out, report, most)?;
        driver_times(out, report)?;
    }
    for (name, run) in NAMES.iter().zip(report.runs) {
        without_a_line(out, name, run)?;
        gone(out, run)?;
    }
    Ok(())
}

fn header(out: &mut dyn Write, name: &str, run: &Run) -> io::Result<()> {
    let application = &run.profile.application;
    let title = match application.name.trim() {
        "" => "(no name)".into(),
        _ => sanitize(&application.name),
    };
    let mut facts = Vec::new();
    if !application.id.is_empty() {
        facts.push(sanitize(&application.id).into_owned());
    }
    if !application.spark_version.is_empty() {
        facts.push(format!("Spark {}", sanitize(&application.spark_version)));
    }
    facts.push(format!("{} wall time", duration_ms(application.duration_ms())));
    let total = run.profile.task_time_ms();
    facts.push(format!("{} task time", duration_ms(total)));
    facts.push(format!("{} read", bytes(input_bytes(run))));
    let facts = facts.join(" · ");
    let title = truncate(&title, columns() / 3);
    // What does not fit beside the name stands below it.
    let fits = name.len() + 3 + width(&title) + width(&facts) <= columns();
    let gap = if fits { " " } else { "\n  " };
    let facts = truncate(&facts, columns() - 2);
    writeln!(out, "{BOLD}{name} {title}{BOLD:#}{gap}{DIM}{facts}{DIM:#}")?;
    for line in sources_note(run).iter().flat_map(|note| wrap(note, columns() - 2)) {
        writeln!(out, "  {line}")?;
    }
    if total == 0 {
        return Ok(());
    }
    let share = |time: u64| match run.per_mille(time) {
        0 => "none".to_owned(),
        per_mille => percent(per_mille),
    };
    let by: Vec<String> = time_by_match(run.sites.values())
        .into_iter()
        .filter(|(_, time)| run.per_mille(*time) > 0)
        .map(|(name, time)| format!("{} by {name}", share(time)))
        .collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    let attributed = total.saturating_sub(run.unattributed.task_time_ms);
    writeln!(out, "  {} of the task time stands on a line{by}", share(attributed))
}

/// How the runs differ, apart from what their lines cost.
fn differences(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    if report.ran_alike() {
        let what = "same Spark version, master, executors, cores and settings";
        writeln!(out, "{BOLD}Run alike{BOLD:#}{DIM}: {what}{DIM:#}")?;
    } else {
        let style = severity_style(Severity::Warning);
        let what = "what differs may itself be why a line takes another time";
        writeln!(out, "{style}Not run alike{style:#}{DIM}: {what}{DIM:#}")?;
    }
    let differences = &report.comparison.differences;
    let rows: Vec<[String; 3]> = differences
        .iter()
        .take(DIFFERENCES)
        .map(|difference| {
            let [first, second] = difference.values.each_ref().map(|value| match value {
                Some(value) => sanitize(value).into_owned(),
                None => "–".to_owned(),
            });
            [sanitize(difference.aspect.name()).into_owned(), first, second]
        })
        .collect();
    if rows.is_empty() {
        return writeln!(out);
    }
    // Names and values of properties can be of any length.
    let third = columns() / 3;
    let widest = |column: usize, most: usize| {
        rows.iter().map(|row| width(&row[column])).max().unwrap_or(0).min(most)
    };
    let (name_width, value_width) = (widest(0, third + 10), widest(1, third - 10));
    let room = columns().saturating_sub(name_width + value_width + 6);
    writeln!(out, "{DIM}  {}  {}  B{DIM:#}", left("", name_width), left("A", value_width))?;
    for [name, first, second] in &rows {
        writeln!(
            out,
            "  {}  {}  {}",
            left(&truncate(name, name_width), name_width),
            left(&truncate(first, value_width), value_width),
            truncate(second, room)
        )?;
    }
    if differences.len() > rows.len() {
        let more = differences.len() - rows.len();
        writeln!(out, "  {DIM}and {more} more, which --output-format json lists{DIM:#}")?;
    }
    writeln!(out)
}

/// A row of a table of times.
struct Row {
    line: String,
    method: String,
    times: [u64; 2],
    changed: Changed,
    verdict: Verdict,
    sure: bool,
    /// What stands below the row.
    details: Vec<String>,
}

impl Row {
    fn new(call: &ComparedCall<'_>, place: &Place<'_>, changed: Changed, times: [u64; 2]) -> Self {
        Self {
            line: truncate_start(&sanitize(&place.shown), 34).into_owned(),
            method: truncate(&sanitize(place.method), 20).into_owned(),
            times,
            changed,
            verdict: changed.verdict,
            sure: call.is_sure(),
            // That a line is the same is told of by a mark alone.
            details: call
                .doubts
                .iter()
                .filter(|_| call.verdict() != Verdict::Same)
                .map(|doubt| format!("? {}", doubt_clause(doubt)))
                .collect(),
        }
    }
}

fn task_times(out: &mut dyn Write, report: &Report<'_>, most: usize) -> io::Result<()> {
    let task = |cost: Option<&SiteCost>| cost.map_or(0, SiteCost::self_task_time_ms);
    let calls: Vec<(&ComparedCall<'_>, &Place<'_>)> =
        report.lines().filter(|(call, _)| call.costs.into_iter().any(|it| task(it) > 0)).collect();
    writeln!(out, "{BOLD}Task time by line, largest difference first{BOLD:#}")?;
    let tally = tally(&report.comparison);
    if !tally.is_empty() {
        for line in wrap(&tally, columns() - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    let rows: Vec<Row> = calls
        .iter()
        .take(most)
        .map(|(call, place)| {
            let mut row = Row::new(call, place, call.task, call.costs.map(task));
            // Of a line that is the same, only what is not the same is worth a row.
            let data = data_clause(call).filter(|clause| {
                call.verdict() != Verdict::Same || !clause.starts_with("same data")
            });
            let clauses: Vec<String> = data.into_iter().chain(other_changes(call)).collect();
            if !clauses.is_empty() {
                row.details.insert(0, clauses.join(" · "));
            }
            row
        })
        .collect();
    let hidden = calls.get(rows.len()..).unwrap_or_default();
    let sum = |run: usize| hidden.iter().map(|(call, _)| task(call.costs[run])).sum::<u64>();
    let mut sums = Vec::new();
    if !hidden.is_empty() {
        sums.push((plural(hidden.len(), "more line", "more lines"), [sum(0), sum(1)]));
    }
    sums.push(("without a line".to_owned(), report.runs.map(|it| it.unattributed.task_time_ms)));
    sums.push(("the run".to_owned(), report.runs.map(|it| it.profile.task_time_ms())));
    table(out, &rows, &sums)?;
    let noise = duration_ms(report.comparison.noise_ms);
    let percent = (NOISE_RATIO - 1.0) * 100.0;
    writeln!(
        out,
        "  {DIM}each line's own part of its stages; less than {noise} or {percent:.0} % apart is the same{DIM:#}\n"
    )
}

fn driver_times(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let noise = report.comparison.driver_noise_ms;
    let mut calls: Vec<(&ComparedCall<'_>, &Place<'_>)> = report
        .lines()
        .filter(|(call, _)| {
            call.driver.verdict != Verdict::Same
                && call.driver.difference_ms.unsigned_abs() >= noise
        })
        .collect();
    if calls.is_empty() {
        return Ok(());
    }
    calls.sort_by_key(|(call, _)| std::cmp::Reverse(call.driver.difference_ms.unsigned_abs()));
    calls.truncate(DRIVER_LINES);
    let driver = |cost: Option<&SiteCost>| cost.map_or(0, |cost| cost.driver_ms);
    let rows: Vec<Row> = calls
        .into_iter()
        .map(|(call, place)| Row::new(call, place, call.driver, call.costs.map(driver)))
        .collect();
    let title = "Driver time that changed";
    let what = "wall time of a line's queries and jobs in which none of their stages ran";
    writeln!(out, "{BOLD}{title}{BOLD:#}{DIM}: {}{DIM:#}", truncate(what, columns() - 27))?;
    table(out, &rows, &[])?;
    writeln!(out)
}

/// The colour of a verdict.
fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Slower => severity_style(Severity::Error),
        Verdict::New => severity_style(Severity::Warning),
        Verdict::Faster => AnsiColor::Green.on_default(),
        Verdict::Gone => AnsiColor::Cyan.on_default(),
        Verdict::MoreData | Verdict::LessData => AnsiColor::Blue.on_default(),
        Verdict::Same => DIM,
    }
}

fn table(out: &mut dyn Write, rows: &[Row], sums: &[(String, [u64; 2])]) -> io::Result<()> {
    let times = |times: [u64; 2]| times.map(duration_ms);
    let shown: Vec<[String; 2]> = rows.iter().map(|row| times(row.times)).collect();
    let summed: Vec<[String; 2]> = sums.iter().map(|(_, of)| times(*of)).collect();
    let widest = |texts: &mut dyn Iterator<Item = &str>, title: &str| {
        texts.map(width).max().unwrap_or(0).max(width(title))
    };
    let line_width = widest(&mut rows.iter().map(|row| row.line.as_str()), "line");
    let method_width = widest(&mut rows.iter().map(|row| row.method.as_str()), "method");
    let all = || shown.iter().chain(&summed);
    let a = widest(&mut all().map(|it| it[0].as_str()), "A");
    let b = widest(&mut all().map(|it| it[1].as_str()), "B");
    let apart = |first: u64, second: u64| {
        let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        difference(signed(second).saturating_sub(signed(first)))
    };
    let differences: Vec<String> = rows
        .iter()
        .map(|row| row.times)
        .chain(sums.iter().map(|(_, of)| *of))
        .map(|[first, second]| apart(first, second))
        .collect();
    let d = widest(&mut differences.iter().map(String::as_str), "B − A");
    writeln!(
        out,
        "{DIM}   #  {}  {}  {}  {}  {}  {}  verdict{DIM:#}",
        left("line", line_width),
        left("method", method_width),
        right("A", a),
        right("B", b),
        right("B − A", d),
        right("B / A", 6)
    )?;
    for (at, (row, [first, second])) in rows.iter().zip(&shown).enumerate() {
        let style = style(row.verdict);
        let ratio = row.changed.ratio.filter(|_| row.times[1] > 0).map(factor).unwrap_or_default();
        let doubt = if row.sure { "" } else { " ?" };
        writeln!(
            out,
            "  {DIM}{:>2}{DIM:#}  {BOLD}{}{BOLD:#}  {}  {}  {}  {style}{}{style:#}  {}  {style}{}{style:#}{doubt}",
            at + 1,
            left(&row.line, line_width),
            left(&row.method, method_width),
            right(first, a),
            right(second, b),
            right(&differences[at], d),
            right(&ratio, 6),
            row.verdict.name()
        )?;
        for detail in &row.details {
            for line in wrap(detail, columns().saturating_sub(6)) {
                writeln!(out, "      {DIM}{line}{DIM:#}")?;
            }
        }
    }
    let name_width = line_width + 2 + method_width;
    let sum_differences = differences.iter().skip(rows.len());
    for (((name, _), [first, second]), apart) in sums.iter().zip(&summed).zip(sum_differences) {
        writeln!(
            out,
            "      {DIM}{}{DIM:#}  {}  {}  {}",
            left(&truncate(name, name_width), name_width),
            right(first, a),
            right(second, b),
            right(apart, d)
        )?;
    }
    Ok(())
}

fn without_a_line(out: &mut dyn Write, name: &str, run: &Run) -> io::Result<()> {
    let rest = run.unattributed.task_time_ms;
    if rest == 0 {
        return writeln!(out, "{DIM}All task time of {name} stands on a line.{DIM:#}");
    }
    let share = match run.per_mille(rest) {
        0 => "under 0.1 %".to_owned(),
        per_mille => percent(per_mille),
    };
    let time = duration_ms(rest);
    writeln!(
        out,
        "{BOLD}Without a line in {name}{BOLD:#} {DIM}{time} of task time, {share}{DIM:#}"
    )?;
    let reasons = reasons(run);
    let more = reasons.len().saturating_sub(REASONS);
    let times = reasons.iter().map(|reason| width(&duration_ms(reason.task_time_ms)));
    let time_width = times.max().unwrap_or(0);
    for Reason { reason, task_time_ms, stages } in reasons.into_iter().take(REASONS) {
        let stages = plural(stages.len(), "stage", "stages");
        let tail = format!("{} ({stages})", sanitize(reason));
        let room = columns().saturating_sub(time_width + 4);
        let time = right(&duration_ms(task_time_ms), time_width);
        writeln!(out, "  {time}  {}", truncate(&tail, room))?;
    }
    if more > 0 {
        let reasons = plural(more, "more reason", "more reasons");
        writeln!(out, "  {DIM}and {reasons}{DIM:#}")?;
    }
    Ok(())
}
