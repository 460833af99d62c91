//! Methods that a Scala file adds to Spark's types: `implicit class`, `implicit def` to a class, and `extension`.

use std::sync::Arc;

use program::summary::{ClassName, ForeignFunction, FunctionSummary, Shape};
use program::{Language, Type};
use rustc_hash::FxHashMap;

use super::Lowering;
use super::arguments::Arguments;
use super::classes::is_decorated;
use super::environment::{Lowered, Meaning};
use super::linked::Ancestor;
use crate::syntax::{Parameter, TypeRef};

/// A method that is added to a type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extension {
    /// Of a class that wraps the receiver.
    Wrapped(usize),
    /// One that takes the receiver as its first argument.
    First(usize),
}

/// A method that another file adds to a type.
#[derive(Debug, Clone)]
pub(super) enum ForeignExtension {
    /// Of a class that wraps the receiver.
    Wrapped(Arc<ForeignFunction>),
    /// One that takes the receiver as its first argument.
    First(Arc<ForeignFunction>),
}

/// What may hold implicits.
enum Owner {
    Class(Arc<ClassName>),
    Package(Arc<str>),
}

/// What a file adds to Spark's types, by the class that does, none for the file outside of classes. The names are such as no program can
/// have: the type's with the method's for an extension, with a number for a conversion, which returns what has the methods.
#[derive(Debug, Default)]
pub(super) struct Additions(FxHashMap<Option<Arc<str>>, Vec<Addition>>);

type Addition = (Arc<str>, FunctionSummary);

impl Additions {
    /// What one class adds, or the file outside of classes.
    pub(super) fn of(&self, owner: Option<&Arc<str>>) -> &[Addition] {
        self.0.get(&owner.cloned()).map_or(&[], Vec::as_slice)
    }
}

/// How many conversions of one type are looked through.
const CONVERSIONS: usize = 16;

/// The name under which other files find what is added to a type.
fn added(kind: Type, name: &str) -> String {
    format!("{}#{name}", kind.name())
}

/// The name that a class within an object has for other files.
fn inner(owner: Option<&Arc<str>>, class: &str) -> Arc<str> {
    owner.map_or_else(|| class.into(), |owner| format!("{owner}#{class}").into())
}

impl Lowering<'_> {
    /// The method by this name that the file adds to `kind`.
    pub(super) fn extension(&self, kind: Type, name: &str) -> Option<Extension> {
        if self.language != Language::Scala {
            return None;
        }
        let takes = |parameter: Option<&Parameter>| {
            let written = parameter.and_then(|it| it.annotation.as_ref());
            written.is_some_and(|written| self.is_of(written, kind))
        };
        let wraps = |class: &Arc<str>| {
            self.collected.implicits.contains_key(class)
                && takes(self.collected.classes.get(class).and_then(|it| it.first()))
        };
        let converts = |class: &Arc<str>| {
            self.definitions.iter().any(|it| {
                is_decorated(it.def, &["implicit"])
                    && it.def.returns.as_ref().is_some_and(|it| it.name == **class)
                    && takes(it.def.parameters.first())
            })
        };
        self.definitions.named(name).find_map(|index| {
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
            let class: Arc<str> = star.rsplit('.').next()?.into();
            if !self.collected.classes.contains_key(&class) {
                continue;
            }
            if let Some(index) = self.method_of(&class, name) {
                return Some(self.lowered(Meaning::Function(index)));
            }
            if let Some(meaning) = self.member_bound(&class, name).cloned() {
                return Some(self.lowered(meaning));
            }
            if let Some(found) = self.class_attribute(&class, name, name) {
                return Some(found);
            }
        }
        None
    }

    /// The method by this name that another file of the workspace adds to `kind`, where this one imports everything of an object, is in
    /// its package, or extends what holds it.
    pub(super) fn foreign_extension(&mut self, kind: Type, name: &str) -> Option<ForeignExtension> {
        if self.language != Language::Scala {
            return None;
        }
        let mut owners: Vec<Owner> = Vec::new();
        if let Some(class) = self.enclosing_class() {
            owners.extend(self.ancestors(&class).into_iter().filter_map(|it| match it {
                Ancestor::Foreign(class) => Some(Owner::Class(class)),
                Ancestor::Local(_) => None,
            }));
        }
        for star in self.stars.clone().iter().rev() {
            owners.push(match self.path_meaning(star) {
                Some(Meaning::ForeignClass(class)) => Owner::Class(class),
                _ => Owner::Package(star.clone()),
            });
        }
        owners.extend(self.package.map(|it| Owner::Package(it.into())));
        owners.iter().find_map(|owner| self.added_by(owner, kind, name))
    }

    fn added_by(&mut self, owner: &Owner, kind: Type, name: &str) -> Option<ForeignExtension> {
        if let Some(Meaning::Foreign(function)) = self.addition(owner, &added(kind, name)) {
            return Some(ForeignExtension::First(function));
        }
        for number in 0..CONVERSIONS {
            let conversion = self.addition(owner, &added(kind, &number.to_string()))?;
            let Meaning::Foreign(conversion) = conversion else { return None };
            let Shape::Instance(class) = &conversion.summary.returns else { continue };
            let member = self.foreign_member(class, name);
            if let Some(Meaning::Foreign(function)) = member {
                return Some(ForeignExtension::Wrapped(function));
            }
        }
        None
    }

    fn addition(&mut self, owner: &Owner, name: &str) -> Option<Meaning> {
        match owner {
            Owner::Class(class) => self.foreign_member(class, name),
            Owner::Package(path) => self.path_meaning(&super::linked::joined(path, name)),
        }
    }

    /// What the file adds to Spark's types.
    pub(super) fn additions(&self) -> Additions {
        let mut additions = Additions::default();
        if self.language != Language::Scala {
            return additions;
        }
        let kind_of = |parameter: Option<&Parameter>| match parameter
            .and_then(|it| it.annotation.as_ref())
            .map(|it| self.annotation(it))
        {
            Some(Shape::Spark { kind, .. }) => Some(kind),
            _ => None,
        };
        let mut conversions: FxHashMap<Option<Arc<str>>, Vec<(Type, Shape)>> = FxHashMap::default();
        for (index, definition) in self.definitions.iter().enumerate() {
            let def = definition.def;
            let extends = is_decorated(def, &["extension"]);
            if !extends && !is_decorated(def, &["implicit"]) {
                continue;
            }
            let Some(kind) = kind_of(def.parameters.first()) else { continue };
            if extends {
                let summary = self.function_summary(index);
                let of = additions.0.entry(definition.class.clone()).or_default();
                of.extend(summary.map(|it| (added(kind, &def.name.text).into(), it)));
            } else if let Some(written) = &def.returns
                && let shape @ Shape::Instance(_) = self.annotation(written)
            {
                conversions.entry(definition.class.clone()).or_default().push((kind, shape));
            }
        }
        let mut classes: Vec<(&Arc<str>, &Option<Arc<str>>)> =
            self.collected.implicits.iter().collect();
        classes.sort_unstable();
        for (class, around) in classes {
            let first = self.collected.classes.get(class).and_then(|it| it.first());
            if let Some(kind) = kind_of(first) {
                let name = inner(around.as_ref(), class);
                let made = (kind, Shape::Instance(ClassName { file: None, name }));
                conversions.entry(around.clone()).or_default().push(made);
            }
        }
        for (owner, conversions) in conversions {
            let mut counts: FxHashMap<Type, usize> = FxHashMap::default();
            let of = additions.0.entry(owner).or_default();
            for (kind, returns) in conversions {
                let number = counts.entry(kind).or_default();
                let summary = FunctionSummary { returns, ..FunctionSummary::default() };
                of.push((added(kind, &number.to_string()).into(), summary));
                *number += 1;
            }
        }
        additions
    }

    /// The implicit classes within objects, each by the name that it has for other files.
    pub(super) fn inner_implicits(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let inner_ones = self.collected.implicits.iter().filter(|(_, around)| around.is_some());
        inner_ones.map(|(class, around)| (inner(around.as_ref(), class), class.clone())).collect()
    }

    fn is_of(&self, written: &TypeRef, kind: Type) -> bool {
        matches!(self.annotation(written), Shape::Spark { kind: it, .. } if it == kind)
    }

    /// The result of a call of a method that another file adds to the receiver's type.
    pub(super) fn call_foreign_extension(
        &mut self,
        extension: &ForeignExtension,
        object: Lowered,
        arguments: Arguments,
    ) -> Lowered {
        match extension {
            ForeignExtension::Wrapped(function) => {
                self.call_foreign(function, &arguments.lowered, true)
            }
            ForeignExtension::First(function) => {
                let mut lowered = vec![(None, object)];
                lowered.extend(arguments.lowered);
                self.call_foreign(function, &lowered, false)
            }
        }
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
