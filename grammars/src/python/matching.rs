//! `match`, and the names that its patterns and `except … as` bind.

use super::statements::header;
use super::{DEPTH, Front, expr, parts, range};
use crate::syntax::{Expr, ExprKind, Pattern, Stmt, StmtKind, TypeRef};
use crate::tree::Node;

impl Front<'_> {
    pub(super) fn matching(&mut self, node: Node<'_>) -> StmtKind {
        let mut conditions = Vec::new();
        let mut arms = Vec::new();
        let mut exhaustive = false;
        let subjects: Vec<Node<'_>> = node.children_by_field_name("subject").collect();
        let mut subjects: Vec<Expr> = subjects.into_iter().map(|it| self.expression(it)).collect();
        let subject = match subjects.pop() {
            Some(only) if subjects.is_empty() => only,
            last => {
                subjects.extend(last);
                expr(ExprKind::List(subjects), header(node))
            }
        };
        let named = match &subject.kind {
            ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        };
        let mut matched = vec![subject];
        let cases = node.child_by_field_name("body").map(parts).unwrap_or_default();
        for case in cases.into_iter().filter(|it| it.kind() == "case_clause") {
            let guard = case.child_by_field_name("guard");
            let pattern = parts(case).into_iter().find(|it| it.kind() == "case_pattern");
            let source = pattern.map_or("", |it| self.source(it));
            exhaustive |= guard.is_none()
                && source.chars().all(|c| c.is_alphanumeric() || c == '_')
                && source.starts_with(|c: char| c.is_lowercase() || c == '_');
            matched.push(match pattern.and_then(|it| it.named_child(0)) {
                Some(literal) if guard.is_none() && is_literal(literal.kind()) => {
                    self.expression(literal)
                }
                _ => expr(ExprKind::Opaque(Vec::new()), range(case)),
            });
            let mut arm = Vec::new();
            if let Some(pattern) = pattern {
                self.captures(pattern, named.as_deref(), 0, &mut arm);
            }
            let guards: Vec<Expr> =
                guard.into_iter().flat_map(parts).map(|it| self.expression(it)).collect();
            if arm.is_empty() {
                conditions.extend(guards);
            } else {
                // A guard knows what its pattern binds.
                arm.extend(guards.into_iter().map(|guard| {
                    let range = guard.range;
                    Stmt { kind: StmtKind::Expr(guard), range }
                }));
            }
            arm.append(&mut self.body(case.child_by_field_name("consequence")));
            arms.push(arm);
        }
        let operation = ExprKind::Operation { operator: "match".into(), operands: matched };
        conditions.insert(0, expr(operation, header(node)));
        StmtKind::Branch { conditions, arms, exhaustive, header: header(node) }
    }

    /// What `except … as name` binds: nothing of Spark's, whatever the name means elsewhere.
    pub(super) fn caught(&mut self, clause: Node<'_>) -> Vec<Stmt> {
        let value = clause.child_by_field_name("value").filter(|it| it.kind() == "as_pattern");
        let alias = value.and_then(|it| it.child_by_field_name("alias"));
        let name = alias.and_then(|it| it.named_child(0)).filter(|it| it.kind() == "identifier");
        name.map(|it| self.capture(it, None, None)).into_iter().collect()
    }

    /// The names that `pattern` binds, as assignments; to `subject` where one is all of what is matched.
    fn captures(
        &mut self,
        pattern: Node<'_>,
        subject: Option<&str>,
        depth: u32,
        out: &mut Vec<Stmt>,
    ) {
        if depth > DEPTH {
            return;
        }
        let inner = parts(pattern);
        match pattern.kind() {
            "case_pattern" => {
                for part in inner {
                    self.captures(part, subject, depth + 1, out);
                }
            }
            "dotted_name" => {
                if let [name] = inner.as_slice()
                    && self.source(*name) != "_"
                {
                    out.push(self.capture(*name, subject, None));
                }
            }
            "splat_pattern" => {
                out.extend(inner.into_iter().map(|name| self.capture(name, None, None)));
            }
            "as_pattern" => {
                let Some((name, rest)) = inner.split_last() else { return };
                let class = rest.first().and_then(|it| self.class_of(*it));
                for part in rest {
                    self.captures(*part, None, depth + 1, out);
                }
                out.push(self.capture(*name, subject, class));
            }
            // The class of a class pattern and the name of a keyword bind nothing.
            "class_pattern" | "keyword_pattern" => {
                for part in inner.into_iter().skip(1) {
                    self.captures(part, None, depth + 1, out);
                }
            }
            "dict_pattern" => {
                let keys: Vec<u32> =
                    pattern.children_by_field_name("key").map(|it| it.id()).collect();
                for part in inner.into_iter().filter(|it| !keys.contains(&it.id())) {
                    self.captures(part, None, depth + 1, out);
                }
            }
            "list_pattern" | "tuple_pattern" | "union_pattern" => {
                for part in inner {
                    self.captures(part, None, depth + 1, out);
                }
            }
            _ => {}
        }
    }

    /// The class that `case Class() as …` asks for.
    fn class_of(&self, pattern: Node<'_>) -> Option<TypeRef> {
        let class = pattern.named_child(0).filter(|it| it.kind() == "class_pattern")?;
        let name = self.source(class.named_child(0)?).to_owned();
        Some(TypeRef { name: name.into(), arguments: Vec::new() })
    }

    fn capture(&self, name: Node<'_>, subject: Option<&str>, class: Option<TypeRef>) -> Stmt {
        let name = self.name(name);
        let range = name.range;
        let value = match subject {
            Some(subject) => ExprKind::Name(subject.into()),
            None => ExprKind::Opaque(Vec::new()),
        };
        let target = if name.text == "_" { Pattern::Ignore } else { Pattern::Name(name) };
        let value = Some(expr(value, range));
        Stmt { kind: StmtKind::Assign { target, annotation: class, value }, range }
    }
}

fn is_literal(kind: &str) -> bool {
    matches!(
        kind,
        "string" | "concatenated_string" | "integer" | "float" | "true" | "false" | "none"
    )
}
