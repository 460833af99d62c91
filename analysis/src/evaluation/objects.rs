//! Names, attributes, members and items.

use std::rc::Rc;

use program::Language;
use program::driver::{Code, ExpressionKind, Parameter};
use spark::{Outcome, Type};

use super::heap::NamesKind;
use super::interpreter::{Interpreter, NESTING};
use super::names::Symbol;
use super::value::{Argument, Closure, FunctionKind, UNKNOWN, Value};
use super::{Features, FileId, Place};

/// How many bytes a dotted path keeps.
const LONGEST_PATH: usize = 300;

impl Interpreter<'_> {
    /// What a name means here.
    pub(super) fn name(&mut self, name: Symbol) -> Value {
        if let Some(value) = self.lookup(name) {
            return self.named(value);
        }
        let text = self.names.text(name);
        if let Some(value) = self.ambient(&text) {
            return value;
        }
        if self.language() == Language::Scala {
            if let ("super", Some(beyond)) = (&*text, self.activation().class) {
                let this = self.names.symbol("this");
                if let Some(Value::Instance(instance)) = self.lookup(this) {
                    return Value::Super(instance, beyond);
                }
            }
            if let Some(value) = self.scala_type(&text) {
                return value;
            }
            match &*text {
                "None" => return Value::Null,
                "Nil" => return self.heap.sequence(Vec::new(), true),
                _ => {}
            }
        }
        Value::Path(name)
    }

    /// A Scala object is made when it is first named.
    fn named(&mut self, value: Value) -> Value {
        if let Value::Path(path) = &value {
            let text = self.names.text(*path);
            if let Some(file) = self.module(&text) {
                return Value::Module(file);
            }
            if self.language() == Language::Scala {
                let last = text.rsplit('.').next().unwrap_or_default();
                if let Some(found) = self.scala_type(last) {
                    return found;
                }
            }
        }
        value
    }

    fn module(&self, path: &str) -> Option<FileId> {
        (self.resolve)(self.file(), path)
    }

    /// The session and context that shells and notebooks define.
    pub(super) fn ambient(&self, name: &str) -> Option<Value> {
        let kind = match name {
            "spark" | "sqlContext" | "sqlc" | "hiveContext" => Type::Session,
            "sc" => Type::Context,
            _ => return None,
        };
        Some(Value::spark(kind, None))
    }

    /// A class or object at the top of another Scala file.
    pub(super) fn scala_type(&mut self, name: &str) -> Option<Value> {
        let files = self.index.scala_types.get(name)?.clone();
        let [only] = files.as_slice() else { return None };
        let cell = self.load(*only)?;
        let symbol = self.names.symbol(name);
        self.heap.get(cell, symbol)
    }

    // Members.

    /// `object.name` where nothing of Spark's can be meant.
    pub(super) fn plain_attribute(&mut self, object: &Value, name: Symbol) -> Value {
        let range = program::TextRange::default();
        let place = self.place(range, range);
        self.attribute(object, name, place)
    }

    pub(super) fn attribute(&mut self, object: &Value, name: Symbol, place: Place) -> Value {
        if self.nesting >= NESTING {
            return UNKNOWN;
        }
        match object {
            Value::Instance(cell) => {
                if let Some(value) = self.instance_member(*cell, name) {
                    return self.applied_without_parentheses(value, place);
                }
                let text = self.names.text(name);
                match &*text {
                    "__class__" => match self.heap.kind(*cell) {
                        Some(NamesKind::Instance(class, _)) => Value::Class(*class),
                        _ => UNKNOWN,
                    },
                    "__dict__" => UNKNOWN,
                    _ => {
                        let hook = self.names.symbol("__getattr__");
                        if let Some(method) = self.instance_member(*cell, hook) {
                            let argument = Argument::positional(Value::text(&text));
                            return self.call(&method, vec![argument], place);
                        }
                        let foreign = match self.heap.kind(*cell) {
                            Some(NamesKind::Instance(class, _)) => self.has_foreign_base(*class, 0),
                            _ => true,
                        };
                        // A session that something else gives the instance bears a conventional name.
                        if let Some(value) = self.ambient(text.trim_start_matches('_')) {
                            return value;
                        }
                        if foreign {
                            return Value::Method(Rc::new((object.clone(), name)));
                        }
                        UNKNOWN
                    }
                }
            }
            Value::Class(cell) => {
                if let Some(instance) = self.scala_object(*cell) {
                    return self.attribute(&Value::Instance(instance), name, place);
                }
                match self.class_member(*cell, name) {
                    Some(Value::Function(closure)) if closure.kind == FunctionKind::Class => {
                        Value::Bound(Rc::new((Value::Class(*cell), closure)))
                    }
                    Some(value) => value,
                    None => match &*self.names.text(name) {
                        "__name__" | "__qualname__" => self
                            .heap
                            .class_of(*cell)
                            .map_or(UNKNOWN, |of| Value::text(&self.names.text(of.name))),
                        _ => UNKNOWN,
                    },
                }
            }
            Value::Super(instance, class) => {
                // Of Scala's: the methods that the instance had before the class that asks.
                if self.heap.class_of(*class).is_none() {
                    return self.heap.get(*class, name).unwrap_or(UNKNOWN);
                }
                let Some(NamesKind::Instance(own, _)) = self.heap.kind(*instance) else {
                    return UNKNOWN;
                };
                match self.member_beyond(*own, *class, name) {
                    Some((member, of)) => self.bound(&member, Value::Instance(*instance), of),
                    None => UNKNOWN,
                }
            }
            Value::Module(file) => {
                if let Some(cell) = self.load(*file)
                    && let Some(value) = self.heap.get(cell, name)
                {
                    return self.named_in(*file, value);
                }
                let text = self.names.text(name);
                let inner = format!(".{text}");
                match (self.resolve)(*file, &inner) {
                    Some(inner) if inner != *file => Value::Module(inner),
                    _ => self.ambient(&text).unwrap_or(UNKNOWN),
                }
            }
            Value::Path(path) => {
                let joined = format!("{}.{}", self.names.text(*path), self.names.text(name));
                if let Some(file) = self.module(&joined) {
                    return Value::Module(file);
                }
                if let Some(value) = self.path_attribute(&joined) {
                    return value;
                }
                if joined.len() > LONGEST_PATH {
                    return UNKNOWN;
                }
                Value::Path(self.names.symbol(&joined))
            }
            Value::Spark(spark) => {
                let spark = Rc::clone(spark);
                self.spark_attribute(object, &spark, name, place)
            }
            Value::Column(features) => {
                let mut features = (**features).clone();
                features.column(&self.names.text(name));
                // Scala's postfix methods of columns: `$"x".desc`.
                if self.language() == Language::Scala {
                    return Value::Column(Rc::new(features));
                }
                Value::Method(Rc::new((object.clone(), name)))
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> =
                    values.iter().filter(|it| !matches!(it, Value::Null)).cloned().collect();
                let indexes: Vec<usize> = (0..values.len()).collect();
                self.fork(&indexes, &mut |this, at| this.attribute(&values[at], name, place))
            }
            Value::Library(..) => match &*self.names.text(name) {
                "spark_session" | "spark" => Value::spark(Type::Session, None),
                _ => Value::Method(Rc::new((object.clone(), name))),
            },
            Value::Unknown(frames) => {
                let text = self.names.text(name);
                if frames.is_none()
                    && let Some(value) = self.ambient(text.trim_start_matches('_'))
                {
                    return value;
                }
                if let Some(value) = self.unknown_property(object, &text, place) {
                    return value;
                }
                Value::Method(Rc::new((object.clone(), name)))
            }
            Value::Function(_) | Value::Bound(_) => match &*self.names.text(name) {
                "__name__" => {
                    let closure = match object {
                        Value::Function(closure) => Rc::clone(closure),
                        Value::Bound(pair) => Rc::clone(&pair.1),
                        _ => return UNKNOWN,
                    };
                    let code = self.code_of(closure.file);
                    code.functions
                        .get(closure.function.index())
                        .map_or(UNKNOWN, |it| Value::text(code.name(it.name)))
                }
                "apply" | "__call__" | "__wrapped__" | "tupled" => object.clone(),
                _ => Value::Method(Rc::new((object.clone(), name))),
            },
            Value::Sequence(_) | Value::Mapping(_) | Value::Text(_) => {
                if self.language() == Language::Scala {
                    // A call without parentheses.
                    return self.container_method(object, name, &[], place);
                }
                if let Some(value) = self.entry_as_attribute(object, name) {
                    return value;
                }
                Value::Method(Rc::new((object.clone(), name)))
            }
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
                if self.language() == Language::Scala
                    && matches!(&*self.names.text(name), "toString" | "toInt" | "toLong")
                {
                    return object.clone();
                }
                UNKNOWN
            }
            // A chain of attributes of what is not known need not be remembered.
            Value::Method(pair) => {
                let held = Value::may_hold(&self.frames(&pair.0));
                Value::Method(Rc::new((held, name)))
            }
            Value::ExecutorFunction(_)
            | Value::Partial(_)
            | Value::Generator(_)
            | Value::Context(_)
            | Value::File(_)
            | Value::Pool => Value::Method(Rc::new((object.clone(), name))),
        }
    }

    /// An entry of a mapping that is read as an attribute: no dictionary has such, but namespaces and configurations do.
    fn entry_as_attribute(&self, object: &Value, name: Symbol) -> Option<Value> {
        let Value::Mapping(cell) = object else { return None };
        let text = self.names.text(name);
        let of_all = ["items", "get", "keys", "values", "pop", "update", "copy", "setdefault"];
        if of_all.contains(&&*text) {
            return None;
        }
        let entries = &self.heap.mapping_of(*cell)?.entries;
        let is = |key: &Value| matches!(key, Value::Text(key) if key.as_exact() == Some(&*text));
        entries.iter().find(|it| is(&it.0)).map(|it| it.1.clone())
    }

    fn named_in(&mut self, file: FileId, value: Value) -> Value {
        if let Value::Path(path) = &value {
            let text = self.names.text(*path);
            if let Some(module) = (self.resolve)(file, &text) {
                return Value::Module(module);
            }
        }
        value
    }

    /// A Scala method without parameters is called by its name alone.
    pub(super) fn applied_without_parentheses(&mut self, value: Value, place: Place) -> Value {
        if self.language() != Language::Scala {
            return value;
        }
        if let Value::Function(closure) = &value {
            let code = self.code_of(closure.file);
            if let Some(definition) = code.functions.get(closure.function.index())
                && code.parameters_of(definition.parameters).iter().all(|it| is_found(code, it))
                && !code.name(definition.name).is_empty()
            {
                return self.call_function(&Rc::clone(closure), None, Vec::new(), place);
            }
        }
        value
    }

    fn spark_attribute(
        &mut self,
        object: &Value,
        spark: &Rc<super::value::SparkValue>,
        name: Symbol,
        place: Place,
    ) -> Value {
        let text = self.names.text(name);
        let language = self.language();
        match spark::api().method(language, spark.kind, &text) {
            Some(method)
                if method.python_property
                    || language == Language::Scala
                    || spark.kind == Type::Window && matches!(method.outcome, Outcome::Local) =>
            {
                self.spark_method(object, spark, &text, Vec::new(), place)
            }
            Some(_) => Value::Method(Rc::new((object.clone(), name))),
            None => {
                let attached = self.attached(Type::DataFrame, name);
                if let (Type::DataFrame, Some(closure)) = (spark.kind, attached) {
                    return Value::Bound(Rc::new((object.clone(), closure)));
                }
                match (spark.kind, language) {
                    (Type::DataFrame, Language::Python) => {
                        let mut features = Features::default();
                        features.column(&text);
                        Value::Column(Rc::new(features))
                    }
                    (Type::Session, _) if matches!(&*text, "implicits") => Value::Path(name),
                    _ => Value::Method(Rc::new((object.clone(), name))),
                }
            }
        }
    }

    /// A function that the workspace attached to one of Spark's classes: `DataFrame.clean = clean`.
    pub(super) fn attached(&mut self, kind: Type, name: Symbol) -> Option<Rc<Closure>> {
        if kind != Type::DataFrame {
            return None;
        }
        let cell = self.views;
        let key = format!("DataFrame.{}", self.names.text(name));
        let key = self.names.known(&key)?;
        match self.heap.get(cell, key) {
            Some(Value::Function(closure)) => Some(closure),
            _ => None,
        }
    }

    pub(super) fn set_attribute(&mut self, object: &Value, name: Symbol, value: Value) {
        match object {
            Value::Instance(cell) => self.heap.set(*cell, name, value),
            Value::Class(cell) => match self.scala_object(*cell) {
                Some(instance) => self.heap.set(instance, name, value),
                None => self.heap.set(*cell, name, value),
            },
            Value::Module(file) => {
                if let Some(cell) = self.load(*file) {
                    self.heap.set(cell, name, value);
                }
            }
            Value::Path(path) => {
                // Methods that a program attaches to Spark's own class.
                let path = self.names.text(*path);
                if path.rsplit('.').next() == Some("DataFrame") {
                    let key = format!("DataFrame.{}", self.names.text(name));
                    let key = self.names.symbol(&key);
                    let cell = self.views;
                    self.heap.set(cell, key, value);
                }
            }
            Value::Alternatives(values) => {
                for instance in values.iter() {
                    if let Value::Instance(cell) = instance {
                        let before = self.heap.get(*cell, name);
                        let joined = match before {
                            Some(before) => self.join(&before, &value),
                            None => value.clone(),
                        };
                        self.heap.set(*cell, name, joined);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether the compiler finds what is given for a parameter: Scala's `implicit` and `using`.
fn is_found(code: &Code, parameter: &Parameter) -> bool {
    let kind = parameter.default.map(|it| code.expression(it).kind);
    matches!(kind, Some(ExpressionKind::Opaque(parts)) if parts.length == 0)
}
