//! JSON for people to look at and programs to read: indented, one line end at its end.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `value`.
pub(crate) fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)
}
