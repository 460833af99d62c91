//! Control flow: branches and their merges, loops and what they carry.

use std::sync::Arc;

use program::{
    Expression, Language, Origin, ResultUse, ScopeKind, TextRange, UnresolvedReason, ValueId,
};

use rustc_hash::FxHashSet;

use super::Lowering;
use super::bounds::iterations;
use super::environment::{Lowered, Meaning, Names, is_null};
use crate::syntax::{Expr, ExprKind, Pattern, Stmt, StmtKind};

/// What is asked of the arms of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To run.
    Nothing,
    /// To have a value.
    Value,
    /// To return what they have as value.
    Return,
}

impl<'a> Lowering<'a> {
    /// A branching statement: the value of its arms where it is wanted, and whether every path ends in it.
    pub(super) fn branch(&mut self, statement: &'a Stmt, wanted: Wanted) -> (Lowered, bool) {
        let StmtKind::Branch { conditions, arms, exhaustive, header } = &statement.kind else {
            return (Lowered::unknown(UnresolvedReason::Other), false);
        };
        for condition in conditions {
            self.condition(condition);
        }
        let before = self.frame().names.clone();
        let absent = conditions.first().and_then(|it| self.asked_for_null(it));
        let mut ends = Vec::new();
        let mut results = Vec::new();
        for (index, arm) in arms.iter().enumerate() {
            if index > 0 {
                self.frame().names.clone_from(&before);
            }
            let range = match (arm.first(), arm.last()) {
                (Some(first), Some(last)) => TextRange::new(first.range.start, last.range.end),
                _ => *header,
            };
            let kind = ScopeKind::Branch { statement: statement.range.start, arm: index as u32 };
            let outer = self.open(kind, range, *header);
            let ended = match wanted {
                Wanted::Value => {
                    let (result, ended) = self.block_value(arm);
                    if !ended {
                        results.push(result.meaning);
                    }
                    ended
                }
                Wanted::Return => self.returning(arm),
                Wanted::Nothing => self.block(arm),
            };
            self.scope = outer;
            if !ended {
                ends.push(std::mem::take(&mut self.frame().names));
            }
        }
        let mut before = Some(before);
        if !exhaustive {
            ends.extend(before.take());
        }
        if let Some((name, true)) = &absent
            && ends.len() == arms.len() + usize::from(!exhaustive)
        {
            self.given_or_made(name, &mut ends);
        }
        let ended = ends.is_empty();
        match before {
            Some(before) if ended => self.frame().names = before,
            _ => self.merge_frames(ends),
        }
        let result = if results.is_empty() {
            Lowered::unknown(UnresolvedReason::Other)
        } else {
            let meaning = self.merge(&results);
            self.lowered(meaning)
        };
        (result, ended)
    }

    /// The name that a condition asks to be there, and whether it holds where it is not.
    fn asked_for_null(&self, condition: &Expr) -> Option<(String, bool)> {
        let path = |expr: &Expr| {
            let named = matches!(expr.kind, ExprKind::Name(_) | ExprKind::Attribute { .. });
            Some(self.path_text(expr.range)).filter(|it| named && !it.is_empty())
        };
        let ExprKind::Operation { operator, operands } = &condition.kind else {
            return path(condition).map(|it| (it, false));
        };
        let null = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(program::Literal::Null));
        match (operator.as_str(), operands.as_slice()) {
            ("is" | "=", [name, other]) if null(other) => path(name).map(|it| (it, true)),
            ("is not" | "!=", [name, other]) if null(other) => path(name).map(|it| (it, false)),
            ("not", [name]) => path(name).map(|it| (it, true)),
            _ => None,
        }
    }

    /// `if x is None: x = …`: what is given in its stead is of the same type by declaration.
    fn given_or_made(&mut self, name: &str, ends: &mut [Names]) {
        let Some((made, others)) = ends.split_first_mut() else { return };
        let Some(Meaning::Spark(value)) = made.get(name).cloned() else { return };
        for other in others {
            if let Some(given @ (Meaning::Unknown(_) | Meaning::Parameter(..))) = other.get(name) {
                let given = self.stand_in(value, &given.clone(), name);
                other.insert(name.into(), given);
            }
        }
    }

    /// `then if condition else otherwise`: arms as scopes only where they hold calls.
    pub(super) fn conditional(
        &mut self,
        range: TextRange,
        condition: &'a Expr,
        then: &'a Expr,
        otherwise: Option<&'a Expr>,
        returned: bool,
    ) -> Lowered {
        let asked = self.asked_for_null(condition);
        let condition = self.condition(condition);
        let mut meanings = Vec::new();
        let mut expressions = Vec::new();
        for (index, arm) in std::iter::once(then).chain(otherwise).enumerate() {
            let before = self.before();
            let kind = ScopeKind::Branch { statement: range.start, arm: index as u32 };
            let outer = self.open(kind, arm.range, range);
            let lowered = if returned { self.result(arm) } else { self.expression(arm) };
            if returned {
                self.set_use(&lowered, ResultUse::Returned);
            }
            self.scope = outer;
            if self.program.calls.len() == before.calls
                && self.program.scopes.len() == before.scopes + 1
            {
                self.drop_scopes(before);
            }
            meanings.push(lowered.meaning);
            expressions.push(lowered.expression);
        }
        if let (Some((name, null)), Some(otherwise), [first, second]) =
            (&asked, otherwise, meanings.as_mut_slice())
        {
            // `x if x is not None else …`
            let (given, made, arm) =
                if *null { (second, first, otherwise) } else { (first, second, then) };
            if let (Meaning::Unknown(_) | Meaning::Parameter(..), Meaning::Spark(value)) =
                (&*given, &*made)
                && self.path_text(arm.range) == *name
            {
                *given = self.stand_in(*value, &given.clone(), name);
            }
        }
        let meaning = self.merge(&meanings);
        match meaning {
            Meaning::Unknown(_) | Meaning::Local(_) => {
                expressions.insert(0, condition.expression);
                let expression =
                    Expression::Apply { function: "if".into(), arguments: expressions };
                Lowered { meaning, expression, call: None }
            }
            meaning => self.lowered(meaning),
        }
    }

    /// An expression that is what a function returns.
    pub(super) fn result(&mut self, value: &'a Expr) -> Lowered {
        match &value.kind {
            ExprKind::Conditional { condition, then, otherwise } if self.depth < super::DEPTH => {
                self.depth += 1;
                let lowered =
                    self.conditional(value.range, condition, then, otherwise.as_deref(), true);
                self.depth -= 1;
                lowered
            }
            _ => self.expression(value),
        }
    }

    /// Statements whose last expression is their value; tells whether the path ends among them.
    pub(super) fn block_value(&mut self, body: &'a [Stmt]) -> (Lowered, bool) {
        let unknown = Lowered::unknown(UnresolvedReason::Other);
        if self.depth >= super::DEPTH {
            self.leave_out(self.statement);
            return (unknown, false);
        }
        self.depth += 1;
        let mut ended = false;
        let mut result = unknown;
        for (index, statement) in body.iter().enumerate() {
            if index + 1 < body.len() {
                ended |= self.lower_statement(statement);
                continue;
            }
            let outer = std::mem::replace(&mut self.statement, statement.range);
            match &statement.kind {
                StmtKind::Expr(value) => result = self.expression(value),
                StmtKind::Branch { .. } => {
                    let (value, stopped) = self.branch(statement, Wanted::Value);
                    result = value;
                    ended |= stopped;
                }
                StmtKind::Block(inner) | StmtKind::Main(inner) => {
                    let (value, stopped) = self.block_value(inner);
                    result = value;
                    ended |= stopped;
                }
                _ => ended |= self.statement_kind(statement),
            }
            self.statement = outer;
        }
        self.depth -= 1;
        (result, ended)
    }

    /// Statements whose last expression is what the function returns, be it that of an arm; tells whether the path ends among them.
    pub(super) fn returning(&mut self, body: &'a [Stmt]) -> bool {
        if self.depth >= super::DEPTH {
            return false;
        }
        self.depth += 1;
        let mut ended = false;
        for (index, statement) in body.iter().enumerate() {
            if index + 1 < body.len() {
                ended |= self.lower_statement(statement);
                continue;
            }
            let outer = std::mem::replace(&mut self.statement, statement.range);
            ended |= match &statement.kind {
                StmtKind::Expr(Expr { kind: ExprKind::Block(inner), .. })
                | StmtKind::Block(inner)
                | StmtKind::Main(inner) => self.returning(inner),
                StmtKind::Expr(value) => {
                    let result = self.result(value);
                    self.returned(result);
                    true
                }
                StmtKind::Branch { exhaustive: true, .. } => {
                    self.branch(statement, Wanted::Return).1
                }
                _ => self.statement_kind(statement),
            };
            self.statement = outer;
        }
        self.depth -= 1;
        ended
    }

    pub(super) fn for_loop(
        &mut self,
        target: &'a Pattern,
        iterated: &'a Expr,
        body: &'a [Stmt],
        range: TextRange,
        header: TextRange,
    ) {
        let collection = self.expression(iterated);
        if self.generator(&collection).is_some() {
            return self.for_each(range, header, collection, target, body);
        }
        self.set_use(&collection, ResultUse::Iterated);
        if matches!(collection.meaning, Meaning::Maybe(_)) {
            return self.for_maybe(target, &collection, body, range, header);
        }
        let count = iterations(&collection.expression);
        let element = self.element(&collection);
        let rebound = rebound(body);
        self.looped(count, range, header, &rebound, |lowering| {
            lowering.bind_quietly(target, &element);
            lowering.block(body);
        });
    }

    /// A `for` over what may be there: a branch.
    fn for_maybe(
        &mut self,
        target: &'a Pattern,
        collection: &Lowered,
        body: &'a [Stmt],
        range: TextRange,
        header: TextRange,
    ) {
        let names = self.frame().names.clone();
        let kind = Self::generator_scope(collection, range, 0);
        let outer = self.open(kind, range, header);
        let element = self.element(collection);
        self.bind_quietly(target, &element);
        self.block(body);
        self.scope = outer;
        let after = std::mem::take(&mut self.frame().names);
        self.merge_frames(vec![after, names]);
    }

    pub(super) fn while_loop(
        &mut self,
        condition: &'a Expr,
        body: &'a [Stmt],
        range: TextRange,
        header: TextRange,
    ) {
        let rebound = rebound(body);
        self.looped(None, range, header, &rebound, |lowering| {
            lowering.condition(condition);
            lowering.block(body);
        });
    }

    /// A loop over `body`, which may rebind `rebound`.
    pub(super) fn looped(
        &mut self,
        iterations: Option<u64>,
        range: TextRange,
        header: TextRange,
        rebound: &[String],
        body: impl FnOnce(&mut Self),
    ) {
        let outer = self.open(ScopeKind::Loop { iterations }, range, header);
        let mut heads: Vec<(&String, Meaning, Option<ValueId>)> = Vec::new();
        for name in rebound {
            let mut before = self.lookup(name);
            if self.is_awaiting(name, before.as_ref()) {
                match self.carried(range.start, name) {
                    Some(entry) => before = Some(entry),
                    None => self.awaits(range.start, name),
                }
            }
            let Some(before) = before else { continue };
            if self.language == Language::Scala && matches!(before, Meaning::Function(_)) {
                // Functions are not assigned to: the body has a value of its own by the name.
                continue;
            }
            let head = match &before {
                Meaning::Spark(entry) => {
                    let value = self.program.value(*entry);
                    let (kind, confidence) = (value.kind, value.confidence);
                    let head = self.value(
                        kind,
                        confidence,
                        Origin::Loop { entry: *entry, carried: None },
                        None,
                    );
                    self.define(name, Meaning::Spark(head));
                    Some(head)
                }
                // `dfs = []` before a loop that appends is still that list in it.
                Meaning::Many(_) | Meaning::Each(_) | Meaning::Mapping(_) => None,
                object if self.keeps_class(range.start, name, object) => None,
                _ => {
                    self.define(name, Meaning::Unknown(UnresolvedReason::Other));
                    None
                }
            };
            heads.push((name, before, head));
        }
        body(self);
        self.scope = outer;
        self.settle(range.start, rebound);
        for (name, before, head) in heads {
            let end = self.lookup(name).unwrap_or(Meaning::Unknown(UnresolvedReason::Other));
            self.confirm(range.start, name, head, &end);
            self.confirm_class(range.start, name, &before, &end);
            let meaning = match (head, end) {
                (Some(head), Meaning::Spark(end)) if end == head => Meaning::Spark(head),
                (Some(head), Meaning::Spark(end))
                    if self.program.value(end).kind == self.program.value(head).kind =>
                {
                    if let Some(value) = self.program.values.get_mut(head.index())
                        && let Origin::Loop { carried, .. } = &mut value.origin
                    {
                        *carried = Some(end);
                    }
                    Meaning::Spark(head)
                }
                // A name that is a placeholder before the loop is what the body makes of it.
                (None, end @ Meaning::Spark(_)) if is_null(&before) => end,
                (_, end) => self.merge(&[before, end]),
            };
            self.define(name, meaning);
        }
    }

    /// A comprehension: its clauses are loops, each over what the ones outside it bind.
    pub(super) fn comprehension(
        &mut self,
        range: TextRange,
        element: &'a Expr,
        clauses: &'a [(Pattern, Expr, Vec<Expr>)],
    ) -> Lowered {
        let names = self.frame().names.clone();
        let outer = self.scope;
        let before = self.before();
        let mut iterated_by = Vec::new();
        let mut calls_outside = before.calls;
        let mut maybe = self.language == program::Language::Scala;
        for (index, (target, iterated, conditions)) in clauses.iter().enumerate() {
            let collection = self.expression(iterated);
            if index == 0 && self.generator(&collection).is_some() {
                return self.generated(range, collection, clauses, element);
            }
            self.set_use(&collection, ResultUse::Iterated);
            if index == 0 {
                calls_outside = self.program.calls.len();
            }
            maybe &= matches!(collection.meaning, Meaning::Maybe(_));
            let kind = Self::generator_scope(&collection, range, index);
            self.open(kind, range, TextRange::new(iterated.range.start, iterated.range.end));
            let item = self.element(&collection);
            self.bind_quietly(target, &item);
            iterated_by.push(collection.expression);
            for condition in conditions {
                self.expression(condition);
            }
        }
        let lowered = self.expression(element);
        self.scope = outer;
        self.frame().names = names;
        if self.program.calls.len() == calls_outside
            && self.program.scopes.len() == before.scopes + clauses.len()
        {
            // Nothing of Spark's happens in it.
            self.take_back_scopes(before);
        }
        match lowered.meaning {
            meaning if maybe => Lowered {
                meaning: Self::maybe_of(meaning),
                expression: lowered.expression,
                call: None,
            },
            Meaning::Spark(value) => Lowered {
                meaning: Meaning::Many(value),
                expression: Expression::Unknown,
                call: None,
            },
            Meaning::Column(_) => Lowered::column(Expression::List(vec![lowered.expression])),
            Meaning::Record(items) if matches!(element.kind, ExprKind::Mapping(_)) => {
                let item = items.last().map(|it| it.1.clone());
                let item = item.unwrap_or(Meaning::Unknown(UnresolvedReason::Other));
                let meaning = Meaning::Mapping(Arc::new(item));
                Lowered { meaning, expression: Expression::Unknown, call: None }
            }
            Meaning::Mapping(_) if matches!(element.kind, ExprKind::Mapping(_)) => {
                Lowered { expression: Expression::Unknown, ..lowered }
            }
            meaning if super::collections::carries(&meaning) => Lowered {
                meaning: Self::collection_of(meaning),
                expression: Expression::Unknown,
                call: None,
            },
            _ => Lowered::local(Expression::Apply {
                function: "map".into(),
                arguments: iterated_by.into_iter().chain([lowered.expression]).collect(),
            }),
        }
    }
}

impl Lowering<'_> {
    /// One of several datasets, of which one value stands for all: whichever it is, it is not that value itself.
    pub(super) fn one_of(&mut self, value: ValueId) -> Lowered {
        let all = self.program.value(value);
        let (kind, confidence, bound) = (all.kind, all.confidence, all.bound);
        Lowered::spark(self.value(kind, confidence, Origin::Merge(vec![value]), bound))
    }
}

/// Names that statements assign, nested ones included, in order; functions and classes within keep their own.
pub(super) fn rebound(body: &[Stmt]) -> Vec<String> {
    let mut names = Vec::new();
    collect_rebound(body, &mut names, 0);
    let mut seen = FxHashSet::default();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn collect_rebound(body: &[Stmt], names: &mut Vec<String>, depth: u32) {
    if depth > super::DEPTH {
        return;
    }
    for statement in body {
        match &statement.kind {
            StmtKind::Assign { target, value: Some(value), .. } => {
                collect_pattern(target, names, depth);
                if let ExprKind::Block(inner) = &value.kind {
                    collect_rebound(inner, names, depth + 1);
                }
            }
            StmtKind::Branch { arms, .. } => {
                for arm in arms {
                    collect_rebound(arm, names, depth + 1);
                }
            }
            StmtKind::With { items, body } => {
                for target in items.iter().filter_map(|item| item.1.as_ref()) {
                    collect_pattern(target, names, depth);
                }
                collect_rebound(body, names, depth + 1);
            }
            StmtKind::For { body, .. }
            | StmtKind::While { body, .. }
            | StmtKind::Block(body)
            | StmtKind::Main(body) => {
                collect_rebound(body, names, depth + 1);
            }
            StmtKind::Expr(Expr { kind: ExprKind::Call { arguments, .. }, .. }) => {
                for argument in arguments {
                    if let ExprKind::Lambda { body, .. } = &argument.value.kind {
                        collect_rebound(body, names, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }
}

fn collect_pattern(pattern: &Pattern, names: &mut Vec<String>, depth: u32) {
    if let Pattern::Rest { name, .. } = pattern {
        names.push(name.text.to_string());
    } else if let Pattern::Tuple(items) = pattern {
        if depth <= super::DEPTH {
            for item in items {
                collect_pattern(item, names, depth + 1);
            }
        }
    } else if let Some(name) = super::bindings::pattern_name(pattern) {
        names.push(name);
    }
}
