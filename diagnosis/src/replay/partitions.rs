//! A stage with another number of partitions.

use eventlog::{Profile, TaskRun};

/// More partitions than any run has are not simulated.
pub(super) const MAX_PARTITIONS: u64 = 1_000_000;

/// Longest run time of a task, in milliseconds, that is held to be the cost of having a task and not work: opening files and shuffles, setting
/// up operators, a Python worker. The log does not tell the two apart where all tasks are alike. It is a quarter of the 200 ms from
/// which on Spark's tuning guide calls tasks efficient.
const FIXED_MS: u32 = 50;

/// Whether a stage reads what a shuffle wrote: then its partitions are made of keys.
pub(super) fn reads_shuffle(profile: &Profile, stage: u64) -> bool {
    profile.attempts(stage).any(|stage| stage.metrics.shuffle_read_records > 0)
}

/// The tasks with another number of partitions. What they compute stays the same in sum; what each costs beside it is paid once for each
/// new task.
///
/// Fewer partitions are neighbours put together, as adaptive execution and `coalesce` do it, of nearly equal bytes. More are cut from
/// the sorted work of the old ones; where keys make partitions (`keyed`), what a task has more than the median stays in one piece,
/// since the rows of a key stay together.
pub(super) fn repartition(tasks: &[TaskRun], partitions: u64, keyed: bool) -> Vec<TaskRun> {
    let partitions = usize::try_from(partitions).unwrap_or(usize::MAX).max(1);
    let mut tasks = tasks.to_vec();
    if tasks.is_empty() || partitions == tasks.len() {
        return tasks;
    }
    tasks.sort_unstable_by_key(|task| task.index);
    let floor = fixed(&tasks);
    let mut beside: Vec<u32> =
        tasks.iter().map(|task| task.duration_ms.saturating_sub(task.run_ms)).collect();
    let middle = beside.len() / 2;
    let (_, beside, _) = beside.select_nth_unstable(middle);
    let cost = beside.saturating_add(floor);
    let work = |task: &TaskRun| u64::from(task.run_ms.saturating_sub(floor));
    let work: Vec<u64> = if partitions < tasks.len() {
        merge(&tasks, partitions, work)
    } else {
        split(tasks.iter().map(work).collect(), partitions, keyed)
    };
    let like = tasks[0];
    let task = |(index, work): (usize, u64)| {
        let run = u32::try_from(work).unwrap_or(u32::MAX).saturating_add(floor);
        TaskRun {
            duration_ms: u32::try_from(work).unwrap_or(u32::MAX).saturating_add(cost),
            run_ms: run,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            ..like
        }
    };
    work.into_iter().enumerate().map(task).collect()
}

/// The part of a task's run time that it costs whatever it has to do: at most [`FIXED_MS`] of what the quickest tenth takes.
fn fixed(tasks: &[TaskRun]) -> u32 {
    let mut runs: Vec<u32> = tasks.iter().map(|task| task.run_ms).collect();
    let tenth = runs.len() / 10;
    let (_, quick, _) = runs.select_nth_unstable(tenth);
    (*quick).min(FIXED_MS)
}

/// Neighbours together, so that each group has its share of the bytes, or of the work where nothing was read.
fn merge(tasks: &[TaskRun], partitions: usize, work: impl Fn(&TaskRun) -> u64) -> Vec<u64> {
    let read: f64 = tasks.iter().map(|task| f64::from(task.read_bytes)).sum();
    #[expect(clippy::cast_precision_loss, reason = "weights")]
    let weight = |task: &TaskRun| {
        if read > 0.0 { f64::from(task.read_bytes) } else { work(task) as f64 + 1.0 }
    };
    let total: f64 = tasks.iter().map(&weight).sum();
    let mut groups = vec![0u64; partitions];
    let mut before = 0.0;
    for task in tasks {
        // The group in which the task's middle lies.
        let middle = (before + weight(task) / 2.0) / total.max(f64::MIN_POSITIVE);
        before += weight(task);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let group = ((middle * partitions as f64) as usize).min(partitions - 1);
        groups[group] = groups[group].saturating_add(work(task));
    }
    groups
}

fn split(mut work: Vec<u64>, partitions: usize, keyed: bool) -> Vec<u64> {
    work.sort_unstable_by(|a, b| b.cmp(a));
    let median = work[work.len() / 2];
    let limit = if keyed { median } else { u64::MAX };
    let even: u128 = work.iter().map(|work| u128::from(*work.min(&limit))).sum();
    let count = partitions as u128;
    // The sum of the first so many pieces, cut from the sorted old ones laid end to end.
    let old: Vec<u128> = work
        .iter()
        .scan(0u128, |sum, work| {
            *sum += u128::from(*work.min(&limit));
            Some(*sum)
        })
        .collect();
    let upto = |piece: u128| {
        let place = piece * old.len() as u128;
        let (whole, part) = (place / count, place % count);
        let at = |index: u128| match usize::try_from(index) {
            Ok(0) => 0,
            Ok(index) => old.get(index - 1).copied().unwrap_or(even),
            Err(_) => even,
        };
        at(whole) + (at(whole + 1) - at(whole)) * part / count
    };
    let mut pieces: Vec<u64> = (0..count)
        .map(|piece| u64::try_from(upto(piece + 1) - upto(piece)).unwrap_or(u64::MAX))
        .collect();
    if keyed {
        for (piece, work) in pieces.iter_mut().zip(&work) {
            *piece = piece.saturating_add(work.saturating_sub(limit));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventlog::TaskOutcome;

    fn tasks(runs: &[u32]) -> Vec<TaskRun> {
        let task = |(index, &run): (usize, &u32)| TaskRun {
            launch_ms: 0,
            duration_ms: run + 10,
            run_ms: run,
            stage: 0,
            index: index as u32,
            read_bytes: 0.0,
            executor: 0,
            attempt: 0,
            outcome: TaskOutcome::Succeeded,
        };
        runs.iter().enumerate().map(task).collect()
    }

    fn runs(tasks: &[TaskRun]) -> Vec<u32> {
        assert!(tasks.iter().all(|task| task.duration_ms == task.run_ms + 10));
        tasks.iter().map(|task| task.run_ms).collect()
    }

    #[test]
    fn work_is_kept_and_each_task_costs_its_own() {
        let four = tasks(&[400, 400, 400, 400]);
        assert_eq!(runs(&repartition(&four, 8, false)), [225; 8]);
        assert_eq!(runs(&repartition(&four, 2, false)), [750, 750]);
        assert_eq!(runs(&repartition(&four, 1, true)), [1_450]);
        let three: u32 = runs(&repartition(&tasks(&[100, 300]), 3, false)).iter().sum();
        assert_eq!(three, 450);
        // A hundred tasks of nothing cost nothing but themselves.
        assert_eq!(runs(&repartition(&tasks(&[40; 100]), 4, true)), [40; 4]);
    }

    #[test]
    fn a_key_stays_in_one_piece() {
        let skewed = tasks(&[100, 100, 100, 900]);
        assert_eq!(runs(&repartition(&skewed, 8, true)), [875, 75, 75, 75, 75, 75, 75, 75]);
        assert_eq!(runs(&repartition(&skewed, 8, false)), [475, 475, 75, 75, 75, 75, 75, 75]);
    }
}
