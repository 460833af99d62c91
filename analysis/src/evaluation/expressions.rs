//! Expressions.

use std::rc::Rc;

use program::TextRange;
use program::driver::{Clause, ExpressionId, ExpressionKind, List};

use super::interpreter::{Interpreter, LoopFrame, NESTING};
use super::loops::Iterated;
use super::value::{FunctionKind, UNKNOWN, Value};
use super::{Features, TextPattern};

impl Interpreter<'_> {
    pub(super) fn expression(&mut self, id: ExpressionId) -> Value {
        self.steps += 1;
        if self.nesting >= NESTING || self.current.is_none() || self.exhausted() {
            return UNKNOWN;
        }
        self.nesting += 1;
        let value = self.expression_kind(id);
        self.nesting -= 1;
        if let Value::Text(text) = &value {
            self.steps += text.raw().len() as u64 / 1024;
        }
        value
    }

    fn expression_kind(&mut self, id: ExpressionId) -> Value {
        let code = self.code();
        let expression = code.expression(id);
        match expression.kind {
            ExpressionKind::Opaque(parts) => {
                let parts: Vec<ExpressionId> = code.expression_ids(parts).collect();
                let values: Vec<Value> = parts.into_iter().map(|it| self.expression(it)).collect();
                let frames = self.frames_of(&values);
                Value::may_hold(&frames)
            }
            ExpressionKind::Name(name) => {
                let name = self.symbol(name);
                let value = self.name(name);
                let place = self.place(expression.range, expression.range);
                self.applied_without_parentheses(value, place)
            }
            ExpressionKind::Attribute { object, name, name_start } => {
                let object = self.expression(object);
                let text = code.name(name);
                let name_range = TextRange::new(name_start, name_start + text.len() as u32);
                let place = self.place(name_range, expression.range);
                let name = self.symbol(name);
                self.attribute(&object, name, place)
            }
            ExpressionKind::Call { callee, arguments } => {
                self.call_expression(expression.range, callee, arguments)
            }
            ExpressionKind::Null => Value::Null,
            ExpressionKind::Boolean(value) => Value::Boolean(value),
            ExpressionKind::Integer(value) => Value::Integer(value),
            ExpressionKind::Float(bits) => Value::Float(f64::from_bits(bits)),
            ExpressionKind::Text(name) => Value::Text(TextPattern::exact(code.name(name))),
            ExpressionKind::Interpolation(pieces) => {
                let pieces: Vec<ExpressionId> = code.expression_ids(pieces).collect();
                let texts: Vec<TextPattern> = pieces
                    .into_iter()
                    .map(|piece| {
                        let value = self.expression(piece);
                        self.text_of(&value)
                    })
                    .collect();
                Value::Text(TextPattern::concatenated(&texts))
            }
            ExpressionKind::List(items) => {
                let ids: Vec<ExpressionId> = code.expression_ids(items).collect();
                let mut complete = true;
                let mut values = Vec::with_capacity(ids.len());
                for id in ids {
                    let spread = match code.expression(id).kind {
                        // `[*others, last]`: what is spread stands alone in something that is not understood.
                        ExpressionKind::Opaque(parts) if parts.length == 1 => {
                            code.expression_ids(parts).next()
                        }
                        _ => None,
                    };
                    let Some(spread) = spread else {
                        values.push(self.expression(id));
                        continue;
                    };
                    let inner = self.expression(spread);
                    match self.iterated(&inner) {
                        Iterated::Known(items) => values.extend(items),
                        Iterated::Any(element, _) => {
                            complete = false;
                            values.push(element);
                        }
                        Iterated::Generator(_) => complete = false,
                    }
                }
                self.heap.sequence(values, complete)
            }
            ExpressionKind::Mapping(pairs) => self.mapping(pairs),
            ExpressionKind::Lambda(function) => self.closure(function, FunctionKind::Plain),
            ExpressionKind::Operation { operator, operands } => {
                let operator = code.name(operator);
                self.operation(operator, operands)
            }
            ExpressionKind::Index { object, index } => {
                let object = self.expression(object);
                let index_range = code.expression(index).range;
                if let ExpressionKind::Operation { operator, operands } =
                    code.expression(index).kind
                    && code.name(operator) == "slice"
                {
                    let bounds: Vec<ExpressionId> = code.expression_ids(operands).collect();
                    let bounds: Vec<Value> =
                        bounds.into_iter().map(|it| self.expression(it)).collect();
                    let place = self.place(index_range, expression.range);
                    return self.slice(&object, &bounds, place);
                }
                let index = self.expression(index);
                let place = self.place(index_range, expression.range);
                self.index(&object, &index, place)
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let condition = self.expression(condition);
                let arms: Vec<Option<ExpressionId>> = match self.truth(&condition) {
                    Some(true) => vec![Some(then)],
                    Some(false) => vec![otherwise],
                    None => vec![Some(then), otherwise],
                };
                self.fork(&arms, &mut |this, arm| arm.map_or(Value::Null, |it| this.expression(it)))
            }
            ExpressionKind::Comprehension { element, clauses } => {
                let clauses: Vec<Clause> = code.clauses_of(clauses).to_vec();
                let mut items = Vec::new();
                let mut complete = true;
                // What a comprehension binds is gone after it.
                let scope = self.activation().scope;
                let inner = self.heap.scope(Some(scope));
                self.activation().scope = inner;
                self.comprehension(element, &clauses, &mut items, &mut complete);
                self.activation().scope = scope;
                self.heap.sequence(items, complete)
            }
            ExpressionKind::Block(body) => self.block_value(body),
            ExpressionKind::Column(name) => {
                let mut features = Features::default();
                features.column(code.name(name));
                Value::Column(Rc::new(features))
            }
        }
    }

    fn comprehension(
        &mut self,
        element: ExpressionId,
        clauses: &[Clause],
        items: &mut Vec<Value>,
        complete: &mut bool,
    ) {
        let Some((clause, rest)) = clauses.split_first() else {
            if items.len() < 2000 {
                items.push(self.expression(element));
            }
            return;
        };
        let code = self.code();
        let iterated = self.expression(clause.iterated);
        let iterated = match iterated {
            Value::Generator(_) => self.collected(&iterated),
            other => other,
        };
        let conditions: Vec<ExpressionId> = code.expression_ids(clause.conditions).collect();
        match self.iterated(&iterated) {
            Iterated::Known(values) => {
                for value in values {
                    if self.exhausted() {
                        *complete = false;
                        break;
                    }
                    self.bind(clause.target, value);
                    let mut kept = Some(true);
                    for condition in &conditions {
                        let condition = self.expression(*condition);
                        kept = match (kept, self.truth(&condition)) {
                            (Some(false), _) | (_, Some(false)) => Some(false),
                            (Some(true), Some(true)) => Some(true),
                            _ => None,
                        };
                    }
                    if kept == Some(false) {
                        continue;
                    }
                    *complete &= kept == Some(true);
                    self.comprehension(element, rest, items, complete);
                }
            }
            Iterated::Any(value, _) => {
                *complete = false;
                self.activation().loops.push(LoopFrame::default());
                let mut last = Vec::new();
                self.repeat(&mut |this| {
                    this.bind(clause.target, value.clone());
                    for condition in &conditions {
                        this.expression(*condition);
                    }
                    last.clear();
                    this.comprehension(element, rest, &mut last, complete);
                });
                self.end_loop();
                items.append(&mut last);
            }
            Iterated::Generator(_) => *complete = false,
        }
    }

    fn mapping(&mut self, pairs: List) -> Value {
        let code = self.code();
        let ids: Vec<ExpressionId> = code.expression_ids(pairs).collect();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut complete = true;
        for pair in ids.chunks_exact(2) {
            let spread = matches!(code.expression(pair[0]).kind, ExpressionKind::Opaque(parts) if parts.length == 0);
            if spread {
                let inner = match code.expression(pair[1]).kind {
                    ExpressionKind::Opaque(parts) if parts.length == 1 => {
                        code.expression_ids(parts).next().unwrap_or(pair[1])
                    }
                    _ => pair[1],
                };
                let other = self.expression(inner);
                match &other {
                    Value::Mapping(cell) => {
                        if let Some(mapping) = self.heap.mapping_of(*cell).cloned() {
                            complete &= mapping.complete;
                            for (key, value) in mapping.entries.iter() {
                                put(&mut entries, key.clone(), value.clone());
                            }
                        }
                    }
                    _ => complete = false,
                }
                continue;
            }
            let key = self.expression(pair[0]);
            let value = self.expression(pair[1]);
            complete &= is_key(&key);
            put(&mut entries, key, value);
        }
        self.heap.mapping(entries, complete)
    }

    pub(super) fn sequence_items(&self, value: &Value) -> Option<(Vec<Value>, bool)> {
        match value {
            Value::Sequence(cell) => {
                self.heap.sequence_of(*cell).map(|it| (it.items.to_vec(), it.complete))
            }
            _ => None,
        }
    }
}

/// Whether a mapping's key is known.
pub(super) fn is_key(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_exact(),
        Value::Unknown(_) | Value::Alternatives(_) => false,
        _ => true,
    }
}

/// Puts an entry in place of the one with the same key.
pub(super) fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    match entries.iter_mut().find(|it| it.0.same(&key)) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}
