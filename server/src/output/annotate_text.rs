//! Source lines with a cost gutter, for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use analysis::units::{bytes, duration_ms};
use analysis::{Finding, Match, Part, Run, Severity, Sources};

use anstyle::Style;

use super::annotation::{
    AnnotatedFile, Annotation, CostLine, Reason, RunDiagnosis, percent, reasons,
};
use super::quality::quality_lines;
use super::report::{evidence_clause, plural};
use super::style::{BOLD, DIM, heat_style, severity_style};
use super::terminal::{
    columns, expand_tabs, left, right, sanitize, truncate, truncate_start, width, wrap,
};
use crate::diagnosed::saving_clause;

/// Lines of the table of the hottest lines.
const HOTTEST: usize = 10;
/// Columns of a bar in the table, and in the gutter.
const TABLE_BAR: usize = 16;
const GUTTER_BAR: usize = 6;
/// Share of the task time, in thousandths, from which a line's code stands out.
const HOT: u64 = 100;
/// Unannotated stretches longer than this are folded, down to so many lines beside what is annotated.
const LONGEST_STRETCH: usize = 6;
const CONTEXT: usize = 2;

/// Writes the annotations.
pub(crate) fn write(out: &mut dyn Write, annotations: &[Annotation<'_>]) -> io::Result<()> {
    for (at, annotation) in annotations.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        header(out, annotation)?;
        hottest(out, annotation)?;
        for file in &annotation.files {
            if annotation.lines.iter().any(|line| line.file == file.name) {
                source(out, annotation, file)?;
            }
        }
        elsewhere(out, annotation)?;
        unattributed(out, annotation.run)?;
        gone(out, annotation.run)?;
    }
    Ok(())
}

fn header(out: &mut dyn Write, annotation: &Annotation<'_>) -> io::Result<()> {
    let run = annotation.run;
    super::quality::application_line(out, &run.profile)?;
    let total = run.profile.task_time_ms();
    if total > 0 {
        let share = |time: u64| percent(run.per_mille(time));
        let attributed = total.saturating_sub(run.unattributed.task_time_ms);
        let by: Vec<String> = annotation
            .time_by_match()
            .into_iter()
            .map(|(name, time)| format!("{} by {name}", share(time)))
            .filter(|part| !part.starts_with(' '))
            .collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        let attributed = match run.per_mille(attributed) {
            0 => "none".to_owned(),
            per_mille => percent(per_mille),
        };
        writeln!(out, "  {attributed} of the task time stands on a line{by}")?;
    }
    if let Some(note) = sources_note(run) {
        writeln!(out, "  note: {note}")?;
    }
    quality_lines(out, &run.profile)?;
    writeln!(out)
}

/// What is said of sources that may not be those that ran.
pub(super) fn sources_note(run: &Run) -> Option<String> {
    match &run.sources {
        Sources::Verified | Sources::Unchanged => None,
        Sources::Earlier { commit } => Some(format!(
            "the sources have changed since: joined as they were in commit {}, and moved",
            sanitize(commit)
        )),
        Sources::Unverified { met: 0, missed: 0 } => Some(
            "unverified: the log names no line, so the sources may not be those that ran"
                .to_owned(),
        ),
        Sources::Unverified { met, missed } => Some(format!(
            "unverified: {missed} of {} in the log have no such call in the sources",
            plural(met + missed, "line", "lines")
        )),
    }
}

/// The word for a match as the gutter has room for it.
pub(super) fn match_word(matched: Match) -> String {
    match matched {
        Match::Ambiguous(count) => format!("1 of {count}"),
        other => other.to_string(),
    }
}

fn hottest(out: &mut dyn Write, annotation: &Annotation<'_>) -> io::Result<()> {
    let run = annotation.run;
    let mut lines: Vec<&CostLine<'_>> =
        annotation.lines.iter().filter(|line| line.cost.self_task_time_ms() > 0).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.cost.self_task_time_ms()));
    let Some(first) = lines.first() else { return Ok(()) };
    let most = first.cost.self_task_time_ms();
    let rest = lines.len().saturating_sub(HOTTEST);
    lines.truncate(HOTTEST);
    let rows: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            // What one stage writes another reads: the sum would count a shuffle twice.
            let shuffle = line.cost.shuffle_read_bytes.max(line.cost.shuffle_write_bytes);
            [
                truncate_start(&sanitize(&line.shown), 40).into_owned(),
                sanitize(line.method).into_owned(),
                duration_ms(line.cost.self_task_time_ms()),
                percent(run.per_mille(line.cost.self_task_time_ms())),
                if shuffle > 0 { bytes(shuffle) } else { String::new() },
                line.cost.matched.to_string(),
            ]
        })
        .collect();
    let titles = ["line", "method", "self", "share", "shuffle", "match"];
    let widths: Vec<usize> = (0..titles.len())
        .map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0))
        .zip(titles)
        .map(|(widest, title)| widest.max(width(title)))
        .collect();
    writeln!(out, "{BOLD}Hottest lines{BOLD:#}")?;
    writeln!(
        out,
        "{DIM}   #  {}  {}  {}  {}  {}  {}{DIM:#}",
        left(titles[0], widths[0]),
        left(titles[1], widths[1]),
        right(titles[2], widths[2]),
        left(titles[3], TABLE_BAR + 1 + widths[3]),
        right(titles[4], widths[4]),
        titles[5]
    )?;
    for (rank, (line, row)) in lines.iter().zip(&rows).enumerate() {
        let time = line.cost.self_task_time_ms();
        let heat = heat_style(run.per_mille(time));
        writeln!(
            out,
            "  {DIM}{:>2}{DIM:#}  {BOLD}{}{BOLD:#}  {}  {heat}{}{heat:#}  {heat}{}{heat:#} {}  {}  {DIM}{}{DIM:#}",
            rank + 1,
            left(&row[0], widths[0]),
            left(&row[1], widths[1]),
            right(&row[2], widths[2]),
            left(&bar(time, most, TABLE_BAR), TABLE_BAR),
            right(&row[3], widths[3]),
            right(&row[4], widths[4]),
            row[5]
        )?;
    }
    if rest > 0 {
        writeln!(out, "      {DIM}and {} more{DIM:#}", plural(rest, "line", "lines"))?;
    }
    writeln!(out)
}

/// A bar whose full length is `most`, drawn to an eighth of a column.
fn bar(value: u64, most: u64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let scaled = u128::from(value) * 8 * columns as u128;
    let eighths = (scaled / u128::from(most.max(1))) as usize;
    let eighths = if value > 0 { eighths.clamp(1, 8 * columns) } else { 0 };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// What the gutter says of one line.
#[derive(Debug, Default, Clone, Copy)]
struct Gutter {
    self_ms: u64,
    inclusive_ms: u64,
    /// The match of the call with the largest cost of its own.
    matched: Option<Match>,
    largest: u64,
    stale: bool,
}

fn source(
    out: &mut dyn Write,
    annotation: &Annotation<'_>,
    file: &AnnotatedFile<'_>,
) -> io::Result<()> {
    let run = annotation.run;
    let mut gutters: BTreeMap<u32, Gutter> = BTreeMap::new();
    for line in annotation.lines.iter().filter(|line| line.file == file.name) {
        let time = line.cost.self_task_time_ms();
        let gutter = gutters.entry(line.text_line).or_default();
        gutter.self_ms += time;
        gutter.inclusive_ms = gutter.inclusive_ms.max(line.cost.task_time_ms);
        gutter.stale |= line.cost.stale;
        if gutter.matched.is_none() || time > gutter.largest {
            gutter.matched = Some(line.cost.matched);
            gutter.largest = time;
        }
    }
    let all = annotation.lines.iter();
    let most = all.map(|line| line.cost.self_task_time_ms()).max().unwrap_or(0);
    let mut findings: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for finding in &file.check.findings {
        findings.entry(file.source.lines.line(finding.range.start)).or_default().push(finding);
    }

    let text = file.source.text.strip_suffix('\n').unwrap_or(&file.source.text);
    let lines: Vec<&str> = text.split('\n').collect();
    let number_width = lines.len().to_string().len().max(2);
    let time_width = gutters
        .values()
        .map(|gutter| width(&duration_ms(gutter.self_ms)))
        .max()
        .unwrap_or(0)
        .max("self".len());
    let match_width = gutters
        .values()
        .filter_map(|gutter| gutter.matched)
        .map(|matched| width(&match_word(matched)))
        .max()
        .unwrap_or(0)
        .max("match".len());
    // Bar, share, time and match, each with a blank before it.
    let gutter_width = 1 + GUTTER_BAR + 1 + 5 + 1 + time_width + 2 + match_width + 1;
    let room = columns().saturating_sub(gutter_width + 3 + number_width + 3).max(20);

    let time: u64 = gutters.values().map(|gutter| gutter.self_ms).sum();
    let name = sanitize(file.name);
    writeln!(
        out,
        "{BOLD}{name}{BOLD:#} {DIM}{} of task time, {}{DIM:#}",
        duration_ms(time),
        match run.per_mille(time) {
            0 => "0 %".to_owned(),
            per_mille => percent(per_mille),
        }
    )?;
    if gutters.values().any(|gutter| gutter.stale) {
        let what = match run.sources {
            Sources::Earlier { .. } => "lines marked ~ stood elsewhere, or in other code",
            _ => "lines marked ~ may stand elsewhere",
        };
        writeln!(out, "  the source has changed since the run: {what}")?;
    }
    let share = left("share", GUTTER_BAR + 6);
    writeln!(out, "{DIM} {share} {}  match{DIM:#}", right("self", time_width))?;

    let marked = |number: u32| gutters.contains_key(&number) || findings.contains_key(&number);
    let blank = |number: u32| lines.get(number as usize - 1).is_none_or(|it| it.trim().is_empty());
    let mut cell = None;
    for stretch in stretches(lines.len() as u32, &marked, &blank) {
        let (first, last) = match stretch {
            Stretch::Shown(first, last) => (first, last),
            Stretch::Folded(count) => {
                let lines = plural(count as usize, "line", "lines");
                let gap = " ".repeat(gutter_width);
                writeln!(out, "{DIM}{gap} {} │ {lines}{DIM:#}", right("⋮", number_width))?;
                continue;
            }
        };
        for number in first..=last {
            let Some(place) = file.at.line(number) else { continue };
            if place.cell.is_some() && cell != place.cell {
                cell = place.cell;
                let gap = " ".repeat(gutter_width + 1 + number_width);
                writeln!(out, "{DIM}{gap} ┌ cell {}{DIM:#}", place.cell.unwrap_or_default())?;
            }
            let line = lines.get(number as usize - 1).copied().unwrap_or_default();
            let line = expand_tabs(line.strip_suffix('\r').unwrap_or(line)).into_owned();
            let line = sanitize(&line).into_owned();
            match gutters.get(&number) {
                Some(gutter) => {
                    write_gutter(out, run, gutter, most, time_width, match_width)?;
                }
                None => write!(out, "{}", " ".repeat(gutter_width))?,
            }
            let number_text = right(&place.line.to_string(), number_width);
            let shown = truncate(&line, room);
            let shown = shown.trim_end();
            let bar = if shown.is_empty() { "│" } else { "│ " };
            if let Some(gutter) = gutters.get(&number) {
                let hot = run.per_mille(gutter.self_ms) >= HOT;
                let code = if hot { BOLD } else { Style::new() };
                writeln!(out, " {number_text} {DIM}{bar}{DIM:#}{code}{shown}{code:#}")?;
            } else {
                writeln!(out, " {DIM}{number_text} {bar}{DIM:#}{shown}")?;
            }
            let indent = line.len() - line.trim_start().len();
            let of_findings = findings.get(&number).into_iter().flatten().map(|it| of_finding(it));
            let notes = of_findings.chain(of_diagnoses(annotation, file.name, number));
            for Note { style, head, message } in notes {
                let gap = " ".repeat(gutter_width + 1 + number_width);
                let indent = indent.min(12);
                let first_room = room.saturating_sub(indent + 2);
                let whole = format!("{head} {message}");
                let wrapped = super::terminal::wrap(&whole, first_room);
                for (at, part) in wrapped.iter().enumerate() {
                    let mark = if at == 0 { "└ " } else { "  " };
                    let pad = " ".repeat(indent);
                    write!(out, "{gap} {DIM}│{DIM:#} {pad}{style}{mark}{style:#}")?;
                    match part.strip_prefix(head.as_str()) {
                        Some(rest) if at == 0 => {
                            writeln!(out, "{style}{head}{style:#}{rest}")?;
                        }
                        _ => writeln!(out, "{part}")?,
                    }
                }
            }
        }
    }
    writeln!(out)
}

/// What is said below a line.
struct Note {
    style: Style,
    head: String,
    message: String,
}

fn of_finding(finding: &Finding) -> Note {
    let mut message = sanitize(&finding.message).into_owned();
    if let Some(evidence) = evidence_clause(&finding.evidence) {
        message.push_str(&format!(" ({})", sanitize(&evidence)));
    }
    Note {
        style: severity_style(finding.severity),
        head: format!("{}[{}]", finding.severity.name(), finding.rule),
        message,
    }
}

/// The diagnoses that a line of a file is about, each once.
fn of_diagnoses<'n>(
    annotation: &'n Annotation<'_>,
    file: &'n str,
    number: u32,
) -> impl Iterator<Item = Note> + 'n {
    let here = move |(at, part): &(usize, Part)| {
        let line = annotation.lines.get(*at)?;
        (line.file == file && line.text_line == number).then_some(*part)
    };
    annotation.diagnoses.iter().filter_map(move |found| {
        let part = found.lines.iter().find_map(here)?;
        let mut message = match part {
            Part::Cause => String::new(),
            Part::Before => "after this line: ".to_owned(),
            Part::After => "before this line: ".to_owned(),
        };
        message.push_str(&diagnosis_clause(found));
        let head = format!("diagnosis[{}]", found.diagnosis.id);
        Some(Note { style: severity_style(Severity::Warning), head, message })
    })
}

/// What is wrong, and what it would save.
fn diagnosis_clause(found: &RunDiagnosis) -> String {
    let summary = sanitize(&found.diagnosis.summary);
    match saving_clause(&found.diagnosis) {
        Some(saving) => format!("{summary} ({saving})"),
        None => summary.into_owned(),
    }
}

/// Diagnoses that are about no line that is known, with the reason.
fn elsewhere(out: &mut dyn Write, annotation: &Annotation<'_>) -> io::Result<()> {
    let found: Vec<&RunDiagnosis> =
        annotation.diagnoses.iter().filter(|found| found.lines.is_empty()).collect();
    if found.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}Diagnoses without a line{BOLD:#}")?;
    let style = severity_style(Severity::Warning);
    for found in found.iter().take(HOTTEST) {
        let head = format!("{}:", found.diagnosis.id);
        let text = format!("{head} {}", diagnosis_clause(found));
        for (at, line) in wrap(&text, columns() - 4).iter().enumerate() {
            match line.strip_prefix(head.as_str()) {
                Some(rest) if at == 0 => writeln!(out, "  {style}{head}{style:#}{rest}")?,
                _ => writeln!(out, "    {line}")?,
            }
        }
        if let Some(reason) = &found.reason {
            writeln!(out, "    {DIM}{}{DIM:#}", truncate(&sanitize(reason), columns() - 4))?;
        }
    }
    if found.len() > HOTTEST {
        writeln!(out, "  {DIM}and {} more{DIM:#}", found.len() - HOTTEST)?;
    }
    writeln!(out)
}

fn write_gutter(
    out: &mut dyn Write,
    run: &Run,
    gutter: &Gutter,
    most: u64,
    time_width: usize,
    match_width: usize,
) -> io::Result<()> {
    let per_mille = run.per_mille(gutter.self_ms);
    let heat = heat_style(per_mille);
    let word = gutter.matched.map(match_word).unwrap_or_default();
    let stale = if gutter.stale { "~" } else { " " };
    // A call without task time of its own still takes part in stages.
    let time = match gutter.self_ms {
        0 => "·".to_owned(),
        time => duration_ms(time),
    };
    write!(
        out,
        "{stale}{heat}{}{heat:#} {heat}{}{heat:#} {heat}{}{heat:#}  {DIM}{}{DIM:#} ",
        left(&bar(gutter.self_ms, most, GUTTER_BAR), GUTTER_BAR),
        right(&percent(per_mille), 5),
        right(&time, time_width),
        left(&word, match_width)
    )
}

/// A part of a file's lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// First and last line, from 1.
    Shown(u32, u32),
    /// So many lines.
    Folded(u32),
}

/// Folds the long stretches without a mark, keeping a little context beside marks.
pub(super) fn stretches(
    lines: u32,
    marked: &dyn Fn(u32) -> bool,
    blank: &dyn Fn(u32) -> bool,
) -> Vec<Stretch> {
    let mut result: Vec<Stretch> = Vec::new();
    let mut show = |first: u32, last: u32| {
        if first > last {
            return;
        }
        match result.last_mut() {
            Some(Stretch::Shown(_, end)) if *end + 1 == first => *end = last,
            _ => result.push(Stretch::Shown(first, last)),
        }
    };
    let mut folds = Vec::new();
    let mut number = 1;
    while number <= lines {
        if marked(number) {
            show(number, number);
            number += 1;
            continue;
        }
        let first = number;
        while number <= lines && !marked(number) {
            number += 1;
        }
        let last = number - 1;
        let length = last - first + 1;
        let mut before = if first == 1 { 0 } else { length.min(CONTEXT as u32) };
        let mut after = if last == lines { 0 } else { length.min(CONTEXT as u32) };
        // A blank line beside a fold says nothing.
        while before > 0 && blank(first + before - 1) {
            before -= 1;
        }
        while after > 0 && blank(last + 1 - after) {
            after -= 1;
        }
        if length <= LONGEST_STRETCH as u32 {
            show(first, last);
        } else {
            show(first, first + before - 1);
            folds.push((first + before, length - before - after));
            show(last + 1 - after, last);
        }
    }
    for (first, count) in folds {
        let at = result
            .iter()
            .position(|stretch| matches!(stretch, Stretch::Shown(start, _) if *start > first));
        let at = at.unwrap_or(result.len());
        result.insert(at, Stretch::Folded(count));
    }
    result
}

/// Calls that today's sources do not have any more.
pub(super) fn gone(out: &mut dyn Write, run: &Run) -> io::Result<()> {
    let gone = &run.unattributed.gone;
    if gone.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}Gone from the sources since the run{BOLD:#}")?;
    for call in gone {
        let time = match (call.task_time_ms, call.driver_ms) {
            (0, driver) => format!("{} of the driver", duration_ms(driver)),
            (task, _) => format!("{} of task time", duration_ms(task)),
        };
        let what = format!("`{}` stood at {}:{}", call.method, call.file, call.line);
        let room = columns().saturating_sub(width(&time) + 4);
        writeln!(out, "  {}  {time}", truncate(&sanitize(&what), room))?;
    }
    Ok(())
}

fn unattributed(out: &mut dyn Write, run: &Run) -> io::Result<()> {
    let rest = &run.unattributed;
    if rest.task_time_ms == 0 {
        return writeln!(out, "{DIM}All task time stands on a line.{DIM:#}");
    }
    let share = match run.per_mille(rest.task_time_ms) {
        0 => "under 0.1 %".to_owned(),
        per_mille => percent(per_mille),
    };
    writeln!(
        out,
        "{BOLD}Without a line{BOLD:#} {DIM}{} of task time, {share}{DIM:#}",
        duration_ms(rest.task_time_ms)
    )?;
    let reasons = reasons(run);
    let times = reasons.iter().map(|reason| width(&duration_ms(reason.task_time_ms)));
    let time_width = times.max().unwrap_or(0);
    for Reason { reason, task_time_ms, stages } in reasons {
        let word = if stages.len() == 1 { "stage" } else { "stages" };
        let tail = format!("{} ({word} {})", sanitize(reason), stages.join(", "));
        let room = columns().saturating_sub(time_width + 4);
        let time = right(&duration_ms(task_time_ms), time_width);
        writeln!(out, "  {time}  {}", truncate(&tail, room))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_to_an_eighth() {
        assert_eq!(bar(0, 100, 4), "");
        assert_eq!(bar(1, 1_000, 4), "▏");
        assert_eq!(bar(50, 100, 4), "██");
        assert_eq!(bar(100, 100, 4), "████");
        assert_eq!(bar(53, 100, 4), "██");
        assert_eq!(bar(55, 100, 4), "██▏");
    }

    #[test]
    fn long_stretches_are_folded() {
        let at = |marks: &'static [u32]| move |number: u32| marks.contains(&number);
        assert_eq!(stretches(5, &at(&[3]), &|_| false), [Stretch::Shown(1, 5)]);
        assert_eq!(
            stretches(30, &at(&[10, 12, 22]), &|number| matches!(number, 13 | 14 | 20)),
            [
                Stretch::Folded(7),
                Stretch::Shown(8, 12),
                Stretch::Folded(8),
                Stretch::Shown(21, 24),
                Stretch::Folded(6),
            ]
        );
        assert_eq!(stretches(9, &at(&[]), &|_| false), [Stretch::Folded(9)]);
        // Nothing is asked of lines that are not there.
        let blank = |number: u32| (1..=2).contains(&number) || panic!("line {number}");
        assert_eq!(stretches(2, &at(&[2]), &blank), [Stretch::Shown(1, 2)]);
        assert_eq!(stretches(2, &at(&[1]), &blank), [Stretch::Shown(1, 2)]);
    }

    #[test]
    fn shares_are_short() {
        assert_eq!(percent(0), "");
        assert_eq!(percent(4), "0.4 %");
        assert_eq!(percent(345), "35 %");
        assert_eq!(percent(1_000), "100 %");
    }
}
