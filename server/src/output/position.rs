//! Byte offsets to the positions that output speaks of: lines and columns from 1, columns in characters.

use std::sync::Arc;

use analysis::TextLines;
use program::{LineIndex, TextRange};

use crate::source::NotebookFile;

/// Where a range begins and ends; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Line of the first character, from 1.
    pub(crate) line: u32,
    /// Column of the first character, from 1.
    pub(crate) column: u32,
    /// Line of the end.
    pub(crate) end_line: u32,
    /// Column after the last character.
    pub(crate) end_column: u32,
}

/// The span of `range` in `text`.
#[must_use]
pub(crate) fn span(text: &str, lines: &LineIndex, range: TextRange) -> Span {
    let (line, column) = position(text, lines, range.start);
    let (end_line, end_column) = position(text, lines, range.end);
    Span { line, column, end_line, end_column }
}

/// Line and column of a byte offset.
#[must_use]
pub(crate) fn position(text: &str, lines: &LineIndex, offset: u32) -> (u32, u32) {
    let line = lines.line(offset);
    let start = lines.line_start(line) as usize;
    let mut end = (offset as usize).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let column = text.get(start..end).map_or(0, |before| before.chars().count());
    (line, column as u32 + 1)
}

/// A text with the ways from its bytes to the positions that output speaks of.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    /// The text.
    pub(crate) text: Arc<str>,
    /// Its lines.
    pub(crate) lines: TextLines,
    /// The notebook that the text is, if it is one.
    pub(crate) notebook: Option<Arc<NotebookFile>>,
}

/// Where a range is in a cell of a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellSpan {
    /// The cell's number, from 1, cells of prose counted.
    pub(crate) cell: u32,
    /// Where in the cell.
    pub(crate) span: Span,
}

/// A line as people count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinePlace {
    /// The cell whose lines are counted.
    pub(crate) cell: Option<u32>,
    /// The line, from 1.
    pub(crate) line: u32,
}

impl Positions {
    /// A line of the text, from 1, as people count it. None for one between the cells of a notebook.
    #[must_use]
    pub(crate) fn line(&self, line: u32) -> Option<LinePlace> {
        let Some(jupyter) = self.notebook.as_ref().and_then(|it| it.jupyter()) else {
            return Some(LinePlace { cell: None, line });
        };
        let cells = jupyter.notebook.cells();
        let cell = cells.get(jupyter.notebook.cell_at(self.lines.line_start(line))?)?;
        let before = self.lines.line(cell.range.start) - 1;
        Some(LinePlace { cell: Some(cell.number), line: line - before })
    }

    /// Where a range is in the file as it lies on the disk.
    #[must_use]
    pub(crate) fn span(&self, range: TextRange) -> Span {
        let in_text = || span(&self.text, &self.lines, range);
        let Some(jupyter) = self.notebook.as_ref().and_then(|it| it.jupyter()) else {
            return in_text();
        };
        let start = jupyter.map.position(&self.text, range.start);
        let end = if range.end > range.start {
            jupyter.map.end_position(&self.text, range.end)
        } else {
            start
        };
        match (start, end) {
            (Some(start), Some(end)) => Span {
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
            },
            // No range of a cell is without a place in the file.
            _ => Span { line: 1, column: 1, end_line: 1, end_column: 1 },
        }
    }

    /// Where a range is in a cell, if the text is a notebook and the range begins in one of its cells.
    #[must_use]
    pub(crate) fn in_cell(&self, range: TextRange) -> Option<CellSpan> {
        let notebook = self.notebook.as_ref()?.notebook();
        let cell = notebook.cells().get(notebook.cell_at(range.start)?)?;
        let before = self.lines.line(cell.range.start) - 1;
        let Span { line, column, end_line, end_column } = span(&self.text, &self.lines, range);
        let span = Span { line: line - before, column, end_line: end_line - before, end_column };
        Some(CellSpan { cell: cell.number, span })
    }

    /// A replacement as it stands in the file: in a notebook of Jupyter within a string of JSON.
    #[must_use]
    pub(crate) fn written(&self, replacement: &str) -> String {
        match self.notebook.as_ref().and_then(|it| it.jupyter()) {
            Some(_) => {
                let quoted = serde_json::Value::from(replacement).to_string();
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
            None => replacement.to_owned(),
        }
    }

    /// How people find a range: the file's name, with the cell where its lines are those of cells, and lines and columns.
    #[must_use]
    pub(crate) fn shown(&self, name: &str, range: TextRange) -> (String, Span) {
        let jupyter = self.notebook.as_ref().is_some_and(|it| it.jupyter().is_some());
        match self.in_cell(range).filter(|_| jupyter) {
            Some(CellSpan { cell, span }) => (format!("{name}:cell {cell}"), span),
            None => (name.to_owned(), self.span(range)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "größe = 数\nx";
        let lines = LineIndex::new(text);
        let start = text.find('数').unwrap() as u32;
        let span = span(text, &lines, TextRange::new(start, text.len() as u32));
        assert_eq!(span, Span { line: 1, column: 9, end_line: 2, end_column: 2 });
    }
}
