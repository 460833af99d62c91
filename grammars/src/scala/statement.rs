//! Statements and definitions.

use program::TextRange;
use tree_sitter::Node;

use super::expression::{assigned_operator, if_arms, neutral_operator, yields};
use super::{MAX_NESTING, Reader, empty, in_field, is_inert, opaque, parts, range, span, tokens};
use crate::syntax::{Expr, ExprKind, FunctionDef, Name, Parameter, Pattern, Stmt, StmtKind};

impl Reader<'_> {
    /// The statements in a node. Where they have a value, the last of them comes as an expression if it is one at all.
    pub(super) fn statements(&mut self, node: Node<'_>, value: bool) -> Vec<Stmt> {
        self.sequence(&parts(node), value)
    }

    pub(super) fn sequence(&mut self, nodes: &[Node<'_>], value: bool) -> Vec<Stmt> {
        let mut result = Vec::new();
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

    fn optional_body(&mut self, node: Option<Node<'_>>, value: bool) -> Vec<Stmt> {
        node.map_or_else(Vec::new, |node| self.body(node, value))
    }

    pub(super) fn statement(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        if let Some(read) = self.nested(
            |reader| {
                let mut read = Vec::new();
                reader.statement_here(node, value, &mut read);
                Some(read)
            },
            || None,
        ) {
            out.extend(read);
        }
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
        let name = self.field_name(node, "name");
        let parameters = self.parameters(node, "class_parameters");
        let extend = node.child_by_field_name("extend");
        let members = node.child_by_field_name("body");
        let header = header(node, members);
        let mut runs = matches!(node.kind(), "object_definition" | "package_object");
        let mut body = Vec::new();
        if let Some(extend) = extend {
            runs |= in_field(extend, "type").iter().any(|parent| self.source(*parent) == "App");
            body.extend(self.parent_call(extend));
        }
        body.extend(self.optional_body(members, false));
        out.push(Stmt {
            kind: StmtKind::Class { name, parameters, body, runs, header },
            range: range(node),
        });
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
        let decorators =
            decorators.into_iter().filter_map(|annotation| self.decorator(annotation)).collect();
        let outer = std::mem::take(&mut self.placeholders);
        let statements = self.optional_body(body, last_is_result);
        self.placeholders = outer;
        FunctionDef {
            name: self.field_name(node, "name"),
            parameters,
            returns,
            body: statements,
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
                let function = self.function(member, parameters.clone());
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

    fn assignment(
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
        match self.boundary(left).kind {
            ExprKind::Call { callee, type_arguments, mut arguments, arguments_range } => {
                let at = TextRange::new(callee.range.end, callee.range.end);
                arguments.extend(value.map(|value| crate::syntax::Arg {
                    name: None,
                    value,
                    spread: false,
                }));
                let whole = callee.range;
                let name = Name { text: "update".to_owned(), range: at };
                let callee =
                    Expr { kind: ExprKind::Attribute { object: callee, name }, range: whole };
                let kind = ExprKind::Call {
                    callee: Box::new(callee),
                    type_arguments,
                    arguments,
                    arguments_range,
                };
                Expr { kind, range: place }
            }
            kind => {
                let mut inner = vec![Expr { kind, range: range(left) }];
                inner.extend(value);
                opaque(inner, place)
            }
        }
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
        let value =
            Expr { kind: ExprKind::Operation { operator: applied, operands }, range: range(node) };
        let kind = StmtKind::Assign { target, annotation: None, value: Some(value) };
        out.push(Stmt { kind, range: range(node) });
        true
    }

    // Control flow.

    /// `if` as a statement, or as a value whose arms are more than expressions.
    pub(super) fn branch(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        let (written, otherwise) = if_arms(node);
        let mut conditions = Vec::new();
        let mut arms = Vec::new();
        let mut header = None;
        for arm in written {
            let end = arm
                .condition
                .map_or_else(|| arm.node.start_byte(), |condition| condition.end_byte());
            header.get_or_insert_with(|| span(arm.node.start_byte(), end));
            conditions.push(self.condition(arm.condition, arm.node));
            arms.push(self.optional_body(arm.body, value));
        }
        let exhaustive = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            arms.push(self.body(otherwise, value));
        }
        let header = header.unwrap_or_else(|| empty(node));
        out.push(Stmt {
            kind: StmtKind::Branch { conditions, arms, exhaustive, header },
            range: range(node),
        });
    }

    fn matched(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        let scrutinee = node.child_by_field_name("value");
        let body = node.child_by_field_name("body");
        let clauses: Vec<Node<'_>> = body
            .map_or_else(Vec::new, parts)
            .into_iter()
            .filter(|part| part.kind() == "case_clause")
            .collect();
        let keyword = tokens(node)
            .into_iter()
            .find(|(_, token)| token.kind() == "match")
            .map(|(_, token)| token);
        let header = span(
            node.start_byte(),
            keyword.map_or_else(|| node.start_byte(), |keyword| keyword.end_byte()),
        );
        // `x = y match …` parses as a match on the assignment, but assigns what the match yields.
        if let Some(assignment) = scrutinee.filter(|_| scrutinises_assignment(node)) {
            let place = range(node);
            let matched = match assignment.child_by_field_name("right") {
                Some(right) => self.boundary(right),
                None => opaque(Vec::new(), empty(assignment)),
            };
            let start = matched.range.start;
            let branch = self.cases(&clauses, matched, TextRange::new(start, header.end), true);
            let whole = TextRange::new(start, place.end);
            let result = Expr {
                kind: ExprKind::Block(vec![Stmt { kind: branch, range: whole }]),
                range: whole,
            };
            self.assignment(assignment.child_by_field_name("left"), Some(result), place, out);
            return;
        }
        let scrutinee = match scrutinee {
            // As a value, the `_` in it belong to what the match stands in.
            Some(scrutinee) if value => self.expr(scrutinee),
            Some(scrutinee) => self.boundary(scrutinee),
            None => opaque(Vec::new(), empty(node)),
        };
        let branch = self.cases(&clauses, scrutinee, header, value);
        out.push(Stmt { kind: branch, range: range(node) });
    }

    /// The branch over the clauses of a `match`. One of them always runs: a value that no clause matches throws.
    pub(super) fn cases(
        &mut self,
        clauses: &[Node<'_>],
        scrutinee: Expr,
        header: TextRange,
        value: bool,
    ) -> StmtKind {
        let arms: Vec<_> =
            clauses.iter().map(|clause| self.case_arm(*clause, Some(&scrutinee), value)).collect();
        let exhaustive = !arms.is_empty();
        StmtKind::Branch { conditions: vec![scrutinee], arms, exhaustive, header }
    }

    /// One clause: its pattern bound, then its guard, then its statements.
    fn case_arm(&mut self, clause: Node<'_>, scrutinee: Option<&Expr>, value: bool) -> Vec<Stmt> {
        let mut arm = Vec::new();
        if let Some(written) = clause.child_by_field_name("pattern") {
            let annotation = self.pattern_type(written);
            let target = self.pattern(written);
            if binds_names(&target) {
                // Evaluated once, before all arms: only what evaluates nothing may be repeated.
                let value = scrutinee.filter(|scrutinee| is_path(scrutinee)).cloned();
                arm.push(Stmt {
                    kind: StmtKind::Assign { target, annotation, value },
                    range: range(written),
                });
            }
        }
        arm.extend(self.case_body(clause, value));
        arm
    }

    pub(super) fn case_body(&mut self, clause: Node<'_>, value: bool) -> Vec<Stmt> {
        let mut body = Vec::new();
        for guard in parts(clause).into_iter().filter(|part| part.kind() == "guard") {
            let condition = self.guard(guard);
            let place = condition.range;
            body.push(Stmt { kind: StmtKind::Expr(opaque(vec![condition], place)), range: place });
        }
        let statements = in_field(clause, "body");
        match statements.as_slice() {
            [only] => body.extend(self.body(*only, value)),
            several => body.extend(self.sequence(several, value)),
        }
        body
    }

    fn guard(&mut self, node: Node<'_>) -> Expr {
        self.condition(node.child_by_field_name("condition"), node)
    }

    fn tried(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
        let place = range(node);
        let mut arms = vec![self.optional_body(node.child_by_field_name("body"), value)];
        let mut last = Vec::new();
        for part in parts(node) {
            match part.kind() {
                "catch_clause" => self.handlers(part, value, &mut arms),
                "finally_clause" => {
                    for body in parts(part) {
                        last.extend(self.body(body, false));
                    }
                }
                _ => {}
            }
        }
        let header = node.child(0).map_or_else(|| empty(node), range);
        let plain = arms.len() == 1;
        let tried = match arms.pop() {
            Some(only) if plain && value && last.is_empty() => {
                out.extend(only);
                return;
            }
            Some(only) if plain => StmtKind::Block(only),
            popped => {
                arms.extend(popped);
                StmtKind::Branch { conditions: Vec::new(), arms, exhaustive: true, header }
            }
        };
        let tried = Stmt { kind: tried, range: place };
        if !value || last.is_empty() {
            out.push(tried);
            out.extend(last);
            return;
        }
        // What `finally` holds runs after the value is computed: a name that no program can have carries it past.
        let carrier = Name { text: "try".to_owned(), range: header };
        let body = match tried.kind {
            StmtKind::Block(body) => body,
            kind => vec![Stmt { kind, range: place }],
        };
        let result = Expr { kind: ExprKind::Block(body), range: place };
        let kind = StmtKind::Assign {
            target: Pattern::Name(carrier.clone()),
            annotation: None,
            value: Some(result),
        };
        out.push(Stmt { kind, range: place });
        out.extend(last);
        let carried = Expr { kind: ExprKind::Name(carrier.text), range: place };
        out.push(Stmt { kind: StmtKind::Expr(carried), range: place });
    }

    fn handlers(&mut self, clause: Node<'_>, value: bool, arms: &mut Vec<Vec<Stmt>>) {
        if clause.child_by_field_name("pattern").is_some() {
            arms.push(self.case_arm(clause, None, value));
            return;
        }
        for part in parts(clause) {
            match part.kind() {
                "case_block" | "indented_cases" => {
                    for case in parts(part).into_iter().filter(|case| case.kind() == "case_clause")
                    {
                        arms.push(self.case_arm(case, None, value));
                    }
                }
                _ => arms.push(self.body(part, value)),
            }
        }
    }

    // Loops.

    fn for_loop(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let (steps, header) = self.steps(node);
        let mut body = self.optional_body(node.child_by_field_name("body"), false);
        let end = range(node).end;
        for (index, step) in steps.into_iter().enumerate().rev() {
            let outermost = index == 0;
            let place = if outermost { range(node) } else { TextRange::new(step.range.start, end) };
            let kind = match step.kind {
                StepKind::Generator(target, iterated) => {
                    let header = if outermost { header } else { step.range };
                    StmtKind::For { target, iterated, body, header }
                }
                StepKind::Guard(condition) => {
                    let header = step.range;
                    StmtKind::Branch {
                        conditions: vec![condition],
                        arms: vec![body],
                        exhaustive: false,
                        header,
                    }
                }
                StepKind::Binding(target, value) => {
                    let binding = StmtKind::Assign { target, annotation: None, value: Some(value) };
                    body.insert(0, Stmt { kind: binding, range: step.range });
                    continue;
                }
            };
            body = vec![Stmt { kind, range: place }];
        }
        out.extend(body);
    }

    /// `for … yield` as a value, or a loop where a value is asked for.
    pub(super) fn for_value(&mut self, node: Node<'_>) -> Expr {
        if !yields(node) {
            let mut body = Vec::new();
            self.for_loop(node, &mut body);
            return Expr { kind: ExprKind::Block(body), range: range(node) };
        }
        let (steps, _) = self.steps(node);
        let mut clauses: Vec<(Pattern, Expr, Vec<Expr>)> = Vec::new();
        for step in steps {
            match step.kind {
                StepKind::Generator(pattern, iterated) => {
                    clauses.push((pattern, iterated, Vec::new()))
                }
                StepKind::Guard(condition) => {
                    if let Some((_, _, conditions)) = clauses.last_mut() {
                        conditions.push(condition);
                    }
                }
                // A binding is a clause over the one value it binds.
                StepKind::Binding(pattern, value) => {
                    let place = value.range;
                    clauses.push((
                        pattern,
                        Expr { kind: ExprKind::List(vec![value]), range: place },
                        Vec::new(),
                    ));
                }
            }
        }
        let element = match node.child_by_field_name("body") {
            Some(body) => self.boundary(body),
            None => opaque(Vec::new(), empty(node)),
        };
        Expr {
            kind: ExprKind::Comprehension { element: Box::new(element), clauses },
            range: range(node),
        }
    }

    /// The enumerators in order, and the header that ends with them.
    fn steps(&mut self, node: Node<'_>) -> (Vec<Step>, TextRange) {
        let mut steps = Vec::new();
        let mut end = node.start_byte();
        for (field, child) in tokens(node) {
            if field == Some("enumerators") {
                end = child.end_byte();
            }
            if child.kind() != "enumerators" {
                continue;
            }
            for enumerator in parts(child) {
                self.enumerator(enumerator, &mut steps);
            }
        }
        // Every generator nests what follows it.
        let most = MAX_NESTING.saturating_sub(self.nesting) as usize;
        if steps.len() > most {
            self.left_out = self.left_out.saturating_add(1);
            steps.truncate(most);
        }
        (steps, span(node.start_byte(), end))
    }

    fn enumerator(&mut self, node: Node<'_>, steps: &mut Vec<Step>) {
        if node.kind() != "enumerator" {
            return;
        }
        let binds = tokens(node).iter().any(|(_, token)| token.kind() == "=");
        let mut pattern = None;
        for part in parts(node) {
            let place = range(part);
            if part.kind() == "guard" {
                let condition = self.guard(part);
                steps.push(Step { kind: StepKind::Guard(condition), range: place });
            } else if let Some(pattern) = pattern.take() {
                let value = self.boundary(part);
                let kind = if binds {
                    StepKind::Binding(pattern, value)
                } else {
                    StepKind::Generator(pattern, value)
                };
                steps.push(Step { kind, range: span(node.start_byte(), part.end_byte()) });
            } else {
                pattern = Some(self.pattern(part));
            }
        }
    }

    // Errors.

    /// What the parser could not place, statement by statement.
    fn recovered(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        for part in parts(node) {
            self.statement(part, false, out);
        }
    }
}

struct Step {
    kind: StepKind,
    range: TextRange,
}

enum StepKind {
    Generator(Pattern, Expr),
    Guard(Expr),
    Binding(Pattern, Expr),
}

/// Whether a match is parsed around an assignment: `x = y match …`.
pub(super) fn scrutinises_assignment(node: Node<'_>) -> bool {
    node.kind() == "match_expression"
        && node
            .child_by_field_name("value")
            .is_some_and(|value| value.kind() == "assignment_expression")
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

fn binds_names(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Name(_) | Pattern::Attribute(_) => true,
        Pattern::Tuple(items) => items.iter().any(binds_names),
        Pattern::Ignore => false,
    }
}

/// Whether the expression is a name or a path of names.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Attribute { object, .. } => is_path(object),
        ExprKind::List(items) => items.iter().all(is_path),
        _ => false,
    }
}
