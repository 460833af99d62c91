//! What a run did and what it cost. Times are milliseconds since the epoch or durations in milliseconds unless the name says
//! otherwise; sizes are bytes. Field names follow Spark's REST API (`org.apache.spark.status.api.v1`).

use arcstr::ArcStr;
use std::collections::BTreeMap;

/// A run, as its event log tells it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// The log's name as given, for messages.
    pub source: String,
    /// The application.
    pub application: Application,
    /// `Spark Properties` of the environment, plus what SQL executions modified (`modifiedConfigs`) where they all agree.
    pub spark_properties: BTreeMap<String, String>,
    /// Executors in order of their addition; `driver` is one in local mode.
    pub executors: Vec<Executor>,
    /// Jobs by id.
    pub jobs: Vec<Job>,
    /// Stage attempts by stage id and attempt, skipped stages excluded.
    pub stages: Vec<StageAttempt>,
    /// SQL executions by id.
    pub executions: Vec<SqlExecution>,
    /// What block updates tell of persisted RDDs, by RDD id; empty where they are not logged.
    pub cached_rdds: BTreeMap<u64, CachedRdd>,
    /// What the log can and cannot tell.
    pub quality: Quality,
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// `App ID`.
    pub id: String,
    /// `App Attempt ID`.
    pub attempt_id: Option<String>,
    /// `App Name`.
    pub name: String,
    /// Spark's version, empty if the log does not say.
    pub spark_version: String,
    /// What started the driver, `sun.java.command`: its main class and the arguments; empty if the log does not say.
    pub command: String,
    /// Start, milliseconds since the epoch.
    pub start_ms: i64,
    /// End, milliseconds since the epoch; none if the log has no application end.
    pub end_ms: Option<i64>,
    /// Time of the last event that carries one, milliseconds since the epoch.
    pub last_event_ms: i64,
}

impl Application {
    /// Wall time in milliseconds, to the last event where the end is missing.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        let end = self.end_ms.unwrap_or(self.last_event_ms);
        u64::try_from(end.saturating_sub(self.start_ms)).unwrap_or(0)
    }
}

/// An executor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Executor {
    /// Its id; `driver` in local mode.
    pub id: String,
    /// Its host as logged.
    pub host: String,
    /// Its cores.
    pub total_cores: u32,
    /// When it was added, milliseconds since the epoch.
    pub added_ms: i64,
    /// When it was removed.
    pub removed_ms: Option<i64>,
    /// Why it was removed.
    pub removed_reason: Option<String>,
    /// Memory that its block manager may use for storage and execution together, bytes; none where the log does not say.
    pub max_memory: Option<u64>,
    /// Largest JVM heap in use that a heartbeat saw, bytes; none where the log has no executor metrics.
    pub peak_jvm_heap_memory: Option<u64>,
}

/// Where user code called Spark, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallSite {
    /// `callSite.short` or a description: `collect at /srv/job.py:18`.
    pub short: ArcStr,
    /// The stack, one frame a line.
    pub long: ArcStr,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// Its id.
    pub job_id: u64,
    /// Submission, milliseconds since the epoch; that of its first stage where the log does not say (Spark 1.2).
    pub submission_ms: i64,
    /// Completion; that of its last stage where the log does not say (Spark 1.2).
    pub completion_ms: Option<i64>,
    /// How it ended.
    pub status: JobStatus,
    /// Ids of all its stages, skipped ones included.
    pub stage_ids: Vec<u64>,
    /// `spark.sql.execution.id`.
    pub execution_id: Option<u64>,
    /// `spark.sql.execution.root.id`, where the log has it.
    pub root_execution_id: Option<u64>,
    /// `callSite.short` and `callSite.long` of its properties; where absent, name and details of its last stage.
    pub call_site: CallSite,
    /// Whether `call_site` comes from the job's own properties.
    pub has_own_call_site: bool,
    /// `spark.job.description`.
    pub description: Option<String>,
    /// `spark.jobGroup.id`.
    pub job_group: Option<String>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobStatus {
    /// No end in the log.
    #[default]
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
}

/// How a stage attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StageStatus {
    /// No completion in the log.
    #[default]
    Active,
    /// It completed.
    Complete,
    /// It failed.
    Failed,
}

/// One attempt of a stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageAttempt {
    /// Stage id.
    pub stage_id: u64,
    /// Attempt, from 0.
    pub attempt_id: u32,
    /// `Stage Name`.
    pub name: ArcStr,
    /// `Details`: the call stack.
    pub details: ArcStr,
    /// How it ended.
    pub status: StageStatus,
    /// `Number of Tasks`.
    pub num_tasks: u64,
    /// Tasks that succeeded.
    pub num_complete_tasks: u64,
    /// Tasks that failed.
    pub num_failed_tasks: u64,
    /// Tasks that were killed.
    pub num_killed_tasks: u64,
    /// Task ends that carry metrics, all attempts.
    pub num_measured_tasks: u64,
    /// Submission, milliseconds since the epoch.
    pub submission_ms: Option<i64>,
    /// Launch of the first task.
    pub first_task_launched_ms: Option<i64>,
    /// Completion.
    pub completion_ms: Option<i64>,
    /// `Failure Reason`.
    pub failure_reason: Option<String>,
    /// Ids of the parent stages.
    pub parent_ids: Vec<u64>,
    /// Jobs that name this stage.
    pub job_ids: Vec<u64>,
    /// Sums over all task ends that carry metrics.
    pub metrics: StageMetrics,
    /// Quantiles over successful tasks; none if no task succeeded with metrics.
    pub task_summary: Option<TaskSummary>,
    /// The successful tasks with metrics that took at least one and a half times the median, longest first: 32 at most, and at least the
    /// longest one.
    pub longest_tasks: Vec<Task>,
    /// Tasks that failed or were killed, by what they say for themselves, costliest first: 16 at most, further ones counted with
    /// the last that was told apart.
    pub task_failures: Vec<TaskFailure>,
    /// What each executor did of the attempt's successful tasks, by executor id.
    pub executor_shares: BTreeMap<ArcStr, ExecutorShare>,
    /// Σ finish − launch over successful tasks, milliseconds.
    pub task_duration: u64,
    /// SQL metric accumulators that the stage's tasks updated, with what this attempt added: the sum of its tasks' updates, or the
    /// value at the stage's completion where no other attempt touched the accumulator and that is more (lost task ends).
    pub sql_accumulators: BTreeMap<u64, i64>,
    /// Its RDDs.
    pub rdds: Vec<RddInfo>,
}

/// Sums over a stage attempt's task ends that carry metrics, failed and killed attempts included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "the names are those of Spark's REST API; units stand in the names or at the module"
)]
pub struct StageMetrics {
    pub executor_deserialize_time: u64,
    /// Nanoseconds.
    pub executor_deserialize_cpu_time: u64,
    pub executor_run_time: u64,
    /// Nanoseconds.
    pub executor_cpu_time: u64,
    pub result_size: u64,
    pub jvm_gc_time: u64,
    pub result_serialization_time: u64,
    pub memory_bytes_spilled: u64,
    pub disk_bytes_spilled: u64,
    /// Sum over tasks, as the History Server shows it.
    pub peak_execution_memory: u64,
    pub input_bytes: u64,
    pub input_records: u64,
    pub output_bytes: u64,
    pub output_records: u64,
    pub shuffle_remote_blocks_fetched: u64,
    pub shuffle_local_blocks_fetched: u64,
    pub shuffle_fetch_wait_time: u64,
    pub shuffle_remote_bytes_read: u64,
    pub shuffle_remote_bytes_read_to_disk: u64,
    pub shuffle_local_bytes_read: u64,
    pub shuffle_read_bytes: u64,
    pub shuffle_read_records: u64,
    pub shuffle_write_bytes: u64,
    /// Nanoseconds.
    pub shuffle_write_time: u64,
    pub shuffle_write_records: u64,
}

/// Minimum, lower quartile, median, upper quartile, maximum: the value at index `min(⌊q·n⌋, n−1)` of the sorted values of
/// successful tasks, the History Server's definition (`AppStatusStore.taskSummary`).
pub type Quantiles = [u64; 5];

/// Quantiles over a stage attempt's successful tasks that carry metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are those of Spark's REST API")]
pub struct TaskSummary {
    /// Number of tasks they are taken over.
    pub tasks: u64,
    /// Whether they are approximate (a sketch was used).
    pub approximate: bool,
    /// Finish minus launch, milliseconds.
    pub duration: Quantiles,
    pub executor_run_time: Quantiles,
    /// Nanoseconds.
    pub executor_cpu_time: Quantiles,
    pub jvm_gc_time: Quantiles,
    pub result_size: Quantiles,
    pub memory_bytes_spilled: Quantiles,
    pub disk_bytes_spilled: Quantiles,
    pub peak_execution_memory: Quantiles,
    pub input_bytes: Quantiles,
    pub output_bytes: Quantiles,
    pub shuffle_read_bytes: Quantiles,
    pub shuffle_read_records: Quantiles,
    pub shuffle_fetch_wait_time: Quantiles,
    pub shuffle_write_bytes: Quantiles,
    pub shuffle_write_records: Quantiles,
}

/// One task that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are those of Spark's REST API")]
pub struct Task {
    /// Its index in the stage: its partition.
    pub index: u64,
    /// Its attempt, from 0.
    pub attempt: u32,
    /// Id of the executor that ran it.
    pub executor: ArcStr,
    /// That executor's host.
    pub host: ArcStr,
    /// Launch, milliseconds since the epoch.
    pub launch_ms: i64,
    /// Finish minus launch, milliseconds.
    pub duration: u64,
    pub executor_run_time: u64,
    /// Nanoseconds.
    pub executor_cpu_time: u64,
    pub jvm_gc_time: u64,
    pub shuffle_fetch_wait_time: u64,
    pub input_bytes: u64,
    pub input_records: u64,
    pub shuffle_read_bytes: u64,
    pub shuffle_read_records: u64,
    pub disk_bytes_spilled: u64,
}

/// Tasks that failed or were killed in one way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskFailure {
    /// `Reason`: `ExceptionFailure`, `FetchFailed`, `ExecutorLostFailure`, `TaskKilled`, …
    pub reason: String,
    /// The exception's class, where it is one.
    pub class_name: String,
    /// The first line of what it says, of a Python traceback the last; 300 bytes at most.
    pub message: String,
    /// `/srv/job.py:30`: the line of the user's own code that a Python traceback names.
    pub call_site: Option<String>,
    /// Whether they were killed, which is not their fault.
    pub killed: bool,
    /// Whether they were speculative copies (`Speculative`).
    pub speculative: bool,
    /// How many.
    pub tasks: u64,
    /// Σ finish − launch, milliseconds.
    pub task_time: u64,
}

/// What one executor did of a stage attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExecutorShare {
    /// Successful tasks.
    pub tasks: u64,
    /// Σ finish − launch of them, milliseconds.
    pub task_time: u64,
}

/// An RDD of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RddInfo {
    /// `RDD ID`.
    pub id: u64,
    /// `Name`.
    pub name: ArcStr,
    /// `name` of its `Scope`: the operator it was made for.
    pub scope: Option<ArcStr>,
    /// `Callsite`.
    pub call_site: ArcStr,
    /// `Parent IDs`.
    pub parent_ids: Vec<u64>,
    /// Whether its storage level uses memory or disk: it is persisted.
    pub persisted: bool,
    /// `Number of Partitions`.
    pub num_partitions: u64,
    /// `Number of Cached Partitions`.
    pub num_cached_partitions: u64,
}

/// What block updates tell of a persisted RDD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CachedRdd {
    /// Most partitions that were stored at one time.
    pub partitions: u64,
    /// How often a stored block was dropped to make room; those of an RDD that is unpersisted are not among them.
    pub evictions: u64,
    /// Most bytes that its blocks took at one time, in memory and on disk.
    pub bytes: u64,
}

/// A SQL execution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlExecution {
    /// `executionId`.
    pub execution_id: u64,
    /// `rootExecutionId`; its own id where it is a root or the log does not say.
    pub root_execution_id: u64,
    /// `description`: `collect at /srv/job.py:18`.
    pub description: ArcStr,
    /// `details`: the stack.
    pub details: ArcStr,
    /// Start, milliseconds since the epoch.
    pub start_ms: i64,
    /// End.
    pub end_ms: Option<i64>,
    /// `errorMessage`, if it failed.
    pub error: Option<String>,
    /// Ids of its jobs.
    pub job_ids: Vec<u64>,
    /// The last plan: after adaptive re-planning where there was any.
    pub plan: PlanNode,
    /// Final values by accumulator id of the metrics of any of its plans: what the tasks of all attempts of its stages added, and what
    /// the driver reported (`SQLAppStatusListener`, which forgets a stage's earlier attempts). Sums for sums and sizes, milliseconds or
    /// nanoseconds for timings as the metric's kind says.
    pub metric_values: BTreeMap<u64, i64>,
}

/// A node of a physical plan (`SparkPlanInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanNode {
    /// `nodeName`.
    pub name: ArcStr,
    /// `simpleString`, possibly truncated by Spark.
    pub simple_string: ArcStr,
    /// `metadata` (`Location`, `PushedFilters`, …).
    pub metadata: BTreeMap<String, String>,
    /// Its metrics.
    pub metrics: Vec<PlanMetric>,
    /// Children, left first.
    pub children: Vec<PlanNode>,
}

/// A metric of a plan node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanMetric {
    /// Its name, such as `number of output rows`.
    pub name: ArcStr,
    /// Its accumulator.
    pub accumulator_id: u64,
    /// `sum`, `size`, `timing` (milliseconds), `nsTiming` (nanoseconds) or `average` (times ten).
    pub kind: ArcStr,
}

/// What the log can and cannot tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    /// Lines read.
    pub lines: u64,
    /// Decoded bytes read.
    pub bytes: u64,
    /// Lines that are not JSON events, the last one excepted where it is cut.
    pub malformed_lines: u64,
    /// The number of the first of them, from 1, over all files of the log.
    pub first_malformed_line: Option<u64>,
    /// Lines that were skipped for their length (over 256 MiB).
    pub oversized_lines: u64,
    /// Plans whose nodes below a depth of 1,000 were left out.
    pub cut_plans: u64,
    /// Events of names that the reader does not use, by name.
    pub unknown_events: BTreeMap<String, u64>,
    /// The log ends in the middle of a line, a frame or a file, with what happened.
    pub truncated: Option<String>,
    /// There is an application start.
    pub has_application_start: bool,
    /// There is an application end.
    pub has_application_end: bool,
    /// Finished work at its front was compacted away.
    pub compacted: bool,
    /// Tasks that completed stages announce but whose ends are missing.
    pub missing_task_ends: u64,
    /// The master is `local…`.
    pub local_master: bool,
    /// SQL executions without an end.
    pub unfinished_executions: u64,
    /// Runtimes that keep part of their work out of Spark's metrics.
    pub runtimes: Vec<Runtime>,
}

/// A runtime beside or in the place of Spark's own that withholds something from the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// Spark Connect: the program runs in a client, so no call site names one of its lines.
    Connect,
    /// Databricks' Photon: its operators run outside the JVM, with metrics of their own.
    Photon,
    /// NVIDIA's RAPIDS accelerator: operators run on GPUs, and tasks wait for one.
    Rapids,
}

impl Profile {
    /// Total task time in milliseconds: Σ `executorRunTime` over the task ends that carry metrics, all attempts.
    #[must_use]
    pub fn task_time_ms(&self) -> u64 {
        self.stages.iter().fold(0, |sum, stage| sum.saturating_add(stage.metrics.executor_run_time))
    }

    /// The SQL execution with this id.
    #[must_use]
    pub fn execution(&self, id: u64) -> Option<&SqlExecution> {
        self.executions
            .binary_search_by_key(&id, |execution| execution.execution_id)
            .ok()
            .map(|at| &self.executions[at])
    }

    /// The job with this id.
    #[must_use]
    pub fn job(&self, id: u64) -> Option<&Job> {
        self.jobs.binary_search_by_key(&id, |job| job.job_id).ok().map(|at| &self.jobs[at])
    }

    /// The attempts of a stage.
    pub fn attempts(&self, stage_id: u64) -> impl Iterator<Item = &StageAttempt> {
        self.stages.iter().filter(move |stage| stage.stage_id == stage_id)
    }
}

impl PlanNode {
    /// This node and all below it in pre-order.
    #[must_use]
    pub fn preorder(&self) -> Vec<&PlanNode> {
        let mut nodes = Vec::new();
        let mut stack = vec![self];
        while let Some(node) = stack.pop() {
            nodes.push(node);
            stack.extend(node.children.iter().rev());
        }
        nodes
    }
}

impl SqlExecution {
    /// The final value of a metric of `node`, by its name.
    #[must_use]
    pub fn metric(&self, node: &PlanNode, name: &str) -> Option<i64> {
        let metric = node.metrics.iter().find(|metric| metric.name == name)?;
        self.metric_values.get(&metric.accumulator_id).copied()
    }
}
