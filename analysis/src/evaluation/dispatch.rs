//! Methods of values that are not known: by the file's own lowering, by what Spark or a library is known to have, by the classes of the
//! workspace that define a method of the name.

use std::rc::Rc;

use program::Language;
use program::driver::ClassId;
use rustc_hash::FxHashSet;
use spark::{Effect, Type};

use super::heap::CellId;
use super::interpreter::{ALTERNATIVES, Interpreter};
use super::names::Symbol;
use super::value::{Argument, UNKNOWN, Value};
use super::{EvaluationFile, FileId, Place, Reason};

/// Methods that so many things have that a name tells nothing.
const GENERAL: [&str; 53] = [
    "add",
    "append",
    "apply",
    "close",
    "contains",
    "copy",
    "debug",
    "decode",
    "encode",
    "endswith",
    "equals",
    "error",
    "exception",
    "exists",
    "extend",
    "filter",
    "find",
    "forall",
    "foreach",
    "format",
    "get",
    "getOrElse",
    "head",
    "index",
    "info",
    "isEmpty",
    "items",
    "join",
    "keys",
    "length",
    "lit",
    "lower",
    "map",
    "mkString",
    "nonEmpty",
    "pop",
    "put",
    "replace",
    "size",
    "sort",
    "split",
    "startswith",
    "strip",
    "toInt",
    "toList",
    "toSeq",
    "toString",
    "update",
    "upper",
    "values",
    "warn",
    "warning",
    "write",
];

/// Names of folders and modules of the workspace: what an import may mean by its first part.
pub(super) fn own_names(files: &[EvaluationFile<'_>]) -> FxHashSet<Box<str>> {
    let mut names = FxHashSet::default();
    for file in files {
        for part in file.path.split('/') {
            let stem = part.split('.').next().unwrap_or_default();
            if !names.contains(stem) {
                names.insert(stem.into());
            }
        }
    }
    names
}

impl Interpreter<'_> {
    /// Whether a dotted path leads out of the workspace.
    pub(super) fn is_foreign(&self, path: &str) -> bool {
        path.split_once('.')
            .is_some_and(|(root, _)| !root.is_empty() && !self.own_names.contains(root))
    }

    /// A method of a value of which nothing is known but the datasets that it may hold.
    pub(super) fn unknown_method(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let text = self.names.text(name);
        if let Some(value) = self.guessed_spark(object, &text, arguments, place) {
            return value;
        }
        if let Some(value) = self.model_method(object, &text, arguments, place) {
            return value;
        }
        if let Some(value) = self.applied(object, &text, arguments, place) {
            return value;
        }
        let general = GENERAL.binary_search(&&*text).is_ok();
        if !general && let Some(candidates) = self.index.by_method.get(&*text).cloned() {
            let values = self.receivers(&candidates, place);
            if !values.is_empty() {
                let indexes: Vec<usize> = (0..values.len().min(ALTERNATIVES)).collect();
                return self.fork(&indexes, &mut |this, at| match this
                    .instance_member(values[at], name)
                {
                    Some(method) if this.accepts(&method, arguments) => {
                        this.call(&method, arguments.to_vec(), place)
                    }
                    _ => UNKNOWN,
                });
            }
        }
        let acts = spark::api()
            .receivers(self.language(), &text)
            .filter_map(|kind| spark::api().method(self.language(), kind, &text))
            .any(|method| method.effect.runs_jobs());
        if acts && !general {
            self.note(Reason::UnknownReceiver, place, &text);
        }
        self.opaque_call(Reason::UnknownReceiver, object, arguments, place, &text)
    }

    /// Instances whose class defines a method: those that were made, else one of each class.
    fn receivers(&mut self, candidates: &[(FileId, ClassId)], place: Place) -> Vec<CellId> {
        let made: Vec<CellId> = candidates
            .iter()
            .filter_map(|it| self.instances.get(it))
            .flat_map(|it| it.iter().rev().take(2).copied())
            .take(ALTERNATIVES)
            .collect();
        if !made.is_empty() {
            return made;
        }
        if candidates.len() > ALTERNATIVES {
            return Vec::new();
        }
        let mut values = Vec::new();
        for (file, class) in candidates {
            // Only of files that the program has read: others cannot have made the receiver.
            let Some(&scope) = self.modules.get(file) else { continue };
            let Some(class) = self.code_of(*file).classes.get(class.index()) else { continue };
            let name = self.symbol_in(*file, class.name);
            if let Some(Value::Class(cell)) = self.heap.get(scope, name)
                && let Some(Value::Instance(instance)) = self.some_instance(cell, place)
            {
                values.push(instance);
            }
        }
        values
    }

    /// What hands its items to a function: `xs.map(f)`, `executor.submit(f, x)`.
    fn applied(
        &mut self,
        object: &Value,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        let can_run =
            |it: &Value| matches!(it, Value::Function(_) | Value::Bound(_) | Value::Partial(_));
        if let ("foldLeft" | "foldRight", [initial, function]) = (name, arguments)
            && can_run(&function.value)
        {
            return Some(self.fold(&function.value, object, Some(initial.value.clone()), place));
        }
        let function = &arguments.first()?.value;
        if !can_run(function) {
            return None;
        }
        let rest: Vec<Value> = arguments[1..]
            .iter()
            .filter(|it| it.name.is_none())
            .map(|it| it.value.clone())
            .collect();
        match name {
            "submit" | "apply_async" => Some(self.call(function, arguments[1..].to_vec(), place)),
            "map" | "imap" | "imap_unordered" | "map_async" if !rest.is_empty() => {
                Some(self.mapped(function, &rest, place))
            }
            "map" | "flatMap" | "foreach" | "filter" | "exists" | "forall" | "collect" | "find"
            | "withFilter" | "filterNot" => {
                let item = Value::may_hold(&self.frames(object));
                let mut result = UNKNOWN;
                self.repeat(&mut |this| {
                    result = this.call(function, vec![Argument::positional(item.clone())], place);
                });
                Some(match name {
                    "map" | "flatMap" | "collect" => self.heap.sequence(vec![result], false),
                    "filter" | "filterNot" | "withFilter" => object.clone(),
                    _ => item,
                })
            }
            _ => None,
        }
    }

    // Libraries.

    /// A method of something that a library made.
    pub(super) fn library_method(
        &mut self,
        object: &Value,
        path: Symbol,
        name: Symbol,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let text = self.names.text(name);
        if let Some(value) = self.model_method(object, &text, arguments, place) {
            return value;
        }
        let of = self.names.text(path);
        let all = || std::iter::once(object).chain(arguments.iter().map(|it| &it.value));
        if let Some(library) = spark::library_class(&of)
            && let spark::LibraryMember::Spark(kind) = spark::library_member(library, &text)
        {
            let frames = self.frames_of(all());
            let node = kind.is_dataset().then(|| self.opaque_dataset(kind, &frames, place));
            return Value::spark(kind, node);
        }
        // Setters and builders hand on what they are called on.
        if text.starts_with("set") || text.starts_with("with") || text.starts_with("add") {
            return object.clone();
        }
        if !self.is_foreign(&of) {
            let held = Value::may_hold(&self.frames(object));
            return self.unknown_method(&held, name, arguments, place);
        }
        let guessed = self.guessed_spark(object, &text, arguments, place);
        if let Some(value) = guessed.or_else(|| self.applied(object, &text, arguments, place)) {
            return value;
        }
        let frames = self.frames_of(all());
        self.opaque_call(Reason::UnknownReceiver, object, arguments, place, &text);
        Value::Library(path, Self::frames_value(frames))
    }

    // Guesses.

    /// A method of a value that is not known, where the file's own lowering, the datasets that the value may hold, or the method itself
    /// tell its type.
    fn guessed_spark(
        &mut self,
        object: &Value,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        let files = self.files;
        let lowered = self
            .lowered_call(place)
            .and_then(|id| files[place.file.index()].program.calls.get(id.index()))
            .map(|call| call.receiver_type);
        let frames = self.frames(object);
        let kind = lowered
            .or_else(|| self.type_by_frames(&frames, name))
            .or_else(|| self.type_by_method(object, name))?;
        let of = match kind {
            Type::Writer | Type::StreamWriter => Type::DataFrame,
            other => other,
        };
        let node = of.is_dataset().then(|| self.opaque_dataset(of, &frames, place));
        let value = Value::spark(kind, node);
        let Value::Spark(spark) = &value else { return None };
        let spark = Rc::clone(spark);
        let outer = std::mem::replace(&mut self.guessing, lowered.is_none());
        let result = self.spark_method(&value, &spark, name, arguments.to_vec(), place);
        self.guessing = outer;
        Some(result)
    }

    /// The type of a value that may hold datasets, where that has such a method.
    fn type_by_frames(&self, frames: &[super::NodeId], name: &str) -> Option<Type> {
        let kind = match self.nodes.get(frames.first()?.index())?.value {
            Type::Rdd => Type::Rdd,
            _ => Type::DataFrame,
        };
        spark::api().method(self.language(), kind, name).map(|_| kind)
    }

    /// The only type with such a method. Names in two words tell Spark's API from other libraries of Python, which part them by `_`;
    /// an object of Spark's own libraries may have any.
    fn type_by_method(&self, object: &Value, name: &str) -> Option<Type> {
        let of_spark = match object {
            Value::Library(path, _) => {
                let path = self.names.text(*path);
                path.starts_with("pyspark.") || path.starts_with("org.apache.spark.")
            }
            _ => false,
        };
        let camel = self.language() == Language::Python
            && name.chars().any(|it| it.is_ascii_uppercase())
            && name.starts_with(|it: char| it.is_ascii_lowercase());
        if !of_spark && !camel {
            return None;
        }
        let mut kinds = spark::api().receivers(self.language(), name).filter(|kind| {
            let method = spark::api().method(self.language(), *kind, name);
            kind.is_dataset() && method.is_some_and(|it| it.effect != Effect::Other)
        });
        kinds.next().filter(|_| kinds.next().is_none())
    }

    /// A property of a value that is not known: `x.write`, `x.rdd`.
    pub(super) fn unknown_property(
        &mut self,
        object: &Value,
        name: &str,
        place: Place,
    ) -> Option<Value> {
        if self.language() == Language::Python {
            let property = spark::api()
                .receivers(Language::Python, name)
                .filter_map(|kind| spark::api().method(Language::Python, kind, name))
                .any(|method| method.python_property);
            if !property {
                return None;
            }
        }
        self.guessed_spark(object, name, &[], place)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn general_names_are_in_order() {
        assert!(super::GENERAL.is_sorted());
    }
}
