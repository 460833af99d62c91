//! `partition-skew`: one task takes far longer than the others because it has far more to read.

use crate::format::{bytes, time};
use crate::{Category, Diagnosis, Measure, executions_of, operators_of};
use eventlog::{Profile, Quantiles, StageAttempt, TaskSummary};
use spark::Thresholds;

/// Fewer tasks have no meaningful median.
const MIN_TASKS: u64 = 10;

/// A slowest task from this many milliseconds is worth a word whatever its share of the run is.
const SLOW_TASK_MS: u64 = 5_000;

/// Share of the slowest task's extra time that what it reads must explain.
const EXPLAINED: f64 = 0.5;

/// What the slowest task had more of.
struct Load {
    what: &'static str,
    quantiles: Quantiles,
    is_bytes: bool,
    /// Share of the extra time that it explains, 0 to 1.
    explains: f64,
}

pub(crate) fn find(
    profile: &Profile,
    stage: &StageAttempt,
    thresholds: &Thresholds,
) -> Option<Diagnosis> {
    let summary = stage.task_summary.as_ref().filter(|summary| summary.tasks >= MIN_TASKS)?;
    let [_, _, median, _, slowest] = summary.duration;
    let ratio = ratio(slowest, median);
    // The application waits for at least this long.
    let excess = slowest.saturating_sub(median);
    let of_the_run =
        u128::from(profile.application.duration_ms()) * u128::from(thresholds.share_per_mille);
    let matters =
        slowest > SLOW_TASK_MS || (of_the_run > 0 && u128::from(excess) * 1000 >= of_the_run);
    if ratio < thresholds.skew || excess == 0 || !matters {
        return None;
    }
    let load = load(summary).filter(|load| load.explains >= EXPLAINED)?;
    let [_, _, load_median, _, load_most] = load.quantiles;
    let show = |value| if load.is_bytes { bytes(value) } else { format!("{value} records") };
    let severity = if ratio >= thresholds.skew_severe { "severely skewed" } else { "skewed" };
    let unit = if load.is_bytes { "bytes" } else { "records" };
    Some(Diagnosis {
        id: "partition-skew",
        category: Category::Data,
        stages: vec![(stage.stage_id, stage.attempt_id)],
        executions: executions_of(profile, stage),
        summary: format!(
            "stage {} is {severity}: its slowest task took {}, {ratio:.1} times the median of {}; the most that a task had of {} is {}, the median {}",
            stage.stage_id,
            time(slowest),
            time(median),
            load.what,
            show(load_most),
            show(load_median),
        ),
        evidence: vec![
            Measure::of("tasks", summary.tasks, "tasks"),
            Measure::of("median task", median, "ms"),
            Measure::of("slowest task", slowest, "ms"),
            Measure { name: "slowest over median", value: ratio, unit: "ratio" },
            Measure::of(load.what_median(), load_median, unit),
            Measure::of(load.what_most(), load_most, unit),
            Measure { name: "extra time explained by it", value: load.explains, unit: "share" },
        ],
        caused_by: None,
        advice: advice(profile, stage, &load),
        saving_ms: None,
    })
}

impl Load {
    fn what_median(&self) -> &'static str {
        match self.what {
            "input" => "median input",
            "shuffle read" => "median shuffle read",
            _ => "median shuffle records",
        }
    }

    fn what_most(&self) -> &'static str {
        match self.what {
            "input" => "largest input",
            "shuffle read" => "largest shuffle read",
            _ => "most shuffle records",
        }
    }
}

/// The load that explains the slowest task best. That the slowest task is the one with the largest load is taken as given:
/// a stage's quantiles do not say which task had what.
fn load(summary: &TaskSummary) -> Option<Load> {
    let [_, _, median, _, slowest] = summary.duration;
    let loads = [
        ("shuffle read", summary.shuffle_read_bytes, true),
        ("input", summary.input_bytes, true),
        ("shuffle records", summary.shuffle_read_records, false),
    ];
    let explained = loads.into_iter().filter(|(_, quantiles, _)| quantiles[4] > 0).map(
        |(what, quantiles, is_bytes)| {
            // With the median's load the slowest task would have taken its time times the loads' ratio.
            let spared = float(slowest) * (1.0 - float(quantiles[2]) / float(quantiles[4]));
            let explains = (spared / float(slowest.saturating_sub(median).max(1))).clamp(0.0, 1.0);
            Load { what, quantiles, is_bytes, explains }
        },
    );
    // The first of equals: bytes before records.
    explained.reduce(|best, next| if next.explains > best.explains { next } else { best })
}

fn advice(profile: &Profile, stage: &StageAttempt, load: &Load) -> String {
    if load.what == "input" {
        return "split the input more evenly: files that can be split (no gzip, no multi-line text), a smaller \
                spark.sql.files.maxPartitionBytes, or a repartition after the read"
            .to_owned();
    }
    let joins = operators_of(profile, stage).iter().any(|name| name.contains("Join"));
    if !joins {
        return "a few keys hold most of the rows: aggregate before the shuffle, add a salt to the key, or treat the heavy keys apart"
            .to_owned();
    }
    let mut advice = "a few join keys hold most of the rows: broadcast the other side if it is small, add a salt to the key, or join the \
                      heavy keys apart"
        .to_owned();
    // `SQLConf.SKEW_JOIN_SKEWED_PARTITION_THRESHOLD`: 256 MB where it is not set.
    let key = "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes";
    if load.is_bytes && load.quantiles[4] < 256 << 20 && !profile.spark_properties.contains_key(key)
    {
        advice.push_str(&format!(
            "; adaptive execution splits skewed join partitions only from 256 MB on, so lower {key} for it to act here"
        ));
    }
    advice
}

fn ratio(most: u64, median: u64) -> f64 {
    float(most) / float(median.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "ratios of sizes and times")]
fn float(value: u64) -> f64 {
    value as f64
}
