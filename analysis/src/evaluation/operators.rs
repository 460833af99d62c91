//! Operators.

use std::rc::Rc;

use program::driver::{ExpressionId, List};
use program::{Language, TextRange};

use super::expressions::put;
use super::formatting::joined_path;
use super::interpreter::Interpreter;
use super::value::{Argument, UNKNOWN, Value};
use super::{Features, TextPattern};

impl Interpreter<'_> {
    pub(super) fn operation(&mut self, operator: &str, operands: List) -> Value {
        let code = self.code();
        let ids: Vec<ExpressionId> = code.expression_ids(operands).collect();
        match operator {
            "yield" => {
                let value = match ids.as_slice() {
                    [] => Value::Null,
                    [only] => self.expression(*only),
                    several => {
                        let values = several.iter().map(|it| self.expression(*it)).collect();
                        self.heap.sequence(values, true)
                    }
                };
                if self.current.is_some() {
                    self.yielded(value);
                }
                return UNKNOWN;
            }
            "yield from" => {
                if let Some(&only) = ids.first() {
                    let value = self.expression(only);
                    self.yield_from(&value);
                }
                return UNKNOWN;
            }
            "and" | "or" if ids.len() >= 2 => return self.connective(operator, &ids),
            _ => {}
        }
        let values: Vec<Value> = ids.into_iter().map(|it| self.expression(it)).collect();
        self.operated(operator, &values)
    }

    /// `and`, `or`: of columns a condition, else evaluated as far as is needed.
    pub(super) fn connective(&mut self, operator: &str, ids: &[ExpressionId]) -> Value {
        let first = self.expression(ids[0]);
        if matches!(first, Value::Column(_)) {
            let mut values = vec![first];
            for id in &ids[1..] {
                values.push(self.expression(*id));
            }
            return self.operated(operator, &values);
        }
        let mut result = first;
        for id in &ids[1..] {
            let decides = operator == "or";
            match self.truth(&result) {
                Some(truth) if truth == decides => return result,
                Some(_) => result = self.expression(*id),
                None => {
                    let before = result.clone();
                    let arms = [Some(*id), None];
                    let after = self.fork(&arms, &mut |this, arm| {
                        arm.map_or_else(|| before.clone(), |it| this.expression(it))
                    });
                    // A default behind something that is not known: it may be either.
                    result = match (&before, operator) {
                        (Value::Unknown(_), "and") => UNKNOWN,
                        _ => after,
                    };
                    if matches!(result, Value::Text(_) | Value::Boolean(_) | Value::Integer(_))
                        && before.is_unknown()
                    {
                        result = UNKNOWN;
                    }
                }
            }
        }
        result
    }

    pub(super) fn operated(&mut self, operator: &str, values: &[Value]) -> Value {
        if values.iter().any(|it| matches!(it, Value::Column(_))) {
            let mut features = Features::default();
            for value in values {
                self.column_features(value, &mut features, false);
            }
            return Value::Column(Rc::new(features));
        }
        match (operator, values) {
            ("not", [only]) => self.truth(only).map_or(UNKNOWN, |it| Value::Boolean(!it)),
            ("-", [Value::Integer(value)]) => Value::Integer(value.saturating_neg()),
            ("-", [Value::Float(value)]) => Value::Float(-value),
            ("+", [only]) => only.clone(),
            ("=" | "is" | "!=" | "is not", [left, right]) => match self.equal(left, right) {
                Some(equal) => Value::Boolean(equal != operator.contains(['!', 'n'])),
                None => UNKNOWN,
            },
            ("in" | "not in", [left, right]) => self
                .contained(left, right)
                .map_or(UNKNOWN, |it| Value::Boolean(it == (operator == "in"))),
            ("+", [Value::Text(left), right]) => {
                let right = self.text_of(right);
                Value::Text(TextPattern::concatenated([left, &right]))
            }
            ("+", [left, Value::Text(right)]) => {
                let left = self.text_of(left);
                Value::Text(TextPattern::concatenated([&left, right]))
            }
            ("%", [Value::Text(format), arguments]) => {
                let values = match arguments {
                    Value::Sequence(cell) => {
                        self.heap.sequence_of(*cell).map(|it| it.items.to_vec()).unwrap_or_default()
                    }
                    single => vec![single.clone()],
                };
                Value::Text(self.percent(format, &values))
            }
            ("/", [left, right])
                if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) =>
            {
                let parts = [self.text_of(left), self.text_of(right)];
                Value::Text(joined_path(&parts))
            }
            ("+" | "++" | ":+" | "+:" | "::" | ":::", [left, right]) => {
                self.added(operator, left, right)
            }
            ("*", [Value::Sequence(_), _] | [_, Value::Sequence(_)]) => {
                let list = values.iter().find(|it| matches!(it, Value::Sequence(_)));
                let items = match list {
                    Some(Value::Sequence(cell)) => {
                        self.heap.sequence_of(*cell).map(|it| it.items.to_vec())
                    }
                    _ => None,
                };
                self.heap.sequence(items.unwrap_or_default(), false)
            }
            ("or", [Value::Mapping(left), Value::Mapping(right)]) => {
                match (self.heap.mapping_of(*left).cloned(), self.heap.mapping_of(*right).cloned())
                {
                    (Some(left), Some(right)) => {
                        let mut entries = left.entries.to_vec();
                        for (key, value) in right.entries.iter() {
                            put(&mut entries, key.clone(), value.clone());
                        }
                        self.heap.mapping(entries, left.complete && right.complete)
                    }
                    _ => UNKNOWN,
                }
            }
            (_, [Value::Integer(left), Value::Integer(right)]) => {
                integers(operator, *left, *right, self.language())
            }
            (_, [Value::Float(_) | Value::Integer(_), Value::Float(_) | Value::Integer(_)]) => {
                floats(operator, &values[0], &values[1])
            }
            _ => {
                // Workspace classes may say what their operators do: `a >> b`, `a | b`.
                let frames = self.frames_of(values);
                if matches!(values.first(), Some(Value::Instance(_))) {
                    let hook = match operator {
                        "+" => "__add__",
                        "or" => "__or__",
                        "and" => "__and__",
                        ">>" => "__rshift__",
                        "<<" => "__lshift__",
                        "/" => "__truediv__",
                        _ => "",
                    };
                    if let (Some(Value::Instance(cell)), Some(hook)) =
                        (values.first(), self.names.known(hook))
                        && let Some(method) = self.instance_member(*cell, hook)
                    {
                        let place = self.place(TextRange::default(), TextRange::default());
                        let rest = values[1..].iter().cloned().map(Argument::positional).collect();
                        return self.call(&method, rest, place);
                    }
                }
                Value::may_hold(&frames)
            }
        }
    }

    pub(super) fn added(&mut self, operator: &str, left: &Value, right: &Value) -> Value {
        let lists = (self.sequence_items(left), self.sequence_items(right));
        match (operator, lists) {
            (_, (Some((mut a, a_all)), Some((b, b_all))))
                if matches!(operator, "+" | "++" | ":::") =>
            {
                a.extend(b);
                self.heap.sequence(a, a_all && b_all)
            }
            (":+" | "+", (Some((mut a, complete)), None)) => {
                a.push(right.clone());
                self.heap.sequence(a, complete)
            }
            ("+:" | "::", (_, Some((b, complete)))) => {
                let mut items = vec![left.clone()];
                items.extend(b);
                self.heap.sequence(items, complete)
            }
            (":+", (Some((mut a, complete)), Some(_))) => {
                a.push(right.clone());
                self.heap.sequence(a, complete)
            }
            _ => match (left, right) {
                (Value::Integer(a), Value::Integer(b)) => Value::Integer(a.saturating_add(*b)),
                (Value::Float(_) | Value::Integer(_), Value::Float(_) | Value::Integer(_)) => {
                    floats("+", left, right)
                }
                (Value::Mapping(cell), _) => {
                    let Some(mapping) = self.heap.mapping_of(*cell).cloned() else {
                        return UNKNOWN;
                    };
                    let mut entries = mapping.entries.to_vec();
                    let mut complete = mapping.complete;
                    match self.sequence_items(right) {
                        Some((pair, _)) if pair.len() == 2 => {
                            put(&mut entries, pair[0].clone(), pair[1].clone());
                        }
                        _ => complete = false,
                    }
                    self.heap.mapping(entries, complete)
                }
                _ => {
                    let frames = self.frames_of([left, right]);
                    if let Some((mut items, _)) = self.sequence_items(left) {
                        items.push(Value::may_hold(&frames));
                        return self.heap.sequence(items, false);
                    }
                    Value::may_hold(&frames)
                }
            },
        }
    }
}

pub(super) fn integers(operator: &str, left: i64, right: i64, language: Language) -> Value {
    let result = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "//" if right != 0 => Some(left.div_euclid(right)),
        "/" if right != 0 && language == Language::Scala => left.checked_div(right),
        "%" if right != 0 => left.checked_rem_euclid(right),
        "**" => u32::try_from(right).ok().and_then(|it| left.checked_pow(it)),
        "<" => return Value::Boolean(left < right),
        "<=" => return Value::Boolean(left <= right),
        ">" => return Value::Boolean(left > right),
        ">=" => return Value::Boolean(left >= right),
        "/" if right != 0 => return Value::Float(left as f64 / right as f64),
        _ => None,
    };
    result.map_or(UNKNOWN, Value::Integer)
}

pub(super) fn floats(operator: &str, left: &Value, right: &Value) -> Value {
    let number = |value: &Value| match value {
        Value::Integer(value) => *value as f64,
        Value::Float(value) => *value,
        _ => f64::NAN,
    };
    let (left, right) = (number(left), number(right));
    let result = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        "<" => return Value::Boolean(left < right),
        "<=" => return Value::Boolean(left <= right),
        ">" => return Value::Boolean(left > right),
        ">=" => return Value::Boolean(left >= right),
        _ => return UNKNOWN,
    };
    if result.is_finite() { Value::Float(result) } else { UNKNOWN }
}
