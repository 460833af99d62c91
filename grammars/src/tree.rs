//! A syntax tree as its front end reads it: a copy in one vector, in the order of the text, without what is read from the text itself.
//!
//! A front end asks each node several times for its kind, its fields and its children. In the parser's own tree each such answer
//! costs a walk over nodes that are hidden, and a cursor or a comparison of names; here it costs an index.

use std::sync::OnceLock;

use program::Language;
use rustc_hash::FxHashSet;
use tree_sitter::TreeCursor;

/// A syntax tree, or a part of one.
#[derive(Debug)]
pub(crate) struct SyntaxTree {
    names: &'static Names,
    nodes: Vec<Data>,
}

/// The names of a grammar's kinds and fields, by their ids.
#[derive(Debug)]
struct Names {
    kinds: Vec<&'static str>,
    /// Whether nodes of a kind are named.
    named: Vec<bool>,
    /// Whether what is in nodes of a kind may stand in a field.
    fielded: Vec<bool>,
    fields: Vec<&'static str>,
    /// The kinds of Python's annotations and strings.
    annotation: Option<u16>,
    string: Option<u16>,
}

/// The children of a string with something in it: its quotes and what is between them.
const QUOTES_AND_CONTENT: u32 = 3;

impl Names {
    /// Whether a node that the parser understood is read from the text.
    fn is_read_from_text(
        &self,
        kind: u16,
        children: u32,
        place: impl Fn() -> std::ops::Range<usize>,
        text: &str,
    ) -> bool {
        let source = || text.as_bytes().get(place()).unwrap_or_default();
        if Some(kind) == self.annotation {
            // A comment in it may be meant for us.
            memchr::memchr(b'#', source()).is_none()
        } else if Some(kind) == self.string && children == QUOTES_AND_CONTENT {
            let source = source();
            let mut prefix = source.iter().take_while(|byte| byte.is_ascii_alphabetic());
            // Between the lines of a string there may be what is left out of a notebook's cell.
            !prefix.any(|letter| matches!(letter, b'f' | b'F' | b't' | b'T'))
                && memchr::memchr(b'\n', source).is_none()
        } else {
            false
        }
    }
}

#[derive(Debug)]
struct Data {
    kind: u16,
    /// The field of the parent that it stands in, 0 for none.
    field: u16,
    flags: u8,
    start: u32,
    end: u32,
    parent: u32,
    /// The index of what follows the node and all that is in it.
    after: u32,
}

const NAMED: u8 = 1;
const ERROR: u8 = 2;
const MISSING: u8 = 4;
const HAS_ERROR: u8 = 8;

/// A node of a [`SyntaxTree`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'t> {
    tree: &'t SyntaxTree,
    index: u32,
}

impl SyntaxTree {
    /// The node of `text` that `cursor` is at, with all that is in it but what front ends read from the text: what annotations and plain
    /// strings are made up of.
    pub(crate) fn new(language: Language, text: &str, mut cursor: TreeCursor<'_>) -> Self {
        let mut nodes: Vec<Data> = Vec::with_capacity(cursor.node().descendant_count());
        // What the node is in, each with how many of its children are still to come and whether they may stand in fields.
        let mut parents: Vec<(u32, u32, bool)> = Vec::new();
        let names = names(language);
        // Where the whole was understood, so was every node.
        let broken = cursor.node().has_error();
        'nodes: loop {
            let node = cursor.node();
            let index = nodes.len() as u32;
            let flag = |is: bool, flag: u8| if is { flag } else { 0 };
            let kind = node.kind_id();
            let mut flags =
                flag(names.named.get(usize::from(kind)).copied().unwrap_or(true), NAMED);
            if broken {
                flags |= flag(node.is_error(), ERROR)
                    | flag(node.is_missing(), MISSING)
                    | flag(node.has_error(), HAS_ERROR);
            }
            let field = if parents.last().is_none_or(|parent| parent.2) {
                cursor.field_id().map_or(0, std::num::NonZero::get)
            } else {
                0
            };
            nodes.push(Data {
                kind,
                field,
                flags,
                start: node.start_byte() as u32,
                end: node.end_byte() as u32,
                parent: parents.last().map_or(index, |parent| parent.0),
                after: index + 1,
            });
            // The cursor takes long to find that there is nothing more, so that what is left is counted.
            let children = node.child_count();
            let from_text =
                !broken && names.is_read_from_text(kind, children, || node.byte_range(), text);
            if children > 0 && !from_text && cursor.goto_first_child() {
                let fielded = names.fielded.get(usize::from(kind)).copied().unwrap_or(true);
                parents.push((index, children - 1, fielded));
                continue;
            }
            loop {
                let Some((parent, left, _)) = parents.last_mut() else { break 'nodes };
                if *left > 0 && cursor.goto_next_sibling() {
                    *left -= 1;
                    break;
                }
                let parent = *parent;
                parents.pop();
                cursor.goto_parent();
                let after = nodes.len() as u32;
                if let Some(parent) = nodes.get_mut(parent as usize) {
                    parent.after = after;
                }
            }
        }
        Self { names, nodes }
    }

    /// The node that everything else is in.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    /// All nodes, in the order of the text, what is in a node behind it.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.nodes.len() as u32).map(|index| Node { tree: self, index })
    }
}

impl<'t> Node<'t> {
    fn data(self) -> &'t Data {
        &self.tree.nodes[self.index as usize]
    }

    fn is(self, flag: u8) -> bool {
        self.data().flags & flag != 0
    }

    /// The name of its kind.
    pub(crate) fn kind(self) -> &'static str {
        // The parser gives nodes that stand for errors the last number there is.
        self.tree.names.kinds.get(usize::from(self.data().kind)).copied().unwrap_or("ERROR")
    }

    /// The name of the field of its parent that it stands in.
    pub(crate) fn field(self) -> Option<&'static str> {
        match self.data().field {
            0 => None,
            id => self.tree.names.fields.get(usize::from(id)).copied(),
        }
    }

    /// Its place among all nodes, so that it can be known again.
    pub(crate) fn id(self) -> u32 {
        self.index
    }

    pub(crate) fn start_byte(self) -> usize {
        self.data().start as usize
    }

    pub(crate) fn end_byte(self) -> usize {
        self.data().end as usize
    }

    pub(crate) fn byte_range(self) -> std::ops::Range<usize> {
        self.start_byte()..self.end_byte()
    }

    /// Whether a rule of the grammar has its name, unlike a token that is written in one.
    pub(crate) fn is_named(self) -> bool {
        self.is(NAMED)
    }

    /// Whether it is what the parser did not understand.
    pub(crate) fn is_error(self) -> bool {
        self.is(ERROR)
    }

    /// Whether the parser put it in, because the grammar asks for it.
    pub(crate) fn is_missing(self) -> bool {
        self.is(MISSING)
    }

    /// Whether something in it was not understood.
    pub(crate) fn has_error(self) -> bool {
        self.is(HAS_ERROR)
    }

    /// What it is in.
    pub(crate) fn parent(self) -> Option<Self> {
        let parent = self.data().parent;
        (parent != self.index).then_some(Self { tree: self.tree, index: parent })
    }

    /// Its children in order.
    pub(crate) fn children(self) -> Children<'t> {
        Children { tree: self.tree, next: self.index + 1, end: self.data().after }
    }

    /// Those of its children that have names.
    pub(crate) fn named_children(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| child.is_named())
    }

    /// Its children in a field.
    pub(crate) fn children_by_field_name(self, field: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.field() == Some(field))
    }

    /// Its first child in a field.
    pub(crate) fn child_by_field_name(self, field: &str) -> Option<Self> {
        self.children_by_field_name(field).next()
    }

    /// Its n-th child.
    pub(crate) fn child(self, index: usize) -> Option<Self> {
        self.children().nth(index)
    }

    /// The n-th of its children that have names.
    pub(crate) fn named_child(self, index: usize) -> Option<Self> {
        self.named_children().nth(index)
    }
}

/// The children of a node.
#[derive(Debug, Clone)]
pub(crate) struct Children<'t> {
    tree: &'t SyntaxTree,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node { tree: self.tree, index: self.next };
        self.next = node.data().after;
        Some(node)
    }
}

fn names(language: Language) -> &'static Names {
    static PYTHON: OnceLock<Names> = OnceLock::new();
    static SCALA: OnceLock<Names> = OnceLock::new();
    let names = match language {
        Language::Python => &PYTHON,
        Language::Scala => &SCALA,
    };
    names.get_or_init(|| {
        let grammar = crate::document::grammar(language);
        let kinds = 0..grammar.node_kind_count() as u16;
        let fields = 0..=grammar.field_count() as u16;
        let without = without_fields(match language {
            Language::Python => tree_sitter_python::NODE_TYPES,
            Language::Scala => tree_sitter_scala::NODE_TYPES,
        });
        let kinds: Vec<&str> =
            kinds.map(|id| grammar.node_kind_for_id(id).unwrap_or_default()).collect();
        let named: Vec<bool> =
            (0..kinds.len() as u16).map(|id| grammar.node_kind_is_named(id)).collect();
        let python = |kind: &str| {
            let is_it = |(known, named): (&&str, &bool)| *known == kind && *named;
            let id = kinds.iter().zip(&named).position(is_it);
            id.filter(|_| language == Language::Python).map(|id| id as u16)
        };
        Names {
            annotation: python("type"),
            string: python("string"),
            named,
            fielded: kinds.iter().map(|kind| !without.contains(kind)).collect(),
            kinds,
            fields: fields.map(|id| grammar.field_name_for_id(id).unwrap_or_default()).collect(),
        }
    })
}

/// The kinds in a grammar's own description of its nodes that have children and no fields. To look each node's field up takes long.
fn without_fields(types: &str) -> FxHashSet<&str> {
    let entries = types.split("\n  {\n    \"type\": \"");
    let without = entries.filter(|entry| entry.contains("\n    \"fields\": {},\n"));
    without.filter_map(|entry| entry.split('"').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_without_fields_are_those_that_the_grammar_describes_so() {
        let python = without_fields(tree_sitter_python::NODE_TYPES);
        assert!(["argument_list", "module", "string"].iter().all(|kind| python.contains(kind)));
        assert!(!["call", "block", "import_statement"].iter().any(|kind| python.contains(kind)));
        let scala = without_fields(tree_sitter_scala::NODE_TYPES);
        assert!(["arguments", "template_body"].iter().all(|kind| scala.contains(kind)));
        assert!(
            !["call_expression", "function_definition"].iter().any(|kind| scala.contains(kind))
        );
    }

    #[test]
    fn nodes_stand_in_the_fields_that_the_parser_gives_them_or_are_read_from_the_text() {
        for (language, text) in [
            (
                Language::Python,
                "@a(b)\ndef f(c: d[e] = 1, *g):\n    return [h for h in 'i' if f'{j}']\nimport k.l as m\n",
            ),
            (
                Language::Scala,
                "object A { def f(b: C = 1) = for (d <- e if g) yield h(d, \"i\") + 1 }\n",
            ),
        ] {
            let mut parser = crate::parse::parser(crate::document::grammar(language)).unwrap();
            let tree = parser.parse(text, None).unwrap();
            let copy = SyntaxTree::new(language, text, tree.walk());
            let mut cursor = tree.walk();
            let mut at = 0;
            for node in copy.nodes() {
                cursor.goto_descendant(at);
                assert_eq!(node.field(), cursor.field_name(), "{}", node.kind());
                assert_eq!(node.byte_range(), cursor.node().byte_range());
                let inside = cursor.node().descendant_count() - 1;
                let read_from_text = node.children().next().is_none() && inside > 0;
                let source = &text[node.byte_range()];
                assert_eq!(read_from_text, ["d[e]", "'i'"].contains(&source) && node.is_named());
                at += 1 + if read_from_text { inside } else { 0 };
            }
        }
    }
}
