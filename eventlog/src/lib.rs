//! Spark event logs to a [`Profile`]: what a run did and what it cost, as Spark logged it.
//!
//! The reader streams; it knows nothing of sources, workspace paths or rules, and touches no files: bytes come through
//! [`LogSource`], which the server implements.

mod codec;
mod error;
mod events;
mod layout;
mod lines;
mod plan;
mod profile;
mod quantiles;
mod reader;
mod state;
mod task_table;
mod tasks;

pub use error::LogError;
pub use reader::{Reader, read, read_with_tasks};
pub use task_table::{TaskOutcome, TaskRun, TaskTable};

pub use profile::{
    Application, CallSite, Executor, ExecutorShare, Job, JobStatus, PlanMetric, PlanNode, Profile,
    Quality, Quantiles, RddInfo, Runtime, SqlExecution, StageAttempt, StageMetrics, StageStatus,
    Task, TaskFailure, TaskSummary,
};

/// A log's bytes, wherever they lie: one file, or a rolling folder's files in their order.
pub trait LogSource {
    /// The name for messages.
    fn name(&self) -> &str;

    /// Names of the parts: one for a single file; for a folder every file in it, in any order. Names have no directories.
    fn parts(&self) -> Vec<String>;

    /// Opens a part for reading from its start.
    ///
    /// # Errors
    /// Whatever the underlying storage reports.
    fn open(&self, part: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>>;
}
