//! What the server answers to which message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability,
    CodeActionResponse, CodeLens, CodeLensOptions, CodeLensParams, DidChangeConfigurationParams,
    DidChangeNotebookDocumentParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWatchedFilesRegistrationOptions, DidChangeWorkspaceFoldersParams,
    DidCloseNotebookDocumentParams, DidCloseTextDocumentParams, DidOpenNotebookDocumentParams,
    DidOpenTextDocumentParams, DidSaveNotebookDocumentParams, DidSaveTextDocumentParams,
    FileSystemWatcher, GlobPattern, Hover, HoverParams, HoverProviderCapability, InitializeParams,
    InitializeResult, InitializedParams, InlayHint, InlayHintParams, MessageType,
    NotebookCellSelector, NotebookDocumentChangeEvent, NotebookDocumentSyncOptions,
    NotebookSelector, OneOf, Registration, SaveOptions, ServerCapabilities, ServerInfo,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, WorkspaceFolder, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use tower_lsp_server::{Client, LanguageServer};

use super::notebook::OpenNotebook;
use super::state::Key;
use super::work::{Outgoing, Server};
use super::{code_actions, code_lenses, from_proto, hover, inlay_hints, logs, to_proto};
use crate::files;
use crate::problem::panic_message;

/// The handlers. What changes a document stands before the first `await` of a handler: until there messages are in their order.
#[derive(Debug)]
pub(crate) struct Backend {
    server: Arc<Server>,
    ended: Arc<AtomicBool>,
}

impl Backend {
    /// Handlers that speak to `client`.
    pub(crate) fn new(client: Client) -> Self {
        Self { server: Server::new(client), ended: Arc::default() }
    }

    /// Changes a document. One that can't be followed is let go of: nothing about it is better than something wrong, and the server
    /// lives on for the others.
    fn kept(&self, key: &Key, change: impl FnOnce() -> bool) -> bool {
        catch_unwind(AssertUnwindSafe(change)).unwrap_or_else(|panic| {
            let uri = key.uri().clone();
            let shown = self.server.state.close(key).map_or_else(|| vec![uri], |(_, shown)| shown);
            self.server.tell(Outgoing::Clear(Some(key.clone()), shown));
            let why = panic_message(&*panic);
            let name = key.uri().as_str();
            let message = format!("{name} is left alone until it is opened again: {why}");
            self.server.tell(Outgoing::Log(MessageType::ERROR, message));
            false
        })
    }

    fn saved(&self, key: &Key) -> bool {
        let Some(version) = self.server.state.version(key) else { return false };
        self.server.schedule(key);
        self.server.state.following.search();
        tokio::spawn(logs::saved(Arc::clone(&self.server), version));
        true
    }

    fn closed(&self, key: Key) {
        if let Some((version, shown)) = self.server.state.close(&key) {
            self.server.tell(Outgoing::Clear(Some(key), shown));
            self.server.state.following.documents_changed();
            tokio::spawn(logs::closed(Arc::clone(&self.server), version));
        }
    }

    /// Whether the editor has asked for the end.
    pub(crate) fn ended(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ended)
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let session = from_proto::session(&params);
        let encoding = session.encoding;
        self.server.state.start(session);
        Ok(InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(to_proto::encoding(encoding)),
                ..capabilities()
            },
            server_info: Some(ServerInfo {
                name: "stagelight".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        if self.server.state.session().client.watch_files {
            let server = Arc::clone(&self.server);
            // Not awaited here: the answer would wait behind the handler that waits for it.
            tokio::spawn(async move {
                let _ = server.client.register_capability(vec![watchers()]).await;
            });
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.ended.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let uri = document.uri;
        let key = Key::Text(uri.clone());
        let (language, text) = (&document.language_id, &document.text);
        if self.kept(&key, || self.server.state.open(uri, language, document.version, text)) {
            self.server.schedule(&key);
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        let (uri, changes) = (&document.uri, &params.content_changes);
        let key = Key::Text(uri.clone());
        if self.kept(&key, || self.server.state.change(uri, document.version, changes)) {
            self.server.schedule_typed(&key);
        }
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        let uri = params.text_document.uri;
        let is_configuration = is_configuration(uri.path().as_str());
        if !self.saved(&Key::Text(uri)) && is_configuration {
            logs::reload(&self.server);
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.closed(Key::Text(params.text_document.uri));
    }

    async fn notebook_did_open(&self, params: DidOpenNotebookDocumentParams) {
        let document = params.notebook_document;
        let key = Key::Notebook(document.uri.clone());
        let texts = params.cell_text_documents;
        let open = || {
            let metadata = document.metadata.as_ref();
            let notebook = OpenNotebook::new(metadata, &document.cells, texts);
            self.server.state.open_notebook(&document.uri, document.version, notebook);
            true
        };
        if self.kept(&key, open) {
            self.server.schedule(&key);
        }
    }

    async fn notebook_did_change(&self, params: DidChangeNotebookDocumentParams) {
        let document = params.notebook_document;
        let key = Key::Notebook(document.uri.clone());
        let NotebookDocumentChangeEvent { metadata, cells } = params.change;
        let change = || {
            let (uri, number) = (&document.uri, document.version);
            let gone = self.server.state.change_notebook(uri, number, metadata.as_ref(), cells);
            let Some(gone) = gone else { return false };
            if !gone.is_empty() {
                self.server.tell(Outgoing::Clear(None, gone));
            }
            true
        };
        if self.kept(&key, change) {
            self.server.schedule_typed(&key);
        }
    }

    async fn notebook_did_save(&self, params: DidSaveNotebookDocumentParams) {
        self.saved(&Key::Notebook(params.notebook_document.uri));
    }

    async fn notebook_did_close(&self, params: DidCloseNotebookDocumentParams) {
        self.closed(Key::Notebook(params.notebook_document.uri));
    }

    async fn did_change_configuration(&self, _: DidChangeConfigurationParams) {
        logs::reload(&self.server);
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: &[WorkspaceFolder]| -> Vec<PathBuf> {
            folders.iter().filter_map(|folder| from_proto::path(&folder.uri)).collect()
        };
        self.server.state.change_folders(paths(&params.event.added), &paths(&params.event.removed));
        logs::reload(&self.server);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        if params.changes.iter().any(|change| is_configuration(change.uri.path().as_str())) {
            logs::reload(&self.server);
        }
        let files = params.changes.iter().filter_map(|change| from_proto::path(&change.uri));
        let sources = files.filter(|file| files::kind(file).is_some());
        self.server.state.following.files_changed(sources);
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let client = self.server.state.session().client;
        let position = at.position;
        let answer = self
            .server
            .answer(&at.text_document.uri, move |it, view| {
                hover::hover(it, view, &client, position)
            })
            .await?;
        Ok(answer.flatten())
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.server.answer(&params.text_document.uri, code_lenses::lenses).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let range = params.range;
        self.server
            .answer(&params.text_document.uri, move |it, view| inlay_hints::hints(it, view, range))
            .await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let client = self.server.state.session().client;
        let uri = params.text_document.uri.clone();
        self.server
            .answer(&uri, move |it, view| code_actions::actions(it, view, &client, &params))
            .await
    }
}

/// The languages of cells that matter to a program: `%%sql` makes a cell SQL in some editors.
const CELL_LANGUAGES: [&str; 3] = ["python", "scala", "sql"];

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                include_text: Some(false),
            })),
            ..TextDocumentSyncOptions::default()
        })),
        notebook_document_sync: Some(OneOf::Left(NotebookDocumentSyncOptions {
            notebook_selector: vec![NotebookSelector::ByCells {
                notebook: None,
                cells: CELL_LANGUAGES.map(|it| NotebookCellSelector { language: it.into() }).into(),
            }],
            save: Some(true),
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                code_actions::FIX_ALL,
                code_actions::FIX_NOTEBOOK,
            ]),
            ..CodeActionOptions::default()
        })),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}

fn watchers() -> Registration {
    let globs = ["**/stagelight.toml", "**/pyproject.toml", "**/*.{py,pyw,scala,sc,ipynb}"];
    let watchers = globs.map(|glob| FileSystemWatcher {
        glob_pattern: GlobPattern::String(glob.to_owned()),
        kind: None,
    });
    let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.into() };
    Registration {
        id: "files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    }
}

fn is_configuration(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("stagelight.toml" | "pyproject.toml"))
}
