//! Calls: chains of them, their arguments, constructors.

use program::{Literal, TextRange};

use super::expression::neutral_operator;
use super::literal::literal;
use super::{
    MAX_DEPTH, Reader, empty, in_field, is_comment, is_inert, is_type, opaque, parts, range, span,
};
use crate::syntax::{Arg, Expr, ExprKind, Name, Stmt, StmtKind, leave_out};
use crate::tree::Node;

impl Reader<'_> {
    /// A chain of calls, fields and operators, read from its end to its beginning without recursion: a job may put hundreds of
    /// calls in one.
    pub(super) fn chain(&mut self, node: Node<'_>) -> Expr {
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
                leave_out(&mut self.left_out, range(node));
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
                ) && (arguments_range.start == arguments_range.end
                    || !yields_function(&inner)) =>
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
            ExprKind::Operation { operator, mut operands } if is_fold(&operator, &operands) => {
                match (operands.pop(), operands.pop()) {
                    (Some(collection), Some(initial)) => fold(initial, collection, new, place),
                    _ => ExprKind::Opaque(operands),
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
            "arguments" => self.each_argument(&parts(list)),
            "block" => match parts(list).as_slice() {
                [] => vec![positional(literal(Literal::Null, list))],
                _ => vec![positional(self.block(list))],
            },
            "colon_argument" => vec![positional(self.colon_argument(list))],
            _ => vec![positional(self.boundary(list))],
        }
    }

    fn each_argument(&mut self, nodes: &[Node<'_>]) -> Vec<Arg> {
        let mut arguments = Vec::with_capacity(nodes.len());
        for node in nodes {
            self.argument(*node, &mut arguments);
        }
        arguments
    }

    pub(super) fn argument(&mut self, node: Node<'_>, arguments: &mut Vec<Arg>) {
        match node.kind() {
            "assignment_expression" => {
                let (name, value) = named_value(node);
                let name = name.map(|name| self.name(name));
                arguments.push(Arg { name, value: self.boundary(value), spread: false });
            }
            "vararg" => {
                let inner = parts(node).into_iter().next();
                let value = inner
                    .map_or_else(|| opaque(Vec::new(), range(node)), |inner| self.boundary(inner));
                arguments.push(Arg { name: None, value, spread: true });
            }
            "ERROR" => {
                self.recovered.insert(node.id());
                let parts = parts(node).into_iter().filter(|part| !is_inert(part.kind()));
                arguments.extend(parts.map(|part| positional(self.boundary(part))));
            }
            kind if is_inert(kind) => {}
            _ => arguments.push(positional(self.boundary(node))),
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
                operator: operator.into(),
                operands: vec![left, self.expr(right)],
            };
        }
        let arguments = match right.kind() {
            "tuple_expression" => self.each_argument(&parts(right)),
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
    pub(super) fn instance(&mut self, node: Node<'_>) -> Expr {
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
        let object = self.nested(
            first,
            |reader| reader.type_path(first),
            || opaque(Vec::new(), range(first)),
        );
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
                text: Default::default(),
                range: span(members.start_byte(), members.start_byte()),
            },
            bases: Vec::new(),
            decorators: Vec::new(),
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
}

fn positional(value: Expr) -> Arg {
    Arg { name: None, value, spread: false }
}

/// `name = value`, or the value alone.
pub(super) fn named_value(node: Node<'_>) -> (Option<Node<'_>>, Node<'_>) {
    if node.kind() != "assignment_expression" {
        return (None, node);
    }
    match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
        (Some(name), Some(value)) if name.kind() == "identifier" => (Some(name), value),
        _ => (None, node),
    }
}

/// Whether the node applies a constructor, perhaps with several lists. More than a few have never been seen.
fn constructs(node: Node<'_>) -> bool {
    let mut inner = Some(node);
    for _ in 0..8 {
        match inner {
            Some(call) if call.kind() == "call_expression" => {
                inner = call.child_by_field_name("function");
            }
            _ => break,
        }
    }
    inner.is_some_and(|inner| inner.kind() == "instance_expression")
}

/// Whether a block holds definitions alone, as the members of a class do.
fn only_defines(block: Node<'_>) -> bool {
    let mut members = block.named_children().filter(|member| !is_comment(*member)).peekable();
    members.peek().is_some()
        && members.all(|member| {
            member.kind().ends_with("_definition") || member.kind().ends_with("_declaration")
        })
}

/// Whether the call yields a function, which the next list applies: `udf(f)(column)`.
fn yields_function(callee: &Expr) -> bool {
    matches!(&callee.kind, ExprKind::Name(name) if name == "udf")
}

/// Whether a second list takes an element out of the result rather than belonging to the call. The syntax does not tell
/// `split(",")(0)` from a method with two lists: an index or key that is written out, and whatever follows an empty list, is one.
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
    let written =
        matches!(only.value.kind, ExprKind::Literal(Literal::Integer(_) | Literal::Text(_)));
    let function = matches!(only.value.kind, ExprKind::Lambda { .. });
    (written && !matches!(name.as_str(), "fill" | "ofDim" | "fold" | "foldLeft" | "foldRight"))
        || (before.is_empty() && !function)
}

/// Whether it is `initial /: collection`, Scala 2's other spelling of `collection.foldLeft(initial)`.
fn is_fold(operator: &str, operands: &[Expr]) -> bool {
    operator == "/:" && operands.len() == 2
}

/// `collection.foldLeft(initial)(function)`.
fn fold(initial: Expr, collection: Expr, function: Vec<Arg>, place: TextRange) -> ExprKind {
    let operator = TextRange::new(initial.range.end, collection.range.start);
    let name = Name { text: "foldLeft".into(), range: operator };
    let range = TextRange::new(initial.range.start, collection.range.end);
    let mut arguments = vec![positional(initial)];
    arguments.extend(function);
    let callee = Expr { kind: ExprKind::Attribute { object: Box::new(collection), name }, range };
    ExprKind::Call {
        callee: Box::new(callee),
        type_arguments: Vec::new(),
        arguments,
        arguments_range: place,
    }
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
