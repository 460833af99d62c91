//! Our types to the protocol's.

use analysis::{Edit, Severity};
use program::TextRange;
use tower_lsp_server::ls_types::{
    DiagnosticSeverity, DocumentChanges, Location, MarkupContent, MarkupKind, OneOf,
    OptionalVersionedTextDocumentIdentifier, PositionEncodingKind, TextDocumentEdit, WorkspaceEdit,
};

use super::lines::Encoding;
use super::state::{Checked, Client};

/// The encoding's name.
pub(crate) fn encoding(encoding: Encoding) -> PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => PositionEncodingKind::UTF8,
        Encoding::Utf16 => PositionEncodingKind::UTF16,
    }
}

/// The document that shows a byte range, and where.
pub(crate) fn location(checked: &Checked, range: TextRange) -> Option<Location> {
    let (view, range) = checked.views.range(&checked.text, range)?;
    Some(Location { uri: view.uri.clone(), range })
}

/// How loud.
pub(crate) fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}

/// Edits as one change of the workspace, tied to the versions they were computed for where the client knows how. None where they cannot
/// be made.
pub(crate) fn workspace_edit<'a>(
    checked: &Checked,
    client: &Client,
    edits: impl Iterator<Item = &'a Edit>,
) -> Option<WorkspaceEdit> {
    let edits: Vec<&Edit> = edits.collect();
    let mut documents = Vec::new();
    let mut placed = 0;
    for view in checked.views.iter() {
        let of_view = edits.iter().copied().filter(|edit| view.range.contains(edit.range));
        let of_view: Vec<&Edit> = of_view.collect();
        placed += of_view.len();
        if !of_view.is_empty() {
            documents.push((view, checked.views.edits(view, &checked.text, &of_view)?));
        }
    }
    if placed != edits.len() {
        return None;
    }
    if client.versioned_edits {
        let documents = documents.into_iter().map(|(view, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier {
                uri: view.uri.clone(),
                version: Some(view.version),
            },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        return Some(WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(documents.collect())),
            ..WorkspaceEdit::default()
        });
    }
    let changes = documents.into_iter().map(|(view, edits)| (view.uri.clone(), edits));
    Some(WorkspaceEdit { changes: Some(changes.collect()), ..WorkspaceEdit::default() })
}

/// Markdown as the protocol wraps it.
pub(crate) fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}
