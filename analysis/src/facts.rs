//! What evaluating a file's driver code tells its rules, made when it is first asked for.

use std::cell::OnceCell;

use program::{Program, ScopeId, ScopeKind, TextRange};
use rustc_hash::FxHashMap;

use crate::evaluation::{EvaluationFile, Limits, evaluate};

/// Limits for one file between two keystrokes.
const LIMITS: Limits = Limits {
    steps: 30_000,
    fragment_steps: 3_000,
    total_steps: 60_000,
    depth: 10,
    unrolled: 60,
    nodes: 20_000,
    sites: 5_000,
    records: 0,
    unresolved: 0,
};

/// What the evaluation of one file says.
#[derive(Debug)]
pub struct Facts<'a> {
    file: &'a str,
    program: &'a Program,
    /// How often loops run at most, by their statements.
    loops: OnceCell<FxHashMap<TextRange, u64>>,
}

impl<'a> Facts<'a> {
    /// The facts of a file, of which none is made yet.
    #[must_use]
    pub fn new(file: &'a str, program: &'a Program) -> Self {
        Self { file, program, loops: OnceCell::new() }
    }

    /// How often the body of a loop runs at most: as the source says it, or as evaluating what leads there found in every context.
    #[must_use]
    pub fn iterations(&self, scope: ScopeId) -> Option<u64> {
        let scope = self.program.scope(scope);
        let ScopeKind::Loop { iterations } = scope.kind else { return None };
        iterations
            .or_else(|| self.loops.get_or_init(|| self.evaluated()).get(&scope.range).copied())
    }

    fn evaluated(&self) -> FxHashMap<TextRange, u64> {
        let file = EvaluationFile { path: self.file, program: self.program };
        evaluate(&[file], &LIMITS)
            .loops
            .into_iter()
            // A function that is evaluated alone may be called with anything.
            .filter(|it| !it.alone)
            .filter_map(|it| Some((it.range, it.iterations?)))
            .collect()
    }
}
