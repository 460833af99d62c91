//! Bytes in, [`Profile`] out: codecs, lines and state put together.

use crate::codec::{self, Decoder};
use crate::error::LogError;
use crate::layout::layout;
use crate::lines::{Lines, MAX_LINE};
use crate::pipeline::{self, Buffers, Bytes, Stopped};
use crate::profile::Profile;
use crate::state::State;
use crate::task_table::{TaskTable, TaskTableBuilder};
use crate::{LogSource, ReadAt};
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::OnceLock;

/// A file is given up as no log after this many lines without a single event …
const HOPELESS_LINES: u64 = 10_000;

/// … or this many decoded bytes, which is more than a line may have.
const HOPELESS_BYTES: u64 = 2 * MAX_LINE as u64;

/// Told how many decoded bytes were read so far; may stop the reading.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// Reads a log: a single file, plain or compressed, or a rolling folder's files in their order.
///
/// Nothing is held but the [`Profile`] itself, some megabytes of bytes for each thread, one line, and the task values of the stages that
/// are running. `progress` is called with the number of decoded bytes so far at least once a megabyte, and may stop the reading.
/// As many threads work as the process has cores; the result is the same for any number.
///
/// # Errors
/// Where there is nothing to make a profile of: see [`LogError`]. A log that ends early or is damaged gives what was
/// read until there, with [`Quality`](crate::Quality) saying so.
pub fn read(
    source: &dyn LogSource,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Profile, LogError> {
    read_with(source, cores(), progress)
}

/// As [`read`], with so many threads.
///
/// # Errors
/// As [`read`].
pub fn read_with(
    source: &dyn LogSource,
    threads: usize,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Profile, LogError> {
    let mut reader = Reader::new(source.name());
    fill(&mut reader, source, threads, progress)?;
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
    fill(&mut reader, source, cores(), progress)?;
    reader.finish_with_tasks()
}

fn fill(
    reader: &mut Reader,
    source: &dyn LogSource,
    threads: usize,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), LogError> {
    let parts = source.parts();
    let Some(layout) = layout(parts) else {
        return Err(LogError::EmptyFolder { name: source.name().to_owned() });
    };
    reader.compacted = layout.compacted;
    reader.missing = layout.missing;
    let several = layout.parts.len() > 1;
    for part in &layout.parts {
        reader.next_part(if several { part } else { "" })?;
        let mut bytes = source
            .open(part)
            .map_err(|error| LogError::Io { name: part.clone(), source: error })?;
        let shared = source.open_shared(part);
        reader.drain(&mut bytes, shared.as_deref(), part, threads, progress)?;
    }
    Ok(())
}

/// How many threads can work at once.
pub(crate) fn cores() -> usize {
    // Asking takes the reading of some files, which a log that is followed would be looked at for each time.
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// A reader that is given a log's bytes in pieces of any size. The pieces' borders have no influence on the result.
pub struct Reader {
    pub(crate) name: String,
    /// The part's name, empty where the log is one file.
    pub(crate) part: String,
    /// The part's first bytes, until they tell its codec.
    head: Vec<u8>,
    /// None until the codec is told.
    decoder: Option<Decoder>,
    lines: Lines,
    state: State,
    buffers: Buffers,
    /// Finished work at the log's front was dropped from it.
    pub(crate) compacted: bool,
    /// Files that should be there and are not.
    pub(crate) missing: Option<String>,
    /// What is missing of the parts that are read.
    notes: Vec<String>,
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
        Self {
            name: name.to_owned(),
            part: String::new(),
            head: Vec::new(),
            decoder: None,
            lines: Lines::default(),
            state: State::default(),
            buffers: Buffers::default(),
            compacted: false,
            missing: None,
            notes: Vec::new(),
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
        let mut bytes = bytes;
        let part = self.part.clone();
        self.drain(&mut bytes, None, &part, 1, &mut |_| ControlFlow::Continue(()))
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
        let quality = &mut self.state.profile.quality;
        quality.oversized_lines = self.lines.oversized;
        quality.compacted = self.compacted;
        let notes: Vec<String> =
            self.missing.take().into_iter().chain(self.notes.clone()).collect();
        quality.truncated = (!notes.is_empty()).then(|| notes.join("; "));
        if self.state.spark_events == 0 {
            return Err(self.not_a_log());
        }
        self.state.profile.source = self.name;
        let table = self.state.task_table.take().and_then(TaskTableBuilder::finish);
        Ok((self.state.finish(), table))
    }

    /// The profile of all that was pushed so far, as if nothing were to follow.
    ///
    /// # Errors
    /// As [`Reader::finish`].
    pub fn profile(&self) -> Result<Profile, LogError> {
        let mut copy = Self {
            name: self.name.clone(),
            part: self.part.clone(),
            head: self.head.clone(),
            decoder: None,
            lines: self.lines.clone(),
            state: self.state.clone(),
            buffers: Buffers::default(),
            compacted: self.compacted,
            missing: self.missing.clone(),
            notes: self.notes.clone(),
        };
        if copy.head.is_empty() {
            let state = self.decoder.as_ref().and_then(Decoder::state);
            copy.end_lines(state);
        }
        copy.finish()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Reads the part to its present end. `shared` is the same part, where `bytes` is the whole of it.
    pub(crate) fn drain(
        &mut self,
        bytes: &mut (dyn Read + Send),
        shared: Option<&dyn ReadAt>,
        part: &str,
        threads: usize,
        progress: Progress<'_>,
    ) -> Result<(), LogError> {
        let failed = |error| LogError::Io { name: part.to_owned(), source: error };
        if self.decoder.is_none() {
            let wanted = codec::MAGIC - self.head.len();
            bytes.take(wanted as u64).read_to_end(&mut self.head).map_err(failed)?;
            if self.head.len() < codec::MAGIC {
                return Ok(());
            }
            self.decide()?;
        }
        self.run(bytes, shared, part, threads, progress)
    }

    /// Reads the bytes that told the codec, if that is new, and the others.
    fn run(
        &mut self,
        bytes: &mut (dyn Read + Send),
        shared: Option<&dyn ReadAt>,
        part: &str,
        threads: usize,
        progress: Progress<'_>,
    ) -> Result<(), LogError> {
        let failed = |error| LogError::Io { name: part.to_owned(), source: error };
        let head = std::mem::take(&mut self.head);
        let mut bytes = std::io::Cursor::new(head).chain(bytes);
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let mut hopeless = false;
        let mut taken = |state: &mut State| {
            let quality = &state.profile.quality;
            if state.spark_events == 0
                && (quality.lines > HOPELESS_LINES || quality.bytes > HOPELESS_BYTES)
            {
                hopeless = true;
                return ControlFlow::Break(());
            }
            progress(quality.bytes)
        };
        let outcome = pipeline::drain(
            Bytes { stream: &mut bytes, shared },
            decoder,
            &mut self.lines,
            &mut self.buffers,
            &mut self.state,
            threads,
            &mut taken,
        );
        match outcome {
            Ok(()) => Ok(()),
            Err(Stopped::Io(error)) => Err(failed(error)),
            Err(Stopped::Enough) if hopeless => Err(self.not_a_log()),
            Err(Stopped::Enough) => Err(LogError::Cancelled { name: self.name.clone() }),
        }
    }

    /// Tells the codec.
    fn decide(&mut self) -> Result<(), LogError> {
        let name = || {
            if self.part.is_empty() {
                self.name.clone()
            } else {
                format!("{}/{}", self.name, self.part)
            }
        };
        let decoder = Decoder::new(codec::detect(&self.head))
            .map_err(|codec| LogError::UnsupportedCodec { name: name(), codec })?;
        self.decoder = Some(decoder.map_err(|source| LogError::Io { name: name(), source })?);
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), LogError> {
        if !self.head.is_empty() {
            self.decide()?;
            let part = self.part.clone();
            self.run(&mut std::io::empty(), None, &part, 1, &mut |_| ControlFlow::Continue(()))?;
        }
        let state = self.decoder.take().and_then(|decoder| decoder.state());
        self.end_lines(state);
        Ok(())
    }

    /// Takes what follows the last newline; `note` is what is wrong with the stream's end.
    fn end_lines(&mut self, mut note: Option<String>) {
        let rest = self.lines.rest();
        if serde_json::from_slice::<serde::de::IgnoredAny>(rest).is_ok() {
            self.state.line(rest);
        } else if !rest.trim_ascii().is_empty() {
            self.state.profile.quality.lines += 1;
            note = note.or_else(|| Some("the last line is cut".to_owned()));
        }
        self.lines.restart();
        self.notes.extend(note.map(|note| noted(&self.part, &note)));
    }

    fn not_a_log(&self) -> LogError {
        let quality = &self.state.profile.quality;
        let why = match (self.notes.last(), quality.bytes, quality.lines) {
            (None, 0, _) => "it is empty".to_owned(),
            (Some(_), _, 0 | 1) => self.notes.join("; "),
            (_, _, 1) => "its only line is no Spark event".to_owned(),
            (None, _, lines) => format!("none of its first {lines} lines is a Spark event"),
            // What is wrong with the stream may be why.
            (Some(_), _, lines) => {
                let notes = self.notes.join("; ");
                format!("none of its first {lines} lines is a Spark event; {notes}")
            }
        };
        LogError::NotALog { name: self.name.clone(), why }
    }
}

/// What is missing, with the part that misses it.
fn noted(part: &str, what: &str) -> String {
    if part.is_empty() { what.to_owned() } else { format!("{part}: {what}") }
}
