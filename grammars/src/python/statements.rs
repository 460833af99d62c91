//! Statements.

use program::{Import, TextRange};

use super::types::annotation;
use super::{DEPTH, Front, expr, parts, range};
use crate::syntax::{
    Expr, ExprKind, FunctionDef, Name, Parameter, Pattern, Stmt, StmtKind, TypeRef, leave_out,
};
use crate::tree::Node;

impl Front<'_> {
    /// The statements among the children of `node`.
    pub(super) fn children(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let parts = parts(node);
        if out.is_empty() {
            out.reserve_exact(parts.len());
        }
        for child in parts {
            self.statement(child, out);
        }
    }

    pub(super) fn body(&mut self, node: Option<Node<'_>>) -> Vec<Stmt> {
        let mut out = Vec::new();
        if let Some(node) = node {
            self.children(node, &mut out);
        }
        out
    }

    /// One statement, as one or several of the surface syntax.
    pub(super) fn statement(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= DEPTH {
            leave_out(&mut self.left_out, range(node));
            return;
        }
        self.depth += 1;
        self.statement_within(node, out);
        self.depth -= 1;
    }

    fn statement_within(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let whole = range(node);
        let mut push = |kind| out.push(Stmt { kind, range: whole });
        match node.kind() {
            "expression_statement" => self.expression_statement(node, out),
            "assignment" | "augmented_assignment" => self.assignment(node, whole, out),
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                for import in self.imports(node) {
                    push(StmtKind::Import(import));
                }
            }
            "return_statement" => {
                let value = node.named_child(0).map(|it| self.expression(it));
                let value = value.map(|it| match it.kind {
                    ExprKind::Lambda { parameters, body } => {
                        // `return lambda …` returns a function that has no other name.
                        let start = TextRange::new(it.range.start, it.range.start);
                        let name = Name { text: "lambda".into(), range: start };
                        let reference = expr(ExprKind::Name(name.text.clone()), it.range);
                        let function = defined(name, parameters, body, it.range);
                        out.push(Stmt { kind: function, range: whole });
                        reference
                    }
                    kind => expr(kind, it.range),
                });
                let mut push = |kind| out.push(Stmt { kind, range: whole });
                push(StmtKind::Return(value));
            }
            "raise_statement" => {
                let values: Vec<Expr> =
                    parts(node).into_iter().map(|it| self.expression(it)).collect();
                push(StmtKind::Jump(Some(expr(ExprKind::Opaque(values), whole))));
            }
            "break_statement" => push(StmtKind::Break),
            "continue_statement" => push(StmtKind::Continue),
            "pass_statement" | "comment" | "type_alias_statement" => {}
            "global_statement" | "nonlocal_statement" => {
                let names = parts(node).into_iter().map(|it| self.name(it)).collect();
                push(StmtKind::Global(names));
            }
            "if_statement" => {
                let kind = self.branch(node);
                push(kind);
            }
            "match_statement" => {
                let kind = self.matching(node);
                push(kind);
            }
            "try_statement" => self.trying(node, out),
            "for_statement" => {
                let target =
                    node.child_by_field_name("left").map_or(Pattern::Ignore, |it| self.pattern(it));
                let iterated = node.child_by_field_name("right").map(|it| self.expression(it));
                let iterated =
                    iterated.unwrap_or_else(|| expr(ExprKind::Opaque(Vec::new()), whole));
                let body = self.body(node.child_by_field_name("body"));
                push(StmtKind::For { target, iterated, body, header: header(node) });
                self.otherwise(node, out);
            }
            "while_statement" => {
                let condition = node.child_by_field_name("condition").map(|it| self.expression(it));
                let condition =
                    condition.unwrap_or_else(|| expr(ExprKind::Opaque(Vec::new()), whole));
                let body = self.body(node.child_by_field_name("body"));
                push(StmtKind::While { condition, body, header: header(node) });
                self.otherwise(node, out);
            }
            "with_statement" => {
                let kind = self.with(node);
                push(kind);
            }
            "function_definition" => {
                if let Some(function) = self.function(node, Vec::new()) {
                    push(StmtKind::Function(function));
                }
            }
            "class_definition" => {
                if let Some(class) = self.class(node, Vec::new()) {
                    push(class);
                }
            }
            "decorated_definition" => self.decorated(node, out),
            // What no rule of the grammar holds together is taken apart: statements as such, expressions for their calls.
            "ERROR" | "block" | "else_clause" | "finally_clause" | "elif_clause" | "module" => {
                self.children(node, out);
            }
            "print_statement" | "assert_statement" | "delete_statement" | "exec_statement"
            | "chevron" => {
                let values = parts(node).into_iter().map(|it| self.expression(it)).collect();
                push(StmtKind::Expr(expr(ExprKind::Opaque(values), whole)));
            }
            _ => {
                let value = self.expression(node);
                push(StmtKind::Expr(value));
            }
        }
    }

    fn otherwise(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if let Some(otherwise) = node.child_by_field_name("alternative") {
            self.children(otherwise, out);
        }
    }

    fn expression_statement(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        for child in parts(node) {
            match child.kind() {
                "assignment" | "augmented_assignment" => self.assignment(child, range(node), out),
                "ERROR" => self.statement(child, out),
                _ => {
                    let value = self.expression(child);
                    out.push(Stmt { kind: StmtKind::Expr(value), range: range(node) });
                }
            }
        }
    }

    /// `a = b = value` binds `a`, then `b`; every further target refers to the first one that has a name.
    fn assignment(&mut self, node: Node<'_>, whole: TextRange, out: &mut Vec<Stmt>) {
        let mut targets = Vec::new();
        let mut typed = None;
        let mut current = Some(node);
        let mut value = None;
        let mut variable = None;
        while let Some(assignment) = current.take() {
            let Some(left) = assignment.child_by_field_name("left") else { break };
            let right = assignment.child_by_field_name("right");
            if assignment.kind() == "augmented_assignment" {
                let operator =
                    assignment.child_by_field_name("operator").map_or("", |it| self.source(it));
                let operator = match operator.trim_end_matches('=') {
                    "&" => "and",
                    "|" => "or",
                    other => other,
                };
                let mut operands = vec![self.expression(left)];
                operands.extend(right.map(|it| self.expression(it)));
                value = Some(expr(
                    ExprKind::Operation { operator: operator.into(), operands },
                    range(assignment),
                ));
                // The collection that `frames[key] += …` adds to is read already.
                let target = self.pattern(left);
                targets.push(match target {
                    Pattern::Item(..) => Pattern::Ignore,
                    target => target,
                });
                break;
            }
            typed = typed.or_else(|| {
                assignment.child_by_field_name("type").and_then(|it| annotation(self.source(it)))
            });
            targets.push(self.pattern(left));
            match right {
                Some(right)
                    if matches!(right.kind(), "assignment" | "augmented_assignment")
                        && targets.len() < 100 =>
                {
                    current = Some(right);
                }
                Some(right) => {
                    variable = self.type_variable(right);
                    value = Some(self.expression(right));
                }
                None => {}
            }
        }
        let named = targets
            .iter()
            .position(|it| matches!(it, Pattern::Name(_) | Pattern::Attribute(_)))
            .unwrap_or(0);
        if targets.is_empty() {
            return;
        }
        targets.swap(0, named);
        let reference = reference(&targets[0]);
        for target in targets {
            let value = value.take().or_else(|| {
                reference.clone().filter(|_| out.last().is_some_and(|it| it.range == whole))
            });
            let kind = match (target, value) {
                (Pattern::Name(name), Some(_)) if variable.is_some() => {
                    let Some(target) = variable.take() else { continue };
                    StmtKind::TypeAlias { name, target }
                }
                // A function literal with a name is a function like one that `def` makes.
                (
                    Pattern::Name(name),
                    Some(Expr { kind: ExprKind::Lambda { parameters, body }, range }),
                ) => defined(name, parameters, body, range),
                (target, value) => StmtKind::Assign { target, annotation: typed.clone(), value },
            };
            out.push(Stmt { kind, range: whole });
        }
    }

    /// What a type variable is at most: `TypeVar("T", bound=Base)`, `TypeVar("T", One, Other)`.
    fn type_variable(&self, value: Node<'_>) -> Option<TypeRef> {
        let function = value.child_by_field_name("function")?;
        if !self.source(function).ends_with("TypeVar") {
            return None;
        }
        let given = parts(value.child_by_field_name("arguments")?);
        let bound = given.iter().find(|it| {
            it.child_by_field_name("name").is_some_and(|name| self.source(name) == "bound")
        });
        if let Some(bound) = bound {
            return annotation(self.source(bound.child_by_field_name("value")?));
        }
        let types = given.iter().skip(1).filter(|it| it.kind() != "keyword_argument");
        let members: Vec<TypeRef> = types.filter_map(|it| annotation(self.source(*it))).collect();
        (members.len() > 1).then(|| TypeRef { name: "Union".into(), arguments: members })
    }

    fn imports(&self, node: Node<'_>) -> Vec<Import> {
        let module = node
            .child_by_field_name("module_name")
            .map(|it| self.source(it).replace([' ', '\n', '\\'], ""));
        let from = match node.kind() {
            "future_import_statement" => Some("__future__".to_owned()),
            _ => module,
        };
        let names: Vec<Node<'_>> = node.children_by_field_name("name").collect();
        let mut imports: Vec<Import> = names
            .into_iter()
            .map(|name| {
                let (path, alias) = if name.kind() == "aliased_import" {
                    (name.child_by_field_name("name"), name.child_by_field_name("alias"))
                } else {
                    (Some(name), None)
                };
                let path = path.map_or_else(String::new, |it| self.source(it).to_owned());
                let alias = alias.map(|it| self.source(it).to_owned());
                match &from {
                    Some(from) => {
                        Import { path: from.clone(), member: Some(path), alias, range: range(node) }
                    }
                    None => Import { path, member: None, alias, range: range(node) },
                }
            })
            .collect();
        if let Some(from) = from
            && parts(node).iter().any(|it| it.kind() == "wildcard_import")
        {
            imports.push(Import {
                path: from,
                member: Some("*".to_owned()),
                alias: None,
                range: range(node),
            });
        }
        imports
    }

    fn branch(&mut self, node: Node<'_>) -> StmtKind {
        let mut conditions = Vec::new();
        let mut arms = Vec::new();
        let mut exhaustive = false;
        let condition = node.child_by_field_name("condition");
        let main = condition.is_some_and(|it| {
            let source = self.source(it);
            source.contains("__name__") && source.contains("__main__")
        });
        conditions.extend(condition.map(|it| self.expression(it)));
        arms.push(self.body(node.child_by_field_name("consequence")));
        let alternatives: Vec<Node<'_>> = node.children_by_field_name("alternative").collect();
        for alternative in alternatives {
            if let Some(condition) = alternative.child_by_field_name("condition") {
                conditions.push(self.expression(condition));
                arms.push(self.body(alternative.child_by_field_name("consequence")));
            } else {
                exhaustive = true;
                arms.push(self.body(alternative.child_by_field_name("body")));
            }
        }
        if main && arms.len() == 1 {
            // The guard of a script's entry point: what the file does when it is run.
            return StmtKind::Main(arms.pop().unwrap_or_default());
        }
        StmtKind::Branch { conditions, arms, exhaustive, header: header(node) }
    }

    fn trying(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let mut body = self.body(node.child_by_field_name("body"));
        let mut handlers = Vec::new();
        let mut last = Vec::new();
        for clause in parts(node) {
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    let mut handler = self.caught(clause);
                    let block = parts(clause).into_iter().find(|it| it.kind() == "block");
                    handler.append(&mut self.body(block));
                    handlers.push(handler);
                }
                "else_clause" => self.children(clause, &mut body),
                "finally_clause" => self.children(clause, &mut last),
                _ => {}
            }
        }
        let kind = if handlers.is_empty() {
            StmtKind::Block(body)
        } else {
            let mut arms = vec![body];
            arms.append(&mut handlers);
            StmtKind::Branch {
                conditions: Vec::new(),
                arms,
                exhaustive: true,
                header: header(node),
            }
        };
        out.push(Stmt { kind, range: range(node) });
        out.append(&mut last);
    }

    fn with(&mut self, node: Node<'_>) -> StmtKind {
        let mut items = Vec::new();
        for clause in parts(node).into_iter().filter(|it| it.kind() == "with_clause") {
            for item in parts(clause) {
                let Some(value) = item.child_by_field_name("value") else { continue };
                if value.kind() == "as_pattern" {
                    let target = value.child_by_field_name("alias").map(|it| self.pattern(it));
                    if let Some(context) = value.named_child(0) {
                        items.push((self.expression(context), target));
                    }
                } else {
                    items.push((self.expression(value), None));
                }
            }
        }
        StmtKind::With { items, body: self.body(node.child_by_field_name("body")) }
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Option<FunctionDef> {
        let name = self.name(node.child_by_field_name("name")?);
        let parameters: Vec<Parameter> = node
            .child_by_field_name("parameters")
            .map(|it| self.parameters(it))
            .unwrap_or_default();
        let returns =
            node.child_by_field_name("return_type").and_then(|it| annotation(self.source(it)));
        let body = self.body(node.child_by_field_name("body"));
        Some(FunctionDef {
            name,
            parameters,
            returns,
            body: body.into(),
            last_is_result: false,
            decorators,
            header: header(node),
        })
    }

    /// The body of a class runs where the class is defined.
    fn class(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Option<StmtKind> {
        let name = self.name(node.child_by_field_name("name")?);
        let body = self.body(node.child_by_field_name("body"));
        let bases = node.child_by_field_name("superclasses").map(parts).unwrap_or_default();
        let bases = bases.into_iter().filter(|it| it.kind() != "keyword_argument");
        let bases = bases.map(|it| self.expression(it)).collect();
        Some(StmtKind::Class {
            name,
            bases,
            decorators,
            parameters: Vec::new(),
            body,
            runs: true,
            header: header(node),
        })
    }

    fn decorated(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let decorators: Vec<Node<'_>> =
            parts(node).into_iter().filter(|it| it.kind() == "decorator").collect();
        let decorators = decorators
            .into_iter()
            .filter_map(|it| it.named_child(0))
            .map(|it| self.expression(it))
            .collect();
        let Some(definition) = node.child_by_field_name("definition") else { return };
        let kind = match definition.kind() {
            "function_definition" => self.function(definition, decorators).map(StmtKind::Function),
            _ => self.class(definition, decorators),
        };
        out.extend(kind.map(|kind| Stmt { kind, range: range(node) }));
    }
}

/// From the start of a compound statement to the colon before its body.
pub(super) fn header(node: Node<'_>) -> TextRange {
    let colon = node.children().find(|child| child.kind() == ":");
    let end = colon.map_or(node.end_byte(), |it| it.end_byte());
    TextRange::new(node.start_byte() as u32, end as u32)
}

/// The function that a named function literal is.
fn defined(name: Name, parameters: Vec<Parameter>, body: Vec<Stmt>, range: TextRange) -> StmtKind {
    let start = body.first().map_or(range.end, |it| it.range.start);
    let body = body
        .into_iter()
        .map(|statement| match statement.kind {
            StmtKind::Expr(value) => {
                Stmt { kind: StmtKind::Return(Some(value)), range: statement.range }
            }
            kind => Stmt { kind, range: statement.range },
        })
        .collect::<Vec<Stmt>>();
    StmtKind::Function(FunctionDef {
        name,
        parameters,
        returns: None,
        body: body.into(),
        last_is_result: false,
        decorators: Vec::new(),
        header: TextRange::new(range.start, start),
    })
}

/// The expression that reads what `target` binds.
fn reference(target: &Pattern) -> Option<Expr> {
    match target {
        Pattern::Name(name) => Some(expr(ExprKind::Name(name.text.clone()), name.range)),
        Pattern::Attribute(path) => {
            let mut names = path.iter();
            let first = names.next()?;
            let mut result = expr(ExprKind::Name(first.text.clone()), first.range);
            for name in names {
                let range = TextRange::new(first.range.start, name.range.end);
                result = expr(
                    ExprKind::Attribute { object: Box::new(result), name: name.clone() },
                    range,
                );
            }
            Some(result)
        }
        Pattern::Tuple(_) | Pattern::Item(..) | Pattern::Rest { .. } | Pattern::Ignore => None,
    }
}
