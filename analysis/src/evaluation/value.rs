//! What an expression of the driver may evaluate to.

use std::rc::Rc;

use program::driver::{ClassId, CodeFunctionId};
use spark::Type;

use super::heap::CellId;
use super::names::Symbol;
use super::{Features, FileId, NodeId, TextPattern};

/// A value. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Not known, but it may hold these datasets.
    Unknown(Frames),
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(TextPattern),
    /// A list, tuple or set.
    Sequence(CellId),
    Mapping(CellId),
    Spark(Rc<SparkValue>),
    Column(Rc<Features>),
    /// A user-defined function for the executors, by its name.
    ExecutorFunction(Symbol),
    Function(Rc<Closure>),
    /// A function with its first argument.
    Bound(Rc<(Value, Rc<Closure>)>),
    /// A callable with some of its arguments.
    Partial(Rc<(Value, Vec<Argument>)>),
    Class(CellId),
    Instance(CellId),
    /// What a class says beyond the class given: the receiver and where the search begins.
    Super(CellId, CellId),
    Module(FileId),
    /// Something of a library, by its path.
    Path(Symbol),
    /// A method of a value that is not a function of the workspace: `df.show`, `names.append`.
    Method(Rc<(Value, Symbol)>),
    /// A generator function's call, not yet run.
    Generator(Rc<Prepared>),
    /// What a `contextmanager` gives, not yet entered.
    Context(Rc<Prepared>),
    /// One of these.
    Alternatives(Rc<[Value]>),
    /// A file of this path, opened, or what was read from it.
    File(TextPattern),
    /// An executor of threads or processes.
    Pool,
    /// An object of a library, by the path of what made it, with the datasets it may hold.
    Library(Symbol, Frames),
}

/// Datasets that a value which is not known may hold.
pub(super) type Frames = Option<Rc<[NodeId]>>;

/// A value of Spark's API.
#[derive(Debug, Clone)]
pub(super) struct SparkValue {
    pub(super) kind: Type,
    /// The dataset that it is or belongs to.
    pub(super) node: Option<NodeId>,
    /// What readers, writers and builders were told.
    pub(super) settings: Rc<Vec<Setting>>,
    /// What a column, a window or a writer's settings say of columns.
    pub(super) features: Rc<Features>,
    /// The function of `foreachBatch`.
    pub(super) batch: Option<Value>,
}

/// One setting of a reader, writer or builder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) name: Rc<str>,
    pub(super) value: TextPattern,
}

/// A function with the names around it.
#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub(super) file: FileId,
    pub(super) function: CodeFunctionId,
    /// Where its free names are looked up.
    pub(super) scope: CellId,
    /// The class it is defined in.
    pub(super) class: Option<CellId>,
    pub(super) kind: FunctionKind,
}

/// How a function is bound and called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FunctionKind {
    Plain,
    Static,
    Class,
    Property,
    Context,
}

/// A call whose body is yet to run.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) closure: Rc<Closure>,
    pub(super) bound: Option<Value>,
    pub(super) arguments: Vec<Argument>,
    pub(super) call: super::Place,
}

/// An argument that was evaluated.
#[derive(Debug, Clone)]
pub(super) struct Argument {
    pub(super) name: Option<Symbol>,
    pub(super) value: Value,
    /// Whether it stands for any number of further arguments.
    pub(super) rest: bool,
}

impl Argument {
    pub(super) fn positional(value: Value) -> Self {
        Self { name: None, value, rest: false }
    }
}

/// A class as defined.
#[derive(Debug, Clone)]
pub(super) struct ClassCell {
    pub(super) file: FileId,
    pub(super) class: ClassId,
    pub(super) name: Symbol,
    pub(super) bases: Vec<Value>,
    /// The names around it.
    pub(super) scope: CellId,
    /// The class of the same name beside a Scala object.
    pub(super) companion: Option<CellId>,
}

pub(super) const UNKNOWN: Value = Value::Unknown(None);

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Value::Text(TextPattern::exact(text))
    }

    pub(super) fn spark(kind: Type, node: Option<NodeId>) -> Self {
        Value::Spark(Rc::new(SparkValue {
            kind,
            node,
            settings: Rc::default(),
            features: Rc::default(),
            batch: None,
        }))
    }

    pub(super) fn may_hold(frames: &[NodeId]) -> Self {
        if frames.is_empty() { UNKNOWN } else { Value::Unknown(Some(frames.into())) }
    }

    /// Whether nothing is known of what it is.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown(_) | Value::Library(..))
    }

    /// The dataset that it is.
    pub(super) fn dataset(&self) -> Option<NodeId> {
        match self {
            Value::Spark(value) if value.kind.is_dataset() => value.node,
            _ => None,
        }
    }

    /// Whether it can be called.
    pub(super) fn is_callable(&self) -> bool {
        match self {
            Value::Function(_)
            | Value::Bound(_)
            | Value::Partial(_)
            | Value::Class(_)
            | Value::Method(_) => true,
            Value::Alternatives(values) => values.iter().any(Value::is_callable),
            _ => false,
        }
    }

    /// Whether the two are the same at a glance: no look into cells.
    pub(super) fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Unknown(a), Value::Unknown(b)) => a == b,
            (Value::Null, Value::Null) | (Value::Pool, Value::Pool) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b)) | (Value::File(a), Value::File(b)) => a == b,
            (Value::Sequence(a), Value::Sequence(b))
            | (Value::Mapping(a), Value::Mapping(b))
            | (Value::Class(a), Value::Class(b))
            | (Value::Instance(a), Value::Instance(b)) => a == b,
            (Value::Super(a, b), Value::Super(c, d)) => a == c && b == d,
            (Value::Module(a), Value::Module(b)) => a == b,
            (Value::Path(a), Value::Path(b))
            | (Value::ExecutorFunction(a), Value::ExecutorFunction(b)) => a == b,
            (Value::Spark(a), Value::Spark(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.kind == b.kind
                        && a.node == b.node
                        && a.settings == b.settings
                        && a.features == b.features
                        && a.batch.is_none()
                        && b.batch.is_none())
            }
            (Value::Column(a), Value::Column(b)) => a == b,
            (Value::Function(a), Value::Function(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.file == b.file && a.function == b.function && a.scope == b.scope)
            }
            (Value::Bound(a), Value::Bound(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.0.same(&b.0)
                        && a.1.file == b.1.file
                        && a.1.function == b.1.function
                        && a.1.scope == b.1.scope)
            }
            (Value::Partial(a), Value::Partial(b)) => Rc::ptr_eq(a, b),
            (Value::Method(a), Value::Method(b)) => {
                Rc::ptr_eq(a, b) || (a.1 == b.1 && a.0.same(&b.0))
            }
            (Value::Generator(a), Value::Generator(b)) | (Value::Context(a), Value::Context(b)) => {
                Rc::ptr_eq(a, b)
            }
            (Value::Alternatives(a), Value::Alternatives(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.same(b)))
            }
            (Value::Library(a, b), Value::Library(c, d)) => a == c && b == d,
            _ => false,
        }
    }
}
