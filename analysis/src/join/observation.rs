//! What a log shows that some call started: root SQL executions, and jobs without an execution.

use std::collections::BTreeMap;

use eventlog::{Job, Profile, SqlExecution};

use super::call_site::{Frame, is_python_library, parse_frames, parse_short};

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
    /// The streaming query that it is a micro-batch of, by its id.
    pub(super) query: Option<&'a str>,
    /// The streaming query in whose micro-batch a function of the program ran it.
    pub(super) in_batch_of: Option<&'a str>,
    /// Where it holds others that stand for themselves: their spans.
    inner: Vec<(i64, i64)>,
    /// Start, milliseconds since the epoch.
    pub(super) start_ms: i64,
    /// The method that its call site names; the JVM's name where user code is not on the stack.
    method: &'a str,
    role: Role,
}

/// What kind of call a JVM call site shows, for calls without a line of user code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A reader's schema or listing work.
    Reader,
    /// A writer.
    Writer,
    /// MLlib's own code.
    Training(Trained),
    /// Anything else.
    Other,
}

/// What of MLlib ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trained {
    Fit,
    Evaluate,
    /// Applying a model, or preparing to: estimators do that, too, while they are fitted.
    Transform,
    Save,
    Load,
    /// `Correlation`, `ChiSquareTest` and their like.
    Statistic,
}

impl Trained {
    /// By the outermost frame in MLlib: what user code called.
    fn of(frame: &Frame<'_>) -> Self {
        let class = frame.class;
        if class.contains(".ml.evaluation.") || matches!(frame.method, "evaluate" | "getMetrics") {
            Trained::Evaluate
        } else if class.contains(".stat.") {
            Trained::Statistic
        } else if class.contains("Writer") || frame.method.starts_with("save") {
            Trained::Save
        } else if class.contains("Reader") || frame.method.starts_with("load") {
            Trained::Load
        } else if frame.method.starts_with("transform") {
            Trained::Transform
        } else {
            Trained::Fit
        }
    }

    /// How well a call of this method fits: in full, or as something that it does on the way; none where it does nothing of the kind.
    pub(super) fn fits(self, method: &str) -> Option<bool> {
        match (self, method) {
            (Trained::Fit, "fit" | "train" | "fitMultiple")
            | (Trained::Evaluate, "evaluate" | "areaUnderROC" | "summary")
            | (Trained::Transform, "transform")
            | (Trained::Save, "save" | "write")
            | (Trained::Load, "load" | "read")
            | (Trained::Statistic, "corr" | "test" | "summary" | "metrics") => Some(true),
            // A pipeline applies what it has fitted; a validator evaluates as well.
            (Trained::Transform | Trained::Evaluate, "fit") => Some(false),
            _ => None,
        }
    }
}

impl<'a> Observation<'a> {
    /// Every observation of a run in the order of starting.
    pub(super) fn all(profile: &'a Profile) -> Vec<Self> {
        let mut by_root: BTreeMap<u64, Observation<'a>> = BTreeMap::new();
        let mut order = Vec::new();
        // The observation that an execution belongs to, by the execution that stands for it.
        let head = |execution: &'a SqlExecution| {
            let root = profile.execution(execution.root_execution_id).unwrap_or(execution);
            // What a function of `foreachBatch` runs stands for itself.
            if stream_query(&root.description).is_some() && nested_call(root, execution) {
                execution
            } else {
                root
            }
        };
        for execution in &profile.executions {
            let own = head(execution);
            let root = profile.execution(execution.root_execution_id).unwrap_or(execution);
            let query = stream_query(&root.description);
            let standing_alone = own.execution_id != root.execution_id;
            let observation = by_root.entry(own.execution_id).or_insert_with(|| Observation {
                executions: vec![own],
                jobs: Vec::new(),
                short: &own.description,
                long: &own.details,
                query: query.filter(|_| !standing_alone),
                in_batch_of: query.filter(|_| standing_alone),
                inner: Vec::new(),
                start_ms: own.start_ms,
                method: "",
                role: Role::Other,
            });
            if execution.execution_id != own.execution_id {
                observation.executions.push(execution);
            }
            if standing_alone && let Some(outer) = by_root.get_mut(&root.execution_id) {
                outer
                    .inner
                    .push((execution.start_ms, execution.end_ms.unwrap_or(execution.start_ms)));
            }
        }
        for job in &profile.jobs {
            let execution = job.execution_id.and_then(|id| profile.execution(id));
            let own = execution.map(|it| head(it).execution_id);
            match own.and_then(|own| by_root.get_mut(&own)) {
                Some(observation) => observation.jobs.push(job),
                None => order.push(Observation {
                    executions: Vec::new(),
                    jobs: vec![job],
                    short: &job.call_site.short,
                    long: &job.call_site.long,
                    query: None,
                    in_batch_of: None,
                    inner: Vec::new(),
                    start_ms: job.submission_ms,
                    method: "",
                    role: Role::Other,
                }),
            }
        }
        order.extend(by_root.into_values());
        for it in &mut order {
            it.method = it.named_method();
            it.role = it.observed_role();
        }
        order.sort_by_key(|it| {
            (
                it.start_ms,
                it.jobs.first().map(|job| job.job_id),
                it.executions.first().map(|it| it.execution_id),
            )
        });
        order
    }

    /// The method that its call site names; the JVM's name where user code is not on the stack.
    pub(super) fn method(&self) -> &'a str {
        self.method
    }

    /// Whether it is reading, writing or neither: the first frame names the JVM class.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    fn named_method(&self) -> &'a str {
        // In a thread the site is a line of Python's own library, and the method is a function of it.
        let site = parse_short(self.short).filter(|it| !is_python_library(it.file));
        let named = site.map_or("", |site| site.method);
        // An action on an RDD from Python that has no line shows only how Spark runs it; a description that the program set hides
        // the call site.
        match named {
            "runJob" | "" => parse_frames(self.long).next().map_or(named, |frame| frame.method),
            _ => named,
        }
    }

    fn observed_role(&self) -> Role {
        let first = parse_frames(self.long).next().map(|frame| frame.class);
        match first {
            Some(class) if class.ends_with("DataFrameReader") && !self.within_training() => {
                Role::Reader
            }
            Some(class) if class.contains("DataFrameWriter") && !self.within_training() => {
                Role::Writer
            }
            _ => self.trained().map_or(Role::Other, Role::Training),
        }
    }

    fn within_training(&self) -> bool {
        self.trained().is_some()
    }

    /// What of MLlib's the stack shows before it comes to code of the user.
    fn trained(&self) -> Option<Trained> {
        let own = parse_frames(self.long).take_while(|frame| {
            ["org.apache.spark.", "scala.", "breeze.", "java."]
                .iter()
                .any(|it| frame.class.starts_with(it))
        });
        own.filter(|it| is_training(it.class)).last().map(|it| Trained::of(&it))
    }

    /// The plan that does the work: that of the last execution, since a command wraps what it runs.
    pub(super) fn execution(&self) -> Option<&'a SqlExecution> {
        let with_work = |it: &&&SqlExecution| !it.plan.children.is_empty();
        self.executions.iter().rev().find(with_work).or(self.executions.first()).copied()
    }

    /// The name that the program gave to the streaming query: the description's first line.
    pub(super) fn query_name(&self) -> Option<&'a str> {
        let name = self.short.lines().next()?.trim();
        (self.query.is_some() && !name.is_empty() && !name.starts_with("id = ")).then_some(name)
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

    /// Spans within it that other observations stand for.
    pub(super) fn inner_spans(&self) -> &[(i64, i64)] {
        &self.inner
    }
}

/// The id of the streaming query in a description of `StreamExecution.getBatchDescriptionString`: `name`, `id = …`, `runId = …`, `batch = …` in
/// lines of their own.
fn stream_query(description: &str) -> Option<&str> {
    let mut lines = description.lines();
    let id = lines.find_map(|line| line.strip_prefix("id = "))?;
    lines.next()?.strip_prefix("runId = ")?;
    lines.next()?.strip_prefix("batch = ")?;
    Some(id)
}

/// Whether an execution within a micro-batch is one that a function of the program ran. Sinks of the second data source interface plan a
/// batch as one execution nested in another.
fn nested_call(root: &SqlExecution, execution: &SqlExecution) -> bool {
    root.execution_id != execution.execution_id && root.plan.name != "WriteToDataSourceV2"
}

/// Whether a class is MLlib's.
fn is_training(class: &str) -> bool {
    class.starts_with("org.apache.spark.ml.") || class.starts_with("org.apache.spark.mllib.")
}
