//! JSON for people to look at and programs to read: indented, one line end at its end.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

/// Writes `value`.
pub(crate) fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)
}

/// A list whose items are made one by one as they are written: all of a large run's at once would take more memory than the run itself.
pub(super) struct Each<I>(pub(super) I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}
