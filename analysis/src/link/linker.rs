//! The fixpoint over what the files of a workspace say, and what an edit costs.
//!
//! A file's program follows from its text and from the answers it was given: each lowering leaves a trace of them. As long as the same
//! questions would be answered the same, the program stands. A run begins where no file has said anything and goes over the files, imported
//! ones first, then callers first, until no trace is broken. After an edit the run is the same, but what was lowered before is
//! taken from memory wherever its trace holds, so the result is the one that a first run would have given.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use program::summary::{Answer, Links, Question, Summary};
use program::{Language, Outline, Program};
use rayon::iter::Either;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::ahead::lowered_ahead;
use super::modules::Modules;
use super::order::{Order, levels, outlined};
use super::world::World;

/// How often the files are gone over before what still changes is taken for unknown.
const SWEEPS: u32 = 8;

/// How often they are gone over after that at most.
const LAST_SWEEPS: u32 = 16;

/// How many lowerings of one text are remembered.
const MEMORY: usize = 6;

/// Lowers files. A closure that does is one.
pub trait Lower<S>: Sync {
    /// The program of a file with what other files say; none where that failed.
    fn lower(&self, path: &str, source: &S, links: &dyn Links) -> Option<Program>;

    /// How much work a source is, in any unit. Large ones are begun with, so that nobody waits for one in the end.
    fn size(&self, _source: &S) -> usize {
        0
    }

    /// Does what can be done for a source before it is known what other files say.
    fn prepare(&self, _path: &str, _source: &S) {}

    /// What can be said of a source at once, always the same of the same. It spares lowerings.
    fn outline(&self, _path: &str, _source: &S) -> Outline {
        Outline::default()
    }
}

impl<S, F: Fn(&str, &S, &dyn Links) -> Option<Program> + Sync> Lower<S> for F {
    fn lower(&self, path: &str, source: &S, links: &dyn Links) -> Option<Program> {
        self(path, source, links)
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linked {
    /// The files that were lowered, in order; one that was lowered twice stands twice.
    pub lowered: Vec<Arc<str>>,
    /// The files whose program is another one than before the run, sorted.
    pub changed: Vec<Arc<str>>,
}

/// The files of a workspace with their programs. `S` is what a program is lowered from: a file whose source is equal to what it was has
/// not changed.
#[derive(Debug)]
pub struct Linker<S> {
    files: BTreeMap<Arc<str>, Entry<S>>,
    modules: Arc<Modules>,
    /// Where the last run came to rest.
    settled: Arc<Settled>,
    /// Files whose text is new since.
    edited: BTreeSet<Arc<str>>,
    /// Whether files came or went since.
    reshaped: bool,
}

/// A file.
#[derive(Debug)]
pub(super) struct Entry<S> {
    language: Language,
    pub(super) source: S,
    memory: Vec<Memo>,
    program: Option<Arc<Program>>,
    /// Of the present source.
    outline: Option<Outline>,
    /// Of an earlier source, which the last run went through in the file's place.
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    steps: Vec<Memo>,
    outline: Option<Outline>,
}

/// One lowering of a file's present text.
#[derive(Debug, Clone)]
pub(super) struct Memo {
    trace: Arc<Trace>,
    pub(super) summary: Arc<Summary>,
    /// Kept for the lowering that a run came to rest with only.
    program: Option<Arc<Program>>,
    used: bool,
}

type Trace = Vec<(Question, Answer)>;

/// What the files have said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    pub(super) world: World,
    /// Questions whose answers did not come to rest.
    frozen: FxHashSet<(Arc<str>, Question)>,
}

/// What the workspace says to one of its files, as it was when the last run ended. For lowering a text that is being typed.
#[derive(Debug, Clone)]
pub struct FileLinks {
    settled: Arc<Settled>,
    file: Arc<str>,
}

/// What the workspace says to all of its files, as it was when the last run ended.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceLinks {
    settled: Arc<Settled>,
}

impl WorkspaceLinks {
    /// What it says to one file, whether that is one of the workspace's or not.
    #[must_use]
    pub fn of(&self, path: &str) -> FileLinks {
        FileLinks { settled: Arc::clone(&self.settled), file: path.into() }
    }
}

impl Links for FileLinks {
    fn ask(&self, question: &Question) -> Answer {
        self.settled.ask(&self.file, question, &mut Vec::new())
    }
}

impl Settled {
    /// What is said to `file`. The files whose summaries the answer was read from are added to `consulted`.
    pub(super) fn ask(
        &self,
        file: &Arc<str>,
        question: &Question,
        consulted: &mut Vec<Arc<str>>,
    ) -> Answer {
        if !self.frozen.is_empty() && self.frozen.contains(&(Arc::clone(file), question.clone())) {
            return Answer::Unknown;
        }
        self.world.ask(file, question, consulted)
    }
}

/// Answers and takes note of what was asked.
struct Recorder<'s> {
    ask: &'s dyn Fn(&Question, &mut Vec<Arc<str>>) -> Answer,
    trace: RefCell<Trace>,
    consulted: RefCell<Vec<Arc<str>>>,
}

impl Links for Recorder<'_> {
    fn ask(&self, question: &Question) -> Answer {
        let answer = (self.ask)(question, &mut self.consulted.borrow_mut());
        self.trace.borrow_mut().push((question.clone(), answer.clone()));
        answer
    }
}

/// Answers as was answered before.
struct Replay<'s> {
    answers: FxHashMap<&'s Question, &'s Answer>,
    trace: RefCell<Trace>,
    /// Whether something was asked that was not asked before.
    asked_else: Cell<bool>,
}

impl Links for Replay<'_> {
    fn ask(&self, question: &Question) -> Answer {
        let answer = self.answers.get(question).copied().cloned().unwrap_or_else(|| {
            self.asked_else.set(true);
            Answer::Unknown
        });
        self.trace.borrow_mut().push((question.clone(), answer.clone()));
        answer
    }
}

impl<S> Default for Linker<S> {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            modules: Arc::default(),
            settled: Arc::default(),
            edited: BTreeSet::new(),
            reshaped: false,
        }
    }
}

impl<S: PartialEq + Send + Sync> Linker<S> {
    /// Takes a file's new source, or takes it out. Nothing is lowered before [`Linker::link`].
    pub fn set(&mut self, path: &str, file: Option<(Language, S)>) {
        let path: Arc<str> = path.into();
        match file {
            Some((language, source)) => {
                if let Some(known) = self.files.get_mut(&path) {
                    if known.source == source && known.language == language {
                        return;
                    }
                    known.source = source;
                    known.language = language;
                    let steps = std::mem::take(&mut known.memory);
                    let outline = known.outline.take();
                    known.before.get_or_insert(Before { steps, outline });
                } else {
                    let entry = Entry {
                        language,
                        source,
                        memory: Vec::new(),
                        program: None,
                        outline: None,
                        before: None,
                    };
                    self.files.insert(Arc::clone(&path), entry);
                    self.reshaped = true;
                }
                self.edited.insert(path);
            }
            None => {
                if self.files.remove(&path).is_some() {
                    self.reshaped = true;
                }
                self.edited.remove(&path);
            }
        }
    }

    /// A file's program, as the last run left it.
    #[must_use]
    pub fn program(&self, path: &str) -> Option<&Arc<Program>> {
        self.files.get(path)?.program.as_ref()
    }

    /// A file's source.
    #[must_use]
    pub fn source(&self, path: &str) -> Option<&S> {
        self.files.get(path).map(|entry| &entry.source)
    }

    /// The files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.files.keys()
    }

    /// Whether a text is new since the last run.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.reshaped || !self.edited.is_empty()
    }

    /// What the workspace says to a file, as the last run left it.
    #[must_use]
    pub fn links(&self, path: &str) -> FileLinks {
        self.workspace_links().of(path)
    }

    /// What the workspace says to all of its files, as the last run left it. It does not change with the linker.
    #[must_use]
    pub fn workspace_links(&self) -> WorkspaceLinks {
        WorkspaceLinks { settled: Arc::clone(&self.settled) }
    }

    /// What a file imports that could be of one of several files, and so is of none. Members of what is named here are not named again.
    #[must_use]
    pub fn ambiguous(&self, path: &str) -> Vec<&str> {
        let memory = self.files.get(path).map_or(&[][..], |it| it.memory.as_slice());
        let Some(memo) = memory.iter().find(|it| it.program.is_some()) else {
            return Vec::new();
        };
        let paths: BTreeSet<&str> = memo
            .trace
            .iter()
            .filter_map(|(question, answer)| match (question, answer) {
                (Question::Path(path), Answer::Ambiguous) => Some(path.as_ref()),
                _ => None,
            })
            .collect();
        let within =
            |path: &str| path.match_indices('.').any(|(dot, _)| paths.contains(&path[..dot]));
        paths.iter().copied().filter(|path| !within(path)).collect()
    }

    /// Lowers what has to be lowered so that every program follows from its text and from what the other files say. None where
    /// `cancelled` said so meanwhile: programs then are as before, and what was lowered is remembered.
    pub fn link(
        &mut self,
        lower: &dyn Lower<S>,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Option<Linked> {
        let mut linked = Linked::default();
        if !self.is_stale() {
            return Some(linked);
        }
        if !self.reshaped && self.patch(lower, &mut linked) {
            return Some(linked);
        }
        let mut run = Run::new(self, lower, cancelled);
        run.first()?;
        run.sweep()?;
        let Run { settled, current, mut lowered, .. } = run;
        let settled = Arc::new(settled);
        // The programs of files that came to rest with what was remembered without one.
        let missing: Vec<(Arc<str>, usize, Option<Arc<Program>>)> = current
            .par_iter()
            .filter_map(|(file, at)| {
                let entry = self.files.get(file)?;
                if entry.memory[*at].program.is_some() || cancelled() {
                    return None;
                }
                let ask = |question: &Question, consulted: &mut Vec<Arc<str>>| {
                    settled.ask(file, question, consulted)
                };
                let made = lowered_file(file, entry, &ask, lower);
                Some((Arc::clone(file), *at, made.and_then(|(memo, _)| memo.program)))
            })
            .collect();
        if cancelled() {
            return None;
        }
        for (file, at, program) in missing {
            if let Some(entry) = self.files.get_mut(&file) {
                entry.memory[at].program = program;
            }
            lowered.push(file);
        }
        for (file, entry) in &mut self.files {
            let program = current.get(file).and_then(|at| entry.memory[*at].program.clone());
            let same = match (&program, &entry.program) {
                (Some(new), Some(old)) => Arc::ptr_eq(new, old) || new == old,
                (None, None) => true,
                _ => false,
            };
            if !same {
                entry.program.clone_from(&program);
                linked.changed.push(Arc::clone(file));
            }
            // Only what this run passed through can serve the next one; programs of passing states are let go of.
            let kept = current.get(file).copied();
            for (at, memo) in entry.memory.iter_mut().enumerate() {
                if Some(at) != kept {
                    memo.program = None;
                } else if same {
                    memo.program.clone_from(&entry.program);
                }
            }
            entry.memory.retain(|memo| memo.used);
            entry.before = None;
        }
        linked.lowered.append(&mut lowered);
        self.settled = settled;
        self.edited.clear();
        self.reshaped = false;
        Some(linked)
    }

    /// Lowers the edited files at each step of the last run, with the answers that it gave them then. Where they ask the same and say the
    /// same, that run would have been the same with them, and nothing else has changed.
    fn patch(&mut self, lower: &dyn Lower<S>, linked: &mut Linked) -> bool {
        let mut same = true;
        let mut made = Vec::new();
        for file in &self.edited {
            let Some(entry) = self.files.get_mut(file) else { continue };
            let outline = lower.outline(file, &entry.source);
            let before = entry.before.as_ref();
            same &= before.is_some_and(|it| it.outline.as_ref() == Some(&outline));
            let steps = before.map_or(&[][..], |it| it.steps.as_slice());
            same &= !steps.is_empty();
            entry.outline = Some(outline);
            if !same {
                continue;
            }
            let mut memory = Vec::new();
            for step in steps {
                linked.lowered.push(Arc::clone(file));
                let replayed = replayed(file, &entry.source, step, lower);
                same &= replayed.as_ref().is_some_and(|(memo, asks_the_same)| {
                    *asks_the_same && memo.summary == step.summary
                });
                memory.extend(replayed.map(|(memo, _)| memo));
                if !same {
                    break;
                }
            }
            made.push((Arc::clone(file), memory));
        }
        for (file, memory) in made {
            let Some(entry) = self.files.get_mut(&file) else { continue };
            if !same {
                // These lowerings are of the present source whatever comes of it.
                entry.memory.extend(memory);
                continue;
            }
            entry.memory = memory;
            entry.before = None;
            let Some(memo) = entry.memory.iter_mut().find(|memo| memo.program.is_some()) else {
                continue;
            };
            if entry.program == memo.program {
                memo.program.clone_from(&entry.program);
            } else {
                entry.program.clone_from(&memo.program);
                linked.changed.push(file);
            }
        }
        if same {
            self.edited.clear();
        }
        same
    }
}

/// One run.
struct Run<'r, S> {
    linker: &'r mut Linker<S>,
    lower: &'r dyn Lower<S>,
    cancelled: &'r (dyn Fn() -> bool + Sync),
    settled: Settled,
    /// The lowering that each file is at: a place in its memory.
    current: BTreeMap<Arc<str>, usize>,
    /// Files to look at again when a file says something else.
    dependents: FxHashMap<Arc<str>, FxHashSet<Arc<str>>>,
    dirty: FxHashSet<Arc<str>>,
    lowered: Vec<Arc<str>>,
}

impl<'r, S: PartialEq + Send + Sync> Run<'r, S> {
    fn new(
        linker: &'r mut Linker<S>,
        lower: &'r dyn Lower<S>,
        cancelled: &'r (dyn Fn() -> bool + Sync),
    ) -> Self {
        if linker.reshaped {
            linker.modules = Arc::new(Modules::new(linker.files.keys().map(AsRef::as_ref)));
        }
        for entry in linker.files.values_mut() {
            for memo in &mut entry.memory {
                memo.used = false;
            }
        }
        let in_scala = linker.files.iter().filter(|it| it.1.language == Language::Scala);
        let in_scala = Arc::new(in_scala.map(|it| Arc::clone(it.0)).collect());
        let world = World::new(Arc::clone(&linker.modules), in_scala);
        Self {
            linker,
            lower,
            cancelled,
            settled: Settled { world, frozen: FxHashSet::default() },
            current: BTreeMap::new(),
            dependents: FxHashMap::default(),
            dirty: FxHashSet::default(),
            lowered: Vec::new(),
        }
    }

    /// Each file for the first time, imported ones first. Those of one level are lowered all at once.
    fn first(&mut self) -> Option<()> {
        let lower = self.lower;
        let mut files: Vec<(&Arc<str>, &mut Entry<S>)> =
            self.linker.files.iter_mut().filter(|it| it.1.outline.is_none()).collect();
        files.sort_by_key(|(_, entry)| Reverse(lower.size(&entry.source)));
        files.into_iter().par_bridge().for_each(|(file, entry)| {
            entry.outline = Some(lower.outline(file, &entry.source));
        });
        let outlines = self.linker.files.iter();
        let outlines = outlines.filter_map(|(file, entry)| Some((file, entry.outline.as_ref()?)));
        let order = outlined(&self.linker.modules, outlines);
        if self.linker.files.values().all(|it| it.memory.is_empty()) {
            self.ahead(&order);
        } else {
            let new = self.linker.files.iter().filter(|it| it.1.memory.is_empty());
            let mut new: Vec<(&Arc<str>, &Entry<S>)> = new.collect();
            new.sort_by_key(|(_, entry)| Reverse(lower.size(&entry.source)));
            let new = new.into_iter().par_bridge();
            new.for_each(|(file, entry)| lower.prepare(file, &entry.source));
        }
        for level in order.levels {
            if (self.cancelled)() {
                return None;
            }
            let (settled, files) = (&self.settled, &self.linker.files);
            // After lowering ahead nearly all is remembered, which is found out too quickly for threads to wait for the largest.
            let (mut made, mut new): (Vec<_>, Vec<_>) = level
                .into_par_iter()
                .enumerate()
                .filter_map(|(place, file)| files.get(&file).map(|entry| (place, file, entry)))
                .partition_map(|(place, file, entry)| match remembered(&file, entry, settled) {
                    Some(made) => Either::Left((place, file, made)),
                    None => Either::Right((place, file, entry)),
                });
            if !new.is_empty() {
                new.sort_by_key(|(_, _, entry)| Reverse(lower.size(&entry.source)));
                made.par_extend(new.into_iter().par_bridge().map(|(place, file, entry)| {
                    let made = lowered(&file, entry, settled, lower);
                    (place, file, made)
                }));
            }
            made.sort_by_key(|it| it.0);
            let mut heard = Vec::new();
            for (_, file, made) in made {
                self.take(&file, made);
                heard.push(file);
            }
            // All are heard at once, so that the order within a level is of no matter.
            for file in heard {
                if let Some(summary) = self.summary(&file) {
                    self.settled.world.set(&file, &summary);
                }
            }
        }
        Some(())
    }

    /// Lowers the files of a workspace that nothing is remembered of.
    fn ahead(&mut self, order: &Order) {
        let (settled, files) = (self.settled.clone(), self.linker.files.iter());
        let mut made = lowered_ahead(files, order, settled, self.lower, self.cancelled);
        made.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        for (file, memo) in made {
            if let Some(entry) = self.linker.files.get_mut(&file) {
                entry.memory.push(memo);
            }
            self.lowered.push(file);
        }
    }

    /// Goes over the files until every trace holds. Those of one level are looked at all at once, each with what the others said before.
    fn sweep(&mut self) -> Option<()> {
        let mut levels = self.levels();
        self.dirty = self.current.keys().cloned().collect();
        for sweep in 0..LAST_SWEEPS {
            if self.dirty.is_empty() {
                return Some(());
            }
            for level in &levels {
                if (self.cancelled)() {
                    return None;
                }
                let files: Vec<&Arc<str>> =
                    level.iter().filter(|file| self.dirty.remove(*file)).collect();
                if sweep >= SWEEPS {
                    for file in files {
                        self.freeze(file);
                        let made = self.looked_at(file);
                        self.settle(file, made);
                    }
                } else {
                    let made: Vec<(&Arc<str>, Option<Made>)> =
                        files.into_par_iter().map(|file| (file, self.looked_at(file))).collect();
                    for (file, made) in made {
                        self.settle(file, made);
                    }
                }
            }
            levels.reverse();
        }
        Some(())
    }

    /// Imported files at lower levels than those that import them; cycles are broken somewhere, and always at the same place.
    fn levels(&mut self) -> Vec<Vec<Arc<str>>> {
        let files: Vec<Arc<str>> = self.current.keys().cloned().collect();
        let consulted = |file: &Arc<str>| {
            let mut consulted = Vec::new();
            if let Some(trace) = self.trace(file) {
                for (question, _) in trace.iter() {
                    self.settled.ask(file, question, &mut consulted);
                }
            }
            consulted.sort_unstable();
            consulted.dedup();
            (Arc::clone(file), consulted)
        };
        let imports: FxHashMap<Arc<str>, Vec<Arc<str>>> =
            files.par_iter().map(consulted).collect::<Vec<_>>().into_iter().collect();
        for (file, consulted) in &imports {
            self.depend(file, consulted);
        }
        levels(files, &imports)
    }

    /// A file by what the others say now; none where its trace holds.
    fn looked_at(&self, file: &Arc<str>) -> Option<Made> {
        if let Some(trace) = self.trace(file) {
            let mut consulted = Vec::new();
            let mut trace = trace.iter();
            if trace.all(|(question, answer)| {
                self.settled.ask(file, question, &mut consulted) == *answer
            }) {
                return None;
            }
        }
        let entry = self.linker.files.get(file)?;
        Some(remembered_or_lowered(file, entry, &self.settled, self.lower))
    }

    /// Takes what was made of a file, and tells those that depend on it.
    fn settle(&mut self, file: &Arc<str>, made: Option<Made>) {
        let Some(made) = made else { return };
        let before = self.summary(file);
        self.take(file, made);
        let Some(after) = self.summary(file) else { return };
        if before.as_ref() != Some(&after) {
            self.heard(file, before.as_deref(), &after);
            self.settled.world.set(file, &after);
        }
    }

    /// Takes the answers that a file's trace does not agree with for unknown from here on.
    fn freeze(&mut self, file: &Arc<str>) {
        let Some(trace) = self.trace(file) else { return };
        for (question, answer) in trace.iter() {
            if self.settled.ask(file, question, &mut Vec::new()) != *answer {
                self.settled.frozen.insert((Arc::clone(file), question.clone()));
            }
        }
    }

    /// Marks what depends on a file that says something else.
    fn heard(&mut self, file: &Arc<str>, before: Option<&Summary>, after: &Summary) {
        if let Some(dependents) = self.dependents.get(file) {
            self.dirty.extend(dependents.iter().cloned());
        }
        let none = BTreeMap::new();
        let calls = before.map_or(&none, |it| &it.calls);
        let changed = calls
            .iter()
            .filter(|(function, shapes)| after.calls.get(*function) != Some(*shapes))
            .chain(after.calls.iter().filter(|(function, _)| !calls.contains_key(*function)));
        for (function, _) in changed {
            if self.current.contains_key(&function.file) {
                self.dirty.insert(Arc::clone(&function.file));
            }
        }
        let top =
            |summary: &Summary| -> Vec<Arc<str>> { summary.exports.keys().cloned().collect() };
        let renamed = before
            .is_none_or(|before| before.package != after.package || top(before) != top(after));
        let world = &self.settled.world;
        if renamed && !world.is_python(file) {
            // A name that was of no file may be one now, or of two.
            self.dirty.extend(self.current.keys().filter(|it| !world.is_python(it)).cloned());
        }
    }

    /// The file is at this lowering from here on.
    fn take(&mut self, file: &Arc<str>, made: Made) {
        let at = match made {
            Made::Remembered(at, consulted) => {
                self.depend(file, &consulted);
                at
            }
            Made::Lowered(Some((memo, consulted))) => {
                self.lowered.push(Arc::clone(file));
                self.depend(file, &consulted);
                let Some(entry) = self.linker.files.get_mut(file) else { return };
                if entry.memory.len() >= MEMORY
                    && let Some(oldest) = entry.memory.iter().position(|it| !it.used)
                {
                    entry.memory[oldest] = memo;
                    oldest
                } else {
                    entry.memory.push(memo);
                    entry.memory.len() - 1
                }
            }
            Made::Lowered(None) => {
                self.lowered.push(Arc::clone(file));
                return;
            }
        };
        if let Some(memo) = self.linker.files.get_mut(file).and_then(|it| it.memory.get_mut(at)) {
            memo.used = true;
            self.current.insert(Arc::clone(file), at);
        }
    }

    fn depend(&mut self, file: &Arc<str>, consulted: &[Arc<str>]) {
        // One file is asked for many things; the same name is mostly the same allocation.
        let mut told = FxHashSet::default();
        for other in consulted {
            if told.insert(Arc::as_ptr(other)) && other != file {
                self.dependents.entry(Arc::clone(other)).or_default().insert(Arc::clone(file));
            }
        }
    }

    fn memo(&self, file: &str) -> Option<&Memo> {
        self.linker.files.get(file)?.memory.get(*self.current.get(file)?)
    }

    fn trace(&self, file: &str) -> Option<Arc<Trace>> {
        self.memo(file).map(|memo| Arc::clone(&memo.trace))
    }

    fn summary(&self, file: &str) -> Option<Arc<Summary>> {
        self.memo(file).map(|memo| Arc::clone(&memo.summary))
    }
}

/// A lowering, and the files that its answers were read from.
enum Made {
    /// At this place in memory.
    Remembered(usize, Vec<Arc<str>>),
    /// A new one; none where it failed.
    Lowered(Option<(Memo, Vec<Arc<str>>)>),
}

fn remembered_or_lowered<S>(
    file: &Arc<str>,
    entry: &Entry<S>,
    settled: &Settled,
    lower: &dyn Lower<S>,
) -> Made {
    remembered(file, entry, settled).unwrap_or_else(|| lowered(file, entry, settled, lower))
}

fn remembered<S>(file: &Arc<str>, entry: &Entry<S>, settled: &Settled) -> Option<Made> {
    entry.memory.iter().enumerate().find_map(|(at, memo)| {
        let mut consulted = Vec::new();
        let holds = memo
            .trace
            .iter()
            .all(|(question, answer)| settled.ask(file, question, &mut consulted) == *answer);
        holds.then_some(Made::Remembered(at, consulted))
    })
}

fn lowered<S>(file: &Arc<str>, entry: &Entry<S>, settled: &Settled, lower: &dyn Lower<S>) -> Made {
    let ask =
        |question: &Question, consulted: &mut Vec<Arc<str>>| settled.ask(file, question, consulted);
    Made::Lowered(lowered_file(file, entry, &ask, lower))
}

/// The lowering of a source with the answers of an earlier one, and whether it asks the same.
fn replayed<S>(
    file: &Arc<str>,
    source: &S,
    step: &Memo,
    lower: &dyn Lower<S>,
) -> Option<(Memo, bool)> {
    let answers = step.trace.iter().map(|(question, answer)| (question, answer)).collect();
    let replay = Replay { answers, trace: RefCell::default(), asked_else: Cell::new(false) };
    let program = lower.lower(file, source, &replay)?;
    let trace = replay.trace.into_inner();
    let asks_the_same = !replay.asked_else.get() && trace.len() == step.trace.len();
    let memo = Memo {
        trace: Arc::new(trace),
        summary: Arc::new(program.summary.clone()),
        program: step.program.is_some().then(|| Arc::new(program)),
        used: true,
    };
    Some((memo, asks_the_same))
}

/// The lowering of a file with these answers, and the files that they were read from.
pub(super) fn lowered_file<S>(
    file: &Arc<str>,
    entry: &Entry<S>,
    ask: &dyn Fn(&Question, &mut Vec<Arc<str>>) -> Answer,
    lower: &dyn Lower<S>,
) -> Option<(Memo, Vec<Arc<str>>)> {
    let recorder = Recorder { ask, trace: RefCell::default(), consulted: RefCell::default() };
    let program = lower.lower(file, &entry.source, &recorder)?;
    let memo = Memo {
        trace: Arc::new(recorder.trace.into_inner()),
        summary: Arc::new(program.summary.clone()),
        program: Some(Arc::new(program)),
        used: false,
    };
    Some((memo, recorder.consulted.into_inner()))
}
