//! The one table of thresholds that rules and diagnoses share, each with its source.

/// Limits from which something is worth a word. Every field can be set under `[thresholds]` of the configuration, in
/// the unit that its name carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// Bytes of task results from which a `collect` is worth a word. Below it the run refutes the finding.
    pub collect_bytes: u64,
    /// Largest side, in bytes, that is worth broadcasting: `spark.sql.autoBroadcastJoinThreshold`'s default of 10 MiB
    /// (`SQLConf.AUTO_BROADCASTJOIN_THRESHOLD`).
    pub broadcast_bytes: u64,
    /// Task time in milliseconds under which recomputation is not worth a cache.
    pub recompute_ms: u64,
    /// Bytes of shuffle under which a shuffle is not worth a word.
    pub shuffle_bytes: u64,
    /// Task time in milliseconds under which an action that could be left out, or asked for less, is not worth a word.
    pub action_ms: u64,
    /// Bytes under which one task may write all of a dataset: what one task reads by default
    /// (`SQLConf.FILES_MAX_PARTITION_BYTES`, 128 MiB).
    pub single_partition_bytes: u64,
    /// Task time in milliseconds from which the only task of a stage keeps a run waiting.
    pub single_task_ms: u64,
    /// Iterations up to which a loop may run an action in each.
    pub loop_actions: u64,
    /// Iterations up to which a loop may add a column in each.
    pub loop_columns: u64,
    /// Time in milliseconds without a job before a query under which the making of its plan is not worth a word. What the driver does
    /// besides takes seconds, a loop that adds 200 columns 12 s (measured with Spark 3.5).
    pub planning_ms: u64,
    /// Rows from which the result of a join without a condition is worth a word.
    pub product_rows: u64,
    /// Share of the run's task time, in thousandths, under which nothing is worth a word.
    pub share_per_mille: u64,
    /// Total task time in milliseconds under which a run is too small to speak for others.
    pub representative_task_ms: u64,
    /// Longest task over median from which skew is reported.
    pub skew: f64,
    /// Longest task over median from which skew is severe.
    pub skew_severe: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            collect_bytes: 1 << 20,
            broadcast_bytes: 10 << 20,
            recompute_ms: 1_000,
            shuffle_bytes: 1 << 20,
            action_ms: 1_000,
            single_partition_bytes: 128 << 20,
            single_task_ms: 60_000,
            loop_actions: 3,
            loop_columns: 5,
            planning_ms: 5_000,
            product_rows: 100_000,
            share_per_mille: 5,
            representative_task_ms: 60_000,
            skew: 3.0,
            skew_severe: 5.0,
        }
    }
}
