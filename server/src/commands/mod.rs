//! One command per file.

pub(crate) mod annotate;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod explain;
pub(crate) mod follow;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod rules;
pub(crate) mod what_if;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anstyle::{AnsiColor, Effects};

use crate::configuration::ConfigurationError;
use crate::files::{display_path, reason};
use crate::output::terminal::sanitize;
use crate::problem::Problem;

/// Why a command did nothing; the process ends with 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A configuration file or a rule is not understood.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The command line, or what it names, makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Output could not be written.
    #[error("{path}: can't be written ({why}); free or grant access to it")]
    Output {
        /// The file as shown.
        path: String,
        /// The operating system's reason.
        why: String,
    },
}

/// Gives `write` the place where a report goes, a file or stdout. Styles are taken out where there are no colours.
///
/// # Errors
/// The place can't be written. A reader that closes stdout early has seen what it wanted: no error.
pub(crate) fn write_to(
    file: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CommandError> {
    write_exact(file, |out, colored| {
        if colored { write(out) } else { write(&mut anstream::StripStream::new(out)) }
    })
}

/// The same for formats that keep every byte. The flag tells whether colours are wanted.
///
/// # Errors
/// As [`write_to`].
pub(crate) fn write_exact(
    file: Option<&Path>,
    write: impl FnOnce(&mut (dyn Write + 'static), bool) -> io::Result<()>,
) -> Result<(), CommandError> {
    let failed =
        |path: String, error: &io::Error| CommandError::Output { path, why: reason(error) };
    match file {
        Some(path) => {
            let written = std::fs::File::create(path).and_then(|file| {
                let mut out = BufWriter::new(file);
                write(&mut out, false)?;
                out.flush()
            });
            written.map_err(|error| failed(display_path(path), &error))
        }
        None => {
            let colored = anstream::stdout().current_choice() != anstream::ColorChoice::Never;
            let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
            match write(&mut out, colored).and_then(|()| out.flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(failed("stdout".to_owned(), &error))
                }
                _ => Ok(()),
            }
        }
    }
}

/// Tells problems on stderr, one line each: an error where the user named the input, a warning otherwise.
pub(crate) fn tell(problems: &[Problem]) {
    let mut err = anstream::stderr().lock();
    for problem in problems {
        let (word, color) =
            if problem.named { ("error", AnsiColor::Red) } else { ("warning", AnsiColor::Yellow) };
        let style = color.on_default().effects(Effects::BOLD);
        let line = problem.to_string();
        // There is nobody to tell where stderr is closed.
        let _ = writeln!(err, "{style}{word}{style:#}: {}", sanitize(&line));
    }
}
