//! What the passes of a lowering went through, for the lowering of the text after an edit.
//!
//! Up to the edit the passes of both see the same, so that statements are taken from memory without asking for what they read. A pass whose
//! program nobody looks at ends where the text is that of before again, if what stands there instead of what stood there leaves the
//! same: it would find out the same as well.

use std::sync::Arc;

use program::ScopeId;
use program::summary::{Answer, Question};
use rustc_hash::FxHashMap;

use super::contents::Lengths;
use super::fingerprint;
use super::relocate::Relocation;
use super::unit::{Bases, Effect, Externals, Read, Unit};
use super::{Key, Replay};
use crate::lower::Lowering;
use crate::lower::functions::{Found, Summaries};
use crate::lower::known::Told;
use crate::syntax::{File, Part};

/// What a lowering went through.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) file: Arc<File>,
    /// All that other files were asked.
    pub(super) answers: FxHashMap<Question, Answer>,
    pub(super) passes: Vec<Pass>,
}

/// What a pass went through, as far as it went.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The part that it was resumed at, and the number of its first step; what comes before is that of the pass before.
    pub(super) first_part: usize,
    pub(super) first_step: usize,
    /// Its statements at the margin, in the order in which they are lowered.
    pub(super) steps: Vec<Step>,
    /// Where each part begins.
    pub(super) parts: Vec<Start>,
    /// What it found out.
    pub(super) found: Arc<Summaries>,
    /// Whether it went to the end of the file.
    pub(super) whole: bool,
}

/// Where a part begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// Its first step.
    pub(super) step: usize,
    /// How much of the program stands in front of it.
    pub(super) lengths: Lengths,
}

impl Pass {
    /// The steps from a part on up to another one.
    fn between(&self, first: usize, end: usize) -> Option<&[Step]> {
        let step = |part: usize| {
            let start = self.parts.get(part.checked_sub(self.first_part)?)?;
            start.step.checked_sub(self.first_step)
        };
        self.steps.get(step(first)?..step(end)?)
    }

    /// Takes what comes before where it was resumed from the pass before.
    pub(super) fn complete(&mut self, before: &Self) -> Option<()> {
        let mut steps = before.steps.get(..self.first_step)?.to_vec();
        let mut parts = before.parts.get(..self.first_part)?.to_vec();
        steps.append(&mut self.steps);
        parts.append(&mut self.parts);
        (self.first_part, self.first_step) = (0, 0);
        (self.steps, self.parts) = (steps, parts);
        Some(())
    }
}

/// A statement at the margin.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) to: Bases,
    /// What it was taken from, or was taken note of; none where it cannot be taken from memory.
    pub(super) put: Option<Put>,
}

/// What a unit was put for.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) unit: Arc<Unit>,
    pub(super) externals: Arc<Externals>,
}

/// How a text differs from the one before, in parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference {
    /// So many parts at the beginning are the same at the same place.
    pub(super) start: usize,
    /// Where the parts begin that are the same up to the end, in the text before.
    pub(super) old_end: usize,
    /// The same in the text.
    pub(super) end: usize,
    /// Whether those stand where they stood.
    stays: bool,
}

impl Difference {
    pub(super) fn of(before: &File, now: &File) -> Self {
        let (old, new) = (before.parts.as_slice(), now.parts.as_slice());
        let start = old.iter().zip(new).take_while(|(old, new)| Arc::ptr_eq(old, new)).count();
        let pairs = old.iter().rev().zip(new.iter().rev()).take(old.len().min(new.len()) - start);
        let same = pairs.take_while(|(old, new)| is_same(old, new)).count();
        Self {
            start,
            old_end: old.len() - same,
            end: new.len() - same,
            stays: before.range == now.range,
        }
    }
}

/// Whether two parts say the same, wherever each stands.
fn is_same(old: &Arc<Part>, new: &Arc<Part>) -> bool {
    Arc::ptr_eq(old, new)
        || match (old.marks.get(), new.marks.get()) {
            // They go along where a part moves.
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        }
}

impl Replay {
    /// The pass before that saw what this one sees.
    pub(super) fn before(&self) -> Option<&Pass> {
        if !self.sees_the_same {
            return None;
        }
        self.trace.as_ref()?.passes.get(self.passed.len())
    }

    /// What became of the next statement before, up to where the texts differ.
    pub(super) fn expected(&self, key: Key, to: Bases) -> Option<Put> {
        if self.part >= self.difference.start || self.off {
            return None;
        }
        let step = self.before()?.steps.get(self.pass.first_step + self.pass.steps.len())?;
        step.put.clone().filter(|_| step.key == key && step.to == to)
    }

    /// Begins a pass. One that is cut short, since there were too many, sees something else than those before.
    pub(in crate::lower) fn begin_pass(&mut self, passing: bool, cut_short: bool) {
        self.passing = passing;
        self.sees_the_same &= !cut_short;
        self.typed &= !cut_short;
        self.standing = None;
        self.rest = None;
        self.splice = None;
    }

    /// Ends a pass that found something out.
    pub(in crate::lower) fn end_pass(&mut self, found: &Arc<Summaries>) {
        self.sees_the_same = self
            .before()
            .is_some_and(|before| Arc::ptr_eq(&before.found, found) || before.found == *found);
        let pass = std::mem::take(&mut self.pass);
        let whole = !self.off;
        self.passed.push(Pass { found: Arc::clone(found), whole, ..pass });
        self.standings.push(self.standing.take());
    }
}

impl Lowering<'_> {
    /// What this pass would find out, at the beginning of the parts that are the same up to the end, where it is known.
    pub(in crate::lower) fn foreseen(&self) -> Option<Arc<Summaries>> {
        let replay = self.replay.as_ref()?;
        let Difference { start, old_end, end, stays } = replay.difference;
        if !replay.passing || replay.off || replay.part != end {
            return None;
        }
        let before = replay.before()?;
        if !stays && before.found.has_places() {
            return None;
        }
        let old = before.between(start, old_end)?;
        let new = replay.pass.between(start, end)?;
        let old_parts = replay.trace.as_ref()?.file.parts.get(start..old_end)?;
        let new_parts = replay.file.parts.get(start..end)?;
        let same = left_by(old_parts, old)? == left_by(new_parts, new)? && {
            let (old, new) = (old.iter().filter_map(lasting), new.iter().filter_map(lasting));
            old.zip(new).all(|(old, new)| leave_the_same(old, new, replay.definitions))
        };
        // What was asked before, was answered otherwise than this pass answers it, and is not asked now, may have been all that the next
        // pass was for.
        let still = told(old).all(|(told, start)| {
            before.found.holds(told, start) || self::told(new).any(|it| *it.0 == *told)
        });
        (same && still).then(|| Arc::clone(&before.found))
    }
}

/// What stands around statements that were taken from memory, where all were, and how many between what else there is leave anything.
pub(super) fn left_by(parts: &[Arc<Part>], steps: &[Step]) -> Option<Vec<u128>> {
    let mut steps = steps.iter();
    let mut whole = true;
    let mut frame = Vec::new();
    for part in parts {
        fingerprint::frame(&part.body, &mut frame, &mut || {
            let step = steps.next();
            whole &= step.is_some_and(|it| it.put.is_some());
            step.and_then(lasting).is_some()
        });
    }
    (whole && steps.next().is_none()).then_some(frame)
}

/// A statement with what it left, unless that is nothing that anything comes of.
pub(super) fn lasting(step: &Step) -> Option<(&Put, &Bases)> {
    let put = step.put.as_ref().filter(|it| !is_inert(&it.unit))?;
    Some((put, &step.to))
}

/// Whether a statement leaves nothing that another one, or the next pass, asks for.
pub(super) fn is_inert(unit: &Unit) -> bool {
    unit.names.is_empty()
        && unit.effects.is_empty()
        && unit.defined.is_empty()
        && unit.imports.is_empty()
        && !unit.ended
}

/// Whether two statements leave the same to all that come after them.
pub(super) fn leave_the_same(old: (&Put, &Bases), new: (&Put, &Bases), definitions: u32) -> bool {
    let (one, two) = (&*old.0.unit, &*new.0.unit);
    let (old_to, new_to) = (*old.1, *new.1);
    let from =
        Relocation { from: &one.bases, to: old_to, definitions, externals: &old.0.externals };
    let to = Relocation { from: &two.bases, to: new_to, definitions, externals: &new.0.externals };
    let ids = |it: &Bases| Bases { start: 0, end: 0, ..*it };
    let counts = |it: &Unit| {
        let Unit { values, calls, bindings, functions, scopes, .. } = it;
        (values.len(), calls.len(), bindings.len(), functions.len(), scopes.len())
    };
    ids(&old_to) == ids(&new_to)
        && one.place == two.place
        && counts(one) == counts(two)
        && (one.ended, one.definitions) == (two.ended, two.definitions)
        && one.imports.is_empty()
        && two.imports.is_empty()
        && one.defined.iter().zip(&two.defined).all(|(one, two)| {
            let defined = |here: &Relocation<'_>, (scope, returns): &(Option<ScopeId>, _)| {
                let scope = scope.map(|it| here.scope_id(it));
                Some((scope, here.expression(returns)?))
            };
            let (one, two) = (defined(&from, one), defined(&to, two));
            one.is_some() && one == two
        })
        && one.values.iter().zip(&two.values).all(|(one, two)| {
            let (one, two) = (from.value(one, |_| None), to.value(two, |_| None));
            one.is_some() && one == two
        })
        && one.calls.iter().zip(&two.calls).all(|(one, two)| {
            let outline = |here: &Relocation<'_>, call| {
                let outline = here.outline_of_call(call)?;
                let receiver = outline.receiver.map(|it| it.value);
                let sure = (outline.receiver_type, outline.effect, outline.confidence);
                Some((receiver, sure, outline.in_sql))
            };
            let (one, two) = (outline(&from, one), outline(&to, two));
            one.is_some() && one == two
        })
        && one.names.len() == two.names.len()
        && one.names.iter().zip(&two.names).all(|(one, two)| {
            let meaning = |here: &Relocation<'_>, meaning: &Option<_>| match meaning {
                Some(meaning) => here.meaning(meaning).map(Some),
                None => Some(None),
            };
            let (before, now) = (meaning(&from, &one.2), meaning(&to, &two.2));
            (one.0, &one.1) == (two.0, &two.1) && before.is_some() && before == now
        })
        && one.effects.len() == two.effects.len()
        && one.effects.iter().zip(&two.effects).all(|it| match it {
            (Effect::Found(Found::Carried(..)), _) => false,
            (Effect::Found(one), Effect::Found(two)) => one == two,
            (Effect::CallsOut(one, shapes), Effect::CallsOut(two, others)) => {
                one == two && shapes == others
            }
            _ => false,
        })
}

/// What statements were told that an earlier pass found out, each with where it begins.
pub(super) fn told(steps: &[Step]) -> impl Iterator<Item = (&Told, u32)> {
    let puts = steps.iter().filter_map(|it| Some((it.put.as_ref()?, it.to.start)));
    puts.flat_map(|(put, start)| {
        put.unit.reads.iter().filter_map(move |it| match it {
            Read::Known(told) => Some((told, start)),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use program::{Language, TextRange};

    use crate::Document;

    /// Types `edits` one after the other in place of each other, and holds each text's program to that of a cold start.
    fn typed(text: &str, edits: &[&str]) {
        let at = text.find("<here>").unwrap() as u32;
        let mut document = Document::new(Language::Python, text).to_be_edited();
        let mut length = "<here>".len() as u32;
        for _ in 0..3 {
            for edit in edits {
                document.edit(TextRange::new(at, at + length), edit);
                length = edit.len() as u32;
                let cold = Document::new(Language::Python, document.text());
                assert_eq!(document.program(), cold.program(), "{}", document.text());
            }
        }
    }

    #[test]
    fn functions_that_call_each_other_do_not_keep_what_a_call_that_is_gone_gave_them() {
        typed(
            "from pyspark.sql import SparkSession\n\
             spark = SparkSession.builder.getOrCreate()\n\
             def first(x):\n    x.cache()\n    second(x)\n\
             def second(y):\n    y.count()\n    first(y)\n\
             print(1)\n<here>\nprint(2)\nspark.table('u').count()\n",
            &[
                "first(spark.table('t'))",
                "",
                "unknown",
                "first(spark.table('t'))",
                "first(unknown)",
                "second(spark.sparkContext)",
                "print(spark.table('t'))",
            ],
        );
    }

    #[test]
    fn names_mean_behind_an_edit_what_it_makes_them_mean() {
        typed(
            "from pyspark.sql import SparkSession\n\
             spark = SparkSession.builder.getOrCreate()\n\
             def first(x):\n    x.cache()\n    second(x)\n\
             def second(y):\n    y.count()\n    first(y)\n\
             df = 1\n<here>\nfirst(df)\n",
            &[
                "df = spark.table('t')",
                "df = spark.table('t').limit(5)",
                "df = spark",
                "df = 2",
                "class C:\n    df = spark.table('t')",
                "import a as df",
                "unknown",
                "if df:\n    df = spark.table('t')",
            ],
        );
    }
}
