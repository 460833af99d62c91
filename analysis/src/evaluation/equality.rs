//! Truth and equality, where they are known.

use super::interpreter::Interpreter;
use super::value::Value;

impl Interpreter<'_> {
    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Null => Some(false),
            Value::Boolean(value) => Some(*value),
            Value::Integer(value) => Some(*value != 0),
            Value::Float(value) => Some(*value != 0.0),
            Value::Text(text) => match text.as_exact() {
                Some(text) => Some(!text.is_empty()),
                None => text.pieces().any(|it| !it.is_empty()).then_some(true),
            },
            Value::Sequence(cell) => {
                let sequence = self.heap.sequence_of(*cell)?;
                match (sequence.items.is_empty(), sequence.complete) {
                    (empty, true) => Some(!empty),
                    _ => None,
                }
            }
            Value::Mapping(cell) => {
                let mapping = self.heap.mapping_of(*cell)?;
                match (mapping.entries.is_empty(), mapping.complete) {
                    (true, false) => None,
                    (empty, _) => Some(!empty),
                }
            }
            Value::Function(_)
            | Value::Bound(_)
            | Value::Partial(_)
            | Value::Class(_)
            | Value::Module(_)
            | Value::Spark(_)
            | Value::ExecutorFunction(_)
            | Value::Generator(_)
            | Value::Context(_)
            | Value::File(_)
            | Value::Pool => Some(true),
            Value::Alternatives(values) => {
                let mut truths = values.iter().map(|it| self.truth(it));
                let first = truths.next()??;
                truths.all(|it| it == Some(first)).then_some(first)
            }
            Value::Unknown(_)
            | Value::Column(_)
            | Value::Instance(_)
            | Value::Super(..)
            | Value::Path(_)
            | Value::Method(_)
            | Value::Library(..) => None,
        }
    }

    pub(super) fn equal(&self, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Null, Value::Null) => Some(true),
            (Value::Alternatives(values), other) | (other, Value::Alternatives(values)) => {
                let mut all = values.iter().map(|it| self.equal(it, other));
                let first = all.next()??;
                all.all(|it| it == Some(first)).then_some(first)
            }
            (Value::Unknown(_) | Value::Library(..) | Value::Path(_), _)
            | (_, Value::Unknown(_) | Value::Library(..) | Value::Path(_)) => None,
            (Value::Null, _) | (_, Value::Null) => Some(false),
            (Value::Boolean(a), Value::Boolean(b)) => Some(a == b),
            (Value::Integer(a), Value::Integer(b)) => Some(a == b),
            (Value::Float(a), Value::Float(b)) => Some(a == b),
            (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
                Some(*a as f64 == *b)
            }
            (Value::Text(a), Value::Text(b)) => match (a.as_exact(), b.as_exact()) {
                (Some(a), Some(b)) => Some(a == b),
                (Some(text), None) => (!b.matches(text)).then_some(false),
                (None, Some(text)) => (!a.matches(text)).then_some(false),
                (None, None) => None,
            },
            (Value::Class(a), Value::Class(b)) => Some(a == b),
            (Value::Sequence(a), Value::Sequence(b)) => {
                let (a, b) = (self.heap.sequence_of(*a)?, self.heap.sequence_of(*b)?);
                if !a.complete || !b.complete {
                    return None;
                }
                if a.items.len() != b.items.len() {
                    return Some(false);
                }
                let mut all = true;
                for (a, b) in a.items.iter().zip(b.items.iter()) {
                    match constant_equal(a, b) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = false,
                    }
                }
                all.then_some(true)
            }
            (Value::Text(_), Value::Integer(_) | Value::Float(_) | Value::Boolean(_))
            | (Value::Integer(_) | Value::Float(_) | Value::Boolean(_), Value::Text(_)) => {
                Some(false)
            }
            _ => None,
        }
    }

    pub(super) fn contained(&self, item: &Value, whole: &Value) -> Option<bool> {
        match whole {
            Value::Sequence(cell) => {
                let sequence = self.heap.sequence_of(*cell)?;
                self.among(item, sequence.items.iter(), sequence.complete)
            }
            Value::Mapping(cell) => {
                let mapping = self.heap.mapping_of(*cell)?;
                self.among(item, mapping.entries.iter().map(|it| &it.0), mapping.complete)
            }
            Value::Text(text) => match (text.as_exact(), item) {
                (Some(text), Value::Text(part)) => part.as_exact().map(|it| text.contains(it)),
                (None, Value::Text(part)) => {
                    let part = part.as_exact()?;
                    text.pieces().any(|it| it.contains(part)).then_some(true)
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn among<'v>(
        &self,
        item: &Value,
        items: impl Iterator<Item = &'v Value>,
        complete: bool,
    ) -> Option<bool> {
        let mut sure = complete;
        for other in items {
            match self.equal(item, other) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        sure.then_some(false)
    }
}

pub(super) fn constant_equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::Text(a), Value::Text(b)) => match (a.as_exact(), b.as_exact()) {
            (Some(a), Some(b)) => Some(a == b),
            _ => None,
        },
        _ if left.same(right) => Some(true),
        (Value::Integer(_), Value::Integer(_)) | (Value::Boolean(_), Value::Boolean(_)) => {
            Some(false)
        }
        _ => None,
    }
}
