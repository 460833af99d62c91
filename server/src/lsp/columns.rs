//! Columns in lines of any length.
//!
//! JSON may stand on one line of many megabytes. Counting from the line's start for each place would take as long as the line is, so
//! the count is kept at every few thousand bytes.

use super::lines::{Encoding, saturate};

/// Bytes from one count to the next.
const STEP: usize = 4096;

/// Counts of columns from a text's start on.
#[derive(Debug)]
pub(crate) struct Columns {
    encoding: Encoding,
    /// The units before each multiple of [`STEP`] bytes.
    counts: Vec<u32>,
}

impl Columns {
    /// The counts of a text.
    pub(crate) fn new(text: &str, encoding: Encoding) -> Self {
        let mut counts = Vec::new();
        if encoding == Encoding::Utf16 {
            let mut units = 0;
            for chunk in text.as_bytes().chunks(STEP) {
                counts.push(units);
                units += units_of(chunk);
            }
        }
        Self { encoding, counts }
    }

    /// The units from the text's start to the byte at `offset`.
    pub(crate) fn before(&self, text: &str, offset: u32) -> u32 {
        if self.encoding == Encoding::Utf8 {
            return offset;
        }
        let end = (offset as usize).min(text.len());
        let count = (end / STEP).min(self.counts.len().saturating_sub(1));
        let known = self.counts.get(count).copied().unwrap_or_default();
        let rest = text.as_bytes().get(count * STEP..end).unwrap_or_default();
        known + units_of(rest)
    }

    /// The byte behind so many units from the text's start: the start of the character for a place in the middle of one.
    pub(crate) fn byte(&self, text: &str, units: u32) -> u32 {
        if self.encoding == Encoding::Utf8 {
            let mut at = (units as usize).min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            return saturate(at);
        }
        let count = self.counts.partition_point(|known| *known <= units).saturating_sub(1);
        let mut left = units - self.counts.get(count).copied().unwrap_or_default();
        let mut at = count * STEP;
        // A character that began before was counted there.
        while at < text.len() && !text.is_char_boundary(at) {
            at += 1;
        }
        for character in text.get(at..).unwrap_or_default().chars() {
            let width = saturate(character.len_utf16());
            if left < width {
                break;
            }
            left -= width;
            at += character.len_utf8();
        }
        saturate(at)
    }
}

/// The UTF-16 units of the characters that begin among these bytes.
fn units_of(bytes: &[u8]) -> u32 {
    let units = |byte: &u8| usize::from(byte & 0xC0 != 0x80) + usize::from(*byte >= 0xF0);
    saturate(bytes.iter().map(units).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_from_the_start() {
        let text = "aß😀€\n".repeat(1200);
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let columns = Columns::new(&text, encoding);
            for (at, character) in text.char_indices() {
                let before = columns.before(&text, at as u32);
                if at % 7 == 0 || (4090..4104).contains(&at) {
                    assert_eq!(before, encoding.length(&text[..at]), "{encoding:?} {at}");
                }
                assert_eq!(columns.byte(&text, before), at as u32, "{encoding:?} {at}");
                if character == '😀' {
                    assert_eq!(columns.byte(&text, before + 1), at as u32, "{encoding:?} {at}");
                }
            }
            let end = columns.before(&text, text.len() as u32);
            assert_eq!(end, encoding.length(&text));
            assert_eq!(columns.byte(&text, end), text.len() as u32);
            assert_eq!(columns.byte(&text, end + 9), text.len() as u32);
        }
        let empty = Columns::new("", Encoding::Utf16);
        assert_eq!((empty.before("", 3), empty.byte("", 3)), (0, 0));
    }
}
