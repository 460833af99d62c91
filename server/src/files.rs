//! Source files: which are read, and how they are named.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use ignore::{DirEntry, WalkBuilder, WalkState};
use program::Language;

use crate::configuration::{ConfigurationError, Configurations};
use crate::problem::Problem;
use crate::source::Kind;

/// The largest source file that is read. What is larger is generated, and offsets are 32 bits wide.
const MAX_BYTES: u64 = 32 << 20;

/// The largest notebook that is read. Its outputs may be large, and are passed over.
const MAX_NOTEBOOK_BYTES: u64 = 512 << 20;

/// A source file that was named or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundFile {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    /// Its name in output and in the host: relative to the current directory where it lies in it, with `/`.
    pub(crate) name: String,
    /// What it is by its ending.
    pub(crate) kind: Kind,
    /// Whether it was named rather than found in a folder.
    pub(crate) named: bool,
}

impl FoundFile {
    fn new(path: &Path, kind: Kind, named: bool) -> Self {
        Self { path: path.to_owned(), name: display_path(path), kind, named }
    }
}

/// What a file is by its extension.
#[must_use]
pub(crate) fn kind(path: &Path) -> Option<Kind> {
    match path.extension()?.to_str()? {
        "py" | "pyw" => Some(Kind::Text(Language::Python)),
        "scala" | "sc" => Some(Kind::Text(Language::Scala)),
        "ipynb" => Some(Kind::Jupyter),
        _ => None,
    }
}

/// The source files that `paths` name and those in the folders they name, sorted by name, each once. Folders are searched as
/// ripgrep does: hidden files and what `.gitignore` and `.ignore` name are left out, and what the configuration excludes. What is found
/// in a folder is given to `begin` at once, by several threads, while the search goes on.
///
/// # Errors
/// A configuration file is not understood.
pub(crate) fn find(
    paths: &[PathBuf],
    configurations: &Configurations,
    problems: &mut Vec<Problem>,
    begin: &(dyn Fn(&FoundFile) + Sync),
) -> Result<Vec<FoundFile>, ConfigurationError> {
    let mut files = BTreeMap::new();
    for path in paths {
        let absolute = absolute(path);
        let metadata = match std::fs::metadata(&absolute) {
            Ok(metadata) => metadata,
            Err(error) => {
                let way_out = match error.kind() {
                    io::ErrorKind::NotFound => {
                        "no such file or folder; check the spelling".to_owned()
                    }
                    _ => format!("can't be read ({}); grant access to it", reason(&error)),
                };
                problems.push(Problem::named(display_path(&absolute), way_out));
                continue;
            }
        };
        if metadata.is_dir() {
            walk(&absolute, configurations, &mut files, problems, begin)?;
        } else if let Some(kind) = kind(&absolute) {
            insert(&mut files, FoundFile::new(&absolute, kind, true));
        } else {
            problems.push(Problem::named(
                display_path(&absolute),
                "not a source file; name a folder, or a file that ends in .py, .scala, .sc or .ipynb",
            ));
        }
    }
    Ok(files.into_values().collect())
}

fn insert(files: &mut BTreeMap<String, FoundFile>, found: FoundFile) {
    let named = found.named;
    files.entry(found.name.clone()).or_insert(found).named |= named;
}

/// What a folder holds. It is walked by several threads, and told in an order that does not depend on them.
fn walk(
    folder: &Path,
    configurations: &Configurations,
    files: &mut BTreeMap<String, FoundFile>,
    problems: &mut Vec<Problem>,
    begin: &(dyn Fn(&FoundFile) + Sync),
) -> Result<(), ConfigurationError> {
    let known = configurations.clone();
    let walk = WalkBuilder::new(folder)
        .require_git(false)
        // The folder that was named is read whatever a configuration says; what lies in it may be left out. A configuration that
        // is not understood is told below.
        .filter_entry(move |entry| {
            let path = entry.path();
            entry.depth() == 0
                || !known.for_file(path).is_ok_and(|configuration| configuration.excludes(path))
        })
        .build_parallel();
    let (sender, entries) = mpsc::channel();
    walk.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let seen = seen(folder, entry, configurations);
            if let Ok(Seen::File(found)) = &seen {
                begin(found);
            }
            match sender.send(seen) {
                Ok(()) => WalkState::Continue,
                Err(_) => WalkState::Quit,
            }
        })
    });
    drop(sender);
    let (mut mistakes, mut found_problems) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Ok(Seen::File(found)) => insert(files, found),
            Ok(Seen::Problem(problem)) => found_problems.push(problem),
            Ok(Seen::Other) => {}
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if let Some(mistake) = mistakes.into_iter().min_by(|left, right| left.place.cmp(&right.place)) {
        return Err(mistake);
    }
    found_problems.sort_by(|left, right| left.path.cmp(&right.path));
    problems.append(&mut found_problems);
    Ok(())
}

/// What an entry of a folder is to us.
enum Seen {
    File(FoundFile),
    Problem(Problem),
    Other,
}

fn seen(
    folder: &Path,
    entry: Result<DirEntry, ignore::Error>,
    configurations: &Configurations,
) -> Result<Seen, ConfigurationError> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Ok(Seen::Problem(walk_problem(folder, &error))),
    };
    let path = entry.path();
    configurations.for_file(path)?;
    if !entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
        return Ok(Seen::Other);
    }
    // A link to a file is read; a dead link, or one to a folder, is none of ours.
    if entry.path_is_symlink() && !path.is_file() {
        return Ok(circle(path).map_or(Seen::Other, Seen::Problem));
    }
    Ok(kind(path).map_or(Seen::Other, |kind| Seen::File(FoundFile::new(path, kind, false))))
}

/// What is to be said of a link that leads in a circle.
fn circle(link: &Path) -> Option<Problem> {
    let told = |message: String| Some(Problem::found(display_path(link), message));
    match std::fs::canonicalize(link) {
        Ok(target) => {
            let folder = std::fs::canonicalize(link.parent()?).ok()?;
            if !folder.starts_with(&target) {
                return None;
            }
            let target = display_path(&target);
            told(format!(
                "leads back to {target}; it is not followed, and what lies there is read once"
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            told(format!("can't be followed ({}); remove the link or exclude it", reason(&error)))
        }
    }
}

fn walk_problem(folder: &Path, error: &ignore::Error) -> Problem {
    fn path_of(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithLineNumber { err, .. } | ignore::Error::WithDepth { err, .. } => {
                path_of(err)
            }
            _ => None,
        }
    }
    let path = path_of(error).unwrap_or(folder);
    let why = error.io_error().map_or_else(|| error.to_string(), reason);
    let message = format!("can't be read ({why}); grant access to it or exclude it");
    if path == folder {
        Problem::named(display_path(path), message)
    } else {
        Problem::found(display_path(path), message)
    }
}

/// The text of a source file.
///
/// # Errors
/// It can't be read, is too large or is not UTF-8.
pub(crate) fn read_text(file: &FoundFile) -> Result<String, Problem> {
    let failed = |message: String| Problem { path: file.name.clone(), message, named: file.named };
    let unreadable = |error: &io::Error| {
        failed(format!("can't be read ({}); grant access to it or exclude it", reason(error)))
    };
    let length = std::fs::metadata(&file.path).map_err(|error| unreadable(&error))?.len();
    let limit = match file.kind {
        Kind::Text(_) => MAX_BYTES,
        Kind::Jupyter => MAX_NOTEBOOK_BYTES,
    };
    if length > limit {
        let size = analysis::units::bytes(length);
        let limit = analysis::units::bytes(limit);
        return Err(failed(format!("is {size} large, more than {limit}; exclude it")));
    }
    let bytes = std::fs::read(&file.path).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        failed(format!("not UTF-8 (byte {at}); save it as UTF-8 or exclude it"))
    })
}

/// The absolute form of a path without `.` and `..`, links untouched.
#[must_use]
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut result = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

/// A path as shown: relative to the current directory where it lies in it, with `/` on every system.
#[must_use]
pub(crate) fn display_path(path: &Path) -> String {
    let absolute = absolute(path);
    let directory = std::env::current_dir().unwrap_or_default();
    let shown = match absolute.strip_prefix(&directory) {
        Ok(relative) if relative.as_os_str().is_empty() => Path::new("."),
        Ok(relative) => relative,
        Err(_) => &absolute,
    };
    let text = shown.to_string_lossy();
    let text = if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    };
    // A name that begins so could be taken for an option, or for a command by the log of a CI service.
    if text.starts_with(['-', ':', '#']) { format!("./{text}") } else { text }
}

/// Why reading failed, in the words of the operating system without its number.
#[must_use]
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "unknown reason".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_relative() {
        let directory = std::env::current_dir().unwrap();
        assert_eq!(display_path(&directory.join("a").join("..").join("b.py")), "b.py");
        assert_eq!(display_path(&directory), ".");
        assert_eq!(display_path(Path::new("::error.py")), "./::error.py");
        assert_eq!(display_path(Path::new("/elsewhere/x.py")), "/elsewhere/x.py");
    }
}
