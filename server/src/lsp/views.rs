//! What an editor shows of an analysed text: which document shows which part of it, and where.
//!
//! A file's text is one document. A notebook's text is that of its cells, each a document of its own; where the notebook is open as the
//! JSON of its file, that is the document, and a source map leads there.

use std::sync::Arc;

use analysis::Edit;
use grammars::notebook::JupyterNotebook;
use program::TextRange;
use tower_lsp_server::ls_types::{Position, Range, TextEdit, Uri};

use super::columns::Columns;
use super::lines::{Encoding, Lines, saturate};

/// A document that shows a part of an analysed text.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The document.
    pub(crate) uri: Uri,
    /// The editor's number of its version.
    pub(crate) version: i32,
    /// The part of the analysed text.
    pub(crate) range: TextRange,
    shown: Shown,
}

/// How a document shows its part.
#[derive(Debug, Clone)]
enum Shown {
    /// It is that part. With its lines.
    Itself(Arc<Lines>),
    /// In strings of JSON.
    Json(Arc<JsonFile>),
}

/// A notebook's file as a text.
#[derive(Debug)]
pub(crate) struct JsonFile {
    /// The JSON.
    pub(crate) text: Arc<str>,
    /// Its lines.
    pub(crate) lines: Lines,
    /// Its columns.
    pub(crate) columns: Columns,
    /// What it says.
    pub(crate) notebook: JupyterNotebook,
}

/// The parts of an analysed text as documents, in the order of the text.
#[derive(Debug, Clone)]
pub(crate) struct Views {
    /// The unit of columns.
    encoding: Encoding,
    views: Vec<View>,
}

impl View {
    /// A document that is a part of the analysed text, with the lines of that part.
    pub(crate) fn itself(uri: Uri, version: i32, range: TextRange, lines: Arc<Lines>) -> Self {
        Self { uri, version, range, shown: Shown::Itself(lines) }
    }

    /// A document that is the JSON of a notebook whose cells are the analysed text.
    pub(crate) fn json(uri: Uri, version: i32, file: Arc<JsonFile>) -> Self {
        let range = TextRange::new(0, saturate(file.notebook.notebook.text().len()));
        Self { uri, version, range, shown: Shown::Json(file) }
    }
}

impl JsonFile {
    fn position(&self, offset: u32) -> Position {
        let line = self.lines.line(offset);
        let (start, end) = self.lines.bounds(line);
        let before = |offset| self.columns.before(&self.text, offset);
        Position { line, character: before(offset.min(end)).saturating_sub(before(start)) }
    }

    fn byte(&self, position: Position) -> u32 {
        let (start, end) = self.lines.bounds(position.line);
        let before = self.columns.before(&self.text, start);
        self.columns.byte(&self.text, before.saturating_add(position.character)).min(end)
    }
}

impl Views {
    /// Documents by their ranges in the order of the text.
    pub(crate) fn new(encoding: Encoding, views: Vec<View>) -> Self {
        debug_assert!(views.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
        Self { encoding, views }
    }

    /// The documents.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, View> {
        self.views.iter()
    }

    /// The index of the one that shows the byte at `offset`; of a place between two of them the first.
    pub(crate) fn at(&self, offset: u32) -> Option<usize> {
        let next = self.views.partition_point(|view| view.range.start <= offset);
        // What stands before the first one is shown there too, so that nothing is lost.
        if self.views.is_empty() { None } else { Some(next.saturating_sub(1)) }
    }

    /// The one of this name.
    pub(crate) fn of(&self, uri: &Uri) -> Option<&View> {
        self.views.iter().find(|view| view.uri == *uri)
    }

    /// The document that shows a range of the analysed `text`, and where; as much of it as the document holds in which it begins.
    pub(crate) fn range(&self, text: &str, range: TextRange) -> Option<(&View, Range)> {
        let view = self.views.get(self.at(range.start)?)?;
        let start = self.position(view, text, range.start);
        let end =
            if range.end > range.start { self.end_position(view, text, range.end) } else { start };
        Some((view, Range { start, end: end.max(start) }))
    }

    /// Where `view` shows the character at `offset` of the analysed `text`.
    pub(crate) fn position(&self, view: &View, text: &str, offset: u32) -> Position {
        self.place(view, text, offset, false)
    }

    /// Where `view` shows the end of what ends before `offset` of the analysed `text`.
    pub(crate) fn end_position(&self, view: &View, text: &str, offset: u32) -> Position {
        self.place(view, text, offset, true)
    }

    fn place(&self, view: &View, text: &str, offset: u32, end: bool) -> Position {
        let offset = offset.clamp(view.range.start, view.range.end);
        match &view.shown {
            Shown::Itself(lines) => {
                let part = view.range.of(text);
                in_lines(lines, part, offset - view.range.start, self.encoding)
            }
            Shown::Json(file) => {
                let map = &file.notebook.map;
                let found = if end { map.end_to_file(offset) } else { map.to_file(offset) };
                // A place between two cells is at the end of the first.
                let found = found.or_else(|| {
                    let cells = file.notebook.notebook.cells();
                    let before = cells.partition_point(|cell| cell.range.start <= offset);
                    map.end_to_file(cells.get(before.checked_sub(1)?)?.range.end)
                });
                file.position(found.unwrap_or_default())
            }
        }
    }

    /// The byte of the analysed `text` that `view` shows at `position`. None for a place of a notebook's file that is no code.
    pub(crate) fn offset(&self, view: &View, text: &str, position: Position) -> Option<u32> {
        match &view.shown {
            Shown::Itself(lines) => {
                let part = view.range.of(text);
                Some(view.range.start + byte_at(lines, part, position, self.encoding))
            }
            Shown::Json(file) => file.notebook.map.to_text(file.byte(position)),
        }
    }

    /// Edits of the analysed `text` within `view`, in the order of the text, as edits of its document. None where they cannot be made
    /// there.
    pub(crate) fn edits(&self, view: &View, text: &str, edits: &[&Edit]) -> Option<Vec<TextEdit>> {
        let Shown::Json(file) = &view.shown else {
            let edits = edits.iter().map(|edit| TextEdit {
                range: Range {
                    start: self.position(view, text, edit.range.start),
                    end: self.position(view, text, edit.range.end),
                },
                new_text: edit.replacement.clone(),
            });
            return Some(edits.collect());
        };
        let mut changed = Vec::new();
        for (index, cell) in file.notebook.notebook.cells().iter().enumerate() {
            let within = edits.iter().filter(|edit| cell.range.contains(edit.range));
            let mut after = cell.range.of(text).to_owned();
            let mut any = false;
            for edit in within.rev() {
                let start = (edit.range.start - cell.range.start) as usize;
                let end = (edit.range.end - cell.range.start) as usize;
                after.get(start..end)?;
                after.replace_range(start..end, &edit.replacement);
                any = true;
            }
            if any {
                changed.push((index, after));
            }
        }
        let edits = file.notebook.edits(&file.text, &changed).ok()?;
        let edits = edits.into_iter().map(|(range, new_text)| TextEdit {
            range: Range { start: file.position(range.start), end: file.position(range.end) },
            new_text,
        });
        Some(edits.collect())
    }

    /// The part of the analysed `text` that lies on the lines of `view` which `range` touches. None where these hold no code.
    pub(crate) fn lines(&self, view: &View, text: &str, range: Range) -> Option<TextRange> {
        let (first, last) = (range.start.line, range.end.line.max(range.start.line));
        match &view.shown {
            Shown::Itself(lines) => {
                let (start, _) = lines.bounds(first);
                let (_, end) = lines.bounds(last);
                Some(TextRange::new(view.range.start + start, view.range.start + end))
            }
            Shown::Json(file) => {
                let exact = self.offset(view, text, range.start);
                if let Some(offset) = exact.filter(|_| range.start == range.end) {
                    // A string of several lines is on one line of the file.
                    return Some(TextRange::new(offset, offset));
                }
                let (start, _) = file.lines.bounds(first);
                let (_, end) = file.lines.bounds(last);
                file.notebook.map.text_within(TextRange::new(start, end))
            }
        }
    }
}

/// Line and column of a byte of a text with these lines.
fn in_lines(lines: &Lines, text: &str, offset: u32, encoding: Encoding) -> Position {
    let line = lines.line(offset);
    let (start, end) = lines.bounds(line);
    let before = TextRange::new(start, offset.min(end)).of(text);
    Position { line, character: encoding.length(before) }
}

/// The byte at a line and column of a text with these lines.
fn byte_at(lines: &Lines, text: &str, position: Position, encoding: Encoding) -> u32 {
    let (start, _) = lines.bounds(position.line);
    let line = lines.content(text, position.line);
    start + saturate(encoding.byte(line, position.character))
}
