//! `idle-cluster`: much of the cores that the run held had nothing to do.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure};

/// Share of the allocated core time in which tasks ran, below which it is worth a word.
const BUSY: f64 = 0.6;

/// Wall time of a run, milliseconds, below which nothing can be scaled.
const WALL_MS: u64 = 60_000;

pub(crate) const EXPLANATION: &str = "Executors hold cores from the moment they start until they go, whether tasks run on them or not. Here much of that time \
     passed without tasks. That does not make the run slower; it makes it cost more than it has to.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let allocated = run.allocated_core_ms();
    // One machine's cores were not asked for.
    if run.profile.quality.local_master || allocated == 0 || run.wall_ms() < WALL_MS {
        return None;
    }
    let failed = run.profile.stages.iter().flat_map(|stage| &stage.task_failures);
    let busy = run
        .profile
        .stages
        .iter()
        .map(|stage| stage.task_duration)
        .chain(failed.map(|failure| failure.task_time))
        .fold(0, u64::saturating_add)
        .saturating_mul(run.cores_per_task());
    let share = float(busy) / float(allocated);
    if share >= BUSY {
        return None;
    }
    let dynamic = run.is_on("spark.dynamicAllocation.enabled", false);
    let advice = if dynamic {
        "executors come and go by themselves here: shorten spark.dynamicAllocation.executorIdleTimeout, lower minExecutors, and see what the \
         driver does while no task runs"
    } else {
        "ask for fewer executors, or let them come and go (spark.dynamicAllocation.enabled); first see what the driver does while no task runs, \
         and which stages have fewer tasks than cores"
    };
    Some(
        Found::new("idle-cluster", Category::Resource, EXPLANATION)
            .summary(format!(
                "tasks ran for {} of {} core time that the executors held, {:.0} %",
                time(busy),
                time(allocated),
                share * 100.0
            ))
            .measure(Measure::of("core time with tasks", busy, "ms"))
            .measure(Measure::of("core time held", allocated, "ms"))
            .measure(Measure { name: "share with tasks", value: share, unit: "share" })
            .advice(advice)
            // It costs money, not time: it stands behind what costs time.
            .weight(0),
    )
}
