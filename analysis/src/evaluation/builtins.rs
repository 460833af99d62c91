//! Functions and objects of the languages' own libraries and of Spark's, by their paths.

use std::rc::Rc;

use program::Language;
use spark::Type;

use super::automaton::SiteKind;
use super::expressions::joined_path;
use super::interpreter::Interpreter;
use super::names::Symbol;
use super::statements::Iterated;
use super::value::{Argument, SparkValue, UNKNOWN, Value};
use super::{Features, NodeKind, Place, Reason, TextPattern};

impl Interpreter<'_> {
    /// An attribute of something of a library: where it is a value of Spark's.
    pub(super) fn path_attribute(&mut self, path: &str) -> Option<Value> {
        let (owner, name) = path.rsplit_once('.')?;
        let owner = owner.rsplit('.').next().unwrap_or_default();
        let kind = match (owner, name) {
            ("SparkSession", "builder" | "Builder") => Type::SessionBuilder,
            ("SparkSession", "active") if self.language() == Language::Scala => Type::Session,
            ("Seq" | "List" | "Set" | "Vector" | "Array" | "Iterator", "empty")
                if self.language() == Language::Scala =>
            {
                return Some(self.heap.sequence(Vec::new(), true));
            }
            ("Map", "empty") if self.language() == Language::Scala => {
                return Some(self.heap.mapping(Vec::new(), true));
            }
            ("Window", "unboundedPreceding" | "unboundedFollowing" | "currentRow") => {
                return Some(UNKNOWN);
            }
            _ => return None,
        };
        Some(Value::spark(kind, None))
    }

    pub(super) fn call_path_named(
        &mut self,
        path: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let (owner, name) = path.rsplit_once('.').unwrap_or(("", path));
        // Spark's functions come before the languages': star imports shadow builtins.
        if spark::is_function_module(owner) {
            return self.function_module(name, arguments, place);
        }
        let last_owner = owner.rsplit('.').next().unwrap_or_default();
        match (last_owner, name) {
            (_, "SQLContext" | "HiveContext") => return Value::spark(Type::Session, None),
            (_, "SparkSession") => return Value::spark(Type::Session, None),
            (_, "SparkContext") => return Value::spark(Type::Context, None),
            (_, "SparkConf") => return Value::spark(Type::Conf, None),
            ("SparkSession", "builder" | "Builder") => {
                return Value::spark(Type::SessionBuilder, None);
            }
            (
                "SparkSession" | "SQLContext",
                "getActiveSession" | "active" | "getOrCreate" | "getDefaultSession",
            ) => {
                return Value::spark(Type::Session, None);
            }
            ("SparkContext", "getOrCreate") => return Value::spark(Type::Context, None),
            ("Window" | "WindowSpec", _) if owner.contains("spark") || owner == "Window" => {
                return self.window(arguments);
            }
            ("os.path" | "path" | "posixpath", "join") => {
                let parts: Vec<TextPattern> =
                    arguments.iter().map(|it| self.text_of(&it.value)).collect();
                return Value::Text(joined_path(&parts));
            }
            _ => {}
        }
        if let Some(value) = self.builtin(path, owner, name, arguments, place) {
            return value;
        }
        match spark::library_call(path) {
            Some(spark::LibraryMember::Spark(kind)) => {
                let node = kind.is_dataset().then(|| {
                    let frames = self.frames_of(arguments.iter().map(|it| &it.value));
                    self.opaque_dataset(kind, &frames, place)
                });
                return Value::spark(kind, node);
            }
            Some(_) => {
                let frames = self.frames_of(arguments.iter().map(|it| &it.value));
                let symbol = self.names.symbol(path);
                return Value::Library(symbol, Self::frames_value(frames));
            }
            None => {}
        }
        // An object of Spark's machine learning, or of any library, is remembered by its path.
        let capital = name.starts_with(|it: char| it.is_ascii_uppercase());
        let frames = self.frames_of(arguments.iter().map(|it| &it.value));
        let symbol = self.names.symbol(path);
        if capital && frames.is_empty() {
            return Value::Library(symbol, None);
        }
        let result =
            self.opaque_call(Reason::UnknownCallee, &Value::Path(symbol), arguments, place, path);
        if self.is_foreign(path) {
            return Value::Library(symbol, Self::frames_value(frames));
        }
        result
    }

    fn function_module(&mut self, name: &str, arguments: &[Argument], place: Place) -> Value {
        match name {
            "broadcast" => {
                let Some(Value::Spark(spark)) = arguments.first().map(|it| &it.value) else {
                    return arguments.first().map_or(UNKNOWN, |it| it.value.clone());
                };
                let parents = spark.node.into_iter().collect();
                let mut features = Features::default();
                features.detail_of("hint", TextPattern::exact("broadcast"));
                let node = self.node(
                    NodeKind::Alias,
                    spark.kind,
                    "broadcast",
                    Some(place),
                    parents,
                    features,
                );
                Value::spark(spark.kind, Some(node))
            }
            "udf" | "pandas_udf" | "udaf" | "udtf" => match arguments.first() {
                Some(first) if first.value.is_callable() => self.executor_function(&first.value),
                _ => {
                    // `udf(returnType)` is a decorator.
                    let name = self.names.symbol("udf");
                    Value::Path(name)
                }
            },
            _ => self.column_function(name, arguments),
        }
    }

    fn window(&mut self, arguments: &[Argument]) -> Value {
        let mut features = Features::default();
        for argument in arguments {
            if !matches!(argument.value, Value::Integer(_)) {
                self.column_features(&argument.value, &mut features, true);
            }
        }
        features.keys.clone_from(&features.columns);
        Value::Spark(Rc::new(SparkValue {
            kind: Type::Window,
            node: None,
            settings: Rc::default(),
            features: Rc::new(features),
            batch: None,
        }))
    }

    fn builtin(
        &mut self,
        path: &str,
        owner: &str,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first().map_or(UNKNOWN, |it| it.value.clone());
        let second = arguments.get(1).map(|it| it.value.clone());
        let bare = owner.is_empty() || owner == "builtins";
        Some(match name {
            "partial" if bare || owner == "functools" => {
                let rest = arguments.get(1..).unwrap_or_default().to_vec();
                match &first {
                    Value::Partial(pair) if pair.1.len() + rest.len() <= 100 => {
                        let mut all = pair.1.clone();
                        all.extend(rest);
                        Value::Partial(Rc::new((pair.0.clone(), all)))
                    }
                    Value::Partial(_) => UNKNOWN,
                    _ => Value::Partial(Rc::new((first, rest))),
                }
            }
            "reduce" if bare || owner == "functools" => {
                let initial = arguments.get(2).map(|it| it.value.clone());
                self.fold(&first, second.as_ref()?, initial, place)
            }
            "wraps" if bare || owner == "functools" => {
                Value::Path(self.names.symbol("functools.wraps"))
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
            "ThreadPoolExecutor" | "ProcessPoolExecutor" | "ThreadPool" | "Pool" => Value::Pool,
            "as_completed" | "wait" if !arguments.is_empty() => first,
            "Thread" | "Process" | "Timer" => {
                let named = |wanted: &str| {
                    arguments
                        .iter()
                        .find(|it| it.name.is_some_and(|it| &*self.names.text(it) == wanted))
                        .map(|it| it.value.clone())
                };
                let target = named("target").or(second)?;
                let given = named("args").map(|it| self.items_of(&it).0).unwrap_or_default();
                let given = given.into_iter().map(Argument::positional).collect();
                Value::Partial(Rc::new((target, given)))
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
            "getattr" if bare => {
                let Some(Value::Text(text)) = &second else { return Some(UNKNOWN) };
                match text.as_exact() {
                    Some(name) => {
                        let name = self.names.symbol(name);
                        let value = self.attribute(&first, name, place);
                        match (&value, arguments.get(2)) {
                            (Value::Unknown(None), Some(default)) => default.value.clone(),
                            _ => value,
                        }
                    }
                    None => self.members_like(&first, text),
                }
            }
            "setattr" if bare => {
                if let (Some(Value::Text(text)), Some(value)) = (&second, arguments.get(2))
                    && let Some(name) = text.as_exact()
                {
                    let name = self.names.symbol(name);
                    self.set_attribute(&first, name, value.value.clone());
                }
                Value::Null
            }
            "hasattr" if bare => match (&first, &second) {
                (Value::Instance(cell), Some(Value::Text(text))) => {
                    let cell = *cell;
                    match text.as_exact() {
                        Some(name) => {
                            let name = self.names.symbol(name);
                            match self.instance_member(cell, name) {
                                Some(_) => Value::Boolean(true),
                                None => UNKNOWN,
                            }
                        }
                        None => UNKNOWN,
                    }
                }
                _ => UNKNOWN,
            },
            "isinstance" if bare => self.is_instance(&first, second.as_ref()?),
            "callable" if bare => {
                if first.is_callable() {
                    Value::Boolean(true)
                } else {
                    UNKNOWN
                }
            }
            "type" if bare && arguments.len() == 1 => match &first {
                Value::Instance(_) => {
                    let name = self.names.symbol("__class__");
                    self.attribute(&first, name, place)
                }
                _ => UNKNOWN,
            },
            "str" | "repr" if bare => Value::Text(self.text_of(&first)),
            "Path" | "PurePath" | "PosixPath" => {
                let parts: Vec<TextPattern> =
                    arguments.iter().map(|it| self.text_of(&it.value)).collect();
                Value::Text(joined_path(&parts))
            }
            "int" if bare => match &first {
                Value::Integer(_) => first,
                Value::Float(value) => Value::Integer(*value as i64),
                Value::Text(text) => text
                    .as_exact()
                    .and_then(|it| it.trim().parse().ok())
                    .map_or(UNKNOWN, Value::Integer),
                _ => UNKNOWN,
            },
            "float" if bare => match &first {
                Value::Integer(value) => Value::Float(*value as f64),
                Value::Float(_) => first,
                _ => UNKNOWN,
            },
            "bool" if bare => self.truth(&first).map_or(UNKNOWN, Value::Boolean),
            "globals" | "locals" | "vars" if bare => {
                let cell = match &first {
                    Value::Instance(cell) => Some(*cell),
                    Value::Module(file) => self.modules.get(file).copied(),
                    _ => self.modules.get(&self.file()).copied(),
                };
                let entries = cell
                    .map(|it| self.heap.names(it))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, value)| (Value::text(&self.names.text(name)), value))
                    .collect();
                self.heap.mapping(entries, false)
            }
            "import_module" => {
                let text = self.text_of(&first);
                match text.as_exact().and_then(|it| (self.resolve)(self.file(), it)) {
                    Some(file) => {
                        self.load(file);
                        Value::Module(file)
                    }
                    None => UNKNOWN,
                }
            }
            "Some" | "Option" | "Success" | "Right" | "Left"
                if self.language() == Language::Scala =>
            {
                first
            }
            "Try" | "Future" | "blocking" | "time" if self.language() == Language::Scala => first,
            "namedtuple" | "TypedDict" | "NewType" | "TypeVar" => UNKNOWN,
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
            "replace" if owner == "dataclasses" => first,
            "cast" if owner == "typing" => second?,
            "assert" | "require" | "assume" if bare => Value::Null,
            "print" | "println" | "open" | "input" | "exit" | "id" | "hash" | "round" | "abs"
            | "any" | "all" | "ord" | "chr"
                if bare || owner == "sys" =>
            {
                UNKNOWN
            }
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
            "display" if bare => {
                // A notebook's `display` shows a dataset: one execution.
                if let Some(node) = first.dataset() {
                    let mut features = Features::default();
                    features.detail_of("limit", TextPattern::unknown());
                    self.plain_site(
                        SiteKind::Action,
                        "display",
                        Type::DataFrame,
                        place,
                        Some(node),
                        features,
                        (false, true),
                    );
                }
                Value::Null
            }
            "wraps" | "staticmethod" | "classmethod" | "property" | "contextmanager"
            | "lru_cache" | "dataclass" | "field"
                if !path.is_empty() =>
            {
                let named = arguments.iter().find(|it| {
                    it.name.is_some_and(|it| &*self.names.text(it) == "default_factory")
                });
                let default = arguments
                    .iter()
                    .find(|it| it.name.is_some_and(|it| &*self.names.text(it) == "default"));
                match (named.cloned(), default) {
                    (Some(factory), _) if name == "field" => {
                        self.call(&factory.value, Vec::new(), place)
                    }
                    (_, Some(default)) if name == "field" => default.value.clone(),
                    _ => Value::Path(self.names.symbol(path)),
                }
            }
            _ => return None,
        })
    }

    /// The members of an object whose name may be this, for a call of one of them.
    fn members_like(&mut self, object: &Value, name: &TextPattern) -> Value {
        let mut cells = Vec::new();
        match object {
            Value::Instance(cell) => {
                cells.push(*cell);
                let class = self.names.symbol("__class__");
                if let Value::Class(class) = self.plain_attribute(object, class) {
                    cells.push(class);
                }
            }
            Value::Class(cell) => cells.push(*cell),
            Value::Module(file) => cells.extend(self.modules.get(file)),
            _ => {}
        }
        let mut found = Vec::new();
        for cell in cells {
            for (member, value) in self.heap.names(cell) {
                let text = self.names.text(member);
                if value.is_callable() && !text.starts_with("__") && name.matches(&text) {
                    found.push(member);
                }
            }
        }
        found.truncate(super::interpreter::ALTERNATIVES);
        let values: Vec<Value> =
            found.into_iter().map(|it| self.plain_attribute(object, it)).collect();
        if values.is_empty() { UNKNOWN } else { self.join_all(&values) }
    }

    fn is_instance(&mut self, value: &Value, class: &Value) -> Value {
        let classes = match class {
            Value::Sequence(_) => self.items_of(class).0,
            single => vec![single.clone()],
        };
        let mut sure = true;
        for class in classes {
            let answer = match (&class, value) {
                (_, Value::Unknown(_) | Value::Alternatives(_) | Value::Library(..)) => None,
                (Value::Class(wanted), Value::Instance(cell)) => self.inherits(*cell, *wanted),
                (Value::Class(_), _) => Some(false),
                (Value::Path(path), value) => {
                    let path = self.names.text(*path);
                    match (path.rsplit('.').next().unwrap_or_default(), value) {
                        ("str", Value::Text(_))
                        | ("list" | "tuple", Value::Sequence(_))
                        | ("dict", Value::Mapping(_))
                        | ("int", Value::Integer(_))
                        | ("bool", Value::Boolean(_))
                        | ("float", Value::Float(_)) => Some(true),
                        ("DataFrame", Value::Spark(spark)) => Some(spark.kind == Type::DataFrame),
                        ("Column", Value::Column(_)) => Some(true),
                        (
                            "str" | "list" | "dict" | "int" | "DataFrame" | "Column",
                            Value::Instance(_),
                        ) => None,
                        ("str" | "list" | "dict" | "int" | "DataFrame" | "tuple", Value::Null) => {
                            Some(false)
                        }
                        (
                            "str",
                            Value::Sequence(_)
                            | Value::Mapping(_)
                            | Value::Spark(_)
                            | Value::Column(_),
                        )
                        | (
                            "list" | "tuple",
                            Value::Text(_) | Value::Mapping(_) | Value::Spark(_),
                        )
                        | ("dict", Value::Text(_) | Value::Sequence(_) | Value::Spark(_)) => {
                            Some(false)
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            match answer {
                Some(true) => return Value::Boolean(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        if sure { Value::Boolean(false) } else { UNKNOWN }
    }

    fn inherits(&self, instance: super::heap::CellId, wanted: super::heap::CellId) -> Option<bool> {
        use super::heap::NamesKind;
        let Some(NamesKind::Instance(class, _)) = self.heap.kind(instance) else { return None };
        let mut open = vec![*class];
        let mut foreign = false;
        let mut steps = 0;
        while let Some(class) = open.pop()
            && steps < 40
        {
            steps += 1;
            if class == wanted {
                return Some(true);
            }
            let of = self.heap.class_of(class)?;
            for base in &of.bases {
                match base {
                    Value::Class(base) => open.push(*base),
                    Value::Path(_) => {}
                    _ => foreign = true,
                }
            }
        }
        (!foreign).then_some(false)
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
