//! The abstract evaluation of the driver's code over a workspace.
//!
//! Statements are walked in the order in which the driver would run them, calls are entered wherever they resolve, and every value is
//! what can be said of it without running anything: constants with wildcards for what is not known, lists and mappings, functions,
//! classes and instances, and values of Spark's. Two things come of it. One is the *lineage*: every version of a dataset, made anew for
//! each call context, with what the source says of it ([`Node`]). The other is the *automaton* whose edges are the calls that leave a trace
//! in an event log ([`Automaton`], [`Site`]): each run of the program is a walk through it, so that the executions of a log can
//! be matched against it in order.
//!
//! Nothing fails and everything is bounded: steps, call depth, recursion, alternatives of a value, sizes of texts and lists. Past a bound
//! a value is not known, and [`Evaluation::unresolved`] counts where that cost something.

mod actions;
mod automaton;
mod binding;
mod builtins;
mod calls;
mod classes;
mod collections;
mod columns;
mod containers;
mod data_files;
mod definitions;
mod dispatch;
mod display;
mod entries;
mod equality;
mod expressions;
mod formatting;
mod generators;
mod heap;
mod index;
mod interpreter;
mod items;
mod joins;
mod lineage;
mod loops;
mod machine_learning;
mod methods;
mod modules;
mod names;
mod objects;
mod operators;
mod parameter_lists;
mod pattern;
mod records;
mod reflection;
mod result;
mod spark_calls;
mod sql;
mod statements;
mod transformations;
mod value;
mod views;

use program::{Program, TextRange};
use spark::Type;

pub use automaton::{
    Automaton, Edge, EdgeKind, Entry, EntryKind, PathId, PathStep, Site, SiteId, SiteKind, StateId,
};
pub use lineage::{Features, Node, NodeId, NodeKind, Place};
pub use pattern::TextPattern;

use crate::data::DataFile;

/// A file: its position in the list that was given to [`evaluate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl FileId {
    /// The position in the list.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A file of the workspace.
#[derive(Debug, Clone, Copy)]
pub struct EvaluationFile<'a> {
    /// Its name, by which imports find it: relative to the workspace or absolute, parts parted by `/`.
    pub path: &'a str,
    /// Its program.
    pub program: &'a Program,
}

/// How far evaluation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps of one program: statements, expressions, and items that are handled. From here on no function is entered; from twice as many on
    /// nothing is evaluated.
    pub steps: u64,
    /// Steps of one function that is evaluated alone.
    pub fragment_steps: u64,
    /// Steps of all programs and functions.
    pub total_steps: u64,
    /// Calls within calls.
    pub depth: u32,
    /// Items of a list that a loop is unrolled for.
    pub unrolled: usize,
    /// Datasets, in all.
    pub nodes: usize,
    /// Sites, in all.
    pub sites: usize,
    /// Calls of Spark's API that are recorded, in all.
    pub records: usize,
    /// Places in [`Evaluation::unresolved`].
    pub unresolved: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 400_000,
            fragment_steps: 20_000,
            total_steps: 8_000_000,
            depth: 14,
            unrolled: 60,
            nodes: 400_000,
            sites: 50_000,
            records: 200_000,
            unresolved: 5_000,
        }
    }
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// What is called is not of the workspace and not known, and a dataset, a session or a function goes in.
    UnknownCallee,
    /// A method of something of which nothing is known.
    UnknownReceiver,
    /// A method that Spark's class does not have.
    UnknownMethod,
    /// A function that is in progress twice already.
    Recursion,
    /// More calls within calls than [`Limits::depth`].
    Depth,
    /// More steps, datasets or sites than [`Limits`] allow.
    Budget,
}

impl Reason {
    /// The words for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::UnknownCallee => "unknown callee",
            Reason::UnknownReceiver => "unknown receiver",
            Reason::UnknownMethod => "unknown method",
            Reason::Recursion => "recursion",
            Reason::Depth => "depth",
            Reason::Budget => "budget",
        }
    }
}

/// A place where evaluation did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Why.
    pub reason: Reason,
    /// Where.
    pub place: Place,
    /// What is called; empty where it has no name.
    pub name: String,
    /// How often, over all call contexts.
    pub count: u32,
}

/// A value as far as the source says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// Not known.
    Unknown,
    /// `None`, `null`.
    Null,
    /// A truth value.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A text, with wildcards.
    Text(TextPattern),
    /// A list, tuple or set.
    List {
        /// Its items.
        items: Vec<Constant>,
        /// Whether these are all.
        complete: bool,
    },
    /// A mapping.
    Mapping {
        /// Its entries.
        entries: Vec<(Constant, Constant)>,
        /// Whether these are all.
        complete: bool,
    },
    /// A dataset.
    Dataset(NodeId),
    /// A column: what it says.
    Column(Box<Features>),
    /// A function by its name; empty for a lambda.
    Function(String),
    /// One of these.
    Alternatives(Vec<Constant>),
}

/// A call of Spark's API in one call context.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The language-neutral method.
    pub method: &'static str,
    /// What it is called on.
    pub receiver: Type,
    /// The dataset that the receiver is or belongs to.
    pub node: Option<NodeId>,
    /// Where.
    pub place: Place,
    /// The calls that led there.
    pub path: PathId,
    /// With what.
    pub arguments: Vec<ArgumentValue>,
}

/// An argument of a [`CallRecord`].
#[derive(Debug, Clone, PartialEq)]
pub struct ArgumentValue {
    /// Its keyword.
    pub name: Option<String>,
    /// Its value.
    pub value: Constant,
    /// Whether it stands for any number of further arguments.
    pub rest: bool,
}

/// A loop over a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopRecord {
    /// The file.
    pub file: FileId,
    /// The statement.
    pub range: TextRange,
    /// How often its body runs, the most of all call contexts; none where that is not known.
    pub iterations: Option<u64>,
    /// Whether it was run in a function that was evaluated alone, whose parameters may be other ones.
    pub alone: bool,
}

/// What evaluation found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// The automaton of action sites.
    pub automaton: Automaton,
    /// Versions of datasets. Parents need not stand before what is made of them: loops carry.
    pub nodes: Vec<Node>,
    /// Call strings; the first is the empty one.
    pub paths: Vec<PathStep>,
    /// Calls of Spark's API, in order of evaluation.
    pub records: Vec<CallRecord>,
    /// Loops, by file and position.
    pub loops: Vec<LoopRecord>,
    /// Where evaluation did not go on, by file and position.
    pub unresolved: Vec<Unresolved>,
    /// Steps that were taken.
    pub steps: u64,
}

impl Evaluation {
    /// A dataset.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The calls that lead to `path`, outermost first.
    #[must_use]
    pub fn call_string(&self, path: PathId) -> Vec<Place> {
        let mut calls = Vec::new();
        let mut at = path;
        while at.0 != 0
            && let Some(step) = self.paths.get(at.0 as usize)
        {
            calls.push(step.place);
            at = step.parent;
        }
        calls.reverse();
        calls
    }
}

/// How much stack the thread of an evaluation has. It is made for the nesting that the interpreter allows itself.
const STACK: usize = 256 << 20;

/// Evaluates the driver's code of a workspace: each file that is run, then each function with calls of Spark's that nothing reached.
///
/// Runs in a thread of its own, whose stack is made for it. Where the system gives none, nothing was evaluated.
#[must_use]
pub fn evaluate(files: &[EvaluationFile<'_>], limits: &Limits) -> Evaluation {
    evaluate_with(files, &[], limits)
}

/// The same with the data files that programs may be configured by.
#[must_use]
pub fn evaluate_with(
    files: &[EvaluationFile<'_>],
    data: &[DataFile],
    limits: &Limits,
) -> Evaluation {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("evaluation".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || entries::run(files, data, limits))
            .map_or_else(
                |_| Evaluation::default(),
                |thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            )
    })
}
