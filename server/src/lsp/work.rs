//! Work behind the messages: the pool that analyses, and the one queue to the editor.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::{Diagnostic, MessageType, ProgressToken, Uri};
use tower_lsp_server::{Client, jsonrpc};

use super::state::{Checked, Key, Project, State, Version};
use super::views::View;
use super::{diagnostics, following, growing, logs};
use crate::locking::lock;
use crate::problem::panic_message;

/// So often an answer is computed where runs come in meanwhile. VS Code listens for news of costs only once it has had a first answer,
/// so that one must not be older than the news.
const ATTEMPTS: u32 = 3;

/// A thing to tell the editor. One queue keeps the order; a full pipe holds up no handler.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Diagnostics of a version by the documents that show it, dropped if it has passed.
    Publish(Arc<Version>, Arc<Checked>, Vec<Vec<Diagnostic>>),
    /// Documents that are closed have none; with what they showed if that is closed as a whole.
    Clear(Option<Key>, Vec<Uri>),
    /// A line for the log.
    Log(MessageType, String),
    /// A line for the user.
    Show(MessageType, String),
}

/// The server behind the handlers.
#[derive(Debug)]
pub(crate) struct Server {
    /// What it knows.
    pub(crate) state: State,
    /// The editor. Awaited in tasks of its own only, never within a handler.
    pub(crate) client: Client,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    pool: Arc<Semaphore>,
    /// Documents that are being checked, and whether they are to be checked once more after that.
    checking: Mutex<HashMap<Key, bool>>,
    tokens: std::sync::atomic::AtomicU32,
}

/// Tells work in the pool that nobody waits for it any more.
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Server {
    /// A server that speaks to `client`.
    pub(crate) fn new(client: Client) -> Arc<Self> {
        let (outgoing, queue) = mpsc::unbounded_channel();
        let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let server = Arc::new(Self {
            state: State::default(),
            client,
            outgoing,
            pool: Arc::new(Semaphore::new(threads)),
            checking: Mutex::default(),
            tokens: std::sync::atomic::AtomicU32::new(0),
        });
        tokio::spawn(deliver(Arc::downgrade(&server), queue));
        tokio::spawn(following::follow(Arc::downgrade(&server)));
        tokio::spawn(growing::watch(Arc::downgrade(&server)));
        server
    }

    /// Queues a thing to tell the editor.
    pub(crate) fn tell(&self, outgoing: Outgoing) {
        // The queue's other end lives as long as the process.
        let _ = self.outgoing.send(outgoing);
    }

    /// A name for a progress that no other has.
    pub(crate) fn progress_token(&self) -> ProgressToken {
        let number = self.tokens.fetch_add(1, Ordering::SeqCst);
        ProgressToken::String(format!("stagelight/{number}"))
    }

    /// Computes in the pool. A panic, or the caller's going away, costs this computation only.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.pool).acquire_owned().await;
        let flag = Arc::new(AtomicBool::new(false));
        let _cancel = Cancel(Arc::clone(&flag));
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            if flag.load(Ordering::SeqCst) { None } else { Some(work()) }
        });
        match task.await {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Error::request_cancelled()),
            Err(failed) => {
                let message = match failed.try_into_panic() {
                    Ok(panic) => panic_message(&*panic),
                    Err(_) => "the server is ending".to_owned(),
                };
                self.tell(Outgoing::Log(
                    MessageType::ERROR,
                    format!("a request failed: {message}"),
                ));
                Err(Error {
                    code: jsonrpc::ErrorCode::InternalError,
                    message: message.into(),
                    data: None,
                })
            }
        }
    }

    /// Answers a request about a document from its present version. An answer for a version that has passed meanwhile is none.
    pub(crate) async fn answer<T: Send + 'static>(
        self: &Arc<Self>,
        uri: &Uri,
        work: impl Fn(&Checked, &View) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        // Taken before anything is waited for: messages are first looked at in their order.
        let Some(version) = self.state.version(&self.state.key(uri)) else { return Ok(None) };
        let server = Arc::clone(self);
        let (pinned, uri) = (Arc::clone(&version), uri.clone());
        let answer = self
            .compute(move || {
                let mut answer = None;
                for _ in 0..ATTEMPTS {
                    let (checked, project) = server.state.check(&pinned)?;
                    server.after_check(&project);
                    answer = checked.views.of(&uri).map(|view| work(&checked, view));
                    if project.is_unchanged_since(&checked) {
                        break;
                    }
                }
                Some(answer)
            })
            .await?;
        match answer {
            Some(answer) if self.state.is_current(&version) => Ok(answer),
            _ => Err(Error::content_modified()),
        }
    }

    /// Checks the present version of a document and tells the editor. A document is checked once at a time: what comes while it is
    /// checked waits for that, and then only the newest version is looked at. So a keystroke in a small file is answered at once,
    /// and keystrokes in a large one cost no more than one thread.
    pub(crate) fn schedule(self: &Arc<Self>, key: &Key) {
        if self.begins(key) {
            self.check_in_pool(key.clone());
        }
    }

    /// The same after a keystroke, whose answer somebody waits for: in this thread where it takes little time. To wake another one takes
    /// time as well, and that has to fetch the document into its core's cache.
    pub(crate) fn schedule_typed(self: &Arc<Self>, key: &Key) {
        if !self.state.version(key).is_some_and(|it| it.is_quick()) {
            self.schedule(key);
        } else if self.begins(key) {
            // Messages that are here already come first.
            tokio::spawn(Arc::clone(self).check_here(key.clone()));
        }
    }

    /// Whether a check of a document begins now; otherwise the one that is being made is followed by another.
    fn begins(&self, key: &Key) -> bool {
        match lock(&self.checking).entry(key.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(false);
                true
            }
            Entry::Occupied(mut entry) => {
                entry.insert(true);
                false
            }
        }
    }

    fn check_in_pool(self: &Arc<Self>, key: Key) {
        let server = Arc::clone(self);
        match Arc::clone(&self.pool).try_acquire_owned() {
            // Without another task's taking notice in between.
            Ok(permit) => {
                tokio::task::spawn_blocking(move || server.check_newest(&key, permit));
            }
            Err(_) => {
                tokio::spawn(async move {
                    if let Ok(permit) = Arc::clone(&server.pool).acquire_owned().await {
                        tokio::task::spawn_blocking(move || server.check_newest(&key, permit));
                    }
                });
            }
        }
    }

    /// Checks a document in the thread that takes messages.
    async fn check_here(self: Arc<Self>, key: Key) {
        loop {
            let version = self.take_newest(&key);
            if let Some(version) = &version {
                self.check(version);
            }
            // What was found goes out first.
            tokio::task::yield_now().await;
            if let Some(version) = version {
                let server = Arc::clone(&self);
                let rest = tokio::task::spawn_blocking(move || server.rest_after(&version));
                let _ = rest.await;
            }
            if self.ends(&key) {
                return;
            }
            if !self.state.version(&key).is_some_and(|it| it.is_quick()) {
                return self.check_in_pool(key);
            }
        }
    }

    /// Checks a document until no newer version of it has come meanwhile.
    fn check_newest(self: &Arc<Self>, key: &Key, _permit: OwnedSemaphorePermit) {
        loop {
            if let Some(version) = self.take_newest(key) {
                self.check(&version);
                self.rest_after(&version);
            }
            if self.ends(key) {
                return;
            }
        }
    }

    /// The version of a document that is to be checked now; only what comes after it asks for another check.
    fn take_newest(&self, key: &Key) -> Option<Arc<Version>> {
        if let Some(again) = lock(&self.checking).get_mut(key) {
            *again = false;
        }
        self.state.version(key)
    }

    /// Ends the checks of a document, unless something has come since [`Server::take_newest`]; tells whether they end.
    fn ends(&self, key: &Key) -> bool {
        let mut checking = lock(&self.checking);
        let ends = checking.get(key) != Some(&true);
        if ends {
            checking.remove(key);
        }
        ends
    }

    /// Checks a version and tells the editor.
    fn check(self: &Arc<Self>, version: &Arc<Version>) {
        self.unharmed(|| {
            let Some((checked, project)) = self.state.check(version) else { return };
            self.after_check(&project);
            let client = self.state.session().client;
            let found = diagnostics::all(&checked, &client);
            for panic in &checked.check.panics {
                let message =
                    format!("{}: rule `{}` failed: {}", checked.file, panic.rule, panic.message);
                self.tell(Outgoing::Log(MessageType::ERROR, message));
            }
            self.tell(Outgoing::Publish(Arc::clone(version), checked, found));
        });
    }

    /// Does what telling the editor did not wait for.
    fn rest_after(&self, version: &Version) {
        self.unharmed(|| {
            self.state.following.documents_changed();
            self.state.rest_after(version);
        });
    }

    /// A panic ends the work that is given only.
    fn unharmed(&self, work: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let message = format!("checking a document failed: {}", panic_message(&*panic));
            self.tell(Outgoing::Log(MessageType::ERROR, message));
        }
    }

    /// Checks all open documents again.
    pub(crate) fn schedule_all(self: &Arc<Self>) {
        for version in self.state.versions() {
            self.schedule(&version.key);
        }
    }

    /// What a first look at a project brings with it: its logs, and word of mistakes in its configuration.
    fn after_check(self: &Arc<Self>, project: &Arc<Project>) {
        for error in self.state.configuration_errors() {
            self.tell(Outgoing::Show(MessageType::ERROR, format!("Stagelight: {error}")));
        }
        if project.may_have_logs() && !project.asked.swap(true, Ordering::SeqCst) {
            tokio::spawn(logs::load(Arc::clone(self), Arc::clone(project)));
        }
    }
}

/// Hands the queue to the editor.
async fn deliver(server: std::sync::Weak<Server>, mut queue: mpsc::UnboundedReceiver<Outgoing>) {
    let mut published: HashMap<Key, u64> = HashMap::new();
    // Of notebooks what each cell shows: with each keystroke in one cell the others are checked too, and mostly stay as they are.
    let mut shown: HashMap<Uri, (i32, Vec<Diagnostic>)> = HashMap::new();
    while let Some(outgoing) = queue.recv().await {
        let Some(server) = server.upgrade() else { return };
        let client = &server.client;
        match outgoing {
            Outgoing::Publish(version, checked, found) => {
                let newest = published.entry(checked.key.clone()).or_default();
                if !server.state.is_current(&version) || checked.generation < *newest {
                    continue;
                }
                *newest = checked.generation;
                for (view, found) in checked.views.iter().zip(found) {
                    if matches!(checked.key, Key::Notebook(_)) {
                        let now = (view.version, found.clone());
                        if shown.get(&view.uri) == Some(&now) {
                            continue;
                        }
                        shown.insert(view.uri.clone(), now);
                    }
                    client.publish_diagnostics(view.uri.clone(), found, Some(view.version)).await;
                }
            }
            Outgoing::Clear(key, documents) => {
                if let Some(key) = key {
                    published.remove(&key);
                }
                for uri in documents {
                    shown.remove(&uri);
                    client.publish_diagnostics(uri, Vec::new(), None).await;
                }
            }
            Outgoing::Log(kind, text) => client.log_message(kind, text).await,
            Outgoing::Show(kind, text) => client.show_message(kind, text).await,
        }
    }
}
