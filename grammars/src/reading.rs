//! A text as its front end reads it, and what an edit leaves of that.
//!
//! Python is parsed piece by piece, see [`split`](crate::python::split): after an edit those that it touched are. Many
//! are parsed at once, which gives the same statements and costs less, unless there are errors. Scala is parsed as a whole, from the
//! tree of the text before; the statements at its top are read again where their text is another one.

use std::sync::Arc;

use program::{Language, TextRange};
use tree_sitter::{Parser, Tree};

use crate::parse::{Parsed, parse, parse_parts, parser};
use crate::python::magics;
use crate::python::split::{LOOKAHEAD, Piece, Pieces};
use crate::syntax::{File, Part, leave_out};
use crate::tree::SyntaxTree;
use crate::{python, scala};

/// How many strings that nobody asks for are cut out of what is parsed at once: the lexer goes through the list of what is left for each token.
const MOST_PROSE: usize = 48;

/// How many bytes of pieces are parsed at once. Where they have errors, each of them is parsed again by itself.
const TOGETHER: usize = 64 << 10;

/// What was read of a text.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The text.
    pub(crate) text: Arc<str>,
    /// Its surface syntax.
    pub(crate) file: Arc<File>,
    /// Scala's tree, to parse from after an edit. None where the text is not one that the parser understood whole: how the parser
    /// recovers from an error depends on what it reuses, and what is said of a text must never depend on the way it was typed.
    pub(crate) tree: Option<Tree>,
}

/// Reads a text. `before` is what was read of an earlier text, `tree` its tree with the edits since.
pub(crate) fn read(
    language: Language,
    text: Arc<str>,
    before: Option<&Reading>,
    tree: Option<&Tree>,
) -> Reading {
    let empty = |text| Reading { text, file: Arc::default(), tree: None };
    let Some(parser) = parser(crate::document::grammar(language)) else { return empty(text) };
    match language {
        Language::Python => read_python(parser, text, before),
        Language::Scala => read_scala(parser, text, before, tree),
    }
}

fn read_python(mut parser: Parser, text: Arc<str>, before: Option<&Reading>) -> Reading {
    let parts = match before {
        Some(before) => edited(&mut parser, &text, before),
        None => parts_of(&mut parser, &text, Pieces::new(&text, 0).collect()),
    };
    let range = TextRange::new(0, offset(text.len()));
    let file = File { parts, range, ..File::default() };
    Reading { text, file: Arc::new(file), tree: None }
}

/// The parts of a text that differs somewhere from the one that was read before.
fn edited(parser: &mut Parser, text: &str, before: &Reading) -> Vec<Arc<Part>> {
    let known = &before.file.parts;
    let Unchanged { start, end } = Unchanged::of(&before.text, text);
    let kept = known.partition_point(|part| part.range.end as usize + LOOKAHEAD <= start);
    let mut parts = known[..kept].to_vec();
    let by = text.len() as i64 - before.text.len() as i64;
    let from = parts.last().map_or(0, |part| part.range.end as usize);
    let mut pieces = Vec::new();
    let mut rest = known.len();
    for piece in Pieces::new(text, from) {
        if piece.start >= text.len() - end {
            let old = piece.start as i64 - by;
            let at = known.partition_point(|part| i64::from(part.range.start) < old);
            if known.get(at).is_some_and(|part| i64::from(part.range.start) == old) {
                rest = at;
                break;
            }
        }
        pieces.push(piece);
    }
    parts.extend(parts_of(parser, text, pieces));
    parts.extend(known[rest..].iter().map(|part| moved(part, by)));
    parts
}

/// A part so many bytes further on.
fn moved(part: &Arc<Part>, by: i64) -> Arc<Part> {
    if by == 0 { Arc::clone(part) } else { Arc::new(part.moved(by)) }
}

/// What each of these neighbouring pieces holds. Many are parsed at once.
fn parts_of(parser: &mut Parser, text: &str, mut pieces: Vec<Piece>) -> Vec<Arc<Part>> {
    for piece in &mut pieces {
        keep_longest(&mut piece.prose);
    }
    let mut parts = Vec::with_capacity(pieces.len());
    let mut rest = pieces.as_slice();
    while let Some(first) = rest.first() {
        let mut prose = 0;
        let many = rest.iter().skip(1).take_while(|piece| {
            prose += piece.prose.len();
            piece.end - first.start <= TOGETHER && first.prose.len() + prose <= MOST_PROSE
        });
        let (together, after) = rest.split_at(1 + many.count());
        parts.extend(parts_together(parser, text, together).into_iter().map(Arc::new));
        rest = after;
    }
    parts
}

fn parts_together(parser: &mut Parser, text: &str, pieces: &[Piece]) -> Vec<Part> {
    if pieces.len() > 1 {
        let parsed = parse_parts(parser, text, &code(pieces));
        if !parsed.is_broken()
            && let Some(tree) = &parsed.tree
        {
            let tree = SyntaxTree::new(Language::Python, text, tree.walk());
            let ends: Vec<usize> = pieces.iter().map(|piece| piece.end).collect();
            if let Some(mut parts) = python::parts_at(&tree, text, &ends) {
                if let (Some(first), Some(piece)) = (parts.first_mut(), pieces.first()) {
                    first.range.start = offset(piece.start);
                }
                return parts;
            }
        }
    }
    pieces.iter().map(|piece| part_alone(parser, text, piece)).collect()
}

/// What a piece holds that is parsed by itself. It is parsed as a text of its own: how the parser recovers from an error depends on how far
/// from the beginning that is.
fn part_alone(parser: &mut Parser, text: &str, piece: &Piece) -> Part {
    let text = text.get(piece.start..piece.end).unwrap_or_default();
    let here = |offset: usize| offset - piece.start;
    let prose = piece.prose.iter().map(|&(start, end)| (here(start), here(end))).collect();
    let alone = Piece { start: 0, end: text.len(), prose };
    let parsed = parse_parts(parser, text, &code(std::slice::from_ref(&alone)));
    let mut part = part_of(parser, text, &parsed);
    part.shift(piece.start as i64);
    part
}

/// Leaves the longest strings.
fn keep_longest(prose: &mut Vec<(usize, usize)>) {
    if prose.len() > MOST_PROSE {
        prose.sort_by_key(|(start, end)| std::cmp::Reverse(end - start));
        prose.truncate(MOST_PROSE);
        prose.sort_unstable();
    }
}

/// What a text holds that was parsed like this.
fn part_of(parser: &mut Parser, text: &str, parsed: &Parsed) -> Part {
    if parsed.is_broken()
        && let Some(part) = without_magics(parser, text, parsed)
    {
        return part;
    }
    let range = TextRange::new(0, offset(text.len()));
    let mut part = match &parsed.tree {
        Some(tree) => {
            let tree = SyntaxTree::new(Language::Python, text, tree.walk());
            python::part(&tree, text, range)
        }
        None => Part { range, ..Part::default() },
    };
    leave_out_rest(&mut part, parsed);
    part
}

/// What a broken piece holds once lines in it that are no code are taken out, if that mends it.
fn without_magics(parser: &mut Parser, text: &str, parsed: &Parsed) -> Option<Part> {
    let errors = |it: &Parsed| {
        let tree = it.tree.as_ref()?;
        let tree = SyntaxTree::new(Language::Python, text, tree.walk());
        Some((python::errors(&tree), tree))
    };
    let masked = parse(parser, &magics::masked(text)?, None);
    let (less, tree) = errors(&masked).filter(|_| masked.cut.is_none())?;
    let mended = errors(parsed).is_none_or(|(more, _)| less < more);
    mended.then(|| python::part(&tree, text, TextRange::new(0, offset(text.len()))))
}

/// What is parsed of these neighbouring pieces: all but the insides of strings that nobody asks for.
fn code(pieces: &[Piece]) -> Vec<(usize, usize)> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let mut code = Vec::new();
    let mut start = first.start;
    for &(inside, end) in pieces.iter().flat_map(|piece| &piece.prose) {
        code.push((start, inside));
        start = end;
    }
    code.push((start, last.end));
    code
}

fn read_scala(
    mut parser: Parser,
    text: Arc<str>,
    before: Option<&Reading>,
    tree: Option<&Tree>,
) -> Reading {
    let mut parsed = parse(&mut parser, &text, tree);
    if tree.is_some() && parsed.is_broken() {
        parsed = parse(&mut parser, &text, None);
    }
    let whole = TextRange::new(0, offset(text.len()));
    let mut file = File { range: whole, ..File::default() };
    let broken = parsed.is_broken();
    match &parsed.tree {
        Some(tree) if broken => {
            let tree = SyntaxTree::new(Language::Scala, &text, tree.walk());
            let mut part = scala::part(&tree, &text, whole);
            leave_out_rest(&mut part, &parsed);
            file.parts.push(Arc::new(part));
            file.package = scala::package(scala::clauses_in(tree.root()), &text);
        }
        Some(tree) => {
            let before = before.filter(|before| before.tree.is_some());
            (file.parts, file.package) = statements(tree, &text, before);
        }
        None => {
            let mut part = Part { range: whole, ..Part::default() };
            leave_out_rest(&mut part, &parsed);
            file.parts.push(Arc::new(part));
        }
    }
    Reading { text, file: Arc::new(file), tree: parsed.tree.filter(|_| !broken) }
}

/// The statements at the top of a text without errors, and its package. Those that were read before are not read again.
fn statements(
    tree: &Tree,
    text: &str,
    before: Option<&Reading>,
) -> (Vec<Arc<Part>>, Option<String>) {
    let before = before.map(|before| (before, Unchanged::of(&before.text, text)));
    let mut parts = Vec::new();
    let mut clauses = Vec::new();
    let mut cursor = tree.walk();
    let mut more = cursor.goto_first_child();
    while more {
        let node = cursor.node();
        let range = TextRange::new(offset(node.start_byte()), offset(node.end_byte()));
        let whole = || SyntaxTree::new(Language::Scala, text, node.walk());
        let known = before.as_ref();
        let known =
            known.and_then(|(before, unchanged)| read_before(before, unchanged, text, range));
        let part = if scala::is_comment_kind(node.kind()) {
            let remark = || Some(Arc::new(scala::remark(&whole(), text)?));
            let told = range.of(text).contains("stagelight:");
            if told { known.or_else(remark) } else { None }
        } else if node.is_named() {
            if node.kind() == scala::PACKAGE {
                clauses.push(whole());
            }
            Some(known.unwrap_or_else(|| Arc::new(scala::statement(&whole(), text))))
        } else {
            None
        };
        parts.extend(part);
        more = cursor.goto_next_sibling();
    }
    let clauses = clauses.iter().map(SyntaxTree::root).collect();
    (parts, scala::package(clauses, text))
}

/// What was read before of the same text at what is now `range`.
fn read_before(
    before: &Reading,
    unchanged: &Unchanged,
    text: &str,
    range: TextRange,
) -> Option<Arc<Part>> {
    let by = if range.end as usize <= unchanged.start {
        0
    } else if range.start as usize >= text.len() - unchanged.end {
        text.len() as i64 - before.text.len() as i64
    } else {
        return None;
    };
    let old = |offset: u32| u32::try_from(i64::from(offset) - by).ok();
    let old = TextRange::new(old(range.start)?, old(range.end)?);
    let at = before.file.parts.binary_search_by_key(&old.start, |part| part.range.start).ok()?;
    let known = before.file.parts.get(at).filter(|part| part.range == old)?;
    Some(moved(known, by))
}

/// How many bytes two texts have in common at their starts and at their ends. The two do not overlap in either.
struct Unchanged {
    start: usize,
    end: usize,
}

impl Unchanged {
    fn of(before: &str, after: &str) -> Self {
        let (before, after) = (before.as_bytes(), after.as_bytes());
        let start = common(before.chunks(BLOCK).zip(after.chunks(BLOCK)), |(old, new)| {
            old.iter().zip(new.iter()).take_while(|(old, new)| old == new).count()
        });
        let most = before.len().min(after.len()) - start;
        let (before, after) = (&before[before.len() - most..], &after[after.len() - most..]);
        let end = common(before.rchunks(BLOCK).zip(after.rchunks(BLOCK)), |(old, new)| {
            let pairs = old.iter().rev().zip(new.iter().rev());
            pairs.take_while(|(old, new)| old == new).count()
        });
        Self { start, end }
    }
}

/// Whole blocks are compared first, which is many times faster than byte by byte.
const BLOCK: usize = 1024;

/// How many bytes the blocks have in common, in their order; `within` gives the number for two that differ.
fn common<'t>(
    blocks: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    within: impl Fn((&'t [u8], &'t [u8])) -> usize,
) -> usize {
    let mut length = 0;
    for (old, new) in blocks {
        if old != new {
            return length + within((old, new));
        }
        length += old.len();
    }
    length
}

/// Takes note of what lies behind a cut, which was not understood either.
fn leave_out_rest(part: &mut Part, parsed: &Parsed) {
    if let Some(cut) = parsed.cut {
        part.syntax_errors = part.syntax_errors.saturating_add(1);
        leave_out(&mut part.left_out, TextRange::new(offset(cut), part.range.end));
    }
}

/// Offsets are 32 bits wide; readers refuse what is larger.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Python files of this repository.
    fn sources(folder: &Path, sources: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // Hidden folders hold what tests have downloaded.
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if path.is_dir() && !hidden && !path.ends_with("target") {
                self::sources(&path, sources);
            } else if path.extension().is_some_and(|it| it == "py") {
                sources.extend(std::fs::read_to_string(path));
            }
        }
    }

    #[test]
    fn pieces_hold_the_same_whether_parsed_together_or_one_by_one() {
        let mut texts = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for folder in ["examples", "grammars", "rules", "tests", "xtask"] {
            sources(&root.join(folder), &mut texts);
        }
        assert!(texts.len() > 10, "{}", texts.len());
        let mut parser = parser(&tree_sitter_python::LANGUAGE.into()).unwrap();
        for text in texts {
            let pieces: Vec<Piece> = Pieces::new(&text, 0).collect();
            let alone = pieces.iter().cloned();
            let alone: Vec<Arc<Part>> =
                alone.flat_map(|piece| parts_of(&mut parser, &text, vec![piece])).collect();
            let together = parts_of(&mut parser, &text, pieces);
            assert_eq!(format!("{alone:#?}"), format!("{together:#?}"), "{text}");
        }
    }

    #[test]
    fn a_broken_statement_costs_itself_only() {
        let read = |text: &str| read(Language::Python, text.into(), None, None);
        let broken = read("a = 1\nb = f(\n\nc = 3\ndef g(:\n    d = 4\nclass E: pass\n");
        let bodies: Vec<usize> = broken.file.parts.iter().map(|part| part.body.len()).collect();
        assert_eq!(bodies.len(), 5);
        assert_eq!((bodies[0], bodies[2], bodies[4]), (1, 1, 1));
    }

    #[test]
    fn an_edit_may_join_what_was_apart_and_part_what_was_one() {
        let name = "a_name_of_some_length";
        let text = |sign: &str| format!("x = f(\n\n{name}{sign}1\ny = 2\n{name}{sign}3\n");
        let cold = |text: &str| read(Language::Python, text.into(), None, None);
        for (before, after) in [(" = ", "=="), ("=", " = "), (" = ", " =  f("), ("(", " = ")] {
            let (before, after) = (cold(&text(before)), text(after));
            let edited = read(Language::Python, after.as_str().into(), Some(&before), None);
            assert_eq!(format!("{:#?}", edited.file), format!("{:#?}", cold(&after).file));
        }
    }

    #[test]
    fn a_broken_statement_is_read_alike_wherever_it_stands() {
        let broken = "# Databricks\n// COMMAND ----------\nval a = s\n\n// MAGIC %md\n".repeat(3);
        let cold = |text: &str| read(Language::Python, text.into(), None, None);
        for length in [1, 60, 700, 5_000] {
            let after = format!("{}{broken}", "a = 1\n".repeat(length));
            let edited = read(Language::Python, after.as_str().into(), Some(&cold(&broken)), None);
            assert_eq!(format!("{:#?}", edited.file), format!("{:#?}", cold(&after).file));
        }
    }

    #[test]
    fn what_an_edit_leaves_alone_is_shared() {
        let text = "a = 1\nb = 2\n# between\nc = 3\nd = 4\n".repeat(10);
        let before = read(Language::Python, text.as_str().into(), None, None);
        let after = text.replacen("= 2", "= 7", 1);
        let after = read(Language::Python, after.as_str().into(), Some(&before), None);
        let shared = before.file.parts.iter().zip(&after.file.parts);
        let shared = shared.filter(|(old, new)| Arc::ptr_eq(old, new)).count();
        assert!(shared >= before.file.parts.len() - 3, "{shared} of {}", before.file.parts.len());
        assert_eq!(before.file.parts.len(), after.file.parts.len());
    }
}
