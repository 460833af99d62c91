//! Which file an import of Python names.
//!
//! Python looks a module up in the folders of `sys.path`, which no file of a workspace states. What is known is which folders can stand
//! there: the folder of the script that was started, the folder around the outermost package, the workspace's own folder and its
//! `src`, and for `spark-submit --py-files` the folder of any module. They are asked in that order, and where an order cannot be told
//! and two folders give two files, the answer is [`Resolution::Ambiguous`].
//!
//! Paths are names of files as the host knows them: parts parted by `/`, relative to the workspace or absolute.

use std::collections::BTreeSet;
use std::sync::Arc;

use dashmap::DashMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

/// Folders that hold import roots by convention, beside a workspace's own.
const SOURCE_FOLDERS: [&str; 5] = ["src", "python", "src/python", "src/main/python", "lib"];

/// Endings of what `%run` can run.
const RUNNABLE: [&str; 3] = [".py", ".ipynb", ".scala"];

/// What a module's path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// No file of the workspace.
    Missing,
    /// One of several files, and nothing tells which.
    Ambiguous,
    /// A folder without an `__init__.py` that modules lie in (PEP 420).
    Namespace(Arc<str>),
    /// This file.
    File {
        /// Its path, as it was given to [`Modules::new`].
        path: Arc<str>,
        /// Whether the folder it was found in is known as an import root only by there being no other, as with modules that
        /// `--py-files` puts side by side.
        guessed: bool,
    },
}

impl Resolution {
    /// The file's path.
    #[must_use]
    pub fn path(&self) -> Option<&Arc<str>> {
        match self {
            Resolution::File { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// The Python modules among the files of a workspace.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    files: FxHashSet<Arc<str>>,
    /// Folders with modules somewhere below them.
    folders: FxHashSet<Arc<str>>,
    /// The last parts of those folders' paths.
    folder_names: FxHashSet<Box<str>>,
    /// Modules by the last part of their dotted path: the folder that they lie in, and the file.
    by_name: FxHashMap<Box<str>, Vec<Arc<str>>>,
    /// What `%run` can name, in any language: by the last part of its path, without an ending.
    runnable: FxHashMap<Box<str>, Vec<Arc<str>>>,
    /// What was looked up from a folder's files already: the files of a folder import much the same.
    looked_up: DashMap<Box<str>, Resolution, FxBuildHasher>,
}

impl Modules {
    /// The modules among `files`; files of other languages are passed over.
    pub fn new<'f>(files: impl IntoIterator<Item = &'f str>) -> Self {
        let mut modules = Self::default();
        for file in files {
            let path: Arc<str> = file.into();
            if let Some(stem) = RUNNABLE.iter().find_map(|it| file.strip_suffix(it)) {
                modules.runnable.entry(last(stem).into()).or_default().push(Arc::clone(&path));
            }
            let Some(stem) = file.strip_suffix(".py") else { continue };
            if !modules.files.insert(Arc::clone(&path)) {
                continue;
            }
            let mut folder = folder_of(file);
            let name = match last(stem) {
                "__init__" => last(folder),
                name => name,
            };
            modules.by_name.entry(name.into()).or_default().push(path);
            while !folder.is_empty() && modules.folders.insert(folder.into()) {
                modules.folder_names.insert(last(folder).into());
                folder = folder_of(folder);
            }
        }
        modules
    }

    /// Whether the file is one of the modules.
    #[must_use]
    pub fn contains(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// The file of the module that `module` names in an import of `from`: `jobs.common`, or relative with leading dots (`.readers`, `..`);
    /// or what `%run` names there: `%` and a path without its ending (`%../shared/setup`).
    #[must_use]
    pub fn resolve(&self, from: &str, module: &str) -> Resolution {
        if let Some(path) = module.strip_prefix('%') {
            return self.run(from, path);
        }
        let dots = module.len() - module.trim_start_matches('.').len();
        let name = &module[dots..];
        if name.split('.').any(str::is_empty) && !name.is_empty() {
            return Resolution::Missing;
        }
        let inner = name.replace('.', "/");
        if dots > 0 {
            let mut folder = Some(folder_of(from));
            for _ in 1..dots {
                folder = folder.filter(|it| !it.is_empty()).map(folder_of);
            }
            return folder.map_or(Resolution::Missing, |folder| {
                self.at(&joined(folder, &inner), false).unwrap_or(Resolution::Missing)
            });
        }
        if inner.is_empty() {
            return Resolution::Missing;
        }
        self.absolute(from, &inner)
    }

    /// The notebook or script that `%run` names in `from` by a path without its ending.
    fn run(&self, from: &str, path: &str) -> Resolution {
        let Some(absolute) = path.strip_prefix('/') else {
            let mut folder = folder_of(from);
            let mut rest = path;
            loop {
                rest = match (rest.strip_prefix("./"), rest.strip_prefix("../")) {
                    (Some(inner), _) => inner,
                    (_, Some(_)) if folder.is_empty() => return Resolution::Missing,
                    (_, Some(outer)) => {
                        folder = folder_of(folder);
                        outer
                    }
                    _ => break,
                };
            }
            return self.runnable_at(from, &joined(folder, rest), false);
        };
        // A workspace of Databricks has its own root: what lies below a folder of it lies below some folder here. A name alone says too
        // little.
        let mut inner = absolute;
        while inner.contains('/') {
            let candidates = self.runnable.get(last(inner)).map_or(&[][..], Vec::as_slice);
            let roots: BTreeSet<&str> = candidates
                .iter()
                .filter_map(|file| stem(file).strip_suffix(inner))
                .filter(|root| root.is_empty() || root.ends_with('/'))
                .collect();
            match (roots.first(), roots.len()) {
                (Some(root), 1) => {
                    return self.runnable_at(from, &format!("{root}{inner}"), true);
                }
                (_, 0) => {}
                _ => return Resolution::Ambiguous,
            }
            inner = inner.split_once('/').map_or("", |it| it.1);
        }
        Resolution::Missing
    }

    /// The notebook or script at a path without its ending: one of the same kind as `from` before others.
    fn runnable_at(&self, from: &str, place: &str, guessed: bool) -> Resolution {
        let candidates = self.runnable.get(last(place)).map_or(&[][..], Vec::as_slice);
        let ending = from.rsplit_once('.').map_or("", |it| it.1);
        let found = candidates
            .iter()
            .filter(|file| stem(file) == place && file.as_ref() != from)
            .min_by_key(|file| !file.ends_with(ending));
        found.map_or(Resolution::Missing, |path| Resolution::File {
            path: Arc::clone(path),
            guessed,
        })
    }

    fn absolute(&self, from: &str, inner: &str) -> Resolution {
        // Most imports are of libraries, whose names are none of the workspace's.
        let name = last(inner);
        if !self.by_name.contains_key(name) && !self.folder_names.contains(name) {
            return Resolution::Missing;
        }
        let own = folder_of(from);
        // No path of a folder holds a zero.
        let key = format!("{own}\0{inner}");
        if let Some(known) = self.looked_up.get(key.as_str()) {
            return known.clone();
        }
        let found = self.looked_for(own, inner);
        self.looked_up.insert(key.into(), found.clone());
        found
    }

    /// What `inner` names in the files of the folder `own`.
    fn looked_for(&self, own: &str, inner: &str) -> Resolution {
        // The script's own folder stands first in `sys.path`, and that of the outermost package does where the file is imported.
        let root = self.outside_package(own);
        let mut near = vec![joined(root, inner)];
        if own != root {
            near.push(joined(own, inner));
        }
        // A file that is found later goes before a namespace that is found earlier.
        let mut namespace = None;
        match self.one_of(&near, false) {
            Some(Resolution::Namespace(found)) => namespace = Some(found),
            Some(found) => return found,
            None => {}
        }
        let mut folder = root;
        loop {
            match self.at(&joined(folder, inner), false) {
                Some(Resolution::Namespace(found)) => namespace = namespace.or(Some(found)),
                Some(found) => return found,
                None => {}
            }
            let beside: Vec<String> = SOURCE_FOLDERS
                .iter()
                .map(|source| joined(&joined(folder, source), inner))
                .collect();
            match self.one_of(&beside, false) {
                Some(Resolution::Namespace(found)) => namespace = namespace.or(Some(found)),
                Some(found) => return found,
                None => {}
            }
            if folder.is_empty() {
                break;
            }
            folder = folder_of(folder);
        }
        namespace.map_or_else(|| self.anywhere(inner), Resolution::Namespace)
    }

    /// The only module by this path below a folder that can be an import root, wherever that is.
    fn anywhere(&self, inner: &str) -> Resolution {
        let candidates = self.by_name.get(last(inner)).map_or(&[][..], Vec::as_slice);
        let mut found: Option<&Arc<str>> = None;
        for file in candidates {
            let module = file.strip_suffix(".py").unwrap_or(file);
            let module = module.strip_suffix("/__init__").unwrap_or(module);
            let Some(root) = module.strip_suffix(inner) else { continue };
            let Some(root) = root.strip_suffix('/').or(root.is_empty().then_some("")) else {
                continue;
            };
            // A module within a package is named through it.
            if self.is_package(root) {
                continue;
            }
            // A package hides a module of its name beside it.
            if file.ends_with("/__init__.py")
                && found.is_some_and(|it| it.strip_suffix(".py") == Some(module))
            {
                found = None;
            }
            match found {
                Some(other) if other.strip_suffix("/__init__.py") == Some(module) => {}
                Some(_) => return Resolution::Ambiguous,
                None => found = Some(file),
            }
        }
        found.map_or(Resolution::Missing, |path| Resolution::File {
            path: Arc::clone(path),
            guessed: true,
        })
    }

    /// What lies at one of several places that exclude one another. A namespace gives way to a file.
    fn one_of(&self, places: &[String], guessed: bool) -> Option<Resolution> {
        let found: Vec<Resolution> =
            places.iter().filter_map(|place| self.at(place, guessed)).collect();
        let mut files = found.iter().filter(|it| it.path().is_some());
        match (files.next(), files.next()) {
            (Some(_), Some(_)) => Some(Resolution::Ambiguous),
            (Some(only), None) => Some(only.clone()),
            (None, _) => match found.as_slice() {
                [] => None,
                [only] => Some(only.clone()),
                _ => Some(Resolution::Ambiguous),
            },
        }
    }

    /// The package, module or namespace at a path without its ending.
    fn at(&self, place: &str, guessed: bool) -> Option<Resolution> {
        [joined(place, "__init__.py"), format!("{place}.py")]
            .iter()
            .find_map(|file| self.files.get(file.as_str()))
            .map(|path| Resolution::File { path: Arc::clone(path), guessed })
            .or_else(|| self.folders.get(place).cloned().map(Resolution::Namespace))
    }

    fn is_package(&self, folder: &str) -> bool {
        self.files.contains(joined(folder, "__init__.py").as_str())
    }

    /// The folder around the outermost package that `folder` belongs to, itself where it is none.
    fn outside_package<'a>(&self, mut folder: &'a str) -> &'a str {
        while !folder.is_empty() && self.is_package(folder) {
            folder = folder_of(folder);
        }
        folder
    }
}

/// The folder that a path lies in; empty at the top.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |it| it.0)
}

/// A path without its ending.
fn stem(path: &str) -> &str {
    RUNNABLE.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |it| it.1)
}

fn joined(folder: &str, inner: &str) -> String {
    match (folder, inner) {
        ("", inner) => inner.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, inner) => format!("{folder}/{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(files: &[&str], from: &str, module: &str) -> String {
        match Modules::new(files.iter().copied()).resolve(from, module) {
            Resolution::Missing => "missing".to_owned(),
            Resolution::Ambiguous => "ambiguous".to_owned(),
            Resolution::Namespace(folder) => format!("{folder}/"),
            Resolution::File { path, guessed: false } => path.as_ref().to_owned(),
            Resolution::File { path, guessed: true } => format!("{path}?"),
        }
    }

    #[test]
    fn a_file_goes_before_a_namespace_wherever_it_lies() {
        let files = ["src/shop/orders/__init__.py", "tests/shop/orders/test_orders.py"];
        let from = "tests/shop/orders/test_orders.py";
        assert_eq!(resolved(&files, from, "shop.orders"), "src/shop/orders/__init__.py");
        assert_eq!(resolved(&files, "tests/a.py", "shop.orders"), "src/shop/orders/__init__.py");
        assert_eq!(resolved(&files[1..], "tests/a.py", "shop.orders"), "tests/shop/orders/");
    }

    #[test]
    fn relative_imports_count_from_the_folder() {
        let files = ["jobs/__init__.py", "jobs/a.py", "jobs/io/__init__.py", "jobs/io/readers.py"];
        assert_eq!(resolved(&files, "jobs/io/readers.py", "."), "jobs/io/__init__.py");
        assert_eq!(resolved(&files, "jobs/io/readers.py", "..a"), "jobs/a.py");
        assert_eq!(resolved(&files, "jobs/a.py", ".io.readers"), "jobs/io/readers.py");
        assert_eq!(resolved(&files, "jobs/__init__.py", ".a"), "jobs/a.py");
        assert_eq!(resolved(&files, "jobs/a.py", "...a"), "missing");
        assert_eq!(resolved(&files, "jobs/a.py", ".b"), "missing");
    }

    #[test]
    fn absolute_imports_count_from_the_folder_around_the_package() {
        let files = ["src/jobs/__init__.py", "src/jobs/a.py", "src/jobs/io/__init__.py"];
        assert_eq!(resolved(&files, "src/jobs/io/__init__.py", "jobs.a"), "src/jobs/a.py");
        assert_eq!(resolved(&files, "src/jobs/a.py", "jobs"), "src/jobs/__init__.py");
        assert_eq!(resolved(&files, "main.py", "jobs.a"), "src/jobs/a.py");
        assert_eq!(resolved(&files, "tests/unit/test_a.py", "jobs.a"), "src/jobs/a.py");
    }

    #[test]
    fn a_script_finds_what_lies_beside_it() {
        let files = ["jobs/a.py", "jobs/common.py", "other/common.py"];
        assert_eq!(resolved(&files, "jobs/a.py", "common"), "jobs/common.py");
        assert_eq!(resolved(&files, "main.py", "jobs.common"), "jobs/common.py");
        assert_eq!(resolved(&files, "main.py", "jobs"), "jobs/");
    }

    #[test]
    fn modules_shipped_flat_are_guessed_where_there_is_one() {
        let files = ["etl/a.py", "shared/common.py"];
        assert_eq!(resolved(&files, "etl/a.py", "common"), "shared/common.py?");
        let files = ["etl/a.py", "shared/common.py", "more/common.py"];
        assert_eq!(resolved(&files, "etl/a.py", "common"), "ambiguous");
        let files = ["etl/a.py", "shared/__init__.py", "shared/logging.py"];
        assert_eq!(resolved(&files, "etl/a.py", "logging"), "missing");
    }

    #[test]
    fn two_roots_that_cannot_be_ordered_are_ambiguous() {
        let files = ["jobs/__init__.py", "jobs/a.py", "jobs/common.py", "common.py"];
        assert_eq!(resolved(&files, "jobs/a.py", "common"), "ambiguous");
        let files = ["a.py", "src/jobs/x.py", "python/jobs/x.py"];
        assert_eq!(resolved(&files, "a.py", "jobs.x"), "ambiguous");
    }

    #[test]
    fn notebooks_are_run_by_their_path() {
        let files = [
            "nb/job.py",
            "nb/setup.py",
            "nb/io/readers.ipynb",
            "shared/setup.ipynb",
            "shared/setup.py",
            "lib/shared/setup.scala",
            "pandas.ipynb",
        ];
        assert_eq!(resolved(&files, "nb/job.py", "%./setup"), "nb/setup.py");
        assert_eq!(resolved(&files, "nb/job.py", "%setup"), "nb/setup.py");
        assert_eq!(resolved(&files, "nb/job.py", "%./io/readers"), "nb/io/readers.ipynb");
        assert_eq!(resolved(&files, "nb/job.py", "%../shared/setup"), "shared/setup.py");
        assert_eq!(
            resolved(&files, "nb/io/readers.ipynb", "%../../shared/setup"),
            "shared/setup.ipynb"
        );
        for missing in ["%./job", "%./x", "%../../x", "%", "%.", "%..", "%./", "%/", "%/setup"] {
            assert_eq!(resolved(&files, "nb/job.py", missing), "missing", "{missing}");
        }
        // Below another root.
        assert_eq!(
            resolved(&files, "nb/job.py", "%/Repos/me/nb/io/readers"),
            "nb/io/readers.ipynb?"
        );
        assert_eq!(resolved(&files, "nb/job.py", "%/Workspace/me/nb/setup"), "nb/setup.py?");
        assert_eq!(resolved(&files, "nb/job.py", "%/Repos/me/shared/setup"), "ambiguous");
        // Python imports no notebook.
        assert_eq!(resolved(&files, "job.py", "pandas"), "missing");
    }

    #[test]
    fn a_package_hides_a_module_of_its_name() {
        let files =
            ["a.py", "common.py", "common/__init__.py", "x/lib/y.py", "x/lib/y/__init__.py"];
        assert_eq!(resolved(&files, "a.py", "common"), "common/__init__.py");
        assert_eq!(resolved(&files, "a.py", "y"), "x/lib/y/__init__.py?");
    }

    #[test]
    fn what_is_no_module_path_is_missing() {
        let files = ["a.py", "b/__init__.py"];
        for module in ["", "a..b", "a.", "b..", "é", "....", "a.b.c"] {
            assert_eq!(resolved(&files, "a.py", module), "missing", "{module}");
        }
        assert_eq!(resolved(&[], "a.py", "a"), "missing");
        assert_eq!(resolved(&["/jobs/a.py", "/jobs/b.py"], "/jobs/a.py", "b"), "/jobs/b.py");
    }
}
