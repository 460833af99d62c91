//! Texts with wildcards: what the source says of a path, a table or a statement of SQL whose parts are not all known.

use std::fmt;
use std::sync::Arc;

/// Stands for a part that is not known. A noncharacter of Unicode, so that no source has reason to hold it.
const WILDCARD: char = '\u{FFFF}';

/// How many bytes a pattern may have; what is longer is not known.
const LONGEST: usize = 64 * 1024;

/// A text in which parts may be unknown. Shown with `*` for what is unknown.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextPattern(Arc<str>);

impl TextPattern {
    /// A text that is known in full.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        if text.contains(WILDCARD) {
            return Self(text.replace(WILDCARD, "\u{FFFD}").into());
        }
        Self(text.into())
    }

    /// A text of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self("\u{FFFF}".into())
    }

    /// Whether all of it is known.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains(WILDCARD)
    }

    /// Whether nothing of it is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.0.starts_with(WILDCARD) && self.0.chars().all(|it| it == WILDCARD)
    }

    /// The text, where all of it is known.
    #[must_use]
    pub fn as_exact(&self) -> Option<&str> {
        self.is_exact().then_some(&*self.0)
    }

    /// The known pieces between the unknown parts, in order; empty ones at the ends where an unknown part stands there.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split(WILDCARD)
    }

    /// Whether `text` may be what this stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.pieces();
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        // The last piece is anchored at the end, those before it match leftmost.
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// The texts one after another.
    pub(crate) fn concatenated<'a>(parts: impl IntoIterator<Item = &'a TextPattern>) -> Self {
        let mut out = String::new();
        for part in parts {
            if out.len() + part.0.len() > LONGEST {
                return Self::unknown();
            }
            // Two unknown parts in a row are one.
            if out.ends_with(WILDCARD) && part.0.starts_with(WILDCARD) {
                out.push_str(&part.0[WILDCARD.len_utf8()..]);
            } else {
                out.push_str(&part.0);
            }
        }
        Self(out.into())
    }

    /// `change` applied to every known piece.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let pieces: Vec<String> = self.pieces().map(change).collect();
        Self(pieces.join("\u{FFFF}").into())
    }

    /// What both may be: the common beginning and end around a wildcard.
    pub(super) fn join(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        let (left, right) = (&*self.0, &*other.0);
        let start: usize = left
            .chars()
            .zip(right.chars())
            .take_while(|(a, b)| a == b && *a != WILDCARD)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let (left, right) = (&left[start..], &right[start..]);
        let end: usize = left
            .chars()
            .rev()
            .zip(right.chars().rev())
            .take_while(|(a, b)| a == b && *a != WILDCARD)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let tail = &left[left.len() - end..];
        Self(format!("{}{WILDCARD}{tail}", &self.0[..start]).into())
    }

    /// The text with wildcards as they are held, for the evaluation's own use.
    pub(super) fn raw(&self) -> &str {
        &self.0
    }

    /// From the form that [`TextPattern::raw`] gives.
    pub(super) fn from_raw(text: String) -> Self {
        if text.len() > LONGEST {
            return Self::unknown();
        }
        let mut text = text;
        while text.contains("\u{FFFF}\u{FFFF}") {
            text = text.replace("\u{FFFF}\u{FFFF}", "\u{FFFF}");
        }
        Self(text.into())
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = self.pieces();
        f.write_str(pieces.next().unwrap_or_default())?;
        for piece in pieces {
            f.write_str("*")?;
            f.write_str(piece)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> TextPattern {
        TextPattern::from_raw(text.replace('*', "\u{FFFF}"))
    }

    #[test]
    fn a_wildcard_matches_any_part() {
        assert!(pattern("/out/*").matches("/out/2024"));
        assert!(pattern("*/day=*/x").matches("/a/day=1/x"));
        assert!(!pattern("/out/*").matches("/in/2024"));
        assert!(!pattern("/out").matches("/out/2024"));
        assert!(!pattern("ab*b").matches("ab"));
    }

    #[test]
    fn joined_texts_keep_what_they_share() {
        assert_eq!(pattern("/data/a.csv").join(&pattern("/data/b.csv")), pattern("/data/*.csv"));
        assert_eq!(pattern("x").join(&pattern("x")), pattern("x"));
        assert_eq!(pattern("aa").join(&pattern("aaa")), pattern("aa*"));
    }
}
