//! Expressions.

use program::{Literal, TextRange};
use tree_sitter::Node;

use super::literal::literal;
use super::pattern::{numbered, unannotated};
use super::statement::scrutinises_assignment;
use super::{
    MAX_DEPTH, Reader, empty, in_field, is_comment, is_inert, is_type, opaque, parts, range, span,
    tokens,
};
use crate::syntax::{Arg, Expr, ExprKind, Name, Parameter, Pattern, Stmt, StmtKind, TypeRef};

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
        self.nested(|reader| reader.expr_here(node), || opaque(Vec::new(), range(node)))
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

    fn reference(&mut self, node: Node<'_>) -> Expr {
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
            return Expr { kind: ExprKind::Name("_".to_owned()), range };
        };
        let name = numbered(parameters.len() + 1, range);
        let text = name.text.clone();
        parameters.push(Parameter { pattern: Pattern::Name(name), annotation, default: None });
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
            kind: ExprKind::Operation { operator: operator.to_owned(), operands: vec![operand] },
            range: range(node),
        }
    }

    /// Symbols name columns; quoted code of macros is read as what is in it.
    fn quote(&mut self, node: Node<'_>) -> Expr {
        match (parts(node).as_slice(), self.source(node).strip_prefix('\'')) {
            ([name], Some(rest)) if name.kind() == "identifier" && rest == self.source(*name) => {
                Expr { kind: ExprKind::Column(rest.to_owned()), range: range(node) }
            }
            _ => self.unknown(node),
        }
    }

    /// A chain of calls, fields and operators, read from its end to its beginning without recursion: a job may put hundreds of
    /// calls in one.
    fn chain(&mut self, node: Node<'_>) -> Expr {
        let mut links = Vec::new();
        let mut start = Some(node);
        while let Some(link) = start {
            let inner = match link.kind() {
                "field_expression" => link.child_by_field_name("value"),
                "call_expression" | "generic_function" => link.child_by_field_name("function"),
                "infix_expression" => link.child_by_field_name("left"),
                "postfix_expression" => parts(link).into_iter().next(),
                _ => break,
            };
            links.push(link);
            start = inner;
        }
        let outer = self.depth;
        let length = u32::try_from(links.len()).unwrap_or(u32::MAX);
        self.depth = outer.saturating_add(length);
        let mut value = match start {
            Some(_) if self.depth >= MAX_DEPTH => {
                // The links nearest to the beginning are left out with it.
                self.left_out = self.left_out.saturating_add(1);
                links.truncate(MAX_DEPTH.saturating_sub(outer) as usize);
                self.depth = MAX_DEPTH;
                opaque(
                    Vec::new(),
                    links
                        .last()
                        .map_or(range(node), |link| span(link.start_byte(), link.start_byte())),
                )
            }
            Some(first) => self.expr(first),
            None => opaque(Vec::new(), span(node.start_byte(), node.start_byte())),
        };
        for link in links.into_iter().rev() {
            self.depth = self.depth.saturating_sub(1);
            value = self.link(value, link);
        }
        self.depth = outer;
        value
    }

    fn link(&mut self, object: Expr, node: Node<'_>) -> Expr {
        let kind = match node.kind() {
            "field_expression" => ExprKind::Attribute {
                object: Box::new(object),
                name: self.field_name(node, "field"),
            },
            "generic_function" => {
                let list = node.child_by_field_name("type_arguments");
                ExprKind::Call {
                    callee: Box::new(object),
                    type_arguments: list.map_or_else(Vec::new, |list| self.type_refs(list)),
                    arguments: Vec::new(),
                    arguments_range: empty(node),
                }
            }
            "call_expression" => self.applied(object, node),
            "infix_expression" => self.infix(object, node),
            _ => match parts(node).get(1) {
                Some(name) => {
                    ExprKind::Attribute { object: Box::new(object), name: self.name(*name) }
                }
                None => object.kind,
            },
        };
        Expr { kind, range: range(node) }
    }

    /// `callee(…)`, `callee { … }`. A further list of the same application joins the ones before it.
    fn applied(&mut self, callee: Expr, node: Node<'_>) -> ExprKind {
        let function = node
            .child_by_field_name("function")
            .map(|function| function.kind())
            .unwrap_or_default();
        let list = node.child_by_field_name("arguments");
        let place = list.map_or_else(|| empty(node), range);
        let constructs = constructs(node);
        if constructs
            && let Some(body) = list.filter(|list| list.kind() == "block" && only_defines(*list))
        {
            return self.with_members(callee, body);
        }
        let new = list.map_or_else(Vec::new, |list| self.arguments(list));
        let parenthesised = list.is_some_and(|list| list.kind() == "arguments");
        match callee.kind {
            ExprKind::Call { callee: inner, type_arguments, mut arguments, arguments_range }
                if matches!(
                    function,
                    "call_expression" | "generic_function" | "instance_expression"
                ) =>
            {
                let first = arguments_range.start == arguments_range.end;
                if !first && !constructs && parenthesised && is_element(&inner, &arguments, &new) {
                    let kind = ExprKind::Call {
                        callee: inner,
                        type_arguments,
                        arguments,
                        arguments_range,
                    };
                    return element(Expr { kind, range: callee.range }, new, place);
                }
                let start = if first { place.start } else { arguments_range.start };
                arguments.extend(new);
                ExprKind::Call {
                    callee: inner,
                    type_arguments,
                    arguments,
                    arguments_range: TextRange::new(start, place.end),
                }
            }
            kind @ (ExprKind::Index { .. } | ExprKind::Column(_)) if parenthesised => {
                element(Expr { kind, range: callee.range }, new, place)
            }
            kind => ExprKind::Call {
                callee: Box::new(Expr { kind, range: callee.range }),
                type_arguments: Vec::new(),
                arguments: new,
                arguments_range: place,
            },
        }
    }

    /// The arguments of one list: in parentheses, in braces or behind a colon.
    pub(super) fn arguments(&mut self, list: Node<'_>) -> Vec<Arg> {
        match list.kind() {
            "arguments" => parts(list).into_iter().flat_map(|part| self.argument(part)).collect(),
            "block" => match parts(list).as_slice() {
                [] => vec![positional(literal(Literal::Null, list))],
                _ => vec![positional(self.block(list))],
            },
            "colon_argument" => vec![positional(self.colon_argument(list))],
            _ => vec![positional(self.boundary(list))],
        }
    }

    fn argument(&mut self, node: Node<'_>) -> Vec<Arg> {
        match node.kind() {
            "assignment_expression" => {
                let (name, value) = named_value(node);
                let name = name.map(|name| self.name(name));
                vec![Arg { name, value: self.boundary(value), spread: false }]
            }
            "vararg" => {
                let inner = parts(node).into_iter().next();
                let value = inner
                    .map_or_else(|| opaque(Vec::new(), range(node)), |inner| self.boundary(inner));
                vec![Arg { name: None, value, spread: true }]
            }
            "ERROR" => parts(node)
                .into_iter()
                .filter(|part| !is_inert(part.kind()))
                .map(|part| positional(self.boundary(part)))
                .collect(),
            kind if is_inert(kind) => Vec::new(),
            _ => vec![positional(self.boundary(node))],
        }
    }

    /// `xs.map: x => …` and `xs.foreach: case …`.
    fn colon_argument(&mut self, node: Node<'_>) -> Expr {
        let start: Vec<Node<'_>> = in_field(node, "lambda_start");
        let body = parts(node)
            .into_iter()
            .find(|part| matches!(part.kind(), "indented_block" | "indented_cases"));
        let Some(body) = body else { return opaque(Vec::new(), range(node)) };
        if start.is_empty() {
            return self.boundary(body);
        }
        let parameters = self.lambda_parameters(&start);
        let body = self.body(body, true);
        Expr { kind: ExprKind::Lambda { parameters, body }, range: range(node) }
    }

    fn infix(&mut self, left: Expr, node: Node<'_>) -> ExprKind {
        let name = self.field_name(node, "operator");
        let Some(right) = node.child_by_field_name("right") else {
            return ExprKind::Opaque(vec![left]);
        };
        if name.text == "->" {
            return ExprKind::List(vec![left, self.expr(right)]);
        }
        if let Some(operator) = neutral_operator(&name.text) {
            return ExprKind::Operation {
                operator: operator.to_owned(),
                operands: vec![left, self.expr(right)],
            };
        }
        let arguments = match right.kind() {
            "tuple_expression" => {
                parts(right).into_iter().flat_map(|part| self.argument(part)).collect()
            }
            "unit" => Vec::new(),
            "block" => self.arguments(right),
            _ => vec![positional(self.expr(right))],
        };
        let callee_range = TextRange::new(left.range.start, name.range.end);
        let callee = Expr {
            kind: ExprKind::Attribute { object: Box::new(left), name },
            range: callee_range,
        };
        ExprKind::Call {
            callee: Box::new(callee),
            type_arguments: Vec::new(),
            arguments,
            arguments_range: range(right),
        }
    }

    /// `new C[T](args)`, and anonymous classes with their members.
    fn instance(&mut self, node: Node<'_>) -> Expr {
        let mut constructor = None;
        let mut lists = in_field(node, "arguments");
        let mut members = None;
        for part in parts(node) {
            match part.kind() {
                "template_body" => members = Some(part),
                kind if is_type(kind) && constructor.is_none() => constructor = Some(part),
                _ => {}
            }
        }
        // `new C(x) with D`: the arguments stand inside the first of the types.
        let mut written = constructor;
        while let Some(outer) = written.filter(|outer| {
            matches!(outer.kind(), "compound_type" | "applied_constructor_type" | "annotated_type")
        }) {
            let inner = parts(outer);
            lists.extend(inner.iter().copied().filter(|part| part.kind() == "arguments"));
            written = inner.into_iter().find(|part| is_type(part.kind()));
        }
        let type_arguments = match written.filter(|outer| outer.kind() == "generic_type") {
            Some(generic) => {
                written = generic.child_by_field_name("type");
                generic
                    .child_by_field_name("type_arguments")
                    .map_or_else(Vec::new, |list| self.type_refs(list))
            }
            None => Vec::new(),
        };
        let callee =
            written.map_or_else(|| opaque(Vec::new(), empty(node)), |name| self.type_path(name));
        let arguments_range = match (lists.first(), lists.last()) {
            (Some(first), Some(last)) => span(first.start_byte(), last.end_byte()),
            _ => written.map_or_else(|| empty(node), empty),
        };
        let arguments = lists.into_iter().flat_map(|list| self.arguments(list)).collect();
        let end = members.map_or_else(|| node.end_byte(), |_| arguments_range.end as usize);
        let call = Expr {
            kind: ExprKind::Call {
                callee: Box::new(callee),
                type_arguments,
                arguments,
                arguments_range,
            },
            range: span(node.start_byte(), end),
        };
        let early = node.child_by_field_name("early_defs");
        match members.or(early) {
            Some(body) => Expr { kind: self.with_members(call, body), range: range(node) },
            None => call,
        }
    }

    /// The name of a class as an expression: `a.b.C`.
    fn type_path(&mut self, node: Node<'_>) -> Expr {
        if !matches!(node.kind(), "stable_type_identifier" | "stable_identifier") {
            return self.reference(node);
        }
        let mut path = parts(node).into_iter();
        let Some(first) = path.next() else { return self.reference(node) };
        let object =
            self.nested(|reader| reader.type_path(first), || opaque(Vec::new(), range(first)));
        path.fold(object, |object, part| {
            let whole = TextRange::new(object.range.start, range(part).end);
            Expr {
                kind: ExprKind::Attribute { object: Box::new(object), name: self.name(part) },
                range: whole,
            }
        })
    }

    /// An anonymous class: its members, then the call that makes the object.
    fn with_members(&mut self, call: Expr, members: Node<'_>) -> ExprKind {
        let body = self.statements(members, false);
        let place = range(members);
        let class = StmtKind::Class {
            name: Name {
                text: String::new(),
                range: span(members.start_byte(), members.start_byte()),
            },
            parameters: Vec::new(),
            body,
            runs: true,
            header: span(members.start_byte(), members.start_byte()),
        };
        let range = call.range;
        ExprKind::Block(vec![
            Stmt { kind: class, range: place },
            Stmt { kind: StmtKind::Expr(call), range },
        ])
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
            let parameters = vec![Parameter { pattern, annotation, default: None }];
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

    /// `if` as a value.
    fn conditional(&mut self, node: Node<'_>) -> Expr {
        let (arms, otherwise) = if_arms(node);
        let short =
            u32::try_from(arms.len()).unwrap_or(u32::MAX) < MAX_DEPTH.saturating_sub(self.depth);
        let all_plain = arms
            .iter()
            .map(|arm| arm.body)
            .chain([otherwise])
            .flatten()
            .all(|arm| is_plain(arm, self.text));
        if !short || !all_plain {
            let mut body = Vec::new();
            self.branch(node, true, &mut body);
            return Expr { kind: ExprKind::Block(body), range: range(node) };
        }
        let read: Vec<(Expr, Expr, TextRange)> = arms
            .into_iter()
            .map(|arm| {
                let condition = self.condition(arm.condition, arm.node);
                let then = arm.body.map_or_else(
                    || opaque(Vec::new(), empty(arm.node)),
                    |body| self.boundary(body),
                );
                (condition, then, range(arm.node))
            })
            .collect();
        let last = otherwise.map(|otherwise| self.boundary(otherwise));
        let whole = read.into_iter().rev().fold(last, |otherwise, (condition, then, range)| {
            let kind = ExprKind::Conditional {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: otherwise.map(Box::new),
            };
            Some(Expr { kind, range })
        });
        whole.unwrap_or_else(|| opaque(Vec::new(), range(node)))
    }

    /// The condition of an `if` or `while`, without its parentheses.
    pub(super) fn condition(&mut self, condition: Option<Node<'_>>, owner: Node<'_>) -> Expr {
        let Some(mut condition) = condition else { return opaque(Vec::new(), empty(owner)) };
        if condition.kind() == "parenthesized_expression"
            && let [inner] = parts(condition).as_slice()
        {
            condition = *inner;
        }
        self.boundary(condition)
    }
}

/// One `if` or `else if`.
pub(super) struct IfArm<'t> {
    pub(super) node: Node<'t>,
    pub(super) condition: Option<Node<'t>>,
    pub(super) body: Option<Node<'t>>,
}

/// The arms of an `if` with all its `else if`, and the last `else`.
pub(super) fn if_arms(node: Node<'_>) -> (Vec<IfArm<'_>>, Option<Node<'_>>) {
    let mut arms = Vec::new();
    let mut next = Some(node);
    while let Some(arm) = next.filter(|next| next.kind() == "if_expression") {
        arms.push(IfArm {
            node: arm,
            condition: arm.child_by_field_name("condition"),
            body: arm.child_by_field_name("consequence"),
        });
        next = arm.child_by_field_name("alternative");
    }
    (arms, next)
}

/// Whether the node is one expression without arms of statements, that neither binds a name nor leaves the block.
fn is_plain(node: Node<'_>, text: &str) -> bool {
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

pub(super) fn yields(node: Node<'_>) -> bool {
    tokens(node).iter().any(|(_, token)| token.kind() == "yield")
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

fn positional(value: Expr) -> Arg {
    Arg { name: None, value, spread: false }
}

/// `name = value`, or the value alone.
fn named_value(node: Node<'_>) -> (Option<Node<'_>>, Node<'_>) {
    if node.kind() != "assignment_expression" {
        return (None, node);
    }
    match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
        (Some(name), Some(value)) if name.kind() == "identifier" => (Some(name), value),
        _ => (None, node),
    }
}

/// Whether the node is nothing but `_`, perhaps with a type or in parentheses.
fn is_placeholder(node: Node<'_>) -> bool {
    let mut inner = node;
    loop {
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
}

/// Whether the node applies a constructor, perhaps with several lists. More than a few have never been seen.
fn constructs(node: Node<'_>) -> bool {
    let mut inner = Some(node);
    for _ in 0..8 {
        match inner {
            Some(call) if call.kind() == "call_expression" => {
                inner = call.child_by_field_name("function")
            }
            _ => break,
        }
    }
    inner.is_some_and(|inner| inner.kind() == "instance_expression")
}

/// Whether a block holds definitions alone, as the members of a class do.
fn only_defines(block: Node<'_>) -> bool {
    let mut cursor = block.walk();
    let mut members =
        block.named_children(&mut cursor).filter(|member| !is_comment(*member)).peekable();
    members.peek().is_some()
        && members.all(|member| {
            member.kind().ends_with("_definition") || member.kind().ends_with("_declaration")
        })
}

/// Whether a second list takes an element out of the result rather than belonging to the call. The syntax does not tell
/// `split(",")(0)` from a method with two lists: an index written as a number, and whatever follows an empty list, is an element.
fn is_element(callee: &Expr, before: &[Arg], list: &[Arg]) -> bool {
    let name = match &callee.kind {
        ExprKind::Name(name) => name,
        ExprKind::Attribute { name, .. } => &name.text,
        _ => return true,
    };
    let [only] = list else { return false };
    if only.name.is_some() || only.spread {
        return false;
    }
    let number = matches!(only.value.kind, ExprKind::Literal(Literal::Integer(_)));
    let function = matches!(only.value.kind, ExprKind::Lambda { .. });
    (number && !matches!(name.as_str(), "fill" | "ofDim" | "fold" | "foldLeft" | "foldRight"))
        || (before.is_empty() && !function)
}

/// `object(index)`.
fn element(object: Expr, mut list: Vec<Arg>, arguments_range: TextRange) -> ExprKind {
    if list.len() == 1
        && let Some(only) = list.pop()
    {
        return ExprKind::Index { object: Box::new(object), index: Box::new(only.value) };
    }
    ExprKind::Call {
        callee: Box::new(object),
        type_arguments: Vec::new(),
        arguments: list,
        arguments_range,
    }
}
