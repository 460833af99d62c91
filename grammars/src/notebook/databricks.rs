//! The source format of Databricks: a Python or Scala file whose comments part it into cells.
//!
//! <https://docs.databricks.com/aws/en/notebooks/notebook-export-import> describes it: the first line says `Databricks notebook source`,
//! `COMMAND ----------` parts cells, and `MAGIC` stands before each line of a cell that begins with a magic.

use program::{Language, TextRange};

use super::{Cell, offset};

/// The marker of a comment, as the export writes it.
pub(super) fn marker(language: Language) -> &'static str {
    match language {
        Language::Python => "#",
        Language::Scala => "//",
    }
}

/// The cells of `text`; none if it is no notebook.
pub(super) fn cells(language: Language, text: &str) -> Option<Vec<Cell>> {
    let mut lines = lines(text);
    let (_, first) = lines.next()?;
    if !is_header(language, first) {
        return None;
    }
    let mut cells = Vec::new();
    let mut current: Option<TextRange> = None;
    let mut number = 1;
    // The export puts a blank line behind the mark that parts two cells, and one before it: they are of neither.
    let mut leading = false;
    for (range, line) in lines {
        let trimmed = line.trim_end();
        if command(language, trimmed) {
            cells.push(cell(number, current.take(), range.start, text));
            number += 1;
            leading = true;
            continue;
        }
        if current.is_none() && ((leading && trimmed.is_empty()) || title(language, trimmed)) {
            leading &= !trimmed.is_empty();
            continue;
        }
        current = Some(TextRange::new(current.map_or(range.start, |it| it.start), range.end));
    }
    cells.push(cell(number, current, offset(text.len()), text));
    Some(cells)
}

/// The cell of `range` without the blank line that the export puts at its end; an empty one at `otherwise`.
fn cell(number: u32, range: Option<TextRange>, otherwise: u32, text: &str) -> Cell {
    let range = range.unwrap_or(TextRange::new(otherwise, otherwise));
    let content = range.of(text).trim_end_matches(['\n', '\r']);
    let range = TextRange::new(range.start, range.start + offset(content.len()));
    Cell { number, range, language: None }
}

/// Whether the line is the first of a notebook in the source format.
pub(super) fn is_header(language: Language, line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim_end();
    comment(language, line).is_some_and(|text| text.starts_with("Databricks notebook source"))
}

fn command(language: Language, line: &str) -> bool {
    comment(language, line)
        .and_then(|text| text.strip_prefix("COMMAND"))
        .is_some_and(|rest| rest.trim_start().starts_with("---"))
}

/// `# DBTITLE 1,Load the orders` stands before a cell that has a title.
fn title(language: Language, line: &str) -> bool {
    comment(language, line).is_some_and(|text| text.starts_with("DBTITLE "))
}

fn comment(language: Language, line: &str) -> Option<&str> {
    line.strip_prefix(marker(language)).map(str::trim_start)
}

/// How many bytes of a line stand before its content because it is a magic's.
pub(super) fn prefix(language: Language, line: &str) -> Option<usize> {
    let rest =
        line.strip_prefix(marker(language))?.trim_start_matches(' ').strip_prefix("MAGIC")?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Some(line.len() - rest.len())
}

/// The lines of a text with their ranges, line ends included.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (TextRange, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = TextRange::new(offset(start), offset(start + line.len()));
        start += line.len();
        (range, line)
    })
}
