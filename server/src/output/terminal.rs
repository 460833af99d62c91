//! Text for terminals. Everything that comes from sources, logs, paths and names of applications passes through here: a terminal obeys
//! escape sequences, and right-to-left overrides make code read otherwise than it runs.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width that output is made for where the terminal does not say.
const WIDTH: usize = 120;

/// `text` in one line without control characters and direction overrides. Tabs and line ends become blanks.
#[must_use]
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let clean: String = text
        .chars()
        .filter_map(|character| match character {
            '\t' | '\n' => Some(' '),
            _ if is_hostile(character) => None,
            _ => Some(character),
        })
        .collect();
    // GitHub's runner obeys its older commands anywhere in a line of a job's output.
    Cow::Owned(clean.replace("##[", "## ["))
}

/// A source text of the same length in bytes without control characters and direction overrides, so that ranges still fit. Line ends and tabs
/// stay.
#[must_use]
pub(crate) fn sanitize_source(text: &str) -> Cow<'_, str> {
    let harmless = |character: char| matches!(character, '\n' | '\t') || !is_hostile(character);
    if text.chars().all(harmless) && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let clean: String = text
        .chars()
        .map(|character| match character.len_utf8() {
            _ if harmless(character) => character,
            _ if character == '\r' => ' ',
            1 => '?',
            2 => '\u{bf}',
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    Cow::Owned(clean.replace("##[", "##("))
}

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The columns that `text` takes.
#[must_use]
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` cut to at most `columns`, with `…` at its end where it was cut.
#[must_use]
pub(crate) fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        let more = character.width().unwrap_or(0);
        if used + more + 1 > columns {
            break;
        }
        used += more;
        kept.push(character);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    Cow::Owned(kept)
}

/// `text` cut from its start to at most `columns`, with `…` there where it was cut: the end of a path tells more.
#[must_use]
pub(crate) fn truncate_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = Vec::new();
    let mut used = 0;
    for character in text.chars().rev() {
        let more = character.width().unwrap_or(0);
        if used + more + 1 > columns {
            break;
        }
        used += more;
        kept.push(character);
    }
    Cow::Owned(std::iter::once('…').chain(kept.into_iter().rev()).collect())
}

/// `text` filled with blanks to `columns`, at its end.
#[must_use]
pub(crate) fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` filled with blanks to `columns`, at its start.
#[must_use]
pub(crate) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The width to make output for: `COLUMNS` where it is set.
#[must_use]
pub(crate) fn columns() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|&columns| columns >= 60).unwrap_or(WIDTH)
}

/// Spaces in place of tabs, to the next multiple of four columns.
#[must_use]
pub(crate) fn expand_tabs(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::new();
    let mut used = 0;
    for character in text.chars() {
        if character == '\t' {
            let more = 4 - used % 4;
            expanded.push_str(&" ".repeat(more));
            used += more;
        } else {
            expanded.push(character);
            used += character.width().unwrap_or(0);
        }
    }
    Cow::Owned(expanded)
}

/// Wraps `text` at blanks into lines of at most `columns`.
#[must_use]
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let fits = lines
            .last()
            .is_some_and(|line| line.is_empty() || width(line) + 1 + width(word) <= columns);
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_passes() {
        let hostile = "a\u{1b}[31mb\u{9b}2Jc\u{202e}d\r\n::error::e\u{7}\t##[error]f";
        assert_eq!(sanitize(hostile), "a[31mb2Jcd ::error::e ## [error]f");
        let source = sanitize_source(hostile);
        assert_eq!(source.len(), hostile.len());
        assert_eq!(source, "a?[31mb\u{bf}2Jc\u{fffd}d \n::error::e?\t##(error]f");
        assert_eq!(sanitize("größe 数"), "größe 数");
    }

    #[test]
    fn widths_are_those_of_a_terminal() {
        assert_eq!(truncate("数据数据", 5), "数据…");
        assert_eq!(truncate("short", 5), "short");
        assert_eq!(truncate_start("a/long/path.py", 8), "…path.py");
        assert_eq!(right("数", 4), "  数");
        assert_eq!(expand_tabs("a\tb"), "a   b");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
