//! What an open document is: text in a language, a notebook by its cells, or a notebook by the JSON of its file.

use std::sync::Arc;

use analysis::Edit;
use grammars::notebook::{JupyterNotebook, Notebook, NotebookError, SourceMap};
use grammars::{Document, Surface};
use program::{Language, TextRange};
use tower_lsp_server::ls_types::{Position, Range, TextDocumentContentChangeEvent, Uri};

use super::columns::Columns;
use super::lines::{Encoding, Lines, saturate};
use super::notebook::{OpenNotebook, apply};
use super::views::{JsonFile, View, Views};
use super::{from_proto, state};
use crate::source::{Kind, NotebookFile, Source};

/// What an open document is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Text in a language.
    Text(Document),
    /// A notebook, each cell of which is a document.
    Cells(OpenNotebook),
    /// A notebook's file, opened as text.
    Json(Arc<str>),
}

/// What follows from a content alone.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// The text that is analysed.
    pub(crate) text: Arc<str>,
    /// Its lines.
    pub(crate) lines: Arc<Lines>,
    /// What its program is lowered from.
    pub(crate) surface: Arc<Surface>,
    /// Its language.
    pub(crate) language: Language,
    /// The notebook, where it is one.
    pub(crate) notebook: Option<Arc<Notebook>>,
    /// What the editor shows of it.
    pub(crate) views: Views,
    /// Why nothing is analysed.
    pub(crate) note: Option<Note>,
}

/// A word about a document that is no finding.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// Where it belongs.
    pub(crate) range: Range,
    /// What there is to say.
    pub(crate) message: String,
}

impl Content {
    /// What a text is, by the editor's name for its language and by its file's ending. None for what is none of ours.
    pub(crate) fn new(uri: &Uri, language: &str, text: &str) -> Option<Self> {
        if uri.path().as_str().ends_with(".ipynb") {
            return Some(Self::Json(text.into()));
        }
        let language = from_proto::language(language, uri)?;
        Some(Self::Text(Document::new(language, text).to_be_edited()))
    }

    /// The same after an editor's changes. Each is in terms of the text that those before it left.
    pub(crate) fn changed(
        &self,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Self {
        match self {
            Self::Text(document) => Self::Text(state::edited(document, changes, encoding)),
            Self::Json(text) => {
                let mut text = text.to_string();
                for it in changes {
                    apply(&mut text, it, encoding);
                }
                Self::Json(text.into())
            }
            // Its cells change with it, not by themselves.
            Self::Cells(_) => self.clone(),
        }
    }

    /// What its file is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text(document) => Kind::Text(document.language()),
            Self::Cells(_) | Self::Json(_) => Kind::Jupyter,
        }
    }

    /// How much text it is, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(document) => document.rope().len_bytes(),
            Self::Cells(cells) => cells.bytes(),
            Self::Json(text) => text.len(),
        }
    }

    /// Parses what is parsed by itself, before it is read.
    pub(crate) fn parse(&self) {
        if let Self::Text(document) = self {
            document.parse();
        }
    }

    /// Reads it.
    pub(crate) fn read(&self, uri: &Uri, version: i32, encoding: Encoding) -> Read {
        match self {
            Self::Text(document) => {
                let text = Arc::clone(document.text());
                let lines = Arc::new(Lines::new(&text));
                let whole = TextRange::new(0, saturate(text.len()));
                let view = View::itself(uri.clone(), version, whole, Arc::clone(&lines));
                Read {
                    surface: Arc::new(document.surface()),
                    language: document.language(),
                    notebook: Notebook::databricks(document.language(), &text).map(Arc::new),
                    views: Views::new(encoding, vec![view]),
                    note: None,
                    lines,
                    text,
                }
            }
            Self::Cells(cells) => {
                let (notebook, views) = cells.read(encoding);
                let surface = notebook.remembered_surface(&cells.memory);
                of_notebook(notebook, surface, views)
            }
            Self::Json(file) => {
                let lines = Lines::new(file);
                match JupyterNotebook::read(file) {
                    Ok(notebook) => {
                        let columns = Columns::new(file, encoding);
                        let text = Arc::clone(file);
                        let file = Arc::new(JsonFile { text, lines, columns, notebook });
                        let notebook = file.notebook.notebook.clone();
                        let view = View::json(uri.clone(), version, file);
                        let surface = notebook.surface();
                        of_notebook(notebook, surface, Views::new(encoding, vec![view]))
                    }
                    Err(error) => unread(uri, version, file, lines, &error, encoding),
                }
            }
        }
    }
}

impl Read {
    /// The same as a source of the workspace.
    pub(crate) fn source(&self) -> Source {
        // Nobody asks it for places in a file, so it needs no way to them.
        let jupyter = |notebook: &Arc<Notebook>| {
            let (notebook, map) = (Notebook::clone(notebook), SourceMap::default());
            Arc::new(NotebookFile::Jupyter(JupyterNotebook { notebook, map }))
        };
        Source {
            language: self.language,
            text: Arc::clone(&self.text),
            notebook: self.notebook.as_ref().map(jupyter),
        }
    }

    /// Whether a source of the workspace has the same code.
    pub(crate) fn is(&self, source: &Source) -> bool {
        let notebook = source.notebook.as_deref().map(NotebookFile::notebook);
        self.text == source.text && self.notebook.as_deref() == notebook
    }
}

fn of_notebook(notebook: Notebook, surface: Surface, views: Views) -> Read {
    let text: Arc<str> = notebook.text().into();
    Read {
        lines: Arc::new(Lines::new(&text)),
        surface: Arc::new(surface),
        language: notebook.language(),
        notebook: Some(Arc::new(notebook)),
        views,
        note: None,
        text,
    }
}

/// A notebook's file that cannot be read: nothing, and why.
fn unread(
    uri: &Uri,
    version: i32,
    file: &str,
    lines: Lines,
    error: &NotebookError,
    encoding: Encoding,
) -> Read {
    let place = match error {
        NotebookError::Json { line, column, .. } => {
            let line = saturate(line.saturating_sub(1));
            let content = lines.content(file, line);
            // The column counts bytes from 1, and is that of the last one that was read.
            let mut before = column.saturating_sub(1).min(content.len());
            while !content.is_char_boundary(before) {
                before -= 1;
            }
            Position { line, character: encoding.length(&content[..before]) }
        }
        _ => Position::default(),
    };
    let note = match error {
        // A notebook in R is nobody's mistake.
        NotebookError::Language(_) => None,
        _ => Some(Note {
            range: Range { start: place, end: place },
            message: format!("not checked: the notebook {error}"),
        }),
    };
    let view = View::itself(uri.clone(), version, TextRange::new(0, 0), Arc::new(lines));
    Read {
        text: "".into(),
        lines: Arc::default(),
        surface: Arc::new(Document::new(Language::Python, "").surface()),
        language: Language::Python,
        notebook: None,
        views: Views::new(encoding, vec![view]),
        note,
    }
}

/// A part of an analysed text after an edit that lies within it.
pub(crate) fn edited_part(text: &str, range: TextRange, edit: &Edit) -> String {
    let part = range.of(text);
    let inside = range.contains(edit.range);
    let (Some(start), Some(end)) = (
        edit.range.start.checked_sub(range.start).filter(|_| inside),
        edit.range.end.checked_sub(range.start),
    ) else {
        return part.to_owned();
    };
    let (before, after) = (part.get(..start as usize), part.get(end as usize..));
    format!("{}{}{}", before.unwrap_or_default(), edit.replacement, after.unwrap_or_default())
}
