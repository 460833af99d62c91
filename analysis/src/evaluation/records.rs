//! Calls of Spark as they stand, with their arguments, for rules.

use std::rc::Rc;

use spark::Method;

use super::interpreter::Interpreter;
use super::value::{Argument, SparkValue, Value};
use super::{ArgumentValue, CallRecord, Constant, Place};

impl Interpreter<'_> {
    pub(super) fn record(
        &mut self,
        method: &Method,
        spark: &Rc<SparkValue>,
        arguments: &[Argument],
        place: Place,
    ) {
        if self.dry > 0 || self.records.len() >= self.limits.records {
            return;
        }
        let arguments = arguments
            .iter()
            .map(|it| ArgumentValue {
                name: it.name.map(|name| self.names.text(name).to_string()),
                value: self.constant(&it.value, 4),
                rest: it.rest,
            })
            .collect();
        let path = self.path();
        self.records.push(CallRecord {
            method: method.name(),
            receiver: spark.kind,
            node: spark.node,
            place,
            path,
            arguments,
        });
    }

    /// A value as rules see it.
    pub(super) fn constant(&self, value: &Value, depth: u32) -> Constant {
        match value {
            Value::Null => Constant::Null,
            Value::Boolean(value) => Constant::Boolean(*value),
            Value::Integer(value) => Constant::Integer(*value),
            Value::Float(value) => Constant::Float(*value),
            Value::Text(text) => Constant::Text(text.clone()),
            Value::Sequence(cell) if depth > 0 => match self.heap.sequence_of(*cell) {
                Some(sequence) => Constant::List {
                    items: sequence
                        .items
                        .iter()
                        .take(200)
                        .map(|it| self.constant(it, depth - 1))
                        .collect(),
                    complete: sequence.complete && sequence.items.len() <= 200,
                },
                None => Constant::Unknown,
            },
            Value::Mapping(cell) if depth > 0 => match self.heap.mapping_of(*cell) {
                Some(mapping) => Constant::Mapping {
                    entries: mapping
                        .entries
                        .iter()
                        .take(200)
                        .map(|(key, value)| {
                            (self.constant(key, depth - 1), self.constant(value, depth - 1))
                        })
                        .collect(),
                    complete: mapping.complete && mapping.entries.len() <= 200,
                },
                None => Constant::Unknown,
            },
            Value::Spark(value) => match value.node {
                Some(node) if value.kind.is_dataset() => Constant::Dataset(node),
                _ => Constant::Unknown,
            },
            Value::Column(features) => Constant::Column(Box::new((**features).clone())),
            Value::Function(closure) => {
                let code = self.code_of(closure.file);
                let name = code
                    .functions
                    .get(closure.function.index())
                    .map_or("", |it| code.name(it.name));
                Constant::Function(name.to_owned())
            }
            Value::ExecutorFunction(name) => Constant::Function(self.names.text(*name).to_string()),
            Value::Alternatives(values) if depth > 0 => Constant::Alternatives(
                values.iter().map(|it| self.constant(it, depth - 1)).collect(),
            ),
            _ => Constant::Unknown,
        }
    }
}
