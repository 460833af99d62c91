//! Parsing within a budget.
//!
//! A parser that recovers from errors may read the rest of a line, or go back over what it has read, at every token. That is of no
//! matter in code that people write, and takes time that grows with the square of a text that is made to mislead, or of a long
//! line of data behind a quote that is not closed. So the bytes that the parser reads and the actions that it takes are counted,
//! which gives the same tree on every machine, where a clock would not. What lies beyond the budget is left out.

use std::cell::Cell;
use std::ops::ControlFlow;

use tree_sitter::{Language, ParseOptions, ParseState, Parser, Point, Range, Tree};

/// How much the parser is handed at once, and so how finely its reading is counted.
const CHUNK: usize = 1024;

/// How often the parser may read each byte of the text. In files that people write, half-typed ones too, it is fewer than ten times.
const READS_PER_BYTE: usize = 40;

/// How many actions the parser may take for each byte of the text. In files that people write it is fewer than two.
const ACTIONS_PER_BYTE: usize = 5;

/// The bytes and the actions that a text may take whatever its length.
const ALLOWANCE: (usize, usize) = (256 << 10, 50_000);

/// How many actions the parser takes before it asks whether to go on.
const ACTIONS_PER_QUESTION: usize = 100;

/// How often a text is cut before it is given up.
const CUTS: usize = 8;

/// A syntax tree, and how much of the text it covers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    pub(crate) tree: Option<Tree>,
    /// Where the tree ends early, because the text went beyond the budget.
    pub(crate) cut: Option<usize>,
}

impl Parsed {
    /// Whether something in the text was not understood.
    pub(crate) fn is_broken(&self) -> bool {
        self.cut.is_some() || self.tree.as_ref().is_none_or(|tree| tree.root_node().has_error())
    }
}

/// A parser of a language. None where grammar and runtime differ in version, which would show in every test.
pub(crate) fn parser(language: &Language) -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(language).ok().map(|()| parser)
}

/// Parses `text`, starting from its edited `old` tree where there is one.
pub(crate) fn parse(parser: &mut Parser, text: &str, old: Option<&Tree>) -> Parsed {
    parse_within(parser, text, &[], old)
}

/// Parses these parts of `text`, given by their bytes, as if nothing stood between them; offsets are those in the text.
pub(crate) fn parse_parts(parser: &mut Parser, text: &str, parts: &[(usize, usize)]) -> Parsed {
    let bytes = text.as_bytes();
    // Rows count from the first part on: the parsers ask for columns only.
    let (mut row, mut counted) = (0, parts.first().map_or(0, |part| part.0));
    let mut point = |offset: usize| {
        let passed = bytes.get(counted..offset).unwrap_or_default();
        row += memchr::memchr_iter(b'\n', passed).count();
        counted = offset;
        let line = memchr::memrchr(b'\n', bytes.get(..offset).unwrap_or_default());
        Point { row, column: offset - line.map_or(0, |newline| newline + 1) }
    };
    let parts: Vec<Range> = parts
        .iter()
        .map(|&(start_byte, end_byte)| {
            let start_point = point(start_byte);
            Range { start_byte, end_byte, start_point, end_point: point(end_byte) }
        })
        .collect();
    parse_within(parser, text, &parts, None)
}

fn parse_within(parser: &mut Parser, text: &str, parts: &[Range], old: Option<&Tree>) -> Parsed {
    let mut parts = parts.to_vec();
    let (mut text, mut old) = match parts.last() {
        Some(last) => (text.get(..last.end_byte).unwrap_or(text), old),
        None => (text, old),
    };
    let start = parts.first().map_or(0, |part| part.start_byte);
    let whole = parts.is_empty();
    for cuts in 0..CUTS {
        parser.reset();
        if parts.is_empty() && !whole {
            break;
        }
        if parser.set_included_ranges(&parts).is_err() {
            break;
        }
        let length = text.len() - start.min(text.len());
        let cut = (cuts > 0).then_some(text.len());
        let reached = match within_budget(parser, text, length, old) {
            Ok(tree) => return Parsed { tree, cut },
            Err(reached) => reached,
        };
        // The lines before the one that cost too much took less than the budget. Where even they do not, half of them are taken.
        let end = if cuts == 0 && reached > start { reached } else { start + length / 2 };
        let lines = text.as_bytes().get(start..end).unwrap_or_default();
        let newline = lines.iter().rposition(|byte| *byte == b'\n');
        let end = newline.map_or(start, |newline| start + newline + 1);
        text = text.get(..end).unwrap_or_default();
        parts.retain_mut(|part| {
            part.end_byte = part.end_byte.min(end);
            part.start_byte < end
        });
        old = None;
    }
    Parsed { tree: None, cut: Some(start) }
}

/// The tree, or how far the parser had come when the budget for `length` bytes was spent.
fn within_budget(
    parser: &mut Parser,
    text: &str,
    length: usize,
    old: Option<&Tree>,
) -> Result<Option<Tree>, usize> {
    let bytes = text.as_bytes();
    let reads = ALLOWANCE.0 + READS_PER_BYTE * length;
    let actions = ALLOWANCE.1 + ACTIONS_PER_BYTE * length;
    let (read, taken, reached) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut chunk_at = |at: usize, _| -> &[u8] {
        let end = ((at / CHUNK + 1) * CHUNK).min(bytes.len());
        // A character that is cut in two is none to the parser, however often it asks.
        let end = (end..bytes.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(bytes.len());
        let chunk = bytes.get(at..end).unwrap_or_default();
        read.set(read.get() + chunk.len());
        // The lexer looks for a token without asking whether to go on: it finds the end of the text instead.
        if read.get() > reads { &[] } else { chunk }
    };
    let mut watch = |state: &ParseState| {
        taken.set(taken.get() + ACTIONS_PER_QUESTION);
        reached.set(reached.get().max(state.current_byte_offset()));
        if read.get() > reads || taken.get() > actions {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut watch);
    let tree = parser.parse_with_options(&mut chunk_at, old, Some(options));
    if tree.is_none() || read.get() > reads { Err(reached.get()) } else { Ok(tree) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scala(text: &str) -> Parsed {
        let mut parser = parser(&tree_sitter_scala::LANGUAGE.into()).unwrap();
        parse(&mut parser, text, None)
    }

    #[test]
    fn code_is_parsed_whole() {
        let line =
            "val total = orders.filter(_.amount > 10).map(order => (order.id, order.amount))\n";
        let parsed = scala(&line.repeat(500));
        assert_eq!(parsed.cut, None);
        assert_eq!(parsed.tree.map(|tree| tree.root_node().named_child_count()), Some(500));
    }

    #[test]
    fn what_lies_before_the_line_that_costs_too_much_is_kept() {
        let text =
            format!("val a = 1\nval b = 2\nval c = {}\nval d = 4\n", "lambda: ".repeat(20_000));
        let parsed = scala(&text);
        assert_eq!(parsed.cut, Some(20));
        assert_eq!(parsed.tree.map(|tree| tree.root_node().end_byte()), Some(20));
    }

    #[test]
    fn a_token_that_is_looked_for_in_vain_costs_no_more_than_the_budget() {
        let parsed = scala(&format!("val a = 1\n{}", "`".repeat(50_000)));
        assert!(parsed.cut.is_some());
    }
}
