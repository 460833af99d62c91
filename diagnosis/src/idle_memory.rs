//! `idle-memory`: executors have far more memory than they ever used.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure};

/// Share of task time in garbage collection below which memory was never short (Dr. Elephant's `ExecutorGcHeuristic` calls it low).
const COLLECTING: f64 = 0.03;

/// Share of the heap that the fullest executor used, below which it is too large.
const USED: f64 = 0.7;

/// Task time of a run, milliseconds, below which it tells nothing about the next one.
const RUN_MS: u64 = 60_000;

/// A smaller heap is not worth cutting: Spark's own part of it stays.
const LARGE: u64 = 2 << 30;

pub(crate) const EXPLANATION: &str = "Each executor takes its memory from the cluster for as long as it lives, whether it uses it or not. Here the fullest of them left \
     much of its heap free, and hardly any time went into making room. That does not make the run slower; it makes it cost more than it has to.";

pub(crate) fn find(run: &Run<'_>) -> Option<Found> {
    let profile = run.profile;
    // `spark.executor.memory`, 1g where it is not set. On a local master the driver's heap is shared with the program.
    let memory = run.size("spark.executor.memory", 1 << 30);
    if profile.quality.local_master || memory < LARGE {
        return None;
    }
    let executors: Vec<_> =
        profile.executors.iter().filter(|executor| executor.id != "driver").collect();
    // One whose heap nobody saw may have been the fullest.
    let peaks: Option<Vec<u64>> =
        executors.iter().map(|executor| executor.peak_jvm_heap_memory).collect();
    let peak = peaks?.into_iter().max().filter(|peak| *peak > 0)?;
    let (mut run_ms, mut collecting, mut spilled) = (0_u64, 0_u64, 0_u64);
    for stage in &profile.stages {
        run_ms = run_ms.saturating_add(stage.metrics.executor_run_time);
        collecting = collecting.saturating_add(stage.metrics.jvm_gc_time);
        spilled = spilled.saturating_add(stage.metrics.disk_bytes_spilled);
    }
    let (used, share) = (float(peak) / float(memory), float(collecting) / float(run_ms.max(1)));
    let lost = executors.iter().any(|executor| {
        executor.removed_reason.as_deref().is_some_and(crate::executor_loss::is_for_memory)
    });
    if run_ms < RUN_MS || used >= USED || share >= COLLECTING || spilled > 0 || lost {
        return None;
    }
    Some(
        Found::new("idle-memory", Category::Resource, EXPLANATION)
            .summary(format!(
                "executors have {} of heap, and the fullest used {} of it, {:.0} %; garbage collection took {} of {} task time, {:.1} %",
                bytes(memory),
                bytes(peak),
                used * 100.0,
                time(collecting),
                time(run_ms),
                share * 100.0
            ))
            .measure(Measure::of("heap of an executor", memory, "bytes"))
            .measure(Measure::of("largest heap seen", peak, "bytes"))
            .measure(Measure { name: "share of the heap used", value: used, unit: "share" })
            .measure(Measure { name: "share of task time in garbage collection", value: share, unit: "share" })
            .advice(format!(
                "lower spark.executor.memory ({}) step by step, or run more tasks at once in each executor (spark.executor.cores)",
                run.setting("spark.executor.memory").unwrap_or("1g where it is not set")
            ))
            // It costs money, not time: it stands behind what costs time.
            .weight(0),
    )
}
