//! Literals and interpolated strings.

use compact_str::CompactString;
use program::Literal;

use super::{Reader, opaque, parts, range};
use crate::syntax::{Arg, Expr, ExprKind, TextPiece};
use crate::tree::Node;

impl Reader<'_> {
    /// An integer; opaque where it does not fit.
    pub(super) fn integer(&self, node: Node<'_>) -> Expr {
        let digits: String = self
            .source(node)
            .chars()
            .filter(|letter| !matches!(letter, '_' | 'l' | 'L') && !letter.is_whitespace())
            .collect();
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, digits.as_str()),
        };
        let lower = digits.to_ascii_lowercase();
        let value = if let Some(hexadecimal) = lower.strip_prefix("0x") {
            i128::from_str_radix(hexadecimal, 16)
        } else if let Some(binary) = lower.strip_prefix("0b") {
            i128::from_str_radix(binary, 2)
        } else {
            lower.parse::<i128>()
        };
        let value = value
            .ok()
            .map(|value| if negative { -value } else { value })
            .and_then(|value| i64::try_from(value).ok());
        match value {
            Some(value) => literal(Literal::Integer(value), node),
            None => opaque(Vec::new(), range(node)),
        }
    }

    pub(super) fn float(&self, node: Node<'_>) -> Expr {
        let digits: String = self
            .source(node)
            .chars()
            .filter(|letter| {
                !matches!(letter, '_' | 'f' | 'F' | 'd' | 'D') && !letter.is_whitespace()
            })
            .collect();
        match digits.parse::<f64>() {
            Ok(value) if !value.is_nan() => literal(Literal::Float(value), node),
            _ => opaque(Vec::new(), range(node)),
        }
    }

    pub(super) fn string(&self, node: Node<'_>) -> Expr {
        let source = self.source(node);
        let text = match unquote(source) {
            (inner, true) => inner.to_owned(),
            (inner, false) => unescape(inner),
        };
        literal(Literal::Text(text.into()), node)
    }

    pub(super) fn character(&self, node: Node<'_>) -> Expr {
        let source = self.source(node);
        let inner = source.strip_prefix('\'').unwrap_or(source);
        let inner = inner.strip_suffix('\'').unwrap_or(inner);
        literal(Literal::Text(unescape(inner).into()), node)
    }

    /// `s"…"`, `$"…"` and their like.
    pub(super) fn interpolated(&mut self, node: Node<'_>) -> Expr {
        let interpolator = node
            .child_by_field_name("interpolator")
            .map(|name| self.source(name))
            .unwrap_or_default();
        let Some(string) =
            parts(node).into_iter().find(|part| part.kind() == "interpolated_string")
        else {
            return opaque(Vec::new(), range(node));
        };
        let pieces = self.pieces(string, interpolator);
        let holes = pieces.iter().any(|piece| matches!(piece, TextPiece::Hole(_)));
        let text = if holes {
            ExprKind::Text(pieces)
        } else {
            ExprKind::Literal(Literal::Text(plain_text(pieces)))
        };
        let kind = match (interpolator, text) {
            ("$", ExprKind::Literal(Literal::Text(name))) => ExprKind::Column(name),
            // A column whose name is computed is what `col` makes of it.
            ("$", text) => ExprKind::Call {
                callee: Box::new(Expr {
                    kind: ExprKind::Name("col".into()),
                    range: super::span(node.start_byte(), string.start_byte()),
                }),
                type_arguments: Vec::new(),
                arguments: vec![Arg {
                    name: None,
                    value: Expr { kind: text, range: range(string) },
                    spread: false,
                }],
                arguments_range: range(string),
            },
            ("s" | "f" | "raw", text) => text,
            // What a library's interpolator makes of the text is unknown.
            (_, text) => ExprKind::Opaque(vec![Expr { kind: text, range: range(string) }]),
        };
        Expr { kind, range: range(node) }
    }

    fn pieces(&mut self, string: Node<'_>, interpolator: &str) -> Vec<TextPiece> {
        let source = self.source(string);
        let (inner, _) = unquote(source);
        let start = string.start_byte() + (inner.as_ptr() as usize - source.as_ptr() as usize);
        let end = start + inner.len();
        let mut pieces = Vec::new();
        let mut at = start;
        let mut after_hole = false;
        for hole in parts(string) {
            if hole.kind() != "interpolation" {
                continue;
            }
            self.text_piece(at..hole.start_byte(), interpolator, after_hole, &mut pieces);
            pieces.push(TextPiece::Hole(self.hole(hole)));
            at = hole.end_byte();
            after_hole = true;
        }
        self.text_piece(at..end, interpolator, after_hole, &mut pieces);
        pieces
    }

    fn text_piece(
        &self,
        place: std::ops::Range<usize>,
        interpolator: &str,
        after_hole: bool,
        pieces: &mut Vec<TextPiece>,
    ) {
        let mut written = self.text.get(place).unwrap_or_default();
        if interpolator == "f" && after_hole {
            written = without_format(written);
        }
        let mut text = written.replace("$$", "$").replace("$\"", "\"");
        if interpolator != "raw" {
            text = unescape(&text);
        }
        if interpolator == "f" {
            text = text.replace("%%", "%");
        }
        if !text.is_empty() {
            pieces.push(TextPiece::Literal(text.into()));
        }
    }

    fn hole(&mut self, node: Node<'_>) -> Expr {
        match parts(node).first() {
            Some(inner) => self.boundary(*inner),
            None => opaque(Vec::new(), range(node)),
        }
    }
}

pub(super) fn literal(value: Literal, node: Node<'_>) -> Expr {
    Expr { kind: ExprKind::Literal(value), range: range(node) }
}

fn plain_text(pieces: Vec<TextPiece>) -> CompactString {
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            TextPiece::Literal(text) => Some(text),
            TextPiece::Hole(_) => None,
        })
        .collect()
}

/// The text between the quotes, and whether there are three of them. A string that is not closed ends where it ends.
fn unquote(source: &str) -> (&str, bool) {
    if let Some(rest) = source.strip_prefix("\"\"\"") {
        return (rest.strip_suffix("\"\"\"").unwrap_or(rest), true);
    }
    let rest = source.strip_prefix('"').unwrap_or(source);
    (rest.strip_suffix('"').unwrap_or(rest), false)
}

/// The text behind `%5.2f`, which says how the hole before it is printed.
fn without_format(written: &str) -> &str {
    let Some(format) = written.strip_prefix('%') else { return written };
    let rest = format
        .trim_start_matches(|letter: char| letter.is_ascii_digit() || "-#+ ,(.".contains(letter));
    let mut letters = rest.chars();
    match letters.next() {
        Some('t' | 'T') => {
            letters.next();
            letters.as_str()
        }
        Some(letter) if letter.is_ascii_alphabetic() => letters.as_str(),
        _ => written,
    }
}

fn unescape(written: &str) -> String {
    if !written.contains('\\') {
        return written.to_owned();
    }
    let mut result = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        result.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some(letter) = rest.chars().next() else {
            result.push('\\');
            break;
        };
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            'n' => result.push('\n'),
            't' => result.push('\t'),
            'r' => result.push('\r'),
            'b' => result.push('\u{8}'),
            'f' => result.push('\u{c}'),
            'u' => {
                let digits = rest.trim_start_matches('u');
                let value = digits
                    .get(..4)
                    .and_then(|four| u32::from_str_radix(four, 16).ok())
                    .and_then(char::from_u32);
                match value {
                    Some(value) => {
                        result.push(value);
                        rest = digits.get(4..).unwrap_or_default();
                    }
                    None => result.push_str("\\u"),
                }
            }
            other => result.push(other),
        }
    }
    result.push_str(rest);
    result
}
