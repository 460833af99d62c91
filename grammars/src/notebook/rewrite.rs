//! A notebook's file with other texts in some of its cells.
//!
//! Only the bytes of lines that differ are written anew: what is left keeps its escapes, its indentation, the order of keys and all
//! that stands between. A source that is a list of lines stays one.

use std::fmt;
use std::ops::Range;

use program::TextRange;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::source_map::{MappedCell, MappedString};
use super::{JupyterNotebook, offset};

/// Why a file is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewriteError {
    /// It is not the file that the notebook was read from.
    Changed,
    /// What would be written does not read as what was meant.
    Unfaithful,
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "has changed since it was read; run again",
            Self::Unfaithful => {
                "could not be rewritten faithfully; change it by hand and report it"
            }
        })
    }
}

impl std::error::Error for RewriteError {}

/// Bytes of the file with what takes their place.
type Splice = (Range<usize>, String);

impl JupyterNotebook {
    /// The file with new texts for some of its code cells, by their index among [`super::Notebook::cells`].
    ///
    /// # Errors
    /// `file` is not what the notebook was read from, or the result would not read back as the new texts.
    pub fn rewrite(&self, file: &str, texts: &[(usize, String)]) -> Result<String, RewriteError> {
        self.written(file, texts).map(|(_, written)| written)
    }

    /// What [`Self::rewrite`] changes: bytes of the file in their order, with what takes their place.
    ///
    /// # Errors
    /// Those of [`Self::rewrite`].
    pub fn edits(
        &self,
        file: &str,
        texts: &[(usize, String)],
    ) -> Result<Vec<(TextRange, String)>, RewriteError> {
        let (splices, _) = self.written(file, texts)?;
        let ranged = |(range, replacement): Splice| {
            (TextRange::new(offset(range.start), offset(range.end)), replacement)
        };
        Ok(splices.into_iter().map(ranged).collect())
    }

    fn written(
        &self,
        file: &str,
        texts: &[(usize, String)],
    ) -> Result<(Vec<Splice>, String), RewriteError> {
        if Self::read(file).as_ref() != Ok(self) {
            return Err(RewriteError::Changed);
        }
        let ascii = file.is_ascii();
        let mut splices = Vec::new();
        for (index, text) in texts {
            let (Some(cell), Some(mapped)) =
                (self.notebook.cells().get(*index), self.map.cells.get(*index))
            else {
                return Err(RewriteError::Changed);
            };
            let old = cell.range.of(self.notebook.text());
            if old != text {
                self.splice_cell(file, mapped, cell.range, text, ascii, &mut splices);
            }
        }
        splices.sort_by_key(|(range, _)| (range.start, range.end));
        let mut written = String::with_capacity(file.len());
        let mut copied = 0;
        for (range, replacement) in &splices {
            written.push_str(file.get(copied..range.start).ok_or(RewriteError::Unfaithful)?);
            written.push_str(replacement);
            copied = range.end;
        }
        written.push_str(file.get(copied..).ok_or(RewriteError::Unfaithful)?);
        if self.reads_as(&written, texts) {
            Ok((splices, written))
        } else {
            Err(RewriteError::Unfaithful)
        }
    }

    /// Whether `written` is this notebook with these texts.
    fn reads_as(&self, written: &str, texts: &[(usize, String)]) -> bool {
        let Ok(read) = Self::read(written) else { return false };
        let (old, new) = (&self.notebook, &read.notebook);
        old.cells().len() == new.cells().len()
            && old.cells().iter().zip(new.cells()).enumerate().all(|(index, (before, after))| {
                let meant = texts.iter().find(|(changed, _)| *changed == index);
                let meant = meant.map_or(before.range.of(old.text()), |(_, text)| text.as_str());
                after.range.of(new.text()) == meant && after.number == before.number
            })
    }

    fn splice_cell(
        &self,
        file: &str,
        mapped: &MappedCell,
        cell: TextRange,
        text: &str,
        ascii: bool,
        splices: &mut Vec<Splice>,
    ) {
        let strings = self.map.strings.get(mapped.strings.clone()).unwrap_or_default();
        let old = cell.of(self.notebook.text());
        let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
        let new_lines: Vec<&str> = text.split_inclusive('\n').collect();
        let is_list =
            !file.get(mapped.value.start as usize..).is_some_and(|it| it.starts_with('"'));
        let by_line = strings.len() == old_lines.len()
            && strings
                .iter()
                .zip(&old_lines)
                .all(|(string, line)| string.text.of(self.notebook.text()) == *line);
        if is_list && (strings.is_empty() || !by_line) {
            // A list that is not one of lines: it becomes one.
            let value = mapped.value.start as usize..mapped.value.end as usize;
            splices.push((value, list(file, mapped, strings, &new_lines, ascii)));
            return;
        }
        for operation in capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines) {
            let (tag, old_range, new_range) = operation.as_tag_tuple();
            if tag == DiffTag::Equal {
                continue;
            }
            let new = &new_lines[new_range];
            if !is_list {
                let start = length(&old_lines[..old_range.start]);
                let end = start + length(&old_lines[old_range]);
                let range = TextRange::new(cell.start + offset(start), cell.start + offset(end));
                self.splice_text(range, &new.concat(), ascii, splices);
                continue;
            }
            let paired = old_range.len().min(new.len());
            for (string, line) in strings[old_range.clone()].iter().zip(new) {
                self.splice_text(string.text, line, ascii, splices);
            }
            let separator = separator(file, mapped, strings);
            if new.len() > paired {
                let added: Vec<String> = new[paired..].iter().map(|it| quoted(it, ascii)).collect();
                splices.push(insertion(strings, old_range.start + paired, &added, &separator));
            } else if old_range.len() > paired {
                let gone = old_range.start + paired..old_range.end;
                splices.push(removal(strings, &gone));
            }
        }
    }

    /// Replaces a range of the notebook's text, leaving what is the same at its ends.
    fn splice_text(&self, range: TextRange, new: &str, ascii: bool, splices: &mut Vec<Splice>) {
        let old = range.of(self.notebook.text());
        let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
            pairs.take_while(|(left, right)| left == right).map(|(left, _)| left.len_utf8()).sum()
        };
        let head = same(&mut old.chars().zip(new.chars()));
        let (old_rest, new_rest) = (&old[head..], &new[head..]);
        let tail = same(&mut old_rest.chars().rev().zip(new_rest.chars().rev()));
        let start = range.start + offset(head);
        let end = range.end - offset(tail);
        let replacement = escaped(&new_rest[..new_rest.len() - tail], ascii);
        let Some(from) = self.map.to_file(start) else { return };
        let to = if start == end { Some(from) } else { self.map.end_to_file(end) };
        splices.push((from as usize..to.unwrap_or(from) as usize, replacement));
    }
}

fn length(lines: &[&str]) -> usize {
    lines.iter().map(|line| line.len()).sum()
}

/// What stands between two elements of a cell's list.
fn separator(file: &str, mapped: &MappedCell, strings: &[MappedString]) -> String {
    let between = match strings {
        [first, second, ..] => {
            file.get(first.file.end as usize + 1..second.file.start as usize - 1)
        }
        [only] => {
            // A list of one has nothing to copy: as far in as that one.
            let before = file.get(mapped.value.start as usize + 1..only.file.start as usize - 1);
            return format!(",{}", before.unwrap_or_default());
        }
        [] => None,
    };
    between.unwrap_or(",").to_owned()
}

/// The splice that puts quoted strings before the element `at` of a list that is not empty.
fn insertion(strings: &[MappedString], at: usize, added: &[String], separator: &str) -> Splice {
    match strings.get(at) {
        Some(next) => {
            let place = next.file.start as usize - 1;
            (place..place, added.iter().map(|it| format!("{it}{separator}")).collect())
        }
        None => {
            let place = strings.last().map_or(0, |last| last.file.end as usize + 1);
            (place..place, added.iter().map(|it| format!("{separator}{it}")).collect())
        }
    }
}

/// The splice that takes elements out of a list, with the separators that go with them.
fn removal(strings: &[MappedString], gone: &Range<usize>) -> Splice {
    let opening = |index: usize| strings.get(index).map(|it| it.file.start as usize - 1);
    let closing = |index: usize| strings.get(index).map_or(0, |it| it.file.end as usize + 1);
    let range = match (opening(gone.start), opening(gone.end), gone.start.checked_sub(1)) {
        (Some(start), Some(next), _) => start..next,
        (_, None, Some(before)) => closing(before)..closing(gone.end - 1),
        (start, ..) => start.unwrap_or(0)..closing(gone.end - 1),
    };
    (range, String::new())
}

/// A whole list of lines, laid out as the one it takes the place of.
fn list(
    file: &str,
    mapped: &MappedCell,
    strings: &[MappedString],
    lines: &[&str],
    ascii: bool,
) -> String {
    let value = mapped.value.of(file);
    let separator = separator(file, mapped, strings);
    let (before, after) = match (strings.first(), strings.last()) {
        (Some(first), Some(last)) => (
            file.get(mapped.value.start as usize..first.file.start as usize - 1),
            file.get(last.file.end as usize + 1..mapped.value.end as usize),
        ),
        _ => (value.get(..1), value.get(value.len() - 1..)),
    };
    let lines: Vec<String> = lines.iter().map(|line| quoted(line, ascii)).collect();
    format!("{}{}{}", before.unwrap_or("["), lines.join(&separator), after.unwrap_or("]"))
}

fn quoted(text: &str, ascii: bool) -> String {
    format!("\"{}\"", escaped(text, ascii))
}

/// `text` as it stands between the quotes of a string. A file that is ASCII only stays so.
fn escaped(text: &str, ascii: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            control if control < ' ' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other if ascii && !other.is_ascii() => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            other => escaped.push(other),
        }
    }
    escaped
}
