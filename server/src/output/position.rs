//! Byte offsets to the positions that output speaks of: lines and columns from 1, columns in characters.

use program::{LineIndex, TextRange};

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
