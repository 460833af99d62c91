//! Finds and reads the data files that programs of a workspace may be configured by.
//!
//! They are read for the join alone: what a configuration says tells which datasets and paths a run went through. Nothing of them is shown or run.

mod value;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use analysis::{Data, DataFile};
use ignore::WalkBuilder;

use self::value::Value;

/// Larger files are data, not configuration.
const LARGEST: u64 = 128 * 1024;
/// How many are read.
const MOST: usize = 300;
/// How deep below the sources they are looked for.
const DEEPEST: usize = 6;
/// What a program that reads configuration has in its text.
const READERS: [&str; 6] = ["json.load", "yaml.", "tomllib.", "toml.load", "OmegaConf", ".sql"];

/// Files of tools, which no program of Spark's reads.
const OF_TOOLS: [&str; 6] = [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "pyproject.toml",
    "stagelight.toml",
    "Cargo.toml",
];

/// A source: its name, its path, its text.
pub(crate) type SourceText<'a> = (&'a str, PathBuf, &'a str);

/// The data files of the folders that sources lie in; none where no source reads any.
pub(crate) fn of(sources: &[SourceText<'_>]) -> Vec<DataFile> {
    let reads = |text: &str| {
        READERS.iter().any(|it| memchr::memmem::find(text.as_bytes(), it.as_bytes()).is_some())
    };
    if !sources.iter().any(|it| reads(it.2)) {
        return Vec::new();
    }
    // Folders that sources are named relative to, or lie in.
    let mut roots: BTreeSet<(&Path, bool)> = BTreeSet::new();
    for (name, path, _) in sources {
        let named = Path::new(name);
        if named.is_relative() && path.ends_with(named) {
            roots.extend(path.ancestors().nth(named.components().count()).map(|it| (it, true)));
        } else {
            roots.extend(path.parent().map(|it| (it, false)));
        }
    }
    let mut found = Vec::new();
    for (root, relative) in &roots {
        let entries = WalkBuilder::new(root)
            .require_git(false)
            .follow_links(false)
            .max_depth(Some(DEEPEST))
            .sort_by_file_name(Ord::cmp)
            .build();
        for entry in entries.flatten() {
            if found.len() >= MOST {
                return found;
            }
            if !entry.file_type().is_some_and(|it| it.is_file()) {
                continue;
            }
            let Some(data) = read(entry.path()) else { continue };
            let path = if *relative {
                entry.path().strip_prefix(root).unwrap_or(entry.path())
            } else {
                entry.path()
            };
            let path = path.to_string_lossy().replace('\\', "/");
            found.push(DataFile { path, data });
        }
    }
    found
}

/// A file's data; none where it is no configuration, or not understood: then nothing is known of it.
fn read(path: &Path) -> Option<Data> {
    let name = path.file_name()?.to_str()?;
    let ending = path.extension()?.to_str()?;
    if !matches!(ending, "json" | "yaml" | "yml" | "toml" | "sql") || OF_TOOLS.contains(&name) {
        return None;
    }
    if std::fs::metadata(path).ok()?.len() > LARGEST {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    match ending {
        "json" => serde_json::from_str::<Value>(&text).ok().map(|it| it.0),
        "toml" => toml::from_str::<Value>(&text).ok().map(|it| it.0),
        "sql" => Some(Data::Text(text)),
        _ => yaml::data(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        let expected = Data::Map(vec![
            ("app".to_owned(), Data::Text("daily".to_owned())),
            ("days".to_owned(), Data::List(vec![Data::Integer(1), Data::Float(2.5)])),
            ("again".to_owned(), Data::Boolean(true)),
        ]);
        let json = write("a.json", r#"{"app": "daily", "days": [1, 2.5], "again": true}"#);
        let toml = write("a.toml", "app = 'daily'\ndays = [1, 2.5]\nagain = true\n");
        let yaml = write("a.yaml", "app: daily\ndays: [1, 2.5]\nagain: true\n");
        assert_eq!(
            [json, toml, yaml],
            [Some(expected.clone()), Some(expected.clone()), Some(expected)]
        );
        let date = Data::Map(vec![("day".to_owned(), Data::Text("2024-04-01".to_owned()))]);
        assert_eq!(write("d.toml", "day = 2024-04-01\n"), Some(date.clone()));
        assert_eq!(write("d.yml", "day: 2024-04-01\n"), Some(date));
        assert_eq!(write("a.txt", "{}"), None);
        assert_eq!(write("package.json", "{}"), None);
        assert_eq!(write("b.json", "{"), None);
        assert_eq!(write("c.json", &"[".repeat(100_000)), None);
    }
}
