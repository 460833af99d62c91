//! Whole lines with what can be read of each of them alone, so that threads may read blocks in any order and one takes them in turn.

use std::ops::Range;

use crate::lines::{Lines, MAX_LINE};
use crate::state::State;
use crate::task_events::{self, Memo, TaskEnded, TaskStarted};

/// Decoded bytes in a block.
pub(crate) const BLOCK: usize = 256 << 10;

/// Decoded bytes that are taken up together.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The line that began in earlier blocks and ends in this one.
    first: Vec<u8>,
    begun: bool,
    /// The bytes, of which `filled` are in use.
    bytes: Vec<u8>,
    filled: usize,
    /// Where its whole lines stand.
    whole: Range<usize>,
    lines: Vec<Line>,
    ends: Vec<TaskEnded>,
    updates: Vec<(u64, i64)>,
    memo: Memo,
}

/// A line, as far as it is read.
#[derive(Debug)]
enum Line {
    Start(TaskStarted),
    /// The end of a task: the next of `ends`.
    End(Range<usize>),
    /// To be read yet.
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

    /// Tells its whole lines from the beginning of one that goes on behind it.
    pub(crate) fn cut(&mut self, lines: &mut Lines) {
        let bytes = &self.bytes[..self.filled];
        (self.begun, self.whole) = lines.cut(bytes, MAX_LINE, &mut self.first);
    }

    /// Reads what each line says by itself.
    pub(crate) fn read(&mut self) {
        self.lines.clear();
        self.ends.clear();
        self.updates.clear();
        let mut start = self.whole.start;
        for end in memchr::memchr_iter(b'\n', &self.bytes[self.whole.clone()]) {
            let end = self.whole.start + end;
            let (line, range) = (self.bytes[start..end].trim_ascii_end(), start..end);
            start = end + 1;
            let read = if line.starts_with(task_events::END) {
                task_events::ended(line, &mut self.memo, &mut self.updates).map(|task| {
                    self.ends.push(task);
                    Line::End(range.clone())
                })
            } else if line.starts_with(task_events::START) {
                task_events::started(line).map(Line::Start)
            } else {
                None
            };
            self.lines.push(read.unwrap_or(Line::Other(range)));
        }
    }

    /// Adds its events to what was read before. The block is empty then.
    pub(crate) fn apply(&mut self, state: &mut State) {
        state.profile.quality.bytes += self.filled as u64;
        if self.begun {
            state.line(&self.first);
        }
        let mut ends = self.ends.iter();
        for line in &self.lines {
            match line {
                Line::Start(task) => state.started(*task),
                Line::End(range) => {
                    let Some(task) = ends.next() else { continue };
                    let updates = task.updates.start as usize..task.updates.end as usize;
                    let updates = self.updates.get(updates).unwrap_or_default();
                    state.ended(task, &self.bytes[range.clone()], updates);
                }
                Line::Other(range) => state.other(&self.bytes[range.clone()]),
            }
        }
        self.filled = 0;
        self.begun = false;
        // One long line must not hold its memory for the rest of the log.
        if self.first.capacity() > BLOCK {
            self.first = Vec::new();
        }
        self.first.clear();
    }
}
