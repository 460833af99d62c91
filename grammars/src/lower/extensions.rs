//! Methods that a Scala file adds to Spark's types: `implicit class`, `implicit def` to a class, and `extension`.

use std::rc::Rc;

use program::Type;
use program::summary::Shape;

use super::Lowering;
use super::arguments::Arguments;
use super::classes::is_decorated;
use super::environment::{Lowered, Meaning};
use crate::syntax::{Parameter, TypeRef};

/// A method that is added to a type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extension {
    /// Of a class that wraps the receiver.
    Wrapped(usize),
    /// One that takes the receiver as its first argument.
    First(usize),
}

impl Lowering<'_> {
    /// The method by this name that the file adds to `kind`.
    pub(super) fn extension(&self, kind: Type, name: &str) -> Option<Extension> {
        if self.language != program::Language::Scala {
            return None;
        }
        let takes = |parameter: Option<&Parameter>| {
            let written = parameter.and_then(|it| it.annotation.as_ref());
            written.is_some_and(|written| self.is_of(written, kind))
        };
        let wraps = |class: &Rc<str>| {
            self.implicits.contains(class)
                && takes(self.classes.get(class).and_then(|it| it.first()))
        };
        let converts = |class: &Rc<str>| {
            self.definitions.iter().any(|it| {
                is_decorated(it.def, &["implicit"])
                    && it.def.returns.as_ref().is_some_and(|it| it.name == **class)
                    && takes(it.def.parameters.first())
            })
        };
        self.by_name.get(name)?.iter().find_map(|&index| {
            let definition = &self.definitions[index];
            if is_decorated(definition.def, &["extension"])
                && takes(definition.def.parameters.first())
            {
                return Some(Extension::First(index));
            }
            let class = definition.class.as_ref()?;
            (wraps(class) || converts(class)).then_some(Extension::Wrapped(index))
        })
    }

    /// A name that the import of everything in one of the file's objects brings.
    pub(super) fn starred(&mut self, name: &str) -> Option<Lowered> {
        for star in self.stars.clone().iter().rev() {
            let class: Rc<str> = star.rsplit('.').next()?.into();
            if !self.classes.contains_key(&class) {
                continue;
            }
            if let Some(index) = self.method_of(&class, name) {
                return Some(self.lowered(Meaning::Function(index)));
            }
            let key = (class.clone(), name.to_owned());
            if let Some(meaning) = self.members.get(&key).cloned() {
                return Some(self.lowered(meaning));
            }
            if let Some(found) = self.class_attribute(&class, name, name) {
                return Some(found);
            }
        }
        None
    }

    fn is_of(&self, written: &TypeRef, kind: Type) -> bool {
        matches!(self.annotation(written), Shape::Spark { kind: it, .. } if it == kind)
    }

    /// The result of a call of a method that the file adds to the receiver's type.
    pub(super) fn call_extension(
        &mut self,
        extension: Extension,
        object: Lowered,
        arguments: Arguments,
    ) -> Lowered {
        match extension {
            Extension::Wrapped(index) => self.call_local(index, &arguments.lowered, true),
            Extension::First(index) => {
                let mut lowered = vec![(None, object)];
                lowered.extend(arguments.lowered);
                self.call_local(index, &lowered, false)
            }
        }
    }
}
