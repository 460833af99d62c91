//! Cells of SQL: each statement is the call `spark.sql("…")` on the ambient session.
//!
//! The call's argument is a literal without quotes: each line of its text stands in the argument's range as it is, so that a place in
//! the SQL text is a place in the cell.

use program::{Comment, Language, Literal, TextRange};

use super::Session;
use crate::syntax::{Arg, Expr, ExprKind, Name, Pattern, Stmt, StmtKind};

/// The name that a Python notebook of Databricks gives to the result of a SQL cell.
/// <https://docs.databricks.com/aws/en/notebooks/notebooks-code#explore-sql-cell-results-in-python-notebooks>
const RESULT: &str = "_sqldf";

/// First byte and one past the last.
type Span = (usize, usize);

/// The statements of `blanked`, which is the text of `range` with what stands before its lines blanked. `written` gives the text of a
/// range without that.
pub(super) fn statements(
    blanked: &str,
    range: TextRange,
    session: Session,
    written: &dyn Fn(TextRange) -> String,
) -> Vec<Stmt> {
    let parts = split(blanked);
    let last = parts.len().saturating_sub(1);
    let bound = session.dialect.databricks && session.dialect.language == Language::Python;
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (start, end))| {
            let at = TextRange::new(range.start + start as u32, range.start + end as u32);
            call(written(at), at, bound && index == last)
        })
        .collect()
}

fn call(source: String, range: TextRange, bound: bool) -> Stmt {
    let start = TextRange::new(range.start, range.start);
    let word = source.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(source.len());
    // The statement's first word stands for the method's name.
    let name = TextRange::new(range.start, range.start + word as u32);
    let session = Expr { kind: ExprKind::Name("spark".into()), range: start };
    let callee = Expr {
        kind: ExprKind::Attribute {
            object: Box::new(session),
            name: Name { text: "sql".into(), range: name },
        },
        range: name,
    };
    let literal = Expr { kind: ExprKind::Literal(Literal::Text(source.into())), range };
    let value = Expr {
        kind: ExprKind::Call {
            callee: Box::new(callee),
            type_arguments: Vec::new(),
            arguments: vec![Arg { name: None, value: literal, spread: false }],
            arguments_range: range,
        },
        range,
    };
    let kind = if bound {
        let target = Pattern::Name(Name { text: RESULT.into(), range: start });
        StmtKind::Assign { target, annotation: None, value: Some(value) }
    } else {
        StmtKind::Expr(value)
    };
    Stmt { kind, range }
}

/// The comments of a SQL text that speak to Stagelight: `-- stagelight: ignore[…]`. The text is that of `range` with what stands before
/// its lines blanked.
pub(super) fn comments(blanked: &str, range: TextRange) -> Vec<Comment> {
    let comment = |(start, end): Span| {
        let written = blanked.get(start..end)?.trim_end();
        let text = written.trim_start_matches('-').trim_start();
        let before = blanked.get(..start)?.rsplit('\n').next()?;
        text.starts_with("stagelight:").then(|| Comment {
            range: TextRange::new(
                range.start + start as u32,
                range.start + (start + written.len()) as u32,
            ),
            text: text.to_owned(),
            trailing: !before.trim().is_empty(),
        })
    };
    scan(blanked).1.into_iter().filter_map(comment).collect()
}

/// Where the statements of a SQL text begin and end, parted by semicolons outside strings, names and comments. Parts that hold nothing
/// but comments are none.
fn split(source: &str) -> Vec<Span> {
    scan(source).0
}

/// The statements of a SQL text, and its comments that end with their line.
fn scan(source: &str) -> (Vec<Span>, Vec<Span>) {
    let bytes = source.as_bytes();
    let (mut parts, mut comments) = (Vec::new(), Vec::new());
    // First and last byte of what is no blank and no comment.
    let mut content: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let length = match &bytes[at..] {
            [b'-', b'-', ..] => {
                let end = at + line(&bytes[at..]);
                comments.push((at, end));
                at = end;
                continue;
            }
            [b'/', b'*', rest @ ..] => {
                let end = rest.windows(2).position(|pair| pair == b"*/");
                at += end.map_or(bytes.len() - at, |end| end + 4);
                continue;
            }
            [b';', ..] => {
                parts.extend(content.take());
                at += 1;
                continue;
            }
            [quote @ (b'\'' | b'"' | b'`'), rest @ ..] => quoted(rest, *quote) + 1,
            [byte, ..] if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            _ => 1,
        };
        content = Some((content.map_or(at, |(start, _)| start), at + length));
        at += length;
    }
    parts.extend(content);
    (parts, comments)
}

fn line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())
}

/// The length of a quoted text behind its opening quote, its closing one included.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_parted_by_semicolons_outside_strings_and_comments() {
        let parts = |text: &'static str| -> Vec<&str> {
            split(text).into_iter().map(|(start, end)| &text[start..end]).collect()
        };
        assert_eq!(
            parts(" select 1 ; \n-- a; b\nselect ';', `;`, \";\\\";\" /* ; */ ;\n"),
            ["select 1", "select ';', `;`, \";\\\";\""]
        );
        assert_eq!(parts("-- nothing\n;;/* at all"), [""; 0]);
        assert_eq!(parts("select 'open"), ["select 'open"]);
        assert_eq!(parts("select 'é\\"), ["select 'é\\"]);
    }
}
