//! Where the passes of a lowering stood at the beginning of the part that is typed in.
//!
//! Typing changes a text in one place again and again. A pass over the text after a further edit there goes on from where the one over
//! the text before stood, rather than from the beginning of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use program::summary::{CallShapes, FunctionName};
use program::{
    Binding, Call, Function, Import, Program, Scope, Summary, Uncalled, Unresolved, Value, ValueId,
};
use rustc_hash::FxHashMap;

use super::Replay;
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

/// How much of a program there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) values: usize,
    pub(super) calls: usize,
    pub(super) bindings: usize,
    pub(super) functions: usize,
    pub(super) scopes: usize,
    pub(super) imports: usize,
    pub(super) unresolved: usize,
    pub(super) uncalled: usize,
}

impl Lengths {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            values: program.values.len(),
            calls: program.calls.len(),
            bindings: program.bindings.len(),
            functions: program.functions.len(),
            scopes: program.scopes.len(),
            imports: program.imports.len(),
            unresolved: program.unresolved.len(),
            uncalled: program.uncalled.len(),
        }
    }
}

/// What statements left in a program.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) values: Vec<Value>,
    pub(super) calls: Vec<Call>,
    pub(super) bindings: Vec<Binding>,
    pub(super) functions: Vec<Function>,
    pub(super) scopes: Vec<Scope>,
    pub(super) imports: Vec<Import>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) uncalled: Vec<Uncalled>,
}

impl Contents {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            values: program.values.clone(),
            calls: program.calls.clone(),
            bindings: program.bindings.clone(),
            functions: program.functions.clone(),
            scopes: program.scopes.clone(),
            imports: program.imports.clone(),
            unresolved: program.unresolved.clone(),
            uncalled: program.uncalled.clone(),
        }
    }

    fn taken(program: &mut Program) -> Self {
        Self {
            values: std::mem::take(&mut program.values),
            calls: std::mem::take(&mut program.calls),
            bindings: std::mem::take(&mut program.bindings),
            functions: std::mem::take(&mut program.functions),
            scopes: std::mem::take(&mut program.scopes),
            imports: std::mem::take(&mut program.imports),
            unresolved: std::mem::take(&mut program.unresolved),
            uncalled: std::mem::take(&mut program.uncalled),
        }
    }

    fn truncate(&mut self, to: Lengths) {
        self.values.truncate(to.values);
        self.calls.truncate(to.calls);
        self.bindings.truncate(to.bindings);
        self.functions.truncate(to.functions);
        self.scopes.truncate(to.scopes);
        self.imports.truncate(to.imports);
        self.unresolved.truncate(to.unresolved);
        self.uncalled.truncate(to.uncalled);
    }

    /// Takes away what was there later. `definitions` functions come first, and stay.
    fn split_off(&mut self, at: Lengths) -> Option<Self> {
        let whole = at.values <= self.values.len()
            && at.calls <= self.calls.len()
            && at.bindings <= self.bindings.len()
            && at.functions <= self.functions.len()
            && at.scopes <= self.scopes.len()
            && at.imports <= self.imports.len()
            && at.unresolved <= self.unresolved.len()
            && at.uncalled <= self.uncalled.len();
        whole.then(|| Self {
            values: self.values.split_off(at.values),
            calls: self.calls.split_off(at.calls),
            bindings: self.bindings.split_off(at.bindings),
            functions: self.functions.split_off(at.functions),
            scopes: self.scopes.split_off(at.scopes),
            imports: self.imports.split_off(at.imports),
            unresolved: self.unresolved.split_off(at.unresolved),
            uncalled: self.uncalled.split_off(at.uncalled),
        })
    }
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
    fn stop(&self) -> usize {
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
    pub(super) fn stood(&mut self) -> Option<(usize, Vec<Option<Standing>>)> {
        let part = self.stop();
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
            if replay.stop() == part {
                replay.standing = Some(standing);
            }
        }
        part
    }

    /// Takes over what a program held where a pass stood, behind so many definitions; those of the text are collected already. Gives those
    /// that it held.
    fn take_contents(&mut self, mut known: Contents, definition: u32) -> Vec<Function> {
        let program = &mut self.program;
        let collected = program.functions.len().min(known.functions.len());
        let definitions: Vec<Function> = known.functions.drain(..collected).collect();
        for (function, before) in
            program.functions.iter_mut().zip(&definitions).take(definition as usize)
        {
            function.scope = before.scope;
            function.returns.clone_from(&before.returns);
        }
        program.functions.append(&mut known.functions);
        if let (Some(root), Some(now)) = (known.scopes.first_mut(), program.scopes.first()) {
            root.clone_from(now);
        }
        program.values = known.values;
        program.calls = known.calls;
        program.bindings = known.bindings;
        program.scopes = known.scopes;
        program.imports = known.imports;
        program.unresolved = known.unresolved;
        program.uncalled = known.uncalled;
        definitions
    }

    /// Takes note of where the pass stands, at the beginning of the part that is typed in.
    pub(super) fn stand(&mut self, part: usize) {
        let Some(replay) = &self.replay else { return };
        if !replay.typed || replay.off || replay.standing.is_some() || part != replay.stop() {
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
    pub(in crate::lower) fn uses(&mut self, call: usize) {
        if let Some(replay) = &mut self.replay {
            replay.touched |= call < replay.calls_before;
        }
    }
}
