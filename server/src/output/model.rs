//! What `stagelight model` shows, in whatever form.

use std::sync::Arc;

use analysis::evaluation::{CallRecord, Constant, Evaluation, FileId, Place};
use program::{Expression, Literal, Program};

use super::position::Positions;

/// Files and their evaluation.
#[derive(Debug)]
pub(crate) struct Model {
    /// The files, in the order of [`FileId`]s.
    pub(crate) files: Vec<ModelFile>,
    /// What evaluating their driver's code found.
    pub(crate) evaluation: Evaluation,
}

/// A file that was evaluated.
#[derive(Debug)]
pub(crate) struct ModelFile {
    /// Its name as shown.
    pub(crate) name: String,
    /// Whether the command line names it or its folder; the others are imported.
    pub(crate) named: bool,
    /// Its program.
    pub(crate) program: Arc<Program>,
    /// The ways to its positions.
    pub(crate) positions: Positions,
}

impl Model {
    /// A file's name.
    #[must_use]
    pub(crate) fn file(&self, id: FileId) -> &str {
        self.files.get(id.index()).map_or("", |file| &file.name)
    }

    /// A place as people find it: `file:line`, or `file:cell n:line`.
    #[must_use]
    pub(crate) fn place(&self, place: Place) -> String {
        let Some(file) = self.files.get(place.file.index()) else { return String::new() };
        let (name, span) = file.positions.shown(&file.name, place.name);
        format!("{name}:{}", span.line)
    }
}

/// Whether an argument's value is not to be shown: that of an option whose key Spark's own default of `spark.redaction.regex`,
/// `(?i)secret|password|token|access[.]?key`, takes for one to hide.
#[must_use]
pub(crate) fn is_secret(record: &CallRecord, position: usize) -> bool {
    let Some(argument) = record.arguments.get(position) else { return false };
    if argument.name.as_deref().is_some_and(secret_key) {
        return true;
    }
    if let Constant::Mapping { entries, .. } = &argument.value {
        return entries.iter().any(|(key, _)| match key {
            Constant::Text(text) => text.pieces().any(secret_key),
            _ => false,
        });
    }
    position > 0
        && record.arguments.iter().take(position).any(|it| match &it.value {
            Constant::Text(text) => text.pieces().any(secret_key),
            _ => false,
        })
}

fn secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "password", "token", "access.key", "accesskey"].iter().any(|it| key.contains(it))
}

/// The texts of a program that are values of such options, as its text form quotes them.
#[must_use]
pub(crate) fn secrets(program: &Program) -> Vec<String> {
    let text = |expression: &Expression| match expression {
        Expression::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut found = Vec::new();
    for call in &program.calls {
        let mut hidden = false;
        for argument in &call.arguments {
            let own = argument.name.as_deref().is_some_and(secret_key);
            if let Some(text) = text(&argument.value) {
                if (hidden || own) && !text.is_empty() {
                    found.push(format!("{text:?}"));
                }
                hidden |= secret_key(&text);
            }
        }
    }
    found
}
