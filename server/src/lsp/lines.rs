//! Lines and columns as the protocol counts them.
//!
//! The protocol ends a line at `\n`, `\r\n` and a lone `\r`; a rope also at form feeds and others, so ropes are asked for bytes only.

/// The unit of columns that was agreed on at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// Columns are bytes.
    Utf8,
    /// Columns are UTF-16 code units, the protocol's default.
    #[default]
    Utf16,
}

impl Encoding {
    /// The length of `text` in this unit.
    pub(crate) fn length(self, text: &str) -> u32 {
        let length = match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => text.chars().map(char::len_utf16).sum(),
        };
        saturate(length)
    }

    /// The byte in `line` at `column`: the line's end for a column past it, the start of the character for a column in the middle of one.
    pub(crate) fn byte(self, line: &str, column: u32) -> usize {
        let mut left = column as usize;
        for (at, character) in line.char_indices() {
            let width = match self {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
            };
            if left < width {
                return at;
            }
            left -= width;
        }
        line.len()
    }
}

/// Where the lines of a text start, and where their content ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    /// First byte and one past the last byte before the line's end.
    bounds: Vec<(u32, u32)>,
}

impl Lines {
    /// The lines of `text`. There is always one.
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut bounds = Vec::new();
        let mut start = 0;
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            // The second half of an ending was passed over with the first.
            if at < start {
                continue;
            }
            let two = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            bounds.push((saturate(start), saturate(at)));
            start = at + 1 + usize::from(two);
        }
        bounds.push((saturate(start), saturate(bytes.len())));
        Self { bounds }
    }

    /// The line that holds the byte at `offset`, from 0.
    pub(crate) fn line(&self, offset: u32) -> u32 {
        saturate(self.bounds.partition_point(|&(start, _)| start <= offset).saturating_sub(1))
    }

    /// First byte of `line` and one past the last before its end; the text's end for a line past it.
    pub(crate) fn bounds(&self, line: u32) -> (u32, u32) {
        let last = self.bounds.last().map_or((0, 0), |&(_, end)| (end, end));
        self.bounds.get(line as usize).copied().unwrap_or(last)
    }

    /// The content of `line` without its end.
    pub(crate) fn content<'a>(&self, text: &'a str, line: u32) -> &'a str {
        let (start, end) = self.bounds(line);
        text.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// The byte at a line and column of a text that comes in pieces, such as a rope's.
pub(crate) fn byte_in_pieces<'a>(
    pieces: impl Iterator<Item = &'a str>,
    line: u32,
    column: u32,
    encoding: Encoding,
) -> u32 {
    let (mut at, mut current, mut left) = (0_usize, 0_u32, column as usize);
    let mut after_return = false;
    for piece in pieces {
        let mut rest = piece;
        if !piece.is_empty() && std::mem::take(&mut after_return) && piece.starts_with('\n') {
            // The second half of an ending that was counted at its first.
            at += 1;
            rest = &rest[1..];
        }
        // Whole lines are passed over by their endings.
        while current < line {
            let Some(ending) = memchr::memchr2(b'\n', b'\r', rest.as_bytes()) else {
                at += rest.len();
                rest = "";
                break;
            };
            let after = &rest[ending + 1..];
            let length = match rest.as_bytes()[ending] {
                b'\r' if after.starts_with('\n') => 2,
                ending => {
                    after_return = ending == b'\r' && after.is_empty();
                    1
                }
            };
            at += ending + length;
            rest = &rest[ending + length..];
            current += 1;
        }
        for character in rest.chars() {
            let width = match encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
            };
            if matches!(character, '\n' | '\r') || left < width {
                return saturate(at);
            }
            left -= width;
            at += character.len_utf8();
        }
    }
    saturate(at)
}

/// Offsets are 32 bits wide in the whole program; no editor opens a text of 4 GB.
pub(crate) fn saturate(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a😀b\r\nß\rc\n\u{2028}\u{c}d\n";

    /// Every position of the text in an encoding, by a plain second way of counting.
    fn positions(encoding: Encoding) -> Vec<(u32, u32, u32)> {
        let mut found = Vec::new();
        let (mut line, mut column) = (0, 0);
        let mut previous = ' ';
        for (at, character) in TEXT.char_indices() {
            if previous == '\r' && character == '\n' {
                previous = character;
                continue;
            }
            if previous == '\n' || previous == '\r' {
                line += 1;
                column = 0;
            }
            found.push((line, column, at as u32));
            column += encoding.length(character.encode_utf8(&mut [0; 4]));
            previous = character;
        }
        found
    }

    #[test]
    fn finds_every_character_in_both_encodings() {
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::new(TEXT);
            for (line, column, offset) in positions(encoding) {
                let (start, _) = lines.bounds(line);
                let in_line = encoding.byte(lines.content(TEXT, line), column);
                assert_eq!(start + in_line as u32, offset, "{encoding:?} {line}:{column}");
                assert_eq!(lines.line(offset), line, "{encoding:?} {offset}");
                for size in 1..5 {
                    let pieces = pieces(size);
                    let byte = byte_in_pieces(pieces.into_iter(), line, column, encoding);
                    assert_eq!(byte, offset, "{encoding:?} {line}:{column} in pieces of {size}");
                }
            }
        }
    }

    fn pieces(size: usize) -> Vec<&'static str> {
        let ends: Vec<usize> =
            TEXT.char_indices().map(|(at, _)| at).chain([TEXT.len()]).step_by(size).collect();
        let mut pieces: Vec<&str> = ends.windows(2).map(|pair| &TEXT[pair[0]..pair[1]]).collect();
        pieces.push(&TEXT[*ends.last().unwrap()..]);
        pieces
    }

    #[test]
    fn columns_past_the_end_and_inside_a_character_are_clamped() {
        for (column, byte) in [(0, 0), (1, 1), (2, 1), (3, 5), (4, 6), (9, 6)] {
            assert_eq!(Encoding::Utf16.byte("a😀b", column), byte);
        }
        let all = || std::iter::once(TEXT);
        assert_eq!(byte_in_pieces(all(), 0, 99, Encoding::Utf16), 6);
        assert_eq!(byte_in_pieces(all(), 0, 2, Encoding::Utf16), 1);
        assert_eq!(byte_in_pieces(all(), 99, 0, Encoding::Utf16), TEXT.len() as u32);
        assert_eq!(byte_in_pieces(all(), 4, 7, Encoding::Utf8), TEXT.len() as u32);
    }
}
