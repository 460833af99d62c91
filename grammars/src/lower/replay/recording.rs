//! Takes note of what lowering a statement reads and leaves.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use program::{Expression, Function, FunctionId, Origin, ScopeId, ScopeKind, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::relocate::Relocation;
use super::unit::{Bases, Effect, Externals, Form, Place, Read, Same, Seen, Unit};
use crate::lower::Lowering;
use crate::lower::environment::Meaning;
use crate::lower::functions::Found;
use crate::lower::known::Told;
use program::Confidence;

/// What is known so far of a statement that is being lowered.
#[derive(Debug)]
pub(in crate::lower) struct Recording {
    place: Arc<Place>,
    age: u32,
    pub(super) bases: Bases,
    /// How many definitions of the file stand in it.
    definitions: u32,
    /// How many frames are around it.
    pub(super) frames: usize,
    views: usize,
    callables: usize,
    left_out: usize,
    unresolved: usize,
    uncalled: usize,
    imports: usize,
    /// What names of the frames around it meant before it bound them.
    bound: FxHashMap<(usize, Arc<str>), Option<Meaning>>,
    /// Functions that it gave to Spark itself.
    closures: FxHashSet<usize>,
    asked: FxHashSet<(u8, Box<str>, Box<str>)>,
    reads: Vec<Read>,
    effects: Vec<Effect>,
    spoilt: bool,
}

/// Kinds of questions, to ask each once.
pub(super) mod kind {
    pub(in crate::lower::replay) const NAME: u8 = 0;
    pub(in crate::lower::replay) const OF_CLASS: u8 = 1;
    pub(in crate::lower::replay) const MEMBER: u8 = 2;
    pub(in crate::lower::replay) const AMBIENT: u8 = 3;
    pub(in crate::lower::replay) const FOREIGN: u8 = 4;
    pub(in crate::lower::replay) const VIEW: u8 = 5;
    pub(in crate::lower::replay) const RETURNS: u8 = 6;
    pub(in crate::lower::replay) const CLOSURE: u8 = 7;
    pub(in crate::lower::replay) const PATH: u8 = 8;
    pub(in crate::lower::replay) const FREE: u8 = 9;
}

impl Recording {
    /// Of a statement at a place, with so many definitions in it.
    pub(super) fn new(
        place: Arc<Place>,
        bases: Bases,
        definitions: u32,
        age: u32,
        lowering: &Lowering<'_>,
    ) -> Self {
        lowering.known.listen(true);
        let program = &lowering.program;
        Self {
            frames: place.frames.len(),
            place,
            age,
            bases,
            definitions,
            views: lowering.views.len(),
            callables: lowering.callables.len(),
            left_out: program.left_out.len(),
            unresolved: program.unresolved.len(),
            uncalled: program.uncalled.len(),
            imports: program.imports.len(),
            bound: FxHashMap::default(),
            closures: FxHashSet::default(),
            asked: FxHashSet::default(),
            reads: Vec::new(),
            effects: Vec::new(),
            spoilt: false,
        }
    }

    /// It cannot be replayed.
    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
    }

    /// Whether a function is defined in the statement itself. Its range does not tell: that of one in a broken text may span others.
    fn defines(&self, function: usize) -> bool {
        let own = (function as u32).checked_sub(self.bases.definitions);
        own.is_some_and(|own| own < self.definitions)
    }

    fn first(&mut self, kind: u8, one: &str, two: &str) -> bool {
        self.asked.insert((kind, one.into(), two.into()))
    }
}

impl Lowering<'_> {
    fn record(&self, note: impl FnOnce(&mut Recording)) {
        if let Some(recording) = self.recording.borrow_mut().as_deref_mut()
            && !recording.spoilt
        {
            note(recording);
        }
    }

    /// A name was looked for: it was found in the frame at a level, or nowhere. `here` tells that the innermost frame is one around the
    /// statement.
    pub(in crate::lower) fn looked_up(&self, name: &str, level: Option<usize>) {
        self.record(|recording| {
            if level.is_some_and(|level| level >= recording.frames) {
                return;
            }
            let here = self.frames.len() <= recording.frames;
            if let Some(level) = level
                && recording.bound.contains_key(&(level, name.into()))
            {
                return;
            }
            if recording.first(kind::NAME, name, if here { "here" } else { "" }) {
                let meaning =
                    level.and_then(|level| self.frames.get(level)?.names.get(name).cloned());
                recording.reads.push(Read::Name { name: name.into(), here, meaning });
            }
        });
    }

    /// A name is about to be bound in the frame at a level.
    pub(in crate::lower) fn about_to_bind(&self, name: &str, level: usize) {
        self.record(|recording| {
            if level >= recording.frames {
                return;
            }
            let name: Arc<str> = name.into();
            let Some(frame) = self.frames.get(level) else { return };
            let recorded = recording.bound.entry((level, Arc::clone(&name)));
            if let std::collections::hash_map::Entry::Vacant(entry) = recorded {
                let meaning = frame.names.get(&name).cloned();
                entry.insert(meaning.clone());
                recording.reads.push(Read::Bound { level, name, meaning });
            }
        });
    }

    /// The open body of a class was asked for what it binds to a name: the frame at a level was.
    pub(in crate::lower) fn asked_class(&self, class: &Arc<str>, name: &str, level: Option<usize>) {
        self.record(|recording| {
            if level.is_some_and(|level| {
                level >= recording.frames || recording.bound.contains_key(&(level, name.into()))
            }) {
                return;
            }
            if recording.first(kind::OF_CLASS, class, name) {
                let meaning =
                    level.and_then(|level| self.frames.get(level)?.names.get(name).cloned());
                let (class, name) = (class.clone(), name.into());
                recording.reads.push(Read::OfClass { class, name, meaning });
            }
        });
    }

    pub(in crate::lower) fn asked_member(&self, class: &str, name: &str, found: Option<&Meaning>) {
        self.record(|recording| {
            if recording.first(kind::MEMBER, class, name) {
                let (class, name, meaning) = (class.into(), name.into(), found.cloned());
                recording.reads.push(Read::Member { class, name, meaning });
            }
        });
    }

    pub(in crate::lower) fn asked_ambient(&self, name: &str, found: Option<ValueId>) {
        self.record(|recording| {
            if recording.first(kind::AMBIENT, name, "") {
                recording.reads.push(Read::Ambient { name: name.into(), value: found });
            }
        });
    }

    pub(in crate::lower) fn asked_foreign(&self, key: &str, found: Option<&Meaning>) {
        self.record(|recording| {
            if recording.first(kind::FOREIGN, key, "") {
                let meaning = found.cloned();
                recording.reads.push(Read::Foreign { key: key.into(), meaning });
            }
        });
    }

    /// The temporary views by a name were looked through.
    pub(in crate::lower) fn asked_view(&self, name: &str) {
        self.record(|recording| {
            if recording.first(kind::VIEW, name, "") {
                let views = self.views_of(name, recording.views, recording.bases.scope);
                recording.reads.push(Read::View { name: name.into(), views });
            }
        });
    }

    /// The views of a name among the first so many, as a statement at the margin sees them.
    pub(super) fn views_of(
        &self,
        name: &str,
        first: usize,
        margin: ScopeId,
    ) -> Vec<(bool, bool, ValueId)> {
        let views = self.views.iter().take(first).filter(|view| view.name == name);
        views
            .map(|view| {
                let outer = self.program.ancestors(margin).any(|it| it == view.scope);
                let in_function = self.program.ancestors(view.scope).any(|it| {
                    let kind = &self.program.scope(it).kind;
                    matches!(kind, ScopeKind::Function(_) | ScopeKind::Closure)
                });
                (outer, in_function, view.value)
            })
            .collect()
    }

    pub(in crate::lower) fn asked_returns(&self, function: usize) {
        self.record(|recording| {
            if !recording.defines(function)
                && recording.first(kind::RETURNS, &function.to_string(), "")
            {
                let shape = self.found_returns(function).cloned();
                recording.reads.push(Read::Returns { function, shape });
            }
        });
    }

    /// The body of a definition is lowered. A broken text may be read so that two statements hold the same one: what they leave of it
    /// is not one statement's.
    pub(in crate::lower) fn lowers_definition(&self, index: usize) {
        self.record(|recording| {
            let function = self.definitions.get(index).map(|it| it.function.index());
            let scope = function.and_then(|it| self.program.functions.get(it)?.scope);
            let before = scope.is_some_and(|scope| scope.0 < recording.bases.scopes);
            recording.spoilt |= before || !recording.defines(index);
        });
    }

    pub(in crate::lower) fn asked_closure(&self, function: usize, closure: bool) {
        self.record(|recording| {
            if !recording.closures.contains(&function)
                && recording.first(kind::CLOSURE, &function.to_string(), "")
            {
                recording.reads.push(Read::Closure { function, closure });
            }
        });
    }

    pub(in crate::lower) fn asked_path(&self, path: &str, meant: &super::super::linked::Meant) {
        self.record(|recording| {
            if recording.first(kind::PATH, path, "") {
                recording.reads.push(Read::Path { path: path.into(), meant: meant.clone() });
            }
        });
    }

    pub(in crate::lower) fn asked_free(
        &self,
        name: &str,
        meant: Option<&super::super::linked::Meant>,
    ) {
        self.record(|recording| {
            if recording.first(kind::FREE, name, "") {
                recording.reads.push(Read::Free { name: name.into(), meant: meant.cloned() });
            }
        });
    }

    pub(in crate::lower) fn asked_question(
        &self,
        question: &program::summary::Question,
        answer: &program::summary::Answer,
    ) {
        self.record(|recording| {
            let (question, answer) = (question.clone(), answer.clone());
            recording.reads.push(Read::Question { question, answer });
        });
    }

    /// Takes note of what the pass found.
    pub(in crate::lower) fn found_out(&self, found: impl FnOnce() -> Found) {
        self.record(|recording| {
            recording.effects.push(Effect::Found(found()));
        });
    }

    /// The body of an object bound something: within a statement that is a part of it, nothing is made of that.
    pub(in crate::lower) fn made_member(&self) {
        self.record(Recording::spoil);
    }

    /// The statement gives a function to Spark.
    pub(in crate::lower) fn gave_to_spark(&self, function: usize) {
        self.record(|recording| {
            recording.closures.insert(function);
        });
    }

    pub(in crate::lower) fn made_ambient(&self, name: &str, value: ValueId) {
        self.record(|it| it.effects.push(Effect::Ambient(name.into(), value)));
    }

    pub(in crate::lower) fn made_foreign(&self, key: &str, meaning: &Meaning) {
        self.record(|it| it.effects.push(Effect::Foreign(key.into(), meaning.clone())));
    }

    pub(in crate::lower) fn called_out(
        &self,
        function: &program::summary::FunctionName,
        shapes: &program::summary::CallShapes,
    ) {
        self.record(|it| it.effects.push(Effect::CallsOut(function.clone(), shapes.clone())));
    }

    pub(in crate::lower) fn took_star(&self, star: &super::Star) {
        self.record(|it| it.effects.push(Effect::Star(star.clone())));
    }

    pub(in crate::lower) fn made_view(&self, name: &str, scope: program::ScopeId, value: ValueId) {
        self.record(|it| it.effects.push(Effect::View { name: name.to_owned(), scope, value }));
    }

    /// A clause of a query is used by another one, which may be another statement's.
    pub(in crate::lower) fn used_in_sql(&self, value: ValueId, used: program::ResultUse) {
        self.record(|recording| {
            let producer = self.program.producer(value);
            if producer.is_some_and(|call| call.0 < recording.bases.calls) {
                recording.effects.push(Effect::UsedInSql(value, used));
            }
        });
    }

    /// What becomes of a call changed; that of another statement cannot be told apart later.
    pub(in crate::lower) fn used_call(&self, call: program::CallId) {
        self.record(|recording| recording.spoilt |= call.0 < recording.bases.calls);
    }

    /// All that lowering sees of a value.
    fn seen(&self, id: ValueId) -> Seen {
        let value = self.program.value(id);
        Seen {
            kind: value.kind,
            confidence: value.confidence,
            bound: value.bound,
            form: self.form(&value.origin),
            guess: self.guess_of(id).map(|(name, steps)| (name.into(), steps)),
            in_sql: self.is_in_sql(id),
            declared_only: self.is_declared_only(&Meaning::Spark(id)),
            origin: Same(value.origin.clone()),
        }
    }

    /// Whether a value looks like one that was seen.
    pub(super) fn looks_like(&self, id: ValueId, seen: &Seen) -> bool {
        let Some(value) = self.program.values.get(id.index()) else { return false };
        value.kind == seen.kind
            && value.confidence == seen.confidence
            && value.bound == seen.bound
            && self.form(&value.origin) == seen.form
            && self.guess_of(id) == seen.guess.as_ref().map(|(name, steps)| (&**name, *steps))
            && self.is_in_sql(id) == seen.in_sql
            && self.is_declared_only(&Meaning::Spark(id)) == seen.declared_only
    }

    fn is_in_sql(&self, id: ValueId) -> bool {
        let call = self.program.producer(id).and_then(|it| self.program.calls.get(it.index()));
        call.is_some_and(|it| it.in_sql)
    }

    fn form(&self, origin: &Origin) -> Form {
        match origin {
            Origin::Call(_) => Form::Call,
            Origin::Parameter { .. } => Form::Parameter,
            Origin::Merge(values) => Form::Merge(
                values
                    .iter()
                    .filter_map(|it| Some(self.program.values.get(it.index())?.confidence))
                    .max(),
            ),
            Origin::Loop { .. } => Form::Loop,
            Origin::Ambient(_) => Form::Ambient,
            Origin::Returned(_) => Form::Returned,
        }
    }

    /// The name that a guess goes back to over guesses, and over how many steps: all that is asked of where a guess comes from.
    fn guess_of(&self, id: ValueId) -> Option<(&str, u32)> {
        let mut value = self.program.values.get(id.index())?;
        for step in 0..super::super::DEPTH {
            if value.confidence > Confidence::Guessed {
                return None;
            }
            value = match &value.origin {
                Origin::Ambient(name) => return Some((name, step)),
                Origin::Call(call) => {
                    let receiver = self.program.calls.get(call.index())?.receiver?;
                    self.program.values.get(receiver.value.index())?
                }
                _ => return None,
            };
        }
        None
    }

    /// What was recorded of a statement, with its ids from elsewhere, which stand for themselves; none where it cannot be replayed.
    pub(super) fn recorded(&self, recording: Recording, ended: bool) -> Option<(Unit, Externals)> {
        let told = self.known.listen(false);
        let Recording { place, bases, definitions, mut reads, effects, bound, .. } = recording;
        let replay = self.replay.as_ref()?;
        let program = &self.program;
        let whole = !recording.spoilt
            && self.callables.len() == recording.callables
            && program.left_out.len() == recording.left_out
            && self.definitions.len() as u32 == replay.definitions
            && self.scope == bases.scope;
        if !whole {
            return None;
        }
        for told in told {
            let told = match told {
                Told::Carried(place, name, shape) => {
                    if place < bases.start || place > bases.end {
                        return None;
                    }
                    Told::Carried(place - bases.start, name, shape)
                }
                told => told,
            };
            reads.push(Read::Known(told));
        }
        let mut ids = Ids {
            bases,
            definitions: replay.definitions,
            values: Vec::new(),
            functions: Vec::new(),
        };
        for read in &reads {
            ids.of_read(read)?;
        }
        let externals: Vec<(ValueId, Seen)> = ids
            .values
            .iter()
            .map(|&id| program.values.get(id.index()).map(|_| (id, self.seen(id))))
            .collect::<Option<_>>()?;
        let same = Externals {
            values: ids.values.iter().map(|&id| (id, id)).collect(),
            functions: ids.functions.iter().map(|&id| (id, id)).collect(),
        };
        let here = Relocation {
            from: &bases,
            to: bases,
            definitions: replay.definitions,
            externals: &same,
        };
        let copied = |origin: &Origin| {
            let seen = externals.iter().find(|it| it.1.origin.0 == *origin);
            seen.map(|_| origin.clone())
        };
        let mut names = Vec::with_capacity(bound.len());
        for ((level, name), before) in bound {
            let after = self.frames.get(level)?.names.get(&name).cloned();
            if after == before {
                continue;
            }
            if let Some(after) = &after {
                here.meaning(after)?;
            }
            names.push((level, name, after));
        }
        names.sort_unstable_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        if !effects.iter().all(|it| here.knows(it)) {
            return None;
        }
        let own = bases.definitions as usize..(bases.definitions + definitions) as usize;
        let of_definitions: &[Function] = program.functions.get(own)?;
        let defined = of_definitions
            .iter()
            .map(|it| {
                let scope = match it.scope {
                    Some(scope) => Some(here.scope_id(scope)?),
                    None => None,
                };
                Some((scope, here.expression(&it.returns)?))
            })
            .collect::<Option<_>>()?;
        let effects = effects
            .into_iter()
            .map(|effect| match effect {
                Effect::Found(Found::Carried(place, name, shape)) => {
                    let place = place.checked_sub(bases.start)?;
                    Some(Effect::Found(Found::Carried(place, name, shape)))
                }
                effect => Some(effect),
            })
            .collect::<Option<_>>()?;
        fn from<T>(items: &[T], first: u32) -> Option<&[T]> {
            items.get(first as usize..)
        }
        fn each<T>(items: &[T], copy: impl Fn(&T) -> Option<T>) -> Option<Vec<T>> {
            items.iter().map(copy).collect()
        }
        let unit = Unit {
            place,
            used: AtomicU32::new(recording.age),
            ended,
            reads,
            definitions,
            values: each(from(&program.values, bases.values)?, |it| here.value(it, copied))?,
            calls: each(from(&program.calls, bases.calls)?, |it| here.call(it))?,
            bindings: each(from(&program.bindings, bases.bindings)?, |it| here.binding(it))?,
            functions: each(from(&program.functions, bases.functions)?, |it| here.function(it))?,
            scopes: each(from(&program.scopes, bases.scopes)?, |it| here.scope(it))?,
            imports: each(program.imports.get(recording.imports..)?, |it| here.import(it))?,
            unresolved: each(program.unresolved.get(recording.unresolved..)?, |it| {
                here.unresolved(it)
            })?,
            uncalled: each(program.uncalled.get(recording.uncalled..)?, |it| here.uncalled(it))?,
            externals,
            bases,
            defined,
            names,
            effects,
        };
        Some((unit, same))
    }
}

/// The ids of other statements in what was read.
struct Ids {
    bases: Bases,
    definitions: u32,
    values: Vec<ValueId>,
    functions: Vec<FunctionId>,
}

impl Ids {
    fn of_read(&mut self, read: &Read) -> Option<()> {
        match read {
            Read::Name { meaning, .. }
            | Read::Bound { meaning, .. }
            | Read::OfClass { meaning, .. }
            | Read::Member { meaning, .. }
            | Read::Foreign { meaning, .. } => match meaning {
                Some(meaning) => self.of_meaning(meaning),
                None => Some(()),
            },
            Read::Ambient { value, .. } => match value {
                Some(value) => self.value(*value),
                None => Some(()),
            },
            Read::View { views, .. } => {
                for view in views {
                    self.value(view.2)?;
                }
                Some(())
            }
            Read::Returns { .. }
            | Read::Closure { .. }
            | Read::Known(_)
            | Read::Path { .. }
            | Read::Free { .. }
            | Read::Question { .. } => Some(()),
        }
    }

    fn value(&mut self, id: ValueId) -> Option<()> {
        if id.0 >= self.bases.values {
            return None;
        }
        if !self.values.contains(&id) {
            self.values.push(id);
        }
        Some(())
    }

    fn function(&mut self, id: FunctionId) -> Option<()> {
        if id.0 < self.definitions {
            return Some(());
        }
        if id.0 >= self.bases.functions {
            return None;
        }
        if !self.functions.contains(&id) {
            self.functions.push(id);
        }
        Some(())
    }

    fn of_meaning(&mut self, meaning: &Meaning) -> Option<()> {
        match meaning {
            Meaning::Parameter(function, _) => self.function(*function),
            Meaning::Spark(value) | Meaning::Many(value) => self.value(*value),
            Meaning::Each(item) | Meaning::Mapping(item) | Meaning::Maybe(item) => {
                self.of_meaning(item)
            }
            Meaning::Record(items) => {
                for (_, item) in items.iter() {
                    self.of_meaning(item)?;
                }
                Some(())
            }
            Meaning::Tuple(items) => {
                for item in items.iter() {
                    self.of_meaning(item)?;
                }
                Some(())
            }
            Meaning::Column(expression) | Meaning::Local(expression) => {
                let mut found = Some(());
                expression.walk(&mut |it| {
                    let next = match it {
                        Expression::Value(value) | Expression::Column { of: Some(value), .. } => {
                            self.value(*value)
                        }
                        Expression::Function(function) => self.function(*function),
                        _ => Some(()),
                    };
                    found = found.and(next);
                });
                found
            }
            // What it was taken from is kept by the pass that made it.
            Meaning::Bound(_) => None,
            Meaning::Unknown(_)
            | Meaning::Path(_)
            | Meaning::Class(_)
            | Meaning::Function(_)
            | Meaning::LocalClass(_)
            | Meaning::Instance(_)
            | Meaning::Foreign(_)
            | Meaning::ForeignClass(_)
            | Meaning::ForeignInstance(_)
            | Meaning::Callable(_)
            | Meaning::Library(_) => Some(()),
        }
    }
}
