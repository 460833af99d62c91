//! Where a text falls apart into runs of top-level statements that can be parsed each by itself.
//!
//! A statement that begins at the left margin, outside of brackets and strings, begins anew: what the parser makes of it does not depend
//! on what stands before it, unless it is a clause of a compound statement or what a decorator decorates. So an edit costs the
//! statements it touches, and a statement that is broken costs itself only.
//!
//! On the way the insides of documentation strings are found, and that of the comment that a file begins with. They are more than half of
//! many files, and nobody asks what they say. Nor does anybody ask for long strings of bytes, in which each escape would be a token.

use memchr::memchr2;

/// A documentation string shorter than this is parsed like any other: cutting it out would cost more than it saves.
const LONG: usize = 40;

/// Strings of bytes that are longer than this, their quotes included, and in which something is escaped are not asked for: some other
/// program wrote them.
pub(super) const LONG_BYTES: usize = 200;

/// A name longer than this is not taken for what an assignment binds.
const LONGEST_NAME: usize = 60;

/// Whether a piece ends at a place is decided on by no more bytes behind it than these.
pub(crate) const LOOKAHEAD: usize = 64;

/// Keywords that begin a statement and stand nowhere within brackets: where one follows at the margin, a bracket was left open.
const STATEMENTS: [&[u8]; 16] = [
    b"assert",
    b"break",
    b"class",
    b"continue",
    b"def",
    b"del",
    b"global",
    b"import",
    b"nonlocal",
    b"pass",
    b"raise",
    b"return",
    b"try",
    b"while",
    b"with",
    b"except",
];

/// Keywords that go on with the compound statement before them.
const CLAUSES: [&[u8]; 4] = [b"elif", b"else", b"except", b"finally"];

/// A run of top-level statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its first byte. The first piece begins where the text does.
    pub(crate) start: usize,
    /// One past its last byte, which is where the next one begins.
    pub(crate) end: usize,
    /// The insides of its documentation strings, of its long strings of bytes and of the comment at the head of the text, as starts and
    /// ends.
    pub(crate) prose: Vec<(usize, usize)>,
}

/// The pieces of a text in order, from any of their beginnings on.
pub(crate) struct Pieces<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Pieces<'t> {
    /// The pieces of `text` from `at` on, which is 0 or where a piece begins.
    pub(crate) fn new(text: &'t str, at: usize) -> Self {
        Self { text: text.as_bytes(), at }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let mut prose = Vec::new();
        if start == 0 {
            prose.extend(head(self.text));
        }
        let (mut begun, mut decorates) = (false, false);
        while self.at < self.text.len() {
            if begins_statement(self.text, self.at) {
                if begun && !decorates {
                    break;
                }
                begun = true;
                decorates = self.text[self.at] == b'@';
            }
            self.at = logical_line(self.text, self.at, &mut prose);
        }
        Some(Piece { start, end: self.at, prose })
    }
}

/// Whether the line at `at` begins a statement at the margin that is no clause of the one before.
fn begins_statement(text: &[u8], at: usize) -> bool {
    let first = text[at];
    if first.is_ascii_whitespace() || matches!(first, b'#' | b')' | b']' | b'}' | b'\\') {
        return false;
    }
    !begins_with_one_of(&text[at..], &CLAUSES)
}

fn begins_with_one_of(text: &[u8], words: &[&[u8]]) -> bool {
    let ends = |rest: &[u8]| {
        rest.first()
            .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_' && *byte < 128)
    };
    words.iter().any(|word| text.strip_prefix(*word).is_some_and(ends))
}

/// The inside of the lines of comments that a text begins with, mostly its license: what is left of them is one comment. None where one of
/// them may speak to Stagelight.
fn head(text: &[u8]) -> Option<(usize, usize)> {
    let mut end = 0;
    while text.get(end) == Some(&b'#') {
        end += memchr::memchr(b'\n', &text[end..])? + 1;
    }
    let inside = (1, end.checked_sub(1)?);
    let lines = &text[..end];
    let speaks = memchr::memmem::find(lines, b"stagelight:").is_some();
    (!speaks && inside.1 - inside.0 >= LONG).then_some(inside)
}

/// Where the logical line that begins at `at` ends: behind the first line end outside of brackets and strings.
fn logical_line(text: &[u8], at: usize, prose: &mut Vec<(usize, usize)>) -> usize {
    let mut depth = 0_u32;
    // Behind a string with holes nothing is cut out: where there are strings in its holes, it is not known what is a string.
    let mut holes = false;
    let mut at = documentation(text, at, prose);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' => {
                at += 1;
                if depth == 0 || left_open(text, at) {
                    return at;
                }
            }
            b'#' => {
                let rest = &text[at..];
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            }
            b'\\' => at += if text.get(at + 1) == Some(&b'\r') { 3 } else { 2 },
            b'"' | b'\'' => {
                let (end, closed) = string(text, at);
                let prefix = prefix(text, at);
                let has = |letter: u8| prefix.iter().any(|it| it.to_ascii_lowercase() == letter);
                holes |= has(b'f') || has(b't');
                if closed && !holes && has(b'b') && end - at > LONG_BYTES {
                    prose.extend(escaped(text, at, end));
                }
                at = end;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// Whether a bracket before the line at `at` was left open: a statement begins here. Arguments by name at the margin have no blank line
/// before them, and mostly no blanks around their sign.
fn left_open(text: &[u8], at: usize) -> bool {
    let line = text.get(at..).unwrap_or_default();
    if begins_with_one_of(line, &STATEMENTS) {
        return true;
    }
    let name =
        line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let after_blank = text[..at].ends_with(b"\n\n") || text[..at].ends_with(b"\n\r\n");
    after_blank
        && (1..=LONGEST_NAME).contains(&name)
        && !line[0].is_ascii_digit()
        && line[name..].starts_with(b" = ")
}

/// Passes over the documentation string that the line at `at` is, if it is one, and takes note of its inside.
fn documentation(text: &[u8], at: usize, prose: &mut Vec<(usize, usize)>) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut quote = at + text[at..].iter().take_while(|byte| blank(byte)).count();
    if matches!(text.get(quote), Some(b'r' | b'R')) {
        quote += 1;
    }
    let Some(opening) = text.get(quote..quote + 3) else { return at };
    if opening != b"\"\"\"" && opening != b"'''" {
        return at;
    }
    let (end, closed) = string(text, quote);
    let inside = (quote + 3, end.saturating_sub(3));
    let rest = &text[end..];
    let alone = match rest.iter().position(|byte| !blank(byte)) {
        Some(after) => matches!(rest[after], b'\n' | b'\r'),
        None => true,
    };
    if closed && alone && inside.1.saturating_sub(inside.0) >= LONG {
        prose.push(inside);
    }
    end
}

/// The letters before the quote at `quote`, where they are so few that they may belong to the string.
fn prefix(text: &[u8], quote: usize) -> &[u8] {
    let before = text.get(..quote).unwrap_or_default();
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte >= 128;
    let letters = before.iter().rev().take(3).take_while(of_name).count();
    if letters < 3 { &before[before.len() - letters..] } else { &[] }
}

/// The inside of the string from the quote at `start` to `end`, where something in it is escaped: over what is not the lexer passes
/// quickly. None where a quote follows, with which the quotes that are left would be three.
fn escaped(text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let string = text.get(start..end)?;
    let quotes = if string.starts_with(&[string[0]; 3]) { 3 } else { 1 };
    let inside = (start + quotes, end - quotes);
    memchr::memchr(b'\\', text.get(inside.0..inside.1)?)?;
    (text.get(end) != string.first()).then_some(inside)
}

/// Where the string that begins with the quote at `at` ends, and whether it is closed there. One in single quotes ends with its line.
fn string(text: &[u8], at: usize) -> (usize, bool) {
    let quote = text[at];
    let triple = text.get(at + 1) == Some(&quote) && text.get(at + 2) == Some(&quote);
    let mut at = at + if triple { 3 } else { 1 };
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if triple {
            let Some(found) = memchr2(quote, b'\\', rest) else {
                return (text.len(), false);
            };
            at += found;
            if text[at] == b'\\' {
                at += 2;
            } else if text.get(at + 1) == Some(&quote) && text.get(at + 2) == Some(&quote) {
                return (at + 3, true);
            } else {
                at += 1;
            }
        } else {
            let Some(found) = memchr::memchr3(quote, b'\\', b'\n', rest) else {
                return (text.len(), false);
            };
            at += found;
            match text[at] {
                b'\\' => at += if text.get(at + 1) == Some(&b'\r') { 3 } else { 2 },
                b'\n' => return (at, false),
                _ => return (at + 1, true),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        Pieces::new(text, 0).map(|piece| &text[piece.start..piece.end]).collect()
    }

    fn prose(text: &str) -> Vec<&str> {
        let prose = Pieces::new(text, 0).flat_map(|piece| piece.prose);
        prose.map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn a_statement_at_the_margin_begins_a_piece() {
        let text = "# a\nimport b\n\ndef c():\n    d\n# e\n    f\ng = [\nh,\n]\n";
        assert_eq!(
            pieces(text),
            ["# a\nimport b\n\n", "def c():\n    d\n# e\n    f\n", "g = [\nh,\n]\n"]
        );
    }

    #[test]
    fn clauses_and_decorated_definitions_belong_to_what_stands_before() {
        let text = "if a:\n  b\nelif c:\n  d\nelse:\n  e\ntry:\n  f\nexcept G:\n  h\nfinally:\n  i\nelse_ = 1\n";
        assert_eq!(pieces(text).len(), 3);
        assert_eq!(pieces("@a\n@b(\nc)\n# d\ndef e(): pass\n@f\nclass G: pass\n").len(), 2);
    }

    #[test]
    fn strings_and_continued_lines_hold_together() {
        assert_eq!(pieces("a = '''\nb\n''' + \\\nc\nd = 'e\\\nf'\ng\n").len(), 3);
        assert_eq!(pieces("a = r'\\'\nb = \"'\"\nc = f\"{d['(']}\"\ne\n").len(), 4);
        assert_eq!(pieces("a = 'not closed\nb = 1\n").len(), 2);
    }

    #[test]
    fn the_comment_at_the_head_is_prose_unless_it_may_be_meant_for_us() {
        let lines = "# Licensed to those who read it\n#\n# under these terms.\n";
        assert_eq!(prose(&format!("{lines}\n# a\nb\n")), [&lines[1..lines.len() - 1]]);
        assert_eq!(prose(&format!("a\n{lines}")), [""; 0]);
        assert_eq!(prose(&format!("{lines}# stagelight: ignore\nb\n")), [""; 0]);
        assert_eq!(prose("# short\na\n"), [""; 0]);
    }

    #[test]
    fn an_open_bracket_ends_before_the_next_statement() {
        assert_eq!(
            pieces("a = f(\ndef g():\n    pass\nh\n"),
            ["a = f(\n", "def g():\n    pass\n", "h\n"]
        );
        assert_eq!(pieces("a = f(\n\nb = 1\nc\n"), ["a = f(\n\n", "b = 1\n", "c\n"]);
        assert_eq!(pieces("a = [b\nfor b in c\nif d]\ne\n").len(), 2);
        assert_eq!(pieces("a = f(\n\nb=1,\nc = 2)\nd\n").len(), 2);
    }

    #[test]
    fn the_insides_of_long_strings_of_bytes_are_prose() {
        let bytes = r#"\n\x1dspark/connect/\""#.repeat(20);
        for prefix in ["b", "B", "rb", "Br"] {
            let text = format!("a = f({prefix}\"{bytes}\", b'short\\n', \"{bytes}\")\nb\n");
            assert_eq!(prose(&text), [&bytes]);
        }
        let lines = format!("{bytes}\n{bytes}");
        assert_eq!(prose(&format!("a = b'''{lines}''' + b'{bytes}'")), [&lines, &bytes]);
        let plain = "plain".repeat(80);
        let hole = r#"f"{t["b"]}, {columns}\n"#;
        for string in [
            format!("b'{plain}'"),
            format!("'{bytes}'"),
            format!("b'{bytes}"),
            format!("grb'{bytes}'"),
            format!("b'{bytes}''{bytes}'"),
            format!("{hole}{bytes}\""),
        ] {
            assert_eq!(prose(&format!("a = {string}\n")), [""; 0]);
        }
    }

    #[test]
    fn the_insides_of_documentation_strings_are_prose() {
        let words = "words \\\"\"\" and words ".repeat(4);
        let text = format!(
            "'''{words}'''\ndef f():\n    r\"\"\"{words}'''\n\"\"\"\n    return g('''{words}''')\n'''{words}''' + a\n'''short'''\n'''{words}"
        );
        let second = format!("{words}'''\n");
        assert_eq!(prose(&text), [words.as_str(), second.as_str()]);
    }
}
