//! Every task attempt of a run in 32 bytes, for those who replay it. A [`Profile`](crate::Profile) is made without it.

use crate::tasks::TaskEnd;
use rustc_hash::FxHashMap;

/// The task attempts of a run, in the order in which their ends were logged.
///
/// It takes 32 bytes for each, and what names the stage attempts and executors once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskTable {
    /// Stage attempts that have tasks: stage id and attempt, in the order in which their first tasks ended.
    pub stages: Vec<(u64, u32)>,
    /// Ids of executors that ran tasks.
    pub executors: Vec<String>,
    /// The attempts.
    pub tasks: Vec<TaskRun>,
}

/// One attempt of a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskRun {
    /// Launch, milliseconds since the epoch.
    pub launch_ms: i64,
    /// Finish minus launch, milliseconds: how long it held its slot. 49 days at most.
    pub duration_ms: u32,
    /// `Executor Run Time`, milliseconds; none is 0.
    pub run_ms: u32,
    /// Its stage attempt: an index of [`TaskTable::stages`].
    pub stage: u32,
    /// Its index in the stage: its partition.
    pub index: u32,
    /// Bytes of input and shuffle that it read. As many digits as a `f32` has are enough to weigh partitions by.
    pub read_bytes: f32,
    /// The executor that ran it: an index of [`TaskTable::executors`]; the last one stands for all from 65,536 on.
    pub executor: u16,
    /// Its attempt, from 0; 255 for all from there on.
    pub attempt: u8,
    /// How it ended.
    pub outcome: TaskOutcome,
}

const _: () = assert!(size_of::<TaskRun>() == 32, "what the table is said to take");

/// How a task attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It was killed, or was denied to commit: another attempt did its work, or its stage ended.
    Killed,
}

/// A table in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskTableBuilder {
    table: TaskTable,
    stages: FxHashMap<(u64, u32), u32>,
    executors: FxHashMap<String, u16>,
    /// The most attempts that are kept.
    limit: usize,
    /// There were more: nothing is kept any more.
    exceeded: bool,
}

impl TaskTableBuilder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    pub(crate) fn push(
        &mut self,
        task: &TaskEnd<'_>,
        stage: (u64, u32),
        outcome: TaskOutcome,
        duration_ms: u64,
    ) {
        if self.exceeded {
            return;
        }
        if self.table.tasks.len() >= self.limit {
            *self = Self { exceeded: true, ..Self::default() };
            return;
        }
        if !task.is_told {
            return;
        }
        let metrics = task.metrics;
        let input = metrics.and_then(|metrics| metrics.input.as_ref());
        let read = metrics.and_then(|metrics| metrics.shuffle_read.as_ref());
        let bytes = [
            input.map(|input| input.bytes_read),
            read.map(|read| read.remote_bytes_read),
            read.map(|read| read.local_bytes_read),
        ];
        let bytes = bytes
            .into_iter()
            .flatten()
            .map(crate::events::Number::unsigned)
            .fold(0, u64::saturating_add);
        let stages = &mut self.table.stages;
        let stage = *self.stages.entry(stage).or_insert_with(|| {
            stages.push(stage);
            narrow(stages.len() as u64 - 1)
        });
        let executor = self.executor(task.executor);
        let tasks = &mut self.table.tasks;
        if tasks.len() == tasks.capacity() {
            // A quarter more each time, so that little lies unused.
            tasks.reserve_exact((tasks.len() / 4).max(1_024));
        }
        #[expect(clippy::cast_precision_loss, reason = "as the field says")]
        tasks.push(TaskRun {
            launch_ms: task.launch_time.or_zero(),
            duration_ms: narrow(duration_ms),
            run_ms: metrics.map_or(0, |metrics| narrow(metrics.executor_run_time.unsigned())),
            stage,
            index: narrow(task.index.unsigned()),
            read_bytes: bytes as f32,
            executor,
            attempt: u8::try_from(task.attempt.attempt()).unwrap_or(u8::MAX),
            outcome,
        });
    }

    fn executor(&mut self, id: &str) -> u16 {
        if let Some(known) = self.executors.get(id) {
            return *known;
        }
        let Ok(next) = u16::try_from(self.table.executors.len()) else { return u16::MAX };
        self.table.executors.push(id.to_owned());
        self.executors.insert(id.to_owned(), next);
        next
    }

    /// The table; none where there were more attempts than the limit.
    pub(crate) fn finish(self) -> Option<TaskTable> {
        (!self.exceeded).then_some(self.table)
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
