//! `ineffective-cache`: a cached dataset that nothing reads again, or much of which is not in storage when it is read.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::repeated_scan::uncached;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure, executions_of};
use eventlog::{CachedRdd, RddInfo, StageAttempt, StageStatus};
use std::collections::BTreeMap;

/// Share of the partitions below which a cache misses too many.
const STORED: f64 = 0.9;

pub(crate) const EXPLANATION: &str = "cache and persist ask Spark to keep a dataset once it is computed, so that what reads it next need not compute it again. It takes memory \
     that sorting and grouping could use, and time to store. That pays only when the dataset is read again and is still there: what does not fit is left out or \
     dropped, and computed anew each time.";

/// A persisted RDD and the stages that computed or read it.
struct Cached<'a> {
    rdd: &'a RddInfo,
    /// By stage id: of several attempts the last.
    stages: BTreeMap<u64, &'a StageAttempt>,
}

pub(crate) fn find(run: &Run<'_>) -> Vec<Found> {
    let profile = run.profile;
    let mut cached: BTreeMap<u64, Cached<'_>> = BTreeMap::new();
    for stage in &profile.stages {
        for rdd in stage.rdds.iter().filter(|rdd| rdd.persisted) {
            let cached =
                cached.entry(rdd.id).or_insert_with(|| Cached { rdd, stages: BTreeMap::new() });
            cached.stages.insert(stage.stage_id, stage);
        }
    }
    let mut found = Vec::new();
    let mut unread_stages = Vec::new();
    for (id, cached) in &cached {
        let Some(first) = cached.stages.values().next() else { continue };
        if cached.stages.len() == 1 || is_of_one_scan(run, cached) {
            // Of several datasets kept in one stage the last stands for all.
            if !unread_stages.contains(&first.stage_id) && unread(run, first) {
                unread_stages.push(first.stage_id);
                found.push(not_read(run, cached, first));
            }
        } else if let Some(storage) = profile.cached_rdds.get(id) {
            found.extend(not_stored(run, cached, storage));
        }
    }
    found
}

/// Whether its two stages are those of one scan in one execution: adaptive execution fills a cache in a job of its own before it reads it
/// (`TableCacheQueryStageExec`).
fn is_of_one_scan(run: &Run<'_>, cached: &Cached<'_>) -> bool {
    let executions: Vec<Vec<u64>> =
        cached.stages.values().map(|stage| executions_of(run.profile, stage)).collect();
    let [first, second] = &executions[..] else { return false };
    let [id] = first[..] else { return false };
    let Some(execution) = run.profile.execution(id).filter(|_| first == second) else {
        return false;
    };
    let scans = uncached(&execution.plan)
        .into_iter()
        .filter(|(node, below)| !below && node.name.starts_with("InMemoryTableScan"));
    scans.count() == 1
}

/// Whether that no other stage has it says that it was kept for nothing.
fn unread(run: &Run<'_>, stage: &StageAttempt) -> bool {
    let quality = &run.profile.quality;
    let whole = quality.has_application_start
        && quality.has_application_end
        && !quality.compacted
        && quality.missing_task_ends == 0;
    whole
        && stage.status == StageStatus::Complete
        && stage.metrics.executor_run_time >= run.thresholds.recompute_ms
        && run.is_worth_task_time(stage.metrics.executor_run_time)
        // Nothing can be read again after a job that failed.
        && run.profile.stages.iter().all(|stage| stage.status == StageStatus::Complete)
}

fn not_read(run: &Run<'_>, cached: &Cached<'_>, stage: &StageAttempt) -> Found {
    let stored = run.profile.cached_rdds.get(&cached.rdd.id);
    let mut found = Found::of_stage(
        "ineffective-cache",
        Category::Resource,
        run,
        stage,
        EXPLANATION,
    )
    .summary(format!(
        "{} is cached and nothing reads it again: stage {} computed and kept it in {} of task time",
        name(cached.rdd),
        stage.stage_id,
        time(stage.metrics.executor_run_time)
    ))
    .measure(Measure::of("stages that read it again", 0, "stages"))
    .measure(Measure::of("partitions", cached.rdd.num_partitions, "partitions"));
    if let Some(stored) = stored {
        found = found.measure(Measure::of("most in storage", stored.bytes, "bytes"));
    }
    found.advice(
        "drop the cache or persist: it costs memory and the time to store, and saves nothing",
    )
}

fn not_stored(run: &Run<'_>, cached: &Cached<'_>, storage: &CachedRdd) -> Option<Found> {
    let tasks = cached.stages.values().map(|stage| stage.num_complete_tasks).max().unwrap_or(0);
    // An action that needs few partitions computes no more.
    let computed = tasks.min(cached.rdd.num_partitions);
    let share = float(storage.partitions) / float(computed.max(1));
    if computed == 0 || share >= STORED {
        return None;
    }
    let stages: Vec<&StageAttempt> = cached.stages.values().skip(1).copied().collect();
    let wall = stages
        .iter()
        .filter_map(|stage| u64::try_from(stage.completion_ms? - stage.submission_ms?).ok())
        .fold(0, u64::saturating_add);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of it")]
    let missed = (float(wall) * (1.0 - share)) as u64;
    // On a local master the driver is the executor.
    let local = run.profile.quality.local_master;
    let memory = if local { "spark.driver.memory" } else { "spark.executor.memory" };
    let noun = if stages.len() == 1 { "stage" } else { "stages" };
    Some(
        Found::new("ineffective-cache", Category::Resource, EXPLANATION)
            .stages(run, &stages)
            .summary(format!(
                "{} is cached and read by {} further {noun}, but at most {} of its {computed} partitions were in storage at one time ({}), and {} \
                 were dropped to make room",
                name(cached.rdd),
                stages.len(),
                storage.partitions,
                bytes(storage.bytes),
                storage.evictions
            ))
            .measure(Measure::of("stages that read it again", stages.len() as u64, "stages"))
            .measure(Measure::of("partitions", computed, "partitions"))
            .measure(Measure::of("most partitions in storage", storage.partitions, "partitions"))
            .measure(Measure::of("most in storage", storage.bytes, "bytes"))
            .measure(Measure::of("partitions dropped", storage.evictions, "partitions"))
            .advice(format!(
                "keep less (filter and drop columns before the cache, unpersist what is done with), keep it on disk as well (MEMORY_AND_DISK) or serialized, or \
                 give it more memory ({memory}: {})",
                run.setting(memory).unwrap_or("1g where it is not set")
            ))
            .saving(Some((0, missed))),
    )
}

/// What a person may know it by.
fn name(rdd: &RddInfo) -> String {
    let line = rdd.name.lines().next().unwrap_or_default().trim();
    let mut shown: String = line.chars().take(60).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    if shown.is_empty() { format!("RDD {}", rdd.id) } else { format!("RDD {} ({shown})", rdd.id) }
}
