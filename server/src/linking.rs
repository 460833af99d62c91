//! Links the sources of a command with each other, and with those that they import.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use analysis::link::{Linker, Lower, Modules};
use grammars::Surface;
use ignore::WalkBuilder;
use program::{Import, Language, Links, Outline, Program};

use crate::files::{self, display_path};
use crate::locking::lock;
use crate::output::report::plural;
use crate::problem::Problem;
use crate::source::{Source, understood};

/// How many files of a folder are looked through for what a named file imports.
const LISTED: usize = 20_000;

/// How many files that nobody named are read for what they tell the named ones.
const READ: usize = 400;

/// Over how many imports of imports they are looked for.
const ROUNDS: usize = 8;

/// What is larger is generated.
const MAX_BYTES: u64 = 2 << 20;

/// Up to which size a source is read before its turn: nobody has to wait long then for the thread that is at it.
const EARLY_BYTES: usize = 64 << 10;

/// Of how much text what was read of it is kept while it is linked.
const KEPT_BYTES: usize = 24 << 20;

/// Files and folders that stand at the top of a workspace.
const MARKS: [&str; 9] = [
    ".git",
    "stagelight.toml",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "build.sbt",
    "build.sc",
    "pom.xml",
    "build.gradle",
];

/// The name of a file among those that are linked: its absolute path, with `/`.
#[must_use]
pub(crate) fn key(path: &Path) -> String {
    let path = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        path.into_owned()
    } else {
        path.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// Lowers the sources of a linker, as often as it asks.
#[derive(Debug, Default)]
pub(crate) struct Lowering {
    /// What was read of sources, or is being read, by their key, as far as there is room.
    read: Mutex<HashMap<String, Arc<OnceLock<Arc<Surface>>>>>,
    room_taken: AtomicUsize,
    /// The messages of files that could not be lowered, by their key.
    failures: Mutex<BTreeMap<String, String>>,
}

impl Lowering {
    /// Takes what was read of a source that is open anyway.
    pub(crate) fn put(&self, file: &str, read: Arc<Surface>) {
        lock(&self.read).insert(file.to_owned(), Arc::new(read.into()));
    }

    /// Reads a source that is to be linked by and by, as soon as a thread has nothing else to do. Large ones wait for their turn.
    pub(crate) fn begin(self: &Arc<Self>, path: &Path, source: &Source) {
        if source.text.len() <= EARLY_BYTES {
            let (lowering, file, source) = (Arc::clone(self), key(path), source.clone());
            rayon::spawn(move || lowering.prepare(&file, &source));
        }
    }

    /// What was read of a source.
    fn read(&self, file: &str, source: &Source) -> Arc<Surface> {
        self.read_if_kept(file, source).unwrap_or_else(|| Arc::new(source.read()))
    }

    /// What was read of a source where there is room to keep it.
    fn read_if_kept(&self, file: &str, source: &Source) -> Option<Arc<Surface>> {
        let mut all = lock(&self.read);
        let read = if let Some(known) = all.get(file) {
            Arc::clone(known)
        } else {
            let length = source.text.len();
            if self.room_taken.load(Ordering::Relaxed) + length > KEPT_BYTES {
                return None;
            }
            self.room_taken.fetch_add(length, Ordering::Relaxed);
            Arc::clone(all.entry(file.to_owned()).or_default())
        };
        drop(all);
        Some(Arc::clone(read.get_or_init(|| Arc::new(source.read()))))
    }
}

impl Lower<Source> for Lowering {
    /// None where it panicked, which is taken note of.
    fn lower(&self, file: &str, source: &Source, links: &dyn Links) -> Option<Program> {
        understood(|| self.read(file, source).program(links))
            .map_err(|message| lock(&self.failures).insert(file.to_owned(), message))
            .ok()
    }

    fn size(&self, source: &Source) -> usize {
        source.text.len()
    }

    fn prepare(&self, file: &str, source: &Source) {
        // Another thread that is at it is not waited for: there is other work meanwhile.
        if lock(&self.read).contains_key(file) {
            return;
        }
        // Whoever lowers it comes by the same panic, and tells.
        let _ = understood(|| self.read_if_kept(file, source));
    }

    fn outline(&self, _: &str, source: &Source) -> Outline {
        grammars::outline(source.language, &source.text)
    }
}

/// What came of linking.
#[derive(Debug, Default)]
pub(crate) struct LinkedSources {
    /// The sources with their programs, by their [`key`].
    pub(crate) linker: Linker<Source>,
    /// The messages of files that could not be lowered, by their key.
    pub(crate) failures: BTreeMap<String, String>,
    /// What was left out.
    pub(crate) notes: Vec<Problem>,
}

/// Links sources, each with its absolute path. Where they are not all of their workspace, files that they import are looked up in it.
pub(crate) fn link(
    sources: &[(PathBuf, Source)],
    folders: &[PathBuf],
    lowering: Arc<Lowering>,
) -> LinkedSources {
    let own: BTreeSet<String> = sources.iter().map(|(path, _)| key(path)).collect();
    let mut linker = Linker::default();
    let mut notes = Vec::new();
    for (path, source) in sources {
        linker.set(&key(path), Some((source.language, source.clone())));
    }
    let tops = tops(sources, folders);
    // Nobody cancels a command but by ending it.
    let (_, listing) = rayon::join(
        || linker.link(&*lowering, &|| false),
        || (!tops.is_empty()).then(|| Listing::new(&tops, own.iter().map(String::as_str))),
    );
    if let Some(listing) = listing {
        let mut looked_at: BTreeSet<Arc<str>> = BTreeSet::new();
        let (mut read, mut left_out) = (0, BTreeSet::new());
        for _ in 0..ROUNDS {
            let new: Vec<Arc<str>> =
                linker.paths().filter(|file| !looked_at.contains(*file)).cloned().collect();
            let mut wanted = BTreeSet::new();
            for file in new {
                if let Some(program) = linker.program(&file) {
                    wanted.extend(listing.imported(&file, program));
                }
                looked_at.insert(file);
            }
            wanted.retain(|file| !looked_at.contains(file.as_str()) && !own.contains(file));
            for file in wanted {
                let path = Path::new(&file);
                let small = std::fs::metadata(path).is_ok_and(|it| it.len() <= MAX_BYTES);
                if read >= READ || !small {
                    left_out.insert(file);
                } else if let Some(kind) = files::kind(path)
                    && let Ok(text) = std::fs::read_to_string(path)
                    && let Ok(source) = Source::new(kind, text)
                {
                    read += 1;
                    linker.set(&file, Some((source.language, source)));
                }
            }
            if !linker.is_stale() {
                break;
            }
            linker.link(&*lowering, &|| false);
        }
        if let Some(first) = left_out.first() {
            let count = plural(left_out.len(), "file", "files");
            let message = format!(
                "imported but not read, being one of many or large; {count} left out like this: name their folder to have it read"
            );
            notes.push(Problem::found(display_path(Path::new(first)), message));
        }
    }
    notes.extend(ambiguous(&linker, sources));
    let failures = std::mem::take(&mut *lock(&lowering.failures));
    // Letting go of what was read takes a while, and nobody waits for that.
    rayon::spawn(move || drop(lowering));
    LinkedSources { linker, failures, notes }
}

/// A word about imports that several files answer to.
fn ambiguous(linker: &Linker<Source>, sources: &[(PathBuf, Source)]) -> Option<Problem> {
    let mut found = sources.iter().flat_map(|(path, _)| {
        linker.ambiguous(&key(path)).into_iter().map(move |name| (path, name.to_owned()))
    });
    let (path, name) = found.next()?;
    let more = match found.count() {
        0 => String::new(),
        more => format!(" (and so for {})", plural(more, "other import", "other imports")),
    };
    let message = format!(
        "`{name}` could come from several files of one name, and is taken from none of them{more}; check their folders one by one, or rename all but one"
    );
    Some(Problem::found(display_path(path), message))
}

/// The folders at the top of the files' workspaces that lie in none of `folders`.
fn tops(sources: &[(PathBuf, Source)], folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    let inside: BTreeSet<&Path> = sources.iter().filter_map(|(path, _)| path.parent()).collect();
    let mut marked = HashMap::new();
    inside
        .into_iter()
        .filter_map(|folder| top(folder, &mut marked))
        .filter(|top| !folders.iter().any(|folder| top.starts_with(folder)))
        .map(Path::to_path_buf)
        .collect()
}

/// The folder at the top of a folder's workspace: the nearest one that says so. `marked` holds what is known of folders already.
fn top<'p>(folder: &'p Path, marked: &mut HashMap<&'p Path, bool>) -> Option<&'p Path> {
    folder.ancestors().find(|folder| {
        *marked.entry(folder).or_insert_with(|| MARKS.iter().any(|mark| folder.join(mark).exists()))
    })
}

/// The path of an import with the member that it names.
fn whole(import: &Import) -> String {
    let member = import.member.as_deref().filter(|member| *member != "*");
    match member {
        Some(member) if import.path.ends_with('.') => format!("{}{member}", import.path),
        Some(member) => format!("{}.{member}", import.path),
        None => import.path.clone(),
    }
}

/// The sources of workspaces by their paths, not read.
struct Listing {
    modules: Modules,
    /// Scala files by the folder they lie in.
    folders: BTreeMap<String, Vec<String>>,
}

impl Listing {
    fn new<'f>(tops: &BTreeSet<PathBuf>, known: impl Iterator<Item = &'f str>) -> Self {
        let mut all: BTreeSet<String> = known.map(str::to_owned).collect();
        for top in tops {
            let entries = WalkBuilder::new(top).require_git(false).follow_links(false).build();
            for entry in entries.take(LISTED).flatten() {
                if entry.file_type().is_some_and(|kind| kind.is_file())
                    && files::kind(entry.path()).is_some()
                {
                    all.insert(key(entry.path()));
                }
            }
        }
        let modules = Modules::new(all.iter().map(String::as_str));
        let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in all {
            if file.ends_with(".scala")
                && let Some((folder, _)) = file.rsplit_once('/')
            {
                folders.entry(folder.to_owned()).or_default().push(file);
            }
        }
        Self { modules, folders }
    }

    /// The files that a file's imports may name.
    fn imported(&self, file: &str, program: &Program) -> Vec<String> {
        match program.language {
            Language::Python => {
                program.imports.iter().flat_map(|import| self.modules_of(file, import)).collect()
            }
            Language::Scala => {
                let own = file.rsplit_once('/').map_or("", |it| it.0).to_owned();
                let packages = program.imports.iter().map(|import| import.path.as_str());
                let packages = packages.chain(program.summary.package.as_deref());
                let mut files = self.folders.get(&own).cloned().unwrap_or_default();
                for package in packages {
                    let folder = format!("/{}", package.replace('.', "/"));
                    // The path may end in an object, which lies in a file of its package.
                    let outer = folder.rsplit_once('/').map_or("", |it| it.0);
                    for (path, inner) in &self.folders {
                        if path.ends_with(&folder) || (outer.len() > 1 && path.ends_with(outer)) {
                            files.extend(inner.iter().cloned());
                        }
                    }
                }
                files
            }
        }
    }

    fn modules_of(&self, file: &str, import: &Import) -> Vec<String> {
        let whole = whole(import);
        let dots = whole.len() - whole.trim_start_matches('.').len();
        let ends = whole.match_indices('.').map(|it| it.0).filter(|at| *at >= dots);
        // A package's own file is run before what lies in it.
        ends.chain([dots, whole.len()])
            .filter_map(|end| {
                let found = self.modules.resolve(file, &whole[..end]);
                found.path().map(|path| path.as_ref().to_owned())
            })
            .collect()
    }
}
