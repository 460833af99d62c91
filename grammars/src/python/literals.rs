//! Strings and numbers.

use compact_str::CompactString;
use program::Literal;

use super::split::LONG_BYTES;
use super::{Front, expr, parts, range};
use crate::syntax::{Expr, ExprKind, TextPiece};
use crate::tree::Node;

impl Front<'_> {
    /// A string, an interpolated string, or several of them side by side.
    pub(super) fn string(&mut self, node: Node<'_>) -> Expr {
        let mut pieces = Vec::new();
        if node.kind() == "concatenated_string" {
            for part in parts(node) {
                self.string_pieces(part, &mut pieces);
            }
        } else {
            self.string_pieces(node, &mut pieces);
        }
        let kind = if pieces.iter().any(|piece| matches!(piece, TextPiece::Hole(_))) {
            ExprKind::Text(joined(pieces))
        } else {
            let mut texts = pieces.into_iter().map(|piece| match piece {
                TextPiece::Literal(text) => text,
                TextPiece::Hole(_) => CompactString::default(),
            });
            let mut text = texts.next().unwrap_or_default();
            texts.for_each(|more| text.push_str(&more));
            ExprKind::Literal(Literal::Text(text))
        };
        expr(kind, range(node))
    }

    fn string_pieces(&mut self, node: Node<'_>, pieces: &mut Vec<TextPiece>) {
        let is_string = node.kind() == "string";
        let source = if is_string { self.source(node) } else { "" };
        let letters = source.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, string) = source.split_at(letters);
        let prefix = Prefix::of(letters);
        if prefix.bytes && source.len() > LONG_BYTES && source.contains('\\') {
            // What is in it was perhaps not even parsed.
            let inside = ExprKind::Opaque(Vec::new());
            pieces.push(TextPiece::Hole(expr(inside, range(node))));
            return;
        }
        if is_string && node.children().next().is_none() {
            pieces.push(TextPiece::Literal(prefix.text(unquoted(string))));
        }
        for child in node.children() {
            match child.kind() {
                "string_content" => {
                    pieces.push(TextPiece::Literal(prefix.text(self.source(child))));
                }
                "interpolation" => {
                    for part in parts(child) {
                        match part.kind() {
                            "type_conversion" => {}
                            "format_specifier" => {
                                for inner in parts(part) {
                                    for hole in parts(inner) {
                                        pieces.push(TextPiece::Hole(self.expression(hole)));
                                    }
                                }
                            }
                            _ => pieces.push(TextPiece::Hole(self.expression(part))),
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// What the letters before a string's quotes say of it.
struct Prefix {
    bytes: bool,
    raw: bool,
    interpolated: bool,
}

impl Prefix {
    fn of(letters: &str) -> Self {
        let any = |lower: char| letters.chars().any(|letter| letter.to_ascii_lowercase() == lower);
        Self { bytes: any('b'), raw: any('r'), interpolated: any('f') }
    }

    /// The text that stands in a string as `source`.
    fn text(&self, source: &str) -> CompactString {
        let braces;
        let source = if self.interpolated {
            braces = source.replace("{{", "{").replace("}}", "}");
            &braces
        } else {
            source
        };
        if self.raw { source.into() } else { unescaped(source) }
    }
}

/// What stands between a string's quotes, of which there may be three.
fn unquoted(string: &str) -> &str {
    let three = string.len() >= 6 && ["\"\"\"", "'''"].iter().any(|it| string.starts_with(it));
    let quotes = if three { 3 } else { 1 };
    string.get(quotes..string.len().saturating_sub(quotes)).unwrap_or_default()
}

/// Adjacent literal pieces as one.
fn joined(pieces: Vec<TextPiece>) -> Vec<TextPiece> {
    let mut out: Vec<TextPiece> = Vec::new();
    for piece in pieces {
        match (out.last_mut(), piece) {
            (Some(TextPiece::Literal(last)), TextPiece::Literal(text)) => last.push_str(&text),
            (_, TextPiece::Literal(text)) if text.is_empty() => {}
            (_, piece) => out.push(piece),
        }
    }
    out
}

/// Python's escapes. An escape that Python does not know keeps its backslash.
fn unescaped(source: &str) -> CompactString {
    if !source.contains('\\') {
        return source.into();
    }
    let mut out = CompactString::default();
    let mut rest = source.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let Some(escape) = rest.next() else {
            out.push('\\');
            break;
        };
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        match escape {
            '\n' => {}
            '\r' => {
                rest.next_if_eq(&'\n');
            }
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '\\' | '\'' | '"' => out.push(escape),
            'x' | 'u' | 'U' => {
                let mut code = String::new();
                while code.len() < digits
                    && let Some(digit) = rest.next_if(char::is_ascii_hexdigit)
                {
                    code.push(digit);
                }
                match u32::from_str_radix(&code, 16).ok().and_then(char::from_u32) {
                    Some(decoded) if code.len() == digits => out.push(decoded),
                    _ => {
                        out.push('\\');
                        out.push(escape);
                        out.push_str(&code);
                    }
                }
            }
            '0'..='7' => {
                let mut code = escape.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    match rest.peek().and_then(|digit| digit.to_digit(8)) {
                        Some(digit) => {
                            code = code * 8 + digit;
                            rest.next();
                        }
                        None => break,
                    }
                }
                out.extend(char::from_u32(code));
            }
            _ => {
                out.push('\\');
                out.push(escape);
            }
        }
    }
    out
}

/// An integer literal in any of Python's bases; none where it does not fit 64 bits.
pub(super) fn integer(source: &str) -> Option<i64> {
    let digits = source.replace('_', "").to_ascii_lowercase();
    let digits = digits.trim_end_matches('l');
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    i64::from_str_radix(digits, radix).ok()
}

/// A floating-point literal; none for an imaginary one and for what overflows.
pub(super) fn float(source: &str) -> Option<f64> {
    source.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
}
