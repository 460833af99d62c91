//! Our types to the protocol's.

use analysis::{Edit, Severity};
use program::TextRange;
use tower_lsp_server::ls_types::{
    DiagnosticSeverity, DocumentChanges, MarkupContent, MarkupKind, OneOf,
    OptionalVersionedTextDocumentIdentifier, Position, PositionEncodingKind, Range,
    TextDocumentEdit, TextEdit, WorkspaceEdit,
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

/// Line and column of the byte at `offset`.
pub(crate) fn position(checked: &Checked, offset: u32) -> Position {
    let line = checked.lines.line(offset);
    let (start, end) = checked.lines.bounds(line);
    let before = TextRange::new(start, offset.min(end)).of(&checked.text);
    Position { line, character: checked.encoding.length(before) }
}

/// Lines and columns of a byte range.
pub(crate) fn range(checked: &Checked, range: TextRange) -> Range {
    Range { start: position(checked, range.start), end: position(checked, range.end) }
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

/// Edits of the document as one change of the workspace, tied to the version they were computed for where the client knows how.
pub(crate) fn workspace_edit<'a>(
    checked: &Checked,
    client: &Client,
    edits: impl Iterator<Item = &'a Edit>,
) -> WorkspaceEdit {
    let edits = edits.map(|edit| TextEdit {
        range: range(checked, edit.range),
        new_text: edit.replacement.clone(),
    });
    if client.versioned_edits {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            uri: checked.uri.clone(),
            version: Some(checked.version),
        };
        let edit = TextDocumentEdit { text_document, edits: edits.map(OneOf::Left).collect() };
        return WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(vec![edit])),
            ..WorkspaceEdit::default()
        };
    }
    WorkspaceEdit {
        changes: Some([(checked.uri.clone(), edits.collect())].into()),
        ..WorkspaceEdit::default()
    }
}

/// Markdown as the protocol wraps it.
pub(crate) fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}
