//! Every diagnosis over every recorded workload: each says what was declared beforehand for its program, and nothing else.
//!
//! The programs, how they are run and what they are declared to show stand in `tests/workloads`; the matrix is written to
//! `docs/diagnoses.md`.
#![allow(clippy::unwrap_used, reason = "test code may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use diagnosis::{CATALOGUE, Diagnosis, Kind, diagnose};
use eventlog::{Profile, Reader};
use serde::Deserialize;
use spark::Thresholds;

/// Versions of Spark that the programs are recorded with.
const VERSIONS: [&str; 2] = ["3.5", "4.1"];

/// What `workloads.toml` says of an entry; how it is run is the recorder's matter.
#[derive(Deserialize)]
struct Entry {
    /// One clause.
    about: String,
    /// What each program of the entry shows, by diagnosis, with the reason. `id@4.1` is shown on that version only.
    shows: BTreeMap<String, BTreeMap<String, String>>,
}

/// What is not shown by any workload, and why.
#[derive(Deserialize)]
struct Table {
    not_shown: BTreeMap<String, String>,
    #[serde(flatten)]
    entries: BTreeMap<String, Entry>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn table() -> Table {
    toml::from_str(&fs::read_to_string(root().join("tests/workloads/workloads.toml")).unwrap())
        .unwrap()
}

fn profile(path: &Path) -> Profile {
    let mut reader = Reader::new(&path.display().to_string());
    reader
        .push(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap();
    reader.finish().unwrap()
}

/// What was found in the runs of one program, by version.
struct Row {
    entry: String,
    program: String,
    found: [Vec<Diagnosis>; 2],
}

impl Row {
    fn ids(&self, version: usize) -> BTreeSet<&str> {
        self.found[version].iter().map(|diagnosis| diagnosis.id).collect()
    }
}

fn rows(table: &Table) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, entry) in &table.entries {
        for program in entry.shows.keys().rev() {
            let found = VERSIONS.map(|version| {
                let log = format!("tests/workloads/{name}/logs/{program}-{version}.zstd");
                let profile = profile(&root().join(log));
                assert!(profile.quality.has_application_end, "{name}/{program} {version}");
                assert!(profile.application.spark_version.starts_with(version), "{name}/{program}");
                diagnose(&profile, &Thresholds::default())
            });
            rows.push(Row { entry: name.clone(), program: program.clone(), found });
        }
    }
    rows
}

#[test]
fn workloads_show_what_was_declared_and_nothing_else() {
    let table = table();
    let rows = rows(&table);
    let mut complaints = Vec::new();
    for row in &rows {
        let declared = &table.entries[&row.entry].shows[&row.program];
        for (index, version) in VERSIONS.into_iter().enumerate() {
            let wanted: BTreeSet<&str> = declared
                .keys()
                .filter_map(|key| match key.split_once('@') {
                    Some((id, only)) => (only == version).then_some(id),
                    None => Some(key.as_str()),
                })
                .collect();
            let found = row.ids(index);
            for id in wanted.difference(&found) {
                complaints.push(format!("{}/{} on {version}: no {id}", row.entry, row.program));
            }
            for diagnosis in row.found[index].iter().filter(|it| !wanted.contains(it.id)) {
                complaints.push(format!(
                    "{}/{} on {version}: {}, which is not declared: {}",
                    row.entry, row.program, diagnosis.id, diagnosis.summary
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));

    let path = root().join("docs/diagnoses.md");
    let page = page(&table, &rows);
    if fs::read_to_string(&path).ok().as_deref() != Some(&page) {
        fs::write(&path, page).unwrap();
        panic!("{} was stale and has been rewritten: run the tests again", path.display());
    }
}

#[test]
fn the_table_is_complete() {
    let table = table();
    let ids: BTreeSet<&str> = CATALOGUE.iter().map(|kind| kind.id).collect();
    assert_eq!(ids.len(), CATALOGUE.len(), "ids are unique");
    let declared: BTreeSet<&str> = table
        .entries
        .values()
        .flat_map(|entry| entry.shows.values().flat_map(BTreeMap::keys))
        .map(|key| key.split('@').next().unwrap())
        .collect();
    let not_shown: BTreeSet<&str> = table.not_shown.keys().map(String::as_str).collect();
    assert!(declared.is_disjoint(&not_shown), "{declared:?} {not_shown:?}");
    let covered: BTreeSet<&str> = declared.union(&not_shown).copied().collect();
    assert_eq!(covered, ids, "each diagnosis is shown by a workload, or it is said why not");
    for (name, entry) in &table.entries {
        let folder = root().join("tests/workloads").join(name);
        let programs: BTreeSet<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(programs, entry.shows.keys().cloned().collect(), "{name}");
        let sick = entry.shows.get("sick");
        assert!(sick.is_none_or(|shows| !shows.is_empty()), "{name} shows nothing");
        // What is healthy says nothing; what else a repaired program shows, it shows for a reason.
        let reasons = entry.shows.values().flat_map(BTreeMap::values);
        assert!(reasons.into_iter().all(|reason| !reason.is_empty()), "{name}");
    }
}

/// The page: what there is, what shows it, and the matrix.
fn page(table: &Table, rows: &[Row]) -> String {
    let mut page = String::from(
        "<!-- Written by `cargo test -p diagnosis` from tests/workloads/workloads.toml and the recorded logs. -->\n\n\
         # Diagnoses\n\n\
         What `stagelight log` finds in a run, and the programs that hold it to that: small real ones, each with one known problem (`sick`) and a \
         repaired twin (`fixed`), and healthy ones. They ran with Spark 3.5 and 4.1; sources, settings and event logs are in \
         [tests/workloads](../tests/workloads). What each run shows was declared in [workloads.toml](../tests/workloads/workloads.toml), with the \
         reason; a test holds the matrix below to it.\n\n\
         | no. | diagnosis | what it says | shown by |\n| --- | --- | --- | --- |\n",
    );
    for (number, kind) in CATALOGUE.iter().enumerate() {
        let (id, summary) = (kind.id, kind.summary);
        let shown: BTreeSet<&str> = rows
            .iter()
            .filter(|row| (0..2).any(|version| row.ids(version).contains(id)))
            .map(|row| row.entry.as_str())
            .collect();
        let shown = match table.not_shown.get(id) {
            Some(reason) => format!("by none: {reason}"),
            None => shown.into_iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "),
        };
        writeln!(page, "| {} | [`{id}`](#{id}) | {summary} | {shown} |", number + 1).unwrap();
    }
    page.push_str(
        "\n## The matrix\n\nA dot: on both versions. A version: on that one only.\n\n| program |",
    );
    for number in 1..=CATALOGUE.len() {
        write!(page, " {number} |").unwrap();
    }
    page.push_str("\n| --- |");
    page.push_str(&" --- |".repeat(CATALOGUE.len()));
    page.push('\n');
    for row in rows {
        write!(page, "| `{}/{}` |", row.entry, row.program).unwrap();
        for kind in CATALOGUE {
            let id = kind.id;
            let shown = [0, 1].map(|version| row.ids(version).contains(id));
            let cell = match shown {
                [true, true] => "●",
                [true, false] => VERSIONS[0],
                [false, true] => VERSIONS[1],
                [false, false] => "",
            };
            write!(page, " {cell} |").unwrap();
        }
        page.push('\n');
    }
    page.push_str("\n## The programs\n\n| program | what it does | why it shows what it shows |\n| --- | --- | --- |\n");
    for row in rows {
        let entry = &table.entries[&row.entry];
        let why: Vec<String> = entry.shows[&row.program]
            .iter()
            .map(|(id, reason)| format!("`{}`: {reason}", id.replace('@', "` on `")))
            .collect();
        writeln!(
            page,
            "| `{}/{}` | {} | {} |",
            row.entry,
            row.program,
            entry.about,
            why.join("; ")
        )
        .unwrap();
    }
    page.push_str(
        "\n## What a log does not tell\n\n\
         * Operators that ran without compiled code. A plan shows which ones were not made part of a `WholeStageCodegen`, but `Project`, which is left out \
         of it most often (more than 100 columns, expressions that can't be compiled), has no metrics, and a stage whose code proved too large \
         looks compiled. What they cost is nowhere, so nothing is said of them beyond `sort-fallback`.\n\
         * What a partition filter would have left out, where a query reads a partitioned relation whole. `selective-scan` speaks where a filter above \
         the scan drops nearly every row; a query that needs all partitions looks like one that forgot to say which.\n",
    );
    page.push_str("\n## What they mean\n");
    for kind in CATALOGUE {
        let Kind { id, summary, newcomer, expert } = kind;
        writeln!(page, "\n### `{id}`\n\n{summary}\n\n{newcomer}\n\n**For experts.** {expert}")
            .unwrap();
    }
    page
}
