//! How far the division of a stage's time among lines is from what each operator takes.
//!
//! `tests/shapes/shared-stages.py` runs pipelines as a whole and without their last operators. What all stages of a run take less than those of the run with
//! one operator more is what that operator took. The shares of these times are compared with those that the lines of the whole pipeline have.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use eventlog::Profile;
use serde::Deserialize;

use super::Result;
use crate::disk::Disk;

const PROGRAM: &str = "shared-stages.py";

#[derive(Deserialize)]
struct Annotated {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    line: u32,
    method: String,
    executions: Vec<u64>,
    self_task_time_ms: u64,
}

/// An operator of a pipeline.
struct Operator {
    pipeline: String,
    name: String,
    line: u32,
}

/// The table over all logs of the program.
pub(super) fn table(binary: &Path, repository: &Path) -> Result<String> {
    let folder = repository.join("tests/shapes");
    let source = fs::read_to_string(folder.join(PROGRAM))?;
    let operators = operators(&source);
    let mut out = String::from(
        "| pipeline | operator | Spark | takes | share | attributed |\n|---|---|---|---:|---:|---:|\n",
    );
    let (mut apart, mut count) = (0.0, 0);
    for version in ["3.5", "4.1"] {
        let log = folder.join(format!("logs/shared-stages-{version}.zstd"));
        let profile = eventlog::read(&Disk::new(&log), &mut |_| ControlFlow::Continue(()))?;
        let annotated = annotated(binary, &folder, &log)?;
        let alone = alone(&profile);
        for pipeline in pipelines(&operators) {
            let own: Vec<&Operator> =
                operators.iter().filter(|it| it.pipeline == pipeline).collect();
            let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
            // The action that ends the pipeline: the next below its last operator.
            let action = annotated
                .lines
                .iter()
                .filter(|it| {
                    it.line > last.line && it.method == "save" && !it.executions.is_empty()
                })
                .min_by_key(|it| it.line)
                .ok_or_else(|| format!("{pipeline} {version}: no action was attributed"))?;
            let whole = action.executions.iter().max().map_or(0, |&it| task_time(&profile, it));
            let mut before = 0;
            let mut takes = Vec::new();
            for operator in &own {
                let until = if operator.line == last.line {
                    whole
                } else {
                    let key = format!("{pipeline}: {}", operator.name);
                    *alone.get(&key).ok_or_else(|| format!("{key} {version}: it did not run"))?
                };
                takes.push(until.saturating_sub(before));
                before = before.max(until);
            }
            let lines: Vec<u64> = own
                .iter()
                .map(|operator| {
                    // A run without an operator still has its action: what that takes counts with the first.
                    let with_action = operator.line == first.line;
                    annotated
                        .lines
                        .iter()
                        .filter(|it| {
                            it.line == operator.line || with_action && it.line == action.line
                        })
                        .map(|it| it.self_task_time_ms)
                        .sum()
                })
                .collect();
            let (all, all_lines) = (takes.iter().sum::<u64>(), lines.iter().sum::<u64>());
            for ((operator, takes), line) in own.iter().zip(&takes).zip(&lines) {
                let share = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
                let (is, told) = (share(*takes, all), share(*line, all_lines));
                apart += (is - told).abs();
                count += 1;
                let _ = writeln!(
                    out,
                    "| {pipeline} | {} | {version} | {takes} ms | {is:.0} % | {told:.0} % |",
                    operator.name
                );
            }
        }
    }
    let _ = writeln!(
        out,
        "\nOn average a line's share of its pipeline is {:.0} points from what its operator takes.",
        apart / f64::from(count.max(1))
    );
    Ok(out)
}

/// The operators that comments name: `# pipeline: operator`.
fn operators(source: &str) -> Vec<Operator> {
    let comment = |(at, line): (usize, &str)| {
        let (pipeline, name) = line.rsplit_once("  # ")?.1.split_once(": ")?;
        Some(Operator { pipeline: pipeline.to_owned(), name: name.to_owned(), line: at as u32 + 1 })
    };
    source.lines().enumerate().filter_map(comment).collect()
}

fn pipelines(operators: &[Operator]) -> Vec<String> {
    let mut found: Vec<String> = operators.iter().map(|it| it.pipeline.clone()).collect();
    found.dedup();
    found
}

/// Task time of each shortened run by its description: of the last one with it, when all is warm.
fn alone(profile: &Profile) -> BTreeMap<String, u64> {
    let executions = profile.executions.iter();
    executions
        .filter(|it| !it.job_ids.is_empty())
        .map(|it| (it.description.to_string(), task_time(profile, it.execution_id)))
        .collect()
}

/// Task time of all stages of an execution, milliseconds.
fn task_time(profile: &Profile, execution: u64) -> u64 {
    let of = |job: &u64| profile.job(*job).is_some_and(|it| it.execution_id == Some(execution));
    let stages = profile.stages.iter().filter(|it| it.job_ids.iter().any(of));
    stages.map(|it| it.metrics.executor_run_time).sum()
}

fn annotated(binary: &Path, folder: &Path, log: &Path) -> Result<Annotated> {
    let output = Command::new(binary)
        .current_dir(folder)
        .args(["annotate", PROGRAM, "--output-format", "json", "--event-log"])
        .arg(log)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
