//! Statements.

use program::TextRange;
use program::driver::{ExpressionId, ExpressionKind, List, StatementId, StatementKind};

use super::automaton::EdgeKind;
use super::heap::Writes;
use super::interpreter::{Interpreter, NESTING};
use super::value::{UNKNOWN, Value};
use super::{Reason, StateId};

impl Interpreter<'_> {
    pub(super) fn block(&mut self, body: List) {
        let code = self.code();
        for id in code.statement_ids(body) {
            if self.current.is_none() {
                return;
            }
            self.statement(id);
        }
    }

    /// A block whose last expression is its value.
    pub(super) fn block_value(&mut self, body: List) -> Value {
        let code = self.code();
        let ids: Vec<StatementId> = code.statement_ids(body).collect();
        let Some((last, before)) = ids.split_last() else { return Value::Null };
        for id in before {
            if self.current.is_none() {
                return UNKNOWN;
            }
            self.statement(*id);
        }
        if self.current.is_none() {
            return UNKNOWN;
        }
        self.statement_value(*last)
    }

    fn statement_value(&mut self, id: StatementId) -> Value {
        let code = self.code();
        let Some(statement) = code.statements.get(id.index()).copied() else { return UNKNOWN };
        self.steps += 1;
        match statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Block(body) | StatementKind::Main(body) => self.block_value(body),
            StatementKind::Branch { conditions, arms, exhaustive } => {
                self.branch(conditions, arms, exhaustive, true)
            }
            StatementKind::Match { conditions, arms, exhaustive } => {
                self.matching(conditions, arms, exhaustive, true)
            }
            StatementKind::Try { arms } => self.trying(arms, true),
            _ => {
                self.statement(id);
                Value::Null
            }
        }
    }

    fn statement(&mut self, id: StatementId) {
        if self.nesting >= NESTING {
            return;
        }
        let code = self.code();
        let Some(statement) = code.statements.get(id.index()).copied() else { return };
        self.steps += 1;
        if self.exhausted() {
            let place = self.place(statement.range, statement.range);
            self.note(Reason::Budget, place, "");
            return;
        }
        self.nesting += 1;
        self.statement_kind(statement.kind, statement.range);
        self.nesting -= 1;
    }

    fn statement_kind(&mut self, kind: StatementKind, range: TextRange) {
        let code = self.code();
        match kind {
            StatementKind::Expression(value) => {
                self.expression(value);
            }
            StatementKind::Assign { target, annotation, value } => {
                let value = match value {
                    Some(value) => {
                        let value = self.expression(value);
                        match annotation {
                            Some(annotation) if value.is_unknown() => {
                                let place = self.place(range, range);
                                let annotation = code.name(annotation);
                                self.declared(annotation, &value, place).unwrap_or(value)
                            }
                            _ => value,
                        }
                    }
                    None => return,
                };
                if self.current.is_some() {
                    self.bind(target, value);
                }
            }
            StatementKind::Function(function) => self.define_function(function),
            StatementKind::Class(class) => self.define_class(class),
            StatementKind::Branch { conditions, arms, exhaustive } => {
                self.branch(conditions, arms, exhaustive, false);
            }
            StatementKind::Match { conditions, arms, exhaustive } => {
                self.matching(conditions, arms, exhaustive, false);
            }
            StatementKind::Try { arms } => {
                self.trying(arms, false);
            }
            StatementKind::For { target, iterated, body } => {
                let iterated = self.expression(iterated);
                self.for_loop(target, &iterated, body, range);
            }
            StatementKind::While { condition, body } => self.while_loop(condition, body),
            StatementKind::With { items, body } => self.with(items, 0, body),
            StatementKind::Return(value) => {
                let value = value.map_or(Value::Null, |it| self.expression(it));
                if let Some(state) = self.current.take() {
                    self.activation().returns.push((state, value));
                    self.raised = false;
                }
            }
            StatementKind::Import(index) => self.import(index),
            StatementKind::Global(names) => {
                for &name in code.ids(names) {
                    let name = self.symbol(program::driver::NameId(name));
                    self.declare_outer(name);
                }
            }
            StatementKind::Block(body) => self.block(body),
            StatementKind::Main(body) => {
                let file = self.file();
                // An imported file is not the one that runs.
                let runs = self.activations.first().is_some_and(|it| it.file == file)
                    && self.path().0 == 0;
                if runs {
                    self.block(body);
                }
            }
            StatementKind::Raise(value) => {
                if let Some(value) = value {
                    self.expression(value);
                }
                self.current = None;
                self.raised = true;
            }
            StatementKind::Break => {
                if let Some(state) = self.current.take() {
                    if let Some(innermost) = self.activation().loops.last_mut() {
                        innermost.breaks.push(state);
                    }
                    self.raised = false;
                }
            }
            StatementKind::Continue => {
                if let Some(state) = self.current.take() {
                    if let Some(innermost) = self.activation().loops.last_mut() {
                        innermost.continues.push(state);
                    }
                    self.raised = false;
                }
            }
        }
    }

    // Branches.

    fn branch(&mut self, conditions: List, arms: List, exhaustive: bool, wanted: bool) -> Value {
        let code = self.code();
        let arms: Vec<List> = code.arms(arms).collect();
        let conditions: Vec<ExpressionId> = code.expression_ids(conditions).collect();
        let mut possible: Vec<Option<usize>> = Vec::new();
        let mut decided = false;
        for (index, condition) in conditions.iter().enumerate() {
            let value = self.expression(*condition);
            match self.truth(&value) {
                Some(true) => {
                    possible.push(Some(index));
                    decided = true;
                    break;
                }
                Some(false) => {}
                None => possible.push(Some(index)),
            }
        }
        if !decided {
            possible.push(if exhaustive && arms.len() > conditions.len() {
                Some(arms.len() - 1)
            } else {
                None
            });
        }
        self.arms(&arms, &possible, wanted)
    }

    fn arms(&mut self, arms: &[List], possible: &[Option<usize>], wanted: bool) -> Value {
        self.fork(possible, &mut |this, arm| match arm.and_then(|it| arms.get(it).copied()) {
            Some(body) if wanted => this.block_value(body),
            Some(body) => {
                this.block(body);
                Value::Null
            }
            None => Value::Null,
        })
    }

    fn matching(&mut self, conditions: List, arms: List, exhaustive: bool, wanted: bool) -> Value {
        let code = self.code();
        let arms: Vec<List> = code.arms(arms).collect();
        let mut asked = Vec::new();
        let mut subject = UNKNOWN;
        let mut conditions = code.expression_ids(conditions);
        if let Some(first) = conditions.next()
            && let ExpressionKind::Operation { operands, .. } = code.expression(first).kind
        {
            let mut operands = code.expression_ids(operands);
            if let Some(first) = operands.next() {
                subject = self.expression(first);
            }
            for literal in operands {
                let opaque = matches!(code.expression(literal).kind, ExpressionKind::Opaque(_));
                asked.push(if opaque { None } else { Some(self.expression(literal)) });
            }
        }
        let mut possible = Vec::new();
        let mut decided = false;
        for (index, literal) in asked.iter().enumerate() {
            match literal.as_ref().map(|it| self.equal(&subject, it)) {
                Some(Some(true)) => {
                    possible.push(Some(index));
                    decided = true;
                    break;
                }
                Some(Some(false)) => {}
                _ => possible.push(Some(index)),
            }
        }
        if !decided && !exhaustive {
            possible.push(None);
        }
        self.arms(&arms, &possible, wanted)
    }

    fn trying(&mut self, arms: List, wanted: bool) -> Value {
        let code = self.code();
        let arms: Vec<List> = code.arms(arms).collect();
        let Some((body, handlers)) = arms.split_first() else { return UNKNOWN };
        let Some(start) = self.current else { return UNKNOWN };
        let first = self.automaton.states;
        let mut ends = Vec::new();
        let mut results = Vec::new();
        let mut live: Vec<Writes> = Vec::new();
        let mark = self.heap.mark();
        let result = self.body_of(*body, wanted);
        let body_writes = self.heap.writes(mark);
        self.heap.undo(mark);
        if let Some(state) = self.current {
            ends.push(state);
            results.push(result);
            live.push(body_writes.clone());
        }
        let last = self.automaton.states;
        let handler = self.new_state();
        self.edge(start, handler, EdgeKind::Exception);
        if self.dry == 0 {
            for state in first..last {
                self.edge(StateId(state), handler, EdgeKind::Exception);
            }
        }
        for arm in handlers {
            let mark = self.heap.mark();
            self.current = Some(handler);
            // What the body wrote to names that nothing bound before is there, if it got that far.
            for (slot, content) in &body_writes {
                if matches!(self.heap.content(*slot), super::heap::Content::Absent) {
                    self.heap.put(*slot, content.clone());
                }
            }
            let result = self.body_of(*arm, wanted);
            let writes = self.heap.writes(mark);
            self.heap.undo(mark);
            if let Some(state) = self.current {
                ends.push(state);
                results.push(result);
                live.push(writes);
            }
        }
        self.current = self.meet(&ends);
        self.raised = self.current.is_none();
        if ends.is_empty() {
            return UNKNOWN;
        }
        self.merge(&live);
        self.join_all(&results)
    }

    fn body_of(&mut self, body: List, wanted: bool) -> Value {
        if wanted {
            self.block_value(body)
        } else {
            self.block(body);
            Value::Null
        }
    }
}
