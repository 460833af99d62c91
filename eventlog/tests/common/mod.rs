//! What the tests share: logs in memory and on disk, and hand-made events.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "each test binary uses its own part; test code may panic and print"
)]

use eventlog::{LogError, LogSource, Profile, Reader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A log in memory: parts with their bytes.
pub(crate) struct Memory(pub(crate) Vec<(String, Vec<u8>)>);

impl LogSource for Memory {
    fn name(&self) -> &str {
        "memory"
    }
    fn parts(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
    fn open(&self, part: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        let found =
            self.0.iter().find(|(name, _)| name == part).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(found.1.as_slice()))
    }
}

/// A log on disk: a file or a folder.
pub(crate) struct Disk {
    name: String,
    path: PathBuf,
}

impl Disk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { name: path.display().to_string(), path: path.to_owned() }
    }
}

impl LogSource for Disk {
    fn name(&self) -> &str {
        &self.name
    }
    fn parts(&self) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        if self.path.is_dir() {
            return std::fs::read_dir(&self.path)
                .unwrap()
                .map(|entry| name(&entry.unwrap().path()))
                .collect();
        }
        vec![name(&self.path)]
    }
    fn open(&self, part: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        let path = if self.path.is_dir() { self.path.join(part) } else { self.path.clone() };
        Ok(Box::new(std::fs::File::open(path)?))
    }
}

pub(crate) fn read(source: &dyn LogSource) -> Result<Profile, LogError> {
    eventlog::read(source, &mut |_| ControlFlow::Continue(()))
}

/// The profile of these bytes, pushed at once.
pub(crate) fn pushed(bytes: &[u8]) -> Result<Profile, LogError> {
    let mut reader = Reader::new("memory");
    reader.push(bytes)?;
    reader.finish()
}

/// The profile of these lines.
pub(crate) fn of(lines: &[String]) -> Profile {
    pushed(log(lines).as_bytes()).unwrap()
}

pub(crate) fn log(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub(crate) fn start() -> String {
    r#"{"Event":"SparkListenerApplicationStart","App Name":"orders","App ID":"app-1","Timestamp":1000,"User":"u"}"#.into()
}

pub(crate) fn end() -> String {
    r#"{"Event":"SparkListenerApplicationEnd","Timestamp":9000}"#.into()
}

pub(crate) fn submitted(stage: u64, attempt: u32, tasks: u64) -> String {
    format!(
        r#"{{"Event":"SparkListenerStageSubmitted","Stage Info":{{"Stage ID":{stage},"Stage Attempt ID":{attempt},"Stage Name":"count at A.scala:1","Number of Tasks":{tasks},"RDD Info":[],"Parent IDs":[],"Details":"","Submission Time":1100,"Accumulables":[]}}}}"#
    )
}

/// A stage's end; `more` is further keys, such as `,"Failure Reason":"x"`, `accumulables` a JSON list.
pub(crate) fn completed(
    stage: u64,
    attempt: u32,
    tasks: u64,
    accumulables: &str,
    more: &str,
) -> String {
    format!(
        r#"{{"Event":"SparkListenerStageCompleted","Stage Info":{{"Stage ID":{stage},"Stage Attempt ID":{attempt},"Stage Name":"count at A.scala:1","Number of Tasks":{tasks},"RDD Info":[],"Parent IDs":[],"Details":"","Submission Time":1100,"Completion Time":2000,"Accumulables":{accumulables}{more}}}}}"#
    )
}

/// A task's end. No metrics where `run` is none.
pub(crate) fn task(
    stage: u64,
    attempt: u32,
    reason: &str,
    run: Option<u64>,
    accumulables: &str,
) -> String {
    let finish = 1200 + run.unwrap_or(0) + 5;
    let metrics = run.map(|run| {
        format!(
            r#","Task Metrics":{{"Executor Deserialize Time":1,"Executor Run Time":{run},"Executor CPU Time":{},"Result Size":10,"JVM GC Time":2,"Memory Bytes Spilled":0,"Disk Bytes Spilled":0,"Shuffle Read Metrics":{{"Remote Bytes Read":{run},"Local Bytes Read":1,"Total Records Read":3}},"Input Metrics":{{"Bytes Read":7,"Records Read":1}}}}"#,
            run * 1_000_000
        )
    });
    format!(
        r#"{{"Event":"SparkListenerTaskEnd","Stage ID":{stage},"Stage Attempt ID":{attempt},"Task Type":"ResultTask","Task End Reason":{{"Reason":"{reason}"}},"Task Info":{{"Task ID":1,"Launch Time":1200,"Finish Time":{finish},"Accumulables":{accumulables}}}{}}}"#,
        metrics.unwrap_or_default()
    )
}

pub(crate) fn update(id: u64, value: i64) -> String {
    format!(
        r#"[{{"ID":{id},"Name":"m","Update":"{value}","Value":"{value}","Internal":true,"Count Failed Values":true,"Metadata":"sql"}}]"#
    )
}

pub(crate) fn job(id: u64, stages: &str, execution: Option<u64>) -> String {
    let properties = execution.map(|id| {
        format!(r#","Properties":{{"spark.sql.execution.id":"{id}","spark.job.description":"d"}}"#)
    });
    format!(
        r#"{{"Event":"SparkListenerJobStart","Job ID":{id},"Submission Time":1050,"Stage Infos":[{{"Stage ID":0,"Stage Name":"first","Details":"f"}},{{"Stage ID":7,"Stage Name":"last at B.scala:2","Details":"stack"}}],"Stage IDs":[{stages}]{}}}"#,
        properties.unwrap_or_default()
    )
}

pub(crate) fn node(name: &str, metric: u64, children: &str) -> String {
    format!(
        r#"{{"nodeName":"{name}","simpleString":"{name} x","children":[{children}],"metadata":{{}},"metrics":[{{"name":"number of output rows","accumulatorId":{metric},"metricType":"sum"}}]}}"#
    )
}

pub(crate) fn execution(id: u64, plan: &str, more: &str) -> String {
    format!(
        r#"{{"Event":"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart","executionId":{id},"description":"collect at /srv/orders.py:18","details":"","physicalPlanDescription":"== Physical Plan ==","sparkPlanInfo":{plan},"time":1010{more}}}"#
    )
}

pub(crate) fn sql(event: &str, body: &str) -> String {
    format!(r#"{{"Event":"org.apache.spark.sql.execution.ui.SparkListener{event}",{body}}}"#)
}

/// A small log with one of everything, for tests that need bytes rather than a story.
pub(crate) fn sample() -> Vec<String> {
    let mut lines = vec![
        r#"{"Event":"SparkListenerLogStart","Spark Version":"3.5.9"}"#.to_owned(),
        start(),
        r#"{"Event":"SparkListenerEnvironmentUpdate","Spark Properties":{"spark.master":"local[2]","spark.x":"ä"}}"#.into(),
        r#"{"Event":"SparkListenerExecutorAdded","Timestamp":1001,"Executor ID":"driver","Executor Info":{"Host":"h","Total Cores":2}}"#.into(),
        execution(0, &node("Scan", 5, ""), r#","modifiedConfigs":{"spark.sql.shuffle.partitions":"3"}"#),
        job(0, "0,1", Some(0)),
        submitted(0, 0, 2),
        r#"{"Event":"SparkListenerTaskStart","Stage ID":0,"Stage Attempt ID":0,"Task Info":{"Task ID":0,"Launch Time":1190}}"#.into(),
    ];
    lines.push(task(0, 0, "Success", Some(40), &update(5, 4)));
    lines.push(task(0, 0, "Success", Some(20), &update(5, 6)));
    lines.push(completed(0, 0, 2, r#"[{"ID":5,"Value":"10","Metadata":"sql"}]"#, ""));
    lines.push(sql(
        "SQLAdaptiveExecutionUpdate",
        &format!(r#""executionId":0,"sparkPlanInfo":{}"#, node("Join", 6, &node("Scan", 5, ""))),
    ));
    lines.push(sql("DriverAccumUpdates", r#""executionId":0,"accumUpdates":[[6,3]]"#));
    lines.push(r#"{"Event":"SparkListenerJobEnd","Job ID":0,"Completion Time":2100,"Job Result":{"Result":"JobSucceeded"}}"#.into());
    lines.push(sql("SQLExecutionEnd", r#""executionId":0,"time":2200,"errorMessage":"""#));
    lines.push(r#"{"Event":"SparkListenerUnpersistRDD","RDD ID":1}"#.into());
    lines.push(end());
    lines
}

/// The recorded logs of the examples: files, and rolling folders wherever they lie.
pub(crate) fn recorded() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/orders/logs")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with("eventlog_v2_") {
                folders.push(path);
            } else if path.is_dir() || name.ends_with(".zstd") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The folder with Spark's own logs and the History Server's answers, where the environment names it.
pub(crate) fn spark_history() -> Option<PathBuf> {
    let folder = std::env::var_os("STAGELIGHT_SPARK_HISTORY").map(PathBuf::from);
    if folder.is_none() {
        eprintln!(
            "SKIPPED: set STAGELIGHT_SPARK_HISTORY to the folder with Spark's own logs and expected answers"
        );
    }
    folder
}
