//! The source file behind an analysed text: the text itself, or a notebook whose cells make up the text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use analysis::{FileCheck, Fix, UNUSED_SUPPRESSION};
use grammars::Surface;
use grammars::notebook::{JupyterNotebook, Notebook, NotebookError};
use program::{Language, Links, Program, TextRange};

use crate::problem::panic_message;

/// What a source file is by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in this language.
    Text(Language),
    /// A notebook of Jupyter, which says itself what language it is in.
    Jupyter,
}

/// A source file as it is analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its language.
    pub(crate) language: Language,
    /// The text that ranges are in.
    pub(crate) text: Arc<str>,
    /// What it is besides text.
    pub(crate) notebook: Option<Arc<NotebookFile>>,
}

/// A source file that is a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotebookFile {
    /// In the source format of Databricks: the text is the file's.
    Databricks(Notebook),
    /// Of Jupyter: the text is that of its cells.
    Jupyter(JupyterNotebook),
}

impl Source {
    /// The source of a file's content.
    ///
    /// # Errors
    /// It is not a notebook that can be read.
    pub(crate) fn new(kind: Kind, content: String) -> Result<Self, NotebookError> {
        match kind {
            Kind::Text(language) => {
                let notebook = Notebook::databricks(language, &content);
                let notebook = notebook.map(|it| Arc::new(NotebookFile::Databricks(it)));
                Ok(Self { language, text: content.into(), notebook })
            }
            Kind::Jupyter => {
                let read = JupyterNotebook::read(&content)?;
                Ok(Self {
                    language: read.notebook.language(),
                    text: read.notebook.text().into(),
                    notebook: Some(Arc::new(NotebookFile::Jupyter(read))),
                })
            }
        }
    }

    /// The source after `edit`, which gives the text that takes the place of a range. It is asked for the ranges of cells, or for the
    /// whole text.
    #[must_use]
    pub(crate) fn edited(&self, edit: &dyn Fn(TextRange) -> String) -> Self {
        let Some(jupyter) = self.notebook.as_ref().and_then(|it| it.jupyter()) else {
            let whole = TextRange::new(0, self.text.len() as u32);
            let text = edit(whole);
            let notebook = Notebook::databricks(self.language, &text);
            let notebook = notebook.map(|it| Arc::new(NotebookFile::Databricks(it)));
            return Self { language: self.language, text: text.into(), notebook };
        };
        let texts: Vec<String> =
            jupyter.notebook.cells().iter().map(|cell| edit(cell.range)).collect();
        let notebook = jupyter.notebook.with_texts(&texts);
        let text = notebook.text().into();
        // Its strings in the file are those before the edit: nothing asks for places in the file of what is not written.
        let edited = JupyterNotebook { notebook, map: jupyter.map.clone() };
        let notebook = Some(Arc::new(NotebookFile::Jupyter(edited)));
        Self { language: self.language, text, notebook }
    }

    /// Its program among the files that `links` speaks for.
    ///
    /// # Errors
    /// Lowering panicked; the file is left out, the others are not.
    pub(crate) fn program(&self, links: &dyn Links) -> Result<Program, String> {
        understood(|| self.read().program(links))
    }

    /// What its program is lowered from.
    pub(crate) fn read(&self) -> Surface {
        match &self.notebook {
            Some(notebook) => notebook.notebook().surface(),
            None => Surface::of(self.language, Arc::clone(&self.text)),
        }
    }
}

impl NotebookFile {
    /// The notebook.
    #[must_use]
    pub(crate) fn notebook(&self) -> &Notebook {
        match self {
            Self::Databricks(notebook) => notebook,
            Self::Jupyter(read) => &read.notebook,
        }
    }

    /// The notebook where its text is not the file's own.
    #[must_use]
    pub(crate) fn jupyter(&self) -> Option<&JupyterNotebook> {
        match self {
            Self::Databricks(_) => None,
            Self::Jupyter(read) => Some(read),
        }
    }
}

/// What `work` gives, or the message that its panic costs this file.
///
/// # Errors
/// It panicked.
pub(crate) fn understood<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let why = panic_message(&*panic);
        format!("could not be understood ({why}); exclude it and report it")
    })
}

/// Takes fixes away that a notebook cannot take: those that reach beyond one cell, or into what is not its language.
pub(crate) fn admit(notebook: &Notebook, check: &mut FileCheck) {
    for finding in check.findings.iter_mut().chain(&mut check.refuted) {
        // A suppression stands where its language's comments do, SQL's too.
        let in_sql = finding.rule.starts_with("sql-") || finding.rule == UNUSED_SUPPRESSION;
        let fixes = std::mem::take(&mut finding.fixes);
        finding.fixes =
            fixes.into_iter().filter_map(|fix| admitted(notebook, fix, in_sql)).collect();
    }
}

fn admitted(notebook: &Notebook, fix: Fix, in_sql: bool) -> Option<Fix> {
    let edits: Vec<(TextRange, &str)> =
        fix.edits.iter().map(|edit| (edit.range, edit.replacement.as_str())).collect();
    let edits = notebook.admitted(edits, in_sql)?;
    let edits = edits
        .into_iter()
        .map(|(range, replacement)| analysis::Edit { range, replacement })
        .collect();
    Some(Fix { edits, ..fix })
}
