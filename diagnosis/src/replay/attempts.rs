//! How attempts of a task follow each other within a stage attempt.

use eventlog::{TaskOutcome, TaskRun};
use rustc_hash::FxHashMap;

/// How attempts of one partition follow each other.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// By task: whether it waits for another one.
    pub(super) waits: Vec<bool>,
    /// By task: the one that follows its end.
    pub(super) after_end: FxHashMap<usize, usize>,
    /// By task: the one that follows its launch, and how long after it.
    pub(super) after_launch: FxHashMap<usize, (usize, u64)>,
    /// Later attempts that follow no failure in the log, with how long after the first launch they came.
    pub(super) after_start: Vec<(usize, u64)>,
}

/// How later attempts of a partition follow earlier ones; none where there are none.
pub(super) fn attempts(tasks: &[TaskRun]) -> Option<Attempts> {
    let plain = |task: &TaskRun| task.attempt == 0 && task.outcome == TaskOutcome::Succeeded;
    if tasks.iter().all(plain) {
        return None;
    }
    let mut attempts = Attempts { waits: vec![false; tasks.len()], ..Attempts::default() };
    let mut last: FxHashMap<u32, usize> = FxHashMap::default();
    for (at, task) in tasks.iter().enumerate() {
        let after = |earlier: &TaskRun| {
            u64::try_from(task.launch_ms.saturating_sub(earlier.launch_ms)).unwrap_or(0)
        };
        let Some(before) = last.insert(task.index, at) else {
            if task.attempt > 0 {
                attempts.waits[at] = true;
                attempts.after_start.push((at, after(&tasks[0])));
            }
            continue;
        };
        let earlier = &tasks[before];
        let since = after(earlier);
        attempts.waits[at] = true;
        if earlier.outcome == TaskOutcome::Succeeded && since >= u64::from(earlier.duration_ms) {
            // What it had made was lost later on.
            attempts.after_start.push((at, after(&tasks[0])));
        } else if since >= u64::from(earlier.duration_ms) {
            attempts.after_end.insert(before, at);
        } else {
            attempts.after_launch.insert(before, (at, since));
        }
    }
    Some(attempts)
}
