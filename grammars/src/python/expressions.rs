//! Expressions and patterns.

use program::{Literal, TextRange};

use super::literals::{float, integer};
use super::types::annotation;
use super::{DEPTH, Front, expr, is_aside, parts, range};
use crate::syntax::{Arg, Expr, ExprKind, Parameter, Pattern, Stmt, StmtKind, leave_out};
use crate::tree::Node;

/// How many links a chain of calls may have: chains are walked without recursion, so this only bounds the tree's own depth.
const LINKS: usize = 1000;

impl Front<'_> {
    /// An expression. A chain (`a.b(c).d[e]`) is walked from its root, so that its length does not cost stack.
    pub(super) fn expression(&mut self, node: Node<'_>) -> Expr {
        if self.depth >= DEPTH {
            leave_out(&mut self.left_out, range(node));
            return expr(ExprKind::Opaque(Vec::new()), range(node));
        }
        self.depth += 1;
        let mut links = Vec::new();
        let mut current = node;
        while links.len() < LINKS
            && let Some(next) = next_link(current)
        {
            links.push(current);
            current = next;
        }
        let mut result = if next_link(current).is_some() {
            leave_out(&mut self.left_out, range(current));
            expr(ExprKind::Opaque(Vec::new()), range(current))
        } else {
            self.root(current)
        };
        for link in links.into_iter().rev() {
            result = self.link(link, result);
        }
        self.depth -= 1;
        result
    }

    fn link(&mut self, node: Node<'_>, object: Expr) -> Expr {
        let object = Box::new(object);
        let kind = match node.kind() {
            "call" => {
                let arguments = node.child_by_field_name("arguments");
                let arguments_range = arguments
                    .map_or_else(|| TextRange::new(range(node).end, range(node).end), range);
                ExprKind::Call {
                    callee: object,
                    type_arguments: Vec::new(),
                    arguments: arguments.map(|it| self.arguments(it)).unwrap_or_default(),
                    arguments_range,
                }
            }
            "attribute" => match node.child_by_field_name("attribute") {
                Some(name) => ExprKind::Attribute { object, name: self.name(name) },
                None => ExprKind::Opaque(vec![*object]),
            },
            "subscript" => {
                let indexes: Vec<Node<'_>> = node.children_by_field_name("subscript").collect();
                let mut indexes: Vec<Expr> =
                    indexes.into_iter().map(|it| self.expression(it)).collect();
                let index = match indexes.pop() {
                    Some(only) if indexes.is_empty() => only,
                    Some(last) => {
                        indexes.push(last);
                        expr(ExprKind::List(indexes), range(node))
                    }
                    None => expr(ExprKind::Opaque(Vec::new()), range(node)),
                };
                ExprKind::Index { object, index: Box::new(index) }
            }
            // Parentheses and `await` add nothing: the inner expression keeps its own range.
            _ => return *object,
        };
        expr(kind, range(node))
    }

    pub(super) fn arguments(&mut self, node: Node<'_>) -> Vec<Arg> {
        if node.kind() == "generator_expression" {
            return vec![Arg { name: None, value: self.expression(node), spread: false }];
        }
        let parts = parts(node);
        let mut arguments = Vec::with_capacity(parts.len());
        arguments.extend(parts.into_iter().filter_map(|child| self.argument(child)));
        arguments
    }

    fn argument(&mut self, node: Node<'_>) -> Option<Arg> {
        Some(match node.kind() {
            "keyword_argument" => Arg {
                name: node.child_by_field_name("name").map(|it| self.name(it)),
                value: self.expression(node.child_by_field_name("value")?),
                spread: false,
            },
            "list_splat" | "dictionary_splat" => {
                Arg { name: None, value: self.expression(node.named_child(0)?), spread: true }
            }
            _ => Arg { name: None, value: self.expression(node), spread: false },
        })
    }

    fn expressions(&mut self, node: Node<'_>) -> Vec<Expr> {
        parts(node).into_iter().map(|child| self.expression(child)).collect()
    }

    /// `[start:stop:step]`, what is left out as null. What it selects can't be said without knowing what is sliced, so the operation
    /// stands within something opaque.
    fn slice(&mut self, node: Node<'_>) -> ExprKind {
        let mut operands: Vec<Expr> = Vec::new();
        let mut open = true;
        for child in node.children() {
            if child.kind() == ":" {
                if open {
                    operands.push(expr(
                        ExprKind::Literal(Literal::Null),
                        TextRange::new(range(child).start, range(child).start),
                    ));
                }
                open = true;
            } else if child.is_named() && !is_aside(child) && !child.is_error() {
                operands.push(self.expression(child));
                open = false;
            }
        }
        let operation = ExprKind::Operation { operator: "slice".into(), operands };
        ExprKind::Opaque(vec![expr(operation, range(node))])
    }

    fn field(&mut self, node: Node<'_>, name: &str) -> Expr {
        match node.child_by_field_name(name) {
            Some(child) => self.expression(child),
            None => {
                expr(ExprKind::Opaque(Vec::new()), TextRange::new(range(node).end, range(node).end))
            }
        }
    }

    fn root(&mut self, node: Node<'_>) -> Expr {
        let kind = match node.kind() {
            "identifier" | "keyword_identifier" => ExprKind::Name(self.source(node).into()),
            "string" | "concatenated_string" => return self.string(node),
            "integer" => integer(self.source(node)).map_or_else(
                || ExprKind::Opaque(Vec::new()),
                |value| ExprKind::Literal(Literal::Integer(value)),
            ),
            "float" => float(self.source(node)).map_or_else(
                || ExprKind::Opaque(Vec::new()),
                |value| ExprKind::Literal(Literal::Float(value)),
            ),
            "true" => ExprKind::Literal(Literal::Boolean(true)),
            "false" => ExprKind::Literal(Literal::Boolean(false)),
            "none" => ExprKind::Literal(Literal::Null),
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "list_pattern"
            | "tuple_pattern" => ExprKind::List(self.expressions(node)),
            "dictionary" => self.mapping(node),
            "lambda" => self.lambda(node),
            "boolean_operator" | "binary_operator" => {
                let operator = node.child_by_field_name("operator").map_or("", |it| it.kind());
                let operands = vec![self.field(node, "left"), self.field(node, "right")];
                ExprKind::Operation { operator: neutral(operator).into(), operands }
            }
            "not_operator" => ExprKind::Operation {
                operator: "not".into(),
                operands: vec![self.field(node, "argument")],
            },
            "unary_operator" => {
                let operator = node.child_by_field_name("operator").map_or("", |it| it.kind());
                ExprKind::Operation {
                    operator: neutral(operator).into(),
                    operands: vec![self.field(node, "argument")],
                }
            }
            "comparison_operator" => return self.comparison(node),
            "conditional_expression" => {
                let mut arms = self.expressions(node).into_iter();
                match (arms.next(), arms.next(), arms.next()) {
                    (Some(then), Some(condition), otherwise) => ExprKind::Conditional {
                        condition: Box::new(condition),
                        then: Box::new(then),
                        otherwise: otherwise.map(Box::new),
                    },
                    (first, _, _) => ExprKind::Opaque(first.into_iter().collect()),
                }
            }
            "named_expression" => self.walrus(node),
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => self.comprehension(node),
            "yield" => {
                let from = node.child(1).is_some_and(|it| it.kind() == "from");
                let operator = if from { "yield from" } else { "yield" };
                let operands = self.expressions(node);
                ExprKind::Operation { operator: operator.into(), operands }
            }
            "pair" => ExprKind::Mapping(vec![(self.field(node, "key"), self.field(node, "value"))]),
            "list_splat" => {
                ExprKind::Operation { operator: "spread".into(), operands: self.expressions(node) }
            }
            "slice" => self.slice(node),
            _ => ExprKind::Opaque(self.expressions(node)),
        };
        expr(kind, range(node))
    }

    fn mapping(&mut self, node: Node<'_>) -> ExprKind {
        let mut pairs = Vec::new();
        for child in parts(node) {
            if child.kind() == "pair" {
                pairs.push((self.field(child, "key"), self.field(child, "value")));
            } else {
                // `**others`: pairs under keys that are not written out.
                let value = self.expression(child.named_child(0).unwrap_or(child));
                pairs.push((expr(ExprKind::Opaque(Vec::new()), range(child)), value));
            }
        }
        ExprKind::Mapping(pairs)
    }

    fn lambda(&mut self, node: Node<'_>) -> ExprKind {
        let parameters = node
            .child_by_field_name("parameters")
            .map(|it| self.parameters(it))
            .unwrap_or_default();
        let body = self.field(node, "body");
        let range = body.range;
        ExprKind::Lambda { parameters, body: vec![Stmt { kind: StmtKind::Expr(body), range }] }
    }

    /// `name := value` binds and is the value: a block of both.
    fn walrus(&mut self, node: Node<'_>) -> ExprKind {
        let value = self.field(node, "value");
        let Some(name) = node.child_by_field_name("name").map(|it| self.name(it)) else {
            return ExprKind::Opaque(vec![value]);
        };
        let reference = expr(ExprKind::Name(name.text.clone()), name.range);
        let assign =
            StmtKind::Assign { target: Pattern::Name(name), annotation: None, value: Some(value) };
        let statements = vec![
            Stmt { kind: assign, range: range(node) },
            Stmt { range: reference.range, kind: StmtKind::Expr(reference) },
        ];
        ExprKind::Block(statements)
    }

    /// A chain of comparisons is the conjunction of its pairs. An operand in the middle is evaluated once, so its second
    /// mention keeps only what cannot hold a call.
    fn comparison(&mut self, node: Node<'_>) -> Expr {
        let operators: Vec<&str> =
            node.children_by_field_name("operators").map(|it| neutral(it.kind())).collect();
        let operands = parts(node).into_iter();
        let operands: Vec<Node<'_>> = operands
            .filter(|child| !child.is_error() && child.field() != Some("operators"))
            .collect();
        let mut operands = operands.into_iter().map(|it| self.expression(it));
        let Some(mut left) = operands.next() else {
            return expr(ExprKind::Opaque(Vec::new()), range(node));
        };
        let mut pairs = Vec::new();
        for (operator, right) in operators.into_iter().zip(operands) {
            let again = match &right.kind {
                ExprKind::Name(_) | ExprKind::Literal(_) => right.clone(),
                _ => expr(ExprKind::Opaque(Vec::new()), right.range),
            };
            let pair = TextRange::new(left.range.start, right.range.end);
            let operands = vec![std::mem::replace(&mut left, again), right];
            pairs.push(expr(ExprKind::Operation { operator: operator.into(), operands }, pair));
        }
        match pairs.pop() {
            None => left,
            Some(mut only) if pairs.is_empty() => {
                only.range = range(node);
                only
            }
            Some(last) => {
                pairs.push(last);
                expr(ExprKind::Operation { operator: "and".into(), operands: pairs }, range(node))
            }
        }
    }

    fn comprehension(&mut self, node: Node<'_>) -> ExprKind {
        let element = self.field(node, "body");
        let mut clauses: Vec<(Pattern, Expr, Vec<Expr>)> = Vec::new();
        for child in parts(node) {
            match child.kind() {
                "for_in_clause" => {
                    let target = child
                        .child_by_field_name("left")
                        .map_or(Pattern::Ignore, |left| self.pattern(left));
                    clauses.push((target, self.field(child, "right"), Vec::new()));
                }
                "if_clause" => {
                    let conditions = self.expressions(child);
                    if let Some(clause) = clauses.last_mut() {
                        clause.2.extend(conditions);
                    }
                }
                _ => {}
            }
        }
        ExprKind::Comprehension { element: Box::new(element), clauses }
    }

    /// What an assignment, a loop or a parameter binds.
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Pattern {
        match node.kind() {
            "identifier" | "keyword_identifier" => Pattern::Name(self.name(node)),
            "attribute" => self.dotted(node).map_or(Pattern::Ignore, Pattern::Attribute),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "expression_list" | "tuple"
            | "list" => {
                if self.depth >= DEPTH {
                    leave_out(&mut self.left_out, range(node));
                    return Pattern::Ignore;
                }
                self.depth += 1;
                let items = parts(node).into_iter().map(|child| self.pattern(child)).collect();
                self.depth -= 1;
                Pattern::Tuple(items)
            }
            "as_pattern_target" | "parenthesized_expression" => {
                node.named_child(0).map_or(Pattern::Ignore, |child| self.pattern(child))
            }
            "subscript" => match self.expression(node).kind {
                ExprKind::Index { object, index } => Pattern::Item(object, index),
                _ => Pattern::Ignore,
            },
            "list_splat_pattern" | "dictionary_splat_pattern" | "list_splat" => {
                match node.named_child(0).filter(|it| it.kind() == "identifier") {
                    Some(name) => Pattern::Rest {
                        name: self.name(name),
                        keywords: node.kind() == "dictionary_splat_pattern",
                    },
                    None => Pattern::Ignore,
                }
            }
            _ => Pattern::Ignore,
        }
    }

    fn dotted(&self, node: Node<'_>) -> Option<Vec<crate::syntax::Name>> {
        let mut names = Vec::new();
        let mut current = node;
        while current.kind() == "attribute" {
            names.push(self.name(current.child_by_field_name("attribute")?));
            current = current.child_by_field_name("object")?;
        }
        if current.kind() != "identifier" {
            return None;
        }
        names.push(self.name(current));
        names.reverse();
        Some(names)
    }

    pub(super) fn parameters(&mut self, node: Node<'_>) -> Vec<Parameter> {
        let parts = parts(node);
        let mut parameters = Vec::with_capacity(parts.len());
        parameters.extend(parts.into_iter().filter_map(|child| self.parameter(child)));
        parameters
    }

    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let typed = node.child_by_field_name("type").and_then(|it| annotation(self.source(it)));
        Some(match node.kind() {
            "identifier" | "keyword_identifier" | "tuple_pattern" => {
                Parameter { pattern: self.pattern(node), annotation: None, default: None, list: 0 }
            }
            "typed_parameter" => Parameter {
                pattern: self.pattern(node.named_child(0)?),
                annotation: typed,
                default: None,
                list: 0,
            },
            "default_parameter" | "typed_default_parameter" => Parameter {
                pattern: self.pattern(node.child_by_field_name("name")?),
                annotation: typed,
                default: node.child_by_field_name("value").map(|it| self.expression(it)),
                list: 0,
            },
            "list_splat_pattern" | "dictionary_splat_pattern" => {
                Parameter { pattern: self.pattern(node), annotation: None, default: None, list: 0 }
            }
            _ => return None,
        })
    }
}

/// The inner expression of a link of a chain.
fn next_link<'t>(node: Node<'t>) -> Option<Node<'t>> {
    match node.kind() {
        "call" => node.child_by_field_name("function"),
        "attribute" => node.child_by_field_name("object"),
        "subscript" => node.child_by_field_name("value"),
        "parenthesized_expression" | "await" => {
            let children = parts(node);
            if children.len() == 1 { children.first().copied() } else { None }
        }
        _ => None,
    }
}

/// The language-neutral spelling of an operator.
fn neutral(operator: &str) -> &str {
    match operator {
        "==" => "=",
        "<>" => "!=",
        "&" => "and",
        "|" => "or",
        "~" => "not",
        other => other,
    }
}
