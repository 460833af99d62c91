//! How time and cost of a run depend on the number of executors.

use super::plan::Plan;
use super::simulate::simulate;
use super::{Change, Outcome, Replay, outcome};

/// Sizes of the cluster that are tried, in percent of the run's (those of Sparklens).
const PERCENT: [u64; 12] = [10, 20, 50, 80, 100, 110, 120, 150, 200, 300, 400, 500];

/// Time and cost of a run on clusters of several sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Smallest first; one of them is the run's own size.
    pub steps: Vec<ScalingStep>,
    /// The step at which the gain in time best pays for its cost: the one whose core time × wall time is least, the knee of Eager, Zahorjan
    /// and Lazowska (*Speedup versus efficiency in parallel systems*, 1989). None where there is only one step.
    pub knee: Option<usize>,
}

/// A run on a cluster of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingStep {
    /// Executors at the peak, of a local run its cores.
    pub size: u64,
    /// In percent of the run's.
    pub percent: u64,
    /// What is predicted.
    pub outcome: Outcome,
}

impl Replay<'_> {
    /// Predicts the run on clusters of 10 % to 500 % of its executors, or of its cores where it ran inside the driver.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        let (executors, cores) = self.cluster();
        let (own, change): (u64, fn(u64) -> Change) = if self.is_local() {
            (cores / executors.max(1), Change::Cores)
        } else {
            (executors, Change::Executors)
        };
        let own = own.max(1);
        let per_task = if self.is_local() { self.plan.cluster.cores_per_task } else { 1 };
        let mut steps: Vec<ScalingStep> = Vec::new();
        for percent in PERCENT {
            let size = (own.saturating_mul(percent) / 100).max(per_task);
            if steps.last().is_some_and(|last| last.size >= size) {
                continue;
            }
            let outcome = if size == own {
                self.unchanged()
            } else {
                let mut plan: Plan = self.plan.clone();
                match change(size) {
                    Change::Cores(cores) => plan.cluster.cores = Some(cores),
                    _ => plan.cluster.executors = Some(size),
                }
                outcome(&plan, &simulate(&plan, &self.table.tasks))
            };
            steps.push(ScalingStep { size, percent: size * 100 / own, outcome });
        }
        let product = |step: &ScalingStep| {
            u128::from(step.outcome.core_ms) * u128::from(step.outcome.application_ms)
        };
        let knee = (0..steps.len()).min_by_key(|at| product(&steps[*at]));
        Scaling { knee: knee.filter(|_| steps.len() > 1), steps }
    }
}
