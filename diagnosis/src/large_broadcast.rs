//! `large-broadcast`: a broadcast side that is too large to be sent to every executor.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::{Run, metric};
use crate::{Category, Measure};
use eventlog::SqlExecution;

/// Bytes of a broadcast, and milliseconds of collecting and building it, that are worth a word.
const BYTES: u64 = 256 << 20;
const TIME_MS: u64 = 10_000;

/// Bytes from which it is a danger to the driver.
const SEVERE: u64 = 1 << 30;

pub(crate) const EXPLANATION: &str = "In a broadcast join Spark collects the small side at the driver, builds a hash table of it and sends that to every executor, so \
     that the large side need not be shuffled. A side that is not small makes the driver and each executor hold it whole, and the join waits \
     for one process to build it.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for node in execution.plan.preorder() {
        if node.name != "BroadcastExchange" {
            continue;
        }
        let size = metric(execution, node, "data size").unwrap_or(0);
        let took: u64 = ["time to collect", "time to build", "time to broadcast"]
            .iter()
            .filter_map(|name| metric(execution, node, name))
            .sum();
        if size < BYTES && took < TIME_MS {
            continue;
        }
        let rows = metric(execution, node, "number of output rows").unwrap_or(0);
        let hint = match run.setting("spark.sql.autoBroadcastJoinThreshold") {
            Some(threshold) => format!("spark.sql.autoBroadcastJoinThreshold is {threshold}"),
            None => "spark.sql.autoBroadcastJoinThreshold has its default of 10 MB, so a hint asked for it or the estimate was far too low".to_owned(),
        };
        let how = if size >= SEVERE { "very large" } else { "large" };
        found.push(
            Found::of_execution("large-broadcast", Category::Algorithm, execution, &[], EXPLANATION)
                .operator(execution, node)
                .summary(format!(
                    "execution {} broadcasts a {how} side: {} in {rows} rows, {} to collect, build and send",
                    execution.execution_id,
                    bytes(size),
                    time(took)
                ))
                .measure(Measure::of("broadcast", size, "bytes"))
                .measure(Measure::of("rows", rows, "rows"))
                .measure(Measure::of("time to collect, build and send", took, "ms"))
                .advice(format!("take the hint away or lower the threshold, so that the join is a sort-merge join, or drop rows and columns of this side first; {hint}"))
                .saving((took > 0).then_some((0, took)))
                .weight(took),
        );
    }
    found
}
