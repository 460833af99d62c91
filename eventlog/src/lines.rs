//! Bytes in pieces of any size to lines, with a bound on what is held.

use std::ops::Range;

/// Longest line that is read. Plans with their descriptions reach tens of megabytes; what is longer is no event.
pub(crate) const MAX_LINE: usize = 256 << 20;

/// One long line must not hold its memory for the rest of the log.
const KEPT: usize = 8 << 20;

/// Splits at newlines. A line that lies within one piece is handed on without a copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    carry: Vec<u8>,
    /// Within a line that is too long: bytes are dropped up to the next newline.
    skipping: bool,
    /// Lines dropped because of their length.
    pub(crate) oversized: u64,
}

impl Lines {
    /// Takes the next piece. The line that began in earlier pieces, if it ends in this one, is put into `first`, and the flag says that
    /// there is one; the range is that of the whole lines behind it, with their newlines.
    pub(crate) fn cut(
        &mut self,
        piece: &[u8],
        limit: usize,
        first: &mut Vec<u8>,
    ) -> (bool, Range<usize>) {
        let Some(end) = memchr::memchr(b'\n', piece) else {
            self.keep(piece, limit);
            return (false, 0..0);
        };
        let (mut begun, mut start) = (false, end + 1);
        if self.skipping {
            self.skipping = false;
        } else if self.carry.len() + end > limit {
            self.oversized += 1;
            self.carry = Vec::new();
        } else if self.carry.is_empty() {
            // It lies in the piece, as the others do.
            start = 0;
        } else {
            self.carry.extend_from_slice(&piece[..end]);
            std::mem::swap(first, &mut self.carry);
            begun = true;
        }
        self.carry.clear();
        if self.carry.capacity() > KEPT {
            self.carry = Vec::new();
        }
        let stop = memchr::memrchr(b'\n', piece).map_or(start, |last| last + 1).max(start);
        self.keep(&piece[stop..], limit);
        (begun, start..stop)
    }

    /// Keeps the beginning or the middle of a line.
    fn keep(&mut self, bytes: &[u8], limit: usize) {
        if self.skipping {
            return;
        }
        if self.carry.len() + bytes.len() > limit {
            self.oversized += 1;
            self.skipping = true;
            self.carry = Vec::new();
        } else {
            self.carry.extend_from_slice(bytes);
        }
    }

    /// What follows the last newline.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.carry
    }

    /// Starts anew, behind the end of a file.
    pub(crate) fn restart(&mut self) {
        self.skipping = false;
        self.carry = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_dropped_and_the_next_one_is_not() {
        for piece in 1..30 {
            let mut lines = Lines::default();
            let mut seen = String::new();
            let mut first = Vec::new();
            for piece in b"one\ntwelve bytes\n\nlast is longer too\nfive5\nrest".chunks(piece) {
                let mut whole = Vec::new();
                // A piece is never longer than a line may be, except here.
                for piece in piece.chunks(5) {
                    let (begun, range) = lines.cut(piece, 5, &mut first);
                    if begun {
                        whole.extend([first.as_slice(), b"\n"].concat());
                    }
                    whole.extend(&piece[range]);
                    assert!(lines.carry.len() <= 5);
                }
                seen.push_str(std::str::from_utf8(&whole).unwrap());
            }
            assert_eq!((seen.as_str(), lines.oversized), ("one\n\nfive5\n", 2), "{piece}");
            assert_eq!(lines.rest(), b"rest");
        }
    }
}
