//! What is replayed: jobs that wait for each other and for the driver, stage attempts with their tasks, and a cluster that comes and goes.
//! Times are milliseconds since the application's start.

use eventlog::{TaskOutcome, TaskRun};
use std::ops::Range;

/// A run to be simulated. Every list is in an order in which nothing waits for what comes later, so there are no cycles.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) jobs: Vec<PlanJob>,
    /// Jobs in the order of their ends in the run, first all, then those of each SQL execution: what a job waits for is the
    /// beginning of one of these lists.
    pub(super) orders: Vec<Vec<usize>>,
    pub(super) units: Vec<Unit>,
    pub(super) cluster: Cluster,
    /// From the last job's end to the application's, milliseconds.
    pub(super) tail_ms: u64,
    /// Whether stages share the slots fairly (`spark.scheduler.mode=FAIR`) instead of first come, first served.
    pub(super) fair: bool,
}

/// A job.
#[derive(Debug, Clone, Default)]
pub(super) struct PlanJob {
    /// The list of [`Plan::orders`] and how many from its front must have ended before the driver goes on.
    pub(super) waits_for: (usize, usize),
    /// What the driver takes from then to the job's submission.
    pub(super) delay_ms: u64,
    /// How much of that delay no job ran in.
    pub(super) idle_ms: u64,
    /// From the end of its last stage to its own, or its whole time where no stage of it ran.
    pub(super) end_delay_ms: u64,
    /// Submission and completion in the run.
    pub(super) observed: (u64, u64),
    /// The list of [`Plan::orders`] of its SQL execution; 0 where it belongs to none.
    pub(super) order_of_execution: usize,
}

/// A stage attempt.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) stage_id: u64,
    pub(super) attempt_id: u32,
    /// The job that runs it; none where the log names none.
    pub(super) job: Option<usize>,
    /// Stage attempts that it waits for, all before it.
    pub(super) waits_for: Vec<usize>,
    /// From the end of what it waits for to its submission.
    pub(super) delay_ms: u64,
    /// From its submission to its first task, where no slot was missing.
    pub(super) launch_delay_ms: u64,
    /// From a task's end to the next task's launch in the same slot, the median; negative where the next was launched before the
    /// driver had taken the result of the one before.
    pub(super) turnaround_ms: i64,
    /// From the end of its last task to its completion.
    pub(super) end_delay_ms: u64,
    /// What else it takes: what the replay of the unchanged run does not explain, and what a change adds.
    pub(super) extra_ms: u64,
    /// Its tasks in the order of their launch.
    pub(super) work: Work,
    /// Submission, first launch and completion in the run.
    pub(super) observed: Observed,
    /// The last moment, in milliseconds since the epoch, at which the end of a logged task still mattered to it: attempts that lost
    /// against another one run on after it.
    pub(super) until_ms: i64,
    /// A change has dropped it: it takes no time.
    pub(super) dropped: bool,
}

/// Times of a stage attempt in the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) submission_ms: u64,
    pub(super) launch_ms: u64,
    pub(super) completion_ms: u64,
}

/// The tasks of a stage attempt.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// As they were logged: a part of the sorted table.
    Logged(Range<usize>),
    /// As a change made them.
    Edited(Vec<TaskRun>),
}

impl Work {
    pub(super) fn tasks<'a>(&'a self, table: &'a [TaskRun]) -> &'a [TaskRun] {
        match self {
            Self::Logged(range) => table.get(range.clone()).unwrap_or_default(),
            Self::Edited(tasks) => tasks,
        }
    }
}

impl Unit {
    /// Whether its completion waits for the end of this one of its logged tasks.
    pub(super) fn waits_for_end_of(&self, task: &TaskRun) -> bool {
        task.launch_ms.saturating_add(i64::from(task.duration_ms)) <= self.until_ms
    }

    /// The tasks that succeeded.
    pub(super) fn succeeded(&self, table: &[TaskRun]) -> Vec<TaskRun> {
        let tasks = self.work.tasks(table).iter();
        tasks.filter(|task| task.outcome == TaskOutcome::Succeeded).copied().collect()
    }
}

/// Executors as they come and go.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    pub(super) events: Vec<ClusterEvent>,
    /// Most executors at once in the run, and most cores.
    pub(super) peak_executors: u64,
    pub(super) peak_cores: u64,
    /// `spark.task.cpus`.
    pub(super) cores_per_task: u64,
    /// So many executors at the peak, and proportionally many at other times, in the place of the run's.
    pub(super) executors: Option<u64>,
    /// So many cores for each executor in the place of the run's.
    pub(super) cores: Option<u64>,
}

/// An executor that comes or goes so long after something in the run. What followed a job's start or end then follows it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClusterEvent {
    pub(super) anchor: Anchor,
    pub(super) after_ms: u64,
    pub(super) executors: i64,
    pub(super) cores: i64,
}

/// What an event is timed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Anchor {
    /// The application's start.
    Start,
    /// A job's submission.
    Submission(usize),
    /// A job's end.
    End(usize),
    /// The end of a logged task of a stage attempt, by their places: of the one that failed with its executor.
    Task(usize, usize),
}

impl Cluster {
    /// Cores of so many executors that have so many cores in the run.
    pub(super) fn cores(&self, executors: i64, cores: i64) -> u64 {
        let executors = u64::try_from(executors).unwrap_or(0);
        let cores = u64::try_from(cores).unwrap_or(0);
        if self.executors.is_none() && self.cores.is_none() {
            return cores;
        }
        if executors == 0 {
            return 0;
        }
        let peak = self.peak_executors.max(1);
        // Half an executor is one.
        let scale = |count: u64| match self.executors {
            Some(wanted) => {
                let (peak, doubled) = (
                    u128::from(peak),
                    u128::from(count).saturating_mul(2).saturating_mul(wanted.into()),
                );
                u64::try_from(doubled.saturating_add(peak) / (2 * peak)).unwrap_or(u64::MAX)
            }
            None => count,
        };
        match self.cores {
            Some(each) => scale(executors).max(1).saturating_mul(each),
            None => scale(cores).max(1),
        }
    }
}
