//! What holds for every committed log: it tells about no machine, and its lines are those of the committed sources.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{NEUTRAL_ROOT, decompress, repository, scrub};

const FOLDERS: [&str; 3] = ["examples", "tests/workloads", "tests/shapes"];

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Every committed log, zstd or plain text, by its path. Anything that starts with neither a zstd frame nor an event is
/// no log.
fn logs() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        FOLDERS.iter().map(|folder| repository().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(log) = read(&path) {
                found.push((path, log));
            }
        }
    }
    found.sort();
    assert!(found.len() >= 4, "two languages on two versions of Spark, found {}", found.len());
    found
}

fn read(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    File::open(path).unwrap().take(9).read_to_end(&mut start).unwrap();
    if start.starts_with(&ZSTD) {
        Some(decompress(File::open(path).unwrap()).unwrap())
    } else if start == b"{\"Event\":" {
        Some(fs::read_to_string(path).unwrap())
    } else {
        None
    }
}

#[test]
fn nothing_tells_about_a_machine() {
    for (path, log) in logs() {
        assert_eq!(scrub::leftovers(&log, &[]), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn call_sites_are_lines_of_the_committed_sources() {
    for (path, log) in logs() {
        let mut sites = BTreeSet::new();
        for line in log.lines() {
            call_sites(&scrub::event(line).unwrap(), &mut sites);
        }
        let mut checked = 0;
        for site in &sites {
            let Some(source) = source_of(&site.file, &path) else { continue };
            checked += 1;
            let text = fs::read_to_string(&source)
                .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
            let names_method = |line: usize| {
                text.lines().nth(line - 1).is_some_and(|line| line.contains(&site.method))
            };
            // scalac gives a call without arguments the line that its receiver ends on.
            let is_scala = source.extension().is_some_and(|extension| extension == "scala");
            assert!(
                names_method(site.line)
                    || (is_scala && names_method(site.line + 1))
                    // Nobody writes down an implicit conversion.
                    || (is_scala && site.method.ends_with("RDDFunctions")),
                "{}: {site:?} is not in {}",
                path.display(),
                source.display()
            );
        }
        assert!(checked > 0, "{} has no call site in a committed source", path.display());
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CallSite {
    method: String,
    file: String,
    line: usize,
}

/// Collects the strings of the form `collect at /srv/stagelight/examples/orders/orders.py:68`.
fn call_sites(value: &Value, sites: &mut BTreeSet<CallSite>) {
    match value {
        Value::String(text) => sites.extend(call_site(text)),
        Value::Array(items) => items.iter().for_each(|item| call_sites(item, sites)),
        Value::Object(members) => members.values().for_each(|member| call_sites(member, sites)),
        _ => {}
    }
}

fn call_site(text: &str) -> Option<CallSite> {
    let (method, place) = text.split_once(" at ")?;
    let (file, line) = place.rsplit_once(':')?;
    let line = line.parse().ok()?;
    let is_name = method.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| CallSite { method: method.to_owned(), file: file.to_owned(), line })
}

/// The committed source that a log at `log` means by `file`. Python has the whole path; Scala only the base name, which
/// may also be that of one of Spark's own sources.
fn source_of(file: &str, log: &Path) -> Option<PathBuf> {
    if let Some(path) = file.strip_prefix(NEUTRAL_ROOT) {
        return Some(repository().join(path.trim_start_matches('/')));
    }
    let repository = repository();
    log.ancestors()
        .take_while(|folder| *folder != repository)
        .map(|folder| folder.join(file))
        .find(|source| !file.contains('/') && source.is_file())
}
