//! What is kept from one lowering of a document to the next.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use program::Program;
use program::summary::{Answer, Question};
use rustc_hash::FxHashMap;

use super::contents::Contents;
use super::resumption::Resumption;
use super::trace::{Difference, Trace};
use super::unit::Unit;
use super::{Key, LATER, Replay, VARIANTS};
use crate::lower::linked::Asked;
use crate::syntax::File;

/// What lowerings of a document's texts left for those of later ones, in whichever order they come.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Mutex<Arc<Kept>>,
    /// Where the last lowering of what is typed stood, unless one goes on from there.
    resumption: Mutex<Option<Box<Resumption>>>,
}

/// What a lowering leaves for those of later texts, which its program does not wait for.
#[derive(Debug)]
pub struct Leftover {
    memory: Arc<Memory>,
    replay: Replay,
    answers: FxHashMap<Question, Answer>,
}

impl Leftover {
    pub(in crate::lower) fn new(
        memory: Arc<Memory>,
        replay: Replay,
        answers: FxHashMap<Question, Answer>,
    ) -> Self {
        Self { memory, replay, answers }
    }

    /// Keeps it, with the program that was made. It takes about as long as making that, and is to be done before the text is lowered that
    /// the next edit leaves; that takes longer otherwise.
    pub fn keep(self, program: &Program) {
        self.memory.keep(self.replay, self.answers, Some(program));
    }
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What holds for all of the file: its language, its tables of definitions.
    pub(super) outline: u128,
    pub(super) units: FxHashMap<Key, Vec<Arc<Unit>>>,
    /// How many lowerings it has seen.
    pub(super) age: u32,
    /// How many passes the last one took.
    pub(super) passes: usize,
    /// What it went through.
    pub(super) trace: Option<Arc<Trace>>,
}

impl Memory {
    /// What is remembered now, for a lowering of `file`. It does not change with the memory. `typed` tells that the text is the one that an
    /// edit left, and that those of further edits will follow.
    pub(in crate::lower) fn recalled(
        &self,
        file: &Arc<File>,
        asked: &Asked<'_>,
        typed: bool,
    ) -> Replay {
        let kept = Arc::clone(&self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        // What nobody asks any more is forgotten with what is nowhere any more.
        let follows = !kept.age.is_multiple_of(LATER);
        let resumption = typed
            .then(|| self.resumption.lock().unwrap_or_else(PoisonError::into_inner).take())
            .flatten()
            .filter(|it| follows && it.outline == kept.outline);
        let trace = resumption.as_ref().map(|it| Arc::clone(&it.trace));
        let trace = trace.or_else(|| kept.trace.clone().filter(|_| follows));
        let difference =
            trace.as_ref().map(|it| Difference::of(&it.file, file)).unwrap_or_default();
        let sees_the_same = trace.as_ref().is_some_and(|it| asked.would_answer(&it.answers));
        let resumption = resumption.filter(|it| sees_the_same && it.part <= difference.start);
        let typed = typed && trace.is_some();
        let (file, passes) = (Arc::clone(file), kept.passes);
        Replay {
            kept,
            trace,
            file,
            passes,
            difference,
            sees_the_same,
            resumption,
            typed,
            ..Replay::default()
        }
    }

    /// Keeps what a lowering made, which got these answers; with the program, where it is gone on from.
    pub(in crate::lower) fn keep(
        &self,
        mut replay: Replay,
        answers: FxHashMap<Question, Answer>,
        program: Option<&Program>,
    ) {
        let standing = replay.take_standings();
        let complete = replay.complete();
        let Replay { outline, kept, made, file, passed, trace: known, .. } = replay;
        let passes = passed.len();
        let trace = Arc::new(Trace { file, answers, passes: passed });
        if let (Some((part, passes)), Some(program)) = (standing, program)
            && complete
        {
            let resumption = Box::new(Resumption {
                outline,
                trace: Arc::clone(&trace),
                part,
                passes,
                contents: Some(Contents::of(program)),
                summary: program.summary.clone(),
            });
            *self.resumption.lock().unwrap_or_else(PoisonError::into_inner) = Some(resumption);
        }
        drop((kept, known));
        let trace = complete.then_some(trace);
        let mut now = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if now.outline != outline {
            *now = Arc::new(Kept { outline, units: made, age: 1, passes, trace });
            return;
        }
        if Arc::get_mut(&mut now).is_none() {
            // Another lowering looks at it.
            let (units, age) = (now.units.clone(), now.age);
            *now = Arc::new(Kept { outline, units, age, passes, trace: None });
        }
        let Some(kept) = Arc::get_mut(&mut now) else { return };
        for (key, units) in made {
            let known = kept.units.entry(key).or_default();
            known.splice(0..0, units);
            known.truncate(VARIANTS);
        }
        kept.age += 1;
        kept.passes = passes;
        kept.trace = trace;
        if kept.age.is_multiple_of(LATER) {
            let oldest = kept.age - LATER;
            kept.units.retain(|_, units| {
                units.retain(|it| it.used.load(Ordering::Relaxed) >= oldest);
                !units.is_empty()
            });
        }
    }
}
