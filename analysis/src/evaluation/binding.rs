//! What patterns and parameters bind.

use std::rc::Rc;

use program::Language;
use program::driver::{Parameter, Pattern, PatternId};
use spark::Type;

use super::heap::NamesKind;
use super::interpreter::Interpreter;
use super::names::Symbol;
use super::value::{Argument, UNKNOWN, Value};
use super::{Features, NodeKind, Place};

impl Interpreter<'_> {
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
    pub(super) fn bind_scala(&mut self, name: Symbol, value: Value) {
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
    pub(super) fn parts(&mut self, value: &Value, targets: &[PatternId]) -> Vec<Value> {
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

    pub(super) fn bind_parameters(
        &mut self,
        parameters: &[Parameter],
        bound: Option<Value>,
        arguments: &[Argument],
        place: Place,
    ) {
        let code = self.code();
        let unknown_rest: Option<Value> =
            arguments.iter().find(|it| it.rest).map(|it| it.value.clone());
        let mut positional: std::collections::VecDeque<Value> = bound
            .into_iter()
            .chain(
                arguments
                    .iter()
                    .filter(|it| it.name.is_none() && !it.rest)
                    .map(|it| it.value.clone()),
            )
            .collect();
        let mut used: Vec<Symbol> = Vec::new();
        let scala = self.language() == Language::Scala;
        for parameter in parameters {
            match code.pattern(parameter.pattern) {
                Pattern::Rest { name, keywords: false } => {
                    let mut items: Vec<Value> = positional.drain(..).collect();
                    items.extend(unknown_rest.clone());
                    let value = self.heap.sequence(items, unknown_rest.is_none());
                    let name = self.symbol(name);
                    self.bind_name(name, value);
                }
                Pattern::Rest { name, keywords: true } => {
                    let entries: Vec<(Value, Value)> = arguments
                        .iter()
                        .filter_map(|it| it.name.map(|name| (name, it.value.clone())))
                        .filter(|it| !used.contains(&it.0))
                        .map(|(name, value)| (Value::text(&self.names.text(name)), value))
                        .collect();
                    let value = self.heap.mapping(entries, unknown_rest.is_none());
                    let name = self.symbol(name);
                    self.bind_name(name, value);
                }
                Pattern::Name(id) => {
                    let name = self.symbol(id);
                    let keyword = arguments
                        .iter()
                        .find(|it| it.name == Some(name))
                        .map(|it| it.value.clone());
                    let given = match keyword {
                        Some(value) => {
                            used.push(name);
                            Some(value)
                        }
                        None => positional.pop_front().or_else(|| {
                            parameter.default.is_none().then(|| unknown_rest.clone()).flatten()
                        }),
                    };
                    let value = match (given, parameter.default) {
                        (Some(value), _) => value,
                        (None, Some(default)) => self.expression(default),
                        (None, None) => UNKNOWN,
                    };
                    let value = self.guessed(parameter, code.name(id), value, place);
                    let scope = self.activation().scope;
                    self.heap.set(scope, name, value);
                }
                Pattern::Ignore => {
                    positional.pop_front();
                }
                _ => {
                    let value = positional.pop_front().unwrap_or(UNKNOWN);
                    // `{ case (a, b) => … }` given two arguments takes each for one part.
                    let value = if scala && !positional.is_empty() && parameters.len() == 1 {
                        let mut items = vec![value];
                        items.extend(positional.drain(..));
                        self.heap.sequence(items, true)
                    } else {
                        value
                    };
                    self.bind(parameter.pattern, value);
                }
            }
        }
    }

    /// A parameter whose argument is not known, by its annotation or conventional name.
    pub(super) fn guessed(
        &mut self,
        parameter: &Parameter,
        name: &str,
        value: Value,
        place: Place,
    ) -> Value {
        if !value.is_unknown() {
            return value;
        }
        if let Some(annotation) = parameter.annotation {
            let annotation = self.code().name(annotation);
            if let Some(declared) = self.declared(annotation, &value, place) {
                return declared;
            }
            return value;
        }
        match (&value, self.ambient(name)) {
            (Value::Unknown(None), Some(ambient)) => ambient,
            _ => value,
        }
    }

    /// A value that is not known, of a declared type.
    pub(super) fn declared(
        &mut self,
        annotation: &str,
        value: &Value,
        place: Place,
    ) -> Option<Value> {
        let kind = match annotation {
            "SparkSession" | "SQLContext" | "HiveContext" => Type::Session,
            "SparkContext" => Type::Context,
            "DataFrame" | "Dataset" => Type::DataFrame,
            "RDD" => Type::Rdd,
            "GroupedData" | "RelationalGroupedDataset" => Type::GroupedData,
            "DataFrameReader" => Type::Reader,
            "DataFrameWriter" => Type::Writer,
            "DataStreamWriter" => Type::StreamWriter,
            "Column" => {
                let features = Features { names_open: true, ..Features::default() };
                return Some(Value::Column(Rc::new(features)));
            }
            _ => {
                let symbol = self.names.known(annotation)?;
                return match self.lookup(symbol)? {
                    Value::Class(cell) if matches!(value, Value::Unknown(_)) => {
                        self.some_instance(cell, place)
                    }
                    _ => None,
                };
            }
        };
        if !kind.is_dataset() && !matches!(kind, Type::Writer | Type::StreamWriter) {
            return Some(Value::spark(kind, None));
        }
        let frames = self.frames(value);
        let of = if kind.is_dataset() { kind } else { Type::DataFrame };
        let node = if frames.is_empty() {
            let features =
                Features { names_open: true, literals_open: true, ..Features::default() };
            self.node(NodeKind::Parameter, of, "", Some(place), Vec::new(), features)
        } else {
            self.opaque_dataset(of, &frames, place)
        };
        Some(Value::spark(kind, Some(node)))
    }
}
