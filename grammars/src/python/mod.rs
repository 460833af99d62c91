//! The Python front end: syntax tree to surface syntax.
//!
//! It is tolerant: an error node is descended into and what is understandable in it is kept, so a half-typed line costs itself
//! and not its file. Python 2's print statement is a statement like any other.

mod expressions;
mod literals;
pub(crate) mod magics;
mod matching;
pub(crate) mod split;
mod statements;
mod types;

use program::{Comment, TextRange};

use crate::syntax::{Expr, ExprKind, LONG_ERROR, Name, Part, Stmt, leave_out};
use crate::tree::{Node, SyntaxTree};

/// How deep expressions and statements may nest; what lies deeper is left out, since neither a reader nor the stack follows it.
const DEPTH: u32 = 120;

/// What stands in `range` of the text, of which that is the tree.
pub(crate) fn part(tree: &SyntaxTree, text: &str, range: TextRange) -> Part {
    let root = tree.root();
    let mut front = Front { text, depth: 0, left_out: Vec::new() };
    let mut body = Vec::new();
    front.children(root, &mut body);
    let (comments, syntax_errors) = comments_and_errors(tree, text, &mut front.left_out);
    Part {
        range,
        body: body.into(),
        comments,
        syntax_errors,
        left_out: front.left_out,
        ..Part::default()
    }
}

/// The parts that a text falls into at `ends`, of whose whole that is the tree. None where a statement reaches from one part into the next.
pub(crate) fn parts_at(tree: &SyntaxTree, text: &str, ends: &[usize]) -> Option<Vec<Part>> {
    let root = tree.root();
    let mut ends = ends.iter().copied();
    let mut front = Front { text, depth: 0, left_out: Vec::new() };
    let mut all = Vec::new();
    let (mut part, mut body, mut end) = (Part::default(), Vec::new(), ends.next()?);
    let mut next = |part: &mut Part, body: &mut Vec<Stmt>, end: &mut usize| {
        part.range.end = *end as u32;
        part.body = std::mem::take(body).into();
        let start = TextRange::new(*end as u32, *end as u32);
        all.push(std::mem::replace(part, Part { range: start, ..Part::default() }));
        ends.next().map(|it| *end = it)
    };
    for child in parts(root) {
        while child.start_byte() >= end {
            next(&mut part, &mut body, &mut end)?;
        }
        if child.end_byte() > end {
            return None;
        }
        front.statement(child, &mut body);
        part.left_out.append(&mut front.left_out);
    }
    while next(&mut part, &mut body, &mut end).is_some() {}
    let (comments, _) = comments_and_errors(tree, text, &mut Vec::new());
    for comment in comments {
        let at = all.partition_point(|part| part.range.end <= comment.range.start);
        if let Some(part) = all.get_mut(at) {
            part.comments.push(comment);
        }
    }
    Some(all)
}

/// Number of error and missing nodes.
pub(crate) fn errors(tree: &SyntaxTree) -> u32 {
    if tree.root().has_error() { comments_and_errors(tree, "", &mut Vec::new()).1 } else { 0 }
}

/// One walk over the tree for what stands beside the code: comments that speak to Stagelight, and errors.
fn comments_and_errors(
    tree: &SyntaxTree,
    text: &str,
    left_out: &mut Vec<TextRange>,
) -> (Vec<Comment>, u32) {
    let (mut comments, mut errors) = (Vec::new(), 0);
    let root = tree.root();
    if !root.has_error() && !range(root).of(text).contains("stagelight:") {
        return (comments, errors);
    }
    for node in tree.nodes() {
        if node.is_error() || node.is_missing() {
            errors += 1;
            if node.byte_range().len() > LONG_ERROR {
                leave_out(left_out, range(node));
            }
        }
        if node.kind() == "comment" {
            comments.extend(comment(node, text));
        }
    }
    (comments, errors)
}

fn comment(node: Node<'_>, text: &str) -> Option<Comment> {
    let range = range(node);
    let content = range.of(text).trim_start_matches('#').trim();
    if !content.starts_with("stagelight:") {
        return None;
    }
    let before = text.get(..range.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some(Comment { range, text: content.to_owned(), trailing: !line.trim().is_empty() })
}

/// The conversion of one file.
struct Front<'a> {
    text: &'a str,
    depth: u32,
    left_out: Vec<TextRange>,
}

impl<'a> Front<'a> {
    fn source(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn name(&self, node: Node<'_>) -> Name {
        Name { text: self.source(node).into(), range: range(node) }
    }
}

fn range(node: Node<'_>) -> TextRange {
    TextRange::new(node.start_byte() as u32, node.end_byte() as u32)
}

fn expr(kind: ExprKind, range: TextRange) -> Expr {
    Expr { kind, range }
}

/// The named children less comments and line continuations. Error nodes stay.
fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    node.named_children().filter(|child| !is_aside(*child)).collect()
}

/// Whether a node may stand between any two others and is none of what they make up.
fn is_aside(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "line_continuation")
}
