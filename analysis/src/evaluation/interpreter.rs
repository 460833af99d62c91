//! The abstract interpreter's state: control flow, call contexts, joins of what paths leave behind.

use std::rc::Rc;

use program::driver::{Code, CodeFunctionId, List, NameId, PatternId};
use program::{CallId, Language, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};
use spark::Type;

use crate::data::DataFile;

use super::automaton::{Edge, EdgeKind, Site, SiteKind};
use super::heap::{CellId, Heap, Writes};
use super::names::{Names, Symbol};
use super::value::{Argument, Closure, Frames, Prepared, Value};
use super::{
    Automaton, CallRecord, EvaluationFile, Features, FileId, Limits, LoopRecord, Node, NodeId,
    NodeKind, PathId, PathStep, Place, Reason, SiteId, StateId, TextPattern, Unresolved,
};

/// How many alternatives a value keeps.
pub(super) const ALTERNATIVES: usize = 8;

/// How deep evaluation may nest in itself, whatever the program: the thread's stack is made for it.
pub(super) const NESTING: u32 = 900;

/// A call in progress, or the body of a file.
pub(super) struct Activation {
    pub(super) file: FileId,
    pub(super) scope: CellId,
    pub(super) path: PathId,
    pub(super) function: Option<(FileId, CodeFunctionId)>,
    pub(super) class: Option<CellId>,
    pub(super) receiver: Option<Value>,
    pub(super) returns: Vec<(StateId, Value)>,
    /// Writes of paths that returned.
    pub(super) pending: Vec<Writes>,
    pub(super) loops: Vec<LoopFrame>,
    pub(super) yields: Yields,
    /// Whether it waits at a `yield`: what runs meanwhile is not called by it.
    pub(super) waits: bool,
    /// How many branches and loops of unknown length it was entered in.
    pub(super) perhaps: u32,
    /// Names that belong to an outer scope.
    pub(super) outer: FxHashMap<Symbol, CellId>,
}

/// A loop in progress.
#[derive(Default)]
pub(super) struct LoopFrame {
    pub(super) breaks: Vec<StateId>,
    pub(super) continues: Vec<StateId>,
    /// Writes of paths that left the body.
    pub(super) pending: Vec<Writes>,
}

/// What happens at a `yield`.
#[derive(Clone)]
pub(super) enum Yields {
    /// It is kept, as one of the values of a collection: these, and whether there are no others.
    Collect(Vec<Value>, bool),
    /// The body of a loop runs for it, in the activation that consumes.
    Loop { activation: usize, target: PatternId, body: List },
    /// The body of a `with` runs with it, and its further items before.
    With { activation: usize, items: List, next: usize, body: List },
    /// It is yielded again.
    Again { activation: usize },
}

impl Yields {
    /// What is yielded is collected.
    pub(super) fn collecting() -> Self {
        Yields::Collect(Vec::new(), true)
    }
}

pub(super) struct Interpreter<'a> {
    pub(super) files: &'a [EvaluationFile<'a>],
    pub(super) data: &'a [DataFile],
    /// The file that is run.
    pub(super) program_file: FileId,
    pub(super) resolve: &'a dyn Fn(FileId, &str) -> Option<FileId>,
    pub(super) limits: Limits,
    pub(super) names: Names,
    pub(super) symbols: Vec<Vec<Option<Symbol>>>,
    pub(super) calls_by_name: Vec<Option<FxHashMap<u32, CallId>>>,
    pub(super) heap: Heap,
    pub(super) nodes: Vec<Node>,
    /// Whether a node was made in a pass that only learns types.
    pub(super) rehearsed: Vec<bool>,
    pub(super) automaton: Automaton,
    pub(super) paths: Vec<PathStep>,
    pub(super) path_depths: Vec<u32>,
    pub(super) path_ids: FxHashMap<(PathId, Place), PathId>,
    pub(super) records: Vec<CallRecord>,
    pub(super) loops: FxHashMap<(FileId, TextRange), LoopRecord>,
    pub(super) unresolved: FxHashMap<(Reason, FileId, TextRange), Unresolved>,
    pub(super) current: Option<StateId>,
    /// How many passes that only learn types are in progress.
    pub(super) dry: u32,
    pub(super) activations: Vec<Activation>,
    pub(super) active: usize,
    pub(super) modules: FxHashMap<FileId, CellId>,
    pub(super) loaded: Vec<FileId>,
    pub(super) views: CellId,
    pub(super) instances: FxHashMap<(FileId, program::driver::ClassId), Vec<CellId>>,
    pub(super) index: super::index::Index,
    /// Names of folders and modules of the workspace.
    pub(super) own_names: FxHashSet<Box<str>>,
    /// How many branches and loops of unknown length are around what is evaluated.
    pub(super) perhaps: u32,
    /// Whether the last function was not entered, for recursion, depth or steps.
    pub(super) refused: bool,
    /// How often a `yield` handed over to the body of a loop or a `with`.
    pub(super) handed_over: u64,
    /// Whether this is a function that is evaluated alone.
    pub(super) alone: bool,
    /// Whether the call at hand is one of a guessed type.
    pub(super) guessing: bool,
    /// Scala's classes whose body ran.
    pub(super) built: FxHashSet<(FileId, program::driver::ClassId)>,
    pub(super) reached: FxHashSet<(FileId, CodeFunctionId)>,
    /// Steps of this program so far.
    pub(super) steps: u64,
    /// Steps up to which functions are entered.
    pub(super) budget: u64,
    /// Steps of the programs before.
    pub(super) total_steps: u64,
    pub(super) nesting: u32,
    /// Whether the last path that ended did so by an exception.
    pub(super) raised: bool,
}

impl<'a> Interpreter<'a> {
    pub(super) fn activation(&mut self) -> &mut Activation {
        let active = self.active.min(self.activations.len().saturating_sub(1));
        &mut self.activations[active]
    }

    pub(super) fn file(&self) -> FileId {
        self.activations.get(self.active).map_or(FileId(0), |it| it.file)
    }

    pub(super) fn code(&self) -> &'a Code {
        &self.files[self.file().index()].program.driver
    }

    pub(super) fn code_of(&self, file: FileId) -> &'a Code {
        &self.files[file.index()].program.driver
    }

    pub(super) fn language(&self) -> Language {
        self.files[self.file().index()].program.language
    }

    pub(super) fn path(&self) -> PathId {
        self.activations.get(self.active).map_or(PathId(0), |it| it.path)
    }

    /// Steps of this program: statements and expressions, and what lists hold.
    pub(super) fn spent(&self) -> u64 {
        self.steps + self.heap.handled / 4
    }

    /// Whether no further function is entered.
    pub(super) fn tired(&self) -> bool {
        self.spent() >= self.budget || self.nodes.len() >= self.limits.nodes
    }

    /// Whether nothing more is evaluated.
    pub(super) fn exhausted(&self) -> bool {
        self.spent() >= self.budget.saturating_mul(2)
            || self.nodes.len() >= self.limits.nodes.saturating_mul(2)
    }

    pub(super) fn symbol_in(&mut self, file: FileId, name: NameId) -> Symbol {
        let known =
            self.symbols.get(file.index()).and_then(|it| it.get(name.index())).copied().flatten();
        if let Some(symbol) = known {
            return symbol;
        }
        let text = self.code_of(file).name(name);
        let symbol = self.names.symbol(text);
        if let Some(slot) = self.symbols.get_mut(file.index()) {
            if slot.len() <= name.index() {
                slot.resize(name.index() + 1, None);
            }
            slot[name.index()] = Some(symbol);
        }
        symbol
    }

    pub(super) fn symbol(&mut self, name: NameId) -> Symbol {
        self.symbol_in(self.file(), name)
    }

    pub(super) fn place(&self, name: TextRange, call: TextRange) -> Place {
        Place { file: self.file(), name, call }
    }

    /// The call of Spark's API that the file's own lowering found at a method's name.
    pub(super) fn lowered_call(&mut self, place: Place) -> Option<CallId> {
        let files = self.files;
        let slot = self.calls_by_name.get_mut(place.file.index())?;
        let calls = slot.get_or_insert_with(|| {
            files[place.file.index()]
                .program
                .calls_with_ids()
                .map(|(id, call)| (call.name_range.start, id))
                .collect()
        });
        calls.get(&place.name.start).copied()
    }

    // The automaton.

    pub(super) fn new_state(&mut self) -> StateId {
        if self.dry > 0 {
            return StateId(u32::MAX);
        }
        let state = StateId(self.automaton.states);
        self.automaton.states += 1;
        state
    }

    pub(super) fn edge(&mut self, from: StateId, to: StateId, kind: EdgeKind) {
        if self.dry == 0 && from != to {
            self.automaton.edges.push(Edge { from, to, kind });
        }
    }

    /// The state in which several paths meet.
    pub(super) fn meet(&mut self, states: &[StateId]) -> Option<StateId> {
        let mut unique: Vec<StateId> = Vec::new();
        for &state in states {
            if !unique.contains(&state) {
                unique.push(state);
            }
        }
        match unique.as_slice() {
            [] => None,
            [only] => Some(*only),
            _ => {
                let state = self.new_state();
                for from in unique {
                    self.edge(from, state, EdgeKind::Empty);
                }
                Some(state)
            }
        }
    }

    pub(super) fn site(&mut self, site: Site) {
        let Some(from) = self.current else { return };
        if self.dry > 0 || self.automaton.sites.len() >= self.limits.sites {
            if self.dry == 0 {
                self.note(Reason::Budget, site.place, &site.method);
            }
            return;
        }
        let id = SiteId(self.automaton.sites.len() as u32);
        let guessed = self.guessing;
        self.automaton.sites.push(Site { guessed, ..site });
        let to = self.new_state();
        self.edge(from, to, EdgeKind::Site(id));
        self.current = Some(to);
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn plain_site(
        &mut self,
        kind: SiteKind,
        method: &str,
        receiver: Type,
        place: Place,
        node: Option<NodeId>,
        features: Features,
        (optional, repeats): (bool, bool),
    ) {
        let site = Site {
            kind,
            method: method.to_owned(),
            receiver,
            place,
            path: self.path(),
            node,
            optional,
            repeats,
            features,
            batch: None,
            guessed: false,
        };
        self.site(site);
    }

    // Lineage.

    pub(super) fn node(
        &mut self,
        kind: NodeKind,
        value: Type,
        method: &str,
        place: Option<Place>,
        parents: Vec<NodeId>,
        features: Features,
    ) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node {
            kind,
            value,
            method: method.to_owned(),
            place,
            path: self.path(),
            parents,
            features,
            cached: Vec::new(),
        });
        self.rehearsed.push(self.dry > 0);
        id
    }

    /// A dataset that comes from code that is not known.
    pub(super) fn opaque_dataset(
        &mut self,
        value: Type,
        frames: &[NodeId],
        place: Place,
    ) -> NodeId {
        let features = Features { names_open: true, literals_open: true, ..Features::default() };
        self.node(NodeKind::Opaque, value, "", Some(place), frames.to_vec(), features)
    }

    pub(super) fn call_path(&mut self, place: Place) -> PathId {
        let parent = self.path();
        if let Some(&id) = self.path_ids.get(&(parent, place)) {
            return id;
        }
        let id = PathId(self.paths.len() as u32);
        self.paths.push(PathStep { parent, place });
        let depth = self.path_depths.get(parent.0 as usize).copied().unwrap_or(0) + 1;
        self.path_depths.push(depth);
        self.path_ids.insert((parent, place), id);
        id
    }

    /// Counts what is not resolved.
    pub(super) fn note(&mut self, reason: Reason, place: Place, name: &str) {
        if self.dry > 0 {
            return;
        }
        if self.unresolved.len() >= self.limits.unresolved
            && !self.unresolved.contains_key(&(reason, place.file, place.name))
        {
            let other = self.unresolved.iter_mut().find(|it| it.0.0 == reason);
            if let Some((_, entry)) = other {
                entry.count += 1;
            }
            return;
        }
        self.unresolved
            .entry((reason, place.file, place.name))
            .or_insert_with(|| Unresolved { reason, place, name: name.to_owned(), count: 0 })
            .count += 1;
    }

    // Datasets within values.

    pub(super) fn frames(&self, value: &Value) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        self.collect_frames(value, 4, &mut seen, &mut found);
        found
    }

    pub(super) fn frames_of<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        for value in values {
            self.collect_frames(value, 4, &mut seen, &mut found);
        }
        found
    }

    fn collect_frames(
        &self,
        value: &Value,
        depth: u32,
        seen: &mut FxHashSet<CellId>,
        found: &mut Vec<NodeId>,
    ) {
        if depth == 0 || found.len() > 64 {
            return;
        }
        let mut add = |node: NodeId| {
            if !found.contains(&node) {
                found.push(node);
            }
        };
        match value {
            Value::Unknown(frames) | Value::Library(_, frames) => {
                frames.iter().flat_map(|it| it.iter()).for_each(|node| add(*node));
            }
            Value::Spark(value) if value.kind.is_dataset() => {
                value.node.into_iter().for_each(add);
            }
            Value::Sequence(cell) => {
                if seen.insert(*cell)
                    && let Some(sequence) = self.heap.sequence_of(*cell)
                {
                    for item in sequence.items.iter().take(64) {
                        self.collect_frames(item, depth - 1, seen, found);
                    }
                }
            }
            Value::Mapping(cell) => {
                if seen.insert(*cell)
                    && let Some(mapping) = self.heap.mapping_of(*cell)
                {
                    for (_, item) in mapping.entries.iter().take(64) {
                        self.collect_frames(item, depth - 1, seen, found);
                    }
                }
            }
            Value::Instance(cell) if seen.insert(*cell) && depth > 2 => {
                for (_, item) in self.heap.names(*cell) {
                    self.collect_frames(&item, depth - 2, seen, found);
                }
            }
            Value::Alternatives(values) => {
                for item in values.iter() {
                    self.collect_frames(item, depth - 1, seen, found);
                }
            }
            _ => {}
        }
    }

    // Joins.

    /// One of several datasets.
    pub(super) fn phi(&mut self, value: Type, parents: Vec<NodeId>) -> NodeId {
        self.node(NodeKind::Phi, value, "", None, parents, Features::default())
    }

    // Names.

    pub(super) fn lookup(&self, name: Symbol) -> Option<Value> {
        let activation = self.activations.get(self.active)?;
        if let Some(cell) = activation.outer.get(&name)
            && let Some(value) = self.heap.get(*cell, name)
        {
            return Some(value);
        }
        self.lookup_from(activation.scope, name)
    }

    pub(super) fn lookup_from(&self, scope: CellId, name: Symbol) -> Option<Value> {
        use super::heap::NamesKind;
        let mut cell = Some(scope);
        let mut steps = 0;
        while let Some(here) = cell
            && steps < 200
        {
            steps += 1;
            if let Some(value) = self.heap.get(here, name) {
                return Some(value);
            }
            cell = match self.heap.kind(here) {
                Some(NamesKind::Scope(parent)) => *parent,
                Some(NamesKind::Class(class)) => Some(class.scope),
                Some(NamesKind::Instance(_, scope)) => *scope,
                None => None,
            };
        }
        None
    }

    pub(super) fn bind_name(&mut self, name: Symbol, value: Value) {
        let activation = self.activation();
        let cell = activation.outer.get(&name).copied().unwrap_or(activation.scope);
        self.heap.set(cell, name, value);
    }

    pub(super) fn prepared(
        closure: &Rc<Closure>,
        bound: Option<Value>,
        arguments: Vec<Argument>,
        call: Place,
    ) -> Rc<Prepared> {
        Rc::new(Prepared { closure: Rc::clone(closure), bound, arguments, call })
    }

    /// The text that a value is, with wildcards for what is not known of it.
    pub(super) fn text_of(&self, value: &Value) -> TextPattern {
        match value {
            Value::Text(text) => text.clone(),
            Value::Integer(value) => TextPattern::exact(&value.to_string()),
            Value::Boolean(value) => TextPattern::exact(if *value { "True" } else { "False" }),
            Value::Float(value) => TextPattern::exact(&format!("{value:?}")),
            Value::Alternatives(values) => {
                let mut texts = values
                    .iter()
                    .filter(|it| !matches!(it, Value::Null))
                    .map(|it| self.text_of(it));
                match texts.next() {
                    Some(first) => texts.fold(first, |a, b| a.join(&b)),
                    None => TextPattern::unknown(),
                }
            }
            _ => TextPattern::unknown(),
        }
    }

    pub(super) fn frames_value(frames: Vec<NodeId>) -> Frames {
        if frames.is_empty() { None } else { Some(frames.into()) }
    }
}

/// The dataset that a value is, among other things that it may be.
pub(super) fn dataset_in(value: &Value) -> Option<Value> {
    match value {
        Value::Spark(spark) if spark.kind.is_dataset() && spark.node.is_some() => {
            Some(value.clone())
        }
        Value::Alternatives(values) => values.iter().find_map(dataset_in),
        _ => None,
    }
}
