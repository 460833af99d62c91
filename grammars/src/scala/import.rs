//! Imports.

use program::{Import, TextRange};

use super::{Reader, plain_name, range, span, tokens};
use crate::tree::Node;

/// One clause of an import: the path before its selectors.
#[derive(Default)]
struct Clause {
    path: Vec<String>,
    range: Option<TextRange>,
    /// Whether selectors or a wildcard follow the path.
    selected: bool,
}

impl Reader<'_> {
    pub(super) fn imports(&self, node: Node<'_>) -> Vec<Import> {
        let mut imports = Vec::new();
        let mut clause = Clause::default();
        for (field, child) in tokens(node) {
            match (field, child.kind()) {
                (_, ",") => {
                    finish(&mut clause, &mut imports);
                }
                (_, "namespace_wildcard") => {
                    clause.select(&mut imports, "*", None, range(child));
                }
                (_, "arrow_renamed_identifier" | "as_renamed_identifier") => {
                    self.renamed(child, &mut clause, &mut imports, None);
                }
                (_, "namespace_selectors") => {
                    self.selectors(child, &mut clause, &mut imports);
                }
                (Some("path"), _) if child.is_named() => {
                    clause.path.push(plain_name(self.source(child)).to_owned());
                    let start =
                        clause.range.map_or(child.start_byte(), |whole| whole.start as usize);
                    clause.range = Some(span(start, child.end_byte()));
                }
                _ => {}
            }
        }
        finish(&mut clause, &mut imports);
        imports
    }

    fn selectors(&self, node: Node<'_>, clause: &mut Clause, imports: &mut Vec<Import>) {
        clause.selected = true;
        for (_, child) in tokens(node) {
            match child.kind() {
                "namespace_wildcard" | "wildcard" => {
                    clause.select(imports, "*", None, range(child));
                }
                "arrow_renamed_identifier" | "as_renamed_identifier" => {
                    self.renamed(child, clause, imports, Some(range(child)));
                }
                "identifier" | "operator_identifier" => {
                    clause.select(imports, plain_name(self.source(child)), None, range(child));
                }
                _ => {}
            }
        }
    }

    /// `a => b`, `a as b`. A member renamed to `_` is hidden, so that nothing is imported.
    fn renamed(
        &self,
        node: Node<'_>,
        clause: &mut Clause,
        imports: &mut Vec<Import>,
        place: Option<TextRange>,
    ) {
        clause.selected = true;
        let (Some(name), Some(alias)) =
            (node.child_by_field_name("name"), node.child_by_field_name("alias"))
        else {
            return;
        };
        if alias.kind() != "wildcard" {
            let alias = plain_name(self.source(alias));
            clause.select(
                imports,
                plain_name(self.source(name)),
                Some(alias),
                place.unwrap_or_else(|| range(node)),
            );
        }
    }
}

impl Clause {
    fn select(
        &mut self,
        imports: &mut Vec<Import>,
        member: &str,
        alias: Option<&str>,
        place: TextRange,
    ) {
        self.selected = true;
        imports.push(Import {
            path: self.path.join("."),
            member: Some(member.to_owned()),
            alias: alias.map(str::to_owned),
            range: place,
        });
    }
}

/// Ends a clause: a bare path imports its last part.
fn finish(clause: &mut Clause, imports: &mut Vec<Import>) {
    let Clause { mut path, range, selected } = std::mem::take(clause);
    let Some(range) = range else { return };
    if selected {
        return;
    }
    let member = if path.len() > 1 { path.pop() } else { None };
    imports.push(Import { path: path.join("."), member, alias: None, range });
}
