//! Expressions.

use program::Literal;

use super::calls::named_value;
use super::control::{scrutinises_assignment, yields};
use super::literal::literal;
use super::pattern::{numbered, unannotated};
use super::{Reader, in_field, is_inert, opaque, parts, range, span, tokens};
use crate::syntax::{Expr, ExprKind, Parameter, Pattern, Stmt, StmtKind, TypeRef};
use crate::tree::Node;

impl Reader<'_> {
    /// An expression in a place where the `_` in it become the parameters of a function: an argument, a parenthesised
    /// expression, a statement. A place that holds nothing but `_` leaves it to the next one outwards.
    pub(super) fn boundary(&mut self, node: Node<'_>) -> Expr {
        if is_placeholder(node) {
            return self.expr(node);
        }
        self.placeholders.push(Vec::new());
        let body = self.expr(node);
        let parameters = self.placeholders.pop().unwrap_or_default();
        if parameters.is_empty() {
            return body;
        }
        let range = body.range;
        let body = vec![Stmt { kind: StmtKind::Expr(body), range }];
        Expr { kind: ExprKind::Lambda { parameters, body }, range }
    }

    /// An expression whose `_` belong to what is around it.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, |reader| reader.expr_here(node), || opaque(Vec::new(), range(node)))
    }

    fn expr_here(&mut self, node: Node<'_>) -> Expr {
        match node.kind() {
            "field_expression" | "call_expression" | "generic_function" | "infix_expression"
            | "postfix_expression" => self.chain(node),
            "identifier" | "operator_identifier" => self.reference(node),
            "wildcard" => self.placeholder(node, None),
            "integer_literal" => self.integer(node),
            "floating_point_literal" => self.float(node),
            "boolean_literal" => literal(Literal::Boolean(self.source(node) == "true"), node),
            "null_literal" | "unit" => literal(Literal::Null, node),
            "character_literal" => self.character(node),
            "string" => self.string(node),
            "interpolated_string_expression" => self.interpolated(node),
            "parenthesized_expression" => self.parenthesized(node),
            "tuple_expression" => self.tuple(node),
            "ascription_expression" => self.ascription(node),
            "method_value" => self.first_part(node),
            "prefix_expression" => self.prefix(node),
            "lambda_expression" => self.lambda(node),
            "case_block" | "indented_cases" => self.case_lambda(node),
            "block" | "indented_block" => self.block(node),
            "if_expression" => self.conditional(node),
            "for_expression" => self.for_value(node),
            "instance_expression" => self.instance(node),
            "quote_expression" => self.quote(node),
            "throw_expression" | "return_expression" | "macro_body" => {
                let inner = parts(node).into_iter().map(|part| self.boundary(part)).collect();
                opaque(inner, range(node))
            }
            "match_expression"
            | "try_expression"
            | "while_expression"
            | "do_while_expression"
            | "assignment_expression" => self.statement_as_value(node),
            _ => self.unknown(node),
        }
    }

    /// A statement where an expression stands.
    fn statement_as_value(&mut self, node: Node<'_>) -> Expr {
        let mut body = Vec::new();
        self.control(node, true, &mut body);
        Expr { kind: ExprKind::Block(body), range: range(node) }
    }

    pub(super) fn reference(&mut self, node: Node<'_>) -> Expr {
        Expr { kind: ExprKind::Name(self.name(node).text), range: range(node) }
    }

    fn first_part(&mut self, node: Node<'_>) -> Expr {
        match parts(node).first() {
            Some(inner) => self.expr(*inner),
            None => opaque(Vec::new(), range(node)),
        }
    }

    /// What has no form of its own, with the expressions and statements in it.
    fn unknown(&mut self, node: Node<'_>) -> Expr {
        if is_inert(node.kind()) {
            return opaque(Vec::new(), range(node));
        }
        let mut body = Vec::new();
        for part in parts(node) {
            self.statement(part, false, &mut body);
        }
        let inner = body
            .into_iter()
            .map(|statement| match statement.kind {
                StmtKind::Expr(value) => value,
                kind => Expr {
                    kind: ExprKind::Block(vec![Stmt { kind, range: statement.range }]),
                    range: statement.range,
                },
            })
            .collect();
        opaque(inner, range(node))
    }

    /// A `_` that stands for a parameter. Where nothing encloses it, it stays a name.
    fn placeholder(&mut self, node: Node<'_>, annotation: Option<TypeRef>) -> Expr {
        let range = range(node);
        let Some(parameters) = self.placeholders.last_mut() else {
            return Expr { kind: ExprKind::Name("_".into()), range };
        };
        let name = numbered(parameters.len() + 1, range);
        let text = name.text.clone();
        parameters.push(Parameter {
            pattern: Pattern::Name(name),
            annotation,
            default: None,
            list: 0,
        });
        Expr { kind: ExprKind::Name(text), range }
    }

    /// The parentheses belong to the range, so that what is put before or behind it stays outside of them.
    fn parenthesized(&mut self, node: Node<'_>) -> Expr {
        let mut inner = parts(node).into_iter().map(|part| self.boundary(part)).collect::<Vec<_>>();
        match (inner.pop(), inner.is_empty()) {
            (Some(only), true) => Expr { kind: only.kind, range: range(node) },
            (last, _) => {
                inner.extend(last);
                opaque(inner, range(node))
            }
        }
    }

    fn tuple(&mut self, node: Node<'_>) -> Expr {
        let items =
            parts(node).into_iter().map(|part| self.boundary(named_value(part).1)).collect();
        Expr { kind: ExprKind::List(items), range: range(node) }
    }

    fn ascription(&mut self, node: Node<'_>) -> Expr {
        let Some(inner) = parts(node).into_iter().next() else {
            return opaque(Vec::new(), range(node));
        };
        if inner.kind() == "wildcard" {
            let annotation =
                in_field(node, "type").first().and_then(|written| self.type_ref(*written));
            return self.placeholder(inner, annotation);
        }
        self.expr(inner)
    }

    fn prefix(&mut self, node: Node<'_>) -> Expr {
        let operator = node.child(0).map(|token| self.source(token)).unwrap_or_default();
        let operand = match parts(node).last() {
            Some(inner) => self.expr(*inner),
            None => opaque(Vec::new(), range(node)),
        };
        let operator = if matches!(operator, "!" | "~") { "not" } else { operator };
        Expr {
            kind: ExprKind::Operation { operator: operator.into(), operands: vec![operand] },
            range: range(node),
        }
    }

    /// Symbols name columns; quoted code of macros is read as what is in it.
    fn quote(&mut self, node: Node<'_>) -> Expr {
        match (parts(node).as_slice(), self.source(node).strip_prefix('\'')) {
            ([name], Some(rest)) if name.kind() == "identifier" && rest == self.source(*name) => {
                Expr { kind: ExprKind::Column(rest.into()), range: range(node) }
            }
            _ => self.unknown(node),
        }
    }

    fn lambda(&mut self, node: Node<'_>) -> Expr {
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut arrow = false;
        for (_, child) in tokens(node) {
            match child.kind() {
                "=>" | "?=>" => arrow = true,
                _ if arrow && child.is_named() => after.push(child),
                _ if !arrow => before.push(child),
                _ => {}
            }
        }
        let parameters = self.lambda_parameters(&before);
        let body = match after.as_slice() {
            [only] => self.body(*only, true),
            several => self.sequence(several, true),
        };
        Expr { kind: ExprKind::Lambda { parameters, body }, range: range(node) }
    }

    /// `{ case … => … }`: one pattern becomes the parameter itself, several are told apart by a branch over it.
    fn case_lambda(&mut self, node: Node<'_>) -> Expr {
        let clauses: Vec<Node<'_>> =
            parts(node).into_iter().filter(|part| part.kind() == "case_clause").collect();
        let whole = range(node);
        if let [only] = clauses.as_slice() {
            let pattern = only.child_by_field_name("pattern");
            let annotation = pattern.and_then(|pattern| self.pattern_type(pattern));
            let pattern = pattern.map_or(Pattern::Ignore, |pattern| self.pattern(pattern));
            let parameters = vec![Parameter { pattern, annotation, default: None, list: 0 }];
            let body = self.case_body(*only, true);
            return Expr { kind: ExprKind::Lambda { parameters, body }, range: whole };
        }
        let start = span(node.start_byte(), node.start_byte());
        let name = numbered(1, start);
        let scrutinee = Expr { kind: ExprKind::Name(name.text.clone()), range: start };
        let parameters = vec![unannotated(Pattern::Name(name))];
        let branch = self.cases(&clauses, scrutinee, start, true);
        let body = vec![Stmt { kind: branch, range: whole }];
        Expr { kind: ExprKind::Lambda { parameters, body }, range: whole }
    }

    /// A block in braces: the one expression in it, or its statements.
    pub(super) fn block(&mut self, node: Node<'_>) -> Expr {
        match parts(node).as_slice() {
            [] => literal(Literal::Null, node),
            [only] if is_single(*only, self.text) => self.boundary(*only),
            _ => Expr { kind: ExprKind::Block(self.statements(node, true)), range: range(node) },
        }
    }
}

/// Whether the node is one expression without arms of statements, that neither binds a name nor leaves the block.
pub(super) fn is_plain(node: Node<'_>, text: &str) -> bool {
    !matches!(node.kind(), "match_expression" | "try_expression") && is_single(node, text)
}

/// Whether the node is one expression, that neither binds a name nor leaves the block.
fn is_single(node: Node<'_>, text: &str) -> bool {
    let mut inner = node;
    while matches!(inner.kind(), "block" | "indented_block") {
        match parts(inner).as_slice() {
            [only] => inner = *only,
            _ => return false,
        }
    }
    let kind = inner.kind();
    let assigns = kind == "infix_expression"
        && inner
            .child_by_field_name("operator")
            .and_then(|operator| text.get(operator.byte_range()))
            .is_some_and(|operator| assigned_operator(operator).is_some());
    let leaves = matches!(
        kind,
        "throw_expression"
            | "return_expression"
            | "assignment_expression"
            | "while_expression"
            | "do_while_expression"
            | "ERROR"
            | "package_clause"
            | "package_object"
            | "enum_case_definitions"
    ) || scrutinises_assignment(inner);
    let loops = kind == "for_expression" && !yields(inner);
    !(assigns || leaves || loops || kind.ends_with("_definition") || kind.ends_with("_declaration"))
}

/// The operator that an assignment such as `+=` applies.
pub(super) fn assigned_operator(operator: &str) -> Option<&str> {
    let applied = operator.strip_suffix('=')?;
    let compares = applied.is_empty()
        || applied.starts_with('=')
        || matches!(operator, "<=" | ">=" | "!=" | "!==");
    (!compares).then_some(applied)
}

/// The language-neutral name of a symbolic operator; words call the method of that name, but for `and` and `or`.
pub(super) fn neutral_operator(operator: &str) -> Option<&str> {
    match operator {
        "===" | "==" => Some("="),
        "=!=" | "!==" | "!=" => Some("!="),
        "<=>" => Some("eqNullSafe"),
        "&&" | "&" | "and" => Some("and"),
        "||" | "|" | "or" => Some("or"),
        word if word
            .chars()
            .next()
            .is_some_and(|first| first.is_alphabetic() || matches!(first, '_' | '$' | '`')) =>
        {
            None
        }
        symbol => Some(symbol),
    }
}

/// Whether the node is nothing but `_`, perhaps with a type or in parentheses.
fn is_placeholder(node: Node<'_>) -> bool {
    let mut inner = node;
    // Deeper than a few parentheses nobody hides one, and every level of a nest of parentheses asks.
    for _ in 0..8 {
        match inner.kind() {
            "wildcard" => return true,
            "parenthesized_expression" | "ascription_expression" => match parts(inner).first() {
                Some(first) => inner = *first,
                None => return false,
            },
            // `s"${_}"` is an argument of the interpolator like any other.
            "block" if inner.parent().is_some_and(|parent| parent.kind() == "interpolation") => {
                match parts(inner).as_slice() {
                    [only] => inner = *only,
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
    false
}
