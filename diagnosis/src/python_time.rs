//! `python-time`: tasks wait for Python workers.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::{Run, metric};
use crate::skew::float;
use crate::{Category, Measure, executions_of};
use eventlog::StageAttempt;

/// Share of task time that is worth a word: measured (Spark 4), or what is left beside the JVM's own computing (Spark 3).
const MEASURED: f64 = 0.3;
const LEFT: f64 = 0.5;

/// Task time of a stage from which a share of it says something, milliseconds.
const RUN_MS: u64 = 2_000;

/// Bytes to and from Python below which the rest of a stage is not its doing.
const SENT: u64 = 1 << 20;

pub(crate) const EXPLANATION: &str = "Spark runs in the Java machine. For a Python function it sends rows to a Python process, which runs the function row by row or \
     batch by batch, and takes the results back. Built-in functions do the same work without leaving the Java machine, often many times faster.";

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let run_ms = stage.metrics.executor_run_time;
    if run_ms < RUN_MS {
        return None;
    }
    let (mut python, mut sent, mut names) = (0_u64, 0_u64, Vec::new());
    for execution in
        executions_of(run.profile, stage).iter().filter_map(|&id| run.profile.execution(id))
    {
        for node in execution.plan.preorder() {
            let is_python = ["EvalPython", "InPandas", "InArrow", "InPython"]
                .iter()
                .any(|part| node.name.contains(part));
            let own = |name: &str| {
                let found = node.metrics.iter().find(|metric| metric.name == name)?;
                let value = stage.sql_accumulators.get(&found.accumulator_id)?;
                u64::try_from(*value).ok()
            };
            if !is_python
                || node
                    .metrics
                    .iter()
                    .all(|it| !stage.sql_accumulators.contains_key(&it.accumulator_id))
            {
                continue;
            }
            for name in [
                "time to start Python workers",
                "time to initialize Python workers",
                "time to run Python workers",
            ] {
                python += own(name).unwrap_or(0);
            }
            sent += own("data sent to Python workers").unwrap_or(0);
            sent += own("data returned from Python workers").unwrap_or(0);
            if !names.contains(&node.name.as_str())
                && metric(execution, node, "data sent to Python workers").is_some()
            {
                names.push(node.name.as_str());
            }
        }
    }
    let first = names.first()?;
    let measured = float(python) / float(run_ms);
    // CPU time is the JVM's: what Python computes is missing in it. Nanoseconds over milliseconds.
    let left = 1.0 - float(stage.metrics.executor_cpu_time) / 1e6 / float(run_ms);
    let (share, how) = if measured >= MEASURED {
        (measured.min(1.0), "measured")
    } else if python == 0 && left >= LEFT && sent >= SENT {
        (left, "what is left beside the JVM's own computing")
    } else {
        return None;
    };
    let arrow = first.contains("Arrow") || first.contains("Pandas");
    Some(
        Found::of_stage("python-time", Category::Algorithm, run, stage, EXPLANATION)
            .summary(format!(
                "stage {} spends {:.0} % of {} task time in Python workers ({first}; {how}); {} went to and from them",
                stage.stage_id,
                share * 100.0,
                time(run_ms),
                bytes(sent)
            ))
            .measure(Measure { name: "share of task time", value: share, unit: "share" })
            .measure(Measure::of("time in Python workers", python, "ms"))
            .measure(Measure::of("task time", run_ms, "ms"))
            .measure(Measure::of("data to and from Python workers", sent, "bytes"))
            .advice(if arrow {
                "use built-in functions where they exist; filter rows and drop columns before the function, and keep work inside it in vectorised calls"
            } else {
                "use built-in functions where they exist; else a pandas_udf, which passes batches instead of rows; filter rows before the function"
            }),
    )
}
