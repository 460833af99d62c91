//! What starts and ends of tasks that stand together in a log add to their stage attempts, so that whoever reads the lines adds them up
//! and whoever takes them in their order has little to do.

use std::ops::Range;

use crate::events::Number;
use crate::profile::{ExecutorShare, StageMetrics};
use crate::task_events::{self, Memo, TaskEnded, TaskStarted};
use crate::tasks::TaskEnd;
use crate::values::{Values, duration};

/// What tasks add to one stage attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    pub(crate) stage_id: Number,
    pub(crate) stage_attempt_id: Number,
    /// Tasks that started.
    pub(crate) starts: u32,
    pub(crate) first_launch_ms: Option<i64>,
    /// The last time that is told.
    pub(crate) last_ms: i64,
    /// Tasks that ended, all of which succeeded.
    pub(crate) tasks: Vec<Ended>,
    /// Those of them that have metrics, and sums.
    pub(crate) measured: u64,
    pub(crate) metrics: StageMetrics,
    pub(crate) duration: u64,
    /// Sums by SQL accumulator.
    pub(crate) updates: Vec<(u64, i64)>,
    pub(crate) executors: Vec<OfExecutor>,
}

/// A task that succeeded.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// Starts in the batch before its end.
    pub(crate) starts_before: u32,
    /// Its place among the batch's executors.
    executor: u32,
    index: Number,
    attempt: Number,
    launch_time: Number,
    pub(crate) duration: u64,
    values: Option<Values>,
}

/// What an executor adds.
#[derive(Debug, Clone)]
pub(crate) struct OfExecutor {
    /// Where its id and host stand in the texts of the batches.
    id: Range<usize>,
    host: Range<usize>,
    /// Its tasks that have metrics.
    pub(crate) share: ExecutorShare,
    /// Largest heap seen; 0 where none was.
    pub(crate) heap: u64,
}

impl OfExecutor {
    pub(crate) fn id<'a>(&self, texts: &'a [u8]) -> &'a str {
        text(texts, &self.id)
    }
}

fn text<'a>(texts: &'a [u8], range: &Range<usize>) -> &'a str {
    std::str::from_utf8(slice(texts, range)).unwrap_or_default()
}

fn slice<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

impl Batch {
    /// One of its tasks; `texts` are those of the batches.
    pub(crate) fn task_end<'a>(&'a self, task: &'a Ended, texts: &'a [u8]) -> TaskEnd<'a> {
        let (executor, host) = match self.executors.get(task.executor as usize) {
            Some(of) => (of.id(texts), text(texts, &of.host)),
            None => ("", ""),
        };
        TaskEnd {
            is_told: true,
            index: task.index,
            attempt: task.attempt,
            executor,
            host,
            launch_time: task.launch_time,
            values: task.values.as_ref(),
        }
    }

    fn start(&mut self, task: TaskStarted) {
        self.starts += 1;
        self.saw(task.launch_time, task.launch_time);
    }

    fn saw(&mut self, launch_time: Number, last: Number) {
        self.last_ms = self.last_ms.max(last.or_zero());
        if let Some(at) = launch_time.0.filter(|&at| at > 0) {
            self.first_launch_ms = Some(self.first_launch_ms.map_or(at, |first| first.min(at)));
        }
    }

    /// Takes a task's end, with its updates.
    fn end(&mut self, task: &TaskEnded, updates: &[(u64, i64)], line: &[u8], texts: &mut Vec<u8>) {
        self.saw(task.launch_time, task.finish_time);
        let duration = duration(task.launch_time, task.finish_time);
        self.duration = self.duration.saturating_add(duration);
        let values = task.metrics.as_ref().map(|metrics| {
            self.measured += 1;
            self.metrics.add(metrics);
            Values::of(metrics)
        });
        let executor = self.executor(slice(line, &task.executor), slice(line, &task.host), texts);
        if let Some(of) = self.executors.get_mut(executor) {
            if values.is_some() {
                of.share.tasks += 1;
                of.share.task_time = of.share.task_time.saturating_add(duration);
            }
            of.heap = of.heap.max(task.jvm_heap_memory.unwrap_or_default().unsigned());
        }
        // The tasks of a stage mostly update the same accumulators in the same order.
        let mut next = 0;
        for &(id, update) in updates {
            let (before, behind) = self.updates.split_at(next);
            let found = behind.iter().position(|sum| sum.0 == id).map(|ahead| next + ahead);
            match found.or_else(|| before.iter().position(|sum| sum.0 == id)) {
                Some(at) => {
                    let sum = &mut self.updates[at].1;
                    *sum = sum.saturating_add(update);
                    next = at + 1;
                }
                None => self.updates.push((id, update)),
            }
        }
        self.tasks.push(Ended {
            starts_before: self.starts,
            executor: u32::try_from(executor).unwrap_or(u32::MAX),
            index: task.index,
            attempt: task.attempt,
            launch_time: task.launch_time,
            duration,
            values,
        });
    }

    /// The place of an executor.
    fn executor(&mut self, id: &[u8], host: &[u8], texts: &mut Vec<u8>) -> usize {
        let same = |of: &OfExecutor| slice(texts, &of.id) == id && slice(texts, &of.host) == host;
        self.executors.iter().position(same).unwrap_or_else(|| {
            let start = texts.len();
            texts.extend_from_slice(id);
            let end = texts.len();
            texts.extend_from_slice(host);
            let (id, host) = (start..end, end..texts.len());
            self.executors.push(OfExecutor { id, host, share: ExecutorShare::default(), heap: 0 });
            self.executors.len() - 1
        })
    }

    /// Starts anew, for another stage attempt.
    fn reset(&mut self, stage_id: Number, stage_attempt_id: Number) {
        let (mut tasks, mut updates, mut executors) = (
            std::mem::take(&mut self.tasks),
            std::mem::take(&mut self.updates),
            std::mem::take(&mut self.executors),
        );
        tasks.clear();
        updates.clear();
        executors.clear();
        *self = Self { stage_id, stage_attempt_id, tasks, updates, executors, ..Self::default() };
    }
}

/// Batches in the making. Their memory is used again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batches {
    batches: Vec<Batch>,
    /// How many are in use, and where those begin that may still be added to.
    used: usize,
    open: usize,
    updates: Vec<(u64, i64)>,
    /// Ids and hosts of executors.
    texts: Vec<u8>,
}

impl Batches {
    /// Starts anew.
    pub(crate) fn clear(&mut self) {
        (self.used, self.open) = (0, 0);
        self.texts.clear();
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Batch] {
        &self.batches[..self.used]
    }

    /// The texts that they refer to.
    pub(crate) fn texts(&self) -> &[u8] {
        &self.texts
    }

    /// Lets nothing be added any more to what there is, since another event follows, and tells which ones are new since the last time.
    pub(crate) fn close(&mut self) -> Range<usize> {
        let closed = self.open..self.used;
        self.open = self.used;
        closed
    }

    /// Adds the line that the bytes begin with and tells where it ends, unless it is no task's start and no successful task's end as Spark
    /// prints them.
    pub(crate) fn read(&mut self, bytes: &[u8], memo: &mut Memo) -> Option<usize> {
        let mut updates = std::mem::take(&mut self.updates);
        updates.clear();
        let end = self.read_with(bytes, memo, &mut updates);
        self.updates = updates;
        end
    }

    fn read_with(
        &mut self,
        bytes: &[u8],
        memo: &mut Memo,
        updates: &mut Vec<(u64, i64)>,
    ) -> Option<usize> {
        if bytes.starts_with(task_events::END) {
            let (task, end) = task_events::ended(bytes, memo, updates)?;
            let mut texts = std::mem::take(&mut self.texts);
            let batch = self.of(task.stage_id, task.stage_attempt_id);
            batch.end(&task, updates, bytes, &mut texts);
            self.texts = texts;
            return Some(end);
        }
        if bytes.starts_with(task_events::START) {
            let (task, end) = task_events::started(bytes, memo, updates)?;
            self.of(task.stage_id, task.stage_attempt_id).start(task);
            return Some(end);
        }
        None
    }

    /// The open batch of a stage attempt.
    fn of(&mut self, stage_id: Number, stage_attempt_id: Number) -> &mut Batch {
        let same = |batch: &Batch| {
            (batch.stage_id, batch.stage_attempt_id) == (stage_id, stage_attempt_id)
        };
        let open = self.batches[self.open..self.used].iter().position(same);
        let at = open.map_or(self.used, |at| self.open + at);
        if at == self.used {
            self.used += 1;
            if self.batches.len() < self.used {
                self.batches.push(Batch::default());
            }
            self.batches[at].reset(stage_id, stage_attempt_id);
        }
        &mut self.batches[at]
    }
}
