//! The profile's numbers against answers of Spark's own History Server, for as many of them as the profile holds.
//!
//! The folder that `STAGELIGHT_SPARK_HISTORY` names has `spark-events/` (logs), `cases.tsv` (REST path, file with the
//! answer) and `HistoryServerExpectations/` (those files).

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "test code may panic and print"
)]

mod common;

use common::*;
use eventlog::{Job, JobStatus, Profile, Quantiles, StageAttempt, StageStatus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Comparisons made and those that failed.
#[derive(Default)]
struct Check {
    made: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Check {
    fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        kind: &'static str,
        at: &str,
        ours: T,
        theirs: T,
    ) {
        *self.made.entry(kind).or_default() += 1;
        if ours != theirs {
            self.wrong.push(format!("{at}: {ours:?}, the History Server has {theirs:?}"));
        }
    }

    /// A number where the answer has the field.
    fn number(&mut self, kind: &'static str, at: &str, answer: &Value, field: &str, ours: u64) {
        if let Some(theirs) = answer.get(field).and_then(Value::as_u64) {
            self.equal(kind, &format!("{at} {field}"), ours, theirs);
        }
    }

    /// A time; a missing field is none.
    fn time(
        &mut self,
        kind: &'static str,
        at: &str,
        answer: &Value,
        field: &str,
        ours: Option<i64>,
    ) {
        let theirs = answer.get(field).and_then(Value::as_str).map(millis);
        self.equal(kind, &format!("{at} {field}"), ours, theirs);
    }
}

/// `2015-02-03T16:43:06.286GMT` to milliseconds since the epoch.
fn millis(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days since 1970-01-01 of the proleptic Gregorian calendar, with years that start in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    ((days * 24 + number(11..13)) * 60 + number(14..16)) * 60_000
        + number(17..19) * 1000
        + number(20..23)
}

#[test]
fn times_are_read() {
    assert_eq!(millis("2015-02-03T16:43:06.286GMT"), 1_422_981_786_286);
    assert_eq!(millis("2000-02-29T00:00:00.001GMT"), 951_782_400_001);
}

#[test]
fn numbers_are_those_of_the_history_server() {
    let Some(folder) = spark_history() else { return };
    let mut profiles = Vec::new();
    for entry in std::fs::read_dir(folder.join("spark-events")).unwrap() {
        profiles.push(read(&Disk::new(&entry.unwrap().path())).unwrap());
    }
    let cases = std::fs::read_to_string(folder.join("cases.tsv")).unwrap();
    let mut check = Check::default();
    let mut used = 0;
    for line in cases.lines().skip(1) {
        let (path, answer) = line.split_once('\t').unwrap();
        let answer =
            std::fs::read_to_string(folder.join("HistoryServerExpectations").join(answer)).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let before = check.made.values().sum::<usize>();
        compare(&mut check, &profiles, path, &answer);
        used += usize::from(check.made.values().sum::<usize>() > before);
    }
    let made: usize = check.made.values().sum();
    eprintln!(
        "{made} comparisons over {used} of {} cases, {} logs: {:?}",
        cases.lines().count() - 1,
        profiles.len(),
        check.made
    );
    assert!(
        check.wrong.is_empty(),
        "{} of {made} differ:\n{}",
        check.wrong.len(),
        check.wrong.join("\n")
    );
    assert!(made >= 2_000 && used >= 45, "only {made} comparisons over {used} cases");
}

fn compare(check: &mut Check, profiles: &[Profile], path: &str, answer: &Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let of = |id: &str, attempt: Option<&str>| {
        let mut found = profiles.iter().filter(|profile| {
            profile.application.id == id
                && (attempt.is_none() || profile.application.attempt_id.as_deref() == attempt)
        });
        // `FsHistoryProvider` keeps one of the logs that share an id and an attempt.
        found.next().filter(|_| found.next().is_none())
    };
    if segments == ["applications"] || (segments.len() == 2 && segments[0] == "applications") {
        for application in each(answer) {
            let id = application["id"].as_str().unwrap();
            for attempt in each(&application["attempts"]) {
                let Some(profile) = of(id, attempt.get("attemptId").and_then(Value::as_str)) else {
                    continue;
                };
                let (at, ours) = (format!("{id} in {path}?{query}"), &profile.application);
                check.equal(
                    "application",
                    &at,
                    ours.name.as_str(),
                    application["name"].as_str().unwrap(),
                );
                check.equal(
                    "application",
                    &at,
                    Some(ours.start_ms),
                    attempt["startTimeEpoch"].as_i64(),
                );
                check.equal("application", &at, ours.end_ms, attempt["endTimeEpoch"].as_i64());
                check.number("application", &at, attempt, "duration", ours.duration_ms());
                check.equal(
                    "application",
                    &at,
                    ours.spark_version.as_str(),
                    attempt["appSparkVersion"].as_str().unwrap(),
                );
                check.equal(
                    "application",
                    &at,
                    Some(profile.quality.has_application_end),
                    attempt["completed"].as_bool(),
                );
            }
        }
        return;
    }
    if segments.remove(0) != "applications" {
        return;
    }
    let id = segments.remove(0);
    let attempt = segments
        .first()
        .filter(|_| {
            matches!(
                segments.get(1),
                Some(&("jobs" | "stages" | "executors" | "allexecutors" | "environment" | "sql"))
            )
        })
        .copied();
    if attempt.is_some() {
        segments.remove(0);
    }
    let Some(profile) = of(id, attempt) else { return };
    let at = format!("{id}{}", attempt.map(|attempt| format!("/{attempt}")).unwrap_or_default());
    match segments[..] {
        ["stages", ..] if segments.last() == Some(&"taskSummary") => {
            let stage = stage(profile, segments[1], segments[2]);
            let wanted = query.split('&').find_map(|part| part.strip_prefix("quantiles="));
            let wanted: Vec<f64> = wanted
                .unwrap_or("0.05,0.25,0.5,0.75,0.95")
                .split(',')
                .map(|q| q.parse().unwrap())
                .collect();
            summary(check, &format!("{at} stage {}", stage.stage_id), stage, answer, &wanted);
        }
        ["stages", id, attempt, "taskList"] => {
            let stage = stage(profile, id, attempt);
            tasks(check, &format!("{at} stage {id}"), stage, &each(answer).collect::<Vec<_>>());
        }
        ["stages", ..] => {
            let mut seen = 0;
            for answer in each(answer).filter(|answer| answer["status"] != "SKIPPED") {
                seen += 1;
                stage_numbers(check, &at, profile, answer);
            }
            if segments.len() == 1 && query.is_empty() {
                check.equal("stage", &format!("{at} stages"), profile.stages.len(), seen);
            }
        }
        ["jobs", ..] => each(answer).for_each(|answer| job_numbers(check, &at, profile, answer)),
        ["executors" | "allexecutors"] => executors(check, &at, profile, answer),
        ["environment"] => {
            for pair in each(&answer["sparkProperties"]) {
                let key = pair[0].as_str().unwrap();
                // `AbstractApplicationResource.environmentInfo` redacts what it shows once more, and its default pattern has grown:
                // Spark 4.0 added credentials (`spark.redaction.regex`).
                let ours = profile.spark_properties.get(key).map(String::as_str);
                let redacted = [ours, pair[1].as_str()].contains(&Some("*********(redacted)"));
                if redacted && key.contains("credential") {
                    continue;
                }
                check.equal("property", &format!("{at} {key}"), ours, pair[1].as_str());
            }
        }
        ["sql"] => each(answer).for_each(|answer| execution(check, &at, profile, answer)),
        _ => {}
    }
}

/// An array's elements, or the one value.
fn each(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice).iter()
}

fn stage<'a>(profile: &'a Profile, id: &str, attempt: &str) -> &'a StageAttempt {
    let (id, attempt): (u64, u32) = (id.parse().unwrap(), attempt.parse().unwrap());
    let mut attempts = profile.attempts(id);
    attempts.find(|stage| stage.attempt_id == attempt).unwrap()
}

fn stage_numbers(check: &mut Check, at: &str, profile: &Profile, answer: &Value) {
    let (id, attempt) = (answer["stageId"].to_string(), answer["attemptId"].to_string());
    let stage = stage(profile, &id, &attempt);
    let (at, metrics) = (format!("{at} stage {id}.{attempt}"), &stage.metrics);
    for (field, ours) in [
        ("numTasks", stage.num_tasks),
        ("numCompleteTasks", stage.num_complete_tasks),
        ("numFailedTasks", stage.num_failed_tasks),
        ("numKilledTasks", stage.num_killed_tasks),
        ("executorDeserializeTime", metrics.executor_deserialize_time),
        ("executorDeserializeCpuTime", metrics.executor_deserialize_cpu_time),
        ("executorRunTime", metrics.executor_run_time),
        ("executorCpuTime", metrics.executor_cpu_time),
        ("resultSize", metrics.result_size),
        ("jvmGcTime", metrics.jvm_gc_time),
        ("resultSerializationTime", metrics.result_serialization_time),
        ("memoryBytesSpilled", metrics.memory_bytes_spilled),
        ("diskBytesSpilled", metrics.disk_bytes_spilled),
        ("peakExecutionMemory", metrics.peak_execution_memory),
        ("inputBytes", metrics.input_bytes),
        ("inputRecords", metrics.input_records),
        ("outputBytes", metrics.output_bytes),
        ("outputRecords", metrics.output_records),
        ("shuffleRemoteBlocksFetched", metrics.shuffle_remote_blocks_fetched),
        ("shuffleLocalBlocksFetched", metrics.shuffle_local_blocks_fetched),
        ("shuffleFetchWaitTime", metrics.shuffle_fetch_wait_time),
        ("shuffleRemoteBytesRead", metrics.shuffle_remote_bytes_read),
        ("shuffleRemoteBytesReadToDisk", metrics.shuffle_remote_bytes_read_to_disk),
        ("shuffleLocalBytesRead", metrics.shuffle_local_bytes_read),
        ("shuffleReadBytes", metrics.shuffle_read_bytes),
        ("shuffleReadRecords", metrics.shuffle_read_records),
        ("shuffleWriteBytes", metrics.shuffle_write_bytes),
        ("shuffleWriteTime", metrics.shuffle_write_time),
        ("shuffleWriteRecords", metrics.shuffle_write_records),
    ] {
        check.number("stage", &at, answer, field, ours);
    }
    check.time("stage", &at, answer, "submissionTime", stage.submission_ms);
    check.time("stage", &at, answer, "firstTaskLaunchedTime", stage.first_task_launched_ms);
    check.time("stage", &at, answer, "completionTime", stage.completion_ms);
    check.equal("stage", &at, Some(stage.name.as_str()), answer["name"].as_str());
    check.equal("stage", &at, Some(stage.details.as_str()), answer["details"].as_str());
    check.equal(
        "stage",
        &at,
        stage.failure_reason.as_deref(),
        answer.get("failureReason").and_then(Value::as_str),
    );
    let status = match stage.status {
        StageStatus::Active => "ACTIVE",
        StageStatus::Complete => "COMPLETE",
        StageStatus::Failed => "FAILED",
    };
    check.equal("stage", &at, Some(status), answer["status"].as_str());
    let mut rdds: Vec<u64> = stage.rdds.iter().map(|rdd| rdd.id).collect();
    let mut theirs: Vec<u64> = each(&answer["rddIds"]).map(|id| id.as_u64().unwrap()).collect();
    rdds.sort_unstable();
    theirs.sort_unstable();
    check.equal("stage", &format!("{at} rddIds"), rdds, theirs);
    if let Some(distributions) = answer.get("taskMetricsDistributions") {
        let wanted: Vec<f64> =
            each(&distributions["quantiles"]).map(|q| q.as_f64().unwrap()).collect();
        summary(check, &at, stage, distributions, &wanted);
    }
    if let Some(list) = answer.get("tasks").and_then(Value::as_object) {
        tasks(check, &at, stage, &list.values().collect::<Vec<_>>());
    }
}

/// Our quantiles and where the History Server has them.
fn vectors(stage: &StageAttempt) -> [(&'static str, Quantiles); 15] {
    let ours = stage.task_summary.unwrap();
    [
        ("/duration", ours.duration),
        ("/executorRunTime", ours.executor_run_time),
        ("/executorCpuTime", ours.executor_cpu_time),
        ("/jvmGcTime", ours.jvm_gc_time),
        ("/resultSize", ours.result_size),
        ("/memoryBytesSpilled", ours.memory_bytes_spilled),
        ("/diskBytesSpilled", ours.disk_bytes_spilled),
        ("/peakExecutionMemory", ours.peak_execution_memory),
        ("/inputMetrics/bytesRead", ours.input_bytes),
        ("/outputMetrics/bytesWritten", ours.output_bytes),
        ("/shuffleReadMetrics/readBytes", ours.shuffle_read_bytes),
        ("/shuffleReadMetrics/readRecords", ours.shuffle_read_records),
        ("/shuffleReadMetrics/fetchWaitTime", ours.shuffle_fetch_wait_time),
        ("/shuffleWriteMetrics/writeBytes", ours.shuffle_write_bytes),
        ("/shuffleWriteMetrics/writeRecords", ours.shuffle_write_records),
    ]
}

fn summary(check: &mut Check, at: &str, stage: &StageAttempt, answer: &Value, wanted: &[f64]) {
    for (pointer, ours) in vectors(stage) {
        // The scan over durations in `AppStatusStore.taskSummary` takes failed tasks in but counts successful ones only.
        if pointer == "/duration" && stage.num_failed_tasks + stage.num_killed_tasks > 0 {
            continue;
        }
        for (index, quantile) in wanted.iter().enumerate() {
            if let Some(ours) = [0.0, 0.25, 0.5, 0.75, 1.0]
                .iter()
                .position(|own| own == quantile)
                .map(|own| ours[own])
            {
                let theirs = answer.pointer(pointer).unwrap()[index].as_f64().unwrap();
                check.equal("quantile", &format!("{at} {pointer} {quantile}"), ours as f64, theirs);
            }
        }
    }
}

/// A stage's whole task list gives its sums and its quantiles.
fn tasks(check: &mut Check, at: &str, stage: &StageAttempt, tasks: &[&Value]) {
    if tasks.len() as u64
        != stage.num_complete_tasks + stage.num_failed_tasks + stage.num_killed_tasks
    {
        return;
    }
    let number =
        |task: &Value, pointer: &str| task.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let metrics = &stage.metrics;
    for (pointer, ours) in [
        ("/taskMetrics/executorRunTime", metrics.executor_run_time),
        ("/taskMetrics/executorCpuTime", metrics.executor_cpu_time),
        ("/taskMetrics/resultSize", metrics.result_size),
        ("/taskMetrics/jvmGcTime", metrics.jvm_gc_time),
        ("/taskMetrics/peakExecutionMemory", metrics.peak_execution_memory),
        ("/taskMetrics/inputMetrics/bytesRead", metrics.input_bytes),
        ("/taskMetrics/shuffleWriteMetrics/bytesWritten", metrics.shuffle_write_bytes),
        ("/taskMetrics/shuffleReadMetrics/recordsRead", metrics.shuffle_read_records),
    ] {
        let theirs = tasks.iter().map(|task| number(task, pointer)).sum();
        check.equal("task list", &format!("{at} Σ{pointer}"), ours, theirs);
    }
    let succeeded: Vec<_> = tasks.iter().filter(|task| task["status"] == "SUCCESS").collect();
    if succeeded.is_empty() || succeeded.iter().any(|task| task.get("taskMetrics").is_none()) {
        return;
    }
    for (pointer, ours) in vectors(stage).into_iter().take(8) {
        let pointer = if pointer == "/duration" {
            pointer.to_owned()
        } else {
            format!("/taskMetrics{pointer}")
        };
        let mut values: Vec<u64> = succeeded.iter().map(|task| number(task, &pointer)).collect();
        values.sort_unstable();
        let theirs = [0, 1, 2, 3, 4]
            .map(|quarter| values[(quarter * values.len() / 4).min(values.len() - 1)]);
        check.equal("task list", &format!("{at} {pointer}"), ours, theirs);
    }
}

fn job_numbers(check: &mut Check, at: &str, profile: &Profile, answer: &Value) {
    let id = answer["jobId"].as_u64().unwrap();
    let (at, job) = (format!("{at} job {id}"), profile.job(id).unwrap());
    let status = match job.status {
        JobStatus::Running => "RUNNING",
        JobStatus::Succeeded => "SUCCEEDED",
        JobStatus::Failed => "FAILED",
    };
    check.equal("job", &at, Some(status), answer["status"].as_str());
    if !job.has_own_call_site {
        check.equal("job", &at, Some(job.call_site.short.as_str()), answer["name"].as_str());
    }
    check.equal(
        "job",
        &at,
        job.description.as_deref(),
        answer.get("description").and_then(Value::as_str),
    );
    check.equal(
        "job",
        &at,
        job.job_group.as_deref(),
        answer.get("jobGroup").and_then(Value::as_str),
    );
    // Logs of Spark 1.2 have no times of jobs, and `AppStatusListener.onJobStart` makes none up.
    if answer.get("submissionTime").is_some() {
        check.time("job", &at, answer, "submissionTime", Some(job.submission_ms));
        check.time("job", &at, answer, "completionTime", job.completion_ms);
    }
    let mut stage_ids = job.stage_ids.clone();
    let mut theirs: Vec<u64> = each(&answer["stageIds"]).map(|id| id.as_u64().unwrap()).collect();
    stage_ids.sort_unstable();
    theirs.sort_unstable();
    check.equal("job", &format!("{at} stageIds"), stage_ids, theirs);
    let attempts: Vec<&StageAttempt> =
        profile.stages.iter().filter(|stage| stage.job_ids.contains(&id)).collect();
    let count = |status| attempts.iter().filter(|stage| stage.status == status).count() as u64;
    // A stage whose output was there when the job began but was lost later has a skipped attempt 0 and runs as attempt 1.
    let ran = |stage: &&u64| {
        attempts.iter().any(|attempt| attempt.stage_id == **stage && attempt.attempt_id == 0)
    };
    check.number(
        "job",
        &at,
        answer,
        "numCompletedTasks",
        attempts.iter().map(|stage| stage.num_complete_tasks).sum(),
    );
    check.number(
        "job",
        &at,
        answer,
        "numFailedTasks",
        attempts.iter().map(|stage| stage.num_failed_tasks).sum(),
    );
    let killed = attempts.iter().map(|stage| stage.num_killed_tasks).sum();
    // `AppStatusListener.onJobEnd` lets go of the job: tasks that are killed because it ended, and say so later, are not counted for it.
    if answer["numKilledTasks"].as_u64().is_none_or(|theirs| theirs >= killed) {
        check.number("job", &at, answer, "numKilledTasks", killed);
    }
    // `LiveJob.completedStages` is a set of ids: a stage that is completed once more counts once.
    let completed = attempts.iter().filter(|stage| stage.status == StageStatus::Complete);
    let completed: BTreeSet<u64> = completed.map(|stage| stage.stage_id).collect();
    check.number("job", &at, answer, "numCompletedStages", completed.len() as u64);
    check.number("job", &at, answer, "numFailedStages", count(StageStatus::Failed));
    let skipped: Vec<u64> = job.stage_ids.iter().filter(|stage| !ran(stage)).copied().collect();
    // `AppStatusListener.onJobEnd` gives a stage that several jobs wait for at once to the one that ends first, and forgets it.
    let until = |job: &Job| job.completion_ms.unwrap_or(i64::MAX);
    let is_shared = profile.jobs.iter().any(|other| {
        other.job_id != job.job_id
            && other.submission_ms <= until(job)
            && job.submission_ms <= until(other)
            && other.stage_ids.iter().any(|stage| skipped.contains(stage))
    });
    let theirs = answer["numSkippedStages"].as_u64();
    if !is_shared || theirs.is_none_or(|theirs| theirs > skipped.len() as u64) {
        check.number("job", &at, answer, "numSkippedStages", skipped.len() as u64);
    }
}

fn executors(check: &mut Check, at: &str, profile: &Profile, answer: &Value) {
    for answer in each(answer) {
        let id = answer["id"].as_str().unwrap();
        let at = format!("{at} executor {id}");
        // A driver that runs no tasks, and a local executor of an old log, are known by their block manager only:
        // `AppStatusListener.onBlockManagerAdded` takes it for an executor.
        let Some(ours) = profile.executors.iter().find(|executor| executor.id == id) else {
            check.equal("executor", &at, id, "driver");
            continue;
        };
        check.number("executor", &at, answer, "totalCores", u64::from(ours.total_cores));
        check.time("executor", &at, answer, "addTime", Some(ours.added_ms));
        check.time("executor", &at, answer, "removeTime", ours.removed_ms);
        check.equal(
            "executor",
            &at,
            ours.removed_reason.as_deref(),
            answer.get("removeReason").and_then(Value::as_str),
        );
        let host = answer["hostPort"].as_str().unwrap();
        check.equal(
            "executor",
            &at,
            ours.host.as_str(),
            host.rsplit_once(':').map_or(host, |(host, _)| host),
        );
    }
    let total =
        |field: &str| each(answer).map(|executor| executor[field].as_u64().unwrap()).sum::<u64>();
    let sum = |of: fn(&StageAttempt) -> u64| profile.stages.iter().map(of).sum::<u64>();
    for (field, ours) in [
        ("completedTasks", sum(|stage| stage.num_complete_tasks)),
        ("failedTasks", sum(|stage| stage.num_failed_tasks)),
        ("totalInputBytes", sum(|stage| stage.metrics.input_bytes)),
        ("totalShuffleRead", sum(|stage| stage.metrics.shuffle_read_bytes)),
        ("totalShuffleWrite", sum(|stage| stage.metrics.shuffle_write_bytes)),
    ] {
        // `AppStatusListener.onTaskEnd` counts for executors that are still there: what failed with one that is gone is nobody's.
        let lost = profile.executors.iter().any(|executor| executor.removed_ms.is_some());
        if field == "failedTasks" && lost && total(field) < ours {
            continue;
        }
        check.equal("executor", &format!("{at} Σ{field}"), ours, total(field));
    }
}

fn execution(check: &mut Check, at: &str, profile: &Profile, answer: &Value) {
    let id = answer["id"].as_u64().unwrap();
    let (at, ours) = (format!("{at} execution {id}"), profile.execution(id).unwrap());
    check.equal("sql", &at, Some(ours.description.as_str()), answer["description"].as_str());
    check.time("sql", &at, answer, "submissionTime", Some(ours.start_ms));
    check.number(
        "sql",
        &at,
        answer,
        "duration",
        ours.end_ms.map_or(0, |end| u64::try_from(end - ours.start_ms).unwrap()),
    );
    let mut jobs: Vec<u64> = ["successJobIds", "failedJobIds", "runningJobIds"]
        .iter()
        .flat_map(|field| each(&answer[field]).map(|id| id.as_u64().unwrap()))
        .collect();
    jobs.sort_unstable();
    check.equal("sql", &format!("{at} jobs"), ours.job_ids.as_slice(), &jobs);
    let nodes = ours.plan.preorder();
    for node in answer.get("nodes").into_iter().flat_map(each) {
        let name = node["nodeName"].as_str().unwrap();
        for metric in each(&node["metrics"]) {
            let metric_name = metric["name"].as_str().unwrap();
            // Sums are printed as they are; sizes and times are rounded with their units.
            let Ok(theirs) = metric["value"].as_str().unwrap().replace(',', "").parse::<i64>()
            else {
                continue;
            };
            let mut of_this_name = nodes
                .iter()
                .filter(|node| node.name.trim() == name.trim())
                .flat_map(|node| &node.metrics)
                .filter(|own| own.name == metric_name)
                .peekable();
            // An average over one task is printed as a bare number too (`SQLMetrics.stringValue`), in tenths of what is kept.
            if of_this_name.peek().is_some_and(|own| own.kind == "average") {
                continue;
            }
            let found = of_this_name.any(|own| {
                own.kind == "sum" && ours.metric_values.get(&own.accumulator_id) == Some(&theirs)
            });
            check.equal("sql metric", &format!("{at} {name} {metric_name} {theirs}"), found, true);
        }
    }
}
