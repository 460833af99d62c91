//! Statements that need not be lowered again.
//!
//! Lowering a statement at the margin of a file or of a class, a function with its body among them, takes note of all that it asks of
//! what came before: what names mean, what an earlier pass found, what other files say. A later lowering, of the same text or of one after
//! an edit, finds the statement by its [fingerprint](fingerprint), and where all answers are the same, what the statement left in
//! the program is put there again with its ids and places moved. So a keystroke costs the statements that it changes, and those that
//! see another answer by it. That the program is the one of a first lowering is held by `rules/tests/incremental.rs` and a fuzz target.

mod contents;
mod fingerprint;
mod memory;
mod recording;
mod relocate;
mod resumption;
mod splice;
mod trace;
mod unit;
mod validation;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use program::{Function, Value};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub(crate) use fingerprint::Mark;
pub use memory::{Leftover, Memory};
pub(super) use recording::Recording;
pub(super) use unit::Star;

use super::Lowering;
use super::environment::FrameKind;
use crate::syntax::{File, Part, Stmt};
use contents::{Contents, Lengths};
use fingerprint::{Outline, is_passed_through};
use memory::Kept;
use relocate::Relocation;
use resumption::{Resumption, Standing};
use splice::Splice;
use trace::{Difference, Pass, Put, Start, Step, Trace};
use unit::{Bases, Place, Unit};

/// A statement's fingerprint, with that of its place.
type Key = (u128, u64);

/// How many lowerings of one statement are remembered.
const VARIANTS: usize = 6;

/// How many lowerings later a statement that is nowhere any more is forgotten.
const LATER: u32 = 32;

/// What one lowering of a file has at hand, throughout its passes.
#[derive(Debug, Default)]
pub(super) struct Replay {
    outline: u128,
    kept: Arc<Kept>,
    /// What the lowering before went through.
    trace: Option<Arc<Trace>>,
    file: Arc<File>,
    /// How that differs from what the last lowering was of.
    difference: Difference,
    /// Whether all that is known to this pass was known to the last lowering's.
    sees_the_same: bool,
    /// What this pass goes through, and what those before went through.
    pass: Pass,
    passed: Vec<Pass>,
    /// The part that is being lowered.
    part: usize,
    /// What was made.
    made: FxHashMap<Key, Vec<Arc<Unit>>>,
    /// How many passes it took the last time.
    pub(super) passes: usize,
    /// Whether nobody will look at the program of this pass: it holds what lowering itself asks of it, and no more.
    pub(super) passing: bool,
    /// Where the last statement stood.
    place: Arc<Place>,
    place_fingerprint: u64,
    /// The marks of the part that is being lowered, and the next one's number.
    marks: Arc<[Mark]>,
    next: usize,
    part_start: u32,
    /// The next definition in the order of the text.
    definition: u32,
    /// How many definitions were collected.
    definitions: u32,
    /// Whether something happened that replays do not account for: the rest of the pass does without.
    off: bool,
    /// What was put into the program with bare calls.
    bare: Vec<Bare>,
    /// Whether the text is what an edit left, so that it is taken note of where the passes stand.
    typed: bool,
    /// What the passes go on from.
    resumption: Option<Box<Resumption>>,
    /// Where this pass stood, and where those before did.
    standing: Option<Standing>,
    standings: Vec<Option<Standing>>,
    /// Whether something behind that place changed what became of a call of another statement.
    touched: bool,
    /// How many calls stand in front of the statement at hand.
    calls_before: usize,
    /// Where this pass was resumed: what came of the text behind the edit, the values that were between, and the definitions.
    rest: Option<Contents>,
    values_before: Vec<Value>,
    definitions_before: Vec<Function>,
    /// How that was put at the end of the program.
    splice: Option<Splice>,
}

/// A unit whose calls stand in the program without what no statement asks of another one's.
#[derive(Debug)]
struct Bare {
    put: Put,
    to: Bases,
}

/// So many units at least are worth another thread to complete their calls.
const COMPLETED_AT_ONCE: usize = 100;

impl Replay {
    /// Adds to what the passes went through what they took over from those before. Whether all of it is known.
    fn complete(&mut self) -> bool {
        let Some(trace) = &self.trace else { return true };
        let (passes, old_end) = (self.passed.len(), self.difference.old_end);
        self.passed.iter_mut().zip(&trace.passes).enumerate().all(|(index, (pass, before))| {
            let spliced = match &self.splice {
                Some(splice) if index + 1 == passes => splice.pass(pass, before, old_end),
                _ => Some(()),
            };
            spliced.and_then(|()| pass.complete(before)).is_some()
        })
    }
}

impl Part {
    fn marks(&self, text: &str) -> Arc<[Mark]> {
        let made = || fingerprint::marks(&self.body, text, self.range.start).into();
        Arc::clone(self.marks.get_or_init(made))
    }
}

impl<'a> Lowering<'a> {
    /// Begins a pass, once functions and classes are collected.
    pub(super) fn begin_replay(&mut self, file: &File) {
        let outline = match &self.replay {
            None => return,
            // The tables are the same in each pass.
            Some(replay) if replay.outline != 0 => replay.outline,
            Some(_) => self.outline(file),
        };
        let definitions = self.definitions.len() as u32;
        if let Some(replay) = &mut self.replay {
            replay.outline = outline;
            if replay.kept.outline != outline {
                replay.kept = Arc::default();
                replay.trace = None;
                replay.resumption = None;
            }
            replay.definition = 0;
            replay.definitions = definitions;
            replay.off = false;
            replay.bare.clear();
            replay.pass = Pass::default();
            replay.standings.truncate(replay.passed.len());
        }
    }

    /// Begins a part of the file, the `index`-th.
    pub(super) fn begin_part(&mut self, part: &Part, index: usize) {
        if let Some(replay) = &mut self.replay {
            replay.part = index;
            let step = replay.pass.first_step + replay.pass.steps.len();
            let lengths = Lengths::of(&self.program);
            replay.pass.parts.push(Start { step, lengths });
            replay.marks = part.marks(self.text);
            replay.next = 0;
            replay.part_start = part.range.start;
            replay.calls_before = lengths.calls;
            self.note_standing(index);
        }
    }

    /// What all statements of the file have in common, with what each can know of definitions elsewhere.
    fn outline(&self, file: &File) -> u128 {
        let mut outline = Outline::new();
        outline.text(&format!("{:?}", self.language));
        outline.count(usize::from(self.program.uses_spark));
        outline.text(file.package.as_deref().unwrap_or("\0"));
        for definition in self.definitions.iter() {
            outline.text(definition.class.as_deref().unwrap_or("\0"));
            outline.function(definition.def, self.text);
        }
        outline.count(self.definitions.len());
        let mut classes: Vec<_> = self.collected.classes.iter().collect();
        classes.sort_unstable_by_key(|it| it.0);
        for (class, parameters) in classes {
            outline.text(class);
            outline.parameters(parameters, self.text);
            let around = self.collected.implicits.get(class);
            outline.count(usize::from(around.is_some()));
            outline.text(around.and_then(Option::as_deref).unwrap_or("\0"));
            let bases = self.collected.bases.get(class).map_or(&[][..], Vec::as_slice);
            outline.count(bases.len());
            bases.iter().for_each(|base| outline.text(base));
        }
        let mut children: Vec<_> = self.collected.children.iter().collect();
        children.sort_unstable();
        for (base, children) in children {
            outline.text(base);
            outline.count(children.len());
            children.iter().for_each(|child| outline.text(child));
        }
        let mut aliases: Vec<_> = self.collected.aliases.iter().collect();
        aliases.sort_unstable_by_key(|it| it.0);
        for (name, target) in aliases {
            outline.text(name);
            outline.annotation(target);
        }
        outline.finish().max(1)
    }

    /// Lowers a statement of a block; one at the margin is taken from memory where it can be.
    pub(super) fn remembered_statement(&mut self, statement: &'a Stmt) -> bool {
        let outside = self.recording.get_mut().is_none()
            && self.replay.as_ref().is_some_and(|replay| !replay.off);
        if !outside || is_passed_through(statement) {
            return self.lower_statement(statement);
        }
        let Some(fingerprint) = self.next_mark(statement) else {
            return self.lower_statement(statement);
        };
        let Some((place, place_fingerprint)) = self.place() else {
            return self.lower_statement(statement);
        };
        let key = (fingerprint, place_fingerprint);
        let bases = self.bases(statement);
        if let Some(replay) = &mut self.replay {
            replay.calls_before = bases.calls as usize;
        }
        if let Some(ended) = self.replayed(key, &place, bases) {
            return ended;
        }
        let age = self.replay.as_ref().map_or(0, |it| it.kept.age);
        let definitions = definitions_in(statement, 0);
        let recording = Recording::new(place, bases, definitions, age, self);
        *self.recording.get_mut() = Some(Box::new(recording));
        let ended = self.lower_statement(statement);
        let recording = self.recording.get_mut().take();
        let put = recording
            .and_then(|it| self.recorded(*it, ended))
            .map(|(unit, externals)| Put { unit: Arc::new(unit), externals: Arc::new(externals) });
        if let Some(replay) = &mut self.replay {
            if let Some(put) = &put {
                let units = replay.made.entry(key).or_default();
                if units.len() >= VARIANTS {
                    units.remove(0);
                }
                units.push(Arc::clone(&put.unit));
            }
            replay.pass.steps.push(Step { key, to: bases, put });
        }
        let dynamic = self.definitions.len() as u32;
        if let Some(replay) = &mut self.replay {
            replay.definition += definitions;
            replay.off |= dynamic != replay.definitions;
        }
        ended
    }

    /// Completes the calls that were put into the program bare. It is what takes longest of a replay, and can be done by many at a time.
    pub(super) fn complete_calls(&mut self) {
        let Some(replay) = &mut self.replay else { return };
        let (bare, definitions) = (std::mem::take(&mut replay.bare), replay.definitions);
        let mut work = Vec::with_capacity(bare.len());
        let mut rest = self.program.calls.as_mut_slice();
        let mut passed = 0;
        for it in &bare {
            let before = (it.to.calls as usize).saturating_sub(passed);
            let Some((_, from)) = rest.split_at_mut_checked(before) else { break };
            let Some((calls, after)) = from.split_at_mut_checked(it.put.unit.calls.len()) else {
                break;
            };
            passed += before + calls.len();
            rest = after;
            work.push((calls, it));
        }
        let complete = |(calls, it): (&mut [program::Call], &Bare)| {
            let Bare { put: Put { unit, externals }, to } = it;
            let here = Relocation { from: &unit.bases, to: *to, definitions, externals };
            for (call, known) in calls.iter_mut().zip(&unit.calls) {
                // All its ids were found when it was put there.
                let _ = here.complete(call, known);
            }
        };
        // Waking other threads takes longer than a few units.
        if work.len() < 2 * COMPLETED_AT_ONCE {
            work.into_iter().for_each(complete);
        } else {
            work.into_par_iter().with_min_len(COMPLETED_AT_ONCE).for_each(complete);
        }
    }

    /// The rest of the pass does without replays.
    pub(super) fn end_replay(&mut self) {
        if let Some(replay) = &mut self.replay {
            replay.off = true;
        }
        if let Some(recording) = self.recording.get_mut() {
            recording.spoil();
        }
    }

    fn next_mark(&mut self, statement: &Stmt) -> Option<u128> {
        let replay = self.replay.as_mut()?;
        let mark = replay.marks.get(replay.next).copied();
        replay.next += 1;
        let start = statement.range.start.wrapping_sub(replay.part_start);
        match mark {
            Some(mark) if mark.start == start => Some(mark.fingerprint),
            _ => {
                replay.off = true;
                None
            }
        }
    }

    /// Where a statement at the margin stands, with the fingerprint of that.
    fn place(&mut self) -> Option<(Arc<Place>, u64)> {
        let replay = self.replay.as_mut()?;
        let known = &replay.place;
        let last = self.frames.last().and_then(|it| it.class.as_ref());
        let same_class = match (last, known.frames.last().and_then(|it| it.1.as_ref())) {
            (None, None) => true,
            (Some(class), Some(known)) => Arc::ptr_eq(class, known),
            _ => false,
        };
        let same = same_class
            && known.frames.len() == self.frames.len()
            && known.depth == self.depth
            && known.stars == self.stars_fingerprint;
        if !same {
            let frames = self.frames.iter().map(|it| (it.kind, it.class.clone())).collect();
            let place = Place { frames, depth: self.depth, stars: self.stars_fingerprint };
            replay.place_fingerprint = place.fingerprint();
            replay.place = Arc::new(place);
        }
        Some((Arc::clone(&replay.place), replay.place_fingerprint))
    }

    fn bases(&self, statement: &Stmt) -> Bases {
        let program = &self.program;
        Bases {
            start: statement.range.start,
            end: statement.range.end,
            values: program.values.len() as u32,
            calls: program.calls.len() as u32,
            bindings: program.bindings.len() as u32,
            functions: program.functions.len() as u32,
            scopes: program.scopes.len() as u32,
            definitions: self.replay.as_ref().map_or(0, |it| it.definition),
            scope: self.scope,
        }
    }

    /// Puts what a statement left before into the program, where one of its lowerings saw what there is to see now.
    fn replayed(&mut self, key: Key, place: &Arc<Place>, bases: Bases) -> Option<bool> {
        let replay = self.replay.as_ref()?;
        if let Some(put) = replay.expected(key, bases)
            && self.put_unit(&put.unit, &put.externals, bases)
        {
            self.ask_again(&put.unit, bases.start);
            return Some(self.was_put(key, put, bases));
        }
        let replay = self.replay.as_ref()?;
        let made = if replay.made.is_empty() { None } else { replay.made.get(&key).cloned() };
        let kept = Arc::clone(&replay.kept);
        let made = made.iter().flatten().rev();
        for unit in made.chain(kept.units.get(&key).into_iter().flatten()) {
            if !Arc::ptr_eq(&unit.place, place) && *unit.place != **place {
                continue;
            }
            // Two definitions may say the same in the same place: each is its own.
            if unit.definitions > 0 && unit.bases.definitions != bases.definitions {
                continue;
            }
            let Some(externals) = self.matches(unit, bases.start) else { continue };
            if !self.put_unit(unit, &externals, bases) {
                continue;
            }
            let put = Put { unit: Arc::clone(unit), externals: Arc::new(externals) };
            return Some(self.was_put(key, put, bases));
        }
        None
    }

    /// Takes note of what was put into the program, and tells whether the path ends in it.
    fn was_put(&mut self, key: Key, put: Put, to: Bases) -> bool {
        let ended = put.unit.ended;
        if let Some(replay) = &mut self.replay {
            put.unit.used.store(replay.kept.age, Ordering::Relaxed);
            replay.definition += put.unit.definitions;
            if !replay.passing && !put.unit.calls.is_empty() && put.unit.completes_later(&to) {
                replay.bare.push(Bare { put: put.clone(), to });
            }
            replay.pass.steps.push(Step { key, to, put: Some(put) });
        }
        ended
    }

    /// Whether the innermost frame is that of the file or of a class.
    pub(super) fn at_margin(&self) -> bool {
        self.frames.last().is_none_or(|it| matches!(it.kind, FrameKind::File | FrameKind::Class))
    }
}

/// How many functions are collected in a statement.
fn definitions_in(statement: &Stmt, depth: u32) -> u32 {
    use crate::syntax::StmtKind;
    if depth > super::DEPTH {
        return 0;
    }
    let of = |body: &[Stmt]| -> u32 { body.iter().map(|it| definitions_in(it, depth + 1)).sum() };
    match &statement.kind {
        StmtKind::Function(def) => 1 + of(def.body.anywhere()),
        StmtKind::Class { body, .. }
        | StmtKind::For { body, .. }
        | StmtKind::While { body, .. }
        | StmtKind::With { body, .. }
        | StmtKind::Block(body)
        | StmtKind::Main(body) => of(body),
        StmtKind::Branch { arms, .. } => arms.iter().map(|arm| of(arm)).sum(),
        _ => 0,
    }
}
