//! Methods of texts, lists and mappings.

use std::rc::Rc;

use program::Language;

use super::expressions::put;
use super::heap::CellId;
use super::interpreter::Interpreter;
use super::names::Symbol;
use super::value::{Argument, UNKNOWN, Value};
use super::{Place, TextPattern};

impl Interpreter<'_> {
    pub(super) fn container_method(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let text = self.names.text(name);
        match object {
            Value::Text(own) => {
                let own = own.clone();
                self.text_method(&own, &text, arguments)
            }
            Value::Sequence(cell) => self.sequence_method(object, *cell, &text, arguments, place),
            Value::Mapping(cell) => self.mapping_method(object, *cell, &text, arguments, place),
            _ => UNKNOWN,
        }
    }

    fn sequence_method(
        &mut self,
        object: &Value,
        cell: CellId,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let Some(sequence) = self.heap.sequence_of(cell).cloned() else { return UNKNOWN };
        let (items, complete) = (sequence.items.to_vec(), sequence.complete);
        let first = arguments.first().map(|it| it.value.clone());
        let scala = self.language() == Language::Scala;
        match name {
            "append" | "add" | "addOne" | "push" | "put" | "+=" => {
                if let Some(item) = first {
                    self.grow(cell, vec![item], true);
                }
                if scala { object.clone() } else { Value::Null }
            }
            "extend" | "update" | "++=" | "appendAll" => {
                if let Some(other) = first {
                    let (more, all) = self.items_of(&other);
                    self.grow(cell, more, all);
                }
                Value::Null
            }
            "insert" => {
                if let (Some(Value::Integer(at)), Some(item)) = (first, arguments.get(1)) {
                    let mut items = items;
                    let at = usize::try_from(at).unwrap_or(0).min(items.len());
                    items.insert(at, item.value.clone());
                    self.heap.change_sequence(cell, |it| it.items = Rc::new(items));
                }
                Value::Null
            }
            "pop" | "popleft" => {
                let mut items = items;
                let item = if items.is_empty() {
                    UNKNOWN
                } else if name == "popleft" || matches!(first, Some(Value::Integer(0))) {
                    items.remove(0)
                } else {
                    items.pop().unwrap_or(UNKNOWN)
                };
                self.heap.change_sequence(cell, |it| it.items = Rc::new(items));
                item
            }
            "clear" => {
                self.heap.change_sequence(cell, |it| {
                    it.items = Rc::default();
                    it.complete = true;
                });
                Value::Null
            }
            "remove" => {
                self.heap.change_sequence(cell, |it| it.complete = false);
                Value::Null
            }
            "reverse" | "sort" if !scala => {
                let mut items = items;
                if name == "reverse" {
                    items.reverse();
                }
                self.heap.change_sequence(cell, |it| it.items = Rc::new(items));
                Value::Null
            }
            "reverse" => {
                let mut items = items;
                items.reverse();
                self.heap.sequence(items, complete)
            }
            "copy" | "toList" | "toSeq" | "toArray" | "toVector" | "toSet" | "toIterator"
            | "iterator" | "par" | "view" | "result" | "sorted" | "seq" | "toIndexedSeq"
            | "toBuffer" | "collect"
                if arguments.is_empty() =>
            {
                self.heap.sequence(items, complete)
            }
            "distinct" => self.heap.sequence(items, complete),
            "map" | "flatMap" | "foreach" | "collect" if first.is_some() => {
                let function = first.unwrap_or(UNKNOWN);
                let mapped = self.mapped(&function, std::slice::from_ref(object), place);
                match name {
                    "foreach" => Value::Null,
                    "flatMap" => {
                        let (lists, mut all) = self.items_of(&mapped);
                        let mut items = Vec::new();
                        for list in lists {
                            if matches!(list, Value::Sequence(_)) {
                                let (more, complete) = self.items_of(&list);
                                items.extend(more);
                                all &= complete;
                            } else {
                                items.push(list);
                            }
                        }
                        self.heap.sequence(items, all)
                    }
                    _ => mapped,
                }
            }
            "filter" | "filterNot" | "takeWhile" | "dropWhile" if first.is_some() => {
                let function = first.unwrap_or(UNKNOWN);
                let mut kept = Vec::new();
                let mut sure = complete;
                for item in items.into_iter().take(200) {
                    let value =
                        self.call(&function, vec![Argument::positional(item.clone())], place);
                    let truth = self.truth(&value);
                    sure &= truth.is_some() && matches!(name, "filter" | "filterNot");
                    if truth != Some(name == "filterNot") {
                        kept.push(item);
                    }
                }
                self.heap.sequence(kept, sure)
            }
            "reduce" | "reduceLeft" | "reduceRight" if first.is_some() => {
                let function = first.unwrap_or(UNKNOWN);
                self.fold(&function, object, None, place)
            }
            "foldLeft" | "fold" | "foldRight" if arguments.len() >= 2 => {
                let function = arguments[1].value.clone();
                self.fold(&function, object, first, place)
            }
            "zip" => {
                let other = first.map(|it| self.items_of(&it)).unwrap_or_default();
                let rows = items
                    .iter()
                    .zip(other.0.iter())
                    .map(|(a, b)| self.heap.sequence(vec![a.clone(), b.clone()], true))
                    .collect();
                self.heap.sequence(rows, complete && other.1)
            }
            "zipWithIndex" => {
                let rows = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| {
                        let row = vec![item.clone(), Value::Integer(at as i64)];
                        self.heap.sequence(row, true)
                    })
                    .collect();
                self.heap.sequence(rows, complete)
            }
            "head" | "last" | "headOption" | "lastOption" if arguments.is_empty() => {
                let item = if name.starts_with("head") { items.first() } else { items.last() };
                match item {
                    Some(item) if complete => item.clone(),
                    _ => self.element(&items),
                }
            }
            "tail" | "init" => {
                let skip = usize::from(name == "tail");
                let keep = items.len().saturating_sub(1);
                let items = items.into_iter().skip(skip).take(keep).collect();
                self.heap.sequence(items, complete)
            }
            "take" | "drop" | "slice" => self.heap.sequence(items, false),
            "_1" | "_2" | "_3" | "_4" | "_5" => {
                let at = name[1..].parse::<usize>().unwrap_or(1) - 1;
                items.get(at).cloned().unwrap_or(UNKNOWN)
            }
            "size" | "length" | "__len__" if complete => Value::Integer(items.len() as i64),
            "isEmpty" if complete => Value::Boolean(items.is_empty()),
            "nonEmpty" if complete => Value::Boolean(!items.is_empty()),
            "mkString" => {
                let texts: Vec<TextPattern> =
                    arguments.iter().map(|it| self.text_of(&it.value)).collect();
                if !complete {
                    return Value::Text(TextPattern::unknown());
                }
                let separator = match texts.len() {
                    3 => texts[1].clone(),
                    1 => texts[0].clone(),
                    _ => TextPattern::exact(""),
                };
                let mut parts: Vec<TextPattern> = Vec::new();
                if texts.len() == 3 {
                    parts.push(texts[0].clone());
                }
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        parts.push(separator.clone());
                    }
                    parts.push(self.text_of(item));
                }
                if texts.len() == 3 {
                    parts.push(texts[2].clone());
                }
                Value::Text(TextPattern::concatenated(&parts))
            }
            "toMap" => match self.pairs(&items) {
                Some(pairs) => self.heap.mapping(pairs, complete),
                None => UNKNOWN,
            },
            "items" | "toDF" if self.pairs(&items).is_some() && name == "items" => object.clone(),
            "values" if self.pairs(&items).is_some() => {
                let values = self.pairs(&items).unwrap_or_default().into_iter().map(|it| it.1);
                let values = values.collect();
                self.heap.sequence(values, complete)
            }
            "keys" if self.pairs(&items).is_some() => {
                let keys = self.pairs(&items).unwrap_or_default().into_iter().map(|it| it.0);
                let keys = keys.collect();
                self.heap.sequence(keys, complete)
            }
            "get" | "apply" | "getOrElse" if first.is_some() => {
                let key = first.unwrap_or(UNKNOWN);
                self.index(object, &key, place)
            }
            "index" | "indexOf" => UNKNOWN,
            "toDF" | "toDS" if scala => {
                // Rows of the driver made into a dataset.
                let mut features = super::Features::default();
                for argument in arguments {
                    self.column_features(&argument.value, &mut features, true);
                }
                features.aliases = std::mem::take(&mut features.columns);
                let node = self.node(
                    super::NodeKind::Create,
                    spark::Type::DataFrame,
                    name,
                    Some(place),
                    Vec::new(),
                    features,
                );
                Value::spark(spark::Type::DataFrame, Some(node))
            }
            ":+" | "++" | "+:" | "::" | ":::" => {
                let other = first.unwrap_or(UNKNOWN);
                if matches!(name, "+:" | "::" | ":::") {
                    // The operator belongs to what stands on its right.
                    return self.operated(name, &[object.clone(), other]);
                }
                self.operated(name, &[object.clone(), other])
            }
            "groupBy" | "sortBy" | "sortWith" | "partition" | "grouped" | "sliding" => {
                self.heap.sequence(items, false)
            }
            "find" | "exists" | "forall" | "contains" | "count" => {
                if first.is_some() && name == "find" {
                    return self.element(&items);
                }
                UNKNOWN
            }
            "join" | "result_of" => UNKNOWN,
            _ => Value::may_hold(&self.frames(object)),
        }
    }

    fn grow(&mut self, cell: CellId, more: Vec<Value>, all: bool) {
        self.heap.change_sequence(cell, |sequence| {
            let items = Rc::make_mut(&mut sequence.items);
            for item in more {
                if items.len() < 2000 {
                    items.push(item);
                } else {
                    sequence.complete = false;
                }
            }
            sequence.complete &= all;
        });
    }

    fn mapping_method(
        &mut self,
        object: &Value,
        cell: CellId,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let Some(mapping) = self.heap.mapping_of(cell).cloned() else { return UNKNOWN };
        let complete = mapping.complete;
        let first = arguments.first().map(|it| it.value.clone());
        match name {
            "items" | "iteritems" | "toSeq" | "toList" | "iterator" | "toArray" => {
                let rows = mapping
                    .entries
                    .iter()
                    .map(|(key, value)| self.heap.sequence(vec![key.clone(), value.clone()], true))
                    .collect();
                self.heap.sequence(rows, complete)
            }
            "keys" | "keySet" => {
                let keys = mapping.entries.iter().map(|it| it.0.clone()).collect();
                self.heap.sequence(keys, complete)
            }
            "values" | "itervalues" => {
                let values = mapping.entries.iter().map(|it| it.1.clone()).collect();
                self.heap.sequence(values, complete)
            }
            "get" | "pop" | "setdefault" | "getOrElse" | "apply" | "__getitem__" => {
                let Some(key) = first else { return UNKNOWN };
                let found = self.entry(&mapping.entries, complete, &key);
                let default = arguments.get(1).map(|it| it.value.clone());
                let known = mapping.entries.iter().any(|it| self.equal(&it.0, &key) == Some(true));
                if known {
                    return found;
                }
                let sure = complete
                    && mapping.entries.iter().all(|it| self.equal(&it.0, &key) == Some(false));
                if name == "setdefault"
                    && let Some(default) = &default
                {
                    self.set_item(object, key, default.clone());
                    return default.clone();
                }
                match default {
                    Some(default) if sure => default,
                    Some(default) if !found.is_unknown() => self.join(&found, &default),
                    None if sure && name == "get" => Value::Null,
                    _ => found,
                }
            }
            "update" => {
                for argument in arguments {
                    let more: Vec<(Value, Value)> = match (&argument.name, &argument.value) {
                        (Some(name), value) => {
                            vec![(Value::text(&self.names.text(*name)), value.clone())]
                        }
                        (None, Value::Mapping(other)) => {
                            let other = self.heap.mapping_of(*other).cloned();
                            let all = other.as_ref().is_some_and(|it| it.complete);
                            self.heap.change_mapping(cell, |it| it.complete &= all);
                            other.map(|it| it.entries.to_vec()).unwrap_or_default()
                        }
                        // Scala's `m(k) = v`.
                        (None, key) if arguments.len() == 2 => {
                            vec![(key.clone(), arguments[1].value.clone())]
                        }
                        _ => {
                            self.heap.change_mapping(cell, |it| it.complete = false);
                            Vec::new()
                        }
                    };
                    self.heap.change_mapping(cell, |it| {
                        let entries = Rc::make_mut(&mut it.entries);
                        for (key, value) in more {
                            put(entries, key, value);
                        }
                    });
                    if self.language() == Language::Scala {
                        break;
                    }
                }
                Value::Null
            }
            "copy" | "toMap" => self.heap.mapping(mapping.entries.to_vec(), complete),
            "map" | "foreach" | "flatMap" | "filter" | "foldLeft" | "par" | "reduce"
            | "zipWithIndex" | "head" | "collect" | "mapValues" => {
                let rows: Vec<Value> = mapping
                    .entries
                    .iter()
                    .map(|(key, value)| self.heap.sequence(vec![key.clone(), value.clone()], true))
                    .collect();
                let rows = self.heap.sequence(rows, complete);
                let name = self.names.symbol(name);
                self.container_method(&rows, name, arguments, place)
            }
            "size" if complete => Value::Integer(mapping.entries.len() as i64),
            "isEmpty" if complete => Value::Boolean(mapping.entries.is_empty()),
            "nonEmpty" if complete => Value::Boolean(!mapping.entries.is_empty()),
            "contains" | "has_key" if first.is_some() => {
                let key = first.unwrap_or(UNKNOWN);
                let found = mapping.entries.iter().any(|it| self.equal(&it.0, &key) == Some(true));
                if found { Value::Boolean(true) } else { UNKNOWN }
            }
            "clear" => {
                self.heap.change_mapping(cell, |it| {
                    it.entries = Rc::default();
                    it.complete = true;
                });
                Value::Null
            }
            _ => Value::may_hold(&self.frames(object)),
        }
    }
}
