//! The one place that mutates: open documents, and the projects they belong to.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use analysis::{
    AnalysisHost, CallKeys, Change, Edit, Evidence, FileCheck, FileState, Run, Settings,
};
use dashmap::DashMap;
use eventlog::{Follower, Profile};
use grammars::notebook::Notebook;
use grammars::{Document, Leftover, Surface};
use program::Program;
use tower_lsp_server::ls_types::{
    LSPObject, NotebookDocumentCellChange, TextDocumentContentChangeEvent, Uri,
};

use super::content::{Content, Note, Read, edited_part};
use super::following::{DocumentLinks, Following};
use super::lines::{Encoding, Lines};
use super::notebook::OpenNotebook;
use super::views::Views;
use super::{from_proto, logs};
use crate::configuration::{Configuration, ConfigurationError, Configurations, Overrides};
use crate::diagnosed::{Diagnosed, diagnosed};
use crate::files::absolute;
use crate::locking::lock;
use crate::source::{Kind, Source, admit};

/// What was agreed on at the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// The unit of columns.
    pub(crate) encoding: Encoding,
    /// What the editor can do.
    pub(crate) client: Client,
    /// The workspace's folders.
    pub(crate) folders: Vec<PathBuf>,
    /// Whether the user trusts them; logs of others are not read.
    pub(crate) trusted: bool,
}

/// What the editor can do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Client {
    /// It shows progress that the server starts.
    pub(crate) progress: bool,
    /// It asks for hints again when told to.
    pub(crate) refresh_hints: bool,
    /// Whether it takes requests to ask for lenses again.
    pub(crate) refresh_lenses: bool,
    /// It watches files for the server.
    pub(crate) watch_files: bool,
    /// It knows edits that are tied to a version.
    pub(crate) versioned_edits: bool,
    /// It shows places related to a diagnostic.
    pub(crate) related: bool,
    /// It shows tags of diagnostics.
    pub(crate) tags: bool,
    /// It shows Markdown.
    pub(crate) markdown: bool,
}

/// Everything the server knows.
#[derive(Debug, Default)]
pub(crate) struct State {
    session: OnceLock<Session>,
    folders: Mutex<Vec<PathBuf>>,
    documents: DashMap<Key, Arc<Version>>,
    /// The notebook of each cell.
    cells: DashMap<Uri, Uri>,
    projects: Mutex<Projects>,
    /// The files of the workspace, linked in the background.
    pub(crate) following: Following,
    /// What was there before, and is still to be taken apart.
    gone: Mutex<Vec<Box<dyn Any + Send>>>,
    /// Counts changes of what findings depend on besides the text.
    generation: AtomicU64,
    /// Logs that were read, so that a new configuration does not cost reading them again.
    pub(crate) logs: Mutex<BTreeMap<PathBuf, (logs::Stamp, Arc<Profile>)>>,
    /// The readers of those whose applications run still.
    pub(crate) growing: Mutex<BTreeMap<PathBuf, Follower>>,
}

#[derive(Debug, Default)]
struct Projects {
    configurations: Arc<Configurations>,
    by_key: BTreeMap<String, Arc<Project>>,
    /// The configuration files that were found, with their state then.
    stamps: BTreeMap<PathBuf, logs::Stamp>,
    /// What was wrong with configurations, not yet told.
    errors: BTreeSet<String>,
    told: BTreeSet<String>,
}

/// What is open: a notebook may be open by its cells and by its file's text at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A text.
    Text(Uri),
    /// A notebook by its cells.
    Notebook(Uri),
}

/// One version of an open document. Immutable; what is computed from it is kept with it.
#[derive(Debug)]
pub(crate) struct Version {
    /// The document.
    pub(crate) key: Key,
    /// The editor's number of this version.
    pub(crate) number: i32,
    /// Its file, if it is one.
    path: Option<PathBuf>,
    content: Content,
    read: OnceLock<Read>,
    /// Its program, by what the workspace said when it was asked for or linked.
    linked: Mutex<Option<Arc<Program>>>,
    /// The program that it was lowered to, with what that left, to be kept once there is time.
    leftover: Mutex<Option<(Arc<Program>, Leftover)>>,
    checked: Mutex<Option<Arc<Checked>>>,
    /// Whether the last check of the document took little time.
    quick: AtomicBool,
}

/// A check that takes less than this may be made by the thread that takes messages: nobody notices that the next message waits for it.
const QUICK: Duration = Duration::from_millis(8);

/// The longest text, in bytes, of which that is so: where nothing of the last check can be used again, the next takes longer, but for so much
/// text some hundredths of a second at most.
const QUICK_BYTES: usize = 64 << 10;

/// The findings and costs of one version.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The document.
    pub(crate) key: Key,
    /// What it is, to try edits on.
    pub(crate) content: Content,
    /// The notebook, where it is one.
    pub(crate) notebook: Option<Arc<Notebook>>,
    /// What the editor shows of it.
    pub(crate) views: Views,
    /// Why nothing was checked.
    pub(crate) note: Option<Note>,
    /// The text.
    pub(crate) text: Arc<str>,
    /// Its lines.
    pub(crate) lines: Arc<Lines>,
    /// Its program.
    pub(crate) program: Arc<Program>,
    /// What the workspace says to it.
    pub(crate) links: Arc<DocumentLinks>,
    /// Keys of the program's calls.
    pub(crate) call_keys: Option<CallKeys>,
    /// Its name in the project.
    pub(crate) file: String,
    /// What was found.
    pub(crate) check: FileCheck,
    /// What the runs say.
    pub(crate) evidence: Arc<Evidence>,
    /// What made each of them slow, with lines.
    pub(crate) diagnosed: Arc<Vec<Vec<Diagnosed>>>,
    /// The state of configuration and runs that it was checked with.
    pub(crate) generation: u64,
}

/// Files that share a configuration, and the runs that it names.
#[derive(Debug)]
pub(crate) struct Project {
    /// The configuration; its folder is the project's.
    pub(crate) configuration: Arc<Configuration>,
    /// The settings that follow from it.
    pub(crate) settings: Arc<Settings>,
    /// Whether it is of one document only.
    single: bool,
    /// Whether its logs were asked for.
    pub(crate) asked: AtomicBool,
    /// Set once another project has taken its place: its work is given up.
    pub(crate) retired: AtomicBool,
    /// The logs that were attached, with their state then.
    pub(crate) attached: Mutex<Option<Vec<(PathBuf, logs::Stamp)>>>,
    /// Held while logs are read or joined: one at a time.
    pub(crate) loading: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    host: AnalysisHost,
    /// What made each of its runs slow.
    diagnosed: Arc<Vec<Vec<Diagnosed>>>,
    /// Files whose text the editor holds.
    open: BTreeSet<String>,
    generation: u64,
}

impl State {
    /// What was agreed on at the start; defaults before it.
    pub(crate) fn session(&self) -> Session {
        self.session.get().cloned().unwrap_or_default()
    }

    /// Starts the session.
    pub(crate) fn start(&self, session: Session) {
        lock(&self.folders).clone_from(&session.folders);
        // A client that starts twice breaks the protocol; its first word stands.
        let _ = self.session.set(session);
    }

    /// Takes folders into the workspace and out of it.
    pub(crate) fn change_folders(&self, added: Vec<PathBuf>, removed: &[PathBuf]) {
        let mut folders = lock(&self.folders);
        folders.retain(|folder| !removed.contains(folder));
        folders.extend(added);
    }

    fn encoding(&self) -> Encoding {
        self.session.get().map(|session| session.encoding).unwrap_or_default()
    }

    /// Opens a document, which is not parsed yet. False for one in a language that is none of ours, and for a cell, which its notebook
    /// opens.
    pub(crate) fn open(&self, uri: Uri, language: &str, number: i32, text: &str) -> bool {
        if self.cells.contains_key(&uri) {
            return false;
        }
        let Some(content) = Content::new(&uri, language, text) else { return false };
        self.insert(Key::Text(uri), number, content);
        true
    }

    /// Opens a notebook by its cells.
    pub(crate) fn open_notebook(&self, uri: &Uri, number: i32, notebook: OpenNotebook) {
        for cell in notebook.uris() {
            self.cells.insert(cell.clone(), uri.clone());
        }
        self.insert(Key::Notebook(uri.clone()), number, Content::Cells(notebook));
    }

    fn insert(&self, key: Key, number: i32, content: Content) {
        let path = from_proto::path(key.uri()).map(|path| absolute(&path));
        self.documents.insert(key.clone(), Arc::new(Version::new(key, number, path, content)));
    }

    /// Applies an editor's changes to the text, in their order; parsing is for whoever asks. False for a document that is not open.
    pub(crate) fn change(
        &self,
        uri: &Uri,
        number: i32,
        changes: &[TextDocumentContentChangeEvent],
    ) -> bool {
        let encoding = self.encoding();
        let Some(mut entry) = self.documents.get_mut(&Key::Text(uri.clone())) else { return false };
        let content = entry.content.changed(changes, encoding);
        let next = Arc::new(entry.next(number, content));
        let before = std::mem::replace(&mut *entry, next);
        self.put_away(before);
        true
    }

    /// Leaves something for later to be taken apart, which takes long for a long text.
    fn put_away(&self, gone: impl Any + Send) {
        lock(&self.gone).push(Box::new(gone));
    }

    /// Does what nobody waits for, once the findings of a version are out.
    pub(crate) fn rest_after(&self, version: &Version) {
        version.keep();
        let gone = std::mem::take(&mut *lock(&self.gone));
        drop(gone);
    }

    /// Applies an editor's change to a notebook, and gives the cells that show nothing any more. None for one that is not open.
    pub(crate) fn change_notebook(
        &self,
        uri: &Uri,
        number: i32,
        metadata: Option<&LSPObject>,
        change: Option<NotebookDocumentCellChange>,
    ) -> Option<Vec<Uri>> {
        let encoding = self.encoding();
        let mut entry = self.documents.get_mut(&Key::Notebook(uri.clone()))?;
        let Content::Cells(notebook) = &entry.content else { return None };
        let (notebook, gone) = notebook.changed(metadata, change, encoding);
        for cell in &gone {
            self.cells.remove(cell);
        }
        for cell in notebook.uris() {
            self.cells.insert(cell.clone(), uri.clone());
        }
        *entry = Arc::new(entry.next(number, Content::Cells(notebook)));
        Some(gone)
    }

    /// Closes a document, and gives its last version and what the editor showed of it.
    pub(crate) fn close(&self, key: &Key) -> Option<(Arc<Version>, Vec<Uri>)> {
        let (_, version) = self.documents.remove(key)?;
        let shown = match &version.content {
            Content::Cells(notebook) => notebook.uris().cloned().collect(),
            Content::Text(_) | Content::Json(_) => vec![key.uri().clone()],
        };
        for cell in &shown {
            self.cells.remove(cell);
        }
        Some((version, shown))
    }

    /// What is open under the name that the editor gives a text: that text, or the notebook that it is a cell of.
    pub(crate) fn key(&self, uri: &Uri) -> Key {
        match self.cells.get(uri) {
            Some(notebook) => Key::Notebook(notebook.clone()),
            None => Key::Text(uri.clone()),
        }
    }

    /// The present version of a document.
    pub(crate) fn version(&self, key: &Key) -> Option<Arc<Version>> {
        self.documents.get(key).map(|entry| Arc::clone(&entry))
    }

    /// The present versions of all open documents.
    pub(crate) fn versions(&self) -> Vec<Arc<Version>> {
        self.documents.iter().map(|entry| Arc::clone(&entry)).collect()
    }

    /// Whether nothing has changed since.
    pub(crate) fn is_current(&self, version: &Arc<Version>) -> bool {
        self.documents.get(&version.key).is_some_and(|entry| Arc::ptr_eq(&entry, version))
    }

    /// The workspace's folders.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        lock(&self.folders).clone()
    }

    /// The findings and costs of a version; none if it has passed. Computed once for each state of configuration and runs.
    pub(crate) fn check(&self, version: &Arc<Version>) -> Option<(Arc<Checked>, Arc<Project>)> {
        let mut kept = lock(&version.checked);
        let project = self.project(version);
        let file = project.name(version);
        if let Some(checked) = kept.as_ref()
            && checked.generation == lock(&project.inner).generation
            && lock(&version.linked).as_ref().is_some_and(|it| Arc::ptr_eq(it, &checked.program))
        {
            return Some((Arc::clone(checked), project));
        }
        let (start, first) = (Instant::now(), version.read.get().is_none());
        version.content.parse();
        if !self.is_current(version) {
            return None;
        }
        let read = version.read(self.encoding());
        let links = self.following.links(version.path());
        let program = version.program(read, &links);
        let (snapshot, diagnosed, generation) = {
            let mut inner = lock(&project.inner);
            // Asked under the lock: a later version that was here before is then seen to be current, and is not overwritten.
            if !self.is_current(version) {
                return None;
            }
            let known = inner.host.snapshot();
            if known.file(&file).is_none_or(|known| !Arc::ptr_eq(&known.program, &program)) {
                inner.host.apply(Change {
                    files: vec![(file.clone(), Some(project.state(read, &program)))],
                    profiles: None,
                    ..Change::default()
                });
                self.put_away(known);
            }
            inner.open.insert(file.clone());
            (inner.host.snapshot(), Arc::clone(&inner.diagnosed), inner.generation)
        };
        let call_keys = snapshot.file(&file).map(|file| file.call_keys.clone());
        let mut check = snapshot.check(&file);
        if let Some(notebook) = &read.notebook {
            admit(notebook, &mut check);
        }
        let checked = Arc::new(Checked {
            key: version.key.clone(),
            content: version.content.clone(),
            notebook: read.notebook.clone(),
            views: read.views.clone(),
            note: read.note.clone(),
            text: Arc::clone(&read.text),
            lines: Arc::clone(&read.lines),
            program,
            links,
            call_keys,
            check,
            evidence: Arc::clone(snapshot.evidence()),
            diagnosed,
            file,
            generation,
        });
        *kept = Some(Arc::clone(&checked));
        // One that is checked again takes less time than the next version will.
        if first {
            version.took(start.elapsed());
        }
        Some((checked, project))
    }

    /// The project of a version: by the nearest configuration, else by the workspace's folder, else its own.
    pub(crate) fn project(&self, version: &Version) -> Arc<Project> {
        let mut projects = lock(&self.projects);
        let (key, configuration, single) = match &version.path {
            None => (
                version.key.uri().as_str().to_owned(),
                Configuration::without_file(Path::new("")),
                true,
            ),
            Some(path) => {
                let configurations = Arc::clone(&projects.configurations);
                let found = configurations.for_file(path);
                if let Err(error) = &found {
                    projects.errors.insert(error.to_string());
                }
                match found {
                    Ok(found) if found.file.is_some() => {
                        let key = found.folder.to_string_lossy().into_owned();
                        (key, Configuration::clone(&found), false)
                    }
                    _ => self.without_configuration(version, path),
                }
            }
        };
        if let Some(project) = projects.by_key.get(&key) {
            return Arc::clone(project);
        }
        if let Some(file) = &configuration.file {
            projects.stamps.insert(file.clone(), logs::stamp(file));
        }
        let project = Arc::new(Project {
            settings: Arc::new(configuration.settings(&Overrides::default())),
            configuration: Arc::new(configuration),
            single,
            asked: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            attached: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
            inner: Mutex::new(Inner {
                host: AnalysisHost::new(rules::ALL),
                diagnosed: Arc::default(),
                open: BTreeSet::new(),
                generation: self.next_generation(),
            }),
        });
        projects.by_key.insert(key, Arc::clone(&project));
        project
    }

    fn without_configuration(
        &self,
        version: &Version,
        path: &Path,
    ) -> (String, Configuration, bool) {
        let folders = lock(&self.folders);
        let folder = folders
            .iter()
            .filter(|folder| path.starts_with(folder))
            .max_by_key(|it| it.as_os_str().len());
        match folder {
            Some(folder) => {
                let key = folder.to_string_lossy().into_owned();
                (key, Configuration::without_file(folder), false)
            }
            None => {
                let folder = path.parent().unwrap_or(path);
                (version.key.uri().as_str().to_owned(), Configuration::without_file(folder), true)
            }
        }
    }

    /// Forgets configurations and projects, so that they are read and made anew.
    pub(crate) fn forget_projects(&self) {
        let mut projects = lock(&self.projects);
        for project in projects.by_key.values() {
            project.retired.store(true, Ordering::SeqCst);
        }
        let told = std::mem::take(&mut projects.told);
        *projects = Projects { told, ..Projects::default() };
    }

    /// Whether a configuration file has changed, gone or come since it was read.
    pub(crate) fn configuration_changed(&self, beside: &Version) -> bool {
        let (stamps, configurations) = {
            let projects = lock(&self.projects);
            (projects.stamps.clone(), Arc::clone(&projects.configurations))
        };
        // The disk may be far away: nobody is to wait for it with us.
        if stamps.iter().any(|(file, stamp)| *stamp != logs::stamp(file)) {
            return true;
        }
        let Some(path) = &beside.path else { return false };
        let fresh = Configurations::default().for_file(path);
        let kept = configurations.for_file(path);
        let file = |found: &Result<Arc<Configuration>, ConfigurationError>| match found {
            Ok(configuration) => Ok(configuration.file.clone()),
            Err(error) => Err(error.to_string()),
        };
        file(&fresh) != file(&kept)
    }

    /// What was wrong with configurations and has not been told yet.
    pub(crate) fn configuration_errors(&self) -> Vec<String> {
        let mut projects = lock(&self.projects);
        let errors = std::mem::take(&mut projects.errors);
        errors.into_iter().filter(|error| projects.told.insert(error.clone())).collect()
    }

    fn next_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::SeqCst)
    }

    /// The projects with runs.
    pub(crate) fn projects_with_runs(&self) -> Vec<Arc<Project>> {
        let projects = lock(&self.projects);
        let has_runs = |project: &&Arc<Project>| {
            lock(&project.attached).as_ref().is_some_and(|logs| !logs.is_empty())
        };
        projects.by_key.values().filter(has_runs).cloned().collect()
    }

    /// Takes what linking made of a file that no editor holds, or takes it out, where a project knows the file.
    pub(crate) fn put_linked(&self, path: &Path, linked: Option<&(Arc<str>, Arc<Program>)>) {
        let projects: Vec<Arc<Project>> = lock(&self.projects).by_key.values().cloned().collect();
        for project in projects {
            let is_known = || project.snapshot().file(&project.file_name(path)).is_some();
            if !path.starts_with(&project.configuration.folder) || !is_known() {
                continue;
            }
            let settings = || Arc::clone(&project.settings);
            let state = linked.cloned();
            let state =
                state.map(|(text, program)| FileState { text, program, settings: settings() });
            project.put_files(vec![(path.to_owned(), state)]);
        }
    }

    /// Stores what the join of a project's runs with its sources gave.
    pub(crate) fn set_evidence(&self, project: &Project, evidence: Arc<Evidence>) {
        // Diagnoses that fail are missing, and nothing else is.
        let thresholds = &project.settings.thresholds;
        let of_run = |run: &Arc<Run>| diagnosed(run, thresholds).unwrap_or_default();
        let diagnosed = Arc::new(evidence.runs.iter().map(of_run).collect());
        let mut inner = lock(&project.inner);
        inner.host.set_evidence(evidence);
        inner.diagnosed = diagnosed;
        inner.generation = self.next_generation();
    }
}

impl Project {
    /// The name of a document in this project: its path from the project's folder on.
    fn name(&self, version: &Version) -> String {
        match &version.path {
            Some(path) => self.file_name(path),
            None => version.key.uri().as_str().to_owned(),
        }
    }

    fn file_name(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.configuration.folder).unwrap_or(path);
        relative.to_string_lossy().replace('\\', "/")
    }

    fn state(&self, read: &Read, program: &Arc<Program>) -> FileState {
        FileState {
            text: Arc::clone(&read.text),
            program: Arc::clone(program),
            settings: Arc::clone(&self.settings),
        }
    }

    /// The folder whose files belong together; none where it is of one document only.
    pub(crate) fn root(&self) -> Option<&Path> {
        (!self.single).then_some(self.configuration.folder.as_path())
    }

    /// Whether runs can be attached to it.
    pub(crate) fn may_have_logs(&self) -> bool {
        !self.single && !self.configuration.event_logs.is_empty()
    }

    /// Takes files from the disk, or out where they are gone. What the editor holds stays.
    pub(crate) fn put_files(&self, files: Vec<(PathBuf, Option<FileState>)>) {
        let mut inner = lock(&self.inner);
        let files: Vec<_> = files
            .into_iter()
            .map(|(path, state)| (self.file_name(&path), state))
            .filter(|(name, _)| !inner.open.contains(name))
            .collect();
        inner.host.apply(Change { files, profiles: None, ..Change::default() });
    }

    /// The editor lets go of a document: its file counts again.
    pub(crate) fn release(&self, version: &Version) {
        let name = self.name(version);
        let mut inner = lock(&self.inner);
        inner.open.remove(&name);
        if self.single || version.path.is_none() {
            inner.host.apply(Change {
                files: vec![(name, None)],
                profiles: None,
                ..Change::default()
            });
        }
    }

    /// The join of its runs with the sources that ran.
    pub(crate) fn joined(&self) -> Arc<Evidence> {
        let folder = &self.configuration.folder;
        crate::run_sources::join(&self.snapshot(), &|name| folder.join(name))
    }

    /// Attaches runs.
    pub(crate) fn put_profiles(&self, profiles: Vec<Arc<Profile>>) {
        lock(&self.inner).host.apply(Change {
            files: Vec::new(),
            profiles: Some(profiles),
            ..Change::default()
        });
    }

    /// Whether configuration and runs are still those that a version was checked with.
    pub(crate) fn is_unchanged_since(&self, checked: &Checked) -> bool {
        lock(&self.inner).generation == checked.generation
    }

    /// A snapshot of its present state.
    pub(crate) fn snapshot(&self) -> analysis::Analysis {
        lock(&self.inner).host.snapshot()
    }
}

impl Version {
    fn new(key: Key, number: i32, path: Option<PathBuf>, content: Content) -> Self {
        Self {
            key,
            number,
            path,
            content,
            read: OnceLock::new(),
            linked: Mutex::new(None),
            leftover: Mutex::new(None),
            checked: Mutex::new(None),
            quick: AtomicBool::new(false),
        }
    }

    /// The version after this one.
    fn next(&self, number: i32, content: Content) -> Self {
        let next = Self::new(self.key.clone(), number, self.path.clone(), content);
        Self { quick: AtomicBool::new(self.quick.load(Ordering::Relaxed)), ..next }
    }

    /// Takes note of how long its check took.
    fn took(&self, time: Duration) {
        self.quick.store(time < QUICK, Ordering::Relaxed);
    }

    /// Whether checking it takes little time, as far as one can know.
    pub(crate) fn is_quick(&self) -> bool {
        self.quick.load(Ordering::Relaxed) && self.content.bytes() <= QUICK_BYTES
    }

    /// Its file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What its file is.
    pub(crate) fn kind(&self) -> Kind {
        self.content.kind()
    }

    /// Its source, and what was read of it, once it was looked at.
    pub(crate) fn source(&self) -> Option<(Source, Arc<Surface>)> {
        let read = self.read.get()?;
        Some((read.source(), Arc::clone(&read.surface)))
    }

    /// Its program: as it was linked, or among the files that `links` speaks for.
    fn program(&self, read: &Read, links: &DocumentLinks) -> Arc<Program> {
        let mut linked = lock(&self.linked);
        let made = || {
            let (program, leftover) = read.surface.typed(links);
            let program = Arc::new(program);
            *lock(&self.leftover) = leftover.map(|it| (Arc::clone(&program), it));
            program
        };
        Arc::clone(linked.get_or_insert_with(made))
    }

    /// Does what its program did not wait for.
    fn keep(&self) {
        // Not held while that takes its time.
        let leftover = lock(&self.leftover).take();
        if let Some((program, leftover)) = leftover {
            leftover.keep(&program);
        }
    }

    /// Takes the program that linking gave for a source, if that is this version's. Whether it is another one than it had.
    pub(crate) fn relink(&self, source: &Source, program: &Arc<Program>) -> bool {
        if !self.read.get().is_some_and(|read| read.is(source)) {
            return false;
        }
        let mut linked = lock(&self.linked);
        let Some(known) = linked.as_mut() else { return false };
        let changed = !Arc::ptr_eq(known, program) && known != program;
        if changed {
            known.clone_from(program);
        }
        changed
    }

    fn read(&self, encoding: Encoding) -> &Read {
        self.read.get_or_init(|| self.content.read(self.key.uri(), self.number, encoding))
    }
}

impl Key {
    /// Its name.
    pub(crate) fn uri(&self) -> &Uri {
        match self {
            Self::Text(uri) | Self::Notebook(uri) => uri,
        }
    }
}

impl Checked {
    /// The program after an edit.
    pub(crate) fn after(&self, edit: &Edit) -> Program {
        match (&self.content, &self.notebook) {
            (Content::Text(document), _) => {
                let mut document = document.clone();
                document.edit(edit.range, &edit.replacement);
                document.surface().program(&*self.links)
            }
            (_, Some(notebook)) => {
                let cells = notebook.cells().iter();
                let texts: Vec<String> =
                    cells.map(|cell| edited_part(&self.text, cell.range, edit)).collect();
                notebook.with_texts(&texts).linked_program(&*self.links)
            }
            (_, None) => Program::clone(&self.program),
        }
    }
}

/// The document after the editor's changes. Each is in terms of the text that those before it left.
pub(crate) fn edited(
    document: &Document,
    changes: &[TextDocumentContentChangeEvent],
    encoding: Encoding,
) -> Document {
    let whole = changes.iter().rposition(|change| change.range.is_none());
    let (mut document, changes) = match whole {
        Some(at) => (document.with_text(&changes[at].text), &changes[at + 1..]),
        None => (document.clone(), changes),
    };
    for change in changes {
        let Some(range) = change.range else { continue };
        let rope = document.rope();
        let bytes = from_proto::range_in_pieces(|| rope.chunks(), encoding, range);
        document.edit(bytes, &change.text);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(state: &State, lines: usize) -> Key {
        let uri: Uri = "file:///nowhere/job.py".parse().unwrap();
        state.open(uri.clone(), "python", 1, &"x = 1\n".repeat(lines));
        Key::Text(uri)
    }

    #[test]
    fn a_check_that_was_kept_tells_nothing_of_the_time_of_the_next() {
        let state = State::default();
        let version = state.version(&opened(&state, 1)).unwrap();
        assert!(!version.is_quick(), "nobody knows yet");
        state.check(&version).unwrap();
        version.took(QUICK);
        state.check(&version).unwrap();
        assert!(!version.is_quick());
        version.took(Duration::ZERO);
        assert!(version.is_quick());
    }

    #[test]
    fn a_long_document_is_not_quick_however_little_a_keystroke_costs() {
        let state = State::default();
        let version = state.version(&opened(&state, QUICK_BYTES)).unwrap();
        version.took(Duration::ZERO);
        assert!(!version.is_quick());
    }
}
