//! What was understood of sources, for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use analysis::evaluation::{CallRecord, EntryKind};
use anstyle::{AnsiColor, Effects, Style};

use super::model::{Model, ModelFile, is_secret, secrets};
use super::report::counted;
use super::terminal::sanitize;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = AnsiColor::BrightBlack.on_default();

/// Writes the calls and values of each file, then the evaluation of all.
pub(crate) fn write(out: &mut dyn Write, model: &Model) -> io::Result<()> {
    for file in model.files.iter().filter(|it| it.named) {
        write_file(out, file)?;
        writeln!(out)?;
    }
    let text =
        model.evaluation.to_text(&|file| model.file(file).to_owned(), &|place| model.place(place));
    let mut values = false;
    for line in text.lines() {
        if line.starts_with(' ') {
            writeln!(out, "{}", sanitize(line))?;
            continue;
        }
        // Values stand after the lineage, whose numbers they use.
        if matches!(line, "loops" | "unresolved") && !values {
            values = true;
            write_values(out, model)?;
        }
        writeln!(out, "{BOLD}{}{BOLD:#}", sanitize(line))?;
    }
    if !values {
        write_values(out, model)?;
    }
    write_summary(out, model)
}

fn write_file(out: &mut dyn Write, file: &ModelFile) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}", sanitize(&file.name))?;
    let secrets = secrets(&file.program);
    for line in file.program.to_text().lines() {
        let line = secrets.iter().fold(line.to_owned(), |it, text| it.replace(text, "(hidden)"));
        let line = line.as_str();
        writeln!(out, "  {}", sanitize(line))?;
    }
    let at = &file.positions;
    let left_out = at.notebook.as_ref().map_or(0, |it| it.notebook().left_out());
    if left_out > 0 {
        let cells = counted(left_out, "cell");
        writeln!(out, "  {DIM}{cells} in other languages left out{DIM:#}")?;
    }
    if file.program.syntax_errors > 0 {
        writeln!(out, "  {DIM}{} syntax errors{DIM:#}", file.program.syntax_errors)?;
    }
    for unresolved in file.program.unresolved_on_datasets() {
        let (place, span) = at.shown("", unresolved.range);
        writeln!(
            out,
            "  {DIM}unresolved {} at {}{}:{}: {:?}{DIM:#}",
            sanitize(&unresolved.method),
            place.strip_prefix(':').map(|cell| format!("{cell}:")).unwrap_or_default(),
            span.line,
            span.column,
            unresolved.reason
        )?;
    }
    Ok(())
}

/// Calls with arguments, each once wherever it is called from with the same.
fn write_values(out: &mut dyn Write, model: &Model) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    for record in model.evaluation.records.iter().filter(|it| !it.arguments.is_empty()) {
        let line = format!("  {} at {}", call(record), model.place(record.place));
        if seen.is_empty() {
            writeln!(out, "{BOLD}values{BOLD:#}")?;
        }
        if !seen.contains(&line) {
            writeln!(out, "{}", sanitize(&line))?;
            seen.insert(line);
        }
    }
    Ok(())
}

/// A call with its arguments.
fn call(record: &CallRecord) -> String {
    let arguments: Vec<String> = record
        .arguments
        .iter()
        .enumerate()
        .map(|(at, argument)| {
            let name = argument.name.as_ref().map(|it| format!("{it}=")).unwrap_or_default();
            let rest = if argument.rest { "…" } else { "" };
            if is_secret(record, at) {
                return format!("{name}(hidden)");
            }
            format!("{name}{}{rest}", argument.value)
        })
        .collect();
    format!("{}.{}({})", record.receiver.name(), record.method, arguments.join(", "))
}

fn write_summary(out: &mut dyn Write, model: &Model) -> io::Result<()> {
    let evaluation = &model.evaluation;
    let of = |kind| evaluation.automaton.entries.iter().filter(|it| it.kind == kind).count();
    let unresolved: u32 = evaluation.unresolved.iter().map(|it| it.count).sum();
    writeln!(
        out,
        "{DIM}{}, {}, {}, {}, {} unresolved, {}{DIM:#}",
        counted(of(EntryKind::Program), "program"),
        counted(of(EntryKind::Fragment), "fragment"),
        counted(evaluation.automaton.sites.len(), "site"),
        counted(evaluation.nodes.len(), "dataset"),
        unresolved,
        counted(usize::try_from(evaluation.steps).unwrap_or(usize::MAX), "step"),
    )
}
