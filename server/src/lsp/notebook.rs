//! Notebooks as an editor holds them: each cell is a document of its own, and all together are one program.

use std::collections::HashSet;
use std::sync::Arc;

use grammars::Memory;
use grammars::notebook::{CellSource, Dialect, Notebook, dialect};
use program::{Language, TextRange};
use tower_lsp_server::ls_types::{
    LSPObject, NotebookCell, NotebookCellKind, NotebookDocumentCellChange,
    TextDocumentContentChangeEvent, TextDocumentItem, Uri,
};

use super::from_proto;
use super::lines::{Encoding, Lines};
use super::views::{View, Views};

/// A notebook that an editor has open. Immutable; each change makes another.
#[derive(Debug, Clone)]
pub(crate) struct OpenNotebook {
    metadata: Option<String>,
    cells: Vec<OpenCell>,
    /// What lowering it left, shared by all its versions.
    pub(super) memory: Arc<Memory>,
}

/// A cell of it.
#[derive(Debug, Clone)]
struct OpenCell {
    uri: Uri,
    is_code: bool,
    /// Its document; none for a cell that the editor keeps to itself.
    document: Option<Arc<CellDocument>>,
}

/// A cell's text.
#[derive(Debug, Clone)]
struct CellDocument {
    language: String,
    version: i32,
    text: String,
}

impl OpenNotebook {
    /// A notebook as it is opened.
    pub(crate) fn new(
        metadata: Option<&LSPObject>,
        cells: &[NotebookCell],
        documents: Vec<TextDocumentItem>,
    ) -> Self {
        let metadata = metadata.map(text_of);
        let mut notebook = Self { metadata, cells: Vec::new(), memory: Arc::default() };
        notebook.splice(0, 0, cells, documents);
        notebook
    }

    /// How much text its cells hold, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.cells.iter().filter_map(|it| it.document.as_ref()).map(|it| it.text.len()).sum()
    }

    /// The notebook after the editor's change, and the cells that show nothing any more.
    pub(crate) fn changed(
        &self,
        metadata: Option<&LSPObject>,
        change: Option<NotebookDocumentCellChange>,
        encoding: Encoding,
    ) -> (Self, Vec<Uri>) {
        let mut new = self.clone();
        if let Some(metadata) = metadata {
            new.metadata = Some(text_of(metadata));
        }
        let Some(cells) = change else { return (new, Vec::new()) };
        if let Some(structure) = cells.structure {
            let array = structure.array;
            let opened = structure.did_open.unwrap_or_default();
            let added = array.cells.unwrap_or_default();
            new.splice(array.start as usize, array.delete_count as usize, &added, opened);
        }
        for cell in cells.data.unwrap_or_default() {
            let known = new.cells.iter_mut().find(|it| it.uri == cell.document);
            if let Some(known) = known {
                known.is_code = cell.kind == NotebookCellKind::CODE;
            }
        }
        for content in cells.text_content.unwrap_or_default() {
            let known = new.cells.iter_mut().find(|it| it.uri == content.document.uri);
            if let Some(document) = known.and_then(|it| it.document.as_mut()) {
                let document = Arc::make_mut(document);
                document.version = content.document.version;
                for it in &content.changes {
                    apply(&mut document.text, it, encoding);
                }
            }
        }
        let shown: HashSet<&Uri> = new.uris().collect();
        let gone = self.uris().filter(|uri| !shown.contains(uri)).cloned().collect();
        (new, gone)
    }

    /// Puts cells in the place of others. A cell that is moved is taken out and put in again: it keeps its text unless that comes anew.
    fn splice(
        &mut self,
        start: usize,
        gone: usize,
        cells: &[NotebookCell],
        documents: Vec<TextDocumentItem>,
    ) {
        let old = self.cells.clone();
        let mut opened: Vec<TextDocumentItem> = documents;
        let new: Vec<OpenCell> = cells
            .iter()
            .map(|cell| {
                let at = opened.iter().position(|it| it.uri == cell.document);
                let fresh = at.map(|at| opened.swap_remove(at)).map(|document| {
                    Arc::new(CellDocument {
                        language: document.language_id,
                        version: document.version,
                        text: document.text,
                    })
                });
                let kept = || old.iter().find(|it| it.uri == cell.document)?.document.clone();
                OpenCell {
                    uri: cell.document.clone(),
                    is_code: cell.kind == NotebookCellKind::CODE,
                    document: fresh.or_else(kept),
                }
            })
            .collect();
        let start = start.min(self.cells.len());
        let end = start.saturating_add(gone).min(self.cells.len());
        self.cells.splice(start..end, new);
        // A document that comes anew without its cell being put in takes the place of the one before, as when a cell's language changes.
        for document in opened {
            if let Some(cell) = self.cells.iter_mut().find(|it| it.uri == document.uri) {
                cell.document = Some(Arc::new(CellDocument {
                    language: document.language_id,
                    version: document.version,
                    text: document.text,
                }));
            }
        }
    }

    /// The documents of all cells with code.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &Uri> {
        self.code().map(|(_, cell, _)| &cell.uri)
    }

    /// Cells with code that the editor lets us see, with their numbers.
    fn code(&self) -> impl Iterator<Item = (u32, &OpenCell, &CellDocument)> {
        let cells = (1..).zip(&self.cells).filter(|(_, cell)| cell.is_code);
        cells.filter_map(|(number, cell)| Some((number, cell, cell.document.as_deref()?)))
    }

    /// The notebook as one text, and which document shows which part of it.
    pub(crate) fn read(&self, encoding: Encoding) -> (Notebook, Views) {
        let sources = self.code().map(|(number, _, document)| CellSource {
            number,
            text: &document.text,
            language: Some(&document.language),
        });
        let notebook = Notebook::new(self.dialect(), sources);
        let views = self.code().zip(notebook.cells()).map(|((_, cell, document), read)| {
            let lines = Arc::new(Lines::new(&document.text));
            View::itself(cell.uri.clone(), document.version, read.range, lines)
        });
        let views = views.collect();
        (notebook, Views::new(encoding, views))
    }

    /// What runs it: what its metadata says, else its first cell in a language of ours.
    fn dialect(&self) -> Dialect {
        let mut languages = self.code().map(|(_, _, document)| document.language.as_str());
        let first = languages.find(|language| matches!(*language, "python" | "scala"));
        let metadata = self.metadata.as_deref().unwrap_or("{}");
        // Of a notebook in another language nothing is read but cells that are in ours.
        dialect(metadata, first).or_else(|_| dialect("{}", first)).map_or(
            Dialect { language: Language::Python, databricks: false, spark: false },
            |(dialect, _)| dialect,
        )
    }
}

/// Applies an editor's change to a text.
pub(crate) fn apply(
    text: &mut String,
    change: &TextDocumentContentChangeEvent,
    encoding: Encoding,
) {
    let Some(range) = change.range else {
        text.clone_from(&change.text);
        return;
    };
    let all = text.as_str();
    let TextRange { start, end } =
        from_proto::range_in_pieces(|| std::iter::once(all), encoding, range);
    // A client that mixes up the ends of a range gets what it can mean only.
    text.replace_range(start as usize..end.max(start) as usize, &change.text);
}

/// The metadata of the file: some editors hand it on within their own.
fn text_of(metadata: &LSPObject) -> String {
    let within = |outer: &LSPObject| outer.get("metadata")?.as_object().cloned();
    let custom = metadata.get("custom").and_then(serde_json::Value::as_object);
    let inner = within(metadata).or_else(|| custom.and_then(within));
    serde_json::to_string(inner.as_ref().unwrap_or(metadata)).unwrap_or_default()
}
