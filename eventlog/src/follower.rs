//! A log that grows: what is new in it is read, and nothing twice.

use std::ops::ControlFlow;

use crate::LogSource;
use crate::error::LogError;
use crate::layout::{Layout, layout};
use crate::profile::{Application, Job, Profile, StageAttempt};
use crate::reader::{Reader, cores};

/// Follows a log while it is written: new bytes, new files of a rolling log, the last name without `.inprogress`. Where what was read is
/// replaced (files are compacted, a file begins anew), it is read again from its start, so that the profile is always that of reading
/// the log as it is now.
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    /// The parts that were read, in their order, the last as far as it went.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    name: String,
    /// Bytes of it that were read.
    read: u64,
}

/// What reading on came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grown {
    /// Bytes that were new.
    pub bytes: u64,
    /// What was read before was replaced, so everything is new.
    pub restarted: bool,
    /// The end of the application was read: nothing more is to be expected.
    pub over: bool,
}

impl Default for Follower {
    fn default() -> Self {
        Self::new()
    }
}

impl Follower {
    /// One that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { reader: Reader::new(""), parts: Vec::new() }
    }

    /// Reads what is new in `source`, which has to be of the same log each time, as it is then. Too little to be told for a log is no
    /// error, since it may still become one. `progress` is as [`read`](crate::read)'s.
    ///
    /// # Errors
    /// As [`read`](crate::read). After an error other than a cancellation the next call starts anew.
    pub fn advance(
        &mut self,
        source: &dyn LogSource,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Grown, LogError> {
        let outcome = self.read_on(source, progress);
        if outcome.is_err() {
            self.restart();
        }
        outcome
    }

    fn read_on(
        &mut self,
        source: &dyn LogSource,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Grown, LogError> {
        let Some(layout) = layout(source.parts()) else {
            return Err(LogError::EmptyFolder { name: source.name().to_owned() });
        };
        let mut grown = Grown::default();
        if !self.parts.is_empty() && !self.goes_on(&layout, source) {
            self.restart();
            grown.restarted = true;
        }
        source.name().clone_into(&mut self.reader.name);
        self.reader.compacted = layout.compacted;
        self.reader.missing = layout.missing;
        let several = layout.parts.len() > 1;
        let begun = self.parts.len().saturating_sub(1);
        for (at, name) in layout.parts.into_iter().enumerate().skip(begun) {
            let shown = if several { name.as_str() } else { "" };
            if at < self.parts.len() {
                // What may be said of its end names it now.
                shown.clone_into(&mut self.reader.part);
                self.parts[at].name.clone_from(&name);
            } else {
                self.reader.next_part(shown)?;
                self.parts.push(Part { name: name.clone(), read: 0 });
            }
            let read = self.parts[at].read;
            if source.size(&name) == Some(read) {
                continue;
            }
            let failed = |error| LogError::Io { name: name.clone(), source: error };
            let bytes = source.open_at(&name, read).map_err(failed)?;
            let mut counted = Counted { bytes, read: 0 };
            self.reader.drain(&mut counted, None, &name, cores(), progress)?;
            self.parts[at].read += counted.read;
            grown.bytes += counted.read;
        }
        grown.over = self.reader.state().profile.quality.has_application_end;
        Ok(grown)
    }

    /// The profile of what was read, as [`read`](crate::read) would have made it.
    ///
    /// # Errors
    /// As [`read`](crate::read).
    pub fn profile(&self) -> Result<Profile, LogError> {
        self.reader.profile()
    }

    /// The profile of what was read, when nothing more is to be read.
    ///
    /// # Errors
    /// As [`read`](crate::read).
    pub fn finish(self) -> Result<Profile, LogError> {
        self.reader.finish()
    }

    /// The application, as far as it is known.
    #[must_use]
    pub fn application(&self) -> &Application {
        &self.reader.state().profile.application
    }

    /// The jobs so far, in order of their ids.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.reader.state().jobs()
    }

    /// The stage attempts so far, in no order: their counts and sums, no quantiles yet. With each comes how many of its tasks run.
    /// This costs nothing, where [`Follower::profile`] costs more the longer the log is.
    pub fn stages(&self) -> impl Iterator<Item = (&StageAttempt, u64)> {
        self.reader.state().stages()
    }

    /// Whether the parts begin with those that were read, as they were.
    fn goes_on(&self, layout: &Layout, source: &dyn LogSource) -> bool {
        let renamed = |before: &str, now: &str| before.strip_suffix(".inprogress") == Some(now);
        layout.compacted == self.reader.compacted
            && layout.parts.len() >= self.parts.len()
            && self.parts.iter().zip(&layout.parts).all(|(before, now)| {
                (before.name == *now || renamed(&before.name, now))
                    && source.size(now).is_none_or(|size| size >= before.read)
            })
    }

    fn restart(&mut self) {
        *self = Self::new();
    }
}

/// Counts the bytes that are read.
struct Counted<'a> {
    bytes: Box<dyn std::io::Read + Send + 'a>,
    read: u64,
}

impl std::io::Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
