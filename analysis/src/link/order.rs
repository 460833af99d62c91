//! In which order files are looked at: imported ones before those that import them.

use std::collections::BTreeMap;
use std::sync::Arc;

use program::Outline;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::modules::Modules;

/// The order that files are looked at in.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Files by level: what a file imports stands at lower ones, but for cycles.
    pub(super) levels: Vec<Vec<Arc<str>>>,
    /// The files that each file imports.
    pub(super) imports: FxHashMap<Arc<str>, Vec<Arc<str>>>,
}

/// The order of files by what they import.
pub(super) fn outlined<'o>(
    modules: &Modules,
    outlines: impl Iterator<Item = (&'o Arc<str>, &'o Outline)>,
) -> Order {
    let outlines: BTreeMap<&Arc<str>, &Outline> = outlines.collect();
    let files: Vec<&Arc<str>> = outlines.keys().copied().collect();
    let places: FxHashMap<&str, usize> =
        files.iter().enumerate().map(|(place, file)| (file.as_ref(), place)).collect();
    let packages: FxHashSet<&str> =
        outlines.values().filter_map(|it| it.package.as_deref()).collect();
    let mut definers: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
    for (place, outline) in outlines.values().enumerate() {
        for name in &outline.names {
            definers.entry((package(outline), name)).or_default().push(place);
        }
    }
    let each: Vec<(usize, (&&Arc<str>, &&Outline))> = outlines.iter().enumerate().collect();
    let imported = |(place, (file, outline)): (usize, (&&Arc<str>, &&Outline))| {
        let mut found: Vec<usize> = Vec::new();
        // Packages of which everything can be named.
        let mut seen: Vec<&str> = vec![package(outline)];
        for path in &outline.imports {
            if modules.contains(file) {
                let module = module(modules, file, path);
                found.extend(module.and_then(|it| places.get(it.as_ref())));
            } else if let Some(package) = longest(path, &|prefix| packages.get(prefix).copied()) {
                let rest = path[package.len()..].trim_start_matches('.');
                match rest.split('.').next() {
                    None | Some("") => seen.push(package),
                    Some(name) => {
                        found.extend(definers.get(&(package, name)).into_iter().flatten());
                    }
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        for package in seen {
            let named = outline.words.iter().filter_map(|it| definers.get(&(package, it.as_str())));
            found.extend(named.flatten());
        }
        found.sort_unstable();
        found.dedup();
        let found = found.into_iter().filter(|it| *it != place);
        (Arc::clone(file), found.map(|it| Arc::clone(files[it])).collect())
    };
    let imports: Vec<(Arc<str>, Vec<Arc<str>>)> = each.into_par_iter().map(imported).collect();
    let imports: FxHashMap<Arc<str>, Vec<Arc<str>>> = imports.into_iter().collect();
    let levels = levels(files.into_iter().cloned().collect(), &imports);
    Order { levels, imports }
}

/// The package that a file's names are in; the empty one where it says none.
fn package(outline: &Outline) -> &str {
    outline.package.as_deref().unwrap_or_default()
}

/// The file of the longest part of a path that names a module.
fn module(modules: &Modules, file: &str, path: &str) -> Option<Arc<str>> {
    longest(path, &|prefix| modules.resolve(file, prefix).path().cloned())
}

fn longest<'p, T>(path: &'p str, look_up: &dyn Fn(&'p str) -> Option<T>) -> Option<T> {
    let ends = path.rmatch_indices('.').map(|it| it.0).filter(|end| *end > 0);
    std::iter::once(path.len()).chain(ends).find_map(|end| look_up(&path[..end]))
}

/// Files by level: those that import nothing, those that import these, and so on. Cycles are broken somewhere, and always at the same
/// place.
pub(super) fn levels(
    files: Vec<Arc<str>>,
    imports: &FxHashMap<Arc<str>, Vec<Arc<str>>>,
) -> Vec<Vec<Arc<str>>> {
    let mut levels: Vec<Vec<Arc<str>>> = Vec::new();
    let mut level_of: FxHashMap<Arc<str>, usize> = FxHashMap::default();
    let mut entered: FxHashSet<Arc<str>> = FxHashSet::default();
    for file in files {
        if !entered.insert(Arc::clone(&file)) {
            continue;
        }
        let mut path = vec![(file, 0)];
        while let Some((file, next)) = path.last_mut() {
            let inner = imports.get(file).and_then(|it| it.get(*next)).cloned();
            *next += 1;
            match inner {
                Some(inner) => {
                    if imports.contains_key(&inner) && entered.insert(Arc::clone(&inner)) {
                        path.push((inner, 0));
                    }
                }
                None => {
                    let Some((file, _)) = path.pop() else { break };
                    let inner = imports.get(&file).into_iter().flatten();
                    // One that is not known yet stands on this very path: a cycle.
                    let level = inner.filter_map(|it| level_of.get(it)).map(|it| it + 1).max();
                    let level = level.unwrap_or(0);
                    if levels.len() <= level {
                        levels.resize_with(level + 1, Vec::new);
                    }
                    levels[level].push(Arc::clone(&file));
                    level_of.insert(file, level);
                }
            }
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(imports: &[&str]) -> Outline {
        Outline { imports: owned(imports), ..Outline::default() }
    }

    fn scala(package: &str, names: &[&str], imports: &[&str], words: &[&str]) -> Outline {
        let (names, imports, words) = (owned(names), owned(imports), owned(words));
        Outline { package: Some(package.to_owned()), names, words, imports }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn imported_files_come_first() {
        let files: BTreeMap<Arc<str>, Outline> = [
            ("jobs/a.py", python(&[".readers.load", "os", "numpy.random"])),
            ("jobs/readers.py", python(&["jobs.common"])),
            ("jobs/common.py", python(&[])),
        ]
        .map(|(file, outline)| (file.into(), outline))
        .into();
        let modules = Modules::new(files.keys().map(AsRef::as_ref));
        let levels = outlined(&modules, files.iter()).levels;
        let names: Vec<Vec<&str>> =
            levels.iter().map(|it| it.iter().map(AsRef::as_ref).collect()).collect();
        assert_eq!(names, [vec!["jobs/common.py"], vec!["jobs/readers.py"], vec!["jobs/a.py"]]);
    }

    #[test]
    fn what_defines_the_names_that_a_file_in_scala_sees_and_writes_comes_first() {
        let files: BTreeMap<Arc<str>, Outline> = [
            ("Main.scala", scala("acme", &["Main"], &["acme.io.Readers", "acme.text"], &["Words"])),
            ("Root.scala", Outline { words: owned(&["Own"]), ..Outline::default() }),
            ("Script.scala", Outline { names: owned(&["Own"]), ..Outline::default() }),
            ("Beside.scala", scala("acme", &["Beside"], &["acme.io"], &["Main", "Other"])),
            ("Readers.scala", scala("acme.io", &["Readers"], &["org.apache.spark.sql"], &[])),
            ("Writers.scala", scala("acme.io", &["Writers"], &["acme.Beside"], &["Beside"])),
            ("Words.scala", scala("acme.text", &["Words"], &[], &["Readers"])),
        ]
        .map(|(file, outline)| (file.into(), outline))
        .into();
        let levels = outlined(&Modules::default(), files.iter()).levels;
        let names: Vec<Vec<&str>> =
            levels.iter().map(|it| it.iter().map(AsRef::as_ref).collect()).collect();
        assert_eq!(
            names,
            [
                vec!["Readers.scala", "Words.scala", "Script.scala"],
                vec!["Main.scala", "Root.scala"],
                vec!["Beside.scala"],
                vec!["Writers.scala"]
            ]
        );
    }

    #[test]
    fn a_cycle_is_broken() {
        let files: BTreeMap<Arc<str>, Outline> =
            [("a.py", python(&["b"])), ("b.py", python(&["c"])), ("c.py", python(&["a", "c"]))]
                .map(|(file, outline)| (file.into(), outline))
                .into();
        let modules = Modules::new(files.keys().map(AsRef::as_ref));
        let levels = outlined(&modules, files.iter()).levels;
        assert_eq!(
            levels.concat().iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
            ["c.py", "b.py", "a.py"]
        );
    }
}
