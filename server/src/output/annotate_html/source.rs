//! A file with a heat gutter; lines with a cost open.

use std::collections::{BTreeMap, BTreeSet};

use analysis::units::{count, duration_ms};
use analysis::{Finding, Match, Severity};
use maud::{Markup, html};

use super::super::annotate_text::{Stretch, match_word, stretches};
use super::super::annotation::{AnnotatedFile, CostLine};
use super::super::report::{evidence_clause, plural};
use super::super::terminal::{expand_tabs, sanitize};
use super::run::{Page, heat, share};
use super::{Budget, anchor, line};

/// Characters of a line that are shown.
const LINE: usize = 400;

/// What a gutter says.
#[derive(Default)]
struct Gutter {
    self_ms: u64,
    matched: Option<Match>,
    largest: u64,
    stale: bool,
    sites: Vec<usize>,
}

pub(super) fn section(
    page: &Page<'_>,
    index: usize,
    file: &AnnotatedFile<'_>,
    budget: &mut Budget,
) -> Markup {
    let run = page.annotation.run;
    let mut gutters: BTreeMap<u32, Gutter> = BTreeMap::new();
    for (at, line) in page.annotation.lines.iter().enumerate() {
        if line.file != file.name {
            continue;
        }
        let time = line.cost.self_task_time_ms();
        let gutter = gutters.entry(line.text_line).or_default();
        gutter.self_ms += time;
        gutter.stale |= line.cost.stale;
        gutter.sites.push(at);
        if gutter.matched.is_none() || time > gutter.largest {
            gutter.matched = Some(line.cost.matched);
            gutter.largest = time;
        }
    }
    let mut findings: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for finding in &file.check.findings {
        findings.entry(file.source.lines.line(finding.range.start)).or_default().push(finding);
    }
    let text = file.source.text.strip_suffix('\n').unwrap_or(&file.source.text);
    let lines: Vec<&str> = text.split('\n').collect();
    let time: u64 = gutters.values().map(|gutter| gutter.self_ms).sum();
    let marked: BTreeSet<u32> = gutters.keys().chain(findings.keys()).copied().collect();
    let is_marked = |number: u32| marked.contains(&number);
    let blank = |number: u32| lines.get(number as usize - 1).is_none_or(|it| it.trim().is_empty());
    let mut number = 1_u32;
    let mut parts: Vec<Markup> = Vec::new();
    let mut cell = None;
    for stretch in stretches(lines.len() as u32, &is_marked, &blank) {
        let (count, folded) = match stretch {
            Stretch::Shown(first, last) => (last + 1 - first, false),
            Stretch::Folded(count) => (count, true),
        };
        let mut rows: Vec<Markup> = Vec::new();
        let mut left_out = 0_u32;
        for number in number..number + count {
            let Some(place) = file.at.line(number) else { continue };
            let is_marked = is_marked(number);
            if budget.lines == 0 && !is_marked {
                left_out += 1;
                continue;
            }
            budget.lines = budget.lines.saturating_sub(1);
            if place.cell.is_some() && cell != place.cell {
                cell = place.cell;
                rows.push(html! { div.cell { "cell " (place.cell.unwrap_or_default()) } });
            }
            let text = lines.get(number as usize - 1).copied().unwrap_or_default();
            let id = anchor(page.at, index, number);
            let gutter = gutters.get(&number);
            rows.push(row(page, &id, place.line, text, gutter, number, budget));
            for finding in findings.get(&number).into_iter().flatten() {
                rows.push(found(finding));
            }
            rows.extend(diagnoses(page, gutter));
        }
        number += count;
        if left_out > 0 {
            let lines = plural(left_out as usize, "line is", "lines are");
            rows.push(html! { div.cell { (lines) " left out here: the page is full" } });
        }
        parts.push(html! {
            @if folded {
                details.fold {
                    summary { "⋮ " (plural(count as usize, "line", "lines")) }
                    @for row in rows { (row) }
                }
            } @else { @for row in rows { (row) } }
        });
    }
    html! {
        section.file #{ "file-" (page.at) "-" (index) } {
            h3 {
                (sanitize(file.name)) " "
                span.range { (duration_ms(time)) " of task time, " (share(run.per_mille(time))) }
            }
            @if gutters.values().any(|gutter| gutter.stale) {
                p.hint { "The source has changed since the run: lines marked ~ may stand elsewhere." }
            }
            div.source {
                div.r.titles { span { "share" } span { "own" } span { "found by" } span { "line" } span {} }
                @for part in parts { (part) }
            }
        }
    }
}

fn row(
    page: &Page<'_>,
    id: &str,
    number: u32,
    text: &str,
    gutter: Option<&Gutter>,
    text_line: u32,
    budget: &mut Budget,
) -> Markup {
    let Some(gutter) = gutter else {
        return html! { div.r #(id) { b { (number) } code { (code(text)) } } };
    };
    let run = page.annotation.run;
    let per_mille = run.per_mille(gutter.self_ms);
    let sites: Vec<(usize, &CostLine<'_>)> =
        gutter.sites.iter().filter_map(|&at| Some((at, page.annotation.lines.get(at)?))).collect();
    let word = gutter.matched.map(match_word).unwrap_or_default();
    let head = html! {
        span.heat style=(heat(per_mille)) { (share(per_mille)) }
        span { @if gutter.self_ms > 0 { (duration_ms(gutter.self_ms)) } @else { "·" } }
        span.m { @if gutter.stale { "~" } (word) }
        b { (number) }
        code { (marked(text, &sites)) }
    };
    let opens =
        sites.first().is_some_and(|(_, line)| page.opened.contains(&(line.file, text_line)));
    html! {
        @if opens {
            details.l #(id) {
                summary.r.cost { (head) }
                div.more { @for (at, site) in &sites { (line::details(page, *at, site, budget)) } }
            }
        } @else { div.r.cost #(id) { (head) } }
    }
}

/// A line of source as it is shown.
fn code(text: &str) -> String {
    let text = expand_tabs(text.strip_suffix('\r').unwrap_or(text)).into_owned();
    let text = sanitize(&text);
    match text.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// A line with the names of the calls that cost something marked, where they can be found.
fn marked(text: &str, sites: &[(usize, &CostLine<'_>)]) -> Markup {
    let shown = code(text);
    // The shown text is the source's where nothing was expanded, taken out or cut.
    let is_source = shown == text;
    let mut names: Vec<(usize, usize)> = Vec::new();
    for (_, site) in sites.iter().filter(|_| is_source) {
        let column = site.cell.map_or(site.span.column, |cell| cell.span.column) as usize;
        let start = text.char_indices().nth(column - 1).map(|(at, _)| at);
        if let Some(start) = start
            && text[start..].starts_with(site.method)
        {
            names.push((start, start + site.method.len()));
        }
    }
    names.sort_unstable();
    names.dedup();
    let mut parts: Vec<(bool, &str)> = Vec::new();
    let mut reached = 0;
    for (start, end) in names.into_iter().filter(|(start, end)| start < end) {
        if start < reached {
            continue;
        }
        parts.push((false, &shown[reached..start]));
        parts.push((true, &shown[start..end]));
        reached = end;
    }
    parts.push((false, &shown[reached..]));
    html! { @for (name, part) in parts { @if name { em { (part) } } @else { (part) } } }
}

fn found(finding: &Finding) -> Markup {
    let class = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "information",
        Severity::Hint => "hinted",
    };
    let evidence = evidence_clause(&finding.evidence);
    html! {
        div class={ "says " (class) } {
            b { (finding.severity.name()) " " code { (finding.rule) } } " " (sanitize(&finding.message))
            @if let Some(evidence) = evidence { " (" (sanitize(&evidence)) ")" }
            @if !finding.help.is_empty() { div.hint { (sanitize(&finding.help)) } }
        }
    }
}

fn diagnoses(page: &Page<'_>, gutter: Option<&Gutter>) -> Vec<Markup> {
    let sites = gutter.map(|gutter| gutter.sites.as_slice()).unwrap_or_default();
    let found = sites.iter().filter_map(|at| page.diagnoses.get(at)).flatten();
    let mut seen: Vec<*const diagnosis::Diagnosis> = Vec::new();
    let mut rows = Vec::new();
    for (diagnosed, part) in found {
        let diagnosis = &diagnosed.diagnosis;
        if seen.contains(&std::ptr::from_ref(diagnosis)) {
            continue;
        }
        seen.push(std::ptr::from_ref(diagnosis));
        // A line in a loop may be named very often.
        if seen.len() > 5 {
            continue;
        }
        rows.push(line::diagnosed(diagnosis, *part));
    }
    if seen.len() > 5 {
        let more = count((seen.len() - 5) as u64);
        rows.push(html! { div.says.slow { "and " (more) " more diagnoses" } });
    }
    rows
}
