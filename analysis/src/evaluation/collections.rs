//! What functions do with lists: mapping, folding, pools of threads.

use program::Language;

use super::Place;
use super::interpreter::Interpreter;
use super::loops::Iterated;
use super::names::Symbol;
use super::value::{Argument, UNKNOWN, Value};

impl Interpreter<'_> {
    /// Functions that make lists and mappings, and those that go through them.
    pub(super) fn list_function(
        &mut self,
        owner: &str,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first().map_or(UNKNOWN, |it| it.value.clone());
        let second = arguments.get(1).map(|it| it.value.clone());
        let bare = owner.is_empty() || owner == "builtins";
        Some(match name {
            "reduce" if bare || owner == "functools" => {
                let initial = arguments.get(2).map(|it| it.value.clone());
                self.fold(&first, second.as_ref()?, initial, place)
            }
            "chain" | "from_iterable" if owner.starts_with("itertools") => {
                let lists: Vec<Value> = if name == "chain" {
                    arguments.iter().map(|it| it.value.clone()).collect()
                } else {
                    self.items_of(&first).0
                };
                let mut items = Vec::new();
                let mut complete = true;
                for list in lists {
                    let (more, all) = self.items_of(&list);
                    items.extend(more);
                    complete &= all;
                }
                self.heap.sequence(items, complete)
            }
            "product" if owner == "itertools" => {
                let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
                let mut complete = true;
                for argument in arguments {
                    let (items, all) = self.items_of(&argument.value);
                    complete &= all;
                    rows = rows
                        .iter()
                        .flat_map(|row| {
                            items.iter().map(move |item| {
                                let mut row = row.clone();
                                row.push(item.clone());
                                row
                            })
                        })
                        .take(500)
                        .collect();
                }
                let rows = rows.into_iter().map(|row| self.heap.sequence(row, true)).collect();
                self.heap.sequence(rows, complete)
            }
            "len" if bare => match &first {
                Value::Sequence(cell) => match self.heap.sequence_of(*cell) {
                    Some(it) if it.complete => Value::Integer(it.items.len() as i64),
                    _ => UNKNOWN,
                },
                Value::Mapping(cell) => match self.heap.mapping_of(*cell) {
                    Some(it) if it.complete => Value::Integer(it.entries.len() as i64),
                    _ => UNKNOWN,
                },
                Value::Text(text) => {
                    text.as_exact().map_or(UNKNOWN, |it| Value::Integer(it.chars().count() as i64))
                }
                _ => UNKNOWN,
            },
            "range" | "xrange" if bare => match (arguments.len(), &first, &second) {
                (1, Value::Integer(end), _) => self.integer_range(0, *end, 1),
                (2, Value::Integer(start), Some(Value::Integer(end))) => {
                    self.integer_range(*start, *end, 1)
                }
                (3, Value::Integer(start), Some(Value::Integer(end))) => {
                    match arguments.get(2).map(|it| &it.value) {
                        Some(Value::Integer(step)) => self.integer_range(*start, *end, *step),
                        _ => self.heap.sequence(vec![UNKNOWN], false),
                    }
                }
                _ => self.heap.sequence(vec![UNKNOWN], false),
            },
            "list" | "tuple" | "set" | "frozenset" | "iter" | "sorted" | "reversed" | "List"
            | "Seq" | "Array" | "Vector" | "Set" | "IndexedSeq" | "Iterator" | "ListBuffer"
            | "ArrayBuffer" | "deque"
                if bare || owner.starts_with("scala") || owner.contains("collections") =>
            {
                if self.language() == Language::Scala {
                    let mut items: Vec<Value> = Vec::new();
                    let mut complete = true;
                    for argument in arguments {
                        items.push(argument.value.clone());
                        complete &= !argument.rest;
                    }
                    return Some(self.heap.sequence(items, complete));
                }
                if arguments.is_empty() {
                    return Some(self.heap.sequence(Vec::new(), true));
                }
                let (mut items, complete) = self.items_of(&first);
                if name == "reversed" {
                    items.reverse();
                }
                if name == "sorted"
                    && items.iter().any(|it| !matches!(it, Value::Text(_) | Value::Integer(_)))
                {
                    return Some(self.heap.sequence(items, complete));
                }
                if name == "sorted" {
                    let keyed = arguments.iter().any(|it| it.name.is_some());
                    if !keyed {
                        items.sort_by_key(|it| match it {
                            Value::Integer(value) => (0, *value, String::new()),
                            other => (1, 0, self.text_of(other).raw().to_owned()),
                        });
                    }
                }
                self.heap.sequence(items, complete)
            }
            "dict" | "OrderedDict" | "defaultdict" | "Map" | "HashMap" | "ListMap"
                if bare || owner.contains("collection") || owner.starts_with("scala") =>
            {
                let mut entries: Vec<(Value, Value)> = Vec::new();
                let mut complete = true;
                for argument in arguments {
                    if argument.rest {
                        complete = false;
                        continue;
                    }
                    if let Some(name) = argument.name {
                        let key = Value::text(&self.names.text(name));
                        super::expressions::put(&mut entries, key, argument.value.clone());
                        continue;
                    }
                    match &argument.value {
                        Value::Mapping(cell) => {
                            if let Some(mapping) = self.heap.mapping_of(*cell) {
                                complete &= mapping.complete;
                                entries.extend(mapping.entries.iter().cloned());
                            }
                        }
                        Value::Sequence(cell) => {
                            let items = self
                                .heap
                                .sequence_of(*cell)
                                .map(|it| it.items.to_vec())
                                .unwrap_or_default();
                            match self.pairs(&items) {
                                Some(pairs) if self.language() == Language::Python => {
                                    entries.extend(pairs);
                                }
                                _ => match items.as_slice() {
                                    // Scala's `key -> value`.
                                    [key, value] => entries.push((key.clone(), value.clone())),
                                    _ => complete = false,
                                },
                            }
                        }
                        Value::Path(_) | Value::Class(_) | Value::Function(_) => {}
                        _ => complete = false,
                    }
                }
                self.heap.mapping(entries, complete)
            }
            "zip" | "zip_longest" if bare || owner == "itertools" => {
                let mut columns = Vec::new();
                let mut complete = true;
                for argument in arguments {
                    let (items, all) = self.items_of(&argument.value);
                    complete &= all;
                    columns.push(items);
                }
                let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
                let rows: Vec<Value> = (0..rows)
                    .map(|row| {
                        let row = columns.iter().map(|it| it[row].clone()).collect();
                        self.heap.sequence(row, true)
                    })
                    .collect();
                self.heap.sequence(rows, complete)
            }
            "enumerate" if bare => {
                let (items, complete) = self.items_of(&first);
                let start = match second {
                    Some(Value::Integer(start)) => start,
                    _ => 0,
                };
                let rows = items
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| {
                        let number = if complete {
                            Value::Integer(start.saturating_add(at as i64))
                        } else {
                            UNKNOWN
                        };
                        self.heap.sequence(vec![number, item], true)
                    })
                    .collect();
                self.heap.sequence(rows, complete)
            }
            "map" if bare && arguments.len() >= 2 => {
                let rest: Vec<Value> =
                    arguments.iter().skip(1).map(|it| it.value.clone()).collect();
                self.mapped(&first, &rest, place)
            }
            "filter" if bare && arguments.len() == 2 => {
                let (items, complete) = self.items_of(second.as_ref()?);
                let mut kept = Vec::new();
                let mut sure = complete;
                for item in items {
                    let truth = if first.is_callable() {
                        let given = vec![Argument::positional(item.clone())];
                        let value = self.call(&first, given, place);
                        self.truth(&value)
                    } else {
                        self.truth(&item)
                    };
                    sure &= truth.is_some();
                    if truth != Some(false) {
                        kept.push(item);
                    }
                }
                self.heap.sequence(kept, sure)
            }
            "next" if bare => {
                let collected = self.collected(&first);
                match self.items_of(&collected) {
                    (items, true) if !items.is_empty() => items[0].clone(),
                    (items, _) => self.element(&items),
                }
            }
            "deepcopy" | "copy" if owner == "copy" => match &first {
                Value::Sequence(_) => {
                    let (items, complete) = self.items_of(&first);
                    self.heap.sequence(items, complete)
                }
                Value::Mapping(cell) => {
                    let mapping = self.heap.mapping_of(*cell).cloned()?;
                    self.heap.mapping(mapping.entries.to_vec(), mapping.complete)
                }
                _ => first,
            },
            "sum" | "max" | "min" if bare => {
                let values: Option<Vec<i64>> =
                    self.sequence_items(&first).and_then(|(items, all)| {
                        items
                            .iter()
                            .map(|it| match it {
                                Value::Integer(value) if all => Some(*value),
                                _ => None,
                            })
                            .collect()
                    });
                match (name, values) {
                    ("sum", Some(values)) => {
                        Value::Integer(values.iter().fold(0, |a: i64, b| a.saturating_add(*b)))
                    }
                    ("max", Some(values)) => {
                        values.into_iter().max().map_or(UNKNOWN, Value::Integer)
                    }
                    (_, Some(values)) => values.into_iter().min().map_or(UNKNOWN, Value::Integer),
                    _ => UNKNOWN,
                }
            }
            _ => return None,
        })
    }

    pub(super) fn integer_range(&mut self, start: i64, end: i64, step: i64) -> Value {
        if step == 0 {
            return UNKNOWN;
        }
        let mut items = Vec::new();
        let mut at = start;
        while (step > 0 && at < end) || (step < 0 && at > end) {
            if items.len() > self.limits.unrolled {
                return self.heap.sequence(vec![UNKNOWN], false);
            }
            items.push(Value::Integer(at));
            at = at.saturating_add(step);
        }
        self.heap.sequence(items, true)
    }

    /// What a value yields, and whether that is all.
    pub(super) fn items_of(&mut self, value: &Value) -> (Vec<Value>, bool) {
        if let Value::Generator(_) = value {
            let collected = self.collected(value);
            return self.sequence_items(&collected).unwrap_or_default();
        }
        match value {
            Value::Sequence(cell) => self
                .heap
                .sequence_of(*cell)
                .map(|it| (it.items.to_vec(), it.complete))
                .unwrap_or_default(),
            other => match self.iterated(other) {
                Iterated::Known(items) => (items, true),
                Iterated::Any(element, _) => (vec![element], false),
                Iterated::Generator(_) => (Vec::new(), false),
            },
        }
    }

    /// Calls a function with every item, as `map` does.
    pub(super) fn mapped(&mut self, function: &Value, lists: &[Value], place: Place) -> Value {
        let mut columns = Vec::new();
        let mut complete = true;
        for list in lists {
            let (items, all) = self.items_of(list);
            complete &= all;
            columns.push(items);
        }
        let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
        let mut results = Vec::new();
        if complete && rows <= self.limits.unrolled {
            for row in 0..rows {
                let given =
                    columns.iter().map(|it| Argument::positional(it[row].clone())).collect();
                results.push(self.call(function, given, place));
            }
            return self.heap.sequence(results, true);
        }
        let given: Vec<Argument> = columns
            .iter()
            .map(|it| {
                let element = self.element(it);
                Argument::positional(element)
            })
            .collect();
        self.repeat(&mut |this| {
            results = vec![this.call(function, given.clone(), place)];
        });
        self.heap.sequence(results, false)
    }

    /// `reduce(f, items)`.
    pub(super) fn fold(
        &mut self,
        function: &Value,
        list: &Value,
        initial: Option<Value>,
        place: Place,
    ) -> Value {
        let (items, complete) = self.items_of(list);
        let mut items = items.into_iter();
        let Some(mut result) = initial.or_else(|| items.next()) else {
            return UNKNOWN;
        };
        let rest: Vec<Value> = items.collect();
        // `reduce(DataFrame.union, frames)`.
        let unbound = match function {
            Value::Path(path) => {
                let path = self.names.text(*path);
                path.rsplit_once('.').and_then(|(owner, name)| {
                    let of_frames = owner.rsplit('.').next() == Some("DataFrame");
                    of_frames.then(|| self.names.symbol(name))
                })
            }
            _ => None,
        };
        let step = |this: &mut Self, before: Value, item: Value| match unbound {
            Some(name) => this.method(&before, name, vec![Argument::positional(item)], place),
            None => {
                let given = vec![Argument::positional(before), Argument::positional(item)];
                this.call(function, given, place)
            }
        };
        if complete && rest.len() <= self.limits.unrolled {
            for item in rest {
                result = step(self, result, item);
            }
            return result;
        }
        // One step stands for any number: its result goes round.
        let item = if rest.is_empty() { result.clone() } else { self.element(&rest) };
        let head = match &result {
            Value::Spark(spark) => spark.node.map(|node| {
                let kind = spark.kind;
                (kind, self.phi(kind, vec![node]))
            }),
            _ => None,
        };
        if let Some((kind, phi)) = head {
            let before = Value::spark(kind, Some(phi));
            let after = step(self, before.clone(), item);
            for node in self.frames(&after) {
                if node != phi {
                    self.nodes[phi.index()].parents.push(node);
                }
            }
            return before;
        }
        step(self, result, item)
    }

    pub(super) fn pool_method(
        &mut self,
        name: Symbol,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        match &*self.names.text(name) {
            "submit" | "apply" | "apply_async" => {
                let mut arguments = arguments.into_iter();
                let Some(function) = arguments.next() else { return UNKNOWN };
                let rest: Vec<Argument> = arguments.collect();
                self.call(&function.value, rest, place)
            }
            "map" | "imap" | "imap_unordered" | "starmap" | "map_async" => {
                let starred = &*self.names.text(name) == "starmap";
                let mut arguments =
                    arguments.into_iter().filter(|it| it.name.is_none()).map(|it| it.value);
                let Some(function) = arguments.next() else { return UNKNOWN };
                let lists: Vec<Value> = arguments.collect();
                if !starred {
                    return self.mapped(&function, &lists, place);
                }
                let (rows, complete) =
                    lists.first().map(|it| self.items_of(it)).unwrap_or_default();
                let mut results = Vec::new();
                for row in rows {
                    let given = self.items_of(&row).0.into_iter().map(Argument::positional);
                    let given = given.collect();
                    results.push(self.call(&function, given, place));
                }
                self.heap.sequence(results, complete)
            }
            "__enter__" => Value::Pool,
            _ => UNKNOWN,
        }
    }
}
