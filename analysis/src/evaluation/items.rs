//! Items of lists, mappings and datasets.

use std::rc::Rc;

use spark::Type;

use super::expressions::{is_key, put};
use super::interpreter::{ALTERNATIVES, Interpreter};
use super::value::{Argument, UNKNOWN, Value};
use super::{Features, NodeKind, Place, TextPattern};

impl Interpreter<'_> {
    pub(super) fn index(&mut self, object: &Value, index: &Value, place: Place) -> Value {
        match object {
            Value::Sequence(cell) => {
                let Some(sequence) = self.heap.sequence_of(*cell).cloned() else { return UNKNOWN };
                match index {
                    Value::Integer(at) => {
                        let length = sequence.items.len() as i64;
                        let at = if *at < 0 { *at + length } else { *at };
                        match usize::try_from(at).ok().and_then(|at| sequence.items.get(at)) {
                            Some(item) if sequence.complete => item.clone(),
                            _ => self.element(&sequence.items),
                        }
                    }
                    // Pairs that a comprehension made into a mapping.
                    Value::Text(_) => {
                        let pairs = self.pairs(&sequence.items);
                        match pairs {
                            Some(pairs) => self.entry(&pairs, sequence.complete, index),
                            None => self.element(&sequence.items),
                        }
                    }
                    _ => {
                        if let Some(pairs) = self.pairs(&sequence.items)
                            && is_key(index)
                        {
                            return self.entry(&pairs, sequence.complete, index);
                        }
                        // A slice, or an index that is not known.
                        let element = self.element(&sequence.items);
                        if element.dataset().is_some() || element.is_callable() {
                            return element;
                        }
                        Value::may_hold(&self.frames(object))
                    }
                }
            }
            Value::Mapping(cell) => {
                let Some(mapping) = self.heap.mapping_of(*cell).cloned() else { return UNKNOWN };
                self.entry(&mapping.entries, mapping.complete, index)
            }
            Value::Spark(spark) if spark.kind == Type::DataFrame => match index {
                Value::Text(name) => {
                    let mut features = Features::default();
                    match name.as_exact() {
                        Some(name) => features.column(name),
                        None => features.names_open = true,
                    }
                    Value::Column(Rc::new(features))
                }
                Value::Integer(_) => {
                    let features = Features { names_open: true, ..Features::default() };
                    Value::Column(Rc::new(features))
                }
                Value::Column(_) => {
                    let mut features = Features::default();
                    self.column_features(index, &mut features, true);
                    self.transformed(spark, NodeKind::Filter, "filter", place, features)
                }
                _ => {
                    let mut features = Features::default();
                    self.column_features(index, &mut features, true);
                    self.transformed(spark, NodeKind::Project, "select", place, features)
                }
            },
            // `randomSplit(…)[0]`.
            Value::Spark(_) => object.clone(),
            Value::Column(features) => {
                let mut features = (**features).clone();
                self.column_features(index, &mut features, false);
                Value::Column(Rc::new(features))
            }
            Value::Instance(cell) => {
                let hook = self.names.symbol("__getitem__");
                match self.instance_member(*cell, hook) {
                    Some(method) => {
                        self.call(&method, vec![Argument::positional(index.clone())], place)
                    }
                    None => UNKNOWN,
                }
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> =
                    values.iter().filter(|it| !matches!(it, Value::Null)).cloned().collect();
                let items: Vec<Value> =
                    values.iter().map(|it| self.index(it, index, place)).collect();
                self.join_all(&items)
            }
            Value::Method(pair) => {
                // `spark.sql(…)[0]` and the like of what is not known.
                Value::may_hold(&self.frames(&pair.0))
            }
            other => Value::may_hold(&self.frames(other)),
        }
    }

    /// `object[start:stop:step]`; what is left out is null.
    pub(super) fn slice(&mut self, object: &Value, bounds: &[Value], place: Place) -> Value {
        let bound = |at: usize| match bounds.get(at) {
            None | Some(Value::Null) => Some(None),
            Some(Value::Integer(value)) => Some(Some(*value)),
            Some(_) => None,
        };
        let (Some(start), Some(stop), Some(step)) = (bound(0), bound(1), bound(2)) else {
            return self.index(object, &UNKNOWN, place);
        };
        let selected = |length: usize| -> Option<Vec<usize>> {
            let length = length as i64;
            let clamp = |at: i64| (if at < 0 { at + length } else { at }).clamp(0, length);
            match step.unwrap_or(1) {
                step if step > 0 => {
                    let (start, stop) = (clamp(start.unwrap_or(0)), clamp(stop.unwrap_or(length)));
                    Some((start..stop).step_by(step as usize).map(|it| it as usize).collect())
                }
                -1 if start.is_none() && stop.is_none() => {
                    Some((0..length as usize).rev().collect())
                }
                _ => None,
            }
        };
        match object {
            Value::Sequence(cell) => {
                let Some(sequence) = self.heap.sequence_of(*cell).cloned() else { return UNKNOWN };
                match selected(sequence.items.len()) {
                    Some(indexes) if sequence.complete => {
                        let items =
                            indexes.into_iter().map(|it| sequence.items[it].clone()).collect();
                        self.heap.sequence(items, true)
                    }
                    _ => self.heap.sequence(sequence.items.to_vec(), false),
                }
            }
            Value::Text(text) => {
                match text.as_exact().map(|it| it.chars().collect::<Vec<char>>()) {
                    Some(all) => match selected(all.len()) {
                        Some(indexes) => {
                            Value::text(&indexes.into_iter().map(|it| all[it]).collect::<String>())
                        }
                        None => Value::Text(TextPattern::unknown()),
                    },
                    None => Value::Text(TextPattern::unknown()),
                }
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> =
                    values.iter().filter(|it| !matches!(it, Value::Null)).cloned().collect();
                let slices: Vec<Value> =
                    values.iter().map(|it| self.slice(it, bounds, place)).collect();
                self.join_all(&slices)
            }
            Value::Column(_) | Value::Spark(_) => self.index(object, &UNKNOWN, place),
            other => Value::may_hold(&self.frames(other)),
        }
    }

    /// Items as entries of a mapping, where each is a pair.
    pub(super) fn pairs(&self, items: &[Value]) -> Option<Vec<(Value, Value)>> {
        items
            .iter()
            .map(|it| match it {
                Value::Sequence(cell) => {
                    let sequence = self.heap.sequence_of(*cell)?;
                    match sequence.items.as_slice() {
                        [key, value] => Some((key.clone(), value.clone())),
                        _ => None,
                    }
                }
                _ => None,
            })
            .collect()
    }

    pub(super) fn entry(
        &mut self,
        entries: &[(Value, Value)],
        complete: bool,
        key: &Value,
    ) -> Value {
        let mut possible = Vec::new();
        for (known, value) in entries {
            match self.equal(known, key) {
                Some(true) => return value.clone(),
                Some(false) => {}
                None => possible.push(value.clone()),
            }
        }
        if possible.is_empty() && !complete && !is_key(key) {
            possible = entries.iter().map(|it| it.1.clone()).collect();
        }
        possible.truncate(ALTERNATIVES * 4);
        if possible.is_empty() { UNKNOWN } else { self.join_all(&possible) }
    }

    pub(super) fn set_item(&mut self, object: &Value, index: Value, value: Value) {
        match object {
            Value::Mapping(cell) => {
                let known = is_key(&index);
                let existing: Vec<(Value, Value)> =
                    self.heap.mapping_of(*cell).map(|it| it.entries.to_vec()).unwrap_or_default();
                let mut entries = existing;
                if known {
                    put(&mut entries, index, value);
                } else if entries.len() < 500 {
                    entries.push((index, value));
                }
                self.heap.change_mapping(*cell, |mapping| {
                    mapping.entries = Rc::new(entries);
                    mapping.complete &= known;
                });
            }
            Value::Sequence(cell) => {
                let mut items =
                    self.heap.sequence_of(*cell).map(|it| it.items.to_vec()).unwrap_or_default();
                let at = match index {
                    Value::Integer(at) => usize::try_from(at).ok().filter(|at| *at < items.len()),
                    _ => None,
                };
                match at {
                    Some(at) => items[at] = value,
                    None if items.len() < 500 => items.push(value),
                    None => {}
                }
                self.heap.change_sequence(*cell, |sequence| {
                    sequence.items = Rc::new(items);
                    sequence.complete &= at.is_some();
                });
            }
            Value::Instance(cell) => {
                let hook = self.names.symbol("__setitem__");
                if let Some(method) = self.instance_member(*cell, hook) {
                    let range = program::TextRange::default();
                    let place = self.place(range, range);
                    let arguments = vec![Argument::positional(index), Argument::positional(value)];
                    self.call(&method, arguments, place);
                }
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> = values.to_vec();
                for one in values {
                    if matches!(one, Value::Mapping(_)) {
                        self.set_item(&one, index.clone(), value.clone());
                    }
                }
            }
            _ => {}
        }
    }
}
