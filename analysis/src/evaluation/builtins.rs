//! Functions and objects of the languages' own libraries and of Spark's, by their paths.

use std::rc::Rc;

use program::Language;
use spark::Type;

use super::formatting::joined_path;
use super::interpreter::Interpreter;
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
        if let Some(value) = self.model_function(owner, name, arguments, place) {
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
        // What takes a function alone is most often something that wraps it: a retry, `inheritable_thread_target`.
        if let [Argument { name: None, value, rest: false }] = arguments
            && matches!(
                value,
                Value::Function(_) | Value::Bound(_) | Value::Partial(_) | Value::Alternatives(_)
            )
            && value.is_callable()
        {
            return value.clone();
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
        if let Some(value) = self.list_function(owner, name, arguments, place) {
            return Some(value);
        }
        if let Some(value) = self.loaded_data(owner, name, arguments) {
            return Some(value);
        }
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
            "wraps" if bare || owner == "functools" => {
                Value::Path(self.names.symbol("functools.wraps"))
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
            // Mappings whose entries are read as attributes.
            "SimpleNamespace" | "Namespace" | "Box" | "Munch" | "DotMap" | "AttrDict"
            | "EasyDict"
                if self.language() == Language::Python =>
            {
                if let Value::Mapping(_) = first {
                    return Some(first);
                }
                let entry = |it: &Argument| Some((it.name?, it.value.clone()));
                let entries: Vec<_> = arguments.iter().filter_map(entry).collect();
                let entries = entries
                    .into_iter()
                    .map(|(name, value)| (Value::text(&self.names.text(name)), value))
                    .collect();
                self.heap.mapping(entries, arguments.iter().all(|it| !it.rest))
            }
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
            "replace" if owner == "dataclasses" => first,
            "cast" if owner == "typing" => second?,
            "assert" | "require" | "assume" if bare => Value::Null,
            "open" if bare || matches!(owner, "io" | "codecs") => Value::File(self.text_of(&first)),
            "print" | "println" | "input" | "exit" | "id" | "hash" | "round" | "abs" | "any"
            | "all" | "ord" | "chr"
                if bare || owner == "sys" =>
            {
                UNKNOWN
            }
            "display" if bare => {
                // A notebook's `display` shows a dataset: one execution.
                if let Some(node) = first.dataset() {
                    self.displayed(node, place, false);
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
}
