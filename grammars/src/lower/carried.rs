//! Names that are nothing before a loop and a dataset in it: `df = None`, then `df = part if df is None else df.union(part)`. What the
//! first pass over the file finds such a loop to make of them is what the next one starts the loop with.

use program::{Confidence, Origin, ValueId};

use program::summary::Shape;

use super::Lowering;
use super::environment::{Meaning, is_null};
use super::functions::Found;

/// An open loop that is to give a name its first value.
#[derive(Debug)]
pub(super) struct Awaited {
    /// The loop's position.
    place: u32,
    /// Whether the loop reads it before it sets it on every path.
    read: bool,
    made: Shape,
}

impl Lowering<'_> {
    /// Whether a loop that sets `name` finds nothing there.
    pub(super) fn is_awaiting(&self, name: &str, before: Option<&Meaning>) -> bool {
        match before {
            None => true,
            Some(Meaning::Unknown(_)) => self.awaited.contains_key(name),
            Some(before) => is_null(before),
        }
    }

    pub(super) fn awaits(&mut self, place: u32, name: &str) {
        let awaited = Awaited { place, read: false, made: Shape::Unknown };
        self.awaited.entry(name.to_owned()).or_default().push(awaited);
    }

    /// What the loop at `place` starts with, where an earlier pass found what it makes of the name.
    pub(super) fn carried(&mut self, place: u32, name: &str) -> Option<Meaning> {
        let shape = self.known.carried(place, name).cloned()?;
        self.materialize(&shape, &Origin::Ambient(name.to_owned()))
    }

    /// Takes note that `name` is read where nothing is known of it.
    pub(super) fn missed(&mut self, name: &str) {
        for awaited in self.awaited.get_mut(name).into_iter().flatten() {
            awaited.read = true;
        }
    }

    /// Takes note of what `name` is set to.
    pub(super) fn made(&mut self, name: &str, meaning: &Meaning) {
        let Some(awaited) = self.awaited.get_mut(name) else { return };
        let Meaning::Spark(value) = *meaning else { return };
        let made = self.program.value(value);
        // A path on which nothing is known yet makes a guess of what the other paths are sure of.
        let confidence = match &made.origin {
            Origin::Merge(values) => {
                values.iter().map(|it| self.program.value(*it).confidence).max()
            }
            _ => None,
        };
        let shape = Shape::spark(made.kind, confidence.unwrap_or(made.confidence));
        for awaited in awaited {
            let known = std::mem::take(&mut awaited.made);
            // The same holds of what is made of a guess.
            awaited.made = match (guessed(&known), guessed(&shape)) {
                (true, false) => shape.clone(),
                (false, true) => known,
                _ => known.join(&shape),
            };
        }
    }

    /// Whether `before`, an object of a class of the workspace, is taken for one throughout the loop at `place`.
    pub(super) fn keeps_class(&self, place: u32, name: &str, before: &Meaning) -> bool {
        matches!(before, Meaning::Instance(_) | Meaning::ForeignInstance(_))
            && self.known.carried(place, name) != Some(&Shape::Conflict)
    }

    /// Takes note where the loop at `place` makes something else of an object.
    pub(super) fn confirm_class(
        &mut self,
        place: u32,
        name: &str,
        before: &Meaning,
        end: &Meaning,
    ) {
        if !matches!(before, Meaning::Instance(_) | Meaning::ForeignInstance(_)) {
            return;
        }
        let known = self.known.carried(place, name);
        let found = match end {
            _ if known == Some(&Shape::Conflict) => Shape::Conflict,
            end if end == before => return,
            // What a function gives may not be known before the next pass.
            Meaning::Unknown(_) if known.is_none() => Shape::Local,
            _ => Shape::Conflict,
        };
        self.carries_on(place, name, found);
    }

    /// Closes the loop at `place`, which sets `names`.
    pub(super) fn settle(&mut self, place: u32, names: &[String]) {
        for name in names {
            let Some(open) = self.awaited.get_mut(name) else { continue };
            let Some(Awaited { read, made, .. }) = open.pop_if(|it| it.place == place) else {
                continue;
            };
            if open.is_empty() {
                self.awaited.remove(name);
            }
            if let Some(Shape::Conflict) = self.known.carried(place, name) {
                self.carries_on(place, name, Shape::Conflict);
            } else if read && matches!(made, Shape::Spark { .. }) {
                self.carries_on(place, name, made);
            }
        }
    }

    /// Keeps what the loop at `place` was started with for the next pass, or takes it back where it turns out otherwise.
    pub(super) fn confirm(&mut self, place: u32, name: &str, head: Option<ValueId>, end: &Meaning) {
        let Some(head) = head else { return };
        let Some(shape @ Shape::Spark { .. }) = self.known.carried(place, name) else { return };
        let head = self.program.value(head).kind;
        let shape = match end {
            Meaning::Spark(end) if self.program.value(*end).kind == head => {
                shape.at_most(self.program.value(*end).confidence)
            }
            _ => Shape::Conflict,
        };
        self.carries_on(place, name, shape);
    }

    fn carries_on(&mut self, place: u32, name: &str, shape: Shape) {
        self.found_out(|| Found::Carried(place, name.into(), shape.clone()));
        self.found.record_carried(place, name, shape);
    }
}

fn guessed(shape: &Shape) -> bool {
    match shape {
        Shape::Spark { confidence, .. } => *confidence == Confidence::Guessed,
        _ => *shape == Shape::Unknown,
    }
}
