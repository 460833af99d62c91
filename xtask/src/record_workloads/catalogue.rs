//! The programs that are recorded: a folder of them, and a table of how each is run.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A folder of programs in the repository.
pub(super) struct Catalogue {
    /// The folder, in the repository as under the neutral root.
    pub(super) folder: &'static str,
    /// The table in it.
    pub(super) table: &'static str,
}

/// Programs with one known problem each and their repaired twins, and healthy ones.
pub(super) const WORKLOADS: Catalogue =
    Catalogue { folder: "tests/workloads", table: "workloads.toml" };

/// Programs whose logs have shapes that a reader of logs easily gets wrong.
pub(super) const SHAPES: Catalogue = Catalogue { folder: "tests/shapes", table: "shapes.toml" };

/// How one program, or a pair of them, is run. What the table says besides is for the tests.
#[derive(Deserialize)]
pub(super) struct Entry {
    /// `spark.master`.
    #[serde(default = "two_cores")]
    pub(super) master: String,
    /// `spark.driver.memory`.
    #[serde(default = "two_gigabytes")]
    pub(super) memory: String,
    /// Further properties, `key=value`.
    #[serde(default)]
    pub(super) configuration: Vec<String>,
    /// A standalone cluster that the program runs on, instead of `master`.
    pub(super) cluster: Option<Cluster>,
}

/// A standalone cluster on this machine. Its workers have addresses of their own, so that Spark takes them for hosts.
#[derive(Deserialize)]
pub(super) struct Cluster {
    /// How many workers.
    pub(super) workers: u8,
    /// Cores of each.
    pub(super) cores: u32,
    /// Seconds by which they start later than the program that is called `sick`.
    #[serde(default)]
    pub(super) late: u64,
}

fn two_cores() -> String {
    "local[2]".to_owned()
}

fn two_gigabytes() -> String {
    "2g".to_owned()
}

/// A program to be recorded.
pub(super) struct Program {
    /// Its entry's name, and its own where the entry has several: `skewed-join/sick`.
    pub(super) name: String,
    /// The source.
    pub(super) source: PathBuf,
    /// Where its logs go, without version and ending.
    pub(super) log: PathBuf,
}

impl Catalogue {
    /// All entries by name.
    pub(super) fn entries(
        &self,
        repository: &Path,
    ) -> Result<BTreeMap<String, Entry>, Box<dyn Error>> {
        let table = repository.join(self.folder).join(self.table);
        let text =
            fs::read_to_string(&table).map_err(|error| format!("{}: {error}", table.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", table.display()).into())
    }

    /// The programs of an entry: its source beside the table, or all in the folder of its name, in the order in which a repaired one
    /// follows right after the other.
    pub(super) fn programs(
        &self,
        repository: &Path,
        name: &str,
    ) -> Result<Vec<Program>, Box<dyn Error>> {
        let folder = repository.join(self.folder);
        let single = folder.join(name).with_extension("py");
        if single.is_file() {
            let log = folder.join("logs").join(name);
            return Ok(vec![Program { name: name.to_owned(), source: single, log }]);
        }
        let folder = folder.join(name);
        let mut programs = Vec::new();
        for entry in
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?
        {
            let source = entry?.path();
            let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is_program = source
                .extension()
                .is_some_and(|extension| extension == "py" || extension == "scala");
            if is_program {
                let log = folder.join("logs").join(&stem);
                programs.push(Program { name: format!("{name}/{stem}"), source, log });
            }
        }
        programs.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(programs)
    }
}
