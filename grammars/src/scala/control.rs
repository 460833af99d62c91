//! Control flow: branches, `match`, `try`, loops and `for … yield`.

use program::TextRange;

use super::expression::is_plain;
use super::{MAX_DEPTH, MAX_NESTING, Reader, empty, in_field, opaque, parts, range, span, tokens};
use crate::syntax::{Expr, ExprKind, Name, Pattern, Stmt, StmtKind, leave_out};
use crate::tree::Node;

impl Reader<'_> {
    /// `if` as a value.
    pub(super) fn conditional(&mut self, node: Node<'_>) -> Expr {
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

    pub(super) fn matched(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
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
            let header = TextRange::new(start, header.end);
            let (branch, carrier) = self.scrutinised(&clauses, matched, header, true);
            let whole = TextRange::new(start, place.end);
            let mut body: Vec<Stmt> = carrier.into_iter().collect();
            body.push(Stmt { kind: branch, range: whole });
            let result = Expr { kind: ExprKind::Block(body), range: whole };
            self.assignment(assignment.child_by_field_name("left"), Some(result), place, out);
            return;
        }
        let scrutinee = match scrutinee {
            // As a value, the `_` in it belong to what the match stands in.
            Some(scrutinee) if value => self.expr(scrutinee),
            Some(scrutinee) => self.boundary(scrutinee),
            None => opaque(Vec::new(), empty(node)),
        };
        let place = range(node);
        let (branch, carrier) = self.scrutinised(&clauses, scrutinee, header, value);
        out.extend(carrier);
        out.push(Stmt { kind: branch, range: place });
    }

    /// The branch over the clauses of a `match`, and the statement before it that evaluates what the clauses take apart. It is bound
    /// to a name that no program can have.
    fn scrutinised(
        &mut self,
        clauses: &[Node<'_>],
        scrutinee: Expr,
        header: TextRange,
        value: bool,
    ) -> (StmtKind, Option<Stmt>) {
        let takes = |reader: &mut Self| {
            clauses.iter().any(|clause| {
                let written = clause.child_by_field_name("pattern");
                written.is_some_and(|written| binds_names(&reader.pattern(written)))
            })
        };
        if is_path(&scrutinee) || matches!(scrutinee.kind, ExprKind::Literal(_)) || !takes(self) {
            return (self.cases(clauses, scrutinee, header, value), None);
        }
        let place = scrutinee.range;
        let name = Name { text: "match".into(), range: place };
        let carried = Expr { kind: ExprKind::Name(name.text.clone()), range: place };
        let kind = StmtKind::Assign {
            target: Pattern::Name(name),
            annotation: None,
            value: Some(scrutinee),
        };
        let branch = self.cases(clauses, carried, header, value);
        (branch, Some(Stmt { kind, range: place }))
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
        let place = scrutinee.range;
        let asked = clauses.iter().map(|clause| self.asked(*clause)).collect::<Vec<_>>();
        let operands = std::iter::once(scrutinee).chain(asked).collect();
        let operation = ExprKind::Operation { operator: "match".into(), operands };
        let conditions = vec![Expr { kind: operation, range: place }];
        StmtKind::Branch { conditions, arms, exhaustive, header }
    }

    /// The literal that a clause asks for, if that is all it asks for.
    fn asked(&mut self, clause: Node<'_>) -> Expr {
        let guarded = parts(clause).iter().any(|part| part.kind() == "guard");
        match clause.child_by_field_name("pattern") {
            Some(written) if !guarded && is_literal(written.kind()) => self.boundary(written),
            written => opaque(Vec::new(), written.map_or_else(|| empty(clause), range)),
        }
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

    pub(super) fn tried(&mut self, node: Node<'_>, value: bool, out: &mut Vec<Stmt>) {
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
        let carrier = Name { text: "try".into(), range: header };
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

    pub(super) fn for_loop(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
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
                    clauses.push((pattern, iterated, Vec::new()));
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
            leave_out(&mut self.left_out, range(node));
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
}

/// One `if` or `else if`.
struct IfArm<'t> {
    node: Node<'t>,
    condition: Option<Node<'t>>,
    body: Option<Node<'t>>,
}

/// The arms of an `if` with all its `else if`, and the last `else`.
fn if_arms(node: Node<'_>) -> (Vec<IfArm<'_>>, Option<Node<'_>>) {
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

pub(super) fn yields(node: Node<'_>) -> bool {
    tokens(node).iter().any(|(_, token)| token.kind() == "yield")
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

/// Whether a pattern of this kind matches one value alone.
fn is_literal(kind: &str) -> bool {
    matches!(
        kind,
        "string"
            | "integer_literal"
            | "floating_point_literal"
            | "boolean_literal"
            | "null_literal"
    )
}

fn binds_names(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Name(_) | Pattern::Attribute(_) => true,
        Pattern::Tuple(items) => items.iter().any(binds_names),
        Pattern::Item(..) | Pattern::Rest { .. } | Pattern::Ignore => false,
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
