//! `straggler`: a few tasks take far longer than the others although they have no more to read.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::skew::{Tail, float};
use crate::{Category, Measure, operators_of};
use eventlog::{StageAttempt, Task};

/// Share of the extra time, or of the slow tasks, that a cause must account for.
const SHARE: f64 = 0.5;

/// Share of the slow tasks that one host must have run, with no less than [`HOST_TASKS`] of them.
const HOST_SHARE: f64 = 0.6;

const HOST_TASKS: usize = 3;

pub(crate) const EXPLANATION: &str = "Spark runs one task for each partition, and a stage ends with its last task. Here a few tasks worked on long after \
     the others were done, although their partitions were not larger. So the data is not the cause: what ran the task was slow (garbage \
     collection, the network, a host), or its rows take longer to compute.";

/// Why tasks without more data are slow.
enum Cause {
    GarbageCollection,
    Fetch,
    Host(String),
    /// None of these; with the slowest task's share of CPU in its run time, where that tells.
    Unexplained(Option<f64>),
}

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let tail = Tail::of(run, stage).filter(|tail| !tail.is_explained())?;
    let summary = tail.summary;
    let [_, _, median, _, slowest] = summary.duration;
    // Below it a scheduler's hiccup looks the same.
    let worst = tail.slow.first().filter(|task| task.duration > 5_000)?;
    let cause = cause(run, stage, &tail, worst);
    let (why, advice) = match &cause {
        Cause::GarbageCollection => (
            format!("garbage collection took {} of the slowest", time(worst.jvm_gc_time)),
            "give executors more memory or fewer cores at once, so that tasks do not wait for the collector".to_owned(),
        ),
        Cause::Fetch => (
            format!("the slowest waited {} for shuffle blocks", time(worst.shuffle_fetch_wait_time)),
            "look at the hosts that serve its shuffle blocks, their disks and the network".to_owned(),
        ),
        Cause::Host(host) => (
            format!("most of the slow tasks ran on host {host}"),
            format!("check host {host} (disk, memory, neighbours), exclude it (spark.excludeOnFailure.*), or let speculation run such \
                     tasks elsewhere (spark.speculation)"),
        ),
        Cause::Unexplained(None) => (
            "neither data, garbage collection, fetching nor one host explains it, and what Python computed the log does not tell".to_owned(),
            "look for rows that take far longer than others in the Python functions of this stage, or for waiting in them (remote calls)".to_owned(),
        ),
        Cause::Unexplained(Some(cpu)) => (
            format!("neither data, garbage collection, fetching nor one host explains it; the slowest computed for {:.0} % of its time", cpu * 100.0),
            if *cpu >= SHARE {
                "look for rows that take far longer to compute than others: long strings, regular expressions, nested loops in user functions"
                    .to_owned()
            } else {
                "look for waiting in user functions or in the storage (remote calls, throttled reads), or let speculation run such tasks \
                 elsewhere (spark.speculation)"
                    .to_owned()
            },
        ),
    };
    let extra: u64 = tail.slow.iter().map(|task| task.duration.saturating_sub(median)).sum();
    let saving = run.slots(stage).and_then(|slots| {
        let before = saving::bound(slowest, stage.task_duration, slots);
        let rest = stage.task_duration.saturating_sub(extra);
        let (_, most) = saving::of_stage(run, stage, before, saving::bound(median, rest, slots))?;
        // That tasks come down to the median is the best that can be hoped for.
        Some((0, most))
    });
    Some(
        tail.measured(Found::of_stage("straggler", Category::Resource, run, stage, EXPLANATION))
            .summary(format!(
                "stage {} waits for stragglers: its slowest task took {}, {:.1} times the median of {}, without more to read; {why}",
                stage.stage_id,
                time(slowest),
                tail.ratio,
                time(median),
            ))
            .measure(Measure::of("garbage collection of the slowest", worst.jvm_gc_time, "ms"))
            .measure(Measure::of("fetch wait of the slowest", worst.shuffle_fetch_wait_time, "ms"))
            .measure(Measure { name: "CPU share of the slowest", value: cpu_share(worst), unit: "share" })
            .advice(advice)
            .saving(saving),
    )
}

fn cause(run: &Run<'_>, stage: &StageAttempt, tail: &Tail<'_>, worst: &Task) -> Cause {
    let summary = tail.summary;
    let extra = float(worst.duration.saturating_sub(summary.duration[2])).max(1.0);
    let more = |own: u64, median: u64| float(own.saturating_sub(median)) / extra >= SHARE;
    if more(worst.jvm_gc_time, summary.jvm_gc_time[2]) {
        return Cause::GarbageCollection;
    }
    if more(worst.shuffle_fetch_wait_time, summary.shuffle_fetch_wait_time[2]) {
        return Cause::Fetch;
    }
    let hosts = run.profile.executors.iter().map(|executor| executor.host.as_str());
    let first = hosts.clone().next();
    if hosts.into_iter().any(|host| Some(host) != first) {
        let on = |host: &str| tail.slow.iter().filter(|task| task.host == host).count();
        let slow = on(&worst.host);
        if slow >= HOST_TASKS && float(slow as u64) >= HOST_SHARE * float(tail.slow.len() as u64) {
            return Cause::Host(worst.host.to_string());
        }
    }
    // CPU time is the JVM's: what Python computes is missing in it.
    let python = stage.rdds.iter().any(|rdd| rdd.name.contains("Python"))
        || operators_of(run.profile, stage)
            .iter()
            .any(|name| ["Python", "Pandas", "Arrow"].iter().any(|part| name.contains(part)));
    Cause::Unexplained((!python).then(|| cpu_share(worst)))
}

fn cpu_share(task: &Task) -> f64 {
    // Nanoseconds over milliseconds.
    (float(task.executor_cpu_time) / 1e6 / float(task.executor_run_time.max(1))).min(1.0)
}
