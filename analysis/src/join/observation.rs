//! What a log shows that some call started: root SQL executions, and jobs without an execution.

use std::collections::BTreeMap;

use eventlog::{Job, Profile, SqlExecution};

use super::call_site::{parse_frames, parse_short};

/// Something that one call started.
#[derive(Debug, Clone)]
pub(super) struct Observation<'a> {
    /// The root execution, then those nested in it; empty for a plain job.
    pub(super) executions: Vec<&'a SqlExecution>,
    /// Its jobs by id.
    pub(super) jobs: Vec<&'a Job>,
    /// Short call site: the execution's description or the job's.
    pub(super) short: &'a str,
    /// Long call site.
    pub(super) long: &'a str,
    /// Start, milliseconds since the epoch.
    start_ms: i64,
}

/// What kind of call a JVM call site shows, for calls without a line of user code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A reader's schema or listing work.
    Reader,
    /// A writer.
    Writer,
    /// Anything else.
    Other,
}

impl<'a> Observation<'a> {
    /// Every observation of a run in the order of starting.
    pub(super) fn all(profile: &'a Profile) -> Vec<Self> {
        let mut by_root: BTreeMap<u64, Observation<'a>> = BTreeMap::new();
        let mut order = Vec::new();
        for execution in &profile.executions {
            let root = profile.execution(execution.root_execution_id).unwrap_or(execution);
            let observation = by_root.entry(root.execution_id).or_insert_with(|| Observation {
                executions: vec![root],
                jobs: Vec::new(),
                short: &root.description,
                long: &root.details,
                start_ms: root.start_ms,
            });
            if execution.execution_id != root.execution_id {
                observation.executions.push(execution);
            }
        }
        for job in &profile.jobs {
            let execution = job.execution_id.and_then(|id| profile.execution(id));
            let root = execution
                .map(|it| profile.execution(it.root_execution_id).unwrap_or(it).execution_id);
            match root.and_then(|root| by_root.get_mut(&root)) {
                Some(observation) => observation.jobs.push(job),
                None => order.push(Observation {
                    executions: Vec::new(),
                    jobs: vec![job],
                    short: &job.call_site.short,
                    long: &job.call_site.long,
                    start_ms: job.submission_ms,
                }),
            }
        }
        order.extend(by_root.into_values());
        order.sort_by_key(|it| (it.start_ms, it.jobs.first().map(|job| job.job_id)));
        order
    }

    /// The method that its call site names; the JVM's name where user code is not on the stack.
    pub(super) fn method(&self) -> &'a str {
        let named = parse_short(self.short).map_or("", |site| site.method);
        // An action on an RDD from Python that has no line shows only how Spark runs it.
        match named {
            "runJob" | "" => parse_frames(self.long).next().map_or(named, |frame| frame.method),
            _ => named,
        }
    }

    /// Whether it is reading, writing or neither: the first frame names the JVM class.
    pub(super) fn role(&self) -> Role {
        match parse_frames(self.long).next().map(|frame| frame.class) {
            Some(class) if class.ends_with("DataFrameReader") => Role::Reader,
            Some(class) if class.contains("DataFrameWriter") => Role::Writer,
            _ => Role::Other,
        }
    }

    /// A short name for messages: `SQL execution 3`, `job 7`.
    pub(super) fn name(&self) -> String {
        match (self.executions.first(), self.jobs.first()) {
            (Some(execution), _) => format!("SQL execution {}", execution.execution_id),
            (None, Some(job)) => format!("job {}", job.job_id),
            (None, None) => "nothing".to_owned(),
        }
    }

    /// Start and end, milliseconds since the epoch; none while it has no end.
    pub(super) fn span_ms(&self) -> Option<(i64, i64)> {
        match (self.executions.first(), self.jobs.first()) {
            (Some(execution), _) => Some((execution.start_ms, execution.end_ms?)),
            (None, Some(job)) => Some((job.submission_ms, job.completion_ms?)),
            (None, None) => None,
        }
    }
}
