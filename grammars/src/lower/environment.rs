//! What names mean, frame by frame.

use std::sync::Arc;

use program::{
    Confidence, Expression, FunctionId, Language, Literal, Origin, TextPart, Type,
    UnresolvedReason, ValueId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Lowering;
use super::functions::Found;
use program::summary::{ClassName, ForeignFunction, Shape};

/// What an expression or a name means to the lowering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing is known of it.
    Unknown(UnresolvedReason),
    /// A parameter without a type.
    Parameter(FunctionId, u32),
    /// A value of Spark's.
    Spark(ValueId),
    /// A driver-side collection whose elements are like this value.
    Many(ValueId),
    /// A driver-side collection whose elements are like this one, which is no value of Spark's itself.
    Each(Arc<Meaning>),
    /// A driver-side mapping whose values are like this one.
    Mapping(Arc<Meaning>),
    /// A driver-side mapping with the keys that are written out.
    Record(Arc<Vec<(String, Meaning)>>),
    /// Scala's `Option`, `Try` and their like: such a thing, or none.
    Maybe(Arc<Meaning>),
    /// A column expression.
    Column(Arc<Expression>),
    /// A value of the language itself.
    Local(Arc<Expression>),
    /// An imported module, class or function, by its full path.
    Path(Arc<str>),
    /// One of Spark's classes.
    Class(Type),
    /// A function of the file, by its place among the definitions.
    Function(usize),
    /// A class of the file, by name.
    LocalClass(Arc<str>),
    /// An instance of a class of the file.
    Instance(Arc<str>),
    /// A function of another file.
    Foreign(Arc<ForeignFunction>),
    /// A class of another file.
    ForeignClass(Arc<ClassName>),
    /// An instance of a class of another file.
    ForeignInstance(Arc<ClassName>),
    /// Several things in a row.
    Tuple(Arc<Vec<Meaning>>),
    /// A bound method, or a function with some of its arguments, by its place among the callables.
    Bound(usize),
    /// Something whose call gives a thing of this shape.
    Callable(Arc<Shape>),
    /// An object of a library around Spark.
    Library(spark::Library),
}

/// An evaluated expression.
#[derive(Debug, Clone)]
pub(super) struct Lowered {
    pub(super) meaning: Meaning,
    pub(super) expression: Expression,
    /// The call whose result it is, so that whoever uses it can say how.
    pub(super) call: Option<program::CallId>,
}

impl Lowered {
    /// The same as an object of the class that its method was called on, where it is an object or unknown.
    pub(super) fn of_class(self, object: Meaning) -> Self {
        match self.meaning {
            Meaning::Instance(_) | Meaning::ForeignInstance(_) | Meaning::Unknown(_) => {
                Self { meaning: object, ..self }
            }
            _ => self,
        }
    }

    pub(super) fn unknown(reason: UnresolvedReason) -> Self {
        Self { meaning: Meaning::Unknown(reason), expression: Expression::Unknown, call: None }
    }

    pub(super) fn spark(value: ValueId) -> Self {
        Self { meaning: Meaning::Spark(value), expression: Expression::Value(value), call: None }
    }

    pub(super) fn local(expression: Expression) -> Self {
        Self { meaning: Meaning::Local(shared(&expression)), expression, call: None }
    }

    pub(super) fn column(expression: Expression) -> Self {
        Self { meaning: Meaning::Column(shared(&expression)), expression, call: None }
    }
}

/// An expression that a name may stand for. A large one is not carried along, or names that double it would blow it up.
fn shared(expression: &Expression) -> Arc<Expression> {
    const NODES: usize = 300;
    thread_local! {
        static UNKNOWN: Arc<Expression> = Arc::new(Expression::Unknown);
    }
    match expression {
        Expression::Unknown => UNKNOWN.with(Arc::clone),
        _ if fits(expression, &mut { NODES }) => Arc::new(expression.clone()),
        _ => UNKNOWN.with(Arc::clone),
    }
}

/// Whether an expression has no more parts than are left.
fn fits(expression: &Expression, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    match expression {
        Expression::Text(parts) => parts.iter().all(|part| match part {
            TextPart::Hole(hole) => fits(hole, left),
            TextPart::Literal(_) => true,
        }),
        Expression::Item(inner, _) => fits(inner, left),
        Expression::List(items) | Expression::Apply { arguments: items, .. } => {
            items.iter().all(|item| fits(item, left))
        }
        _ => true,
    }
}

/// What a frame belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    File,
    Class,
    Function,
    Lambda,
}

/// What names mean. They are copied at every branch, so copying is cheap.
pub(super) type Names = FxHashMap<Arc<str>, Meaning>;

/// The names of a file, a class body, a function or a lambda.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) names: Names,
    /// Names declared `global` or `nonlocal`.
    pub(super) outer: FxHashSet<String>,
    /// The class that `self` is an instance of.
    pub(super) class: Option<Arc<str>>,
}

impl Frame {
    pub(super) fn new(kind: FrameKind, class: Option<Arc<str>>) -> Self {
        Self { kind, names: FxHashMap::default(), outer: FxHashSet::default(), class }
    }
}

impl Lowering<'_> {
    pub(super) fn frame(&mut self) -> &mut Frame {
        // The file's frame is never popped; one is made in place of a missing one rather than failing.
        if self.frames.is_empty() {
            self.frames.push(Frame::new(FrameKind::File, None));
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// What `name` means here.
    pub(super) fn lookup(&self, name: &str) -> Option<Meaning> {
        let mut crossed = false;
        let last = self.frames.len().saturating_sub(1);
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let hidden = self.language == Language::Python
                && frame.kind == FrameKind::Class
                && index != last;
            if !hidden && let Some(meaning) = frame.names.get(name) {
                self.looked_up(name, Some(index));
                let meaning = meaning.clone();
                return Some(match &meaning {
                    // A parameter's number counts within its own function only.
                    Meaning::Local(expression) | Meaning::Column(expression)
                        if crossed && mentions_parameter(expression) =>
                    {
                        Meaning::Unknown(UnresolvedReason::Other)
                    }
                    _ => meaning,
                });
            }
            crossed |= matches!(frame.kind, FrameKind::Function | FrameKind::Lambda);
        }
        self.looked_up(name, None);
        None
    }

    /// What a statement at the margin finds by `name` in the frames around it; `here` tells that no function lies between.
    pub(super) fn outer_name(&self, name: &str, here: bool) -> Option<&Meaning> {
        let last = self.frames.len().saturating_sub(1);
        self.frames.iter().enumerate().rev().find_map(|(index, frame)| {
            let hidden = self.language == Language::Python
                && frame.kind == FrameKind::Class
                && !(here && index == last);
            frame.names.get(name).filter(|_| !hidden)
        })
    }

    /// Gives `name` a meaning in the innermost frame, or where a `global` statement says it lives.
    pub(super) fn define(&mut self, name: &str, meaning: Meaning) {
        if self.frame().outer.contains(name) {
            let shape = self.shape_of(&meaning);
            self.found_out(|| Found::Global(name.into(), shape.clone()));
            self.found.record_global(name, &shape);
            self.about_to_bind(name, 0);
            if let Some(file) = self.frames.first_mut() {
                file.names.insert(name.into(), meaning.clone());
            }
        }
        self.about_to_bind(name, self.frames.len().saturating_sub(1));
        let names = &mut self.frame().names;
        match names.get_mut(name) {
            Some(known) => *known = meaning,
            None => {
                names.insert(name.into(), meaning);
            }
        }
    }

    /// The class that `self` or `this` is an instance of here.
    pub(super) fn enclosing_class(&self) -> Option<Arc<str>> {
        self.frames.iter().rev().find_map(|frame| frame.class.clone())
    }

    /// One meaning for what several paths made of a name.
    pub(super) fn merge(&mut self, meanings: &[Meaning]) -> Meaning {
        let mut distinct: Vec<&Meaning> = Vec::new();
        for meaning in meanings {
            // `df = None` before a branch is a placeholder, not another value.
            if !is_null(meaning) && !distinct.contains(&meaning) {
                distinct.push(meaning);
            }
        }
        match distinct.as_slice() {
            [] => {
                return meanings
                    .first()
                    .cloned()
                    .unwrap_or(Meaning::Unknown(UnresolvedReason::Other));
            }
            [only] => return (*only).clone(),
            _ => {}
        }
        // A collection that is still empty says nothing of what is in it.
        let filled = |it: &&Meaning| {
            matches!(
                it,
                Meaning::Many(_) | Meaning::Each(_) | Meaning::Mapping(_) | Meaning::Record(_)
            )
        };
        if distinct.iter().any(filled) {
            distinct.retain(|it| !super::collections::is_empty(it));
            if let [only] = distinct.as_slice() {
                return (*only).clone();
            }
        }
        if let Some(merged) = self.merge_structures(&distinct) {
            return merged;
        }
        let values: Vec<ValueId> = distinct
            .iter()
            .filter_map(
                |meaning| if let Meaning::Spark(value) = meaning { Some(*value) } else { None },
            )
            .collect();
        let Some(first) = values.first() else {
            let columns = distinct.iter().all(|it| matches!(it, Meaning::Column(_)));
            return if columns {
                Meaning::Column(Arc::new(Expression::Unknown))
            } else {
                distinct
                    .iter()
                    .find(|it| matches!(it, Meaning::Unknown(_)))
                    .map_or(Meaning::Unknown(UnresolvedReason::Other), |it| (*it).clone())
            };
        };
        let kind = self.program.value(*first).kind;
        if values.iter().any(|value| self.program.value(*value).kind != kind) {
            return Meaning::Unknown(UnresolvedReason::Other);
        }
        let mut confidence = values
            .iter()
            .map(|value| self.program.value(*value).confidence)
            .min()
            .unwrap_or(Confidence::Guessed);
        if values.len() < distinct.len() {
            // Another path gives it a value of unknown type.
            confidence = Confidence::Guessed;
        }
        if let [only] = values.as_slice()
            && self.program.value(*only).confidence == confidence
        {
            return Meaning::Spark(*only);
        }
        let bound = self.widest_bound(&values);
        Meaning::Spark(self.value(kind, confidence, Origin::Merge(values), bound))
    }

    /// One meaning for several tuples, collections or functions.
    fn merge_structures(&mut self, meanings: &[&Meaning]) -> Option<Meaning> {
        match meanings.first()? {
            Meaning::Tuple(first) => {
                let width = first.len();
                let tuples: Vec<Arc<Vec<Meaning>>> = meanings
                    .iter()
                    .filter_map(|it| {
                        if let Meaning::Tuple(items) = it { Some(items.clone()) } else { None }
                    })
                    .filter(|items| items.len() == width)
                    .collect();
                if tuples.len() < meanings.len() {
                    return None;
                }
                let items = (0..width)
                    .map(|at| {
                        let parts: Vec<Meaning> =
                            tuples.iter().filter_map(|it| it.get(at).cloned()).collect();
                        self.merge(&parts)
                    })
                    .collect();
                Some(Meaning::Tuple(Arc::new(items)))
            }
            Meaning::Maybe(_) => {
                let parts: Option<Vec<Meaning>> = meanings
                    .iter()
                    .map(|it| match it {
                        Meaning::Maybe(item) => Some((**item).clone()),
                        _ => None,
                    })
                    .collect();
                let item = self.merge(&parts?);
                Some(Self::maybe_of(item))
            }
            Meaning::Many(_) | Meaning::Each(_) => {
                let parts: Option<Vec<Meaning>> = meanings
                    .iter()
                    .map(|it| match it {
                        Meaning::Many(value) => Some(Meaning::Spark(*value)),
                        Meaning::Each(item) => Some((**item).clone()),
                        _ => None,
                    })
                    .collect();
                let item = self.merge(&parts?);
                Some(Self::collection_of(item))
            }
            Meaning::Record(_) | Meaning::Mapping(_) => self.merge_mappings(meanings),
            Meaning::Function(_)
                if meanings.iter().all(|it| matches!(it, Meaning::Function(_))) =>
            {
                let mut returns = Shape::Unknown;
                for meaning in meanings {
                    if let Meaning::Function(index) = meaning {
                        returns = returns.join(&self.returns_of(*index));
                    }
                }
                (returns != Shape::Unknown)
                    .then(|| Meaning::Callable(Arc::new(returns.unbounded())))
            }
            Meaning::Function(_)
            | Meaning::Foreign(_)
            | Meaning::Bound(_)
            | Meaning::Callable(_) => {
                let mut result = Shape::Unknown;
                for meaning in meanings {
                    let one = self.result_of(meaning);
                    if one.is_unknown() {
                        return None;
                    }
                    result = result.join(&one);
                }
                (!result.is_unknown()).then(|| Meaning::Callable(Arc::new(result)))
            }
            // Instances of several classes are instances of what they have in common.
            Meaning::Instance(_) => self.common_base(meanings),
            _ => None,
        }
    }

    fn merge_mappings(&mut self, meanings: &[&Meaning]) -> Option<Meaning> {
        let mut items: Vec<(String, Vec<Meaning>)> = Vec::new();
        let mut others = Vec::new();
        for meaning in meanings {
            match meaning {
                Meaning::Record(record) => {
                    for (key, value) in record.iter() {
                        if items.len() > super::collections::KEYS {
                            others.push(value.clone());
                            continue;
                        }
                        match items.iter_mut().find(|it| it.0 == *key) {
                            Some(known) => known.1.push(value.clone()),
                            None => items.push((key.clone(), vec![value.clone()])),
                        }
                    }
                }
                Meaning::Mapping(value) => others.push(Meaning::clone(value)),
                _ => return None,
            }
        }
        if others.is_empty() && items.len() <= super::collections::KEYS {
            // What only some of them hold is that wherever it is found.
            let items = items.into_iter().map(|(key, parts)| (key, self.merge(&parts))).collect();
            return Some(Meaning::Record(Arc::new(items)));
        }
        others.extend(items.into_iter().flat_map(|it| it.1));
        Some(Meaning::Mapping(Arc::new(self.merge(&others))))
    }

    fn common_base(&self, meanings: &[&Meaning]) -> Option<Meaning> {
        let mut common: Option<Vec<Arc<str>>> = None;
        for meaning in meanings {
            let Meaning::Instance(class) = meaning else { return None };
            let ancestry = self.ancestry(class);
            common = Some(match common {
                None => ancestry,
                Some(before) => before.into_iter().filter(|it| ancestry.contains(it)).collect(),
            });
        }
        common?.into_iter().next().map(Meaning::Instance)
    }

    /// Replaces the innermost frame's names by what the ends of several paths agree on.
    pub(super) fn merge_frames(&mut self, mut ends: Vec<Names>) {
        if ends.len() <= 1 {
            if let Some(end) = ends.pop() {
                self.frame().names = end;
            }
            return;
        }
        let mut differing: Vec<Arc<str>> = Vec::new();
        for (at, end) in ends.iter().enumerate() {
            let (before, after) = (&ends[..at], &ends[at + 1..]);
            for (name, meaning) in end {
                let is_new = !before.iter().any(|other| other.contains_key(name));
                let differs = |other: &Names| other.get(name) != Some(meaning);
                if is_new && (at > 0 || after.iter().any(differs)) {
                    differing.push(name.clone());
                }
            }
        }
        differing.sort_unstable();
        let merged: Vec<(Arc<str>, Meaning)> = differing
            .into_iter()
            .map(|name| {
                let meanings: Vec<Meaning> =
                    ends.iter().filter_map(|end| end.get(&name).cloned()).collect();
                let meaning = self.merge(&meanings);
                (name, meaning)
            })
            .collect();
        let mut names = ends.swap_remove(0);
        names.extend(merged);
        self.frame().names = names;
    }

    /// A meaning for something of this shape that comes from elsewhere.
    pub(super) fn materialize(&mut self, shape: &Shape, origin: &Origin) -> Option<Meaning> {
        Some(match shape {
            Shape::Unknown | Shape::Conflict | Shape::Local => return None,
            Shape::Spark { kind, confidence, bound } => {
                Meaning::Spark(self.value(*kind, *confidence, origin.clone(), *bound))
            }
            Shape::Many(kind, confidence) => {
                Meaning::Many(self.value(*kind, *confidence, origin.clone(), None))
            }
            Shape::Instance(class) => match &class.file {
                None => Meaning::Instance(class.name.clone()),
                Some(_) => Meaning::ForeignInstance(Arc::new(class.clone())),
            },
            Shape::Tuple(items) => {
                let items = items.iter().map(|item| self.materialized(item, origin)).collect();
                Meaning::Tuple(Arc::new(items))
            }
            Shape::Maybe(item) => Meaning::Maybe(Arc::new(self.materialized(item, origin))),
            Shape::Each(item) => Meaning::Each(Arc::new(self.materialized(item, origin))),
            Shape::Mapping(item) => Meaning::Mapping(Arc::new(self.materialized(item, origin))),
            Shape::Record(items) => {
                let items = items
                    .iter()
                    .map(|(key, item)| (key.to_string(), self.materialized(item, origin)))
                    .collect();
                Meaning::Record(Arc::new(items))
            }
            Shape::Function(key) => Meaning::Function(self.definitions.of_key(*key)?),
            Shape::Callable(result) => Meaning::Callable(Arc::new((**result).clone())),
            Shape::Class(class) => match &class.file {
                None => Meaning::LocalClass(class.name.clone()),
                Some(_) => Meaning::ForeignClass(Arc::new(class.clone())),
            },
            Shape::Library(library) => Meaning::Library(*library),
        })
    }

    fn materialized(&mut self, shape: &Shape, origin: &Origin) -> Meaning {
        self.materialize(shape, origin).unwrap_or(Meaning::Unknown(UnresolvedReason::ForeignCall))
    }

    /// What crosses from one function to another of what is known of a value.
    pub(super) fn shape_of(&self, meaning: &Meaning) -> Shape {
        match meaning {
            Meaning::Spark(value) => {
                let value = self.program.value(*value);
                Shape::Spark { kind: value.kind, confidence: value.confidence, bound: value.bound }
            }
            Meaning::Many(value) => {
                let value = self.program.value(*value);
                Shape::Many(value.kind, value.confidence)
            }
            Meaning::Instance(class) => {
                Shape::Instance(ClassName { file: None, name: class.clone() })
            }
            Meaning::ForeignInstance(class) => Shape::Instance(ClassName::clone(class)),
            Meaning::Tuple(items) => {
                Shape::Tuple(items.iter().map(|item| self.shape_of(item)).collect())
            }
            Meaning::Maybe(item) => Shape::Maybe(Box::new(self.shape_of(item))),
            Meaning::Each(item) => Shape::Each(Box::new(self.shape_of(item))),
            Meaning::Mapping(item) => Shape::Mapping(Box::new(self.shape_of(item))),
            Meaning::Record(items) => Shape::Record(
                items
                    .iter()
                    .map(|(key, item)| (key.as_str().into(), self.shape_of(item)))
                    .collect(),
            ),
            Meaning::Function(index) => Shape::Function(self.definitions[*index].key),
            Meaning::Callable(result) => Shape::Callable(Box::new((**result).clone())),
            Meaning::LocalClass(class) => {
                Shape::Class(ClassName { file: None, name: class.clone() })
            }
            Meaning::ForeignClass(class) => Shape::Class(ClassName::clone(class)),
            Meaning::Library(library) => Shape::Library(*library),
            _ => Shape::Unknown,
        }
    }
}

pub(super) fn is_null(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Local(expression) if matches!(**expression, Expression::Literal(Literal::Null)))
}

fn mentions_parameter(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |it| found |= matches!(it, Expression::Parameter(_)));
    found
}
