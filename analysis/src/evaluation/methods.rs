//! Methods: what `object.name(arguments)` calls.

use std::rc::Rc;

use super::Place;
use super::interpreter::{Interpreter, NESTING};
use super::names::Symbol;
use super::value::{Argument, UNKNOWN, Value};

impl Interpreter<'_> {
    /// `object.name(arguments)`.
    pub(super) fn method(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        if self.nesting >= NESTING || self.current.is_none() {
            return UNKNOWN;
        }
        self.nesting += 1;
        let value = self.method_within(object, name, arguments, place);
        self.nesting -= 1;
        value
    }

    pub(super) fn method_within(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        match object {
            Value::Spark(spark) => {
                let spark = Rc::clone(spark);
                let text = self.names.text(name);
                if let Some(closure) = self.attached(spark.kind, name) {
                    return self.call_function(&closure, Some(object.clone()), arguments, place);
                }
                self.spark_method(object, &spark, &text, arguments, place)
            }
            Value::Column(_) => {
                let text = self.names.text(name);
                self.column_method(object, &text, &arguments)
            }
            Value::Text(path) if &*self.names.text(name) == "open" => Value::File(path.clone()),
            Value::Text(path) if &*self.names.text(name) == "read_text" => self.read_file(path),
            Value::Sequence(_) | Value::Mapping(_) | Value::Text(_) => {
                self.container_method(object, name, &arguments, place)
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> =
                    values.iter().filter(|it| !matches!(it, Value::Null)).cloned().collect();
                let indexes: Vec<usize> = (0..values.len()).collect();
                self.fork(&indexes, &mut |this, at| {
                    this.method(&values[at], name, arguments.clone(), place)
                })
            }
            Value::Unknown(_) => self.unknown_method(object, name, &arguments, place),
            Value::Library(path, _) => {
                let path = *path;
                self.library_method(object, path, name, &arguments, place)
            }
            Value::File(path) => match &*self.names.text(name) {
                "__enter__" => object.clone(),
                "read" | "read_text" => self.read_file(path),
                _ => UNKNOWN,
            },
            Value::Pool => self.pool_method(name, arguments, place),
            Value::Method(_) | Value::Generator(_) | Value::Context(_) | Value::Partial(_) => {
                let text = self.names.text(name);
                match (&*text, object) {
                    // A thread that was made from a function.
                    ("start" | "run", Value::Partial(_)) => self.call(object, Vec::new(), place),
                    ("join" | "is_alive", Value::Partial(_)) => Value::Null,
                    ("__next__", Value::Generator(_)) => {
                        let collected = self.collected(object);
                        self.index(&collected, &Value::Integer(0), place)
                    }
                    _ => {
                        let value = Value::may_hold(&self.frames_of(
                            std::iter::once(object).chain(arguments.iter().map(|it| &it.value)),
                        ));
                        self.unknown_method(&value, name, &arguments, place)
                    }
                }
            }
            Value::ExecutorFunction(_) => {
                // `udf.asNondeterministic()` and its like.
                object.clone()
            }
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
                if matches!(&*self.names.text(name), "toString" | "toInt" | "toLong" | "toDouble") {
                    return object.clone();
                }
                if matches!(&*self.names.text(name), "to" | "until")
                    && let (Value::Integer(from), Some(Value::Integer(to))) =
                        (object, arguments.first().map(|it| it.value.clone()))
                {
                    let end =
                        if &*self.names.text(name) == "to" { to.saturating_add(1) } else { to };
                    return self.integer_range(*from, end, 1);
                }
                UNKNOWN
            }
            Value::Path(path) => {
                let joined = format!("{}.{}", self.names.text(*path), self.names.text(name));
                if (self.resolve)(self.file(), &self.names.text(*path)).is_some() {
                    let member = self.attribute(object, name, place);
                    return self.call(&member, arguments, place);
                }
                self.call_path_named(&joined, &arguments, place)
            }
            Value::Function(_) | Value::Bound(_) => match &*self.names.text(name) {
                "apply" | "__call__" => self.call(object, arguments, place),
                "andThen" | "compose" => {
                    // `f andThen g`: one after the other, as it is called.
                    let mut all = vec![object.clone()];
                    all.extend(arguments.iter().map(|it| it.value.clone()));
                    if &*self.names.text(name) == "compose" {
                        all.reverse();
                    }
                    let chain = self.heap.sequence(all, true);
                    let marker = Value::Path(self.names.symbol("<chain>"));
                    Value::Partial(Rc::new((marker, vec![Argument::positional(chain)])))
                }
                _ => UNKNOWN,
            },
            Value::Instance(_) | Value::Class(_) | Value::Module(_) | Value::Super(..) => {
                let member = self.member_to_call(object, name, place);
                match member {
                    Some(member) => self.call(&member, arguments, place),
                    None => {
                        let held = Value::may_hold(&self.frames(object));
                        if matches!(object, Value::Super(..)) {
                            return held;
                        }
                        let text = self.names.text(name);
                        if let (Value::Class(cell), "apply") = (object, &*text) {
                            return self.instantiate(*cell, arguments, place);
                        }
                        if matches!(object, Value::Class(_)) && matches!(&*text, "copy") {
                            return object.clone();
                        }
                        if let (Value::Instance(_), "copy" | "_replace") = (object, &*text) {
                            return object.clone();
                        }
                        self.unknown_method(&held, name, &arguments, place)
                    }
                }
            }
        }
    }

    /// A member that is called: unlike an attribute, a Scala method is not yet applied.
    pub(super) fn member_to_call(
        &mut self,
        object: &Value,
        name: Symbol,
        place: Place,
    ) -> Option<Value> {
        match object {
            Value::Instance(cell) => self.instance_member(*cell, name),
            Value::Class(cell) => {
                if let Some(instance) = self.scala_object(*cell) {
                    return self.instance_member(instance, name);
                }
                let value = self.attribute(object, name, place);
                (!value.is_unknown()).then_some(value)
            }
            Value::Module(_) | Value::Super(..) => {
                let value = self.attribute(object, name, place);
                (!value.is_unknown()).then_some(value)
            }
            _ => None,
        }
    }
}
