//! Whole lines with what can be read of each of them alone, so that threads may read blocks in any order and one takes what they say in turn.

use std::ops::Range;

use crate::batch::Batches;
use crate::lines::{Lines, MAX_LINE};
use crate::state::State;
use crate::task_events::Memo;

/// Decoded bytes in a block.
pub(crate) const BLOCK: usize = 512 << 10;

/// What a digest may keep of its memory for the next block: one long line must not hold it for the rest of the log.
const KEPT: usize = 16 << 10;

/// Decoded bytes that are taken up together. They stay with the thread that reads them, and in its cache.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The bytes, of which `filled` are in use.
    bytes: Vec<u8>,
    filled: usize,
}

/// What the lines of a block say, each by itself.
#[derive(Debug, Default)]
pub(crate) struct Digest {
    /// Bytes of the block.
    filled: usize,
    /// What belongs to lines that go over the block's borders: up to its first newline and behind its last one.
    edges: Vec<u8>,
    /// The line that began in earlier blocks and ends in this one.
    first: Vec<u8>,
    /// What the whole lines say, in their order.
    pieces: Vec<Piece>,
    batches: Batches,
    /// Lines that are to be read yet.
    others: Vec<u8>,
}

/// A part of what a block's lines say.
#[derive(Debug)]
enum Piece {
    /// Starts and ends of tasks: which of the batches.
    Tasks(Range<usize>),
    /// Which of the others.
    Other(Range<usize>),
}

impl Block {
    /// The bytes that are still free.
    pub(crate) fn free(&mut self) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = vec![0; BLOCK];
        }
        &mut self.bytes[self.filled..]
    }

    /// Tells that so many more bytes are in use.
    pub(crate) fn fill(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// Decoded bytes in it.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == BLOCK
    }

    /// Takes as many bytes as fit, and tells how many.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let free = self.free();
        let taken = bytes.len().min(free.len());
        free[..taken].copy_from_slice(&bytes[..taken]);
        self.fill(taken);
        taken
    }

    /// Reads what each line says by itself, but the first, which may have begun in an earlier block. The block is empty then.
    pub(crate) fn read(&mut self, memo: &mut Memo, digest: &mut Digest) {
        let bytes = &self.bytes[..self.filled];
        digest.clear();
        digest.filled = std::mem::take(&mut self.filled);
        let (Some(first), Some(last)) =
            (memchr::memchr(b'\n', bytes), memchr::memrchr(b'\n', bytes))
        else {
            digest.edges.extend_from_slice(bytes);
            return;
        };
        digest.edges.extend_from_slice(&bytes[..=first]);
        digest.edges.extend_from_slice(&bytes[last + 1..]);
        let bytes = &bytes[..=last];
        let mut start = first + 1;
        while start < bytes.len() {
            // Whoever understands a line knows where it ends.
            let line = &bytes[start..];
            if let Some(length) = digest.batches.read(line, memo) {
                start += length + 1;
                continue;
            }
            let length = memchr::memchr(b'\n', line).unwrap_or(line.len());
            digest.other(line[..length].trim_ascii_end());
            start += length + 1;
        }
        digest.close();
    }
}

impl Digest {
    /// Bytes of the block.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Whether the block was full.
    pub(crate) fn is_full(&self) -> bool {
        self.filled == BLOCK
    }

    fn clear(&mut self) {
        for bytes in [&mut self.edges, &mut self.first, &mut self.others] {
            bytes.clear();
            bytes.shrink_to(KEPT);
        }
        self.pieces.clear();
        self.batches.clear();
    }

    fn other(&mut self, line: &[u8]) {
        self.close();
        let start = self.others.len();
        self.others.extend_from_slice(line);
        self.pieces.push(Piece::Other(start..self.others.len()));
    }

    fn close(&mut self) {
        let before = self.batches.close();
        if !before.is_empty() {
            self.pieces.push(Piece::Tasks(before));
        }
    }

    /// Adds its events to what was read before.
    pub(crate) fn apply(&mut self, lines: &mut Lines, state: &mut State) {
        state.profile.quality.bytes += self.filled as u64;
        let edges = self.edges.as_slice();
        let (begun, whole) = lines.cut(edges, MAX_LINE, &mut self.first);
        if begun {
            state.line(&self.first);
        } else if whole.start == 0
            && let Some(end) = memchr::memchr(b'\n', &edges[whole])
        {
            state.line(&edges[..end]);
        }
        for piece in &self.pieces {
            match piece {
                Piece::Tasks(batches) => {
                    for batch in &self.batches.all()[batches.clone()] {
                        state.batch(batch, self.batches.texts());
                    }
                }
                Piece::Other(line) => state.other(&self.others[line.clone()]),
            }
        }
    }
}
