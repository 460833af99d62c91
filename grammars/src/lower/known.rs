//! What an earlier pass found, and which of it a pass over the file asks for: where the pass itself found the same of all that it asked
//! for, another one would be the same again.

use std::cell::RefCell;
use std::rc::Rc;

use program::summary::Shape;
use rustc_hash::{FxHashMap, FxHashSet};

use super::functions::{Summaries, Summary};

/// What an earlier pass found.
#[derive(Debug, Default)]
pub(super) struct Known {
    found: Summaries,
    asked: RefCell<Asked>,
}

/// What a pass asked for.
#[derive(Debug, Default)]
struct Asked {
    uses: FxHashSet<u32>,
    returns: FxHashSet<u32>,
    attributes: FxHashMap<Rc<str>, FxHashSet<Box<str>>>,
    globals: FxHashSet<Box<str>>,
    carried: FxHashMap<u32, FxHashSet<Box<str>>>,
}

impl Known {
    pub(super) fn new(found: Summaries) -> Self {
        Self { found, asked: RefCell::default() }
    }

    /// How the function whose name stands at `position` is used: its parameters, and whether the executors run it.
    pub(super) fn uses(&self, position: u32) -> Option<&Summary> {
        self.asked.borrow_mut().uses.insert(position);
        self.found.functions.get(&position)
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
        let used =
            |it: &Summaries, position| it.functions.get(position).is_some_and(|it| it.closure);
        asked.uses.iter().all(|position| {
            used(known, position) == used(found, position)
                && same_parameters(known.functions.get(position), found.functions.get(position))
        }) && asked
            .returns
            .iter()
            .all(|position| known.returns(*position) == found.returns(*position))
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

/// Whether the same is known of the parameters; of those that are not named nothing is.
fn same_parameters(left: Option<&Summary>, right: Option<&Summary>) -> bool {
    let left = left.map_or(&[][..], |it| it.parameters.as_slice());
    let right = right.map_or(&[][..], |it| it.parameters.as_slice());
    let unknown = Shape::Unknown;
    (0..left.len().max(right.len()))
        .all(|at| left.get(at).unwrap_or(&unknown) == right.get(at).unwrap_or(&unknown))
}

impl Summaries {
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
