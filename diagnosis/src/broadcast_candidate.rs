//! `broadcast-candidate`: a sort-merge join with a side that is small enough to be broadcast.

use crate::format::bytes;
use crate::found::Found;
use crate::run::{Run, exchanged};
use crate::{Category, Measure};
use eventlog::{PlanNode, SqlExecution};

/// Sides up to so many bytes are small against a large side of at least so many.
const SMALL: [(u64, u64); 3] = [(10 << 20, 0), (100 << 20, 10 << 30), (1_000 << 20, 300 << 30)];

/// A large side below it is cheap to shuffle.
const LARGE: u64 = 64 << 20;

pub(crate) const EXPLANATION: &str = "A sort-merge join shuffles and sorts both sides, so that rows of one key meet. When one side is small, it can be sent whole to \
     every executor instead; the large side then stays where it is, without shuffle and sort.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for node in execution.plan.preorder() {
        if node.name != "SortMergeJoin" {
            continue;
        }
        let [left, right] = &node.children[..] else { continue };
        let (Some(left), Some(right)) = (exchanged(execution, left), exchanged(execution, right))
        else {
            continue;
        };
        let (small, large) = if left.1 <= right.1 { (left, right) } else { (right, left) };
        let is_left = small.1 == left.1 && left.1 <= right.1;
        let fits = SMALL.iter().any(|&(most, least)| small.1 <= most && large.1 >= least);
        if !fits || large.1 < LARGE || !may_broadcast(node, is_left) {
            continue;
        }
        let stages = run.stages_of(large.0);
        let side = if is_left { "left" } else { "right" };
        found.push(
            Found::of_execution("broadcast-candidate", Category::Algorithm, execution, &stages, EXPLANATION)
                .operator(execution, node)
                .summary(format!(
                    "execution {} joins by sorting and merging {} with {}: the {side} side is small enough to be broadcast",
                    execution.execution_id,
                    bytes(left.1),
                    bytes(right.1)
                ))
                .measure(Measure::of("small side", small.1, "bytes"))
                .measure(Measure::of("large side", large.1, "bytes"))
                .advice(advice(run, small.1, side)),
        );
    }
    found
}

/// Which sides a join may build from, by its type in the operator's text (`JoinSelection`'s `canBuildBroadcastLeft` and `…Right`).
fn may_broadcast(node: &PlanNode, left: bool) -> bool {
    let is = |kind: &str| node.simple_string.contains(kind);
    if is("FullOuter") {
        return false;
    }
    if is("LeftOuter") || is("LeftSemi") || is("LeftAnti") || is("ExistenceJoin") {
        return !left;
    }
    if is("RightOuter") {
        return left;
    }
    is("Inner") || is("Cross")
}

fn advice(run: &Run<'_>, small: u64, side: &str) -> String {
    let threshold = run.size("spark.sql.autoBroadcastJoinThreshold", 10 << 20);
    if run.setting("spark.sql.autoBroadcastJoinThreshold") == Some("-1") {
        return format!(
            "automatic broadcasts are switched off (spark.sql.autoBroadcastJoinThreshold=-1): wrap the {side} side in broadcast(…), or switch them on"
        );
    }
    if small > threshold {
        return format!(
            "wrap the {side} side in broadcast(…), or raise spark.sql.autoBroadcastJoinThreshold above {} (it is {})",
            bytes(small),
            bytes(threshold)
        );
    }
    let adaptive = if run.is_adaptive() {
        ""
    } else {
        " (adaptive execution, which would see it while running, is off)"
    };
    format!(
        "Spark could not know beforehand that the {side} side is this small{adaptive}: wrap it in broadcast(…)"
    )
}
