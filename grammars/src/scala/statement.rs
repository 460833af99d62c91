//! Statements and definitions.

use program::TextRange;

use super::control::{scrutinises_assignment, yields};
use super::expression::{assigned_operator, neutral_operator};
use super::{Reader, empty, in_field, is_inert, opaque, parts, range, span, tokens};
use crate::syntax::{Arg, Expr, ExprKind, FunctionDef, Name, Parameter, Pattern, Stmt, StmtKind};
use crate::tree::Node;

impl Reader<'_> {
    /// The statements of a file.
    pub(super) fn whole(&mut self, root: Node<'_>) -> Vec<Stmt> {
        if !root.is_error() {
            return self.statements(root, false);
        }
        let mut result = Vec::new();
        self.recovered(root, &mut result);
        result
    }

    /// The statements in a node. Where they have a value, the last of them comes as an expression if it is one at all.
    pub(super) fn statements(&mut self, node: Node<'_>, value: bool) -> Vec<Stmt> {
        self.sequence(&parts(node), value)
    }

    pub(super) fn sequence(&mut self, nodes: &[Node<'_>], value: bool) -> Vec<Stmt> {
        let mut result = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            self.statement(*node, value && index + 1 == nodes.len(), &mut result);
        }
        result
    }

    /// The statements of a body: those in its braces, or the one that it is.
    pub(super) fn body(&mut self, node: Node<'_>, value: bool) -> Vec<Stmt> {
        match node.kind() {
            "block" | "indented_block" | "template_body" | "with_template_body" | "enum_body" => {
                self.statements(node, value)
            }
            _ => self.sequence(&[node], value),
        }
    }

    pub(super) fn optional_body(&mut self, node: Option<Node<'_>>, value: bool) -> Vec<Stmt> {
        node.map_or_else(Vec::new, |node| self.body(node, value))
    }

    pub(super) fn statement(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        self.nested(
            node,
            |reader| {
                let first = out.len();
                reader.statement_here(node, value, out);
                if node.has_error() && !node.is_error() {
                    let mut strays = Vec::new();
                    reader.strays(node, &mut strays);
                    reader.searched.insert(node.id());
                    // In front, so that the last statement stays the value.
                    out.splice(first..first, strays);
                }
            },
            || {},
        );
    }

    fn statement_here(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        match node.kind() {
            "package_clause" => {
                let body = self.optional_body(node.child_by_field_name("body"), false);
                out.extend(body);
            }
            "import_declaration" => {
                let place = range(node);
                out.extend(
                    self.imports(node)
                        .into_iter()
                        .map(|import| Stmt { kind: StmtKind::Import(import), range: place }),
                );
            }
            "object_definition" | "package_object" | "class_definition" | "trait_definition"
            | "enum_definition" | "full_enum_case" | "simple_enum_case" => self.class(node, out),
            "enum_case_definitions" => {
                for case in parts(node) {
                    self.statement(case, false, out);
                }
            }
            "function_definition" | "function_declaration" => {
                let function = self.function(node, Vec::new());
                out.push(Stmt { kind: StmtKind::Function(function), range: range(node) });
            }
            "extension_definition" => self.extension(node, out),
            "type_definition" => self.type_alias(node, out),
            "given_definition" => self.given(node, out),
            "val_definition" | "var_definition" => self.definition(node, out),
            "val_declaration" | "var_declaration" => self.declaration(node, out),
            "block" | "indented_block" => {
                let body = self.statements(node, value);
                if value {
                    out.extend(body);
                } else {
                    out.push(Stmt { kind: StmtKind::Block(body), range: range(node) });
                }
            }
            "throw_expression" => {
                let thrown = parts(node).first().map(|thrown| self.boundary(*thrown));
                out.push(Stmt { kind: StmtKind::Jump(thrown), range: range(node) });
            }
            "return_expression" => {
                let returned = parts(node).first().map(|returned| self.boundary(*returned));
                out.push(Stmt { kind: StmtKind::Return(returned), range: range(node) });
            }
            "if_expression" if !value => self.branch(node, false, out),
            "for_expression" if !yields(node) => self.for_loop(node, out),
            "match_expression" | "try_expression" if value && !scrutinises_assignment(node) => {
                self.expression_statement(node, out);
            }
            "match_expression"
            | "try_expression"
            | "while_expression"
            | "do_while_expression"
            | "assignment_expression" => {
                self.control(node, value, out);
            }
            "infix_expression" => {
                if !self.compound_assignment(node, out) {
                    self.expression_statement(node, out);
                }
            }
            "ERROR" => self.recovered(node, out),
            kind if is_inert(kind) => {}
            _ => self.expression_statement(node, out),
        }
    }

    fn expression_statement(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let value = self.boundary(node);
        out.push(Stmt { kind: StmtKind::Expr(value), range: range(node) });
    }

    /// A statement that is no definition and may stand where an expression does.
    pub(super) fn control(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        match node.kind() {
            "match_expression" => self.matched(node, value, out),
            "try_expression" => self.tried(node, value, out),
            "assignment_expression" => {
                let assigned = node.child_by_field_name("right").map(|right| self.boundary(right));
                self.assignment(node.child_by_field_name("left"), assigned, range(node), out);
            }
            "do_while_expression" | "while_expression" => {
                let body = self.optional_body(node.child_by_field_name("body"), false);
                let condition = node.child_by_field_name("condition");
                let header = match condition {
                    Some(condition) if node.kind() == "while_expression" => {
                        span(node.start_byte(), condition.end_byte())
                    }
                    _ => node.child(0).map_or_else(|| empty(node), range),
                };
                let condition = self.condition(condition, node);
                out.push(Stmt {
                    kind: StmtKind::While { condition, body, header },
                    range: range(node),
                });
            }
            _ => self.expression_statement(node, out),
        }
    }

    // Definitions.

    fn class(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let type_parameters = self.open_type_parameters(node);
        let name = self.field_name(node, "name");
        let parameters = self.parameters(node, "class_parameters");
        let extend = node.child_by_field_name("extend");
        let members = node.child_by_field_name("body");
        let header = header(node, members);
        let mut runs = matches!(node.kind(), "object_definition" | "package_object");
        let mut body = Vec::new();
        let mut bases = Vec::new();
        if let Some(extend) = extend {
            bases.extend(in_field(extend, "type").into_iter().filter_map(|it| self.base(it)));
            runs |= in_field(extend, "type").iter().any(|parent| self.source(*parent) == "App");
            body.extend(self.parent_call(extend));
        }
        body.extend(self.optional_body(members, false));
        self.type_parameters.truncate(type_parameters);
        out.push(Stmt {
            kind: StmtKind::Class {
                name,
                bases,
                decorators: implicit(node).into_iter().collect(),
                parameters,
                body,
                runs,
                header,
            },
            range: range(node),
        });
    }

    /// `type Frames = Map[String, DataFrame]`.
    fn type_alias(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let written = node.child_by_field_name("type");
        if let Some(target) = written.and_then(|written| self.type_ref(written)) {
            let kind = StmtKind::TypeAlias { name: self.field_name(node, "name"), target };
            out.push(Stmt { kind, range: range(node) });
        }
    }

    /// A class that is extended, as an expression.
    fn base(&mut self, written: Node<'_>) -> Option<Expr> {
        let name = self.type_ref(written)?.name;
        Some(Expr { kind: ExprKind::Name(name), range: range(written) })
    }

    /// `extends Parent(args)` calls the parent's constructor.
    fn parent_call(&mut self, extend: Node<'_>) -> Option<Stmt> {
        let lists = in_field(extend, "arguments");
        let parent = in_field(extend, "type").into_iter().next()?;
        let (first, last) = (lists.first()?, lists.last()?);
        let arguments_range = span(first.start_byte(), last.end_byte());
        let place = TextRange::new(range(parent).start, arguments_range.end);
        let reference = self.type_ref(parent)?;
        let arguments = lists.into_iter().flat_map(|list| self.arguments(list)).collect();
        let callee = Box::new(Expr { kind: ExprKind::Name(reference.name), range: range(parent) });
        let call = ExprKind::Call {
            callee,
            type_arguments: reference.arguments,
            arguments,
            arguments_range,
        };
        Some(Stmt { kind: StmtKind::Expr(Expr { kind: call, range: place }), range: place })
    }

    /// A method. `leading` are the parameters of the extension that it stands in.
    fn function(&mut self, node: Node<'_>, leading: Vec<Parameter>) -> FunctionDef {
        let body = node.child_by_field_name("body");
        let type_parameters = self.open_type_parameters(node);
        let returns =
            node.child_by_field_name("return_type").and_then(|written| self.type_ref(written));
        let mut parameters = leading;
        parameters.extend(self.parameters(node, "parameters"));
        // `def f() { … }` has no result, `: Unit` none that anything could use.
        let procedure = !tokens(node).iter().any(|(_, token)| token.kind() == "=");
        let last_is_result = body.is_some()
            && !procedure
            && returns.as_ref().is_none_or(|written| written.name != "Unit");
        let decorators =
            parts(node).into_iter().filter(|part| part.kind() == "annotation").collect::<Vec<_>>();
        let mut decorators: Vec<Expr> =
            decorators.into_iter().filter_map(|annotation| self.decorator(annotation)).collect();
        decorators.extend(implicit(node));
        let outer = std::mem::take(&mut self.placeholders);
        let statements = self.optional_body(body, last_is_result);
        self.placeholders = outer;
        self.type_parameters.truncate(type_parameters);
        FunctionDef {
            name: self.field_name(node, "name"),
            parameters,
            returns,
            body: statements.into(),
            last_is_result,
            decorators,
            header: header(node, body),
        }
    }

    fn decorator(&mut self, annotation: Node<'_>) -> Option<Expr> {
        let written = annotation.child_by_field_name("name")?;
        let name = self.type_ref(written)?.name;
        let name = Expr { kind: ExprKind::Name(name), range: range(written) };
        let lists = in_field(annotation, "arguments");
        let (Some(first), Some(last)) = (lists.first(), lists.last()) else { return Some(name) };
        let arguments_range = span(first.start_byte(), last.end_byte());
        let arguments = lists.into_iter().flat_map(|list| self.arguments(list)).collect();
        let place = TextRange::new(name.range.start, arguments_range.end);
        let kind = ExprKind::Call {
            callee: Box::new(name),
            type_arguments: Vec::new(),
            arguments,
            arguments_range,
        };
        Some(Expr { kind, range: place })
    }

    /// Methods of an extension take what they extend as their first parameter.
    fn extension(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let parameters = self.parameters(node, "parameters");
        for member in in_field(node, "body") {
            if matches!(member.kind(), "function_definition" | "function_declaration") {
                let mut function = self.function(member, parameters.clone());
                // What the compiler finds stands after what is written at a call.
                let mut own = function.parameters.split_off(parameters.len());
                let (written, found): (Vec<_>, Vec<_>) = std::mem::take(&mut function.parameters)
                    .into_iter()
                    .partition(|it| it.default.is_none());
                function.parameters = written;
                function.parameters.append(&mut own);
                function.parameters.extend(found);
                let place = span(node.start_byte(), node.start_byte());
                function.decorators.push(modifier("extension", place));
                out.push(Stmt { kind: StmtKind::Function(function), range: range(member) });
            } else {
                self.statement(member, false, out);
            }
        }
    }

    /// `given T = value` binds a value, `given T with …` an object with members.
    fn given(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let body = node.child_by_field_name("body");
        let place = range(node);
        let name = self.field_name(node, "name");
        if let Some(members) =
            body.filter(|body| matches!(body.kind(), "template_body" | "with_template_body"))
        {
            let parameters = self.parameters(node, "parameters");
            let body = self.statements(members, false);
            let kind = StmtKind::Class {
                name,
                bases: Vec::new(),
                decorators: Vec::new(),
                parameters,
                body,
                runs: true,
                header: header(node, Some(members)),
            };
            out.push(Stmt { kind, range: place });
            return;
        }
        let annotation =
            in_field(node, "return_type").first().and_then(|written| self.type_ref(*written));
        let value = body.map(|body| self.boundary(body));
        let target = if name.text.is_empty() { Pattern::Ignore } else { Pattern::Name(name) };
        out.push(Stmt { kind: StmtKind::Assign { target, annotation, value }, range: place });
    }

    fn definition(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let written = node.child_by_field_name("pattern");
        let mut annotation =
            node.child_by_field_name("type").and_then(|written| self.type_ref(written));
        if annotation.is_none() {
            annotation = written.and_then(|pattern| self.pattern_type(pattern));
        }
        // `var x: T = _` says that there is no value yet.
        let value = node.child_by_field_name("value").filter(|value| value.kind() != "wildcard");
        let value = value.map(|value| self.boundary(value));
        let targets = written
            .map_or_else(|| vec![Pattern::Ignore], |pattern| self.definition_patterns(pattern));
        for target in targets {
            let kind =
                StmtKind::Assign { target, annotation: annotation.clone(), value: value.clone() };
            out.push(Stmt { kind, range: range(node) });
        }
    }

    fn declaration(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let annotation =
            node.child_by_field_name("type").and_then(|written| self.type_ref(written));
        for name in in_field(node, "name") {
            let target = Pattern::Name(self.name(name));
            let kind = StmtKind::Assign { target, annotation: annotation.clone(), value: None };
            out.push(Stmt { kind, range: range(node) });
        }
    }

    // Assignments.

    pub(super) fn assignment(
        &mut self,
        left: Option<Node<'_>>,
        value: Option<Expr>,
        place: TextRange,
        out: &mut Vec<Stmt>,
    ) {
        let target = left.and_then(|left| self.target(left));
        let kind = match (target, left) {
            (Some(target), _) => StmtKind::Assign { target, annotation: None, value },
            (None, Some(left)) => StmtKind::Expr(self.update(left, value, place)),
            (None, None) => StmtKind::Expr(opaque(value.into_iter().collect(), place)),
        };
        out.push(Stmt { kind, range: place });
    }

    /// A name, or a path of names.
    fn target(&mut self, node: Node<'_>) -> Option<Pattern> {
        let mut path = Vec::new();
        let mut inner = node;
        while inner.kind() == "field_expression" {
            path.push(self.field_name(inner, "field"));
            inner = inner.child_by_field_name("value")?;
        }
        if inner.kind() != "identifier" {
            return None;
        }
        path.push(self.name(inner));
        path.reverse();
        if path.len() == 1 { path.pop().map(Pattern::Name) } else { Some(Pattern::Attribute(path)) }
    }

    /// `a(i) = v` calls `a.update(i, v)`; other targets are only evaluated.
    fn update(&mut self, left: Node<'_>, value: Option<Expr>, place: TextRange) -> Expr {
        let list =
            left.child_by_field_name("arguments").filter(|_| left.kind() == "call_expression");
        let (Some(list), Some(object)) = (list, left.child_by_field_name("function")) else {
            let mut inner = vec![self.boundary(left)];
            inner.extend(value);
            return opaque(inner, place);
        };
        let object = self.boundary(object);
        let mut arguments = self.arguments(list);
        arguments.extend(value.map(|value| Arg { name: None, value, spread: false }));
        let whole = object.range;
        let name = Name { text: "update".into(), range: TextRange::new(whole.end, whole.end) };
        let callee =
            Expr { kind: ExprKind::Attribute { object: Box::new(object), name }, range: whole };
        let kind = ExprKind::Call {
            callee: Box::new(callee),
            type_arguments: Vec::new(),
            arguments,
            arguments_range: range(list),
        };
        Expr { kind, range: place }
    }

    /// `a += b`, where `a` is a name or a path of names.
    fn compound_assignment(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) -> bool {
        let (Some(left), Some(operator), Some(right)) = (
            node.child_by_field_name("left"),
            node.child_by_field_name("operator"),
            node.child_by_field_name("right"),
        ) else {
            return false;
        };
        let Some(applied) = assigned_operator(self.source(operator)) else { return false };
        let Some(target) = self.target(left) else { return false };
        let applied = neutral_operator(applied).unwrap_or(applied).to_owned();
        let operands = vec![self.expr(left), self.boundary(right)];
        let value = Expr {
            kind: ExprKind::Operation { operator: applied.into(), operands },
            range: range(node),
        };
        let kind = StmtKind::Assign { target, annotation: None, value: Some(value) };
        out.push(Stmt { kind, range: range(node) });
        true
    }

    // Errors.

    /// The errors inside a statement that were in the way of nothing that was read.
    fn strays(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let broken: Vec<Node<'_>> = node
                .children()
                .filter(|child| child.has_error() && !self.searched.contains(&child.id()))
                .collect();
            for child in broken.into_iter().rev() {
                if !child.is_error() {
                    open.push(child);
                } else if !self.recovered.contains(&child.id()) {
                    self.recovered(child, out);
                }
            }
        }
    }

    /// What the parser could not place. A definition without its name's node and a call that is not closed are what half-typed
    /// code mostly consists of, so these are put together again.
    fn recovered(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        self.recovered.insert(node.id());
        let tokens: Vec<Node<'_>> = tokens(node).into_iter().map(|(_, token)| token).collect();
        let mut at = 0;
        let mut target: Option<(Pattern, usize)> = None;
        while let Some(token) = tokens.get(at).copied() {
            at += 1;
            if matches!(token.kind(), "val" | "var") {
                let ahead = tokens.iter().skip(at).take(4).position(|next| next.kind() == "=");
                if let Some(equals) = ahead
                    .and_then(|ahead| tokens.get(at + ahead).copied().map(|equals| (ahead, equals)))
                {
                    target = self
                        .unplaced_name(token, equals.1)
                        .map(|name| (Pattern::Name(name), token.start_byte()));
                    at += equals.0 + 1;
                }
                continue;
            }
            if !token.is_named() || is_inert(token.kind()) {
                continue;
            }
            let opened = tokens
                .get(at)
                .filter(|open| open.kind() == "(" && open.start_byte() == token.end_byte())
                .filter(|_| {
                    matches!(token.kind(), "identifier" | "field_expression" | "generic_function")
                });
            let value = match opened {
                Some(_) => self.unclosed_call(token, &tokens, &mut at),
                None if target.is_some() && is_value(token.kind()) => self.boundary(token),
                None => {
                    self.statement(token, false, out);
                    continue;
                }
            };
            let (kind, start) = match target.take() {
                Some((target, start)) => (
                    StmtKind::Assign { target, annotation: None, value: Some(value.clone()) },
                    start,
                ),
                None => (StmtKind::Expr(value.clone()), token.start_byte()),
            };
            out.push(Stmt { kind, range: span(start, value.range.end as usize) });
        }
    }

    /// The name between `val` and `=`, for which an error node has no child.
    fn unplaced_name(&self, keyword: Node<'_>, equals: Node<'_>) -> Option<Name> {
        let written = self.text.get(keyword.end_byte()..equals.start_byte())?;
        let name = written.split(':').next().unwrap_or_default();
        let start = keyword.end_byte() + (name.len() - name.trim_start().len());
        let name = name.trim();
        let plain = !name.is_empty()
            && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        plain.then(|| Name { text: name.into(), range: span(start, start + name.len()) })
    }

    /// A call whose parenthesis is open at `at`, with what can be its arguments.
    fn unclosed_call(&mut self, callee: Node<'_>, tokens: &[Node<'_>], at: &mut usize) -> Expr {
        let place = range(callee);
        let callee = self.boundary(callee);
        let mut arguments = Vec::new();
        let mut end = place.end as usize;
        while let Some(token) = tokens.get(*at) {
            let closes = token.kind() == ")";
            if token.is_named() && is_value(token.kind()) {
                self.argument(*token, &mut arguments);
            } else if !matches!(token.kind(), "(" | "," | ")") {
                break;
            }
            end = token.end_byte();
            *at += 1;
            if closes {
                break;
            }
        }
        let arguments_range = TextRange::new(place.end, span(end, end).end);
        let kind = ExprKind::Call {
            callee: Box::new(callee),
            type_arguments: Vec::new(),
            arguments,
            arguments_range,
        };
        Expr { kind, range: TextRange::new(place.start, arguments_range.end) }
    }
}

/// Scala's modifiers that change what a name means stand among the decorators.
fn modifier(name: &str, range: TextRange) -> Expr {
    Expr { kind: ExprKind::Name(name.into()), range }
}

/// Whether a definition is `implicit`, as a modifier.
fn implicit(node: Node<'_>) -> Option<Expr> {
    let modifiers = parts(node).into_iter().find(|part| part.kind() == "modifiers")?;
    let written = tokens(modifiers).into_iter().find(|(_, token)| token.kind() == "implicit")?;
    Some(modifier("implicit", range(written.1)))
}

/// The header of a definition: everything before its body.
fn header(node: Node<'_>, body: Option<Node<'_>>) -> TextRange {
    let Some(body) = body else { return range(node) };
    let mut end = node.start_byte();
    for (_, token) in tokens(node) {
        if token.start_byte() >= body.start_byte() {
            break;
        }
        if token.kind() != "=" {
            end = token.end_byte();
        }
    }
    span(node.start_byte(), end)
}

/// Whether the node may be a value or an argument.
fn is_value(kind: &str) -> bool {
    !is_inert(kind)
        && !kind.ends_with("_definition")
        && !kind.ends_with("_declaration")
        && kind != "ERROR"
}
