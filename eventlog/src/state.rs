//! What has been read so far: one line after the other in, a [`Profile`] out. Sums and counts follow
//! `org.apache.spark.status.AppStatusListener`; what is kept per stage attempt does not grow with its tasks beyond
//! [`EXACT_TASKS`](crate::quantiles::EXACT_TASKS) of them.

use crate::batch::{Batch, Batches};
use crate::events;
use crate::events::Number;
use crate::plan;
use crate::profile::{
    CallSite, Executor, ExecutorShare, Job, JobStatus, Profile, RddInfo, Runtime, SqlExecution,
    StageAttempt, StageStatus,
};
use crate::quantiles::Samples;
use crate::storage::Storage;
use crate::task_events::Memo;
use crate::task_table::{TaskOutcome, TaskTableBuilder};
use crate::tasks::{TaskEnd, Tasks};
use crate::texts::Texts;
use crate::values::{Values, duration};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Distinct names of unused events that are told apart; a log with more is not worth the memory.
const MAX_UNKNOWN_NAMES: usize = 256;

/// Longest such name that is kept.
const MAX_UNKNOWN_NAME: usize = 200;

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) profile: Profile,
    /// Events of names that only Spark writes.
    pub(crate) spark_events: u64,
    jobs: BTreeMap<u64, Job>,
    stages: FxHashMap<(u64, u32), Box<Stage>>,
    executions: BTreeMap<u64, Execution>,
    /// What SQL executions modified, with the number of those that said so.
    modified: BTreeMap<String, Modified>,
    configured_executions: u64,
    /// Largest heap seen and memory for storage and execution, by executor id.
    heaps: FxHashMap<String, u64>,
    memories: FxHashMap<String, u64>,
    /// Blocks of persisted RDDs.
    storage: Storage,
    /// Where every task attempt is wanted.
    pub(crate) task_table: Option<TaskTableBuilder>,
    texts: Texts,
    /// What the last line adds, where it is a task's start or end.
    batches: Batches,
    pub(crate) memo: Memo,
}

/// A stage attempt and what is needed only until it ends.
#[derive(Debug, Clone, Default)]
struct Stage {
    attempt: StageAttempt,
    samples: Option<Box<Samples>>,
    tasks: Tasks,
    /// Task starts less task ends.
    active: i64,
    /// Quantiles are taken and the samples gone.
    sealed: bool,
    /// Successful tasks that ended after that.
    late: u64,
    /// Sums of the tasks' updates by SQL accumulator.
    updates: FxHashMap<u64, i64>,
    /// SQL accumulators' values at the stage's end, which are totals of the application.
    values: FxHashMap<u64, i64>,
    /// Both, by accumulator, of a stage that is over.
    settled_updates: Vec<(u64, i64)>,
    settled_values: Vec<(u64, i64)>,
}

#[derive(Debug, Clone, Default)]
struct Execution {
    sql: SqlExecution,
    started: bool,
    has_plan: bool,
    /// Accumulators of any of its plans.
    accumulators: FxHashSet<u64>,
    /// Sums of what the driver reported.
    driver: FxHashMap<u64, i64>,
}

#[derive(Debug, Clone)]
struct Modified {
    value: String,
    executions: u64,
    agreed: bool,
}

type Parsed = Result<(), serde_json::Error>;

impl State {
    /// Takes one line, without its newline.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        let mut batches = std::mem::take(&mut self.batches);
        batches.clear();
        let is_read = batches.read(line, &mut self.memo).is_some();
        for batch in batches.all() {
            self.batch(batch, batches.texts());
        }
        self.batches = batches;
        if !is_read {
            self.other(line);
        }
    }

    /// Takes what tasks' starts and ends that were read already add to a stage attempt. `texts` are those of the batches.
    pub(crate) fn batch(&mut self, batch: &Batch, texts: &[u8]) {
        let lines = u64::from(batch.starts) + batch.tasks.len() as u64;
        self.profile.quality.lines += lines;
        self.spark_events += lines;
        let last = &mut self.profile.application.last_event_ms;
        *last = batch.last_ms.max(*last);
        let (stage, kept) = self.stage(batch.stage_id, batch.stage_attempt_id);
        stage.launched(Number(batch.first_launch_ms));
        let attempt = &mut stage.attempt;
        attempt.num_complete_tasks += batch.tasks.len() as u64;
        attempt.num_measured_tasks += batch.measured;
        attempt.task_duration = attempt.task_duration.saturating_add(batch.duration);
        attempt.metrics.merge(&batch.metrics);
        for &(id, update) in &batch.updates {
            let sum = stage.updates.entry(id).or_default();
            *sum = sum.saturating_add(update);
        }
        for executor in &batch.executors {
            stage.tasks.share(executor.id(texts), executor.share, kept);
        }
        let mut starts = 0;
        for task in &batch.tasks {
            // Whether the stage is over is asked at each end, so it has to be known what ran then.
            stage.active += i64::from(task.starts_before - starts) - 1;
            starts = task.starts_before;
            let end = batch.task_end(task, texts);
            if let Some(values) = end.values {
                stage.succeeded(&end, task.duration, values, kept);
            }
            stage.seal_if_over();
        }
        stage.active += i64::from(batch.starts - starts);
        if let Some(table) = &mut self.task_table {
            let stage = (batch.stage_id.unsigned(), batch.stage_attempt_id.attempt());
            for task in &batch.tasks {
                let end = batch.task_end(task, texts);
                table.push(&end, stage, TaskOutcome::Succeeded, task.duration);
            }
        }
        for executor in &batch.executors {
            self.peak_heap(executor.id(texts), executor.heap);
        }
    }

    /// Takes any line.
    pub(crate) fn other(&mut self, line: &[u8]) {
        self.profile.quality.lines += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        // One check for the whole line is cheaper than one for each string in it.
        let outcome = match std::str::from_utf8(line) {
            Ok(line) => self.event(line),
            // A name in another encoding must not cost the event.
            Err(_) => self.event(&String::from_utf8_lossy(line)),
        };
        if outcome.is_err() {
            let quality = &mut self.profile.quality;
            quality.malformed_lines += 1;
            quality.first_malformed_line.get_or_insert(quality.lines);
        }
    }

    fn event(&mut self, line: &str) -> Parsed {
        const PREFIX: &str = "{\"Event\":\"";
        if let Some(rest) = line.strip_prefix(PREFIX)
            && let Some(end) = memchr::memchr2(b'"', b'\\', rest.as_bytes())
            && rest.as_bytes()[end] == b'"'
        {
            return self.dispatch(&rest[..end], line);
        }
        let named: events::Named<'_> = parse(line)?;
        self.dispatch(&named.event.0, line)
    }

    fn dispatch(&mut self, name: &str, line: &str) -> Parsed {
        const SQL: &str = "org.apache.spark.sql.execution.ui.";
        match name.strip_prefix(SQL).unwrap_or(name) {
            "SparkListenerTaskEnd" => self.task_end_event(&parse(line)?),
            "SparkListenerTaskStart" => {
                let start: events::TaskStart = parse(line)?;
                let launch_time = start.info.map(|info| info.launch_time).unwrap_or_default();
                self.saw(launch_time);
                let (stage, _) = self.stage(start.stage_id, start.stage_attempt_id);
                stage.active += 1;
                stage.launched(launch_time);
            }
            "SparkListenerStageSubmitted" => self.stage_submitted(parse(line)?),
            "SparkListenerStageCompleted" => self.stage_completed(parse(line)?),
            "SparkListenerJobStart" => self.job_start(parse(line)?),
            "SparkListenerJobEnd" => self.job_end(&parse(line)?),
            "SparkListenerSQLExecutionStart" => self.execution_start(parse(line)?)?,
            "SparkListenerSQLExecutionEnd" => self.execution_end(parse(line)?),
            "SparkListenerSQLAdaptiveExecutionUpdate" => {
                let update: events::AdaptiveExecutionUpdate<'_> = parse(line)?;
                self.plan(update.execution_id.unsigned(), update.spark_plan_info)?;
            }
            "SparkListenerSQLAdaptiveSQLMetricUpdates" => {
                let update: events::AdaptiveMetricUpdates<'_> = parse(line)?;
                let accumulators = update
                    .sql_plan_metrics
                    .and_then(|metrics| plan::accumulators(metrics.get().as_bytes()));
                let execution = self.executions.entry(update.execution_id.unsigned()).or_default();
                execution.accumulators.extend(accumulators.into_iter().flatten());
            }
            "SparkListenerDriverAccumUpdates" => self.driver_updates(&parse(line)?),
            "SparkListenerExecutorAdded" => self.executor_added(parse(line)?),
            "SparkListenerExecutorRemoved" => self.executor_removed(parse(line)?),
            "SparkListenerBlockManagerAdded" => {
                let added: events::BlockManagerAdded<'_> = parse(line)?;
                let id = added.id.executor_id.into_string();
                self.memories.insert(id, added.maximum_memory.unsigned());
            }
            "SparkListenerBlockUpdated" => {
                let updated: events::BlockUpdated<'_> = parse(line)?;
                self.storage.update(updated.info);
            }
            "SparkListenerStageExecutorMetrics" => {
                let metrics: events::StageExecutorMetrics<'_> = parse(line)?;
                let heap = metrics.metrics.jvm_heap_memory.unsigned();
                self.peak_heap(&metrics.executor_id.0, heap);
            }
            "SparkListenerEnvironmentUpdate" => {
                let update: events::EnvironmentUpdate = parse(line)?;
                self.profile.spark_properties = update.spark_properties.0;
                let command = update.system_properties.0.get("sun.java.command");
                self.profile.application.command = command.cloned().unwrap_or_default();
            }
            "SparkListenerApplicationStart" => {
                let start: events::ApplicationStart<'_> = parse(line)?;
                self.saw(start.timestamp);
                self.profile.quality.has_application_start = true;
                let application = &mut self.profile.application;
                application.id = start.id.into_string();
                application.attempt_id = start.attempt_id.some();
                application.name = start.name.into_string();
                application.start_ms = start.timestamp.or_zero();
            }
            "SparkListenerApplicationEnd" => {
                let end: events::ApplicationEnd = parse(line)?;
                self.saw(end.timestamp);
                self.profile.quality.has_application_end = true;
                self.profile.application.end_ms = time(end.timestamp);
            }
            "SparkListenerLogStart" => {
                let start: events::LogStart<'_> = parse(line)?;
                self.profile.application.spark_version = start.spark_version.into_string();
            }
            _ => self.unknown(name, line)?,
        }
        if name.contains("SparkListener")
            || name.starts_with("org.apache.spark.")
            || name.contains("EventLoggingListener")
        {
            self.spark_events += 1;
        }
        Ok(())
    }

    fn unknown(&mut self, name: &str, line: &str) -> Parsed {
        if name.is_empty() || !line.ends_with('}') {
            // Reports what is wrong with the line; well-formed JSON that is no event is wrong too.
            parse::<serde::de::IgnoredAny>(line)?;
            return Err(serde::de::Error::missing_field("Event"));
        }
        let name = name.get(..MAX_UNKNOWN_NAME).unwrap_or(name);
        let names = &mut self.profile.quality.unknown_events;
        if let Some(count) = names.get_mut(name) {
            *count += 1;
        } else {
            let name = if names.len() < MAX_UNKNOWN_NAMES { name } else { "…" };
            *names.entry(name.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Notes the time of an event.
    fn saw(&mut self, at: Number) {
        let last = &mut self.profile.application.last_event_ms;
        *last = at.or_zero().max(*last);
    }

    fn stage(&mut self, id: Number, attempt: Number) -> (&mut Stage, &mut Texts) {
        let key = (id.unsigned(), attempt.attempt());
        let stage = self.stages.entry(key).or_insert_with(|| {
            let (stage_id, attempt_id) = key;
            let attempt = StageAttempt { stage_id, attempt_id, ..StageAttempt::default() };
            Box::new(Stage { attempt, ..Stage::default() })
        });
        (stage, &mut self.texts)
    }

    fn task_end_event(&mut self, event: &events::TaskEnd<'_>) {
        let info = event.info.as_ref();
        let values = event.metrics.as_ref().map(Values::of);
        let mut end = TaskEnd { values: values.as_ref(), ..TaskEnd::default() };
        let (mut launch_time, mut finish_time) = (Number::default(), Number::default());
        if let Some(info) = info {
            end.is_told = true;
            (end.index, end.attempt) = (info.index, info.attempt);
            (end.executor, end.host) = (&info.executor_id.0, &info.host.0);
            (launch_time, finish_time) = (info.launch_time, info.finish_time);
            end.launch_time = launch_time;
        }
        self.saw(finish_time);
        let duration = duration(launch_time, finish_time);
        let failure = Some(&event.reason).filter(|reason| reason.reason.0 != "Success");
        let killed = failure.is_some_and(|reason| {
            matches!(reason.reason.0.as_ref(), "TaskKilled" | "TaskCommitDenied")
        });
        let (stage, texts) = self.stage(event.stage_id, event.stage_attempt_id);
        stage.active -= 1;
        stage.launched(launch_time);
        let attempt = &mut stage.attempt;
        match failure {
            None => {
                attempt.num_complete_tasks += 1;
                attempt.task_duration = attempt.task_duration.saturating_add(duration);
            }
            Some(reason) => {
                let count = if killed {
                    &mut attempt.num_killed_tasks
                } else {
                    &mut attempt.num_failed_tasks
                };
                *count += 1;
                let speculative = info.is_some_and(|info| info.speculative.0 == "true");
                stage.tasks.failed(reason, (killed, speculative), duration);
            }
        }
        if let (Some(metrics), Some(values)) = (&event.metrics, &values) {
            stage.attempt.num_measured_tasks += 1;
            stage.attempt.metrics.add(metrics);
            if failure.is_none() {
                if end.is_told {
                    let share = ExecutorShare { tasks: 1, task_time: duration };
                    stage.tasks.share(end.executor, share, texts);
                }
                stage.succeeded(&end, duration, values, texts);
            }
        }
        for accumulable in info.into_iter().flat_map(|info| &info.accumulables) {
            // -1 stands for a metric that was never set (`SQLMetric.initValue`).
            let update = accumulable.update.0.filter(|&update| update >= 0);
            if accumulable.metadata.0 == "sql"
                && let (Some(update), Some(id)) = (update, id(accumulable.id))
            {
                let sum = stage.updates.entry(id).or_default();
                *sum = sum.saturating_add(update);
            }
        }
        stage.seal_if_over();
        if let Some(table) = &mut self.task_table {
            let outcome = match (failure, killed) {
                (None, _) => TaskOutcome::Succeeded,
                (Some(_), true) => TaskOutcome::Killed,
                (Some(_), false) => TaskOutcome::Failed,
            };
            let stage = (event.stage_id.unsigned(), event.stage_attempt_id.attempt());
            table.push(&end, stage, outcome, duration);
        }
        if let (Some(metrics), Some(info)) = (&event.executor_metrics, info) {
            self.peak_heap(&info.executor_id.0, metrics.jvm_heap_memory.unsigned());
        }
    }

    /// Notes an executor's heap, unless no heartbeat has seen it.
    fn peak_heap(&mut self, executor: &str, seen: u64) {
        if seen == 0 {
            return;
        }
        if let Some(peak) = self.heaps.get_mut(executor) {
            *peak = seen.max(*peak);
        } else {
            self.heaps.insert(executor.to_owned(), seen);
        }
    }

    fn stage_submitted(&mut self, event: events::StageEvent<'_>) {
        self.saw(event.info.submission_time);
        let (stage, texts) = self.stage(event.info.id, event.info.attempt_id);
        stage.describe(event.info, texts);
    }

    fn stage_completed(&mut self, event: events::StageEvent<'_>) {
        self.saw(event.info.completion_time);
        let (stage, texts) = self.stage(event.info.id, event.info.attempt_id);
        stage.describe(event.info, texts);
        stage.attempt.status = if stage.attempt.failure_reason.is_some() {
            StageStatus::Failed
        } else {
            StageStatus::Complete
        };
        stage.seal_if_over();
    }

    fn job_start(&mut self, event: events::JobStart<'_>) {
        self.saw(event.submission_time);
        let properties = event.properties.unwrap_or_default();
        let mut stage_ids: Vec<u64> = event.stage_ids.iter().map(|id| id.unsigned()).collect();
        if stage_ids.is_empty() {
            stage_ids = event.stage_infos.iter().map(|info| info.id.unsigned()).collect();
        }
        let has_own_call_site = !properties.call_site_short.0.is_empty();
        let call_site = if has_own_call_site {
            CallSite {
                short: self.texts.of(&properties.call_site_short.0),
                long: self.texts.of(&properties.call_site_long.0),
            }
        } else {
            // `AppStatusListener.onJobStart` names a job after the stage with the highest id.
            let last = event.stage_infos.into_iter().max_by_key(|info| info.id.unsigned());
            last.map(|info| CallSite {
                short: self.texts.of(&info.name.0),
                long: self.texts.of(&info.details.0),
            })
            .unwrap_or_default()
        };
        let job_id = event.id.unsigned();
        let job = Job {
            job_id,
            submission_ms: event.submission_time.or_zero(),
            stage_ids,
            execution_id: id(properties.execution_id),
            root_execution_id: id(properties.root_execution_id),
            call_site,
            has_own_call_site,
            description: properties.description.some(),
            job_group: properties.job_group.some(),
            ..Job::default()
        };
        self.jobs.insert(job_id, job);
    }

    fn job_end(&mut self, event: &events::JobEnd<'_>) {
        self.saw(event.completion_time);
        let job_id = event.id.unsigned();
        let job = self.jobs.entry(job_id).or_insert_with(|| Job { job_id, ..Job::default() });
        job.completion_ms = time(event.completion_time);
        job.status = if event.result.result.0 == "JobSucceeded" {
            JobStatus::Succeeded
        } else {
            JobStatus::Failed
        };
    }

    fn execution_start(&mut self, event: events::ExecutionStart<'_>) -> Parsed {
        self.saw(event.time);
        let execution_id = event.execution_id.unsigned();
        let description = self.texts.of(&event.description.0);
        let details = self.texts.of(&event.details.0);
        let execution = self.executions.entry(execution_id).or_default();
        execution.started = true;
        execution.sql.root_execution_id = id(event.root_execution_id).unwrap_or(execution_id);
        execution.sql.description = description;
        execution.sql.details = details;
        execution.sql.start_ms = event.time.or_zero();
        if let Some(configs) = event.modified_configs {
            self.configured_executions += 1;
            for (key, value) in configs.0 {
                match self.modified.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert(Modified { value, executions: 1, agreed: true });
                    }
                    Entry::Occupied(mut entry) => {
                        let modified = entry.get_mut();
                        modified.executions += 1;
                        modified.agreed &= modified.value == value;
                    }
                }
            }
        }
        self.plan(execution_id, event.spark_plan_info)
    }

    /// Takes an execution's plan, in the place of an earlier one.
    fn plan(&mut self, execution_id: u64, info: Option<&serde_json::value::RawValue>) -> Parsed {
        let Some(info) = info.filter(|info| info.get() != "null") else { return Ok(()) };
        let Some((plan, cut)) = plan::read(info.get().as_bytes(), &mut self.texts) else {
            return Err(serde::de::Error::custom("sparkPlanInfo is no plan"));
        };
        self.profile.quality.cut_plans += u64::from(cut);
        let execution = self.executions.entry(execution_id).or_default();
        execution.has_plan = true;
        for node in plan.preorder() {
            execution.accumulators.extend(node.metrics.iter().map(|metric| metric.accumulator_id));
        }
        execution.sql.plan = plan;
        Ok(())
    }

    fn execution_end(&mut self, event: events::ExecutionEnd<'_>) {
        self.saw(event.time);
        let execution = self.executions.entry(event.execution_id.unsigned()).or_default();
        execution.sql.end_ms = time(event.time);
        execution.sql.error = event.error_message.some();
    }

    fn driver_updates(&mut self, event: &events::DriverAccumUpdates) {
        let execution = self.executions.entry(event.execution_id.unsigned()).or_default();
        for (id, value) in &event.accum_updates {
            // `SQLAppStatusListener` adds up what the driver sends for one accumulator.
            let sum = execution.driver.entry(id.unsigned()).or_default();
            *sum = sum.saturating_add(value.or_zero().max(0));
        }
    }

    fn executor_added(&mut self, event: events::ExecutorAdded<'_>) {
        self.saw(event.timestamp);
        self.profile.executors.push(Executor {
            id: event.id.into_string(),
            host: event.info.host.into_string(),
            total_cores: u32::try_from(event.info.total_cores.unsigned()).unwrap_or(u32::MAX),
            added_ms: event.timestamp.or_zero(),
            ..Executor::default()
        });
    }

    fn executor_removed(&mut self, event: events::ExecutorRemoved<'_>) {
        self.saw(event.timestamp);
        if let Some(executor) =
            self.profile.executors.iter_mut().rev().find(|executor| executor.id == event.id.0)
        {
            executor.removed_ms = time(event.timestamp);
            executor.removed_reason = event.reason.some();
        }
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// Stage attempts, with how many of their tasks run.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&StageAttempt, u64)> {
        let running = |stage: &Stage| match stage.attempt.status {
            StageStatus::Active => u64::try_from(stage.active).unwrap_or(0),
            StageStatus::Complete | StageStatus::Failed => 0,
        };
        self.stages.values().map(move |stage| (&stage.attempt, running(stage)))
    }

    /// The profile of all that was read.
    pub(crate) fn finish(self) -> Profile {
        let Self {
            mut profile,
            mut jobs,
            stages,
            executions,
            modified,
            configured_executions,
            heaps,
            memories,
            storage,
            ..
        } = self;
        profile.cached_rdds = storage.finish();
        for executor in &mut profile.executors {
            executor.max_memory = memories.get(&executor.id).copied();
            executor.peak_jvm_heap_memory = heaps.get(&executor.id).copied();
        }
        for (key, modified) in modified {
            if modified.agreed && modified.executions == configured_executions {
                profile.spark_properties.insert(key, modified.value);
            }
        }
        for (key, value) in &mut profile.spark_properties {
            if is_secret(key) {
                REDACTED.clone_into(value);
            }
        }
        let master = profile.spark_properties.get("spark.master").map(String::as_str);
        profile.quality.local_master = match master {
            Some(master) => master == "local" || master.starts_with("local["),
            None => profile.application.id.starts_with("local-"),
        };
        if profile.application.start_ms == 0 && !profile.quality.has_application_start {
            let jobs = jobs.values().map(|job| job.submission_ms);
            let times = jobs
                .chain(profile.executors.iter().map(|executor| executor.added_ms))
                .filter(|&at| at > 0);
            profile.application.start_ms = times.min().unwrap_or(profile.application.last_event_ms);
        }

        profile.stages = finish_stages(stages);
        profile.quality.missing_task_ends = profile.stages.iter().map(missing_task_ends).sum();
        let mut by_stage: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for (at, stage) in profile.stages.iter().enumerate() {
            by_stage.entry(stage.stage_id).or_default().push(at);
        }
        for job in jobs.values_mut() {
            let attempts = job.stage_ids.iter().filter_map(|id| by_stage.get(id)).flatten();
            for &at in attempts.clone() {
                let jobs = &mut profile.stages[at].job_ids;
                if jobs.last() != Some(&job.job_id) {
                    jobs.push(job.job_id);
                }
            }
            // Logs before Spark 1.3 have no times of jobs: those of their stages are the nearest.
            let attempts = attempts.map(|&at| &profile.stages[at]);
            if job.submission_ms == 0 {
                job.submission_ms =
                    attempts.clone().filter_map(|stage| stage.submission_ms).min().unwrap_or(0);
            }
            if job.completion_ms.is_none() && job.status != JobStatus::Running {
                job.completion_ms = attempts.filter_map(|stage| stage.completion_ms).max();
            }
        }
        profile.jobs = jobs.into_values().collect();
        finish_executions(&mut profile, executions, &by_stage);
        profile.quality.runtimes = runtimes(&profile);
        profile
    }
}

impl Stage {
    fn launched(&mut self, at: Number) {
        if let Some(at) = time(at) {
            let first = &mut self.attempt.first_task_launched_ms;
            *first = Some(first.map_or(at, |first| first.min(at)));
        }
    }

    fn describe(&mut self, info: events::StageInfo<'_>, texts: &mut Texts) {
        let attempt = &mut self.attempt;
        attempt.name = texts.of(&info.name.0);
        attempt.details = texts.of(&info.details.0);
        attempt.num_tasks = info.num_tasks.unsigned();
        attempt.submission_ms = time(info.submission_time).or(attempt.submission_ms);
        attempt.completion_ms = time(info.completion_time);
        attempt.failure_reason = info.failure_reason.some();
        attempt.parent_ids = info.parent_ids.iter().map(|id| id.unsigned()).collect();
        let mut rdds = Vec::with_capacity(info.rdds.len());
        rdds.extend(info.rdds.iter().map(|info| rdd(info, texts)));
        attempt.rdds = rdds;
        for accumulable in info.accumulables {
            if accumulable.metadata.0 == "sql"
                && let (Some(id), Some(value)) = (id(accumulable.id), accumulable.value.0)
            {
                self.values.insert(id, value.max(0));
            }
        }
    }

    /// Takes a task that succeeded and has metrics.
    fn succeeded(&mut self, task: &TaskEnd<'_>, duration: u64, values: &Values, texts: &mut Texts) {
        self.tasks.succeeded(task, duration, values, texts);
        if self.sealed {
            self.late += 1;
        } else {
            self.samples.get_or_insert_default().push(duration, values);
        }
    }

    /// Lets go of the tasks' values once none can follow, as `AppStatusListener` lets go of a live stage.
    fn seal_if_over(&mut self) {
        if self.attempt.status != StageStatus::Active && self.active <= 0 && !self.sealed {
            self.seal();
        }
    }

    fn seal(&mut self) {
        self.sealed = true;
        self.attempt.task_summary = self.samples.take().and_then(|samples| samples.summary());
        self.settle();
    }

    /// Keeps of tasks and accumulators what is needed of a stage that is over.
    fn settle(&mut self) {
        let median = self.attempt.task_summary.map_or(0, |summary| summary.duration[2]);
        self.tasks.settle(median);
        let (updates, values) =
            (std::mem::take(&mut self.updates), std::mem::take(&mut self.values));
        settle(updates, &mut self.settled_updates, |sum, more| *sum = sum.saturating_add(more));
        settle(values, &mut self.settled_values, |value, later| *value = later);
    }
}

fn rdd(rdd: &events::Rdd<'_>, texts: &mut Texts) -> RddInfo {
    let scope = serde_json::from_str::<events::Scope<'_>>(&rdd.scope.0).ok();
    RddInfo {
        id: rdd.id.unsigned(),
        name: texts.of(&rdd.name.0),
        scope: scope.map(|scope| texts.of(&scope.name.0)).filter(|name| !name.is_empty()),
        call_site: texts.of(&rdd.call_site.0),
        parent_ids: rdd.parent_ids.iter().map(|id| id.unsigned()).collect(),
        persisted: rdd.storage_level.use_disk || rdd.storage_level.use_memory,
        num_partitions: rdd.num_partitions.unsigned(),
        num_cached_partitions: rdd.num_cached_partitions.unsigned(),
    }
}

fn finish_stages(stages: FxHashMap<(u64, u32), Box<Stage>>) -> Vec<StageAttempt> {
    let mut stages: Vec<Box<Stage>> = stages.into_values().collect();
    stages.sort_unstable_by_key(|stage| (stage.attempt.stage_id, stage.attempt.attempt_id));
    let mut sharing: FxHashMap<u64, u32> = FxHashMap::default();
    for stage in &mut stages {
        if !stage.sealed {
            stage.seal();
        }
        stage.settle();
        let (updates, values) = (&stage.settled_updates, &stage.settled_values);
        let updated = |id: u64| updates.binary_search_by_key(&id, |sum| sum.0).is_ok();
        let only_valued = values.iter().filter(|(id, _)| !updated(*id));
        for (id, _) in updates.iter().chain(only_valued) {
            *sharing.entry(*id).or_default() += 1;
        }
    }
    let mut attempts = Vec::with_capacity(stages.len());
    attempts.extend(stages.into_iter().map(|stage| {
        let mut attempt = stage.attempt;
        (attempt.longest_tasks, attempt.task_failures, attempt.executor_shares) =
            stage.tasks.finish();
        if let (Some(summary), true) = (&mut attempt.task_summary, stage.late > 0) {
            summary.approximate = true;
        }
        // A value at a stage's end is the application's total so far. The stage's own part is what its tasks added;
        // where only this attempt touched the accumulator the total is that too, and survives lost task ends.
        let mut own: BTreeMap<u64, i64> = stage.settled_updates.into_iter().collect();
        for (id, value) in stage.settled_values {
            let alone = sharing.get(&id) == Some(&1);
            own.entry(id)
                .and_modify(|sum| *sum = if alone { value.max(*sum) } else { *sum })
                .or_insert(value);
        }
        attempt.sql_accumulators = own;
        attempt
    }));
    attempts
}

/// Moves `new` to what is sorted already, where `both` says what becomes of two values of one accumulator.
fn settle(new: FxHashMap<u64, i64>, sorted: &mut Vec<(u64, i64)>, both: fn(&mut i64, i64)) {
    if new.is_empty() {
        return;
    }
    let known = sorted.len();
    sorted.reserve_exact(new.len());
    for (id, value) in new {
        match sorted[..known].binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => both(&mut sorted[at].1, value),
            Err(_) => sorted.push((id, value)),
        }
    }
    sorted.sort_unstable_by_key(|(id, _)| *id);
}

/// Task ends that a completed stage attempt must have had but the log has not. A later attempt may be completed by tasks
/// of an earlier one, so there every end counts.
fn missing_task_ends(stage: &StageAttempt) -> u64 {
    if stage.status != StageStatus::Complete {
        return 0;
    }
    let others =
        if stage.attempt_id == 0 { 0 } else { stage.num_failed_tasks + stage.num_killed_tasks };
    stage.num_tasks.saturating_sub(stage.num_complete_tasks + others)
}

fn finish_executions(
    profile: &mut Profile,
    executions: BTreeMap<u64, Execution>,
    by_stage: &FxHashMap<u64, Vec<usize>>,
) {
    let mut stage_ids: FxHashMap<u64, FxHashSet<u64>> = FxHashMap::default();
    let mut job_ids: FxHashMap<u64, Vec<u64>> = FxHashMap::default();
    for job in &profile.jobs {
        if let Some(execution) = job.execution_id {
            job_ids.entry(execution).or_default().push(job.job_id);
            stage_ids.entry(execution).or_default().extend(&job.stage_ids);
        }
    }
    for (execution_id, execution) in executions {
        let Execution { mut sql, started, has_plan, accumulators, driver } = execution;
        if !started && !has_plan {
            continue;
        }
        sql.execution_id = execution_id;
        if !started {
            sql.root_execution_id = execution_id;
        }
        sql.job_ids = job_ids.remove(&execution_id).unwrap_or_default();
        let stages = stage_ids.remove(&execution_id).unwrap_or_default();
        for &at in stages.iter().filter_map(|stage| by_stage.get(stage)).flatten() {
            for (id, value) in &profile.stages[at].sql_accumulators {
                if accumulators.contains(id) {
                    let sum = sql.metric_values.entry(*id).or_default();
                    *sum = sum.saturating_add(*value);
                }
            }
        }
        for (id, value) in driver {
            let sum = sql.metric_values.entry(id).or_default();
            *sum = sum.saturating_add(value);
        }
        profile.quality.unfinished_executions += u64::from(started && sql.end_ms.is_none());
        profile.executions.push(sql);
    }
}

/// Runtimes told by their events (`org.apache.spark.sql.connect.service`), by the names of their operators, or by the properties
/// that switch them on.
fn runtimes(profile: &Profile) -> Vec<Runtime> {
    let property = |key: &str| profile.spark_properties.get(key).map_or("", String::as_str);
    let operator = |prefix: &str| {
        let mut plans = profile.executions.iter().map(|execution| &execution.plan);
        plans.any(|plan| plan.preorder().iter().any(|node| node.name.starts_with(prefix)))
    };
    let connect = profile
        .quality
        .unknown_events
        .keys()
        .any(|name| name.starts_with("org.apache.spark.sql.connect."));
    let photon = property("spark.databricks.clusterUsageTags.runtimeEngine") == "PHOTON"
        || operator("Photon");
    let rapids = property("spark.plugins").contains("com.nvidia.spark.SQLPlugin")
        && property("spark.rapids.sql.enabled") != "false"
        || operator("Gpu");
    [(connect, Runtime::Connect), (photon, Runtime::Photon), (rapids, Runtime::Rapids)]
        .into_iter()
        .filter_map(|(found, runtime)| found.then_some(runtime))
        .collect()
}

/// What Spark puts in the place of a redacted value (`Utils.REDACTION_REPLACEMENT_TEXT`).
const REDACTED: &str = "*********(redacted)";

/// Whether `spark.redaction.regex`'s default pattern, `(?i)secret|password|token|access[.]?key|credential` of Spark 4, hides this key's value.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "password", "token", "access.key", "accesskey", "credential"]
        .iter()
        .any(|word| key.contains(word))
}

fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(line)
}

/// A time in milliseconds since the epoch; 0 and below stand for none (`AppStatusListener`).
fn time(at: Number) -> Option<i64> {
    at.0.filter(|&at| at > 0)
}

fn id(number: Number) -> Option<u64> {
    number.0.and_then(|id| u64::try_from(id).ok())
}
