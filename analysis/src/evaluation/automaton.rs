//! The automaton whose edges are action sites, and the calls that led to each.

use spark::Type;

use super::{Features, FileId, NodeId, Place};

/// A state of [`Automaton`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub u32);

/// A site in [`Automaton::sites`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u32);

impl SiteId {
    /// The position in [`Automaton::sites`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A call string: a position in [`super::Evaluation::paths`]; the first is the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathId(pub u32);

/// One call of a call string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PathStep {
    /// The calls before it.
    pub parent: PathId,
    /// The call.
    pub place: Place,
}

/// What leaves a trace in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SiteKind {
    /// One root execution, or one job of an RDD: `count`, `collect`, `checkpoint`.
    Action,
    /// One root execution that writes.
    Write,
    /// Jobs of a reader: schema inference, listing of files.
    Read,
    /// A temporary view, or a statement of SQL that defines something.
    View,
    /// Statements of SQL that write: `INSERT`, `CREATE TABLE … AS`, `MERGE`.
    SqlWrite,
    /// A pivot without values collects them first.
    Pivot,
    /// Jobs of a conversion to an RDD, of sampling an RDD.
    RddJobs,
    /// Training and evaluation of models.
    Training,
    /// The start of a streaming query.
    Stream,
}

impl SiteKind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SiteKind::Action => "action",
            SiteKind::Write => "write",
            SiteKind::Read => "read",
            SiteKind::View => "view",
            SiteKind::SqlWrite => "sql-write",
            SiteKind::Pivot => "pivot",
            SiteKind::RddJobs => "rdd-jobs",
            SiteKind::Training => "training",
            SiteKind::Stream => "stream",
        }
    }
}

/// A call that leaves a trace in the log, in one call context.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// What trace.
    pub kind: SiteKind,
    /// The language-neutral method.
    pub method: String,
    /// What it is called on.
    pub receiver: Type,
    /// Where.
    pub place: Place,
    /// The calls that led there, outermost first by following the parents.
    pub path: PathId,
    /// The dataset that it consumes or makes.
    pub node: Option<NodeId>,
    /// Whether it may leave no trace.
    pub optional: bool,
    /// Whether it may leave several.
    pub repeats: bool,
    /// What its own arguments and the writer's or reader's options say: paths, tables, format, mode, limit.
    pub features: Features,
    /// Whether the type of the receiver is a guess: by the only type with such a method, by a dataset that went into unknown code.
    pub guessed: bool,
    /// For a stream with `foreachBatch`: where a micro-batch begins.
    pub batch: Option<StateId>,
}

/// What an edge stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// A site.
    Site(SiteId),
    /// Nothing: control flow.
    Empty,
    /// Nothing: the body of a `try` is left for its handlers.
    Exception,
    /// Nothing: a change between a generator that was collected beforehand and the loop over what it yields, which take turns.
    Interleaving,
}

/// An edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Where it leaves.
    pub from: StateId,
    /// Where it leads.
    pub to: StateId,
    /// What it stands for.
    pub kind: EdgeKind,
}

/// How an entry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file that is run: a script, a notebook, an object with `main`.
    Program,
    /// A function that no program of the workspace was seen to call, evaluated alone: only a jump leads there.
    Fragment,
}

impl EntryKind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EntryKind::Program => "program",
            EntryKind::Fragment => "fragment",
        }
    }
}

/// Where evaluation began.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// How it is reached.
    pub kind: EntryKind,
    /// The file.
    pub file: FileId,
    /// The function, for a fragment; the object, for Scala.
    pub name: String,
    /// Its first state.
    pub start: StateId,
    /// Its last state; none where no path reaches its end.
    pub end: Option<StateId>,
    /// Its states: from `start` up to, not including, this one.
    pub states_end: u32,
    /// Its sites: from this one …
    pub sites_start: u32,
    /// … up to, not including, this one.
    pub sites_end: u32,
}

/// States, edges and sites of all entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Automaton {
    /// Number of states.
    pub states: u32,
    /// Edges, in order of making.
    pub edges: Vec<Edge>,
    /// Sites, in order of evaluation.
    pub sites: Vec<Site>,
    /// Entries, programs before fragments.
    pub entries: Vec<Entry>,
}
