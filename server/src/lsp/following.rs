//! What the files of the workspace say to each other, followed in the background.
//!
//! A keystroke is answered with what the other files said when they were last looked at. Once that answer is out, the edited text is
//! linked with the others; where they say something else then, the documents that rest on it are checked again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use analysis::link::{FileLinks, Linked, Linker, WorkspaceLinks};
use grammars::Surface;
use program::summary::{Answer, Question};
use program::{Links, Program};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use tokio::sync::{Notify, watch};
use tower_lsp_server::ls_types::{MessageType, WorkDoneProgress, WorkDoneProgressEnd};

use super::logs::{self, Stamp};
use super::state::Version;
use super::work::{Outgoing, Server};
use crate::configuration::Configurations;
use crate::files::{self, FoundFile};
use crate::linking::{Lowering, key};
use crate::locking::lock;
use crate::source::Source;
use crate::workspace::read_source;

/// So much silence comes before texts are linked: what is typed meanwhile is linked at once.
const QUIET: Duration = Duration::from_millis(100);

/// So long texts wait at most for that.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The most files that are read.
const MOST_FILES: usize = 10_000;

/// The most text that is read.
const MOST_BYTES: u64 = 256 << 20;

/// From so many files on reading them is shown.
const SHOWN_FILES: usize = 200;

/// How long logs wait for the files of the workspace, whose lines they are about.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of the workspace, linked.
#[derive(Debug)]
pub(crate) struct Following {
    todo: Mutex<Todo>,
    wake: Arc<Notify>,
    /// What was linked. Locked for as long as linking takes, so never on the way of an answer.
    linked: Mutex<Known>,
    /// What the last linking gave, for whoever answers.
    answers: RwLock<Answers>,
    /// Whether anything was linked yet.
    rested: watch::Sender<bool>,
    threads: Option<rayon::ThreadPool>,
}

/// What has happened since files were linked. That documents changed is not told: all are looked at.
#[derive(Debug, Default)]
struct Todo {
    /// Files that have another content now.
    files: BTreeSet<PathBuf>,
    /// Whether files may have come or gone.
    search: bool,
}

#[derive(Debug, Default)]
struct Known {
    linker: Linker<Source>,
    /// The files of the workspace's folders as they were when they were read.
    files: BTreeMap<String, (FoundFile, Stamp)>,
    /// Those whose text the editor holds.
    open: BTreeSet<String>,
    /// The folders that were searched.
    roots: BTreeSet<PathBuf>,
    /// How many files were left out, as last told.
    left_out: usize,
}

#[derive(Debug, Default)]
struct Answers {
    links: WorkspaceLinks,
    by_file: FxHashMap<String, Arc<DocumentLinks>>,
}

/// What the workspace says to a document. Each keystroke asks the same, so answers are kept.
#[derive(Debug, Default)]
pub(crate) struct DocumentLinks {
    links: Option<FileLinks>,
    kept: Mutex<FxHashMap<Question, Answer>>,
}

impl Links for DocumentLinks {
    fn ask(&self, question: &Question) -> Answer {
        let Some(links) = &self.links else { return Answer::Unknown };
        if let Some(known) = lock(&self.kept).get(question) {
            return known.clone();
        }
        let answer = links.ask(question);
        lock(&self.kept).insert(question.clone(), answer.clone());
        answer
    }
}

impl Default for Following {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |it| (it.get() / 2).max(1));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Self {
            todo: Mutex::default(),
            wake: Arc::default(),
            linked: Mutex::default(),
            answers: RwLock::default(),
            rested: watch::Sender::new(false),
            // Without threads of its own the work is done by the one that asks.
            threads: pool.thread_name(|_| "linking".to_owned()).build().ok(),
        }
    }
}

impl Following {
    /// What the workspace says to a document by the path of its file.
    pub(crate) fn links(&self, path: Option<&Path>) -> Arc<DocumentLinks> {
        let Some(path) = path else { return Arc::default() };
        let file = key(path);
        let read = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.by_file.get(&file) {
            return Arc::clone(known);
        }
        drop(read);
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        let links = Some(answers.links.of(&file));
        let links = Arc::new(DocumentLinks { links, kept: Mutex::default() });
        Arc::clone(answers.by_file.entry(file).or_insert(links))
    }

    /// Some document has changed, come or gone.
    pub(crate) fn documents_changed(&self) {
        self.wake.notify_one();
    }

    /// Files have changed, come or gone on disk.
    pub(crate) fn files_changed(&self, files: impl IntoIterator<Item = PathBuf>) {
        {
            let mut todo = lock(&self.todo);
            let before = todo.files.len();
            todo.files.extend(files);
            if todo.files.len() == before {
                return;
            }
            todo.search = true;
        }
        self.wake.notify_one();
    }

    /// Any file may have changed.
    pub(crate) fn search(&self) {
        lock(&self.todo).search = true;
        self.wake.notify_one();
    }

    /// Waits until the workspace was linked once.
    pub(crate) async fn rested(&self) {
        let mut rested = self.rested.subscribe();
        // Without it logs are joined with what files say by themselves.
        let _ = tokio::time::timeout(PATIENCE, rested.wait_for(|rested| *rested)).await;
    }

    /// A file's text and program, as the last linking left them.
    pub(crate) fn program(&self, path: &Path) -> Option<(Arc<str>, Arc<Program>)> {
        let known = lock(&self.linked);
        let file = key(path);
        let program = Arc::clone(known.linker.program(&file)?);
        Some((Arc::clone(&known.linker.source(&file)?.text), program))
    }
}

/// Links whatever changes, for as long as there is a server.
pub(crate) async fn follow(server: Weak<Server>) {
    let Some(wake) = server.upgrade().map(|it| Arc::clone(&it.state.following.wake)) else {
        return;
    };
    loop {
        wake.notified().await;
        let since = Instant::now();
        let again = || tokio::time::timeout(QUIET, wake.notified());
        while since.elapsed() < LONGEST_WAIT && again().await.is_ok() {}
        let Some(server) = server.upgrade() else { return };
        once(&server).await;
    }
}

async fn once(server: &Arc<Server>) {
    let following = &server.state.following;
    let todo = std::mem::take(&mut *lock(&following.todo));
    let Some(changes) = logs::in_background(server, {
        let server = Arc::clone(server);
        move || changes(&server, &todo)
    })
    .await
    else {
        // Whoever waits is not helped by waiting longer.
        following.rested.send_replace(true);
        return;
    };
    let progress = match changes.read.len() {
        SHOWN_FILES.. => logs::begin(server, "Stagelight: reading the workspace").await,
        _ => None,
    };
    let count = changes.read.len();
    let again = logs::in_background(server, {
        let server = Arc::clone(server);
        move || link(&server, &changes)
    })
    .await;
    if let Some(token) = progress {
        let end = WorkDoneProgressEnd { message: Some(format!("{count} files")) };
        logs::tell_progress(server, token, WorkDoneProgress::End(end)).await;
    }
    following.rested.send_replace(true);
    let Some(again) = again.filter(|again| !again.is_empty()) else { return };
    for version in again {
        server.schedule(&version.key);
    }
    logs::refresh_hints(server).await;
}

/// What is to be taken in.
#[derive(Debug, Default)]
struct Changes {
    /// Files to read.
    read: Vec<(FoundFile, Stamp)>,
    /// Files that are gone, or are none of the workspace any more.
    gone: Vec<String>,
    /// Documents, each with what was read of it.
    open: BTreeMap<String, (Source, Arc<Surface>)>,
}

/// Looks for what has changed.
fn changes(server: &Server, todo: &Todo) -> Changes {
    let state = &server.state;
    let mut changes = Changes::default();
    let mut roots: BTreeSet<PathBuf> = state.folders().into_iter().collect();
    for version in state.versions() {
        let Some(path) = version.path() else { continue };
        if !roots.iter().any(|root| path.starts_with(root)) {
            roots.extend(state.project(&version).root().map(Path::to_path_buf));
        }
        // One that is not checked yet wakes us again once it is.
        if let Some(read) = version.source() {
            changes.open.insert(key(path), read);
        }
    }
    let mut known = lock(&state.following.linked);
    let known = &mut *known;
    let closed: Vec<String> =
        known.open.iter().filter(|file| !changes.open.contains_key(*file)).cloned().collect();
    known.open = changes.open.keys().cloned().collect();
    if todo.search || roots != known.roots {
        let roots_list: Vec<PathBuf> = roots.iter().cloned().collect();
        // What can't be read, and configurations that are not understood, are told where their files are opened.
        let found = files::find(&roots_list, &Configurations::default(), &mut Vec::new(), &|_| {});
        let found = found.unwrap_or_default();
        let (mut count, mut bytes, mut left_out) = (0, 0, 0);
        let mut present = BTreeMap::new();
        for found in found {
            let stamp = logs::stamp(&found.path);
            if count >= MOST_FILES || bytes + stamp.bytes > MOST_BYTES {
                left_out += 1;
                continue;
            }
            count += 1;
            bytes += stamp.bytes;
            present.insert(key(&found.path), (found, stamp));
        }
        if left_out > 0 && left_out != known.left_out {
            let message = format!(
                "the workspace is large: what {left_out} of its files say to the others is left out; exclude what is no source of yours in stagelight.toml"
            );
            server.tell(Outgoing::Log(MessageType::WARNING, message));
        }
        known.left_out = left_out;
        known.roots = roots;
        let before = std::mem::replace(&mut known.files, present);
        changes.gone.extend(before.keys().filter(|it| !known.files.contains_key(*it)).cloned());
        for (file, (found, stamp)) in &known.files {
            if before.get(file).is_none_or(|it| it.1 != *stamp) {
                changes.read.push((found.clone(), *stamp));
            }
        }
    }
    let named = todo.files.iter().map(|path| key(path)).chain(closed);
    for file in named.collect::<BTreeSet<String>>() {
        match known.files.get(&file) {
            Some((found, stamp)) => changes.read.push((found.clone(), *stamp)),
            None => changes.gone.push(file),
        }
    }
    changes.read.retain(|(found, _)| !changes.open.contains_key(&key(&found.path)));
    changes.gone.retain(|file| !changes.open.contains_key(file));
    changes
}

/// Links, and gives the documents that are to be checked again.
fn link(server: &Server, changes: &Changes) -> Vec<Arc<Version>> {
    let state = &server.state;
    let following = &state.following;
    let mut known = lock(&following.linked);
    let known = &mut *known;
    let linker = &mut known.linker;
    let mut work = || {
        let read: Vec<(String, Option<Source>)> = changes
            .read
            .par_iter()
            .map(|(found, _)| (key(&found.path), read_source(found).ok().flatten()))
            .collect();
        let lowering = Lowering::default();
        let mut touched: BTreeSet<String> = read.iter().map(|it| it.0.clone()).collect();
        for (file, source) in read {
            linker.set(&file, source.map(|source| (source.language, source)));
        }
        for file in &changes.gone {
            linker.set(file, None);
        }
        for (file, (source, surface)) in &changes.open {
            linker.set(file, Some((source.language, source.clone())));
            lowering.put(file, Arc::clone(surface));
        }
        let Linked { changed, .. } = linker.link(&lowering, &|| false).unwrap_or_default();
        touched.extend(changed.iter().map(|file| file.as_ref().to_owned()));
        touched
    };
    let touched = match &following.threads {
        Some(threads) => threads.install(work),
        None => work(),
    };
    {
        let mut answers = following.answers.write().unwrap_or_else(PoisonError::into_inner);
        *answers = Answers { links: known.linker.workspace_links(), by_file: FxHashMap::default() };
    }
    for file in touched.iter().filter(|file| !known.open.contains(*file)) {
        let source = known.linker.source(file);
        let state = source.zip(known.linker.program(file));
        let state = state.map(|(source, program)| (Arc::clone(&source.text), Arc::clone(program)));
        server.state.put_linked(Path::new(file), state.as_ref());
    }
    let versions = state.versions().into_iter();
    let again = versions.filter(|version| {
        let Some(file) = version.path().map(key) else { return false };
        let linked = known.linker.source(&file).zip(known.linker.program(&file));
        linked.is_some_and(|(source, program)| version.relink(source, program))
    });
    again.collect()
}
