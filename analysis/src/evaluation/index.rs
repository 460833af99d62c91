//! Where the workspace defines what a name alone may mean.

use program::Language;
use program::driver::{ClassId, StatementKind};
use rustc_hash::FxHashMap;

use super::{EvaluationFile, FileId};

/// Classes by their methods' names and by their own.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) by_method: FxHashMap<Box<str>, Vec<(FileId, ClassId)>>,
    /// Scala's classes and objects at the top of a file.
    pub(super) scala_types: FxHashMap<Box<str>, Vec<FileId>>,
}

impl Index {
    pub(super) fn new(files: &[EvaluationFile<'_>]) -> Self {
        let mut index = Self::default();
        for (at, file) in files.iter().enumerate() {
            let id = FileId(at as u32);
            let code = &file.program.driver;
            for (position, class) in code.classes.iter().enumerate() {
                for statement in code.statement_ids(class.body) {
                    if let Some(statement) = code.statements.get(statement.index())
                        && let StatementKind::Function(function) = statement.kind
                        && let Some(function) = code.functions.get(function.index())
                    {
                        let name = code.name(function.name);
                        let entry = index.by_method.entry(name.into()).or_default();
                        let class = (id, ClassId(position as u32));
                        if entry.last() != Some(&class) {
                            entry.push(class);
                        }
                    }
                }
            }
            if file.program.language == Language::Scala {
                for statement in code.statement_ids(code.body) {
                    if let Some(statement) = code.statements.get(statement.index())
                        && let StatementKind::Class(class) = statement.kind
                        && let Some(class) = code.classes.get(class.index())
                    {
                        let entry =
                            index.scala_types.entry(code.name(class.name).into()).or_default();
                        if entry.last() != Some(&id) {
                            entry.push(id);
                        }
                    }
                }
            }
        }
        index
    }
}
