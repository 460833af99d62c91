//! The Scala front end: syntax tree to surface syntax.
//!
//! It reads the tree of `tree-sitter-scala` for Scala 2 and 3, with braces or by indentation. Error nodes are descended into, so
//! that half-typed code costs what is around the error and nothing else.

mod calls;
mod control;
mod expression;
mod import;
mod literal;
mod pattern;
mod statement;

#[cfg(test)]
mod tests;

use program::{Comment, TextRange};
use rustc_hash::FxHashSet;

use crate::syntax::{Expr, ExprKind, LONG_ERROR, Name, Parameter, Part, TypeRef, leave_out};
use crate::tree::{Node, SyntaxTree};

/// How many syntax nodes may nest in one another before the rest is left out: each costs native stack, here and in what walks
/// the surface syntax.
const MAX_NESTING: u32 = 150;

/// How deep an expression may become, links of method chains included. Those are read without recursion here, but the surface
/// syntax is a tree of boxes all the same.
const MAX_DEPTH: u32 = 1_000;

/// What stands in `range` of the text, of which that is the tree.
pub(crate) fn part(tree: &SyntaxTree, text: &str, range: TextRange) -> Part {
    let mut reader = Reader::new(text);
    let body = reader.whole(tree.root());
    let (comments, errors) = survey(tree, text, &mut reader.left_out);
    Part {
        range,
        body: body.into(),
        comments,
        syntax_errors: errors.saturating_add(reader.left_out.len() as u32),
        left_out: reader.left_out,
        ..Part::default()
    }
}

/// A statement at the top of a text without errors, of which that is the tree.
pub(crate) fn statement(tree: &SyntaxTree, text: &str) -> Part {
    let mut reader = Reader::new(text);
    let mut body = Vec::new();
    reader.statement(tree.root(), false, &mut body);
    let range = range(tree.root());
    let comments = if range.of(text).contains("stagelight:") {
        survey(tree, text, &mut Vec::new()).0
    } else {
        Vec::new()
    };
    let syntax_errors = reader.left_out.len() as u32;
    let body = body.into();
    Part { range, body, comments, syntax_errors, left_out: reader.left_out, ..Part::default() }
}

/// A comment between statements, of which that is the tree, if it speaks to Stagelight.
pub(crate) fn remark(tree: &SyntaxTree, text: &str) -> Option<Part> {
    let comment = comment(tree.root(), text)?;
    Some(Part { range: comment.range, comments: vec![comment], ..Part::default() })
}

/// The package that clauses at the top of a file open, one within the other, from the whole file's tree or from the trees of the clauses.
/// Packages side by side in one file are none.
pub(crate) fn package(clauses: Vec<Node<'_>>, text: &str) -> Option<String> {
    let reader = Reader::new(text);
    let mut names = Vec::new();
    let mut here = clauses;
    loop {
        for clause in &here {
            let name = clause.child_by_field_name("name")?;
            names.push(reader.source(name).replace([' ', '\n', '`'], ""));
        }
        let bodies: Vec<Node<'_>> =
            here.iter().filter_map(|it| it.child_by_field_name("body")).collect();
        match bodies.as_slice() {
            [] => break,
            [body] if names.len() < 32 => here = clauses_in(*body),
            _ => return None,
        }
    }
    (!names.is_empty()).then(|| names.join("."))
}

/// The package clauses among the children of a node.
pub(crate) fn clauses_in(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children().filter(|it| it.kind() == PACKAGE).collect()
}

/// The kind of a package clause.
pub(crate) const PACKAGE: &str = "package_clause";

/// The state of one reading.
struct Reader<'a> {
    text: &'a str,
    /// Native recursion so far, see [`MAX_NESTING`].
    nesting: u32,
    /// Depth of the expression being built, see [`MAX_DEPTH`].
    depth: u32,
    /// Parts that were left out because they nest too deep.
    left_out: Vec<TextRange>,
    /// For each enclosing expression that a `_` would turn into a function: the parameters found so far.
    placeholders: Vec<Vec<Parameter>>,
    /// The error nodes that have been read, by their ids.
    recovered: FxHashSet<u32>,
    /// The statements whose errors have been read, so that those around them do not look again.
    searched: FxHashSet<u32>,
    /// The type parameters in scope, innermost last, each with what it is at most.
    type_parameters: Vec<(&'a str, Option<TypeRef>)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            nesting: 0,
            depth: 0,
            left_out: Vec::new(),
            placeholders: Vec::new(),
            recovered: FxHashSet::default(),
            searched: FxHashSet::default(),
            type_parameters: Vec::new(),
        }
    }

    fn source(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn name(&self, node: Node<'_>) -> Name {
        Name { text: plain_name(self.source(node)).into(), range: range(node) }
    }

    fn field_name(&self, node: Node<'_>, field: &str) -> Name {
        node.child_by_field_name(field).map_or_else(
            || Name { text: Default::default(), range: empty(node) },
            |name| self.name(name),
        )
    }

    /// Runs `read` of a node one level deeper, or takes note of what is left out there.
    fn nested<T>(
        &mut self,
        node: Node<'_>,
        read: impl FnOnce(&mut Self) -> T,
        otherwise: impl FnOnce() -> T,
    ) -> T {
        if self.nesting >= MAX_NESTING || self.depth >= MAX_DEPTH {
            leave_out(&mut self.left_out, range(node));
            return otherwise();
        }
        self.nesting += 1;
        self.depth += 1;
        let result = read(self);
        self.nesting -= 1;
        self.depth -= 1;
        result
    }
}

fn range(node: Node<'_>) -> TextRange {
    span(node.start_byte(), node.end_byte())
}

fn span(start: usize, end: usize) -> TextRange {
    TextRange::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

/// The empty range at a node's end.
fn empty(node: Node<'_>) -> TextRange {
    span(node.end_byte(), node.end_byte())
}

/// A name without the backticks that quote it.
fn plain_name(written: &str) -> &str {
    written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(written)
}

/// Whether the kind is a comment's.
pub(crate) fn is_comment_kind(kind: &str) -> bool {
    matches!(kind, "comment" | "block_comment")
}

fn is_comment(node: Node<'_>) -> bool {
    is_comment_kind(node.kind())
}

/// The named children that are no comments.
fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children().filter(|child| !is_comment(*child)).collect()
}

/// All children but comments, tokens included, with the field each stands in.
fn tokens(node: Node<'_>) -> Vec<(Option<&'static str>, Node<'_>)> {
    let children = node.children().filter(|child| !is_comment(*child));
    children.map(|child| (child.field(), child)).collect()
}

/// The nodes of a field, comments and separators left out.
fn in_field<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    tokens(node)
        .into_iter()
        .filter(|(name, child)| *name == Some(field) && child.is_named())
        .map(|(_, child)| child)
        .collect()
}

/// Whether the node is a type, which holds no expressions that run.
fn is_type(kind: &str) -> bool {
    kind.ends_with("_type")
        || matches!(
            kind,
            "type_identifier"
                | "stable_type_identifier"
                | "type_arguments"
                | "type_parameters"
                | "type_lambda"
                | "capture_set"
                | "refinement"
        )
}

/// Whether the node says something about its neighbours and evaluates nothing.
fn is_inert(kind: &str) -> bool {
    is_type(kind)
        || kind.ends_with("_pattern")
        || kind.ends_with("_modifier")
        || kind.ends_with("_bound")
        || matches!(
            kind,
            "modifiers"
                | "annotation"
                | "end_marker"
                | "self_type"
                | "derives_clause"
                | "uses_clause"
                | "package_identifier"
                | "identifiers"
                | "parameters"
                | "class_parameters"
                | "bindings"
                | "namespace_selectors"
                | "namespace_wildcard"
                | "export_declaration"
                | "xml_name"
                | "xml_text"
                | "xml_string"
                | "xml_comment"
                | "xml_cdata"
                | "xml_processing_instruction"
                | "escape_sequence"
                | "using_directive"
        )
}

fn opaque(parts: Vec<Expr>, range: TextRange) -> Expr {
    Expr { kind: ExprKind::Opaque(parts), range }
}

/// The comments that speak to Stagelight, and the number of error and missing nodes.
fn survey(tree: &SyntaxTree, text: &str, left_out: &mut Vec<TextRange>) -> (Vec<Comment>, u32) {
    let mut comments = Vec::new();
    let mut errors = 0_u32;
    for node in tree.nodes() {
        if node.is_error() || node.is_missing() {
            errors = errors.saturating_add(1);
            if node.byte_range().len() > LONG_ERROR {
                leave_out(left_out, range(node));
            }
        }
        if is_comment(node) {
            comments.extend(comment(node, text));
        }
    }
    (comments, errors)
}

fn comment(node: Node<'_>, text: &str) -> Option<Comment> {
    let source = text.get(node.byte_range())?;
    let inner = match source.strip_prefix("/*") {
        Some(block) => block.strip_suffix("*/").unwrap_or(block),
        None => source.strip_prefix("//")?,
    };
    let inner = inner.trim_start_matches(['*', '/']).trim();
    if !inner.starts_with("stagelight:") {
        return None;
    }
    let before = text.get(..node.start_byte())?;
    let line =
        before.rfind('\n').map_or(before, |newline| before.get(newline + 1..).unwrap_or_default());
    Some(Comment { range: range(node), text: inner.to_owned(), trailing: !line.trim().is_empty() })
}
