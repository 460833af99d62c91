//! The join of one run with the workspace's programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use eventlog::Profile;
use program::{CallKey, LineIndex, Program};

use crate::evidence::{Run, Unattributed, UnattributedStage};

/// A file that takes part in a join.
#[derive(Debug, Clone, Copy)]
pub struct JoinFile<'a> {
    /// Its path as the host names it.
    pub path: &'a str,
    /// Its program.
    pub program: &'a Program,
    /// Keys of the program's calls, in their order.
    pub call_keys: &'a [CallKey],
    /// Its lines.
    pub lines: &'a LineIndex,
    /// Its text.
    pub text: &'a str,
}

/// Joins one run with the programs of `files`. A run speaks for others from `representative_task_ms` of task time on.
#[must_use]
pub fn join(files: &[JoinFile<'_>], profile: &Arc<Profile>, representative_task_ms: u64) -> Run {
    let _ = files;
    let stages = profile.stages.iter().map(|stage| UnattributedStage {
        stage: stage.stage_id,
        attempt: stage.attempt_id,
        reason: "no call site".to_owned(),
        task_time_ms: stage.metrics.executor_run_time,
    });
    let quality = &profile.quality;
    let complete = quality.has_application_end
        && quality.truncated.is_none()
        && quality.missing_task_ends == 0;
    Run {
        profile: Arc::clone(profile),
        sites: BTreeMap::new(),
        unattributed: Unattributed {
            task_time_ms: profile.task_time_ms(),
            driver_ms: 0,
            stages: stages.collect(),
        },
        representative: complete
            && !quality.local_master
            && profile.task_time_ms() >= representative_task_ms,
    }
}
