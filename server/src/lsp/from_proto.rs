//! The protocol's types to ours.

use std::path::PathBuf;

use program::{Language, TextRange};
use tower_lsp_server::ls_types::{
    ClientCapabilities, InitializeParams, MarkupKind, Position, PositionEncodingKind, Range, Uri,
};

use super::lines::{Encoding, byte_in_pieces};
use super::state::{Client, Session};

/// The bytes that `range` covers of a text in pieces.
pub(crate) fn range_in_pieces<'a, I: Iterator<Item = &'a str>>(
    pieces: impl Fn() -> I,
    encoding: Encoding,
    range: Range,
) -> TextRange {
    let byte = |at: Position| byte_in_pieces(pieces(), at.line, at.character, encoding);
    let start = byte(range.start);
    let end = if range.end == range.start { start } else { byte(range.end) };
    TextRange::new(start, end)
}

/// The language of a document: by the editor's name for it, else by the file's ending.
pub(crate) fn language(id: &str, uri: &Uri) -> Option<Language> {
    match id {
        "python" => Some(Language::Python),
        "scala" => Some(Language::Scala),
        _ => {
            let path = uri.path().as_str();
            let (_, ending) = path.rsplit_once('.')?;
            match ending {
                "py" => Some(Language::Python),
                "scala" | "sc" => Some(Language::Scala),
                _ => None,
            }
        }
    }
}

/// The path of a document that is a file.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    // A file on another host would be a network share.
    let is_local = uri.authority().is_none_or(|it| matches!(it.host(), "" | "localhost"));
    if !is_file || !is_local {
        return None;
    }
    uri.to_file_path().map(std::borrow::Cow::into_owned)
}

/// What was agreed on at the start.
pub(crate) fn session(params: &InitializeParams) -> Session {
    let folders: Vec<PathBuf> = match &params.workspace_folders {
        Some(folders) => folders.iter().filter_map(|folder| path(&folder.uri)).collect(),
        None => {
            // Older clients name one root only.
            #[expect(deprecated, reason = "the fallback for clients without workspace folders")]
            let root = params.root_uri.as_ref().and_then(path);
            root.into_iter().collect()
        }
    };
    // A client that says nothing of trust shows folders that its user opened on purpose.
    let trusted = params
        .initialization_options
        .as_ref()
        .and_then(|options| options.get("trusted")?.as_bool())
        .unwrap_or(true);
    Session {
        encoding: encoding(&params.capabilities),
        client: client(&params.capabilities),
        folders,
        trusted,
    }
}

fn encoding(capabilities: &ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|it| it.position_encodings.as_ref());
    let utf8 = offered.is_some_and(|it| it.contains(&PositionEncodingKind::UTF8));
    if utf8 { Encoding::Utf8 } else { Encoding::Utf16 }
}

fn client(capabilities: &ClientCapabilities) -> Client {
    let workspace = capabilities.workspace.as_ref();
    let document = capabilities.text_document.as_ref();
    let window = capabilities.window.as_ref();
    let publish = document.and_then(|it| it.publish_diagnostics.as_ref());
    let hover_formats =
        document.and_then(|it| it.hover.as_ref()?.content_format.as_deref()).unwrap_or_default();
    Client {
        progress: window.and_then(|it| it.work_done_progress).unwrap_or(false),
        refresh_hints: workspace
            .and_then(|it| it.inlay_hint.as_ref()?.refresh_support)
            .unwrap_or(false),
        refresh_lenses: workspace
            .and_then(|it| it.code_lens.as_ref()?.refresh_support)
            .unwrap_or(false),
        watch_files: workspace
            .and_then(|it| it.did_change_watched_files.as_ref()?.dynamic_registration)
            .unwrap_or(false),
        versioned_edits: workspace
            .and_then(|it| it.workspace_edit.as_ref()?.document_changes)
            .unwrap_or(false),
        related: publish.and_then(|it| it.related_information).unwrap_or(false),
        tags: publish.is_some_and(|it| it.tag_support.is_some()),
        markdown: hover_formats.contains(&MarkupKind::Markdown),
    }
}
