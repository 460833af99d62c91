//! The keys of a program's calls, as somebody first asks for them: only what a run says is found by them.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use program::{CallKey, Program};

/// The keys of a program's calls, in their order. They are made once, when they are first looked at.
#[derive(Debug, Clone)]
pub struct CallKeys {
    program: Arc<Program>,
    made: Arc<OnceLock<Vec<CallKey>>>,
}

impl CallKeys {
    pub(crate) fn of(program: &Arc<Program>) -> Self {
        Self { program: Arc::clone(program), made: Arc::default() }
    }

    pub(crate) fn made(&self) -> &OnceLock<Vec<CallKey>> {
        &self.made
    }
}

impl Deref for CallKeys {
    type Target = [CallKey];

    fn deref(&self) -> &[CallKey] {
        self.made.get_or_init(|| self.program.call_keys())
    }
}
