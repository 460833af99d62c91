//! Bytes in, [`Profile`] out: codecs, lines and state put together.

use crate::LogSource;
use crate::codec::{self, Decoder};
use crate::error::LogError;
use crate::layout::layout;
use crate::lines::{Lines, MAX_LINE};
use crate::profile::Profile;
use crate::state::State;
use crate::task_table::{TaskTable, TaskTableBuilder};
use std::io::Read;
use std::ops::ControlFlow;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// A file is given up as no log after this many lines without a single event …
const HOPELESS_LINES: u64 = 10_000;

/// … or this many decoded bytes, which is more than a line may have.
const HOPELESS_BYTES: u64 = 2 * MAX_LINE as u64;

/// Reads a log: a single file, plain or compressed, or a rolling folder's files in their order.
///
/// Nothing is held but the [`Profile`] itself, one line, and the task values of the stages that are running. `progress` is called
/// with the number of decoded bytes so far at least once a megabyte, and may stop the reading.
///
/// # Errors
/// Where there is nothing to make a profile of: see [`LogError`]. A log that ends early or is damaged gives what was
/// read until there, with [`Quality`](crate::Quality) saying so.
pub fn read(
    source: &dyn LogSource,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Profile, LogError> {
    let mut reader = Reader::new(source.name());
    fill(&mut reader, source, progress)?;
    reader.finish()
}

/// The same with a [`TaskTable`] beside, in one reading: none where the log has more than `limit` task attempts.
///
/// # Errors
/// As [`read`].
pub fn read_with_tasks(
    source: &dyn LogSource,
    limit: usize,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(Profile, Option<TaskTable>), LogError> {
    let mut reader = Reader::with_tasks(source.name(), limit);
    fill(&mut reader, source, progress)?;
    reader.finish_with_tasks()
}

fn fill(
    reader: &mut Reader,
    source: &dyn LogSource,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), LogError> {
    let parts = source.parts();
    let Some(layout) = layout(parts) else {
        return Err(LogError::EmptyFolder { name: source.name().to_owned() });
    };
    reader.state.profile.quality.compacted = layout.compacted;
    if let Some(missing) = layout.missing {
        reader.note(&missing);
    }
    let several = layout.parts.len() > 1;
    let mut buffer = vec![0; CHUNK];
    for part in &layout.parts {
        let failed = |error| LogError::Io { name: part.clone(), source: error };
        reader.next_part(if several { part } else { "" })?;
        let mut bytes = source.open(part).map_err(failed)?;
        loop {
            match bytes.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => reader.feed(&buffer[..read], progress)?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(())
}

/// A reader that is given a log's bytes in pieces of any size. The pieces' borders have no influence on the result.
pub struct Reader {
    name: String,
    /// The part's name, empty where the log is one file.
    part: String,
    /// The part's first bytes, until they tell its codec.
    head: Vec<u8>,
    /// None until the codec is told.
    decoder: Option<Decoder>,
    lines: Lines,
    state: State,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("name", &self.name)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader of a log with this name, which serves for messages only.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut state = State::default();
        name.clone_into(&mut state.profile.source);
        Self {
            name: name.to_owned(),
            part: String::new(),
            head: Vec::new(),
            decoder: None,
            lines: Lines::default(),
            state,
        }
    }

    /// A reader that keeps every task attempt as well, as long as there are not more than `limit` of them.
    #[must_use]
    pub fn with_tasks(name: &str, limit: usize) -> Self {
        let mut reader = Self::new(name);
        reader.state.task_table = Some(TaskTableBuilder::new(limit));
        reader
    }

    /// Takes the log's next bytes.
    ///
    /// # Errors
    /// A codec that is not read, or a file that is clearly no log.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.feed(bytes, &mut |_| ControlFlow::Continue(()))
    }

    /// Ends the part that is being read and starts the next one of a rolling log.
    ///
    /// # Errors
    /// As [`Reader::push`].
    pub fn next_part(&mut self, part: &str) -> Result<(), LogError> {
        self.end_part()?;
        part.clone_into(&mut self.part);
        Ok(())
    }

    /// The profile of all that was pushed.
    ///
    /// # Errors
    /// No line was a Spark event.
    pub fn finish(self) -> Result<Profile, LogError> {
        Ok(self.finish_with_tasks()?.0)
    }

    /// The same with the task attempts, of a reader [`with_tasks`](Self::with_tasks) that had no more than its limit.
    ///
    /// # Errors
    /// As [`Reader::finish`].
    pub fn finish_with_tasks(mut self) -> Result<(Profile, Option<TaskTable>), LogError> {
        self.end_part()?;
        self.state.profile.quality.oversized_lines = self.lines.oversized;
        if self.state.spark_events == 0 {
            return Err(self.not_a_log());
        }
        let table = self.state.task_table.take().and_then(TaskTableBuilder::finish);
        Ok((self.state.finish(), table))
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        if self.decoder.is_none() {
            self.head.extend_from_slice(&bytes[..bytes.len().min(codec::MAGIC)]);
            if self.head.len() < codec::MAGIC {
                return Ok(());
            }
            let rest = &bytes[bytes.len().min(codec::MAGIC)..];
            self.decide(progress)?;
            return self.decode(rest, progress);
        }
        self.decode(bytes, progress)
    }

    /// Tells the codec and decodes the bytes that told it.
    fn decide(&mut self, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<(), LogError> {
        let head = std::mem::take(&mut self.head);
        let name = || {
            if self.part.is_empty() {
                self.name.clone()
            } else {
                format!("{}/{}", self.name, self.part)
            }
        };
        let decoder = Decoder::new(codec::detect(&head))
            .map_err(|codec| LogError::UnsupportedCodec { name: name(), codec })?;
        self.decoder = Some(decoder.map_err(|source| LogError::Io { name: name(), source })?);
        self.decode(&head, progress)
    }

    fn decode(
        &mut self,
        bytes: &[u8],
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        let (name, lines, state) = (&self.name, &mut self.lines, &mut self.state);
        let mut sink = |decoded: &[u8]| {
            let total = &mut state.profile.quality.bytes;
            *total += decoded.len() as u64;
            let total = *total;
            lines.push(decoded, MAX_LINE, &mut |line| state.line(line));
            if state.spark_events == 0
                && (state.profile.quality.lines > HOPELESS_LINES || total > HOPELESS_BYTES)
            {
                return Err(None);
            }
            match progress(total) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Some(LogError::Cancelled { name: name.clone() })),
            }
        };
        let outcome = self.decoder.as_mut().map_or(Ok(()), |it| it.push(bytes, &mut sink));
        outcome.map_err(|error| error.unwrap_or_else(|| self.not_a_log()))
    }

    fn end_part(&mut self) -> Result<(), LogError> {
        if !self.head.is_empty() {
            self.decide(&mut |_| ControlFlow::Continue(()))?;
        }
        let mut note = self.decoder.take().and_then(Decoder::finish);
        let rest = self.lines.rest();
        if serde_json::from_slice::<serde::de::IgnoredAny>(&rest).is_ok() {
            self.state.line(&rest);
        } else if !rest.trim_ascii().is_empty() {
            self.state.profile.quality.lines += 1;
            note = note.or_else(|| Some("the last line is cut".to_owned()));
        }
        if let Some(note) = note {
            self.note(&note);
        }
        Ok(())
    }

    /// Records that something is missing.
    fn note(&mut self, what: &str) {
        let what =
            if self.part.is_empty() { what.to_owned() } else { format!("{}: {what}", self.part) };
        let truncated = &mut self.state.profile.quality.truncated;
        *truncated = Some(match truncated.take() {
            Some(before) => format!("{before}; {what}"),
            None => what,
        });
    }

    fn not_a_log(&self) -> LogError {
        let quality = &self.state.profile.quality;
        let why = match (&quality.truncated, quality.bytes, quality.lines) {
            (None, 0, _) => "it is empty".to_owned(),
            (Some(truncated), _, 0 | 1) => truncated.clone(),
            (_, _, 1) => "its only line is no Spark event".to_owned(),
            (_, _, lines) => format!("none of its first {lines} lines is a Spark event"),
        };
        LogError::NotALog { name: self.name.clone(), why }
    }
}
