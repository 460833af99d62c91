//! What an earlier pass found, and which of it a pass over the file asks for: where the pass itself found the same of all that it asked
//! for, another one would be the same again.

use std::cell::RefCell;
use std::rc::Rc;

use program::summary::Shape;
use program::{Confidence, Type};
use rustc_hash::{FxHashMap, FxHashSet};

use super::functions::Summaries;

/// What an earlier pass found.
#[derive(Debug, Default)]
pub(super) struct Known {
    found: Summaries,
    asked: RefCell<Asked>,
}

/// What a pass asked for.
#[derive(Debug, Default)]
struct Asked {
    closures: FxHashSet<u32>,
    /// By the function and their place in it.
    parameters: FxHashSet<(u32, usize)>,
    /// Parameters that are declared to be of a type: only whether calls make that certain is asked.
    declared: FxHashMap<(u32, usize), Type>,
    returns: FxHashSet<u32>,
    attributes: FxHashMap<Rc<str>, FxHashSet<Box<str>>>,
    globals: FxHashSet<Box<str>>,
    carried: FxHashMap<u32, FxHashSet<Box<str>>>,
}

impl Known {
    pub(super) fn new(found: Summaries) -> Self {
        Self { found, asked: RefCell::default() }
    }

    /// Whether the executors run the function whose name stands at `position`.
    pub(super) fn is_closure(&self, position: u32) -> bool {
        self.asked.borrow_mut().closures.insert(position);
        self.found.is_closure(position)
    }

    /// What calls give for a parameter of the function whose name stands at `position`, where anything is known of it.
    pub(super) fn parameter(&self, position: u32, place: usize) -> Option<&Shape> {
        self.asked.borrow_mut().parameters.insert((position, place));
        self.found.parameter(position, place)
    }

    /// Whether calls make it certain that a parameter which is declared to be of a type is of it.
    pub(super) fn is_certain(&self, position: u32, place: usize, kind: Type) -> bool {
        self.asked.borrow_mut().declared.insert((position, place), kind);
        self.found.is_certain(position, place, kind)
    }

    /// What the function whose name stands at `position` returns, where anything is known of it.
    pub(super) fn returns(&self, position: u32) -> Option<&Shape> {
        self.asked.borrow_mut().returns.insert(position);
        self.found.returns(position)
    }

    /// What an attribute of a class is, where anything is known of it.
    pub(super) fn attribute(&self, class: &Rc<str>, name: &str) -> Option<&Shape> {
        note(self.asked.borrow_mut().attributes.entry(class.clone()).or_default(), name);
        self.found.attribute(class, name)
    }

    /// What a name of the file's own scope is at its end, where anything is known of it.
    pub(super) fn global(&self, name: &str) -> Option<&Shape> {
        note(&mut self.asked.borrow_mut().globals, name);
        self.found.global(name)
    }

    /// What the loop at `place` makes of a name that is nothing before it.
    pub(super) fn carried(&self, place: u32, name: &str) -> Option<&Shape> {
        note(self.asked.borrow_mut().carried.entry(place).or_default(), name);
        self.found.carried(place, name)
    }

    /// Whether all that was asked for would be answered the same from `found`.
    pub(super) fn is_as(&self, found: &Summaries) -> bool {
        let known = &self.found;
        let asked = self.asked.borrow();
        asked.closures.iter().all(|&at| known.is_closure(at) == found.is_closure(at))
            && asked.parameters.iter().all(|&(position, place)| {
                known.parameter(position, place) == found.parameter(position, place)
            })
            && asked.declared.iter().all(|(&(position, place), &kind)| {
                known.is_certain(position, place, kind) == found.is_certain(position, place, kind)
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
    fn is_closure(&self, position: u32) -> bool {
        self.functions.get(&position).is_some_and(|it| it.closure)
    }

    fn parameter(&self, position: u32, place: usize) -> Option<&Shape> {
        let seen = self.functions.get(&position)?.parameters.get(place);
        seen.filter(|it| **it != Shape::Unknown)
    }

    fn is_certain(&self, position: u32, place: usize, kind: Type) -> bool {
        let seen = self.parameter(position, place);
        seen.is_some_and(|it| it.unbounded() == Shape::spark(kind, Confidence::Known))
    }

    fn returns(&self, position: u32) -> Option<&Shape> {
        self.functions.get(&position).map(|it| &it.returns).filter(|it| **it != Shape::Unknown)
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
