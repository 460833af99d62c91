//! Statements.

use std::rc::Rc;

use program::driver::{
    ClassId, CodeFunctionId, ExpressionId, ExpressionKind, List, Pattern, PatternId, StatementId,
    StatementKind,
};
use program::{Language, TextRange};

use super::automaton::EdgeKind;
use super::heap::{CellId, Writes};
use super::interpreter::{Interpreter, LoopFrame, NESTING, Yields};
use super::names::Symbol;
use super::value::{Argument, ClassCell, Closure, FunctionKind, Prepared, UNKNOWN, Value};
use super::{Reason, StateId};

/// What a loop runs over.
pub(super) enum Iterated {
    /// These, and nothing else.
    Known(Vec<Value>),
    /// Any number of these.
    Any(Value, Option<(StateId, StateId)>),
    Generator(Rc<Prepared>),
}

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

    fn declare_outer(&mut self, name: Symbol) {
        use super::heap::NamesKind;
        let scope = self.activation().scope;
        let mut cell = scope;
        let mut found = None;
        for _ in 0..200 {
            let parent = match self.heap.kind(cell) {
                Some(NamesKind::Scope(parent)) => *parent,
                Some(NamesKind::Class(class)) => Some(class.scope),
                Some(NamesKind::Instance(_, scope)) => *scope,
                None => None,
            };
            let Some(parent) = parent else { break };
            cell = parent;
            if self.heap.get(cell, name).is_some() {
                found = Some(cell);
                break;
            }
        }
        let owner = found.unwrap_or(cell);
        self.activation().outer.insert(name, owner);
    }

    // Definitions.

    fn define_function(&mut self, id: CodeFunctionId) {
        let code = self.code();
        let Some(function) = code.functions.get(id.index()).copied() else { return };
        let name = self.symbol(function.name);
        let value = self.closure(id, FunctionKind::Plain);
        let decorators: Vec<ExpressionId> = code.expression_ids(function.decorators).collect();
        let value =
            decorators.into_iter().rev().fold(value, |value, it| self.decorated(it, value, name));
        let scope = self.activation().scope;
        // `@x.setter` defines the property's other half under the same name.
        let keeps = matches!(self.heap.get(scope, name), Some(Value::Function(known)) if known.kind == FunctionKind::Property)
            && code.expression_ids(function.decorators).len() > 0
            && matches!(&value, Value::Function(new) if new.kind == FunctionKind::Plain);
        if !keeps {
            self.bind_name(name, value);
        }
    }

    pub(super) fn closure(&mut self, function: CodeFunctionId, kind: FunctionKind) -> Value {
        use super::heap::NamesKind;
        let file = self.file();
        let activation = self.activation();
        let (scope, class) = (activation.scope, activation.class);
        // A Python method does not see the names of its class.
        let (scope, class) = match self.heap.kind(scope) {
            Some(NamesKind::Class(cell)) => (cell.scope, Some(scope)),
            _ => (scope, class),
        };
        Value::Function(Rc::new(Closure { file, function, scope, class, kind }))
    }

    /// What a decorator makes of a function or class.
    fn decorated(&mut self, decorator: ExpressionId, value: Value, name: Symbol) -> Value {
        let code = self.code();
        let expression = code.expression(decorator);
        let called = matches!(expression.kind, ExpressionKind::Call { .. });
        let evaluated = self.expression(decorator);
        let path = match &evaluated {
            Value::Path(path) | Value::Library(path, _) => Some(self.names.text(*path)),
            _ => None,
        };
        let kind = match path.as_deref().map(|it| it.rsplit('.').next().unwrap_or_default()) {
            Some("staticmethod") => Some(FunctionKind::Static),
            Some("classmethod") => Some(FunctionKind::Class),
            Some("property" | "cached_property") => Some(FunctionKind::Property),
            Some("contextmanager") => Some(FunctionKind::Context),
            Some("udf" | "pandas_udf" | "udtf") => return Value::ExecutorFunction(name),
            _ => None,
        };
        if let (Some(kind), Value::Function(closure)) = (kind, &value) {
            return Value::Function(Rc::new(Closure { kind, ..(**closure).clone() }));
        }
        if matches!(evaluated, Value::ExecutorFunction(_)) {
            return Value::ExecutorFunction(name);
        }
        if !evaluated.is_callable() || (called && path.is_some()) {
            return value;
        }
        let place = self.place(expression.range, expression.range);
        let made = self.call(&evaluated, vec![Argument::positional(value.clone())], place);
        match made {
            // A decorator that only registers may return nothing that is known.
            Value::Unknown(_) | Value::Null => value,
            made => made,
        }
    }

    fn define_class(&mut self, id: ClassId) {
        let code = self.code();
        let Some(class) = code.classes.get(id.index()).copied() else { return };
        let file = self.file();
        let name = self.symbol(class.name);
        let scope = self.activation().scope;
        if self.language() == Language::Scala {
            self.define_scala(file, id, name, scope);
            return;
        }
        let bases: Vec<ExpressionId> = code.expression_ids(class.bases).collect();
        let bases = bases.into_iter().map(|it| self.expression(it)).collect();
        let cell =
            self.heap.class(ClassCell { file, class: id, name, bases, scope, companion: None });
        self.run_body(cell, Some(cell), class.body);
        let mut value = Value::Class(cell);
        let decorators: Vec<ExpressionId> = code.expression_ids(class.decorators).collect();
        for decorator in decorators.into_iter().rev() {
            value = self.decorated(decorator, value, name);
        }
        self.bind_name(name, value);
        // `__init_subclass__` is how some registries see their classes.
        let hook = self.names.symbol("__init_subclass__");
        let parents = self.heap.class_of(cell).map(|it| it.bases.clone()).unwrap_or_default();
        for parent in parents {
            if let Value::Class(parent) = parent
                && let Some(Value::Function(closure)) = self.class_member(parent, hook)
            {
                let place = self.place(class.range, class.range);
                self.call_function(&closure, Some(Value::Class(cell)), Vec::new(), place);
            }
        }
    }

    fn define_scala(&mut self, file: super::FileId, id: ClassId, name: Symbol, scope: CellId) {
        let code = self.code();
        let Some(class) = code.classes.get(id.index()).copied() else { return };
        // What a class extends is named by symbols that are looked up when it is made.
        let bases: Vec<Value> = code
            .expression_ids(class.bases)
            .filter_map(|it| match code.expression(it).kind {
                ExpressionKind::Name(name) => Some(name),
                _ => None,
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|name| Value::Path(self.symbol(name)))
            .collect();
        let cell =
            self.heap.class(ClassCell { file, class: id, name, bases, scope, companion: None });
        if let Some(Value::Class(other)) = self.heap.get(scope, name)
            && let Some(known) = self.heap.class_of(other)
        {
            let known_runs =
                self.code_of(known.file).classes.get(known.class.index()).is_some_and(|it| it.runs);
            if known_runs != class.runs {
                let (object, plain) = if class.runs { (cell, other) } else { (other, cell) };
                if let Some(of_object) = self.heap.class_of(object) {
                    let linked = ClassCell { companion: Some(plain), ..(*of_object).clone() };
                    self.heap.set_class(object, linked);
                }
                self.bind_name(name, Value::Class(object));
                return;
            }
        }
        self.bind_name(name, Value::Class(cell));
    }

    /// Runs the body of a file or class in a scope of its own.
    pub(super) fn run_body(&mut self, scope: CellId, class: Option<CellId>, body: List) {
        let activation = self.activation();
        let outer_scope = std::mem::replace(&mut activation.scope, scope);
        let outer_class = std::mem::replace(&mut activation.class, class);
        self.block(body);
        let activation = self.activation();
        activation.scope = outer_scope;
        activation.class = outer_class;
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

    // Loops.

    /// What a value yields when it is iterated over.
    pub(super) fn iterated(&mut self, value: &Value) -> Iterated {
        match value {
            Value::Sequence(cell) => match self.heap.sequence_of(*cell).cloned() {
                Some(sequence)
                    if sequence.complete && sequence.items.len() <= self.limits.unrolled =>
                {
                    Iterated::Known(sequence.items.to_vec())
                }
                Some(sequence) => {
                    let element = self.element(&sequence.items);
                    Iterated::Any(element, sequence.collected)
                }
                None => Iterated::Any(UNKNOWN, None),
            },
            Value::Mapping(cell) => match self.heap.mapping_of(*cell).cloned() {
                Some(mapping)
                    if mapping.complete && mapping.entries.len() <= self.limits.unrolled =>
                {
                    Iterated::Known(mapping.entries.iter().map(|it| it.0.clone()).collect())
                }
                Some(mapping) => {
                    let keys: Vec<Value> = mapping.entries.iter().map(|it| it.0.clone()).collect();
                    let element = self.element(&keys);
                    Iterated::Any(element, None)
                }
                None => Iterated::Any(UNKNOWN, None),
            },
            Value::Generator(prepared) => Iterated::Generator(Rc::clone(prepared)),
            Value::Alternatives(values) => {
                let first = values.iter().find(|it| !matches!(it, Value::Null)).cloned();
                match (first, values.len()) {
                    (Some(only), 1 | 2) if values.iter().any(|it| matches!(it, Value::Null)) => {
                        self.iterated(&only)
                    }
                    _ => {
                        let frames = self.frames(value);
                        Iterated::Any(Value::may_hold(&frames), None)
                    }
                }
            }
            Value::Instance(cell) => {
                let name = self.names.symbol("__iter__");
                match self.instance_member(*cell, name) {
                    Some(method) if self.nesting < NESTING => {
                        let place = self.place(TextRange::default(), TextRange::default());
                        let made = self.call(&method, Vec::new(), place);
                        if matches!(made, Value::Instance(_)) {
                            Iterated::Any(UNKNOWN, None)
                        } else {
                            self.iterated(&made)
                        }
                    }
                    _ => Iterated::Any(UNKNOWN, None),
                }
            }
            other => {
                let frames = self.frames(other);
                // Iterating over a dataset's rows yields rows.
                let rows = other.dataset().is_some();
                Iterated::Any(if rows { UNKNOWN } else { Value::may_hold(&frames) }, None)
            }
        }
    }

    /// One of several items.
    pub(super) fn element(&mut self, items: &[Value]) -> Value {
        let tuples: Vec<Vec<Value>> = items
            .iter()
            .filter_map(|it| match it {
                Value::Sequence(cell) => self.heap.sequence_of(*cell).map(|it| it.items.to_vec()),
                _ => None,
            })
            .collect();
        if tuples.len() == items.len()
            && let Some(first) = tuples.first()
            && tuples.iter().all(|it| it.len() == first.len())
        {
            let parts: Vec<Value> = (0..first.len())
                .map(|at| {
                    let column: Vec<Value> = tuples.iter().map(|it| it[at].clone()).collect();
                    self.join_all(&column)
                })
                .collect();
            return self.heap.sequence(parts, true);
        }
        self.join_all(items)
    }

    pub(super) fn for_loop(
        &mut self,
        target: PatternId,
        iterated: &Value,
        body: List,
        range: TextRange,
    ) {
        let iterated = self.iterated(iterated);
        let count = match &iterated {
            Iterated::Known(items) => Some(items.len() as u64),
            _ => None,
        };
        self.record_loop(range, count);
        if let Iterated::Generator(prepared) = iterated {
            self.consume(&prepared, target, body);
            return;
        }
        self.activation().loops.push(LoopFrame::default());
        let active = self.active;
        match iterated {
            Iterated::Known(items) => {
                for item in items {
                    if self.exhausted() {
                        let place = self.place(range, range);
                        self.note(Reason::Budget, place, "");
                        break;
                    }
                    if self.current.is_none() {
                        break;
                    }
                    self.bind(target, item);
                    self.iteration(body);
                }
            }
            Iterated::Any(element, collected) => {
                let first = self.automaton.states;
                self.repeat(&mut |this| {
                    this.bind(target, element.clone());
                    this.iteration(body);
                });
                if let Some((from, to)) = collected
                    && self.dry == 0
                {
                    self.interleave((from.0, to.0), (first, self.automaton.states));
                }
            }
            Iterated::Generator(_) => {}
        }
        debug_assert_eq!(active, self.active);
        self.end_loop();
    }

    /// What one run of a loop's body does, `continue` included.
    fn iteration(&mut self, body: List) {
        self.block(body);
        self.end_iteration();
    }

    pub(super) fn end_iteration(&mut self) {
        let activation = self.activation();
        let Some(innermost) = activation.loops.last_mut() else { return };
        let mut ends = std::mem::take(&mut innermost.continues);
        let pending = std::mem::take(&mut innermost.pending);
        ends.extend(self.current);
        self.current = self.meet(&ends);
        self.merge_pending(pending);
    }

    pub(super) fn end_loop(&mut self) {
        let Some(frame) = self.activation().loops.pop() else { return };
        let mut ends = frame.breaks;
        ends.extend(self.current);
        self.current = self.meet(&ends);
        self.merge_pending(frame.pending);
    }

    fn while_loop(&mut self, condition: ExpressionId, body: List) {
        let value = self.expression(condition);
        if self.truth(&value) == Some(false) {
            return;
        }
        self.activation().loops.push(LoopFrame::default());
        self.repeat(&mut |this| {
            this.iteration(body);
            if this.current.is_some() {
                this.expression(condition);
            }
        });
        self.end_loop();
    }

    /// Cheap edges between the states of a generator that was collected and those of the loop over it, both ways.
    fn interleave(&mut self, generator: (u32, u32), body: (u32, u32)) {
        const MOST: u32 = 40;
        if generator.1.saturating_sub(generator.0) > MOST || body.1.saturating_sub(body.0) > MOST {
            return;
        }
        for one in generator.0..=generator.1 {
            for other in body.0..body.1 {
                self.edge(StateId(one), StateId(other), EdgeKind::Interleaving);
                self.edge(StateId(other), StateId(one), EdgeKind::Interleaving);
            }
        }
    }

    fn record_loop(&mut self, range: TextRange, count: Option<u64>) {
        if self.dry > 0 {
            return;
        }
        let file = self.file();
        self.loops
            .entry((file, range))
            .and_modify(|known| {
                *known = match (*known, count) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    _ => None,
                };
            })
            .or_insert(count);
    }

    // Generators and contexts.

    /// Runs a generator with the body of a loop at each of its yields.
    fn consume(&mut self, prepared: &Rc<Prepared>, target: PatternId, body: List) {
        let activation = self.active;
        self.activation().loops.push(LoopFrame::default());
        let yields = Yields::Loop { activation, target, body };
        self.run_prepared(prepared, yields);
        self.end_loop();
    }

    /// What happens at a `yield`.
    pub(super) fn yielded(&mut self, value: Value) {
        let generator = self.active;
        match self.activation().yields.clone() {
            Yields::Collect(_) => {
                if let Yields::Collect(values) = &mut self.activation().yields
                    && values.len() < 1000
                {
                    values.push(value);
                }
            }
            Yields::Loop { activation, target, body } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.active = activation;
                self.nesting += 1;
                self.bind(target, value);
                self.iteration(body);
                self.nesting -= 1;
                self.active = generator;
            }
            Yields::With { activation, items, next, body } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.active = activation;
                self.nesting += 1;
                self.bind_context(items, next, value);
                self.with(items, next + 1, body);
                self.nesting -= 1;
                self.active = generator;
            }
            Yields::Again { activation } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.active = activation;
                self.nesting += 1;
                self.yielded(value);
                self.nesting -= 1;
                self.active = generator;
            }
        }
    }

    /// `yield from`.
    pub(super) fn yield_from(&mut self, value: &Value) {
        if let Value::Generator(prepared) = value {
            let yields = Yields::Again { activation: self.active };
            self.run_prepared(prepared, yields);
            return;
        }
        match self.iterated(value) {
            Iterated::Known(items) => items.into_iter().for_each(|item| self.yielded(item)),
            Iterated::Any(element, _) => {
                self.repeat(&mut |this| this.yielded(element.clone()));
            }
            Iterated::Generator(prepared) => {
                let yields = Yields::Again { activation: self.active };
                self.run_prepared(&prepared, yields);
            }
        }
    }

    fn bind_context(&mut self, items: List, index: usize, value: Value) {
        let code = self.code();
        if let Some(&target) = code.ids(items).get(index * 2 + 1) {
            self.bind(PatternId(target), value);
        }
    }

    /// `with` from its item `index` on.
    fn with(&mut self, items: List, index: usize, body: List) {
        if self.current.is_none() {
            return;
        }
        let code = self.code();
        let Some(&context) = code.ids(items).get(index * 2) else {
            self.block(body);
            return;
        };
        let expression = code.expression(ExpressionId(context));
        let value = self.expression(ExpressionId(context));
        let place = self.place(expression.range, expression.range);
        match &value {
            Value::Context(prepared) => {
                let yields = Yields::With { activation: self.active, items, next: index, body };
                self.run_prepared(prepared, yields);
            }
            Value::Instance(cell) => {
                let enter = self.names.symbol("__enter__");
                let leave = self.names.symbol("__exit__");
                let entered = match self.instance_member(*cell, enter) {
                    Some(method) => self.call(&method, Vec::new(), place),
                    None => value.clone(),
                };
                self.bind_context(items, index, entered);
                self.with(items, index + 1, body);
                if self.current.is_some()
                    && let Some(method) = self.instance_member(*cell, leave)
                {
                    let none = || Argument::positional(Value::Null);
                    self.call(&method, vec![none(), none(), none()], place);
                }
            }
            _ => {
                self.bind_context(items, index, value);
                self.with(items, index + 1, body);
            }
        }
    }

    // Patterns.

    pub(super) fn bind(&mut self, target: PatternId, value: Value) {
        let code = self.code();
        match code.pattern(target) {
            Pattern::Name(name) => {
                let name = self.symbol(name);
                if self.language() == Language::Scala {
                    self.bind_scala(name, value);
                } else {
                    self.bind_name(name, value);
                }
            }
            Pattern::Rest { name, .. } => {
                let name = self.symbol(name);
                self.bind_name(name, value);
            }
            Pattern::Attribute(path) => {
                let names: Vec<Symbol> = code
                    .ids(path)
                    .iter()
                    .map(|&name| self.symbol(program::driver::NameId(name)))
                    .collect();
                let Some((last, before)) = names.split_last() else { return };
                let mut object = before.first().and_then(|name| self.lookup(*name));
                for name in before.iter().skip(1) {
                    object = object.map(|object| self.plain_attribute(&object, *name));
                }
                if let Some(object) = object {
                    self.set_attribute(&object, *last, value);
                }
            }
            Pattern::Tuple(items) => {
                let targets: Vec<PatternId> =
                    code.ids(items).iter().map(|&id| PatternId(id)).collect();
                let parts = self.parts(&value, &targets);
                for (target, part) in targets.into_iter().zip(parts) {
                    self.bind(target, part);
                }
            }
            Pattern::Item(object, index) => {
                let object = self.expression(object);
                let index = self.expression(index);
                self.set_item(&object, index, value);
            }
            Pattern::Ignore => {}
        }
    }

    /// A name of an outer scope that an inner function assigns, and otherwise a name of this one.
    fn bind_scala(&mut self, name: Symbol, value: Value) {
        use super::heap::NamesKind;
        let scope = self.activation().scope;
        let in_lambda = self.activation().function.is_some_and(|(file, function)| {
            let code = self.code_of(file);
            code.functions.get(function.index()).is_some_and(|it| code.name(it.name).is_empty())
        });
        if in_lambda
            && self.heap.get(scope, name).is_none()
            && let Some(NamesKind::Scope(Some(parent))) = self.heap.kind(scope)
            && self.heap.get(*parent, name).is_some()
        {
            let parent = *parent;
            self.heap.set(parent, name, value);
            return;
        }
        // A method of an object assigns the object's variable unless it has one of its own.
        if self.heap.get(scope, name).is_none()
            && let Some(NamesKind::Scope(Some(parent))) = self.heap.kind(scope)
            && let Some(NamesKind::Instance(..)) = self.heap.kind(*parent)
            && let Some(Value::Null) = self.heap.get(*parent, name)
        {
            let parent = *parent;
            self.heap.set(parent, name, value);
            return;
        }
        self.bind_name(name, value);
    }

    /// The parts of a value that is taken apart.
    fn parts(&mut self, value: &Value, targets: &[PatternId]) -> Vec<Value> {
        let code = self.code();
        let wanted = targets.len();
        let rest = targets.iter().position(|it| matches!(code.pattern(*it), Pattern::Rest { .. }));
        if let Value::Sequence(cell) = value
            && let Some(sequence) = self.heap.sequence_of(*cell).cloned()
        {
            if let Some(rest) = rest
                && sequence.items.len() + 1 >= wanted
            {
                let mut parts = sequence.items[..rest].to_vec();
                let tail = wanted - rest - 1;
                let middle = sequence.items[rest..sequence.items.len() - tail].to_vec();
                parts.push(self.heap.sequence(middle, sequence.complete));
                parts.extend_from_slice(&sequence.items[sequence.items.len() - tail..]);
                return parts;
            }
            if sequence.items.len() == wanted {
                return sequence.items.to_vec();
            }
            let element = self.element(&sequence.items);
            return vec![element; wanted];
        }
        if let Value::Generator(_) = value {
            let collected = self.collected(value);
            return self.parts(&collected, targets);
        }
        // `randomSplit` gives several datasets of one kind.
        let part = match value {
            Value::Spark(_) => value.clone(),
            Value::Alternatives(values) => {
                let values: Vec<Value> = values.to_vec();
                let split: Vec<Vec<Value>> = values
                    .iter()
                    .filter(|it| !matches!(it, Value::Null))
                    .map(|it| self.parts(it, targets))
                    .collect();
                return (0..wanted)
                    .map(|at| {
                        let column: Vec<Value> =
                            split.iter().filter_map(|it| it.get(at).cloned()).collect();
                        self.join_all(&column)
                    })
                    .collect();
            }
            other => Value::may_hold(&self.frames(other)),
        };
        vec![part; wanted]
    }
}
