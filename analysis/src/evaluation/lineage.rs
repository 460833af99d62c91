//! Versions of datasets and how they come from one another, per call context.

use program::TextRange;
use spark::Type;

use super::{FileId, PathId, TextPattern};

/// A version of a dataset in [`super::Evaluation::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The position in [`super::Evaluation::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The name of the method or function itself.
    pub name: TextRange,
    /// The whole call.
    pub call: TextRange,
}

/// What a call makes of its parents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// From a file, a table or another source.
    Read,
    /// From rows of the driver, a range, or nothing.
    Create,
    /// Rows by a condition.
    Filter,
    /// Columns chosen or made.
    Project,
    /// `explode` and its like as the method's own doing, `flatMap`.
    Generate,
    /// A join.
    Join,
    /// `groupBy` and its like: the aggregation follows.
    Grouping,
    /// An aggregation.
    Aggregate,
    /// `distinct`, `dropDuplicates`.
    Distinct,
    /// `orderBy`, `sort`.
    Sort,
    /// Sorted within partitions.
    LocalSort,
    /// A union.
    Union,
    /// `intersect`, `except`.
    SetOperation,
    /// `limit`.
    Limit,
    /// `sample`, `randomSplit`.
    Sample,
    /// `repartition`.
    Repartition,
    /// `coalesce`.
    Coalesce,
    /// Rows through a function of Python or Scala.
    Map,
    /// The result of SQL text.
    Sql,
    /// The same rows by another name, with a hint, cached.
    Alias,
    /// `checkpoint`, `localCheckpoint`.
    Checkpoint,
    /// Converted between `DataFrame` and `RDD`.
    Convert,
    /// A micro-batch given to a function of `foreachBatch`.
    Batch,
    /// A parameter of a function that is evaluated alone.
    Parameter,
    /// One of its parents: branches that merge, loops that carry.
    Phi,
    /// Another transformation without a shuffle.
    Narrow,
    /// Another transformation with a shuffle.
    Wide,
    /// Made by code that is not known from its parents.
    Opaque,
}

impl NodeKind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Read => "read",
            NodeKind::Create => "create",
            NodeKind::Filter => "filter",
            NodeKind::Project => "project",
            NodeKind::Generate => "generate",
            NodeKind::Join => "join",
            NodeKind::Grouping => "grouping",
            NodeKind::Aggregate => "aggregate",
            NodeKind::Distinct => "distinct",
            NodeKind::Sort => "sort",
            NodeKind::LocalSort => "local-sort",
            NodeKind::Union => "union",
            NodeKind::SetOperation => "set-operation",
            NodeKind::Limit => "limit",
            NodeKind::Sample => "sample",
            NodeKind::Repartition => "repartition",
            NodeKind::Coalesce => "coalesce",
            NodeKind::Map => "map",
            NodeKind::Sql => "sql",
            NodeKind::Alias => "alias",
            NodeKind::Checkpoint => "checkpoint",
            NodeKind::Convert => "convert",
            NodeKind::Batch => "batch",
            NodeKind::Parameter => "parameter",
            NodeKind::Phi => "phi",
            NodeKind::Narrow => "narrow",
            NodeKind::Wide => "wide",
            NodeKind::Opaque => "opaque",
        }
    }
}

/// A version of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What made it.
    pub kind: NodeKind,
    /// The type of the value.
    pub value: Type,
    /// The language-neutral method; empty for a phi.
    pub method: String,
    /// The call; none for a phi or a parameter.
    pub place: Option<Place>,
    /// The calls that led here.
    pub path: PathId,
    /// What it was made from. A loop can make these cyclic.
    pub parents: Vec<NodeId>,
    /// What the call says.
    pub features: Features,
    /// Where it is cached or persisted.
    pub cached: Vec<Place>,
}

/// What the arguments of a call, and of the calls that prepared it, say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Names of columns.
    pub columns: Vec<String>,
    /// Names that it gives.
    pub aliases: Vec<String>,
    /// Literals as Spark prints them, without quotes.
    pub literals: Vec<String>,
    /// Functions by Spark's names, and user-defined ones.
    pub functions: Vec<String>,
    /// Paths that are read or written.
    pub paths: Vec<TextPattern>,
    /// Tables and views.
    pub tables: Vec<TextPattern>,
    /// Keys of a join, a grouping, a distinct, a sort or a partitioning.
    pub keys: Vec<String>,
    /// The type of a join, the number of a limit, of partitions, the format: what else is told, by name.
    pub details: Vec<(&'static str, TextPattern)>,
    /// Whether there may be further names.
    pub names_open: bool,
    /// Whether there may be further literals.
    pub literals_open: bool,
}

impl Features {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Features::default()
    }

    /// What is told by this name.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&TextPattern> {
        self.details.iter().find(|detail| detail.0 == name).map(|detail| &detail.1)
    }

    pub(super) fn add(&mut self, other: &Features) {
        fn union<T: Clone + PartialEq>(into: &mut Vec<T>, from: &[T]) {
            for item in from {
                if into.len() < MOST && !into.contains(item) {
                    into.push(item.clone());
                }
            }
        }
        union(&mut self.columns, &other.columns);
        union(&mut self.aliases, &other.aliases);
        union(&mut self.literals, &other.literals);
        union(&mut self.functions, &other.functions);
        union(&mut self.paths, &other.paths);
        union(&mut self.tables, &other.tables);
        union(&mut self.keys, &other.keys);
        union(&mut self.details, &other.details);
        self.names_open |= other.names_open;
        self.literals_open |= other.literals_open;
    }

    pub(super) fn column(&mut self, name: &str) {
        insert(&mut self.columns, name);
    }

    pub(super) fn alias(&mut self, name: &str) {
        insert(&mut self.aliases, name);
    }

    pub(super) fn literal(&mut self, text: &str) {
        insert(&mut self.literals, text);
    }

    pub(super) fn function(&mut self, name: &str) {
        insert(&mut self.functions, name);
    }

    pub(super) fn detail_of(&mut self, name: &'static str, value: TextPattern) {
        self.details.retain(|detail| detail.0 != name);
        self.details.push((name, value));
    }
}

/// How many of one sort a call keeps.
const MOST: usize = 200;

fn insert(into: &mut Vec<String>, text: &str) {
    if into.len() < MOST && !text.is_empty() && !into.iter().any(|it| it == text) {
        into.push(text.to_owned());
    }
}
