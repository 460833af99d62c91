//! What holds for every committed truth and its log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use super::super::scrub::{KERNEL, TELLTALE};
use super::super::{decompress, repository};
use super::logged::{Logged, PROPERTY};
use super::truth::{Call, SCHEMA, Truth};
use super::{FOLDER, entries};

const VERSIONS: [&str; 2] = ["3.5.9", "4.1.4"];

/// What only the instruments would bring into a log.
const INSTRUMENTS: [&str; 6] = [
    PROPERTY,
    "stagelight.Sites",
    "stagelight.Witnesses",
    "sitecustomize",
    "javaagent",
    "STAGELIGHT_",
];

#[test]
fn the_truth_fits_the_log_and_the_sources() {
    let mut recorded = Vec::new();
    for name in entries(&repository()).unwrap().into_keys() {
        let folder = repository().join(FOLDER).join(&name);
        for version in VERSIONS {
            let log = folder.join(format!("{version}.zstd"));
            let truth = folder.join(format!("truth-{version}.json"));
            assert_eq!(log.is_file(), truth.is_file(), "{}: one without the other", log.display());
            if log.is_file() {
                recorded.push((folder.clone(), log, truth));
            }
        }
    }
    assert!(!recorded.is_empty(), "no program is recorded");
    thread::scope(|scope| {
        for part in recorded.chunks(recorded.len().div_ceil(4)) {
            scope.spawn(move || {
                for (folder, log, truth) in part {
                    let text = decompress(File::open(log).unwrap()).unwrap();
                    let truth: Truth =
                        serde_json::from_str(&fs::read_to_string(truth).unwrap()).unwrap();
                    fits_the_log(&truth, &text, log);
                    let mut sources = Sources { folder, texts: BTreeMap::new() };
                    fits_the_sources(&truth, &mut sources);
                    let blinded = log.with_file_name(format!(
                        "{}-blinded.zstd",
                        log.file_stem().unwrap().display()
                    ));
                    if blinded.is_file() {
                        let blinded = decompress(File::open(blinded).unwrap()).unwrap();
                        fits_the_log(&truth, &blinded, log);
                        assert!(blinded.contains("NativeMethodAccessorImpl.java:0"));
                    }
                    let text = text.replace(KERNEL, "");
                    for trace in INSTRUMENTS.iter().chain(&TELLTALE) {
                        assert!(!text.contains(trace), "{}: {trace}", log.display());
                    }
                }
            });
        }
    });
}

fn fits_the_log(truth: &Truth, text: &str, log: &Path) {
    let name = log.display();
    assert_eq!(truth.schema, SCHEMA, "{name}");
    let logged = Logged::read(text).unwrap();
    let told: Vec<i64> = truth.executions.iter().map(|it| it.execution).collect();
    assert_eq!(told, logged.executions.keys().copied().collect::<Vec<_>>(), "{name}");
    let told: Vec<i64> = truth.jobs.iter().map(|it| it.job).collect();
    assert_eq!(told, logged.jobs.keys().copied().collect::<Vec<_>>(), "{name}");
    for execution in &truth.executions {
        let mut there: BTreeMap<&str, usize> = BTreeMap::new();
        for node in &logged.executions[&execution.execution].plan {
            *there.entry(&node.name).or_default() += 1;
        }
        let mut seen = BTreeSet::new();
        for operator in &execution.operators {
            let what =
                format!("{name}: {} of execution {}", operator.operator, execution.execution);
            let (operator_name, count) = operator.operator.rsplit_once('#').unwrap();
            let count: usize = count.parse().unwrap();
            let is_there = there.get(operator_name).is_some_and(|&there| count < there);
            assert!(is_there, "{what} is not in its final plan");
            assert!(seen.insert(&operator.operator), "{what} twice");
            assert!(!operator.sites.is_empty(), "{what} has no line");
        }
    }
}

fn fits_the_sources(truth: &Truth, sources: &mut Sources<'_>) {
    for execution in &truth.executions {
        let sites = execution.operators.iter().flat_map(|operator| &operator.sites);
        let calls = execution.action.iter().chain(&execution.path).chain(sites);
        calls.for_each(|it| sources.check(it));
    }
    for job in &truth.jobs {
        job.action.iter().chain(&job.path).for_each(|it| sources.check(it));
    }
}

/// The committed sources of a program.
struct Sources<'a> {
    folder: &'a PathBuf,
    /// Texts by file and cell.
    texts: BTreeMap<(String, Option<usize>), String>,
}

impl Sources<'_> {
    /// A call's line has the name of its method.
    fn check(&mut self, call: &Call) {
        let source = self.folder.join("source").join(&call.file);
        let text = self.texts.entry((call.file.clone(), call.cell)).or_insert_with(|| {
            let text = fs::read_to_string(&source)
                .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
            match call.cell {
                Some(cell) => cell_text(&text, cell),
                None => text,
            }
        });
        let line = text.lines().nth(call.line - 1).unwrap_or_default();
        // A statement of SQL has its own first line, and what shows its rows too.
        if line.starts_with("# MAGIC") {
            return;
        }
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        assert!(
            words.any(|word| word == call.method),
            "{}:{}: no {}",
            source.display(),
            call.line,
            call.method
        );
    }
}

/// The text of a cell of a notebook, from 1.
fn cell_text(notebook: &str, cell: usize) -> String {
    let notebook: serde_json::Value = serde_json::from_str(notebook).unwrap();
    let source = &notebook["cells"][cell - 1]["source"];
    match source.as_array() {
        Some(lines) => lines.iter().filter_map(|line| line.as_str()).collect(),
        None => source.as_str().unwrap().to_owned(),
    }
}
