//! Every task attempt of a run, for those who replay it. A [`Profile`](crate::Profile) is made without it.

use crate::tasks::TaskEnd;
use rustc_hash::FxHashMap;

/// The task attempts of a run by stage attempt, those of one in the order in which their ends were logged.
///
/// It takes 32 bytes for each, a third of that while the log is read, and what names the stage attempts and executors once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskTable {
    /// Stage attempts that have tasks: stage id and attempt, in their order.
    pub stages: Vec<(u64, u32)>,
    /// Ids of executors that ran tasks, in their order.
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
    stages: FxHashMap<(u64, u32), Packed>,
    executors: FxHashMap<String, u16>,
    tasks: usize,
    /// The most attempts that are kept.
    limit: usize,
    /// There were more: nothing is kept any more.
    exceeded: bool,
}

/// The attempts of one stage attempt, each as what it differs in from the one before.
#[derive(Debug, Clone, Default)]
struct Packed {
    bytes: Vec<u8>,
    last: Option<TaskRun>,
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
        if self.tasks >= self.limit {
            *self = Self { exceeded: true, ..Self::default() };
            return;
        }
        if !task.is_told {
            return;
        }
        self.tasks += 1;
        let bytes = task
            .values
            .map_or(0, |values| values.input_bytes().saturating_add(values.shuffle_read_bytes()));
        #[expect(clippy::cast_precision_loss, reason = "as the field says")]
        let run = TaskRun {
            launch_ms: task.launch_time.or_zero(),
            duration_ms: narrow(duration_ms),
            run_ms: task.values.map_or(0, |values| narrow(values.run_time())),
            stage: 0,
            index: narrow(task.index.unsigned()),
            read_bytes: bytes as f32,
            executor: self.executor(task.executor),
            attempt: u8::try_from(task.attempt.attempt()).unwrap_or(u8::MAX),
            outcome,
        };
        self.stages.entry(stage).or_default().push(run);
    }

    fn executor(&mut self, id: &str) -> u16 {
        if let Some(known) = self.executors.get(id) {
            return *known;
        }
        let Ok(next) = u16::try_from(self.executors.len()) else { return u16::MAX };
        self.executors.insert(id.to_owned(), next);
        next
    }

    /// The table; none where there were more attempts than the limit.
    pub(crate) fn finish(self) -> Option<TaskTable> {
        if self.exceeded {
            return None;
        }
        let mut executors: Vec<(String, u16)> = self.executors.into_iter().collect();
        // The one that stands for all that have no number stays the last.
        executors.sort_unstable_by(|a, b| (a.1 == u16::MAX, &a.0).cmp(&(b.1 == u16::MAX, &b.0)));
        let mut places = vec![0; executors.len()];
        for (place, (_, number)) in (0..=u16::MAX).zip(&executors) {
            places[usize::from(*number)] = place;
        }
        let mut stages: Vec<((u64, u32), Packed)> = self.stages.into_iter().collect();
        stages.sort_unstable_by_key(|(stage, _)| *stage);
        let mut table = TaskTable {
            stages: stages.iter().map(|(stage, _)| *stage).collect(),
            executors: executors.into_iter().map(|(id, _)| id).collect(),
            tasks: Vec::with_capacity(self.tasks),
        };
        for (stage, (_, packed)) in (0..).zip(stages) {
            let mut bytes = packed.bytes.as_slice();
            let mut last = TaskRun::FIRST;
            while let Some(run) = unpack(&mut bytes, last) {
                last = run;
                let executor = places.get(usize::from(run.executor)).copied().unwrap_or(u16::MAX);
                table.tasks.push(TaskRun { stage, executor, ..run });
            }
        }
        Some(table)
    }
}

impl TaskRun {
    /// What the first attempt of a stage differs from.
    const FIRST: Self = Self {
        launch_ms: 0,
        duration_ms: 0,
        run_ms: 0,
        stage: 0,
        index: u32::MAX,
        read_bytes: 0.0,
        executor: 0,
        attempt: 0,
        outcome: TaskOutcome::Succeeded,
    };
}

/// What an attempt has in common with the one before, or with most: bits of its first byte, of which the lowest two are its outcome.
const NEXT_INDEX: u8 = 1 << 2;
const SAME_EXECUTOR: u8 = 1 << 3;
const FIRST_ATTEMPT: u8 = 1 << 4;
const NOTHING_READ: u8 = 1 << 5;

impl Packed {
    fn push(&mut self, run: TaskRun) {
        let last = self.last.unwrap_or(TaskRun::FIRST);
        let bytes = &mut self.bytes;
        let mut head = match run.outcome {
            TaskOutcome::Succeeded => 0,
            TaskOutcome::Failed => 1,
            TaskOutcome::Killed => 2,
        };
        let next_index = run.index == last.index.wrapping_add(1);
        let nothing_read = run.read_bytes.to_bits() == 0;
        head |= if next_index { NEXT_INDEX } else { 0 };
        head |= if run.executor == last.executor { SAME_EXECUTOR } else { 0 };
        head |= if run.attempt == 0 { FIRST_ATTEMPT } else { 0 };
        head |= if nothing_read { NOTHING_READ } else { 0 };
        bytes.push(head);
        pack(bytes, signed(run.launch_ms.wrapping_sub(last.launch_ms)));
        pack(bytes, run.duration_ms.into());
        pack(bytes, signed(i64::from(run.duration_ms) - i64::from(run.run_ms)));
        if !next_index {
            pack(bytes, signed(i64::from(run.index) - i64::from(last.index)));
        }
        if run.executor != last.executor {
            pack(bytes, run.executor.into());
        }
        if run.attempt != 0 {
            bytes.push(run.attempt);
        }
        if !nothing_read {
            bytes.extend(run.read_bytes.to_bits().to_le_bytes());
        }
        self.last = Some(run);
    }
}

/// The next attempt; none at the end.
fn unpack(bytes: &mut &[u8], last: TaskRun) -> Option<TaskRun> {
    let head = byte(bytes)?;
    let outcome = match head & 0b11 {
        0 => TaskOutcome::Succeeded,
        1 => TaskOutcome::Failed,
        _ => TaskOutcome::Killed,
    };
    let launch_ms = last.launch_ms.wrapping_add(unsigned(number(bytes)?));
    let duration_ms = u32::try_from(number(bytes)?).ok()?;
    let run_ms = u32::try_from(i64::from(duration_ms) - unsigned(number(bytes)?)).ok()?;
    let index = if head & NEXT_INDEX == 0 {
        u32::try_from(i64::from(last.index) + unsigned(number(bytes)?)).ok()?
    } else {
        last.index.wrapping_add(1)
    };
    let executor =
        if head & SAME_EXECUTOR == 0 { u16::try_from(number(bytes)?).ok()? } else { last.executor };
    let attempt = if head & FIRST_ATTEMPT == 0 { byte(bytes)? } else { 0 };
    let mut read_bytes = 0.0;
    if head & NOTHING_READ == 0 {
        let (bits, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        read_bytes = f32::from_bits(u32::from_le_bytes(*bits));
    }
    Some(TaskRun {
        launch_ms,
        duration_ms,
        run_ms,
        stage: 0,
        index,
        read_bytes,
        executor,
        attempt,
        outcome,
    })
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// Small numbers in few bytes: seven bits in each, the highest one says that more follow.
fn pack(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let next = byte(bytes)?;
        number |= u64::from(next & 0x7f) << (7 * at);
        if next < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Small numbers of either sign as small ones without.
fn signed(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unsigned(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run() -> impl Strategy<Value = TaskRun> {
        let few = || prop_oneof![0u32..5, any::<u32>()];
        let outcomes = [TaskOutcome::Succeeded, TaskOutcome::Failed, TaskOutcome::Killed];
        (
            prop_oneof![0i64..9, any::<i64>()],
            (few(), few(), few()),
            prop_oneof![Just(0.0), any::<f32>().prop_map(f32::abs)],
            prop_oneof![0u16..3, any::<u16>()],
            prop_oneof![0u8..2, any::<u8>()],
            prop::sample::select(outcomes.to_vec()),
        )
            .prop_map(
                |(
                    launch_ms,
                    (duration_ms, run_ms, index),
                    read_bytes,
                    executor,
                    attempt,
                    outcome,
                )| {
                    TaskRun {
                        launch_ms,
                        duration_ms,
                        run_ms,
                        stage: 0,
                        index,
                        read_bytes,
                        executor,
                        attempt,
                        outcome,
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(runs in prop::collection::vec(run(), 0..50)) {
            let mut packed = Packed::default();
            runs.iter().for_each(|&run| packed.push(run));
            let (mut bytes, mut last) = (packed.bytes.as_slice(), TaskRun::FIRST);
            let mut out = Vec::new();
            while let Some(run) = unpack(&mut bytes, last) {
                out.push(run);
                last = run;
            }
            prop_assert!(bytes.is_empty());
            prop_assert_eq!(out, runs);
        }
    }
}
