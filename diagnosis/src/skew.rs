//! `partition-skew`: a few tasks take far longer than the others because they have far more to read.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::Run;
use crate::saving;
use crate::{Category, Measure, operators_of};
use eventlog::{Quantiles, StageAttempt, Task, TaskSummary};

/// Fewer tasks have no meaningful median.
pub(crate) const MIN_TASKS: u64 = 10;

/// A slowest task from this many milliseconds is worth a word whatever its share of the run is.
const SLOW_TASK_MS: u64 = 5_000;

/// Share of the slow tasks' extra time that what they read must explain.
const EXPLAINED: f64 = 0.5;

pub(crate) const EXPLANATION: &str = "Spark splits the rows of a stage into partitions and runs one task for each. A stage ends with its last task. Here \
     most tasks were done early, and a few worked on because their partitions were far larger: cores stood idle meanwhile. More executors do \
     not help, since one partition is never worked on by two tasks.";

/// A stage with tasks that take far longer than the median.
pub(crate) struct Tail<'a> {
    pub(crate) summary: &'a TaskSummary,
    /// The slowest over the median.
    pub(crate) ratio: f64,
    /// The tasks that are slow, slowest first, of those that the profile keeps.
    pub(crate) slow: Vec<&'a Task>,
    /// What they had more of, with the share of their extra time that it explains.
    load: Option<(Load, f64)>,
}

/// What slow tasks may have had more of.
#[derive(Clone, Copy)]
struct Load {
    what: &'static str,
    median: &'static str,
    most: &'static str,
    is_bytes: bool,
    of: fn(&Task) -> u64,
    quantiles: fn(&TaskSummary) -> Quantiles,
}

const LOADS: [Load; 3] = [
    Load {
        what: "shuffle read",
        median: "median shuffle read",
        most: "largest shuffle read",
        is_bytes: true,
        of: |task| task.shuffle_read_bytes,
        quantiles: |summary| summary.shuffle_read_bytes,
    },
    Load {
        what: "input",
        median: "median input",
        most: "largest input",
        is_bytes: true,
        of: |task| task.input_bytes,
        quantiles: |summary| summary.input_bytes,
    },
    // Compressed bytes hide what many equal rows are.
    Load {
        what: "shuffle records",
        median: "median shuffle records",
        most: "most shuffle records",
        is_bytes: false,
        of: |task| task.shuffle_read_records,
        quantiles: |summary| summary.shuffle_read_records,
    },
];

impl<'a> Tail<'a> {
    /// The stage's tail, if it has one that matters to the run.
    pub(crate) fn of(run: &Run<'_>, stage: &'a StageAttempt) -> Option<Self> {
        let summary = stage.task_summary.as_ref().filter(|summary| summary.tasks >= MIN_TASKS)?;
        let [_, _, median, _, slowest] = summary.duration;
        let ratio = float(slowest) / float(median.max(1));
        // The application waits for at least this long.
        let excess = slowest.saturating_sub(median);
        let matters = slowest > SLOW_TASK_MS || run.is_worth_wall_time(excess);
        if ratio < run.thresholds.skew || excess == 0 || !matters {
            return None;
        }
        let is_slow = |task: &&Task| float(task.duration) >= run.thresholds.skew * float(median);
        let slow: Vec<&Task> = stage.longest_tasks.iter().filter(is_slow).collect();
        let explained =
            LOADS.into_iter().filter_map(|load| Some((load, explained(summary, &slow, load)?)));
        // The first of equals: bytes before records.
        let load = explained.reduce(|best, next| if next.1 > best.1 { next } else { best });
        Some(Self { summary, ratio, slow, load })
    }

    /// Whether what the slow tasks had to read explains their time.
    pub(crate) fn is_explained(&self) -> bool {
        self.load.is_some_and(|(_, explains)| explains >= EXPLAINED)
    }

    /// The finding with what every tail is measured by.
    pub(crate) fn measured(&self, found: Found) -> Found {
        let [_, _, median, _, slowest] = self.summary.duration;
        found
            .measure(Measure::of("tasks", self.summary.tasks, "tasks"))
            .measure(Measure::of("slow tasks", self.slow.len() as u64, "tasks"))
            .measure(Measure::of("median task", median, "ms"))
            .measure(Measure::of("slowest task", slowest, "ms"))
            .measure(Measure { name: "slowest over median", value: self.ratio, unit: "ratio" })
    }
}

/// Share of the slow tasks' extra time that a load explains: with the median's load a task would have taken its time times the ratio of
/// the loads.
fn explained(summary: &TaskSummary, slow: &[&Task], load: Load) -> Option<f64> {
    let typical = (load.quantiles)(summary)[2];
    let (mut spared, mut extra) = (0.0, 0.0);
    for task in slow {
        let own = (load.of)(task);
        extra += float(task.duration.saturating_sub(summary.duration[2]));
        if own > typical {
            spared += float(task.duration) * (1.0 - float(typical) / float(own));
        }
    }
    (extra > 0.0 && spared > 0.0).then(|| (spared / extra).clamp(0.0, 1.0))
}

pub(crate) fn find(run: &Run<'_>, stage: &StageAttempt) -> Option<Found> {
    let tail = Tail::of(run, stage)?;
    let (load, explains) = tail.load.filter(|_| tail.is_explained())?;
    let summary = tail.summary;
    let [_, _, median, _, slowest] = summary.duration;
    let quantiles = (load.quantiles)(summary);
    let (typical, most) = (quantiles[2], quantiles[4]);
    let show = |value| if load.is_bytes { bytes(value) } else { value.to_string() };
    let severity =
        if tail.ratio >= run.thresholds.skew_severe { "severely skewed" } else { "skewed" };
    let unit = if load.is_bytes { "bytes" } else { "records" };
    // Spread evenly, the same work takes the mean of it per task.
    let saving = run.slots(stage).and_then(|slots| {
        let even = stage.task_duration / summary.tasks.max(1);
        let before = saving::bound(slowest, stage.task_duration, slots);
        let after = saving::bound(even.max(median), stage.task_duration, slots);
        saving::of_stage(run, stage, before, after)
    });
    Some(
        tail.measured(Found::of_stage("partition-skew", Category::Data, run, stage, EXPLANATION))
            .summary(format!(
                "stage {} is {severity}: its slowest task took {}, {:.1} times the median of {}; the most that a task had of {} is {}, the median {}",
                stage.stage_id,
                time(slowest),
                tail.ratio,
                time(median),
                load.what,
                show(most),
                show(typical),
            ))
            .measure(Measure::of(load.median, typical, unit))
            .measure(Measure::of(load.most, most, unit))
            .measure(Measure { name: "extra time explained by it", value: explains, unit: "share" })
            .advice(advice(run, stage, load, most))
            .saving(saving),
    )
}

fn advice(run: &Run<'_>, stage: &StageAttempt, load: Load, most: u64) -> String {
    if load.what == "input" {
        return "split the input more evenly: files that can be split (no gzip, no multi-line text), a smaller \
                spark.sql.files.maxPartitionBytes, or a repartition after the read"
            .to_owned();
    }
    let joins = operators_of(run.profile, stage).iter().any(|name| name.contains("Join"));
    if !joins {
        return "a few keys hold most of the rows: aggregate before the shuffle, add a salt to the key, or treat the heavy keys apart"
            .to_owned();
    }
    let mut advice = "a few join keys hold most of the rows: broadcast the other side if it is small, add a salt to the key, or join the \
                      heavy keys apart"
        .to_owned();
    if !run.is_adaptive() || !run.is_on("spark.sql.adaptive.skewJoin.enabled", true) {
        advice.push_str(
            "; adaptive execution, which splits skewed join partitions, is switched off (spark.sql.adaptive.enabled, \
             spark.sql.adaptive.skewJoin.enabled)",
        );
        return advice;
    }
    // `SQLConf.SKEW_JOIN_SKEWED_PARTITION_THRESHOLD`: 256 MB where it is not set.
    let key = "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes";
    if load.is_bytes && most < run.size(key, 256 << 20) {
        advice.push_str(&format!(
            "; adaptive execution splits skewed join partitions only from {} on, so lower {key} for it to act here",
            bytes(run.size(key, 256 << 20))
        ));
    }
    advice
}

#[expect(clippy::cast_precision_loss, reason = "ratios of sizes and times")]
pub(crate) fn float(value: u64) -> f64 {
    value as f64
}
