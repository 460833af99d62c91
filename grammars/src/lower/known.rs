//! What an earlier pass found, and which of it a pass over the file asks for: where the pass itself found the same of all that it asked
//! for, another one would be the same again.

use std::cell::RefCell;
use std::sync::Arc;

use program::summary::Shape;
use program::{Confidence, Type};
use rustc_hash::{FxHashMap, FxHashSet};

use super::functions::Summaries;

/// What an earlier pass found.
#[derive(Debug, Default)]
pub(super) struct Known {
    found: Arc<Summaries>,
    asked: RefCell<Asked>,
    /// What was told since somebody listens.
    told: RefCell<Option<Vec<Told>>>,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Closure(u32, bool),
    Parameter(u32, usize, Option<Shape>),
    Certain(u32, usize, Type, bool),
    Returns(u32, Option<Shape>),
    Attribute(Arc<str>, Box<str>, Option<Shape>),
    Global(Box<str>, Option<Shape>),
    /// By the loop's place: that in the text, or in a statement that is remembered, that from its beginning on.
    Carried(u32, Box<str>, Option<Shape>),
}

/// What a pass asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    closures: FxHashSet<u32>,
    /// By the function and their place in it.
    parameters: FxHashSet<(u32, usize)>,
    /// Parameters that are declared to be of a type: only whether calls make that certain is asked.
    declared: FxHashMap<(u32, usize), Type>,
    returns: FxHashSet<u32>,
    attributes: FxHashMap<Arc<str>, FxHashSet<Box<str>>>,
    globals: FxHashSet<Box<str>>,
    carried: FxHashMap<u32, FxHashSet<Box<str>>>,
}

impl Known {
    pub(super) fn new(found: Arc<Summaries>) -> Self {
        Self { found, asked: RefCell::default(), told: RefCell::default() }
    }

    /// Begins or ends to take note of what is told. What was told so far.
    pub(super) fn listen(&self, listens: bool) -> Vec<Told> {
        self.told.replace(listens.then(Vec::new)).unwrap_or_default()
    }

    fn tell(&self, told: impl FnOnce() -> Told) {
        if let Some(known) = self.told.borrow_mut().as_mut() {
            let told = told();
            // The same is often asked again at once.
            if !known.iter().rev().take(64).any(|it| *it == told) {
                known.push(told);
            }
        }
    }

    /// Whether the same would be told now, in a statement that begins at `start`.
    pub(super) fn holds(&self, told: &Told, start: u32) -> bool {
        self.found.holds(told, start)
    }

    /// Asks the same, in a statement that begins at `start`.
    pub(super) fn ask_again(&self, told: &Told, start: u32) {
        let mut asked = self.asked.borrow_mut();
        match told {
            Told::Closure(function, _) => {
                asked.closures.insert(*function);
            }
            Told::Parameter(function, place, _) => {
                asked.parameters.insert((*function, *place));
            }
            Told::Certain(function, place, kind, _) => {
                asked.declared.insert((*function, *place), *kind);
            }
            Told::Returns(function, _) => {
                asked.returns.insert(*function);
            }
            Told::Attribute(class, name, _) => {
                note(asked.attributes.entry(class.clone()).or_default(), name);
            }
            Told::Global(name, _) => note(&mut asked.globals, name),
            Told::Carried(place, name, _) => {
                note(asked.carried.entry(place + start).or_default(), name);
            }
        }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Asked {
        self.asked.borrow().clone()
    }

    /// Takes note of what was asked before.
    pub(super) fn has_asked(&self, before: &Asked) {
        self.asked.borrow_mut().clone_from(before);
    }

    /// Whether the executors run a function of the file, by its key.
    pub(super) fn is_closure(&self, key: u32) -> bool {
        self.asked.borrow_mut().closures.insert(key);
        let closure = self.found.is_closure(key);
        self.tell(|| Told::Closure(key, closure));
        closure
    }

    /// What calls give for a parameter of a function of the file, by its key, where anything is known of it.
    pub(super) fn parameter(&self, key: u32, place: usize) -> Option<&Shape> {
        self.asked.borrow_mut().parameters.insert((key, place));
        let shape = self.found.parameter(key, place);
        self.tell(|| Told::Parameter(key, place, shape.cloned()));
        shape
    }

    /// Whether calls make it certain that a parameter which is declared to be of a type is of it.
    pub(super) fn is_certain(&self, key: u32, place: usize, kind: Type) -> bool {
        self.asked.borrow_mut().declared.insert((key, place), kind);
        let certain = self.found.is_certain(key, place, kind);
        self.tell(|| Told::Certain(key, place, kind, certain));
        certain
    }

    /// What a function of the file, by its key returns, where anything is known of it.
    pub(super) fn returns(&self, key: u32) -> Option<&Shape> {
        self.asked.borrow_mut().returns.insert(key);
        let shape = self.found.returns(key);
        self.tell(|| Told::Returns(key, shape.cloned()));
        shape
    }

    /// What an attribute of a class is, where anything is known of it.
    pub(super) fn attribute(&self, class: &Arc<str>, name: &str) -> Option<&Shape> {
        note(self.asked.borrow_mut().attributes.entry(class.clone()).or_default(), name);
        let shape = self.found.attribute(class, name);
        self.tell(|| Told::Attribute(class.clone(), name.into(), shape.cloned()));
        shape
    }

    /// What a name of the file's own scope is at its end, where anything is known of it.
    pub(super) fn global(&self, name: &str) -> Option<&Shape> {
        note(&mut self.asked.borrow_mut().globals, name);
        let shape = self.found.global(name);
        self.tell(|| Told::Global(name.into(), shape.cloned()));
        shape
    }

    /// What the loop at `place` makes of a name that is nothing before it.
    pub(super) fn carried(&self, place: u32, name: &str) -> Option<&Shape> {
        note(self.asked.borrow_mut().carried.entry(place).or_default(), name);
        let shape = self.found.carried(place, name);
        self.tell(|| Told::Carried(place, name.into(), shape.cloned()));
        shape
    }

    /// Whether all that was asked for would be answered the same from `found`.
    pub(super) fn is_as(&self, found: &Summaries) -> bool {
        let known = &self.found;
        let asked = self.asked.borrow();
        asked.closures.iter().all(|&at| known.is_closure(at) == found.is_closure(at))
            && asked
                .parameters
                .iter()
                .all(|&(key, place)| known.parameter(key, place) == found.parameter(key, place))
            && asked.declared.iter().all(|(&(key, place), &kind)| {
                known.is_certain(key, place, kind) == found.is_certain(key, place, kind)
            })
            && asked.returns.iter().all(|&at| known.returns(at) == found.returns(at))
            && asked.globals.iter().all(|name| known.global(name) == found.global(name))
            && asked.attributes.iter().all(|(class, names)| {
                names
                    .iter()
                    .all(|name| known.attribute(class, name) == found.attribute(class, name))
            })
            && asked.carried.iter().all(|(place, names)| {
                names.iter().all(|name| known.carried(*place, name) == found.carried(*place, name))
            })
    }
}

fn note(names: &mut FxHashSet<Box<str>>, name: &str) {
    if !names.contains(name) {
        names.insert(name.into());
    }
}

impl Summaries {
    /// Whether the same would be told from this, in a statement that begins at `start`.
    pub(super) fn holds(&self, told: &Told, start: u32) -> bool {
        match told {
            Told::Closure(function, closure) => self.is_closure(*function) == *closure,
            Told::Parameter(function, place, shape) => {
                self.parameter(*function, *place) == shape.as_ref()
            }
            Told::Certain(function, place, kind, certain) => {
                self.is_certain(*function, *place, *kind) == *certain
            }
            Told::Returns(function, shape) => self.returns(*function) == shape.as_ref(),
            Told::Attribute(class, name, shape) => self.attribute(class, name) == shape.as_ref(),
            Told::Global(name, shape) => self.global(name) == shape.as_ref(),
            Told::Carried(place, name, shape) => {
                self.carried(place + start, name) == shape.as_ref()
            }
        }
    }

    fn is_closure(&self, key: u32) -> bool {
        self.functions.get(&key).is_some_and(|it| it.closure)
    }

    fn parameter(&self, key: u32, place: usize) -> Option<&Shape> {
        let seen = self.functions.get(&key)?.parameters.get(place);
        seen.filter(|it| **it != Shape::Unknown)
    }

    fn is_certain(&self, key: u32, place: usize, kind: Type) -> bool {
        let seen = self.parameter(key, place);
        seen.is_some_and(|it| it.unbounded() == Shape::spark(kind, Confidence::Known))
    }

    fn returns(&self, key: u32) -> Option<&Shape> {
        self.functions.get(&key).map(|it| &it.returns).filter(|it| **it != Shape::Unknown)
    }

    fn attribute(&self, class: &str, name: &str) -> Option<&Shape> {
        self.attributes.get(class)?.get(name).filter(|it| **it != Shape::Unknown)
    }

    fn global(&self, name: &str) -> Option<&Shape> {
        self.globals.get(name).filter(|it| **it != Shape::Unknown)
    }

    fn carried(&self, place: u32, name: &str) -> Option<&Shape> {
        self.carried.get(&place)?.get(name)
    }
}
