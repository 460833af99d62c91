//! Cost is conserved: self cost of all calls plus what is unattributed equals what the run measured, in every committed log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::{JoinFile, Run, SiteCost, join};
use eventlog::{LogSource, Profile, StageMetrics};
use program::{CallKey, Language, LineIndex, Program};

struct Log {
    name: String,
    folder: PathBuf,
    parts: Vec<String>,
}

impl Log {
    fn at(path: &Path) -> Self {
        let name = path.display().to_string();
        if path.is_dir() {
            Self { name, folder: path.to_owned(), parts: names(path) }
        } else {
            let part = path.file_name().unwrap().to_string_lossy().into_owned();
            Self { name, folder: path.parent().unwrap().to_owned(), parts: vec![part] }
        }
    }
}

impl LogSource for Log {
    fn name(&self) -> &str {
        &self.name
    }

    fn parts(&self) -> Vec<String> {
        self.parts.clone()
    }

    fn open(&self, part: &str) -> std::io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(File::open(self.folder.join(part))?))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

struct Source {
    path: String,
    text: String,
    program: Program,
    keys: Vec<CallKey>,
    lines: LineIndex,
}

fn sources(folder: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for name in names(folder) {
        if folder.join(&name).is_dir() && name != "logs" {
            let within = self::sources(&folder.join(&name)).into_iter();
            sources.extend(within.map(|it| Source { path: format!("{name}/{}", it.path), ..it }));
            continue;
        }
        let language = match name.rsplit('.').next() {
            Some("py") => Language::Python,
            Some("scala") => Language::Scala,
            _ => continue,
        };
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let program = grammars::lower(language, &text);
        sources.push(Source {
            path: name,
            keys: program.call_keys(),
            lines: LineIndex::new(&text),
            program,
            text,
        });
    }
    sources
}

fn join_all(sources: &[Source], profile: &Arc<Profile>) -> Run {
    let files: Vec<JoinFile<'_>> = sources
        .iter()
        .map(|it| JoinFile {
            path: &it.path,
            program: &it.program,
            call_keys: &it.keys,
            lines: &it.lines,
            text: &it.text,
            today: None,
        })
        .collect();
    join(&files, profile, 0)
}

/// Every additive quantity: over all calls it is at most the run's, and task time adds up to it with the unattributed part.
fn assert_conserved(run: &Run) {
    let profile = &run.profile;
    let sum = |field: fn(&SiteCost) -> u64| run.sites.values().map(field).sum::<u64>();
    let total = |field: fn(&StageMetrics) -> u64| {
        profile.stages.iter().map(|it| field(&it.metrics)).sum::<u64>()
    };
    let unattributed = run.unattributed.task_time_ms;
    let name = &profile.source;
    assert_eq!(sum(SiteCost::self_task_time_ms) + unattributed, profile.task_time_ms(), "{name}");
    assert_eq!(
        run.unattributed.stages.iter().map(|it| it.task_time_ms).sum::<u64>(),
        unattributed,
        "{name}"
    );
    assert!(sum(|it| it.input_bytes) <= total(|it| it.input_bytes), "{name}");
    assert!(sum(|it| it.shuffle_write_bytes) <= total(|it| it.shuffle_write_bytes), "{name}");
    assert!(sum(|it| it.shuffle_read_bytes) <= total(|it| it.shuffle_read_bytes), "{name}");
    if run.unattributed.stages.is_empty() {
        assert_eq!(sum(|it| it.input_bytes), total(|it| it.input_bytes), "{name}");
        assert_eq!(sum(|it| it.output_bytes), total(|it| it.output_bytes), "{name}");
        assert_eq!(sum(|it| it.shuffle_read_bytes), total(|it| it.shuffle_read_bytes), "{name}");
        assert_eq!(sum(|it| it.shuffle_write_bytes), total(|it| it.shuffle_write_bytes), "{name}");
        assert_eq!(sum(|it| it.spill_bytes), total(|it| it.disk_bytes_spilled), "{name}");
    }
    for (site, cost) in &run.sites {
        assert!(cost.self_task_time_ms() <= cost.task_time_ms, "self within inclusive at {site:?}");
    }
}

/// Every committed log with the folder of its sources.
fn committed_logs() -> Vec<(PathBuf, PathBuf)> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut logs = Vec::new();
    for example in names(&examples) {
        let folder = examples.join(example);
        collect_logs(&folder.join("logs"), &folder, &mut logs);
    }
    logs
}

/// Files, and rolling folders as one log each.
fn collect_logs(path: &Path, sources: &Path, logs: &mut Vec<(PathBuf, PathBuf)>) {
    let rolling =
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("eventlog_v2_"));
    if path.is_file() || rolling {
        logs.push((sources.to_owned(), path.to_owned()));
    } else if path.is_dir() {
        names(path).iter().for_each(|name| collect_logs(&path.join(name), sources, logs));
    }
}

fn read(path: &Path) -> Arc<Profile> {
    let profile = eventlog::read(&Log::at(path), &mut |_| ControlFlow::Continue(()));
    Arc::new(profile.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

#[test]
fn every_committed_log_is_conserved() {
    let logs = committed_logs();
    assert!(logs.len() >= 4, "both languages on both Spark versions, found {logs:?}");
    for (folder, path) in logs {
        let profile = read(&path);
        assert!(profile.task_time_ms() > 0, "{} holds work", path.display());
        let run = join_all(&sources(&folder), &profile);
        assert_conserved(&run);
        assert!(!run.sites.is_empty(), "{} meets its source", path.display());
        // A source that has nothing to do with the log gets nothing, and nothing is lost.
        let stranger = join_all(&[], &profile);
        assert_conserved(&stranger);
        assert_eq!(stranger.unattributed.task_time_ms, profile.task_time_ms());
    }
}

/// The logs of recorded programs, workloads and shapes, each with the folder of its sources.
fn recorded_logs() -> Vec<(PathBuf, PathBuf)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let mut logs = Vec::new();
    for name in names(&tests.join("attribution")) {
        let program = tests.join("attribution").join(name);
        for log in program.is_dir().then(|| names(&program)).into_iter().flatten() {
            if log.ends_with(".zstd") {
                logs.push((program.join("source"), program.join(log)));
            }
        }
    }
    for name in names(&tests.join("workloads")) {
        let folder = tests.join("workloads").join(name);
        collect_logs(&folder.join("logs"), &folder, &mut logs);
    }
    collect_logs(&tests.join("shapes/logs"), &tests.join("shapes"), &mut logs);
    logs
}

#[test]
fn every_recorded_run_is_conserved() {
    let logs = recorded_logs();
    assert!(logs.len() > 150, "{} logs", logs.len());
    // In as many threads as there are processors: there are many.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            let own = logs.iter().skip(first).step_by(threads);
            scope.spawn(move || {
                for (folder, path) in own {
                    assert_conserved(&join_all(&sources(folder), &read(path)));
                }
            });
        }
    });
}
