//! What lowering a statement read and what it left, in terms of where it stood then.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use program::summary::{Answer, CallShapes, FunctionName, Question, Shape};
use program::{
    Binding, Bound, Call, Confidence, Expression, Function, FunctionId, Import, Origin, ResultUse,
    Scope, ScopeId, Type, Uncalled, Unresolved, Value, ValueId,
};

use rustc_hash::FxHasher;

use crate::lower::environment::{FrameKind, Meaning};
use crate::lower::functions::Found;
use crate::lower::known::Told;
use crate::lower::linked::Meant;

/// A statement lowered. It stands for the lowering of every statement that says the same wherever all that was read is the same.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) place: Arc<Place>,
    /// Which lowering used it last.
    pub(super) used: AtomicU32,
    /// Whether the path ends in it.
    pub(super) ended: bool,
    pub(super) bases: Bases,
    pub(super) reads: Vec<Read>,
    /// The values from elsewhere, with all that lowering sees of each.
    pub(super) externals: Vec<(ValueId, Seen)>,
    /// How many definitions of the file stand in it.
    pub(super) definitions: u32,
    pub(super) values: Vec<Value>,
    pub(super) calls: Vec<Call>,
    pub(super) bindings: Vec<Binding>,
    /// Function literals.
    pub(super) functions: Vec<Function>,
    pub(super) scopes: Vec<Scope>,
    pub(super) imports: Vec<Import>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) uncalled: Vec<Uncalled>,
    /// Scope and result of each definition.
    pub(super) defined: Vec<(Option<ScopeId>, Expression)>,
    /// What names of the frames around it mean after it, by the frame's level.
    pub(super) names: Vec<(usize, Arc<str>, Option<Meaning>)>,
    pub(super) effects: Vec<Effect>,
}

impl Unit {
    /// Whether nothing can fail that is left for later: all ids are found where the unit is put, and so are places, unless what has none cannot
    /// be told from the beginning of the text.
    pub(super) fn completes_later(&self, to: &Bases) -> bool {
        self.bases.start > 0 || to.start == 0
    }
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The frames around it, with the classes that they are of.
    pub(super) frames: Vec<(FrameKind, Option<Arc<str>>)>,
    pub(super) depth: u32,
    /// What is imported of everything, by its fingerprint.
    pub(super) stars: u64,
}

impl Place {
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        for (_, class) in &self.frames {
            class.hash(&mut hasher);
        }
        (self.depth, self.stars).hash(&mut hasher);
        hasher.finish()
    }
}

/// The first ids that were free, and the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bases {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) values: u32,
    pub(super) calls: u32,
    pub(super) bindings: u32,
    pub(super) functions: u32,
    pub(super) scopes: u32,
    /// The first definition in it.
    pub(super) definitions: u32,
    /// The scope that it stands in.
    pub(super) scope: ScopeId,
}

/// Something that was asked of what came before, with the answer.
#[derive(Debug, Clone)]
pub(super) enum Read {
    /// What a name means that the statement does not bind itself; `here` tells that no function lies between.
    Name {
        name: Box<str>,
        here: bool,
        meaning: Option<Meaning>,
    },
    /// What a name meant in a frame before the statement bound it there.
    Bound {
        level: usize,
        name: Arc<str>,
        meaning: Option<Meaning>,
    },
    /// What the open body of a class binds.
    OfClass {
        class: Arc<str>,
        name: Box<str>,
        meaning: Option<Meaning>,
    },
    /// What the body of a class that has run bound.
    Member {
        class: Box<str>,
        name: Box<str>,
        meaning: Option<Meaning>,
    },
    Ambient {
        name: Box<str>,
        value: Option<ValueId>,
    },
    Foreign {
        key: Box<str>,
        meaning: Option<Meaning>,
    },
    /// The temporary views of a name: whether each was made in a scope around the statement, and whether in a function.
    View {
        name: Box<str>,
        views: Vec<(bool, bool, ValueId)>,
    },
    /// What a function elsewhere in the file was found to return.
    Returns {
        function: usize,
        shape: Option<Shape>,
    },
    /// Whether a function was found to be given to Spark.
    Closure {
        function: usize,
        closure: bool,
    },
    Known(Told),
    Path {
        path: Box<str>,
        meant: Meant,
    },
    Free {
        name: Box<str>,
        meant: Option<Meant>,
    },
    Question {
        question: Question,
        answer: Answer,
    },
}

/// Something that is left behind outside of the program's own vectors.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Ambient(Box<str>, ValueId),
    Foreign(Box<str>, Meaning),
    Found(Found),
    CallsOut(FunctionName, CallShapes),
    Star(Star),
    View {
        name: String,
        scope: ScopeId,
        value: ValueId,
    },
    /// What a clause of another statement's query is used for.
    UsedInSql(ValueId, ResultUse),
}

/// An import of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lower) enum Star {
    /// Of a part of Spark.
    Spark(Arc<str>),
    /// Of Spark's column functions.
    Functions,
    /// Of Spark's implicits.
    Implicits,
    /// Of what may be of the workspace.
    Workspace(Arc<str>),
}

/// All that lowering sees of a value that another statement made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: Type,
    pub(super) confidence: Confidence,
    pub(super) bound: Option<Bound>,
    /// Its origin, as far as its form goes.
    pub(super) form: Form,
    /// The name that a guess goes back to, and over how many steps.
    pub(super) guess: Option<(Box<str>, u32)>,
    /// Whether it stands for a clause of SQL text.
    pub(super) in_sql: bool,
    pub(super) declared_only: bool,
    /// Its origin then, for values that are copied.
    pub(super) origin: Same<Origin>,
}

/// An origin without its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Call,
    Parameter,
    /// How sure the surest of them is.
    Merge(Option<Confidence>),
    Loop,
    Ambient,
    Returned,
}

/// What is carried along and compared with nothing.
#[derive(Debug, Clone)]
pub(super) struct Same<T>(pub(super) T);

impl<T> PartialEq for Same<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Same<T> {}

/// Which ids of a unit stand for which of the program that it is put into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Externals {
    pub(super) values: Vec<(ValueId, ValueId)>,
    pub(super) functions: Vec<(FunctionId, FunctionId)>,
}
