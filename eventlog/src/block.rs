//! Whole lines with what can be read of each of them alone, so that threads may read blocks in any order and one takes them in turn.

use std::ops::Range;

use crate::batch::Batches;
use crate::lines::{Lines, MAX_LINE};
use crate::state::State;
use crate::task_events::Memo;

/// Decoded bytes in a block.
pub(crate) const BLOCK: usize = 256 << 10;

/// Decoded bytes that are taken up together.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The line that began in earlier blocks and ends in this one.
    first: Vec<u8>,
    /// The bytes, of which `filled` are in use.
    bytes: Vec<u8>,
    filled: usize,
    /// What its whole lines say, in their order.
    pieces: Vec<Piece>,
    batches: Batches,
    memo: Memo,
}

/// A part of what a block's lines say.
#[derive(Debug)]
enum Piece {
    /// Starts and ends of tasks: which of the batches.
    Tasks(Range<usize>),
    /// Where a line stands that is to be read yet.
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

    /// Reads what each line says by itself, but the first, which may have begun in an earlier block.
    pub(crate) fn read(&mut self) {
        let bytes = &self.bytes[..self.filled];
        self.pieces.clear();
        self.batches.clear();
        let mut ends = memchr::memchr_iter(b'\n', bytes);
        let Some(first) = ends.next() else { return };
        let mut start = first + 1;
        for end in ends {
            let line = start..start + bytes[start..end].trim_ascii_end().len();
            start = end + 1;
            if !self.batches.read(bytes, line.clone(), &mut self.memo) {
                let before = self.batches.close();
                if !before.is_empty() {
                    self.pieces.push(Piece::Tasks(before));
                }
                self.pieces.push(Piece::Other(line));
            }
        }
        let before = self.batches.close();
        if !before.is_empty() {
            self.pieces.push(Piece::Tasks(before));
        }
    }

    /// Adds its events to what was read before. The block is empty then.
    pub(crate) fn apply(&mut self, lines: &mut Lines, state: &mut State) {
        let bytes = &self.bytes[..self.filled];
        state.profile.quality.bytes += self.filled as u64;
        let (begun, whole) = lines.cut(bytes, MAX_LINE, &mut self.first);
        if begun {
            state.line(&self.first);
        } else if whole.start == 0
            && let Some(end) = memchr::memchr(b'\n', &bytes[whole])
        {
            state.line(&bytes[..end]);
        }
        for piece in &self.pieces {
            match piece {
                Piece::Tasks(batches) => {
                    for batch in &self.batches.all()[batches.clone()] {
                        state.batch(batch, bytes);
                    }
                }
                Piece::Other(line) => state.other(&bytes[line.clone()]),
            }
        }
        self.pieces.clear();
        self.filled = 0;
        // One long line must not hold its memory for the rest of the log.
        if self.first.capacity() > BLOCK {
            self.first = Vec::new();
        }
        self.first.clear();
    }
}
