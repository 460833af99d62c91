//! One run: what it was, its hottest lines, its files, what made it slow, the sources, and what has no line.

use std::collections::{BTreeMap, BTreeSet};

use analysis::units::{bytes, count, duration_ms};
use analysis::{Match, Part};
use diagnosis::quality_notes;
use maud::{Markup, html};

use super::super::annotate_text::sources_note;
use super::super::annotation::{Annotation, CostLine, RunDiagnosis, percent, reasons};
use super::super::log_html::diagnoses::{category, model, saving, saving_bar, value};
use super::super::terminal::sanitize;
use super::{Budget, anchor, line, source};

/// Rows of the tables, and cards.
const HOTTEST: usize = 15;
const FILES: usize = 200;
const DIAGNOSES: usize = 100;
const REASONS: usize = 50;
const LINKS: usize = 12;

/// A run with the ways from what is said of it to its lines.
pub(super) struct Page<'a> {
    pub(super) annotation: &'a Annotation<'a>,
    /// Its place among the runs.
    pub(super) at: usize,
    /// Places of files among the annotation's, by name.
    files: BTreeMap<&'a str, usize>,
    /// Lines of the annotation that own an operator, by execution and label.
    pub(super) owners: BTreeMap<(u64, &'a str), Vec<usize>>,
    /// Diagnoses by line of the annotation.
    pub(super) diagnoses: BTreeMap<usize, Vec<(&'a RunDiagnosis, Part)>>,
    /// Text lines that open, by file.
    pub(super) opened: BTreeSet<(&'a str, u32)>,
}

impl<'a> Page<'a> {
    fn new(annotation: &'a Annotation<'a>, at: usize, details: usize) -> Self {
        let files = annotation.files.iter().enumerate().map(|(at, file)| (file.name, at)).collect();
        let mut owners: BTreeMap<(u64, &'a str), Vec<usize>> = BTreeMap::new();
        for (at, line) in annotation.lines.iter().enumerate() {
            for (execution, operator) in &line.cost.operators {
                owners.entry((*execution, operator.as_str())).or_default().push(at);
            }
        }
        let mut diagnoses: BTreeMap<usize, Vec<(&'a RunDiagnosis, Part)>> = BTreeMap::new();
        for diagnosis in &annotation.diagnoses {
            for (line, part) in &diagnosis.lines {
                diagnoses.entry(*line).or_default().push((diagnosis, *part));
            }
        }
        let mut hottest: Vec<&CostLine<'_>> = annotation.lines.iter().collect();
        hottest.sort_by_key(|line| {
            std::cmp::Reverse((line.cost.self_task_time_ms(), line.cost.task_time_ms))
        });
        let mut opened: BTreeSet<(&'a str, u32)> = BTreeSet::new();
        for line in hottest {
            if opened.len() == details {
                break;
            }
            opened.insert((line.file, line.text_line));
        }
        Self { annotation, at, files, owners, diagnoses, opened }
    }

    /// The anchor of a line, if its file is on the page.
    pub(super) fn link(&self, line: &CostLine<'_>) -> Option<String> {
        let file = self.files.get(line.file)?;
        Some(format!("#{}", anchor(self.at, *file, line.text_line)))
    }
}

pub(super) fn section(annotation: &Annotation<'_>, at: usize, budget: &mut Budget) -> Markup {
    let page = Page::new(annotation, at, budget.details);
    let run = annotation.run;
    let application = &run.profile.application;
    let sources: Vec<Markup> = by_time(annotation)
        .into_iter()
        .filter_map(|(index, _)| {
            let file = annotation.files.get(index)?;
            Some(source::section(&page, index, file, budget))
        })
        .collect();
    let id = |part: &str| format!("{part}-{at}");
    let shown: BTreeSet<(&str, u32)> =
        annotation.lines.iter().map(|line| (line.file, line.text_line)).collect();
    let closed = shown.len().saturating_sub(page.opened.len());
    html! {
        section.run #{ "run-" (at) } {
            h2.application {
                (super::name(&application.name)) " "
                span.range {
                    (sanitize(&application.id))
                    @if !application.spark_version.is_empty() { " · Spark " (sanitize(&application.spark_version)) }
                }
            }
            (facts(annotation))
            (matches(annotation))
            ul.notes {
                @if let Some(note) = sources_note(run) { li { (note) } }
                @for note in quality_notes(&run.profile) { li { (sanitize(&note)) } }
            }
            nav {
                @for (part, title) in [("hottest", "Most expensive lines"), ("files", "Files"), ("diagnoses", "Diagnoses"), ("rest", "Without a line")] {
                    a href={ "#" (id(part)) } { (title) }
                }
            }
            section #(id("hottest")) {
                h3 { "Most expensive lines" }
                (hottest(&page))
            }
            section #(id("diagnoses")) {
                h3 { "What made it slow" }
                (diagnoses(&page))
            }
            section #(id("files")) {
                h3 { "Files" }
                (files(&page))
            }
            @if closed > 0 {
                p.hint {
                    "The " (count(page.opened.len() as u64)) " most expensive lines open; " (count(closed as u64))
                    " more show their cost only. stagelight annotate --output-format json has all."
                }
            }
            @for source in sources { (source) }
            section #(id("rest")) {
                h3 { "Without a line" }
                (rest(annotation))
            }
        }
    }
}

fn facts(annotation: &Annotation<'_>) -> Markup {
    let run = annotation.run;
    let total = run.profile.task_time_ms();
    let metrics = || run.profile.stages.iter().map(|stage| &stage.metrics);
    let input: u64 = metrics().map(|it| it.input_bytes).fold(0, u64::saturating_add);
    let shuffle: u64 = metrics().map(|it| it.shuffle_write_bytes).fold(0, u64::saturating_add);
    let attributed = total.saturating_sub(run.unattributed.task_time_ms);
    let facts = [
        ("wall time", duration_ms(run.profile.application.duration_ms())),
        ("task time", duration_ms(total)),
        ("of it on a line", share(run.per_mille(attributed))),
        ("lines with cost", count(annotation.lines.len() as u64)),
        ("input", bytes(input)),
        ("shuffled", bytes(shuffle)),
    ];
    html! { dl.facts { @for (what, value) in facts { div { dt { (what) } dd { (value) } } } } }
}

/// A share of the run in percent.
pub(super) fn share(per_mille: u64) -> String {
    match per_mille {
        0 => "0 %".to_owned(),
        per_mille => percent(per_mille),
    }
}

/// How the lines were found, by task time.
fn matches(annotation: &Annotation<'_>) -> Markup {
    let run = annotation.run;
    let mut parts: Vec<(&str, &str, u64)> = annotation
        .time_by_match()
        .into_iter()
        .map(|(name, time)| match name {
            "call site" => ("site", "the log names the line", time),
            "plan" => ("plan", "the plan fits the code", time),
            "order" => ("order", "the order of the actions", time),
            _ => ("guess", "one of several places", time),
        })
        .collect();
    if run.unattributed.task_time_ms > 0 {
        parts.push(("none", "without a line", run.unattributed.task_time_ms));
    }
    #[expect(clippy::cast_precision_loss, reason = "a share in percent")]
    let width = |time: u64| time as f64 * 100.0 / run.profile.task_time_ms().max(1) as f64;
    html! {
        @if !parts.is_empty() {
            div.matched role="img" aria-label="how the lines were found, by task time" {
                @for (class, _, time) in &parts {
                    div class={ "m-" (class) } style=(format!("width:{:.2}%", width(*time))) {}
                }
            }
            p.legend {
                @for (class, words, time) in &parts {
                    span { i class={ "m-" (class) } {} " " (words) " " b { (share(run.per_mille(*time))) } }
                }
            }
        }
    }
}

fn hottest(page: &Page<'_>) -> Markup {
    let run = page.annotation.run;
    let mut lines: Vec<&CostLine<'_>> =
        page.annotation.lines.iter().filter(|line| line.cost.self_task_time_ms() > 0).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.cost.self_task_time_ms()));
    let rest = lines.len().saturating_sub(HOTTEST);
    lines.truncate(HOTTEST);
    html! {
        @if lines.is_empty() { p { "No line has task time of its own." } }
        @else {
            div.wide { table {
                thead { tr {
                    th { "line" } th { "method" } th.n { "own task time" } th.n { "share" } th.n { "its stages" } th.n { "shuffle" } th.n { "rows" }
                    th { "found by" }
                } }
                tbody {
                    @for line in lines {
                        @let cost = line.cost;
                        @let time = cost.self_task_time_ms();
                        @let shuffle = cost.shuffle_read_bytes.max(cost.shuffle_write_bytes);
                        tr {
                            td.site { (linked(page, line)) }
                            td { code { (sanitize(line.method)) } }
                            td.n.heat style=(heat(run.per_mille(time))) { (duration_ms(time)) }
                            td.n { (share(run.per_mille(time))) }
                            td.n { (duration_ms(cost.task_time_ms)) }
                            td.n { @if shuffle > 0 { (bytes(shuffle)) } }
                            td.n { @if cost.rows > 0 { (count(cost.rows)) } }
                            td { (line::found_by(cost)) }
                        }
                    }
                }
            } }
            @if rest > 0 { p.hint { "and " (count(rest as u64)) " more" } }
        }
    }
}

/// A line's place, with a link where the page has it.
pub(super) fn linked(page: &Page<'_>, line: &CostLine<'_>) -> Markup {
    let shown = sanitize(&line.shown);
    html! {
        @match page.link(line) {
            Some(link) => a href=(link) { (shown) },
            None => (shown),
        }
    }
}

/// How hot a share is: the square root of it, so that small shares can be told apart.
pub(super) fn heat(per_mille: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a colour")]
    let heat = (per_mille.min(1_000) as f64 / 1_000.0).sqrt();
    format!("--heat:{heat:.2}")
}

/// The files with a cost or a finding, most expensive first, with their own task time.
fn by_time(annotation: &Annotation<'_>) -> Vec<(usize, u64)> {
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &annotation.lines {
        *times.entry(line.file).or_default() += line.cost.self_task_time_ms();
    }
    let mut files: Vec<(usize, u64)> = annotation
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| times.contains_key(file.name) || !file.check.findings.is_empty())
        .map(|(at, file)| (at, times.get(file.name).copied().unwrap_or(0)))
        .collect();
    // Files are in the order of their names.
    files.sort_by_key(|(at, time)| (std::cmp::Reverse(*time), *at));
    files
}

fn files(page: &Page<'_>) -> Markup {
    let run = page.annotation.run;
    let files = by_time(page.annotation);
    let rest = files.len().saturating_sub(FILES);
    html! {
        @if files.is_empty() { p { "No file has a line with a cost or a finding." } }
        @else {
            div.wide { table {
                thead { tr { th { "file" } th.n { "own task time" } th.n { "share" } th.n { "findings" } } }
                tbody {
                    @for (at, file, time) in files.iter().take(FILES).filter_map(|(at, time)| Some((at, page.annotation.files.get(*at)?, *time))) {
                        @let findings = file.check.findings.len();
                        tr {
                            td.site { a href={ "#file-" (page.at) "-" (at) } { (sanitize(file.name)) } }
                            td.n.heat style=(heat(run.per_mille(time))) { (duration_ms(time)) }
                            td.n { (share(run.per_mille(time))) }
                            td.n { @if findings > 0 { (count(findings as u64)) } }
                        }
                    }
                }
            } }
            @if rest > 0 { p.hint { "and " (count(rest as u64)) " more" } }
        }
    }
}

fn diagnoses(page: &Page<'_>) -> Markup {
    let all = &page.annotation.diagnoses;
    let wall = page.annotation.run.profile.application.duration_ms();
    html! {
        @if all.is_empty() { p { "Nothing in this log is slow enough, or clear enough, to be named." } }
        @for found in all.iter().take(DIAGNOSES) {
            @let diagnosis = &found.diagnosis;
            article class={ "card " (category(diagnosis.category)) } {
                h3 {
                    span.badge { (category(diagnosis.category)) } " " code { (diagnosis.id) }
                    @if let Some((low, high)) = diagnosis.saving_ms {
                        span.saving title=(model(diagnosis.saving_model)) { (saving(low, high)) }
                    }
                }
                p.summary { (sanitize(&diagnosis.summary)) }
                p.advice { (sanitize(&diagnosis.advice)) }
                @if let Some((low, high)) = diagnosis.saving_ms { (saving_bar(low, high, wall)) }
                p.where { (lines_of(page, found)) }
                details {
                    summary { "Why, and the numbers" }
                    p { (diagnosis.explanation) }
                    table.evidence { tbody {
                        @for measure in &diagnosis.evidence { tr { td { (measure.name) } td.n { (value(measure)) } } }
                    } }
                    @if !diagnosis.stages.is_empty() {
                        p.hint {
                            "Stages: " (list(diagnosis.stages.iter().map(|(stage, attempt)| match attempt {
                                0 => stage.to_string(),
                                attempt => format!("{stage}.{attempt}"),
                            })))
                        }
                    }
                    @if !diagnosis.executions.is_empty() {
                        p.hint { "SQL executions: " (list(diagnosis.executions.iter().map(u64::to_string))) }
                    }
                }
            }
        }
        @if all.len() > DIAGNOSES { p.hint { "and " (count((all.len() - DIAGNOSES) as u64)) " more" } }
    }
}

/// The lines of a diagnosis, or why it has none.
fn lines_of(page: &Page<'_>, found: &RunDiagnosis) -> Markup {
    html! {
        @if found.lines.is_empty() {
            span.hint { "No line: " (sanitize(found.reason.as_deref().unwrap_or_default())) }
        }
        @for (at, (line, part)) in found.lines.iter().take(LINKS).enumerate() {
            @if at > 0 { ", " }
            @match part {
                Part::Cause => @if at == 0 { "At " },
                Part::Before => "Between ",
                Part::After => "and ",
            }
            @if let Some(line) = page.annotation.lines.get(*line) {
                (linked(page, line)) " " code { (sanitize(line.method)) }
            }
        }
        @if found.lines.len() > LINKS { " and " (found.lines.len() - LINKS) " more" }
    }
}

/// The first few, and how many more.
pub(super) fn list(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(LINKS);
    let shown: Vec<String> = all.take(LINKS).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn rest(annotation: &Annotation<'_>) -> Markup {
    let run = annotation.run;
    let rest = &run.unattributed;
    let reasons = reasons(run);
    let driver = rest.driver_ms;
    html! {
        @if rest.task_time_ms == 0 { p { "All task time stands on a line." } }
        @else {
            p {
                (duration_ms(rest.task_time_ms)) " of task time, " (share(run.per_mille(rest.task_time_ms)))
                ": it is in the run's total, and on no line."
            }
            div.wide { table {
                thead { tr { th { "why" } th.n { "task time" } th { "stages" } } }
                tbody {
                    @for reason in reasons.iter().take(REASONS) {
                        tr {
                            td.value { (sanitize(reason.reason)) }
                            td.n { (duration_ms(reason.task_time_ms)) }
                            td { (list(reason.stages.iter().cloned())) }
                        }
                    }
                }
            } }
            @if reasons.len() > REASONS { p.hint { "and " (count((reasons.len() - REASONS) as u64)) " more reasons" } }
        }
        @if !rest.gone.is_empty() {
            p { "Gone from the sources since the run:" }
            ul {
                @for call in rest.gone.iter().take(REASONS) {
                    li {
                        code { (sanitize(&call.method)) } " stood at " (sanitize(&call.file)) ":" (call.line) ", "
                        @if call.task_time_ms > 0 { (duration_ms(call.task_time_ms)) " of task time" } @else { (duration_ms(call.driver_ms)) " of the driver" }
                    }
                }
            }
            @if rest.gone.len() > REASONS { p.hint { "and " (count((rest.gone.len() - REASONS) as u64)) " more" } }
        }
        @if driver > 0 { p { (duration_ms(driver)) " of driver time has no line either." } }
    }
}

/// How a match is said in words.
pub(super) fn in_words(matched: Match) -> String {
    match matched {
        Match::CallSite => "the log names this line".to_owned(),
        Match::Plan => "the plan of its queries fits this call and no other as well".to_owned(),
        Match::Order => "the order of the run's actions leads to this call".to_owned(),
        Match::Ambiguous(places) => format!("a guess: {places} places fit equally well"),
    }
}
