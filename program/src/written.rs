//! Calls as they are written, whether or not their receivers are known.

use crate::{CallId, Program, ScopeId, TextRange, Unresolved};
use spark::Type;

/// A call that may be one of Spark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// The method: language-neutral where the receiver is known, else as written.
    pub method: &'a str,
    /// The type that the method was found on, where the receiver is known.
    pub receiver_type: Option<Type>,
    /// The innermost scope.
    pub scope: ScopeId,
    /// The whole call expression, receiver included.
    pub range: TextRange,
    /// The method's own name.
    pub name_range: TextRange,
    /// Whether it stands for a clause of SQL text.
    pub in_sql: bool,
}

impl Program {
    /// A call, or one whose receiver is not known: ids of [`Program::unresolved`] follow those of [`Program::calls`].
    ///
    /// # Panics
    ///
    /// Where the id is of another program.
    #[must_use]
    pub fn written(&self, id: CallId) -> Written<'_> {
        match id.index().checked_sub(self.calls.len()) {
            None => {
                let call = self.call(id);
                Written {
                    method: &call.method,
                    receiver_type: Some(call.receiver_type),
                    scope: call.scope,
                    range: call.range,
                    name_range: call.name_range,
                    in_sql: call.in_sql,
                }
            }
            Some(at) => {
                let call = &self.unresolved[at];
                Written {
                    method: &call.method,
                    receiver_type: None,
                    scope: call.scope,
                    range: call.range,
                    name_range: call.name_range,
                    in_sql: false,
                }
            }
        }
    }

    /// Calls of a method that datasets have, on a receiver that is not known to be one.
    pub fn unresolved_on_datasets(&self) -> impl Iterator<Item = &Unresolved> {
        self.unresolved.iter().filter(|it| it.on_dataset)
    }

    /// All of them, in the order of their ids.
    pub fn all_written(&self) -> impl Iterator<Item = (CallId, Written<'_>)> {
        let count = self.calls.len() + self.unresolved.len();
        (0..count as u32).map(CallId).map(|id| (id, self.written(id)))
    }
}
