//! A sort-merge join that sends its smaller side to every executor instead of shuffling and sorting both.

use super::Replay;
use super::changes::ChangeError;
use super::operators::Operators;
use super::plan::{Plan, Work};
use crate::run::metric;
use eventlog::{PlanNode, SqlExecution, TaskRun};

/// Bytes of rows that the driver collects, hashes and sends in a millisecond: 50 MB a second. A broadcast takes from 5 (wide rows of a
/// few megabytes) to 20 ms for a megabyte.
const BYTES_PER_MS: u64 = 50_000;

/// A side of a join: the node of its shuffle, the stage that wrote it, the bytes of its rows.
struct Side<'a> {
    stage: u64,
    bytes: u64,
    /// Between the join and the shuffle, where rows are sorted.
    sort_ms: u64,
    exchange: &'a PlanNode,
}

/// Joins within the tasks that read the larger side: its shuffle and both sorts go, the time of the smaller side's broadcast comes.
pub(super) fn broadcast(
    replay: &Replay<'_>,
    plan: &mut Plan,
    stage: u64,
) -> Result<(), ChangeError> {
    let table = &replay.table.tasks;
    if !plan.units.iter().any(|unit| unit.stage_id == stage) {
        return Err(ChangeError::UnknownStage(stage));
    }
    let operators = Operators::new(replay.profile);
    let (small, large) = sides(&operators, replay, stage).ok_or(ChangeError::NoJoin(stage))?;

    let attempts = |id: u64| replay.profile.attempts(id);
    let waited = attempts(stage).map(|it| it.metrics.shuffle_fetch_wait_time).sum::<u64>();
    let written: u64 = attempts(large.stage).map(|it| it.metrics.shuffle_write_time).sum();
    let written = written / 1_000_000;
    let find = |plan: &Plan, id: u64| {
        plan.units.iter().position(|unit| unit.stage_id == id && !unit.dropped)
    };
    let (Some(join), Some(scan), Some(sent)) =
        (find(plan, stage), find(plan, large.stage), find(plan, small.stage))
    else {
        return Ok(());
    };
    let run = |tasks: &[TaskRun]| tasks.iter().map(|task| u64::from(task.run_ms)).sum::<u64>();
    let joined = run(&plan.units[join].succeeded(table));
    let rest = joined.saturating_sub(small.sort_ms + large.sort_ms + waited);
    let mut tasks = plan.units[scan].succeeded(table);
    if tasks.is_empty() || joined == 0 {
        return Err(ChangeError::NoJoin(stage));
    }
    let whole = run(&tasks).max(1);
    for task in &mut tasks {
        // Each task of the larger side does its share of what is left, in place of writing its shuffle.
        let of = |part: u64| {
            let share = u128::from(task.run_ms) * u128::from(part) / u128::from(whole);
            u32::try_from(share).unwrap_or(u32::MAX)
        };
        let (less, more) = (of(written), of(rest));
        let to = |time: u32| time.saturating_sub(less).saturating_add(more);
        (task.run_ms, task.duration_ms) = (to(task.run_ms), to(task.duration_ms));
    }
    plan.units[join].work = Work::Edited(tasks);
    plan.units[join].turnaround_ms = plan.units[scan].turnaround_ms;
    plan.units[scan].dropped = true;
    plan.units[sent].extra_ms =
        plan.units[sent].extra_ms.saturating_add(small.bytes.div_ceil(BYTES_PER_MS));
    Ok(())
}

/// The smaller and the larger side of the stage's first sort-merge join of two shuffles.
fn sides<'a>(
    operators: &Operators<'a>,
    replay: &Replay<'a>,
    stage: u64,
) -> Option<(Side<'a>, Side<'a>)> {
    operators.executions_of(stage).into_iter().find_map(|execution| {
        execution.plan.preorder().into_iter().find_map(|node| {
            if node.name != "SortMergeJoin" || !operators.stages_of(node).contains(&stage) {
                return None;
            }
            let [left, right] = &node.children[..] else { return None };
            let left = side(operators, replay, execution, left, stage)?;
            let right = side(operators, replay, execution, right, stage)?;
            // One exchange on both sides is a join with itself.
            if left.stage == right.stage || std::ptr::eq(left.exchange, right.exchange) {
                return None;
            }
            Some(if left.bytes <= right.bytes { (left, right) } else { (right, left) })
        })
    })
}

fn side<'a>(
    operators: &Operators<'a>,
    replay: &Replay<'a>,
    execution: &SqlExecution,
    node: &'a PlanNode,
    stage: u64,
) -> Option<Side<'a>> {
    let (mut node, mut sort_ms) = (node, 0);
    loop {
        if node.name == "Sort" {
            sort_ms += metric(execution, node, "sort time").unwrap_or(0);
        }
        if let Some(bytes) = metric(execution, node, "data size") {
            let wrote = |id: &u64| {
                *id != stage
                    && replay.profile.attempts(*id).any(|it| it.metrics.shuffle_write_bytes > 0)
            };
            let writer = operators.stages_of(node).into_iter().find(wrote)?;
            return Some(Side { stage: writer, bytes, sort_ms, exchange: node });
        }
        let [child] = &node.children[..] else { return None };
        node = child;
    }
}
