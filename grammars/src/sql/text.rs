//! SQL text as a program writes it: a literal, an interpolated string, pieces put together, with the way back to the source.

use program::{Expression, Literal, TextPart, TextRange};

/// The longest text that is parsed, in bytes.
const LONGEST: usize = 64 * 1024;
/// How deep an expression that makes a text is followed.
const DEPTH: u32 = 32;
pub(super) const HOLE: &str = "__hole_";

/// SQL text, and where in the source its bytes stand.
#[derive(Debug)]
pub(crate) struct SqlText {
    /// The text; a hole stands in it as an identifier.
    pub(crate) text: String,
    /// What stands in the holes, by number.
    holes: Vec<Expression>,
    /// Pieces of the text that stand in the source as they are: their offset here, there, and their length. In order.
    pieces: Vec<(u32, u32, u32)>,
    /// The whole argument: where a piece that is not found in the source is said to stand.
    whole: TextRange,
}

enum Part<'a> {
    Text(String),
    Hole(&'a Expression),
}

impl SqlText {
    /// The text that `expression`, which stands at `whole` in `source`, evaluates to. `named` are the values for holes in braces that
    /// `spark.sql` fills in itself. None where nothing is known of it, or where it is too long.
    pub(crate) fn new<'a>(
        expression: &'a Expression,
        named: &[(&str, &'a Expression)],
        source: &str,
        whole: TextRange,
    ) -> Option<Self> {
        let mut parts = Vec::new();
        flatten(expression, named, &mut parts, 0);
        if !parts.iter().any(|part| matches!(part, Part::Text(text) if !text.trim().is_empty())) {
            return None;
        }
        let mut out = Self { text: String::new(), holes: Vec::new(), pieces: Vec::new(), whole };
        let region = written_at(&parts, source, whole);
        let written = region.of(source);
        let mut searched = 0;
        for part in parts {
            match part {
                Part::Text(text) => {
                    for line in text.split_inclusive('\n') {
                        // Line by line, so that an escape costs the positions of its own line only.
                        let found = (!line.trim().is_empty())
                            .then(|| written.get(searched..).and_then(|rest| rest.find(line)))
                            .flatten();
                        if let Some(at) = found {
                            let start = searched + at;
                            let piece = (
                                out.text.len() as u32,
                                region.start + start as u32,
                                line.len() as u32,
                            );
                            out.pieces.push(piece);
                            searched = start + line.len();
                        }
                        out.text.push_str(line);
                    }
                }
                Part::Hole(hole) => {
                    out.text.push_str(&format!("{HOLE}{}__", out.holes.len()));
                    out.holes.push(hole.clone());
                }
            }
            if out.text.len() > LONGEST {
                return None;
            }
        }
        Some(out)
    }

    /// Where the bytes from `start` to `end` of the text stand in the source.
    pub(crate) fn range(&self, start: u32, end: u32) -> TextRange {
        let place = |offset: u32| {
            let after = self.pieces.partition_point(|piece| piece.0 <= offset);
            let piece = self.pieces.get(after.checked_sub(1)?)?;
            (offset <= piece.0 + piece.2).then(|| piece.1 + (offset - piece.0))
        };
        match (place(start), place(end)) {
            (Some(start), Some(end)) if start <= end => TextRange::new(start, end),
            _ => self.whole,
        }
    }

    /// The whole argument.
    pub(crate) fn whole(&self) -> TextRange {
        self.whole
    }

    /// What a name or string in the text stands for: itself, one hole, or text with holes.
    pub(crate) fn value(&self, text: &str) -> Expression {
        let mut parts: Vec<TextPart> = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(HOLE) {
            let after = &rest[at + HOLE.len()..];
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let hole = after[..digits].parse::<usize>().ok().and_then(|it| self.holes.get(it));
            let (Some(hole), Some(next)) = (hole, after[digits..].strip_prefix("__")) else {
                break;
            };
            if at > 0 {
                parts.push(TextPart::Literal(rest[..at].into()));
            }
            parts.push(TextPart::Hole(hole.clone()));
            rest = next;
        }
        if parts.is_empty() {
            return Expression::Literal(Literal::Text(text.into()));
        }
        if !rest.is_empty() {
            parts.push(TextPart::Literal(rest.into()));
        }
        match parts.as_slice() {
            [TextPart::Hole(only)] => only.clone(),
            _ => Expression::Text(parts),
        }
    }
}

/// The part of the source that holds the text: the argument, or, where that is a name, the only place from which the text can be.
fn written_at(parts: &[Part<'_>], source: &str, whole: TextRange) -> TextRange {
    /// A text that is shorter says too little of where it comes from.
    const TELLING: usize = 12;
    let first = parts.iter().find_map(|part| match part {
        Part::Text(text) if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    });
    let Some(first) = first else { return whole };
    let line = first.lines().find(|line| !line.trim().is_empty()).unwrap_or(first);
    if whole.of(source).contains(line) {
        return whole;
    }
    for needle in [first, line] {
        if needle.trim().len() < TELLING {
            continue;
        }
        let mut places = source.match_indices(needle);
        if let (Some((at, _)), None) = (places.next(), places.next()) {
            return TextRange::new(at as u32, source.len() as u32);
        }
    }
    whole
}

/// The pieces that an expression puts together. What is not text is a hole.
fn flatten<'a>(
    expression: &'a Expression,
    named: &[(&str, &'a Expression)],
    out: &mut Vec<Part<'a>>,
    depth: u32,
) {
    if depth > DEPTH {
        out.push(Part::Hole(expression));
        return;
    }
    match expression {
        Expression::Literal(Literal::Text(text)) if named.is_empty() => {
            out.push(Part::Text(text.to_string()));
        }
        Expression::Literal(Literal::Text(text)) => fill(text, named, out),
        Expression::Literal(Literal::Integer(value)) if depth > 0 => {
            out.push(Part::Text(value.to_string()));
        }
        Expression::Text(parts) => {
            for part in parts {
                match part {
                    TextPart::Literal(text) => out.push(Part::Text(text.to_string())),
                    TextPart::Hole(hole) => flatten(hole, &[], out, depth + 1),
                }
            }
        }
        Expression::Apply { function, arguments } => {
            match (function.as_str(), arguments.as_slice()) {
                ("+", operands) => {
                    for operand in operands {
                        flatten(operand, named, out, depth + 1);
                    }
                }
                ("stripMargin", [text]) => {
                    let start = out.len();
                    flatten(text, named, out, depth + 1);
                    for part in &mut out[start..] {
                        if let Part::Text(text) = part {
                            *text = without_margin(text);
                        }
                    }
                }
                ("strip" | "trim" | "dedent" | "rstrip" | "lstrip", [text]) => {
                    flatten(text, named, out, depth + 1);
                }
                ("format", [text, arguments @ ..]) => match text.as_text() {
                    Some(text) if text.contains("%s") || text.contains("%d") => {
                        formatted(text, arguments, &["%s", "%d"], out);
                    }
                    Some(text) => formatted(text, arguments, &["{}"], out),
                    None => out.push(Part::Hole(expression)),
                },
                ("%", [text, arguments]) => match (text.as_text(), arguments) {
                    (Some(text), Expression::List(items)) => {
                        formatted(text, items, &["%s", "%d"], out);
                    }
                    (Some(text), one) => {
                        formatted(text, std::slice::from_ref(one), &["%s", "%d"], out);
                    }
                    _ => out.push(Part::Hole(expression)),
                },
                _ => out.push(Part::Hole(expression)),
            }
        }
        _ => out.push(Part::Hole(expression)),
    }
}

/// Scala's `stripMargin`: the line's text after its bar. The margin is left as blanks, which SQL does not see.
fn without_margin(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let code = line.trim_start();
            code.strip_prefix('|').unwrap_or(line)
        })
        .collect()
}

/// A text with places for arguments in order. Braces with a name or number in them take what they take; it is not followed.
fn formatted<'a>(
    text: &str,
    arguments: &'a [Expression],
    places: &[&str],
    out: &mut Vec<Part<'a>>,
) {
    const UNKNOWN: &Expression = &Expression::Unknown;
    let mut arguments = arguments.iter();
    let mut rest = text;
    let mut literal = String::new();
    let mut hole = |literal: &mut String, value: &'a Expression| {
        out.push(Part::Text(std::mem::take(literal)));
        match value {
            Expression::Literal(Literal::Text(text)) => out.push(Part::Text(text.to_string())),
            Expression::Literal(Literal::Integer(number)) => {
                out.push(Part::Text(number.to_string()));
            }
            _ => out.push(Part::Hole(value)),
        }
    };
    while let Some(first) = rest.chars().next() {
        if let Some(place) = places.iter().find(|place| rest.starts_with(**place)) {
            hole(&mut literal, arguments.next().unwrap_or(UNKNOWN));
            rest = &rest[place.len()..];
        } else if places.contains(&"{}")
            && let Some(name) = braces(rest)
        {
            hole(&mut literal, UNKNOWN);
            rest = &rest[name.len() + 2..];
        } else {
            literal.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out.push(Part::Text(literal));
}

/// What `spark.sql(text, name=value)` makes of `{name}`.
fn fill<'a>(text: &str, named: &[(&str, &'a Expression)], out: &mut Vec<Part<'a>>) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let value = braces(&rest[at..])
            .and_then(|name| Some((name, named.iter().find(|it| it.0 == name)?.1)));
        let Some((name, value)) = value else {
            out.push(Part::Text(rest[..=at].to_owned()));
            rest = &rest[at + 1..];
            continue;
        };
        out.push(Part::Text(rest[..at].to_owned()));
        out.push(Part::Hole(value));
        rest = &rest[at + name.len() + 2..];
    }
    out.push(Part::Text(rest.to_owned()));
}

/// The name within `{name}` at the beginning of `text`.
fn braces(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let name = &inner[..inner.find('}')?];
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Expression {
        Expression::Literal(Literal::Text(value.into()))
    }

    #[test]
    fn positions_lead_back_to_the_source() {
        let source = "spark.sql(\"select a\\n\"\n  \"from b\")";
        let argument = text("select a\nfrom b");
        let whole = TextRange::new(10, source.len() as u32 - 1);
        let sql = SqlText::new(&argument, &[], source, whole).unwrap();
        let at = sql.text.find("from b").unwrap() as u32;
        assert_eq!(sql.range(at + 5, at + 6).of(source), "b");
        // An escape stands in the first line, which is not found as it is.
        assert_eq!(sql.range(7, 8), whole);
    }

    #[test]
    fn margins_holes_and_formats_are_followed() {
        let apply = |function: &str, arguments: Vec<Expression>| Expression::Apply {
            function: function.into(),
            arguments,
        };
        let whole = TextRange::new(0, 0);
        let shown =
            |expression: &Expression| SqlText::new(expression, &[], "", whole).map(|it| it.text);
        let margin = apply("stripMargin", vec![text("select a\n   |from b")]);
        assert_eq!(shown(&margin).unwrap(), "select a\nfrom b");
        let format = apply("format", vec![text("select {} from {table}"), text("a")]);
        assert_eq!(shown(&format).unwrap(), "select a from __hole_0__");
        let sum = apply("+", vec![text("select a from "), Expression::Parameter(0)]);
        assert_eq!(shown(&sum).unwrap(), "select a from __hole_0__");
        assert_eq!(shown(&Expression::Parameter(0)), None);
        let sql = SqlText::new(&sum, &[], "", whole).unwrap();
        assert_eq!(sql.value("__hole_0__"), Expression::Parameter(0));
        assert_eq!(
            sql.value("x__hole_0__"),
            Expression::Text(vec![
                TextPart::Literal("x".into()),
                TextPart::Hole(Expression::Parameter(0))
            ])
        );
    }
}
