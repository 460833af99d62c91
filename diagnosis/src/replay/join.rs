//! A sort-merge join that sends its smaller side to every executor instead of shuffling and sorting both.

use super::Replay;
use super::changes::ChangeError;
use super::operators::Operators;
use super::plan::{Plan, Work};
use crate::run::metric;
use eventlog::{PlanNode, SqlExecution, StageMetrics, TaskRun};

/// Bytes of rows that the driver collects, hashes and sends in a millisecond: 50 MB a second. A broadcast takes from 5 (wide rows of a
/// few megabytes) to 20 ms for a megabyte.
const BYTES_PER_MS: u64 = 50_000;

/// Processor time in nanoseconds that a shuffled row and a byte of it cost where they are written, and where they are read, sorted and merged:
/// measured on joins of narrow rows, of rows with texts and by text keys under Spark 3.5, each run as a broadcast join as well. The log
/// does not tell them apart from what else a stage does.
const WRITE: Cost = Cost { row: 250, byte: 7 };
const READ_AND_SORT: Cost = Cost { row: 350, byte: 7 };

/// Share of a stage's time that its shuffle takes at most, in percent: something has to make the rows.
const MOST: u64 = 90;

struct Cost {
    row: u64,
    byte: u64,
}

impl Cost {
    /// Percent of a stage's run time that goes into moving so much: of its processor time, since what slows one down slows down the other.
    fn share(&self, rows: u64, bytes: u64, metrics: &StageMetrics) -> u64 {
        let cost =
            u128::from(rows) * u128::from(self.row) + u128::from(bytes) * u128::from(self.byte);
        let run = u128::from(metrics.executor_run_time) * 1_000_000;
        let whole = match u128::from(metrics.executor_cpu_time) {
            0 => run,
            cpu => cpu.min(run),
        };
        u64::try_from(cost * 100 / whole.max(1)).unwrap_or(MOST).min(MOST)
    }
}

/// A side of a join: the node of its shuffle, the stage that wrote it, the bytes of its rows.
struct Side<'a> {
    stage: u64,
    bytes: u64,
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
    let operators = Operators::new(&replay.profile);
    let (small, large) = sides(&operators, replay, stage).ok_or(ChangeError::NoJoin(stage))?;

    let sum = |id: u64| {
        let attempts = replay.profile.attempts(id);
        attempts.fold(StageMetrics::default(), |mut sum, attempt| {
            let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
            let more = &attempt.metrics;
            add(&mut sum.executor_run_time, more.executor_run_time);
            add(&mut sum.executor_cpu_time, more.executor_cpu_time);
            add(&mut sum.shuffle_fetch_wait_time, more.shuffle_fetch_wait_time);
            add(&mut sum.shuffle_read_records, more.shuffle_read_records);
            add(&mut sum.shuffle_read_bytes, more.shuffle_read_bytes);
            add(&mut sum.shuffle_write_records, more.shuffle_write_records);
            add(&mut sum.shuffle_write_bytes, more.shuffle_write_bytes);
            sum
        })
    };
    let (read, wrote) = (sum(stage), sum(large.stage));
    let sorting = READ_AND_SORT.share(read.shuffle_read_records, read.shuffle_read_bytes, &read);
    let writing = WRITE.share(wrote.shuffle_write_records, wrote.shuffle_write_bytes, &wrote);
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
    let rest = joined.saturating_sub(read.shuffle_fetch_wait_time) * (100 - sorting) / 100;
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
        let (less, more) = (of(whole * writing / 100), of(rest));
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
    replay: &Replay<'_>,
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
    replay: &Replay<'_>,
    execution: &SqlExecution,
    node: &'a PlanNode,
    stage: u64,
) -> Option<Side<'a>> {
    let mut node = node;
    loop {
        if let Some(bytes) = metric(execution, node, "data size") {
            let wrote = |id: &u64| {
                *id != stage
                    && replay.profile.attempts(*id).any(|it| it.metrics.shuffle_write_bytes > 0)
            };
            let writer = operators.stages_of(node).into_iter().find(wrote)?;
            return Some(Side { stage: writer, bytes, exchange: node });
        }
        let [child] = &node.children[..] else { return None };
        node = child;
    }
}
