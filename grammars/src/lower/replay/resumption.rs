//! Where the passes of a lowering stood at the beginning of the part that is typed in.
//!
//! Typing changes a text in one place again and again. A pass over the text after a further edit there goes on from where the one over
//! the text before stood, rather than from the beginning of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use program::summary::{CallShapes, FunctionName};
use program::{Function, Program, Summary, ValueId};
use rustc_hash::FxHashMap;

use super::Replay;
use super::contents::{Contents, Lengths};
use super::trace::{Pass, Trace};
use crate::lower::Lowering;
use crate::lower::environment::{Frame, Meaning, Names};
use crate::lower::functions::Summaries;
use crate::lower::known::Asked;
use crate::lower::sql::View;

/// So many parts in front of an edit are gone through again rather than taking note of where the passes stand once more.
const NEAR: usize = 4;

/// What the lowerings of a document go on from.
#[derive(Debug)]
pub(super) struct Resumption {
    /// What holds for all of the file.
    pub(super) outline: u128,
    /// What the last lowering went through.
    pub(super) trace: Arc<Trace>,
    /// The part at whose beginning its passes stood.
    pub(super) part: usize,
    /// Where each of them stood there.
    pub(super) passes: Vec<Option<Standing>>,
    /// What the last pass made of the whole text.
    pub(super) contents: Option<Contents>,
    /// What the text says to other files.
    pub(super) summary: Summary,
}

/// Where a pass stood.
#[derive(Debug)]
pub(super) struct Standing {
    lengths: Lengths,
    /// What it had made; none for the last pass, of which all is kept.
    contents: Option<Contents>,
    frames: Vec<Frame>,
    members: FxHashMap<Arc<str>, Names>,
    ambient: FxHashMap<String, ValueId>,
    star_functions: bool,
    spark_stars: Vec<Arc<str>>,
    stars: Vec<Arc<str>>,
    stars_fingerprint: u64,
    foreign: FxHashMap<String, Meaning>,
    calls_out: BTreeMap<FunctionName, CallShapes>,
    views: Vec<View>,
    implicits_imported: bool,
    found: Summaries,
    /// What it had asked of what an earlier pass found.
    asked: Asked,
    /// How many definitions stood before.
    definition: u32,
}

impl Replay {
    /// The part at whose beginning it is taken note of where the passes stand.
    fn noted_part(&self) -> usize {
        match &self.resumption {
            Some(it) if self.difference.start - it.part <= NEAR => it.part,
            // What is typed next may reach back into the part before.
            _ => self.difference.start.saturating_sub(1),
        }
    }

    /// Something nests too deep: it is not among what is gone on from.
    pub(in crate::lower) fn leaves_out(&mut self) {
        self.touched = true;
    }

    /// Where the passes stood, once all have run; none where that says nothing of another text.
    pub(super) fn take_standings(&mut self) -> Option<(usize, Vec<Option<Standing>>)> {
        let part = self.noted_part();
        let all = self.typed && !self.touched && self.standings.len() == self.passed.len();
        all.then(|| (part, std::mem::take(&mut self.standings)))
    }
}

impl Lowering<'_> {
    /// Goes on from where a pass over the text before stood. Gives the part that is next.
    pub(in crate::lower) fn resume(&mut self) -> usize {
        let Some(replay) = &mut self.replay else { return 0 };
        let (pass, passing) = (replay.passed.len(), replay.passing);
        if replay.off || !replay.sees_the_same {
            return 0;
        }
        let Some(resumption) = &mut replay.resumption else { return 0 };
        if passing == (pass + 1 == resumption.passes.len()) {
            return 0;
        }
        let (part, old_end) = (resumption.part, replay.difference.old_end);
        let Some(before) = resumption.trace.passes.get(pass) else { return 0 };
        let Some(first) = before.parts.get(part) else { return 0 };
        let Some(standing) = resumption.passes.get_mut(pass) else { return 0 };
        let Some(mut standing) = standing.take() else { return 0 };
        let known = if passing { standing.contents.take() } else { resumption.contents.take() };
        let Some(mut known) = known else { return 0 };
        if !passing && let Some(end) = before.parts.get(old_end) {
            replay.rest = known.split_off(end.lengths);
        }
        if !passing {
            let first = standing.lengths.values.min(known.values.len());
            replay.values_before = known.values.split_off(first);
        }
        known.truncate(standing.lengths);
        replay.pass = Pass { first_part: part, first_step: first.step, ..Pass::default() };
        replay.definition = standing.definition;
        let definitions = self.take_contents(known, standing.definition);
        self.frames.clone_from(&standing.frames);
        self.members.clone_from(&standing.members);
        self.ambient.clone_from(&standing.ambient);
        self.star_functions = standing.star_functions;
        self.spark_stars.clone_from(&standing.spark_stars);
        self.stars.clone_from(&standing.stars);
        self.stars_fingerprint = standing.stars_fingerprint;
        self.foreign.clone_from(&standing.foreign);
        self.calls_out.clone_from(&standing.calls_out);
        self.views.clone_from(&standing.views);
        self.implicits_imported = standing.implicits_imported;
        self.found.clone_from(&standing.found);
        self.known.has_asked(&standing.asked);
        if let Some(replay) = &mut self.replay {
            replay.definitions_before = definitions;
            if replay.noted_part() == part {
                replay.standing = Some(standing);
            }
        }
        part
    }

    /// Takes over what a program held where a pass stood, behind so many definitions; those of the text are collected already. Gives those
    /// that it held.
    fn take_contents(&mut self, known: Contents, definition: u32) -> Vec<Function> {
        let Contents {
            values,
            calls,
            bindings,
            mut functions,
            mut scopes,
            imports,
            unresolved,
            uncalled,
        } = known;
        let program = &mut self.program;
        let collected = program.functions.len().min(functions.len());
        let definitions: Vec<Function> = functions.drain(..collected).collect();
        for (function, before) in
            program.functions.iter_mut().zip(&definitions).take(definition as usize)
        {
            function.scope = before.scope;
            function.returns.clone_from(&before.returns);
        }
        program.functions.append(&mut functions);
        if let (Some(root), Some(now)) = (scopes.first_mut(), program.scopes.first()) {
            root.clone_from(now);
        }
        program.values = values;
        program.calls = calls;
        program.bindings = bindings;
        program.scopes = scopes;
        program.imports = imports;
        program.unresolved = unresolved;
        program.uncalled = uncalled;
        definitions
    }

    /// Takes note of where the pass stands, at the beginning of the part that is typed in.
    pub(super) fn note_standing(&mut self, part: usize) {
        let Some(replay) = &self.replay else { return };
        if !replay.typed || replay.off || replay.standing.is_some() || part != replay.noted_part() {
            return;
        }
        let between = self.frames.len() == 1
            && self.activations.is_empty()
            && self.awaited.is_empty()
            && self.expected.is_empty()
            // Those hold parts of the text.
            && self.callables.is_empty()
            && !self.leaves_out;
        if !between {
            return;
        }
        let standing = Standing {
            lengths: Lengths::of(&self.program),
            contents: replay.passing.then(|| Contents::of(&self.program)),
            frames: self.frames.clone(),
            members: self.members.clone(),
            ambient: self.ambient.clone(),
            star_functions: self.star_functions,
            spark_stars: self.spark_stars.clone(),
            stars: self.stars.clone(),
            stars_fingerprint: self.stars_fingerprint,
            foreign: self.foreign.clone(),
            calls_out: self.calls_out.clone(),
            views: self.views.clone(),
            implicits_imported: self.implicits_imported,
            found: self.found.clone(),
            asked: self.known.asked(),
            definition: replay.definition,
        };
        if let Some(replay) = &mut self.replay {
            replay.touched = false;
            replay.standing = Some(standing);
        }
    }

    /// Keeps where a pass stood. Gives the program of one that nobody looks at, where it is not kept with that.
    pub(in crate::lower) fn passed(mut self) -> (Option<Replay>, Summaries, Option<Program>) {
        let mut spare = None;
        match &mut self.replay {
            Some(replay) => match &mut replay.standing {
                Some(standing) if replay.passing && standing.contents.is_none() => {
                    let mut contents = Contents::taken(&mut self.program);
                    contents.truncate(standing.lengths);
                    standing.contents = Some(contents);
                }
                _ => spare = Some(self.program),
            },
            None => spare = Some(self.program),
        }
        (self.replay, self.found, spare)
    }

    /// Something becomes of a call, which another statement may have left.
    pub(in crate::lower) fn uses_call(&mut self, call: usize) {
        if let Some(replay) = &mut self.replay {
            replay.touched |= call < replay.calls_before;
        }
    }
}
