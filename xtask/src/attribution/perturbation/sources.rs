//! Copies of a program's sources in which something was changed since the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::random::Random;
use crate::attribution::Result;
use crate::attribution::truth::{Call, Method, Truth};

/// Calls that only start something: without them all that was made before is still understood.
const ACTIONS: [&str; 24] = [
    "collect",
    "collectAsMap",
    "count",
    "countByKey",
    "countByValue",
    "display",
    "first",
    "foreach",
    "foreachPartition",
    "head",
    "insertInto",
    "isEmpty",
    "save",
    "saveAsObjectFile",
    "saveAsTable",
    "saveAsTextFile",
    "show",
    "tail",
    "take",
    "takeOrdered",
    "takeSample",
    "toLocalIterator",
    "toPandas",
    "top",
];

/// Names that a reader and a writer have.
const FORMATS: [&str; 5] = ["csv", "json", "orc", "parquet", "text"];

/// A text: a file, or a cell of a notebook.
type Place = (String, Option<u32>);

/// Sources that differ from those that ran.
pub(super) struct Edited {
    folder: PathBuf,
    /// Calls that are no longer understood, by their lines.
    removed: BTreeSet<(Place, u32)>,
    /// By text: before which lines others were put, and how many.
    moved: BTreeMap<Place, Vec<(u32, u32)>>,
}

impl Edited {
    /// A copy that is not changed yet.
    pub(super) fn copy(from: &Path, to: &Path) -> Result<Self> {
        copy(from, to)?;
        Ok(Self { folder: to.to_owned(), removed: BTreeSet::new(), moved: BTreeMap::new() })
    }

    /// Where a call of the run is now; none where it is no more.
    pub(super) fn place(&self, call: &Call) -> Option<Call> {
        let place = (call.file.clone(), call.cell);
        let before = self
            .moved
            .get(&place)
            .map_or(0, |all| all.iter().filter(|it| it.0 <= call.line).map(|it| it.1).sum::<u32>());
        let removed = self.removed.contains(&(place, call.line));
        (!removed).then(|| Call { line: call.line + before, ..call.clone() })
    }

    /// Gives a share of the calls that started something a name that means nothing.
    pub(super) fn remove_calls(
        &mut self,
        truth: &Truth,
        percent: u64,
        random: &mut Random,
    ) -> Result<()> {
        let executions = truth.executions.iter().filter_map(|it| it.action.as_ref());
        let jobs = truth.jobs.iter().filter_map(|it| it.action.as_ref());
        let mut calls: BTreeMap<(Place, u32), &Method> = BTreeMap::new();
        for call in executions.chain(jobs) {
            calls.insert(((call.file.clone(), call.cell), call.line), &call.method);
        }
        for ((place, line), Method(method)) in calls {
            if random.below(100) >= percent {
                continue;
            }
            let mut removed = false;
            self.edit(&place, |lines| removed = forget(lines, line as usize - 1, method))?;
            if removed {
                self.removed.insert((place, line));
            }
        }
        Ok(())
    }

    /// Puts empty lines between definitions and imports, as sources grow.
    pub(super) fn move_lines(&mut self, random: &mut Random) -> Result<()> {
        for place in self.texts()? {
            let mut put: Vec<(u32, u32)> = Vec::new();
            let notebook = place.1.is_some();
            self.edit(&place, |lines| {
                for at in (0..lines.len()).rev() {
                    let first = at == 0 && notebook && !lines[at].starts_with('%');
                    if (first || begins(lines, at)) && random.below(100) < 30 {
                        let count = 1 + random.below(3) as u32;
                        lines.splice(at..at, (0..count).map(|_| String::new()));
                        put.push((at as u32 + 1, count));
                    }
                }
            })?;
            self.moved.insert(place, put);
        }
        Ok(())
    }

    /// All texts of the sources.
    fn texts(&self) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        for file in files(&self.folder, "")? {
            if file.ends_with(".py") || file.ends_with(".scala") {
                found.push((file, None));
            } else if file.ends_with(".ipynb") {
                let notebook: Value =
                    serde_json::from_str(&fs::read_to_string(self.folder.join(&file))?)?;
                let cells = notebook["cells"].as_array().map_or(&[][..], Vec::as_slice);
                for (at, cell) in cells.iter().enumerate() {
                    if cell["cell_type"] == "code" {
                        found.push((file.clone(), Some(at as u32 + 1)));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Rewrites the lines of a text.
    fn edit(&self, (file, cell): &Place, change: impl FnOnce(&mut Vec<String>)) -> Result<()> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path)?;
        let Some(cell) = cell else {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            change(&mut lines);
            fs::write(path, lines.join("\n") + "\n")?;
            return Ok(());
        };
        let mut notebook: Value = serde_json::from_str(&text)?;
        let source = &mut notebook["cells"][*cell as usize - 1]["source"];
        let text = match &*source {
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<String>(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        *source = Value::String(lines.join("\n"));
        fs::write(path, serde_json::to_string_pretty(&notebook)?)?;
        Ok(())
    }
}

/// Whether something begins at a line, so that an empty one may stand before it.
fn begins(lines: &[String], at: usize) -> bool {
    const WORDS: [&str; 9] =
        ["def ", "class ", "object ", "trait ", "case class ", "@", "import ", "from ", "val "];
    let line = lines[at].trim_start();
    at > 0 && lines[at - 1].trim().is_empty() && WORDS.iter().any(|it| line.starts_with(it))
}

/// Writes another name over a call's, of the same length; says whether it stood there.
fn forget(lines: &mut [String], at: usize, method: &str) -> bool {
    let writes = FORMATS.contains(&method)
        && lines[..=at.min(lines.len() - 1)]
            .iter()
            .rev()
            .take(8)
            .find_map(|line| match (line.rfind(".write"), line.rfind(".read")) {
                (None, None) => None,
                (write, read) => Some(write > read),
            })
            .unwrap_or(false);
    if !writes && !ACTIONS.contains(&method) {
        return false;
    }
    let Some(line) = lines.get_mut(at) else { return false };
    let part_of_name = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let places: Vec<usize> = line
        .match_indices(method)
        .map(|it| it.0)
        .filter(|&start| {
            !part_of_name(line[..start].chars().next_back())
                && !part_of_name(line[start + method.len()..].chars().next())
        })
        .collect();
    for &start in &places {
        line.replace_range(start..start + method.len(), &"z".repeat(method.len()));
    }
    !places.is_empty()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn files(folder: &Path, below: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            found.extend(files(folder, &path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_calls_that_start_something_are_forgotten() {
        let mut text = lines(
            "n = frame.count()\nframe.write.mode('append')\\\n  .parquet('out')\nspark.read.parquet('in')\nspark.sql('select 1')",
        );
        assert!(forget(&mut text, 0, "count"));
        assert!(forget(&mut text, 2, "parquet"));
        assert!(!forget(&mut text, 3, "parquet"));
        assert!(!forget(&mut text, 4, "sql"));
        assert_eq!(text[0], "n = frame.zzzzz()");
        assert_eq!(text[2], "  .zzzzzzz('out')");
        assert_eq!(text[3], "spark.read.parquet('in')");
    }

    #[test]
    fn calls_are_found_where_they_went() {
        let call = |line| Call {
            file: "a.py".to_owned(),
            cell: None,
            line,
            method: Method("count".to_owned()),
        };
        let place = ("a.py".to_owned(), None);
        let edited = Edited {
            folder: PathBuf::new(),
            removed: BTreeSet::from([(place.clone(), 9)]),
            moved: BTreeMap::from([(place, vec![(7, 2), (3, 1)])]),
        };
        let now = |line| edited.place(&call(line)).map(|it| it.line);
        assert_eq!([now(2), now(3), now(7), now(9)], [Some(2), Some(4), Some(10), None]);
    }
}
