//! The command line: the real binary over files made for each test.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod compare;
mod configuration;
mod diagnosed;
mod evidence;
mod explanations;
mod fixes;
mod following;
mod formats;
mod hostile;
mod inputs;
mod large;
mod linking;
mod logs;
mod model;
mod notebooks;
mod platforms;
mod report;
mod runs;
mod staleness;
mod truth;
mod what_if;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with files, and the binary that runs in it.
struct Folder {
    directory: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    /// A folder with these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self { directory: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs `stagelight` with the words of `arguments` in the folder.
    fn run(&self, arguments: &str) -> Outcome {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        run_in(self.directory.path(), &words)
    }
}

/// Runs `stagelight` in a folder, without colours.
fn run_in(directory: &Path, arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Outcome {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A file with one finding, a warning, that has a safe fix.
const UNUSED: &str = "import pyspark\n\nx = 1  # stagelight: ignore[no-such-rule] old\n";

/// A PySpark job whose `collect` stands on line 4.
const JOB: &str = "from pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\
    rows = spark.table(\"orders\").collect()\n";

/// A made-up plain event log: one application with one job of one stage of one task, submitted by `collect at /srv/job.py:4`.
pub(crate) fn log(name: &str) -> String {
    log_of(name, "app-1", 1_714_564_800_000)
}

/// The same with an application id and a start.
fn log_of(name: &str, id: &str, start: u64) -> String {
    use serde_json::json;
    let at = |offset: u64| start + offset;
    let stage = json!({
        "Stage ID": 0, "Stage Attempt ID": 0, "Stage Name": "collect at /srv/job.py:4",
        "Number of Tasks": 1, "RDD Info": [], "Parent IDs": [], "Details": "", "Accumulables": [],
        "Submission Time": at(1_000),
    });
    let mut completed = stage.clone();
    completed["Completion Time"] = json!(at(9_000));
    let events = [
        json!({"Event": "SparkListenerLogStart", "Spark Version": "3.5.1"}),
        json!({
            "Event": "SparkListenerApplicationStart", "App Name": name, "App ID": id,
            "Timestamp": start, "User": "user",
        }),
        json!({
            "Event": "SparkListenerJobStart", "Job ID": 0, "Submission Time": at(1_000),
            "Stage Infos": [stage], "Stage IDs": [0],
            "Properties": {
                "callSite.short": "collect at /srv/job.py:4", "callSite.long": "",
                "spark.job.description": name,
            },
        }),
        json!({
            "Event": "SparkListenerStageSubmitted", "Stage Info": stage, "Properties": {},
        }),
        json!({
            "Event": "SparkListenerTaskEnd", "Stage ID": 0, "Stage Attempt ID": 0,
            "Task Type": "ResultTask", "Task End Reason": {"Reason": "Success"},
            "Task Info": {
                "Task ID": 0, "Index": 0, "Attempt": 0, "Launch Time": at(1_000),
                "Executor ID": "1", "Host": "host", "Locality": "ANY", "Speculative": false,
                "Getting Result Time": 0, "Finish Time": at(9_000), "Failed": false,
                "Killed": false, "Accumulables": [],
            },
            "Task Metrics": {
                "Executor Deserialize Time": 10, "Executor Deserialize CPU Time": 0,
                "Executor Run Time": 7_900, "Executor CPU Time": 0, "Peak Execution Memory": 0,
                "Result Size": 5_000, "JVM GC Time": 0, "Result Serialization Time": 0,
                "Memory Bytes Spilled": 0, "Disk Bytes Spilled": 0,
            },
        }),
        json!({"Event": "SparkListenerStageCompleted", "Stage Info": completed}),
        json!({
            "Event": "SparkListenerJobEnd", "Job ID": 0, "Completion Time": at(9_000),
            "Job Result": {"Result": "JobSucceeded"},
        }),
        json!({"Event": "SparkListenerApplicationEnd", "Timestamp": at(10_000)}),
    ];
    events.iter().map(|event| format!("{event}\n")).collect()
}
