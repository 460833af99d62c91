//! The change that a diagnosis asks for, and what it would save.

use super::{Change, Held, Replay, cached};
use crate::format::time;
use crate::{Diagnosis, SavingModel};
use eventlog::{Profile, TaskTable};

/// With more attempts of tasks than this to simulate, which takes about a second, diagnoses keep their bounds: pricing must not take longer
/// than reading.
const SIMULATED_TASKS: usize = 4_000_000;

/// A task that is worth its cost runs for about this many milliseconds.
const TASK_MS: u64 = 1_000;

/// Puts what a replay of the run predicts in the place of the bounds of its diagnoses, where it can be replayed and that answers them.
/// No prediction exceeds the wall time of the stages concerned, or what was measured of the driver's gaps.
pub fn price(profile: &Profile, table: TaskTable, diagnoses: &mut [Diagnosis]) {
    if diagnoses.is_empty() || table.tasks.len().saturating_mul(diagnoses.len()) > SIMULATED_TASKS {
        return;
    }
    let replay = Replay::uncalibrated(Held::Borrowed(profile), table);
    // What the tasks do not explain, the overhead of stages does not either.
    if replay.fit().is_good() {
        replay.calibrated().price(diagnoses);
    }
}

impl Replay<'_> {
    /// The changes that a diagnosis asks for; none where no replay answers it.
    #[must_use]
    pub fn remedy(&self, diagnosis: &Diagnosis) -> Vec<Change> {
        let stage = diagnosis.stages.first().map(|(stage, _)| *stage);
        let each = |change: fn(u64) -> Change| stage.map(change).into_iter().collect();
        let measure = |name: &str| {
            let found = diagnosis.evidence.iter().find(|measure| measure.name == name);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "counts are whole and not negative"
            )]
            found.map(|measure| measure.value as u64)
        };
        match diagnosis.id {
            "partition-skew" => each(Change::NoSkew),
            "straggler" => each(Change::NoStragglers),
            "few-partitions" => {
                let slots = measure("tasks that could run at once");
                let change = |(stage, partitions)| Change::Partitions { stage, partitions };
                stage.zip(slots).map(change).into_iter().collect()
            }
            "last-wave" => {
                let slots = measure("tasks that could run at once");
                let rounds = measure("tasks")
                    .zip(slots)
                    .map(|(tasks, slots)| tasks.div_ceil(slots.max(1)).saturating_mul(slots));
                let change = |(stage, partitions)| Change::Partitions { stage, partitions };
                stage.zip(rounds).map(change).into_iter().collect()
            }
            "small-tasks" => self.fewer(diagnosis),
            "failed-tasks" | "executor-loss" | "speculation-waste" => vec![Change::NoRetries],
            "driver-gap" => vec![Change::NoDriverGap],
            "broadcast-candidate" => {
                let joins = diagnosis.stages.iter().map(|(stage, _)| Change::BroadcastJoin(*stage));
                joins.filter(|join| self.predict(&[*join]).is_ok()).take(1).collect()
            }
            "repeated-scan" | "recomputed-rdd" | "repeated-exchange" => {
                let again: Vec<u64> = diagnosis.stages.iter().map(|(stage, _)| *stage).collect();
                cached::first(self, &again).map(Change::Cached).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Stages of small tasks with tasks of about a second, and no fewer than there are slots.
    fn fewer(&self, diagnosis: &Diagnosis) -> Vec<Change> {
        let cluster = &self.plan.cluster;
        let slots = (cluster.peak_cores / cluster.cores_per_task.max(1)).max(1);
        let mut changes = Vec::new();
        for &(stage, attempt) in &diagnosis.stages {
            let unit = self
                .plan
                .units
                .iter()
                .find(|unit| (unit.stage_id, unit.attempt_id) == (stage, attempt));
            let Some(unit) = unit else { continue };
            let tasks = unit.succeeded(&self.table.tasks);
            let run: u64 = tasks.iter().map(|task| u64::from(task.run_ms)).sum();
            let partitions = (run / TASK_MS).max(slots);
            if partitions < tasks.len() as u64 {
                changes.push(Change::Partitions { stage, partitions });
            }
        }
        changes
    }

    /// Wall time of the application that changes save, in milliseconds; none where they can't be made.
    #[must_use]
    pub fn saving_ms(&self, changes: &[Change]) -> Option<u64> {
        let changed = self.predict(changes).ok()?;
        Some(self.base.application_ms.saturating_sub(changed.application_ms))
    }

    /// Does it, where the run can be replayed.
    fn price(&self, diagnoses: &mut [Diagnosis]) {
        if !self.fit().is_good() {
            return;
        }
        for diagnosis in diagnoses {
            if diagnosis.id == "idle-cluster" {
                diagnosis.advice.push_str(&self.enough());
            }
            let changes = self.remedy(diagnosis);
            if changes.is_empty() {
                continue;
            }
            let Some(saving) = self.saving_ms(&changes) else { continue };
            let (least, most) = diagnosis.saving_ms.unwrap_or((saving, saving));
            let possible = match diagnosis.id {
                "driver-gap" => most,
                "partition-skew" | "straggler" | "few-partitions" | "last-wave" => {
                    self.wall_ms(&diagnosis.stages)
                }
                _ => self.base.application_ms,
            };
            let saving = saving.min(possible);
            // What can be hoped for at best stays that.
            let at_best = least == 0
                || matches!(diagnosis.id, "repeated-scan" | "recomputed-rdd" | "repeated-exchange");
            diagnosis.saving_ms =
                (saving > 0).then_some((if at_best { 0 } else { saving }, saving));
            diagnosis.saving_model = SavingModel::Replay;
        }
    }

    /// How many executors the run would do with, where that is fewer than it had.
    fn enough(&self) -> String {
        let scaling = self.scaling();
        let knee = scaling.knee.and_then(|knee| scaling.steps.get(knee));
        let Some(knee) = knee.filter(|step| step.percent < 100) else { return String::new() };
        let percent = |part: u64, whole: u64| u128::from(part) * 100 / u128::from(whole.max(1));
        format!(
            "; by replay {} executors take {} in place of {}, for {} % of the core time",
            knee.size,
            time(knee.outcome.application_ms),
            time(self.base.application_ms),
            percent(knee.outcome.core_ms, self.base.core_ms),
        )
    }

    /// Wall time of stage attempts in the run, one after the other.
    fn wall_ms(&self, stages: &[(u64, u32)]) -> u64 {
        let units = self.plan.units.iter();
        let concerned = units.filter(|unit| stages.contains(&(unit.stage_id, unit.attempt_id)));
        let wall = concerned
            .map(|unit| unit.observed.completion_ms.saturating_sub(unit.observed.submission_ms));
        wall.fold(0, u64::saturating_add)
    }
}
