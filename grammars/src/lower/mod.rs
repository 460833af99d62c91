//! The surface syntax to the model: scopes, names, types, values, calls.

use program::{Language, Program};

use crate::syntax::File;

/// The program that `file` is.
pub(crate) fn program(language: Language, file: &File) -> Program {
    let _ = file;
    Program {
        language,
        uses_spark: false,
        imports: Vec::new(),
        scopes: Vec::new(),
        values: Vec::new(),
        calls: Vec::new(),
        bindings: Vec::new(),
        functions: Vec::new(),
        comments: Vec::new(),
        unresolved: Vec::new(),
        syntax_errors: 0,
    }
}
