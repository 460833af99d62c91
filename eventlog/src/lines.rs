//! Bytes in pieces of any size to lines, with a bound on what is held.

/// Longest line that is read. Plans with their descriptions reach tens of megabytes; what is longer is no event.
pub(crate) const MAX_LINE: usize = 256 << 20;

/// Splits at newlines. A line that lies within one piece is handed on without a copy.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    carry: Vec<u8>,
    /// Within a line that is too long: bytes are dropped up to the next newline.
    skipping: bool,
    /// Lines dropped because of their length.
    pub(crate) oversized: u64,
}

impl Lines {
    /// Takes the next piece and hands on each line that it completes, without its newline.
    pub(crate) fn push(&mut self, mut bytes: &[u8], limit: usize, sink: &mut dyn FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.skipping {
                self.skipping = false;
            } else if self.carry.len() + line.len() > limit {
                self.oversized += 1;
                self.carry.clear();
            } else if self.carry.is_empty() {
                sink(line);
            } else {
                self.carry.extend_from_slice(line);
                sink(&self.carry);
                self.carry.clear();
            }
            // One long line must not hold its memory for the rest of the log.
            if self.carry.capacity() > 8 << 20 && self.carry.is_empty() {
                self.carry = Vec::new();
            }
        }
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

    /// What follows the last newline; the splitter starts anew.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.skipping = false;
        std::mem::take(&mut self.carry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_dropped_and_the_next_one_is_not() {
        for piece in 1..30 {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for piece in b"one\ntwelve bytes\n\nlast is longer too\nfive5\nrest".chunks(piece) {
                lines.push(piece, 5, &mut |line| {
                    seen.push(String::from_utf8_lossy(line).into_owned());
                });
                assert!(lines.carry.len() <= 5);
            }
            assert_eq!((seen.join("|").as_str(), lines.oversized), ("one||five5", 2), "{piece}");
            assert_eq!(lines.rest(), b"rest");
        }
    }
}
