//! Spark event logs to a [`Profile`]: what a run did and what it cost, as Spark logged it.
//!
//! The reader streams; it knows nothing of sources, workspace paths or rules, and touches no files: bytes come through
//! [`LogSource`], which the server implements.

mod batch;
mod block;
mod codec;
mod error;
mod events;
mod follower;
mod layout;
mod lines;
mod pipeline;
mod plan;
mod profile;
mod quantiles;
mod reader;
mod scan;
mod state;
mod storage;
mod task_events;
mod task_table;
mod tasks;
mod texts;
mod values;

pub use arcstr::ArcStr;
pub use error::LogError;
pub use follower::{Follower, Grown};
pub use reader::{Reader, read, read_with, read_with_tasks};
pub use task_table::{TaskOutcome, TaskRun, TaskTable};

pub use profile::{
    Application, CachedRdd, CallSite, Executor, ExecutorShare, Job, JobStatus, PlanMetric,
    PlanNode, Profile, Quality, Quantiles, RddInfo, Runtime, SqlExecution, StageAttempt,
    StageMetrics, StageStatus, Task, TaskFailure, TaskSummary,
};

use std::io::Read as _;

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

    /// Opens a part for reading from this byte on, which is how a log that grows is followed.
    ///
    /// # Errors
    /// Whatever the underlying storage reports.
    fn open_at(
        &self,
        part: &str,
        start: u64,
    ) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        let mut bytes = self.open(part)?;
        std::io::copy(&mut bytes.by_ref().take(start), &mut std::io::sink())?;
        Ok(bytes)
    }

    /// A part that several threads can read at once; none where the storage has no such thing.
    fn open_shared(&self, _part: &str) -> Option<Box<dyn ReadAt + '_>> {
        None
    }

    /// How many bytes a part has now, where the storage knows.
    fn size(&self, _part: &str) -> Option<u64> {
        None
    }
}

/// Bytes that several threads read at once, each where it wants to.
pub trait ReadAt: Sync {
    /// Reads bytes from this place on, and tells how many: fewer than asked for where the storage likes, none at the end.
    ///
    /// # Errors
    /// Whatever the underlying storage reports.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<usize>;
}
