//! Names, attributes, members and items.

use std::rc::Rc;

use program::Language;
use program::driver::StatementKind;
use rustc_hash::FxHashSet;
use spark::{Outcome, Type};

use super::expressions::{is_key, put};
use super::heap::{CellId, NamesKind};
use super::interpreter::{ALTERNATIVES, Interpreter, NESTING};
use super::names::Symbol;
use super::value::{Argument, ClassCell, Closure, FunctionKind, UNKNOWN, Value};
use super::{Features, FileId, NodeKind, Place};

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
    fn scala_type(&mut self, name: &str) -> Option<Value> {
        let files = self.index.scala_types.get(name)?.clone();
        let [only] = files.as_slice() else { return None };
        let cell = self.load(*only)?;
        let symbol = self.names.symbol(name);
        self.heap.get(cell, symbol)
    }

    /// The instance that a Scala object is.
    pub(super) fn scala_object(&mut self, class: CellId) -> Option<CellId> {
        let of = self.heap.class_of(class)?;
        let runs = self.code_of(of.file).classes.get(of.class.index())?.runs;
        if !runs || self.files[of.file.index()].program.language != Language::Scala {
            return None;
        }
        let slot = self.names.symbol("<object>");
        if let Some(Value::Instance(cell)) = self.heap.get(class, slot) {
            return Some(cell);
        }
        if self.nesting >= NESTING {
            return None;
        }
        let instance = self.heap.instance(class, Some(of.scope));
        self.heap.set(class, slot, Value::Instance(instance));
        self.nesting += 1;
        self.scala_body(&of, instance, &[], 0);
        self.nesting -= 1;
        Some(instance)
    }

    /// Runs the bodies of a Scala class and of what it extends in one instance.
    pub(super) fn scala_body(
        &mut self,
        class: &Rc<ClassCell>,
        instance: CellId,
        arguments: &[Argument],
        depth: u32,
    ) {
        let code = self.code_of(class.file);
        let Some(definition) = code.classes.get(class.class.index()).copied() else { return };
        if self.dry == 0 {
            self.built.insert((class.file, class.class));
        }
        if depth < 6 {
            for base in &class.bases {
                let Value::Path(name) = base else { continue };
                let found = self.lookup_from(class.scope, *name).or_else(|| {
                    let text = self.names.text(*name);
                    self.scala_type(&text)
                });
                if let Some(Value::Class(base)) = found
                    && let Some(base) = self.heap.class_of(base)
                {
                    let base = match base.companion.and_then(|it| self.heap.class_of(it)) {
                        Some(companion) => companion,
                        None => base,
                    };
                    if base.class != class.class || base.file != class.file {
                        self.scala_body(&base, instance, &[], depth + 1);
                    }
                }
            }
        }
        let place = Place { file: class.file, name: definition.range, call: definition.range };
        self.enter(class.file, instance, Some(Value::Instance(instance)), None, |this| {
            let parameters: Vec<_> = code.parameters_of(definition.parameters).to_vec();
            this.bind_parameters(&parameters, None, arguments, place);
            let members: Vec<_> = code.statement_ids(definition.body).collect();
            // Methods first: members may call what stands after them.
            for id in &members {
                if let Some(statement) = code.statements.get(id.index())
                    && let StatementKind::Function(_) = statement.kind
                {
                    this.block(program::driver::List::default());
                    this.define_member(statement.kind);
                }
            }
            this.block(definition.body);
            UNKNOWN
        });
    }

    fn define_member(&mut self, kind: StatementKind) {
        if let StatementKind::Function(function) = kind {
            let code = self.code();
            if let Some(definition) = code.functions.get(function.index()).copied() {
                let name = self.symbol(definition.name);
                let value = self.closure(function, FunctionKind::Plain);
                self.bind_name(name, value);
            }
        }
    }

    // Members.

    /// What a class defines or inherits.
    pub(super) fn class_member(&self, class: CellId, name: Symbol) -> Option<Value> {
        let mut seen = FxHashSet::default();
        self.member_of(class, name, &mut seen)
    }

    fn member_of(
        &self,
        class: CellId,
        name: Symbol,
        seen: &mut FxHashSet<CellId>,
    ) -> Option<Value> {
        if !seen.insert(class) || seen.len() > 40 {
            return None;
        }
        if let Some(value) = self.heap.get(class, name) {
            return Some(value);
        }
        let of = self.heap.class_of(class)?;
        of.bases.iter().find_map(|base| match base {
            Value::Class(base) => self.member_of(*base, name, seen),
            _ => None,
        })
    }

    /// Whether a class extends something that is not of the workspace.
    fn has_foreign_base(&self, class: CellId, depth: u32) -> bool {
        depth < 10
            && self.heap.class_of(class).is_some_and(|of| {
                of.bases.iter().any(|base| match base {
                    Value::Class(base) => self.has_foreign_base(*base, depth + 1),
                    Value::Path(path) => !matches!(
                        &*self.names.text(*path),
                        "object" | "ABC" | "abc.ABC" | "Generic"
                    ),
                    _ => true,
                })
            })
    }

    /// A method or attribute of an instance, bound to it.
    pub(super) fn instance_member(&mut self, instance: CellId, name: Symbol) -> Option<Value> {
        if let Some(value) = self.heap.get(instance, name) {
            return Some(value);
        }
        let Some(NamesKind::Instance(class, _)) = self.heap.kind(instance) else { return None };
        let class = *class;
        let member = self.class_member(class, name)?;
        Some(self.bound(&member, Value::Instance(instance), class))
    }

    fn bound(&mut self, member: &Value, receiver: Value, class: CellId) -> Value {
        match member {
            Value::Function(closure) => match closure.kind {
                FunctionKind::Static => member.clone(),
                FunctionKind::Class => {
                    Value::Bound(Rc::new((Value::Class(class), closure.clone())))
                }
                FunctionKind::Property => {
                    let definition = self.code_of(closure.file).functions[closure.function.index()];
                    let place = Place {
                        file: closure.file,
                        name: definition.range,
                        call: definition.range,
                    };
                    self.call_function(&Rc::clone(closure), Some(receiver), Vec::new(), place)
                }
                FunctionKind::Plain | FunctionKind::Context => {
                    Value::Bound(Rc::new((receiver, closure.clone())))
                }
            },
            Value::Alternatives(values) => {
                let values: Vec<Value> = values.to_vec();
                let bound: Vec<Value> =
                    values.iter().map(|it| self.bound(it, receiver.clone(), class)).collect();
                Value::Alternatives(bound.into())
            }
            other => other.clone(),
        }
    }

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
                let bases =
                    self.heap.class_of(*class).map(|it| it.bases.clone()).unwrap_or_default();
                for base in bases {
                    if let Value::Class(base) = base
                        && let Some(member) = self.class_member(base, name)
                    {
                        return self.bound(&member, Value::Instance(*instance), base);
                    }
                }
                UNKNOWN
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
            | Value::Pool => Value::Method(Rc::new((object.clone(), name))),
        }
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
                && definition.parameters.length == 0
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

    // Items.

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
