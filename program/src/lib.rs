//! The model of what one source file asks Spark to do: calls, dataset versions with lineage, scopes, bindings.
//!
//! A [`Program`] is a plain value: it holds byte ranges, no tree and no lifetimes, and it does not know which language's
//! syntax it came from beyond [`Program::language`]. The same job written in Python and in Scala has the same
//! [text form](Program::to_text).

pub mod driver;
mod expression;
mod key;
mod line_index;
mod lineage;
mod model;
mod outline;
mod range;
pub mod summary;
mod text;
mod written;

pub use expression::{Expression, Literal, TextPart};
pub use key::CallKey;
pub use line_index::LineIndex;
pub use model::{
    Argument, Binding, Bound, BoundReason, Call, CallId, Cell, Comment, Comparison, Confidence,
    Function, FunctionId, Import, Origin, Program, Receiver, ResultUse, Scope, ScopeId, ScopeKind,
    Uncalled, Unresolved, UnresolvedReason, Value, ValueId,
};
pub use outline::Outline;
pub use range::TextRange;
pub use spark::{Effect, Language, Type};
pub use summary::{Alone, Links, Summary};
pub use written::Written;
