//! What a run would have taken if something had been different: its tasks, scheduled anew.
//!
//! A [`Replay`] schedules the tasks of a run over slots as Spark does (list scheduling, Graham 1966): stages wait for their parents, jobs
//! for the driver, attempts of a task for each other, executors come and go as they did. What the log measures beside the
//! tasks is kept: the driver's time between jobs, the delays from a stage's submission to its first task, from one task to the next in
//! a slot, from the last task to the stage's end. What remains of a stage's wall time when the unchanged run is replayed is its
//! *overhead*, and is carried into every prediction.
//!
//! The error of that replay before the overhead is added says how much of the run the model explains. Beyond [`MAX_ERROR`] of the time in which
//! jobs ran nothing is predicted.

mod attempts;
mod build;
mod cached;
mod changes;
mod join;
mod operators;
mod partitions;
mod plan;
mod remedy;
mod scaling;
mod simulate;

pub use changes::{Change, ChangeError};
pub use remedy::price;
pub use scaling::{Scaling, ScalingStep};

use std::ops::Deref;
use std::sync::Arc;

use eventlog::{Profile, TaskTable};
use plan::Plan;
use simulate::{Times, simulate};

/// Share of the time in which jobs ran by which the replay of the unchanged run may be wrong. Replays of real runs are either within
/// 10 % or beyond 20 % (executors that arrive late and unseen, accelerators that tasks wait for, lost events); 15 % lies between.
pub const MAX_ERROR: f64 = 0.15;

/// An error of fewer milliseconds is nothing that anybody plans by: runs of a few seconds are made of delays.
const SMALL_ERROR_MS: u64 = 500;

/// A run that can be replayed.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    profile: Held<'a>,
    table: TaskTable,
    plan: Plan,
    raw: Times,
    unexplained: Times,
    base: Times,
}

/// A profile that is borrowed or shared.
#[derive(Debug, Clone)]
enum Held<'a> {
    Borrowed(&'a Profile),
    Shared(Arc<Profile>),
}

impl Deref for Held<'_> {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        match self {
            Held::Borrowed(profile) => profile,
            Held::Shared(profile) => profile,
        }
    }
}

/// How long a run takes, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Wall time of the application.
    pub application_ms: u64,
    /// Time in which at least one job ran.
    pub job_ms: u64,
    /// Σ of the time that tasks held slots.
    pub task_ms: u64,
    /// Σ cores × time that executors were there.
    pub core_ms: u64,
    /// Tasks were left when the last executor had gone: they ran on slots that the log does not have, as many as there were at the peak.
    pub made_up_slots: bool,
    /// Wall time of stage attempts, submission to completion, by stage id and attempt.
    pub stages: Vec<((u64, u32), u64)>,
}

/// How well the unchanged run is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Measured: time in which at least one job ran, milliseconds.
    pub measured_job_ms: u64,
    /// Measured: wall time of the application.
    pub measured_application_ms: u64,
    /// Job time from the tasks alone, without any delay of stages and slots.
    pub tasks_only_job_ms: u64,
    /// Job time with the delays that the log measures. Its difference to the measured one is the error.
    pub job_ms: u64,
    /// Job time with the overhead of stages added: what predictions are compared with.
    pub calibrated_job_ms: u64,
}

impl Fit {
    /// The error of the replay as a share of the measured job time: negative where it is too short.
    #[must_use]
    pub fn error(&self) -> f64 {
        relative(self.job_ms, self.measured_job_ms)
    }

    /// The error of the tasks alone.
    #[must_use]
    pub fn tasks_only_error(&self) -> f64 {
        relative(self.tasks_only_job_ms, self.measured_job_ms)
    }

    /// The error that remains after calibration.
    #[must_use]
    pub fn calibrated_error(&self) -> f64 {
        relative(self.calibrated_job_ms, self.measured_job_ms)
    }

    /// Whether predictions can be made from it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let off = |job_ms: u64| {
            let off = job_ms.abs_diff(self.measured_job_ms);
            off > SMALL_ERROR_MS && relative(job_ms, self.measured_job_ms).abs() > MAX_ERROR
        };
        self.measured_job_ms > 0 && !off(self.job_ms) && !off(self.calibrated_job_ms)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn relative(replayed: u64, measured: u64) -> f64 {
    (replayed as f64 - measured as f64) / measured.max(1) as f64
}

impl Replay<'static> {
    /// The same of a profile that it keeps.
    #[must_use]
    pub fn shared(profile: Arc<Profile>, table: TaskTable) -> Self {
        Self::of(Held::Shared(profile), table)
    }
}

impl<'a> Replay<'a> {
    /// Replays the run as it was.
    #[must_use]
    pub fn new(profile: &'a Profile, table: TaskTable) -> Self {
        Self::of(Held::Borrowed(profile), table)
    }

    fn of(profile: Held<'a>, table: TaskTable) -> Self {
        Self::uncalibrated(profile, table).calibrated()
    }

    /// Without the overhead of stages.
    fn uncalibrated(profile: Held<'a>, mut table: TaskTable) -> Self {
        let cores_per_task = profile
            .spark_properties
            .get("spark.task.cpus")
            .and_then(|cpus| cpus.parse().ok())
            .unwrap_or(1)
            .max(1);
        let mut plan = build::plan(&profile, cores_per_task, &mut table);
        let mut bare = plan.clone();
        for unit in &mut bare.units {
            (unit.turnaround_ms, unit.end_delay_ms) = (0, 0);
        }
        let raw = simulate(&bare, &table.tasks);
        drop(bare);
        for (unit, &(submitted, launched, _)) in plan.units.iter_mut().zip(&raw.units) {
            // What it waits for its first task although a slot is free.
            let waited = unit.observed.launch_ms - unit.observed.submission_ms;
            unit.launch_delay_ms =
                waited.saturating_sub(launched.saturating_sub(submitted)).min(build::DELAY_MS);
        }
        let unexplained = simulate(&plan, &table.tasks);
        let base = unexplained.clone();
        Self { profile, table, plan, raw, unexplained, base }
    }

    /// With the overhead of stages.
    fn calibrated(mut self) -> Self {
        let units = self.plan.units.iter_mut();
        for (unit, &(submitted, _, ended)) in units.zip(&self.unexplained.units) {
            let took = unit.observed.completion_ms - unit.observed.submission_ms;
            let rest = took.saturating_sub(ended.saturating_sub(submitted));
            unit.extra_ms = unit.extra_ms.saturating_add(rest);
        }
        self.base = simulate(&self.plan, &self.table.tasks);
        self
    }

    /// How well the unchanged run is replayed.
    #[must_use]
    pub fn fit(&self) -> Fit {
        Fit {
            measured_job_ms: measured_job_ms(&self.plan),
            measured_application_ms: self.profile.application.duration_ms(),
            tasks_only_job_ms: self.raw.job_ms,
            job_ms: self.unexplained.job_ms,
            calibrated_job_ms: self.base.job_ms,
        }
    }

    /// The replay of the unchanged run, with the overhead of its stages.
    #[must_use]
    pub fn unchanged(&self) -> Outcome {
        outcome(&self.plan, &self.base)
    }

    /// The run with all of these changes at once.
    ///
    /// # Errors
    /// A change speaks of something that the run does not have.
    pub fn predict(&self, changes: &[Change]) -> Result<Outcome, ChangeError> {
        let plan = changes::apply(self, changes)?;
        Ok(outcome(&plan, &simulate(&plan, &self.table.tasks)))
    }

    /// Whether the run had a single executor inside the driver (`local[n]`), so that only its cores can be scaled.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.profile.quality.local_master
    }

    /// Most executors at once, and most cores.
    #[must_use]
    pub fn cluster(&self) -> (u64, u64) {
        (self.plan.cluster.peak_executors, self.plan.cluster.peak_cores)
    }
}

/// Time in which at least one job ran.
fn measured_job_ms(plan: &Plan) -> u64 {
    let (mut total, mut until) = (0u64, 0);
    // Jobs stand in the order of their submission.
    for (from, to) in plan.jobs.iter().map(|job| job.observed) {
        total = total.saturating_add(to.saturating_sub(from.max(until)));
        until = until.max(to);
    }
    total
}

fn outcome(plan: &Plan, times: &Times) -> Outcome {
    Outcome {
        application_ms: times.application_ms,
        job_ms: times.job_ms,
        task_ms: times.task_ms,
        core_ms: times.core_ms,
        made_up_slots: times.starved,
        stages: plan
            .units
            .iter()
            .zip(&times.units)
            .filter(|(unit, _)| !unit.dropped)
            .map(|(unit, (from, _, to))| {
                ((unit.stage_id, unit.attempt_id), to.saturating_sub(*from))
            })
            .collect(),
    }
}
