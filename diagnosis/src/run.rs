//! A run with what every diagnosis asks of it: its cores over time, its settings, what is worth a word.

use eventlog::{PlanNode, Profile, SqlExecution, StageAttempt};
use rustc_hash::FxHashMap;
use spark::Thresholds;

/// The run that is looked at.
pub(crate) struct Run<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) thresholds: &'a Thresholds,
    /// When executors come and go, with the cores that this adds or takes, by time.
    changes: Vec<(i64, i64)>,
    /// Task time of stages by accumulator of a plan's metric.
    stages_of: FxHashMap<u64, Vec<usize>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(profile: &'a Profile, thresholds: &'a Thresholds) -> Self {
        let mut changes = Vec::new();
        for executor in &profile.executors {
            let cores = i64::from(executor.total_cores);
            changes.push((executor.added_ms, cores));
            changes.extend(executor.removed_ms.map(|at| (at.max(executor.added_ms), -cores)));
        }
        changes.sort_unstable();
        let mut stages_of: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for (at, stage) in profile.stages.iter().enumerate() {
            for id in stage.sql_accumulators.keys() {
                stages_of.entry(*id).or_default().push(at);
            }
        }
        Self { profile, thresholds, changes, stages_of }
    }

    /// Wall time of the application, milliseconds.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.profile.application.duration_ms()
    }

    /// End of the application, or of the log.
    pub(crate) fn end_ms(&self) -> i64 {
        let application = &self.profile.application;
        application.end_ms.unwrap_or(application.last_event_ms)
    }

    /// Whether this much task time is worth a word in this run.
    pub(crate) fn is_worth_task_time(&self, task_ms: u64) -> bool {
        self.is_share(task_ms, self.profile.task_time_ms())
    }

    /// Whether this much wall time is worth a word in this run.
    pub(crate) fn is_worth_wall_time(&self, ms: u64) -> bool {
        self.is_share(ms, self.wall_ms())
    }

    fn is_share(&self, part: u64, whole: u64) -> bool {
        whole > 0
            && u128::from(part) * 1000
                >= u128::from(whole) * u128::from(self.thresholds.share_per_mille)
    }

    /// Most tasks that could run at once while the stage ran; none where the log has no executors or no times.
    pub(crate) fn slots(&self, stage: &StageAttempt) -> Option<u64> {
        let (from, to) = (stage.submission_ms?, stage.completion_ms?);
        let (mut cores, mut most) = (0, 0);
        for &(at, change) in &self.changes {
            if at > to {
                break;
            }
            if at > from {
                most = most.max(cores);
            }
            cores += change;
        }
        let slots = u64::try_from(most.max(cores)).ok()? / self.cores_per_task();
        (slots > 0).then_some(slots)
    }

    /// Σ cores × lifetime of all executors, core-milliseconds.
    pub(crate) fn allocated_core_ms(&self) -> u64 {
        let end = self.end_ms();
        self.profile.executors.iter().fold(0, |sum: u64, executor| {
            let alive = executor.removed_ms.unwrap_or(end).saturating_sub(executor.added_ms);
            let alive = u64::try_from(alive).unwrap_or(0);
            sum.saturating_add(alive.saturating_mul(u64::from(executor.total_cores)))
        })
    }

    pub(crate) fn cores_per_task(&self) -> u64 {
        self.setting("spark.task.cpus").and_then(|cpus| cpus.parse().ok()).unwrap_or(1).max(1)
    }

    /// A property as the run had it; none where Spark's default held.
    pub(crate) fn setting(&self, key: &str) -> Option<&'a str> {
        self.profile.spark_properties.get(key).map(String::as_str)
    }

    /// A property that is switched on: as set, or by its default.
    pub(crate) fn is_on(&self, key: &str, default: bool) -> bool {
        self.setting(key).map_or(default, |value| value == "true")
    }

    /// A size property in bytes: as set, or by its default (`JavaUtils.byteStringAs`).
    pub(crate) fn size(&self, key: &str, default: u64) -> u64 {
        self.setting(key).and_then(spark::parse_bytes).unwrap_or(default)
    }

    /// Whether adaptive execution was on, which is the default since Spark 3.2 (`SQLConf.ADAPTIVE_EXECUTION_ENABLED`).
    pub(crate) fn is_adaptive(&self) -> bool {
        let version = self.version();
        self.is_on("spark.sql.adaptive.enabled", version == (0, 0) || version >= (3, 2))
    }

    /// Spark's version; zeros where the log does not tell it.
    pub(crate) fn version(&self) -> (u32, u32) {
        let mut numbers = self.profile.application.spark_version.split('.').map(str::parse);
        let mut next = || numbers.next().and_then(std::result::Result::ok).unwrap_or(0);
        (next(), next())
    }

    /// Stage attempts whose tasks updated a metric of this node.
    pub(crate) fn stages_of(&self, node: &PlanNode) -> Vec<&'a StageAttempt> {
        let mut at: Vec<usize> = node
            .metrics
            .iter()
            .filter_map(|metric| self.stages_of.get(&metric.accumulator_id))
            .flatten()
            .copied()
            .collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().map(|at| &self.profile.stages[at]).collect()
    }
}

/// A metric of a node that counts something.
pub(crate) fn metric(execution: &SqlExecution, node: &PlanNode, name: &str) -> Option<u64> {
    execution.metric(node, name).and_then(|value| u64::try_from(value).ok())
}

/// Rows that come out of a subtree: the nearest count of output rows on the way down its only children, or of its records that were
/// shuffled. None below a node of several inputs without a count of its own.
pub(crate) fn rows(execution: &SqlExecution, node: &PlanNode) -> Option<u64> {
    let mut node = node;
    loop {
        for name in ["number of output rows", "shuffle records written"] {
            if let Some(rows) = metric(execution, node, name) {
                return Some(rows);
            }
        }
        let [child] = &node.children[..] else { return None };
        node = child;
    }
}

/// Bytes of rows that a shuffle or a broadcast on the way down a side's only children moved: `data size`, serialized and not
/// compressed (`ShuffleExchangeExec`, `BroadcastExchangeExec`).
pub(crate) fn exchanged<'p>(
    execution: &SqlExecution,
    node: &'p PlanNode,
) -> Option<(&'p PlanNode, u64)> {
    let mut node = node;
    loop {
        if node.name.contains("Exchange")
            && let Some(size) = metric(execution, node, "data size")
        {
            return Some((node, size));
        }
        // Another operator that changes the rows stands between.
        if ["Aggregate", "Join", "Window", "Generate", "Expand", "Union"]
            .iter()
            .any(|name| node.name.contains(name))
        {
            return None;
        }
        let [child] = &node.children[..] else { return None };
        node = child;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_spark_reads_them() {
        assert_eq!(
            ["10485760", "10MB", "64k", "1g", " 2 G ", "-1", "1x"].map(spark::parse_bytes),
            [
                Some(10 << 20),
                Some(10 << 20),
                Some(64 << 10),
                Some(1 << 30),
                Some(2 << 30),
                None,
                None
            ]
        );
    }

    #[test]
    fn slots_are_the_most_cores_while_a_stage_ran() {
        let executor = |added_ms, removed_ms| eventlog::Executor {
            total_cores: 4,
            added_ms,
            removed_ms,
            ..eventlog::Executor::default()
        };
        let mut profile = Profile {
            executors: vec![executor(0, Some(50)), executor(40, None), executor(200, None)],
            ..Profile::default()
        };
        let stage = |from, to| StageAttempt {
            submission_ms: Some(from),
            completion_ms: Some(to),
            ..StageAttempt::default()
        };
        let thresholds = Thresholds::default();
        let slots =
            |profile: &Profile, from, to| Run::new(profile, &thresholds).slots(&stage(from, to));
        assert_eq!(slots(&profile, 10, 20), Some(4));
        assert_eq!(slots(&profile, 10, 45), Some(8));
        assert_eq!(slots(&profile, 60, 100), Some(4));
        assert_eq!(slots(&profile, 60, 300), Some(8));
        profile.spark_properties.insert("spark.task.cpus".into(), "2".into());
        assert_eq!(slots(&profile, 10, 45), Some(4));
        profile.executors.clear();
        assert_eq!(slots(&profile, 10, 45), None);
    }
}
