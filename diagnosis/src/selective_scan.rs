//! `selective-scan`: a scan reads far more rows than a filter directly above it lets through.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::{Run, metric};
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::{PlanNode, SqlExecution};

/// Rows read from which it is worth a word, and the share of them that is kept.
const ROWS: u64 = 1_000_000;
const KEPT: f64 = 0.01;

pub(crate) const EXPLANATION: &str = "Spark leaves out whole folders when the data is partitioned by the column that a filter asks for, and whole blocks of a columnar \
     file when their statistics rule them out. Neither applied here: nearly every row was read and then dropped.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for filter in execution.plan.preorder() {
        if filter.name != "Filter" {
            continue;
        }
        let Some(scan) = scan_below(filter) else { continue };
        let Some((read, kept)) = metric(execution, scan, "number of output rows").zip(metric(
            execution,
            filter,
            "number of output rows",
        )) else {
            continue;
        };
        let share = float(kept) / float(read.max(1));
        let stages = run.stages_of(scan);
        let spent =
            stages.iter().map(|stage| stage.metrics.executor_run_time).fold(0, u64::saturating_add);
        if read < ROWS || share >= KEPT || !run.is_worth_task_time(spent) {
            continue;
        }
        let size = metric(execution, scan, "size of files read").unwrap_or(0);
        // Only a relation that is partitioned has the metric (`FileSourceScanLike`).
        let partitions = metric(execution, scan, "number of partitions read");
        let pruned = scan.metadata.get("PartitionFilters").is_some_and(|filters| filters != "[]");
        let columnar = scan.name.contains("parquet") || scan.name.contains("orc");
        found.push(
            Found::of_execution("selective-scan", Category::Algorithm, execution, &stages, EXPLANATION)
                .operator(execution, filter)
                .summary(format!(
                    "execution {} reads {read} rows ({}) and keeps {kept} of them, {:.2} %, in stages of {} task time",
                    execution.execution_id,
                    bytes(size),
                    share * 100.0,
                    time(spent)
                ))
                .measure(Measure::of("rows read", read, "rows"))
                .measure(Measure::of("rows kept", kept, "rows"))
                .measure(Measure { name: "share kept", value: share, unit: "share" })
                .measure(Measure::of("bytes read", size, "bytes"))
                .measures(partitions.map(|read| Measure::of("partitions read", read, "partitions")))
                .advice(if partitions.is_some() && !pruned {
                    "the data is partitioned, but nothing that is asked of the column it is partitioned by leaves a partition out: filter on that column as \
                     well, itself and not a function of it, or partition the data by the column that is filtered on"
                } else if columnar {
                    "partition the data by the column that is filtered on, or sort it by that column when it is written, so that block statistics rule blocks out; \
                     compare the column itself, not a function of it"
                } else {
                    "keep the data in a columnar format (Parquet, ORC), partitioned or sorted by the column that is filtered on: a text format has to be read whole"
                }),
        );
    }
    found
}

/// The file scan directly below, with nothing but adapters between.
fn scan_below(filter: &PlanNode) -> Option<&PlanNode> {
    let mut node = filter;
    loop {
        let [child] = &node.children[..] else { return None };
        if (child.name.starts_with("Scan ") || child.name.starts_with("BatchScan"))
            && child.metadata.contains_key("Location")
        {
            return Some(child);
        }
        if !["InputAdapter", "ColumnarToRow", "WholeStageCodegen"]
            .iter()
            .any(|name| child.name.starts_with(name))
        {
            return None;
        }
        node = child;
    }
}
