//! From a notebook's text to the bytes of its file, and back.
//!
//! In the file a cell's text is one string of JSON or a list of them. Within a string each character stands for itself but for
//! escapes, so a map keeps where the strings are and where the escapes are.

use program::TextRange;

/// Where the text of a notebook stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceMap {
    /// For each code cell where its source stands in the file, and its strings.
    pub(super) cells: Vec<MappedCell>,
    pub(super) strings: Vec<MappedString>,
    pub(super) escapes: Vec<Escape>,
}

/// A code cell's source in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MappedCell {
    /// The whole value, quotes or brackets included.
    pub(super) value: TextRange,
    /// Its strings, by their index.
    pub(super) strings: std::ops::Range<usize>,
}

/// A string of JSON that is a part of a cell's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MappedString {
    /// What it is in the notebook's text.
    pub(super) text: TextRange,
    /// Its bytes in the file between the quotes.
    pub(super) file: TextRange,
    /// Where these begin in the file.
    pub(super) position: FilePosition,
}

/// An escape: a character that takes other bytes in the file than in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escape {
    pub(super) text: u32,
    pub(super) file: u32,
    pub(super) text_length: u8,
    pub(super) file_length: u8,
}

/// A place in a file: line and column from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FilePosition {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl SourceMap {
    /// The byte of the file at which the character at `offset` of the text begins. None for a place between two cells.
    #[must_use]
    pub fn to_file(&self, offset: u32) -> Option<u32> {
        let string = self.string_at(offset)?;
        Some(self.within(string, offset))
    }

    /// The byte of the file behind the last character of the text before `offset`: where one string ends and the next begins, it is
    /// in the one that ends.
    #[must_use]
    pub fn end_to_file(&self, offset: u32) -> Option<u32> {
        let before = self.strings.partition_point(|string| string.text.start < offset);
        match before.checked_sub(1).map(|index| &self.strings[index]) {
            Some(string) if string.text.end >= offset => Some(self.within(string, offset)),
            _ => self.to_file(offset),
        }
    }

    /// The place in the text that the byte of the file at `offset` belongs to. None for what is in no string of a code cell.
    #[must_use]
    pub fn to_text(&self, offset: u32) -> Option<u32> {
        let next = self.strings.partition_point(|string| string.file.start <= offset);
        let string = &self.strings[next.checked_sub(1)?];
        if !string.file.touches(offset) {
            return None;
        }
        let next = self.escapes.partition_point(|escape| escape.file <= offset);
        let escape = next.checked_sub(1).map(|index| self.escapes[index]);
        Some(match escape.filter(|escape| escape.file >= string.file.start) {
            Some(escape) if offset < escape.file + u32::from(escape.file_length) => escape.text,
            Some(escape) => {
                escape.text + u32::from(escape.text_length) + offset
                    - (escape.file + u32::from(escape.file_length))
            }
            None => string.text.start + (offset - string.file.start),
        })
    }

    /// The part of the text that stands within a range of the file, from the first string that reaches into it to the last. None where
    /// no string does.
    #[must_use]
    pub fn text_within(&self, range: TextRange) -> Option<TextRange> {
        let first = self.strings.partition_point(|string| string.file.end < range.start);
        let last = self.strings.partition_point(|string| string.file.start <= range.end);
        let within = self.strings.get(first..last)?;
        let (first, last) = (within.first()?, within.last()?);
        let start = self.to_text(range.start.max(first.file.start))?;
        let end = self.to_text(range.end.min(last.file.end))?;
        Some(TextRange::new(start, end.max(start)))
    }

    /// Line and column in the file of the character at `offset` of `text`, the notebook's. A place between two cells is at the end of the
    /// first.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32) -> Option<FilePosition> {
        let next = self.strings.partition_point(|string| string.text.start <= offset);
        self.position_in(next.checked_sub(1)?, text, offset)
    }

    /// Line and column in the file behind the last character before `offset`: where one string ends and the next begins, in the one
    /// that ends.
    #[must_use]
    pub fn end_position(&self, text: &str, offset: u32) -> Option<FilePosition> {
        let before = self.strings.partition_point(|string| string.text.start < offset);
        match before.checked_sub(1) {
            Some(index) if self.strings[index].text.end >= offset => {
                self.position_in(index, text, offset)
            }
            _ => self.position(text, offset),
        }
    }

    fn position_in(&self, string: usize, text: &str, offset: u32) -> Option<FilePosition> {
        let string = self.strings.get(string)?;
        let offset = offset.min(string.text.end);
        let mut column = string.position.column;
        let mut at = string.text.start;
        let characters = |from: u32, to: u32| {
            u32::try_from(TextRange::new(from, to).of(text).chars().count()).unwrap_or(u32::MAX)
        };
        let first = self.escapes.partition_point(|escape| escape.text < at);
        for escape in self.escapes[first..].iter().take_while(|escape| escape.text < offset) {
            column += characters(at, escape.text) + u32::from(escape.file_length);
            at = escape.text + u32::from(escape.text_length);
        }
        column += characters(at, offset.max(at));
        Some(FilePosition { line: string.position.line, column })
    }

    /// The string that the character at `offset` is in; at the end of a cell its last one.
    fn string_at(&self, offset: u32) -> Option<&MappedString> {
        let next = self.strings.partition_point(|string| string.text.start <= offset);
        let string = &self.strings[next.checked_sub(1)?];
        string.text.touches(offset).then_some(string)
    }

    fn within(&self, string: &MappedString, offset: u32) -> u32 {
        let next = self.escapes.partition_point(|escape| escape.text < offset);
        let escape = next.checked_sub(1).map(|index| self.escapes[index]);
        match escape.filter(|escape| escape.text >= string.text.start) {
            Some(escape) if offset < escape.text + u32::from(escape.text_length) => escape.file,
            Some(escape) => {
                escape.file + u32::from(escape.file_length) + offset
                    - (escape.text + u32::from(escape.text_length))
            }
            None => string.file.start + (offset - string.text.start),
        }
    }
}
