//! Keys that find a call again after edits elsewhere in its file.

use crate::{CallId, Program, ScopeKind, Written};

/// Names a call by what it is rather than where it stands: evidence is stored under it and moves with the code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    /// Names of the enclosing classes and functions, outermost first, joined by dots.
    pub path: String,
    /// The language-neutral method.
    pub method: String,
    /// The chain of methods that leads to the receiver, nearest first, joined by dots.
    pub receiver: String,
    /// Position among the calls of the file that are alike in all of the above, from 0.
    pub ordinal: u32,
}

/// How many methods of the receiver's chain take part in a key: enough to tell calls apart, few enough to survive edits upstream.
const CHAIN: usize = 4;

impl Program {
    /// The keys of all calls, in the order of [`Program::calls`], then of those in [`Program::unresolved`].
    #[must_use]
    pub fn call_keys(&self) -> Vec<CallKey> {
        let mut counts = rustc_hash::FxHashMap::default();
        self.all_written()
            .map(|(id, call)| {
                let mut key = self.unnumbered_key(id, call);
                let count: &mut u32 = counts.entry(key.clone()).or_default();
                key.ordinal = *count;
                *count += 1;
                key
            })
            .collect()
    }

    fn unnumbered_key(&self, id: CallId, call: Written<'_>) -> CallKey {
        let mut path: Vec<&str> = self
            .ancestors(call.scope)
            .filter_map(|scope| match &self.scope(scope).kind {
                ScopeKind::Class(name) | ScopeKind::Function(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        path.reverse();
        let mut receiver = Vec::new();
        let mut current = id;
        while receiver.len() < CHAIN
            && let Some(known) = self.calls.get(current.index())
            && let Some(producer) = known.receiver.and_then(|it| self.producer(it.value))
        {
            receiver.push(self.call(producer).method.as_str());
            current = producer;
        }
        CallKey {
            path: path.join("."),
            method: call.method.to_owned(),
            receiver: receiver.join("."),
            ordinal: 0,
        }
    }
}
