//! What a file tells other files, and what it asks of them.
//!
//! A [`Summary`] is what one file exports: its functions with what they return, its classes, its module's values, and with what it calls
//! the functions of other files. Lowering asks for what other files export through [`Links`], one [`Question`] at a time, so that whoever
//! answers knows exactly what a program depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use spark::{Library, Type};

use crate::{Bound, Confidence};

/// How deep shapes of tuples nest, and how many parts they have, before the rest is unknown: what recursive functions return must not
/// grow for ever.
const TUPLE_DEPTH: u32 = 3;
const TUPLE_PARTS: usize = 32;

/// What is known of a value apart from which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shape {
    /// Nothing.
    #[default]
    Unknown,
    /// Uses contradict one another.
    Conflict,
    /// A value of the language itself, certainly none of Spark's.
    Local,
    /// A value of Spark's.
    Spark {
        /// Its type.
        kind: Type,
        /// How sure that is.
        confidence: Confidence,
        /// The most rows it can have.
        bound: Option<Bound>,
    },
    /// A driver-side collection of such values.
    Many(Type, Confidence),
    /// A driver-side collection of other things that are alike.
    Each(Box<Shape>),
    /// A driver-side mapping, by what its values are.
    Mapping(Box<Shape>),
    /// A driver-side mapping whose keys are written out.
    Record(Vec<(Arc<str>, Shape)>),
    /// Scala's `Option`, `Try` and their like: such a thing, or none.
    Maybe(Box<Shape>),
    /// An instance of a class of the workspace.
    Instance(ClassName),
    /// A class of the workspace itself.
    Class(ClassName),
    /// A function of the file that speaks, by the offset of its name. It means nothing to other files.
    Function(u32),
    /// Something whose call gives this.
    Callable(Box<Shape>),
    /// An object of a library around Spark.
    Library(Library),
    /// Several things in a row.
    Tuple(Vec<Shape>),
}

impl Shape {
    /// A value of Spark's of any number of rows.
    #[must_use]
    pub fn spark(kind: Type, confidence: Confidence) -> Self {
        Shape::Spark { kind, confidence, bound: None }
    }

    /// What is known of a value that is one of both.
    #[must_use]
    pub fn join(self, other: &Shape) -> Shape {
        match (self, other) {
            (Shape::Unknown, other) => other.clone(),
            (shape, Shape::Unknown) => shape,
            (Shape::Local, Shape::Local) => Shape::Local,
            (
                Shape::Spark { kind, confidence, bound },
                Shape::Spark { kind: other, confidence: weaker, bound: wider },
            ) if kind == *other => Shape::Spark {
                kind,
                confidence: confidence.min(*weaker),
                bound: bound.zip(*wider).map(
                    |(left, right)| {
                        if left.rows < right.rows { right } else { left }
                    },
                ),
            },
            (Shape::Many(kind, left), Shape::Many(other, right)) if kind == *other => {
                Shape::Many(kind, left.min(*right))
            }
            (Shape::Instance(class), Shape::Instance(other)) if class == *other => {
                Shape::Instance(class)
            }
            (Shape::Tuple(left), Shape::Tuple(right)) if left.len() == right.len() => Shape::Tuple(
                left.into_iter().zip(right).map(|(left, right)| left.join(right)).collect(),
            ),
            (Shape::Each(left), Shape::Each(right)) => Shape::Each(Box::new(left.join(right))),
            (Shape::Maybe(left), Shape::Maybe(right)) => Shape::Maybe(Box::new(left.join(right))),
            (Shape::Callable(left), Shape::Callable(right)) => {
                Shape::Callable(Box::new(left.join(right)))
            }
            (
                left @ (Shape::Record(_) | Shape::Mapping(_)),
                right @ (Shape::Record(_) | Shape::Mapping(_)),
            ) if left != *right => match left.values().join(&right.values()) {
                Shape::Conflict => Shape::Conflict,
                value => Shape::Mapping(Box::new(value)),
            },
            (left, right) if left == *right => left,
            _ => Shape::Conflict,
        }
    }

    /// What the values of a mapping have in common.
    fn values(&self) -> Shape {
        match self {
            Shape::Mapping(value) => Shape::clone(value),
            Shape::Record(items) => items
                .iter()
                .fold(Shape::Unknown, |joined, (_, value)| joined.join(value))
                .unbounded(),
            _ => Shape::Unknown,
        }
    }

    /// A collection of things of this shape.
    #[must_use]
    pub fn collection(item: Shape) -> Shape {
        match item {
            Shape::Unknown | Shape::Conflict | Shape::Local => Shape::Unknown,
            Shape::Spark { kind, confidence, .. } => Shape::Many(kind, confidence),
            other => Shape::Each(Box::new(other.unbounded())),
        }
    }

    /// Such a thing, or none.
    #[must_use]
    pub fn maybe(item: Shape) -> Shape {
        match item {
            Shape::Unknown | Shape::Conflict | Shape::Local => Shape::Unknown,
            other => Shape::Maybe(Box::new(other.unbounded())),
        }
    }

    /// A mapping with values of this shape.
    #[must_use]
    pub fn mapping(value: Shape) -> Shape {
        match value {
            Shape::Unknown | Shape::Conflict | Shape::Local => Shape::Unknown,
            other => Shape::Mapping(Box::new(other.unbounded())),
        }
    }

    /// What a loop over a collection of this shape binds.
    #[must_use]
    pub fn element(&self) -> Shape {
        match self {
            Shape::Many(kind, confidence) => Shape::spark(*kind, *confidence),
            Shape::Each(item) => Shape::clone(item),
            _ => Shape::Unknown,
        }
    }

    /// The same without what only the file that speaks understands.
    #[must_use]
    pub fn exported(&self) -> Shape {
        self.map(TUPLE_DEPTH, &|shape| match shape {
            Shape::Function(_) => Shape::Unknown,
            other => other,
        })
    }

    /// The same with every part changed by `change`.
    fn map(&self, depth: u32, change: &dyn Fn(Shape) -> Shape) -> Shape {
        match self {
            Shape::Tuple(_)
            | Shape::Each(_)
            | Shape::Maybe(_)
            | Shape::Mapping(_)
            | Shape::Record(_)
            | Shape::Callable(_)
                if depth == 0 =>
            {
                Shape::Unknown
            }
            Shape::Each(item) => Shape::Each(Box::new(item.map(depth - 1, change))),
            Shape::Maybe(item) => Shape::Maybe(Box::new(item.map(depth - 1, change))),
            Shape::Mapping(value) => Shape::Mapping(Box::new(value.map(depth - 1, change))),
            Shape::Callable(result) => Shape::Callable(Box::new(result.map(depth - 1, change))),
            Shape::Record(items) => Shape::Record(
                items
                    .iter()
                    .take(TUPLE_PARTS)
                    .map(|(key, value)| (Arc::clone(key), value.map(depth - 1, change)))
                    .collect(),
            ),
            Shape::Tuple(parts) => Shape::Tuple(
                parts
                    .iter()
                    .take(TUPLE_PARTS)
                    .map(|part| part.map(depth.saturating_sub(1), change))
                    .collect(),
            ),
            other => change(other.clone()),
        }
    }

    /// The same, no deeper and no wider than what crosses from one function to another may be.
    #[must_use]
    pub fn bounded(&self) -> Shape {
        self.map(TUPLE_DEPTH, &|shape| shape)
    }

    /// The same, no surer than `limit`.
    #[must_use]
    pub fn at_most(&self, limit: Confidence) -> Shape {
        self.map(TUPLE_DEPTH, &|shape| match shape {
            Shape::Spark { kind, confidence, bound } => {
                Shape::Spark { kind, confidence: confidence.min(limit), bound }
            }
            Shape::Many(kind, confidence) => Shape::Many(kind, confidence.min(limit)),
            other => other,
        })
    }

    /// The same of any number of rows.
    #[must_use]
    pub fn unbounded(&self) -> Shape {
        self.map(TUPLE_DEPTH, &|shape| match shape {
            Shape::Spark { kind, confidence, .. } => Shape::spark(kind, confidence),
            other => other,
        })
    }

    /// The same with the file of each class changed by `rename`.
    #[must_use]
    pub fn classes(&self, rename: &dyn Fn(ClassName) -> ClassName) -> Shape {
        self.map(TUPLE_DEPTH, &|shape| match shape {
            Shape::Instance(class) => Shape::Instance(rename(class)),
            Shape::Class(class) => Shape::Class(rename(class)),
            other => other,
        })
    }

    /// Whether it says nothing that anybody could use.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Shape::Unknown | Shape::Conflict | Shape::Local)
    }
}

/// A class, or one of Scala's objects or traits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassName {
    /// The file that defines it; none where it is the one that speaks or is spoken to.
    pub file: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
}

/// A function or method of some file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionName {
    /// The file that defines it.
    pub file: Arc<str>,
    /// The class it is a method of.
    pub class: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
}

/// What a file tells other files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Scala's package, with dots.
    pub package: Option<Arc<str>>,
    /// What its names mean at its end, those that may matter to others.
    pub exports: BTreeMap<Arc<str>, Export>,
    /// Modules and packages of which everything is imported, in order.
    pub stars: Vec<Arc<str>>,
    /// With what it calls functions of other files.
    pub calls: BTreeMap<FunctionName, CallShapes>,
}

/// What an exported name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    /// A function.
    Function(FunctionSummary),
    /// A class, object or trait.
    Class(ClassSummary),
    /// A value.
    Value(Shape),
    /// What the file itself imported, by its path.
    Import(Arc<str>),
}

/// What a function tells its callers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionSummary {
    /// What it returns.
    pub returns: Shape,
    /// Whether the object it is called on is its first parameter, so that a call through its class has to name it.
    pub receiver: bool,
    /// Whether naming it calls it: Python's properties, Scala's methods without parameters.
    pub property: bool,
    /// Whether it gives the object that it is called on, or another of the same class, which may be one that inherits it.
    pub own: bool,
}

/// What a class tells others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassSummary {
    /// What it extends, nearest first.
    pub bases: Vec<Base>,
    /// Its methods.
    pub methods: BTreeMap<Arc<str>, FunctionSummary>,
    /// Its attributes, members and fields.
    pub attributes: BTreeMap<Arc<str>, Shape>,
}

/// What a class extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A class of the same file.
    Class(Arc<str>),
    /// By a path as the file's imports spell it.
    Path(Arc<str>),
}

/// With what a function is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallShapes {
    /// Arguments by place, the receiver left out; one that calls disagree on is [`Shape::Conflict`].
    pub positional: Vec<Shape>,
    /// Arguments by keyword.
    pub keywords: BTreeMap<Arc<str>, Shape>,
    /// Whether it is given to Spark to run on the executors.
    pub closure: bool,
}

impl CallShapes {
    /// Takes in another call.
    pub fn join(&mut self, other: &CallShapes) {
        if self.positional.len() < other.positional.len() {
            self.positional.resize(other.positional.len(), Shape::Unknown);
        }
        for (known, shape) in self.positional.iter_mut().zip(&other.positional) {
            *known = std::mem::take(known).join(shape);
        }
        for (keyword, shape) in &other.keywords {
            let known = self.keywords.entry(Arc::clone(keyword)).or_default();
            *known = std::mem::take(known).join(shape);
        }
        self.closure |= other.closure;
    }

    /// The same without what does not count.
    #[must_use]
    pub fn without(mut self, passed_over: &PassedOver) -> CallShapes {
        for (place, name) in &passed_over.parameters {
            if let Some(shape) = self.positional.get_mut(*place) {
                *shape = Shape::Unknown;
            }
            self.keywords.remove(name);
        }
        if passed_over.unknown {
            let known = self.positional.iter().rposition(|shape| !shape.is_unknown());
            self.positional.truncate(known.map_or(0, |last| last + 1));
            self.keywords.retain(|_, shape| !shape.is_unknown());
        }
        self
    }

    /// The same with each argument's shape changed by `change`.
    #[must_use]
    pub fn map(&self, change: &dyn Fn(&Shape) -> Shape) -> CallShapes {
        CallShapes {
            positional: self.positional.iter().map(change).collect(),
            keywords: self
                .keywords
                .iter()
                .map(|(keyword, shape)| (Arc::clone(keyword), change(shape)))
                .collect(),
            closure: self.closure,
        }
    }
}

/// What lowering asks of other files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// What a dotted path means: for Python as an import of the file spells it, for Scala from the root package.
    Path(Arc<str>),
    /// What a class of another file has by this name, inherited or its own.
    Member(ClassName, Arc<str>),
    /// With what other files call a function of this file.
    Calls {
        /// The class it is a method of.
        class: Option<Arc<str>>,
        /// Its name.
        function: Arc<str>,
        /// What of the arguments does not count.
        passed_over: PassedOver,
    },
}

/// What of the arguments of a function does not count, since its declaration says enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PassedOver {
    /// Parameters by their place and name.
    pub parameters: Vec<(usize, Arc<str>)>,
    /// Whether arguments of which nothing is known do not count either: each is given to a parameter of its own.
    pub unknown: bool,
}

/// What other files say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Answer {
    /// Nothing.
    #[default]
    Unknown,
    /// One of several things, and nothing tells which.
    Ambiguous,
    /// A module or package of the workspace.
    Module,
    /// What another file imported from outside the workspace, by its full path.
    External(Arc<str>),
    /// A function or method.
    Function(ForeignFunction),
    /// A class, object or trait.
    Class(ClassName),
    /// A value.
    Value(Shape),
    /// Calls.
    Calls(CallShapes),
}

/// A function of another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignFunction {
    /// Which.
    pub name: FunctionName,
    /// What it tells.
    pub summary: FunctionSummary,
}

/// Answers what a file asks of others.
pub trait Links {
    /// The answer, the same whenever the same is asked.
    fn ask(&self, question: &Question) -> Answer;
}

/// No other files: a file taken for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Links for Alone {
    fn ask(&self, _: &Question) -> Answer {
        Answer::Unknown
    }
}
