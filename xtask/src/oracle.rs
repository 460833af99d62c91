//! Compares the event-log reader with Spark's own History Server, number by number.
//!
//! The server is the class in PyPI's `pyspark`, started on loopback over a folder of logs. What its REST API answers is kept in
//! the layout of Spark's own expectation files, and `eventlog/tests/history_server.rs` compares.

mod history_server;
mod jobs;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::disk::Disk;
use crate::java::Java;
use crate::pyspark::Installation;
pub(crate) use history_server::HistoryServer;

/// The least number of comparisons that says something.
const COMPARISONS: usize = 15_000;

/// Where Spark's own logs are found, if anywhere; the variable that the test reads.
const SPARK_HISTORY: &str = "STAGELIGHT_SPARK_HISTORY";

/// Compare the event-log reader with Spark's own History Server, number by number.
///
/// Installs PySpark from PyPI, runs a few jobs that leave logs of awkward shapes, starts the real History Server on loopback over
/// these logs, the recorded ones of this repository and those under $STAGELIGHT_SPARK_HISTORY/spark-events, and compares what its
/// REST API answers with what the reader says. Needs Java 17, Python 3.10 or 3.11 and PyPI.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Further logs: files, or folders of rolling logs
    logs: Vec<PathBuf>,
    /// The versions of PySpark whose History Server is asked; jobs run on each
    #[arg(
        long,
        value_name = "VERSION",
        value_delimiter = ',',
        default_value = "3.5.9,4.0.5,4.1.4"
    )]
    versions: Vec<String>,
    /// Where virtual environments, logs and answers are kept [default: target/oracle]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Python to make the virtual environments with
    #[arg(long, value_name = "PROGRAM", default_value = "python3.11")]
    python: PathBuf,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) fn run(options: &Options) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let cache = options.cache.clone().unwrap_or_else(|| repository.join("target/oracle"));
    fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    let cache = cache.canonicalize()?;
    let java = Java::find()?;

    let mut logs = Vec::new();
    find_logs(&repository.join("examples"), &mut logs)?;
    find_logs(&repository.join("tests"), &mut logs)?;
    if let Some(folder) = std::env::var_os(SPARK_HISTORY) {
        find_logs(&Path::new(&folder).join("spark-events"), &mut logs)?;
    } else {
        println!("{SPARK_HISTORY} is not set: Spark's own logs are not compared");
    }
    for log in &options.logs {
        logs.push(log.canonicalize().map_err(|error| format!("{}: {error}", log.display()))?);
    }
    let mut sites = Vec::new();
    for version in &options.versions {
        let site = Installation::prepare(version, &cache, &options.python)?;
        let made = cache.join(format!("logs-{version}"));
        jobs::run(&site, &java, &made)?;
        find_logs(&made, &mut logs)?;
        sites.push((version, site));
    }

    let rounds = rounds(logs)?;
    let mut made = 0;
    for (version, site) in sites {
        for (place, logs) in rounds.iter().enumerate() {
            let folder = cache.join(format!("answers-{version}-{}", place + 1));
            let events = copy_logs(logs, &folder)?;
            let answers = ask(&site, &java, &folder, &events)?;
            println!("History Server {version}: {answers} answers about {} logs", logs.len());
            made += compare(&repository, &folder)?;
        }
    }
    println!("{made} comparisons in all, none differs");
    if made < COMPARISONS {
        return Err(format!("only {made} comparisons were made, {COMPARISONS} are wanted").into());
    }
    Ok(())
}

/// Logs under `folder`: rolling folders, and files that carry a codec's name or none.
fn find_logs(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<std::result::Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if name.starts_with("eventlog_v2_") {
                found.push(path);
            } else if name != "node_modules" && !name.starts_with('.') {
                find_logs(&path, found)?;
            }
        } else if !name.starts_with('.') && is_log(&path, &name) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_log(path: &Path, name: &str) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
    match extension.as_deref() {
        None => ["app-", "application_", "local-"].iter().any(|prefix| name.starts_with(prefix)),
        Some("zstd" | "lz4" | "lzf" | "snappy" | "inprogress") => true,
        _ => false,
    }
}

/// The logs in groups that a server shows completely: `FsHistoryProvider` keeps one log of each application and attempt.
fn rounds(logs: Vec<PathBuf>) -> Result<Vec<Vec<PathBuf>>> {
    let mut seen: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<PathBuf>> = Vec::new();
    for log in logs {
        let application =
            eventlog::read(&Disk::new(&log), &mut |_| ControlFlow::Continue(()))?.application;
        let before = seen.entry((application.id, application.attempt_id)).or_default();
        let place = *before;
        *before += 1;
        rounds.resize_with(rounds.len().max(place + 1), Vec::new);
        if let Some(round) = rounds.get_mut(place) {
            round.push(log);
        }
    }
    Ok(rounds)
}

/// Copies the logs into the folder that the server watches, and gives that folder. Names are made distinct; the codec's suffix,
/// by which the server chooses its decoder, stays.
fn copy_logs(logs: &[PathBuf], folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let events = folder.join("spark-events");
    fs::create_dir_all(&events)?;
    let mut names = BTreeSet::new();
    for log in logs {
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut target = name.clone();
        let mut copy = 1;
        while !names.insert(target.clone()) {
            copy += 1;
            target = format!("{copy}-{name}");
        }
        let target = events.join(target);
        if log.is_dir() {
            fs::create_dir_all(&target)?;
            for file in fs::read_dir(log)? {
                let file = file?;
                fs::copy(file.path(), target.join(file.file_name()))?;
            }
        } else {
            fs::copy(log, &target)?;
        }
    }
    Ok(events)
}

/// Asks the server everything and writes its answers in the layout of Spark's expectation files; gives their number.
fn ask(site: &Installation, java: &Java, folder: &Path, events: &Path) -> Result<usize> {
    let server =
        HistoryServer::start(site, java, events, &folder.join("history-server.txt"), "2g")?;
    let applications = server.applications()?;
    let answers = folder.join("HistoryServerExpectations");
    fs::create_dir_all(&answers)?;
    let mut cases = String::from("path below /api/v1/\texpected answer\n");
    let mut count = 0;
    let mut keep = |path: &str, answer: &Value| -> Result<()> {
        count += 1;
        let name = format!("{count}.json");
        fs::write(answers.join(&name), serde_json::to_string(answer)?)?;
        cases.push_str(&format!("{path}\t{name}\n"));
        Ok(())
    };
    keep("applications", &applications)?;
    for application in applications.as_array().into_iter().flatten() {
        let id = application["id"].as_str().ok_or("an application without an id")?;
        for attempt in application["attempts"].as_array().into_iter().flatten() {
            let mut base = format!("applications/{id}");
            if let Some(attempt) = attempt["attemptId"].as_str() {
                base = format!("{base}/{attempt}");
            }
            for part in ["environment", "jobs", "allexecutors"] {
                let path = format!("{base}/{part}");
                if let Some(answer) = server.get(&path)? {
                    keep(&path, &answer)?;
                }
            }
            let executions =
                format!("{base}/sql?details=true&planDescription=false&offset=0&length=1000000");
            if let Some(answer) = server.get(&executions)? {
                keep(&executions, &answer)?;
            }
            let path = format!("{base}/stages");
            let Some(stages) = server.get(&path)? else { continue };
            keep(&path, &stages)?;
            for stage in stages.as_array().into_iter().flatten() {
                if stage["status"] == "SKIPPED" {
                    continue;
                }
                let path = format!(
                    "{base}/stages/{}/{}/taskSummary?quantiles=0.0,0.25,0.5,0.75,1.0",
                    stage["stageId"], stage["attemptId"]
                );
                // There is none where no task has metrics.
                if let Some(answer) = server.get(&path)? {
                    keep(&path, &answer)?;
                }
            }
        }
    }
    fs::write(folder.join("cases.tsv"), cases)?;
    Ok(count)
}

/// Runs the comparison over a folder; gives how many were made, or what differs as an error.
fn compare(repository: &Path, folder: &Path) -> Result<usize> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(repository)
        .args(["test", "--quiet", "--package", "eventlog", "--test", "history_server"])
        .args(["--", "--nocapture", "numbers_are_those_of_the_history_server"])
        .env(SPARK_HISTORY, folder)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text.lines().find(|line| line.contains(" comparisons over "));
    if let Some(said) = said {
        println!("{said}");
    }
    if !output.status.success() {
        return Err(format!(
            "the comparison failed:\n{text}\n{}",
            String::from_utf8_lossy(&output.stdout)
        )
        .into());
    }
    let number = said.and_then(|said| said.split(' ').next()).and_then(|made| made.parse().ok());
    number.ok_or_else(|| format!("the comparison does not say what it made:\n{text}").into())
}
