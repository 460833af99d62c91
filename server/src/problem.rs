//! Inputs that could not be used, each told in one line.

use std::fmt;

/// An input that could not be used, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The input as shown.
    pub(crate) path: String,
    /// The reason and the way out, in one line.
    pub(crate) message: String,
    /// Whether the input was named by the user and nothing of it could be used: the command then ends with 2. Otherwise it is a
    /// warning.
    pub(crate) named: bool,
}

impl Problem {
    /// A problem with an input that the user named.
    pub(crate) fn named(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), named: true }
    }

    /// A problem with an input that was found, or of which a part could be used.
    pub(crate) fn found(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), named: false }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// What is said of a part of a source that was passed over.
pub(crate) const LEFT_OUT: &str =
    "what is no code, nests too deep or costs a parser too much is left out";

/// The message of a panic.
#[must_use]
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}
