//! How well `what-if` predicts: replays of unchanged runs, and predictions for runs whose repaired twins were recorded.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use diagnosis::{Change, Fit, Replay, diagnose};
use eventlog::{Profile, TaskTable};
use spark::Thresholds;

use crate::disk::Disk;

/// The page that has the tables.
const PAGE: &str = "docs/what-if.md";

/// Where recorded logs are.
const FOLDERS: [&str; 3] = ["examples", "tests/workloads", "tests/shapes"];

/// Replay recorded runs and compare with what was measured: unchanged ones with themselves, predictions with the repaired twins of runs that
/// have one. Which changes a run needs is taken from its diagnoses.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder with Spark's own logs in `spark-events` [default: $STAGELIGHT_SPARK_HISTORY]
    #[arg(long)]
    history: Option<PathBuf>,
    /// The folder with pairs of runs, NAME/logs/sick-VERSION.zstd and fixed-VERSION.zstd [default: tests/workloads]
    #[arg(long)]
    workloads: Option<PathBuf>,
    /// Put the tables into docs/what-if.md
    #[arg(long)]
    write: bool,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn read(path: &Path) -> Result<(Profile, TaskTable)> {
    let source = Disk::new(path);
    let read = eventlog::read_with_tasks(&source, usize::MAX, &mut |_| ControlFlow::Continue(()))?;
    Ok((read.0, read.1.unwrap_or_default()))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let mut logs = Vec::new();
    for folder in FOLDERS {
        find(&root.join(folder), &mut logs);
    }
    logs.sort();
    let name = |path: &Path| {
        let path = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
        path.replace("tests/", "").replace("/logs/", "/").replace(".zstd", "")
    };
    let mut sections = vec![("recorded", unchanged(&logs, &name)?)];
    let history = options
        .history
        .clone()
        .or_else(|| std::env::var_os("STAGELIGHT_SPARK_HISTORY").map(PathBuf::from));
    match history {
        Some(folder) => {
            let mut own = Vec::new();
            for entry in fs::read_dir(folder.join("spark-events"))? {
                own.push(entry?.path());
            }
            own.sort();
            let name =
                |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            sections.push(("spark", unchanged(&own, &name)?));
        }
        None => eprintln!("without --history Spark's own logs are left out"),
    }
    let workloads = options.workloads.clone().unwrap_or_else(|| root.join("tests/workloads"));
    sections.push(("pairs", pairs(&workloads)?));
    for (name, section) in &sections {
        println!("{name}\n\n{section}");
    }
    if options.write {
        let path = root.join(PAGE);
        let mut page = fs::read_to_string(&path)?;
        for (name, section) in sections {
            let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
            let (before, rest) = page.split_once(&begin).ok_or("a marker is missing")?;
            let (_, after) = rest.split_once(&end).ok_or("a marker is missing")?;
            page = format!("{before}{begin}{}\n{end}{after}", section.trim_end());
        }
        fs::write(&path, page)?;
    }
    Ok(())
}

/// Logs below a folder: compressed files, and folders of rolling ones.
fn find(folder: &Path, logs: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("eventlog_v2_") || path.extension().is_some_and(|it| it == "zstd") {
            logs.push(path);
        } else if path.is_dir() {
            find(&path, logs);
        }
    }
}

/// The table of runs that are replayed as they were.
fn unchanged(logs: &[PathBuf], name: &dyn Fn(&Path) -> String) -> Result<String> {
    let mut table = "| run | tasks | jobs ran for | from the tasks alone | with measured delays | with overhead | application |\n\
                     |---|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let (mut errors, mut refused, mut empty) = (Vec::new(), 0, 0);
    for path in logs {
        let (profile, tasks) = match read(path) {
            Ok(read) => read,
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let count = tasks.tasks.len();
        let replay = Replay::new(&profile, tasks);
        let fit: Fit = replay.fit();
        if fit.measured_job_ms == 0 || count == 0 {
            empty += 1;
            continue;
        }
        errors.push(fit.error().abs());
        refused += usize::from(!fit.is_good());
        let application = replay.unchanged().application_ms;
        let off = ratio(application, fit.measured_application_ms) - 1.0;
        let _ = writeln!(
            table,
            "| {} | {count} | {} | {} | {}{} | {} | {} |",
            short(&name(path)),
            seconds(fit.measured_job_ms as f64),
            percent(fit.tasks_only_error()),
            percent(fit.error()),
            if fit.is_good() { "" } else { " (refused)" },
            percent(fit.calibrated_error()),
            percent(off),
        );
    }
    let runs = errors.len();
    let worst = errors.iter().copied().fold(0.0, f64::max);
    let _ = writeln!(
        table,
        "\n{runs} runs: the median error with measured delays is {}, the largest {}; {refused} would be refused. {empty} more have no task.",
        share(median(errors)),
        share(worst),
    );
    Ok(table)
}

/// The table of predictions.
fn pairs(folder: &Path) -> Result<String> {
    let mut found: BTreeMap<(String, String), (PathBuf, PathBuf)> = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let mut logs = Vec::new();
        find(&entry.path().join("logs"), &mut logs);
        for log in &logs {
            let relative = log.strip_prefix(entry.path())?.to_string_lossy().into_owned();
            let Some(rest) = relative.strip_prefix("logs/sick-") else { continue };
            let fixed = logs.iter().find(|other| {
                let version = rest.split(['/', 'z']).next().unwrap_or_default();
                let other = other.strip_prefix(entry.path()).unwrap_or(other).to_string_lossy();
                other.starts_with(&format!("logs/fixed-{version}"))
            });
            if let Some(fixed) = fixed {
                let version: String =
                    rest.chars().take_while(|it| it.is_ascii_digit() || *it == '.').collect();
                let name = entry.file_name().to_string_lossy().into_owned();
                let key = (name, version.trim_end_matches('.').to_owned());
                found.insert(key, (log.clone(), fixed.clone()));
            }
        }
    }
    let mut table = "| workload | Spark | changes, as the diagnoses ask for them | took | repaired | paces | saving: measured | at the same pace | predicted | error | at the same pace |\n\
                     |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let (mut errors, mut paced, mut unanswered) = (Vec::new(), Vec::new(), 0);
    let none = || "–".to_owned();
    for ((name, version), (sick, fixed)) in &found {
        let (profile, tasks) = read(sick)?;
        let (repaired, _) = read(fixed)?;
        let replay = Replay::new(&profile, tasks);
        let changes = remedies(&profile, &replay);
        let (took, after) = (span(&profile), span(&repaired));
        let paces = pace(&profile).zip(pace(&repaired));
        let measured = took - after;
        let at_pace = paces.map(|(sick, fixed)| took - after * sick / fixed);
        let predicted = (!changes.is_empty() && replay.fit().is_good())
            .then(|| replay.predict(&changes).ok())
            .flatten()
            .map(|changed| {
                replay.unchanged().application_ms as f64 - changed.application_ms as f64
            });
        unanswered += usize::from(predicted.is_none());
        let error = |measured: f64| predicted.map(|it| (it - measured) / measured.abs().max(1.0));
        let at_pace_error = at_pace.and_then(error);
        errors.extend(error(measured).map(f64::abs));
        paced.extend(at_pace_error.map(f64::abs));
        let _ = writeln!(
            table,
            "| {name} | {version} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            describe(&changes),
            seconds(took),
            seconds(after),
            paces.map_or_else(none, |(sick, fixed)| format!("{sick:.1}, {fixed:.1}")),
            seconds(measured),
            at_pace.map_or_else(none, seconds),
            predicted.map_or_else(none, seconds),
            error(measured).map_or_else(none, percent),
            at_pace_error.map_or_else(none, percent),
        );
    }
    let within = |errors: &[f64]| errors.iter().filter(|error| **error <= 0.2).count();
    let _ = writeln!(
        table,
        "\n{} predictions: the median error of the saving is {}, {} are within 20 %. At the same pace, where it is known, it is {} over {} predictions, {} within \
         20 %. For {unanswered} more runs no change that can be replayed answers their diagnoses.",
        errors.len(),
        share(median(errors.clone())),
        within(&errors),
        share(median(paced.clone())),
        paced.len(),
        within(&paced),
    );
    Ok(table)
}

/// How long tasks ran for each second of processor time: how busy the machine was with other work. None where workers in Python did part of
/// the work, whose processor time Spark does not measure.
fn pace(profile: &Profile) -> Option<f64> {
    let is_python =
        |name: &str| ["Python", "Pairwise", "Pandas"].iter().any(|it| name.contains(it));
    let mut rdds = profile.stages.iter().flat_map(|stage| &stage.rdds);
    let mut plans = profile.executions.iter().map(|execution| &execution.plan);
    if rdds.any(|rdd| is_python(&rdd.name))
        || plans.any(|plan| plan.preorder().iter().any(|node| is_python(&node.name)))
    {
        return None;
    }
    let cpu: u64 = profile.stages.iter().map(|stage| stage.metrics.executor_cpu_time).sum();
    (cpu > 0).then(|| profile.task_time_ms() as f64 * 1e6 / cpu as f64)
}

/// What the diagnoses of a run ask for, all together.
fn remedies(profile: &Profile, replay: &Replay<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for diagnosis in diagnose(profile, &Thresholds::default()) {
        for change in replay.remedy(&diagnosis) {
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
    }
    changes
}

/// From the first job's submission to the last job's end, milliseconds: what lies before is the start of a JVM.
fn span(profile: &Profile) -> f64 {
    let from = profile.jobs.iter().map(|job| job.submission_ms).min();
    let to = profile.jobs.iter().filter_map(|job| job.completion_ms).max();
    from.zip(to).map_or(0.0, |(from, to)| (to - from) as f64)
}

fn describe(changes: &[Change]) -> String {
    let change = |change: &Change| match *change {
        Change::Executors(count) => format!("`--executors {count}`"),
        Change::Cores(count) => format!("`--cores {count}`"),
        Change::NoSkew(stage) => format!("`--no-skew {stage}`"),
        Change::NoStragglers(stage) => format!("`--no-stragglers {stage}`"),
        Change::Partitions { stage, partitions } => format!("`--partitions {stage}={partitions}`"),
        Change::NoRetries => "`--no-retries`".to_owned(),
        Change::Cached(stage) => format!("`--cache {stage}`"),
        Change::BroadcastJoin(stage) => format!("`--broadcast-join {stage}`"),
        Change::NoDriverGap => "`--no-driver-gap`".to_owned(),
    };
    match changes {
        [] => "none".to_owned(),
        _ => changes.iter().map(change).collect::<Vec<_>>().join(" "),
    }
}

/// Without the name that a rolling log has inside its folder.
fn short(name: &str) -> &str {
    name.split_once("/eventlog_v2_").map_or(name, |(folder, _)| folder)
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// `1.2 s`, `−0.4 s`.
fn seconds(ms: f64) -> String {
    let sign = if ms <= -50.0 { "−" } else { "" };
    format!("{sign}{:.1} s", ms.abs() / 1_000.0)
}

fn percent(error: f64) -> String {
    let sign = if error < -0.000_5 {
        "−"
    } else if error > 0.000_5 {
        "+"
    } else {
        ""
    };
    format!("{sign}{}", share(error.abs()))
}

fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every committed log is replayed within the bound, or there is nothing in it to replay.
    #[test]
    fn committed_logs_are_replayed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut logs = Vec::new();
        FOLDERS.iter().for_each(|folder| find(&root.join(folder), &mut logs));
        assert!(logs.len() >= 4, "two languages on two versions of Spark, found {}", logs.len());
        let (mut errors, mut refused) = (Vec::new(), Vec::new());
        for path in logs {
            let (profile, tasks) = read(&path).unwrap();
            let total: u64 = tasks.tasks.iter().map(|task| u64::from(task.duration_ms)).sum();
            let replay = Replay::new(&profile, tasks);
            let (fit, unchanged) = (replay.fit(), replay.unchanged());
            assert!(unchanged.task_ms <= total, "{}", path.display());
            if fit.measured_job_ms > 0 {
                errors.push(fit.error().abs());
                if !fit.is_good() {
                    refused.push(format!("{}: {fit:?}", path.display()));
                }
            }
        }
        // Some do what no replay explains, but they are few.
        assert!(refused.len() * 20 <= errors.len(), "{refused:#?}");
        assert!(median(errors) < 0.03);
    }

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!((percent(-0.026), share(0.5)), ("−2.6 %".to_owned(), "50.0 %".to_owned()));
    }
}
