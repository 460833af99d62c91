//! What may be changed, and how it changes a plan.

use super::plan::{Plan, Unit, Work};
use super::{Replay, cached, join, partitions};
use eventlog::{TaskOutcome, TaskRun};
use rustc_hash::FxHashSet;

/// A shorter time of the driver between jobs is the ordinary way from one job to the next, milliseconds.
const GAP_MS: u64 = 1_000;

/// A change to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// So many executors at the peak, and proportionally many at other times.
    Executors(u64),
    /// So many cores for each executor.
    Cores(u64),
    /// The tasks of this stage take equally long; their time together stays.
    NoSkew(u64),
    /// No task of this stage takes longer than the median one; what the others took longer is gone.
    NoStragglers(u64),
    /// This stage has so many partitions.
    Partitions {
        /// The stage.
        stage: u64,
        /// How many.
        partitions: u64,
    },
    /// Every task succeeds at once, and no stage is computed again.
    NoRetries,
    /// What this stage computes is kept: stages after it do not compute it again.
    Cached(u64),
    /// The sort-merge join of this stage sends its smaller side to every executor.
    BroadcastJoin(u64),
    /// The driver takes no time between jobs where it took a second or more.
    NoDriverGap,
}

/// Why a change can't be made to a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No attempt of the stage ran.
    #[error("stage {0} did not run")]
    UnknownStage(u64),
    /// The stage has no successful task.
    #[error("no task of stage {0} succeeded")]
    NoTasks(u64),
    /// No later stage computes what the stage does.
    #[error("no later stage computes again what stage {0} computes")]
    NotRepeated(u64),
    /// There is no sort-merge join in the stage, or its sides are not two shuffles of the run.
    #[error("stage {0} has no sort-merge join of two sides that were shuffled for it")]
    NoJoin(u64),
    /// More than can be simulated.
    #[error("{0} partitions are more than are simulated ({max})", max = partitions::MAX_PARTITIONS)]
    TooManyPartitions(u64),
}

/// The plan of the unchanged run with all of these changes.
pub(super) fn apply(replay: &Replay<'_>, changes: &[Change]) -> Result<Plan, ChangeError> {
    let mut plan = replay.plan.clone();
    let table = &replay.table.tasks;
    // First what drops work, then what reshapes what is left of it.
    if changes.contains(&Change::NoRetries) {
        no_retries(&mut plan, table);
    }
    for change in changes {
        if let Change::Cached(stage) = *change {
            cached::keep(replay, &mut plan, stage)?;
        }
    }
    for change in changes {
        if let Change::BroadcastJoin(stage) = *change {
            join::broadcast(replay, &mut plan, stage)?;
        }
    }
    for change in changes {
        match *change {
            Change::Executors(executors) => plan.cluster.executors = Some(executors.max(1)),
            Change::Cores(cores) => plan.cluster.cores = Some(cores.max(1)),
            Change::NoSkew(stage) => edit(&mut plan, table, stage, |_, tasks| even(tasks))?,
            Change::NoStragglers(stage) => edit(&mut plan, table, stage, |_, tasks| cap(tasks))?,
            Change::Partitions { stage, partitions } => {
                if partitions > partitions::MAX_PARTITIONS {
                    return Err(ChangeError::TooManyPartitions(partitions));
                }
                let shuffled = partitions::reads_shuffle(&replay.profile, stage);
                edit(&mut plan, table, stage, |_, tasks| {
                    *tasks = partitions::repartition(tasks, partitions, shuffled);
                })?;
            }
            Change::NoDriverGap => no_driver_gap(&mut plan),
            Change::NoRetries | Change::Cached(_) | Change::BroadcastJoin(_) => {}
        }
    }
    Ok(plan)
}

/// Changes the successful tasks of every attempt of a stage. Tasks that failed stay as they are.
pub(super) fn edit(
    plan: &mut Plan,
    table: &[TaskRun],
    stage: u64,
    mut change: impl FnMut(&Unit, &mut Vec<TaskRun>),
) -> Result<(), ChangeError> {
    let (mut ran, mut changed) = (false, false);
    for unit in plan.units.iter_mut().filter(|unit| unit.stage_id == stage) {
        ran = true;
        // What another change has dropped is gone already.
        changed |= unit.dropped;
        let mut tasks = unit.succeeded(table);
        if unit.dropped || tasks.is_empty() {
            continue;
        }
        changed = true;
        change(unit, &mut tasks);
        let logged = unit.work.tasks(table).iter();
        let failed = logged.filter(|task| task.outcome == TaskOutcome::Failed).copied();
        // Failed attempts come first: what follows them in a partition waits for them.
        let mut all: Vec<TaskRun> = failed.collect();
        let tried: FxHashSet<u32> = all.iter().map(|task| task.index).collect();
        // What has nothing to wait for any more is a first attempt.
        all.extend(tasks.into_iter().map(|task| TaskRun {
            attempt: if tried.contains(&task.index) { task.attempt } else { 0 },
            ..task
        }));
        unit.work = Work::Edited(all);
    }
    match (ran, changed) {
        (false, _) => Err(ChangeError::UnknownStage(stage)),
        (true, false) => Err(ChangeError::NoTasks(stage)),
        (true, true) => Ok(()),
    }
}

/// Gives every task the mean of their times, to the millisecond in sum.
fn even(tasks: &mut [TaskRun]) {
    let count = tasks.len().max(1) as u64;
    let sum = |of: fn(&TaskRun) -> u32| tasks.iter().map(|task| u64::from(of(task))).sum::<u64>();
    let (held, run) = (sum(|task| task.duration_ms), sum(|task| task.run_ms));
    let share = |sum: u64, at: u64| sum / count + u64::from(at < sum % count);
    for (at, task) in tasks.iter_mut().enumerate() {
        let at = at as u64;
        task.duration_ms = u32::try_from(share(held, at)).unwrap_or(u32::MAX);
        task.run_ms = u32::try_from(share(run, at)).unwrap_or(u32::MAX);
    }
}

/// Lets no task take longer than the median.
fn cap(tasks: &mut [TaskRun]) {
    let mut times: Vec<u32> = tasks.iter().map(|task| task.duration_ms).collect();
    let middle = times.len() / 2;
    if times.is_empty() {
        return;
    }
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    for task in tasks {
        task.duration_ms = task.duration_ms.min(median);
        task.run_ms = task.run_ms.min(median);
    }
}

/// Keeps the first success of each partition, in the first attempt of its stage. A partition that never succeeded keeps its last attempt.
fn no_retries(plan: &mut Plan, table: &[TaskRun]) {
    let mut first: rustc_hash::FxHashMap<u64, usize> = rustc_hash::FxHashMap::default();
    for (at, unit) in plan.units.iter().enumerate() {
        first.entry(unit.stage_id).or_insert(at);
    }
    // By first attempt: what it keeps.
    let mut kept: rustc_hash::FxHashMap<usize, (FxHashSet<u32>, Vec<TaskRun>)> =
        rustc_hash::FxHashMap::default();
    for success in [true, false] {
        for unit in &plan.units {
            let (known, tasks) = kept.entry(first[&unit.stage_id]).or_default();
            let all = unit.work.tasks(table);
            let wanted = |task: &&TaskRun| (task.outcome == TaskOutcome::Succeeded) == success;
            let mut take = |task: &TaskRun| {
                if known.insert(task.index) {
                    tasks.push(TaskRun { attempt: 0, ..*task });
                }
            };
            if success {
                all.iter().filter(wanted).for_each(&mut take);
            } else {
                all.iter().rev().filter(wanted).for_each(&mut take);
            }
        }
    }
    for (at, unit) in plan.units.iter_mut().enumerate() {
        if first[&unit.stage_id] != at {
            unit.dropped = true;
            continue;
        }
        let logged = unit.work.tasks(table);
        let Some((_, tasks)) = kept.remove(&at).filter(|(_, tasks)| !tasks.is_empty()) else {
            continue;
        };
        if tasks.len() != logged.len() || logged.iter().any(|task| task.attempt > 0) {
            // Its overhead is that of the failures as well: nobody knows how much of it.
            unit.extra_ms = 0;
            unit.work = Work::Edited(tasks);
        }
    }
}

fn no_driver_gap(plan: &mut Plan) {
    for job in plan.jobs.iter_mut().filter(|job| job.idle_ms >= GAP_MS) {
        job.delay_ms = job.delay_ms.saturating_sub(job.idle_ms);
    }
}
