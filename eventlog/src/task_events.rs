//! The ends and starts of tasks, which are nearly all of a log, without a JSON reader: their keys are looked for in the order in which
//! `org.apache.spark.util.JsonProtocol` prints them. A line that deviates from what a successful task looks like is none here and is
//! read as every other event; the two ways give the same, which the tests hold for every line of every log at hand.

use crate::events::{Input, Number, Output, ShuffleRead, ShuffleWrite, TaskMetrics};
use crate::scan::{DEPTH, Scan, Value};
use std::ops::Range;

/// What the line of a task's end begins with.
pub(crate) const END: &[u8] = b"{\"Event\":\"SparkListenerTaskEnd\",";

/// What the line of a task's start begins with.
pub(crate) const START: &[u8] = b"{\"Event\":\"SparkListenerTaskStart\",";

/// A task's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TaskStarted {
    pub(crate) stage_id: Number,
    pub(crate) stage_attempt_id: Number,
    pub(crate) launch_time: Number,
}

/// The end of a task that succeeded.
#[derive(Debug, Default)]
pub(crate) struct TaskEnded {
    pub(crate) stage_id: Number,
    pub(crate) stage_attempt_id: Number,
    pub(crate) index: Number,
    pub(crate) attempt: Number,
    pub(crate) launch_time: Number,
    pub(crate) finish_time: Number,
    /// Where the line has the executor's id and the host: valid UTF-8.
    pub(crate) executor: Range<usize>,
    pub(crate) host: Range<usize>,
    pub(crate) metrics: Option<TaskMetrics>,
    pub(crate) jvm_heap_memory: Option<Number>,
}

/// What the tasks of a stage have in common: pieces of their lines that were read already. What begins with such a piece is read as it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo {
    stages: [StageMemo; MEMOS],
    /// `Push Based Shuffle`: all zero where there is none.
    push_based: Vec<u8>,
}

/// Stages that are remembered: those whose tasks run side by side.
const MEMOS: usize = 4;

/// Accumulables of a stage that are remembered.
const REMEMBERED: usize = 128;

/// Longest piece that is remembered.
const LONGEST: usize = 2_000;

#[derive(Debug, Clone, Default)]
struct StageMemo {
    stage: i64,
    /// `Task Executor Metrics`, and the heap in them.
    executor_metrics: (Vec<u8>, Number),
    accumulables: Vec<Accumulable>,
    /// What the accumulables are but for their numbers, a comma behind each: so what is to be expected between the numbers of one and of
    /// the next is one piece.
    text: Vec<u8>,
}

/// An accumulable but for its numbers: where it stands in the text.
#[derive(Debug, Clone, Copy)]
struct Accumulable {
    start: usize,
    /// Its update stands here, in front of its value.
    numbers: usize,
    /// Its comma stands here.
    end: usize,
    /// Whether the numbers stand in quotes.
    quoted: bool,
    id: u64,
    /// Whether it is a SQL metric.
    sql: bool,
}

impl Memo {
    fn stage(&mut self, stage: Number) -> &mut StageMemo {
        let stage = stage.or_zero();
        let memo = &mut self.stages[stage.unsigned_abs() as usize % MEMOS];
        if memo.stage != stage {
            *memo = StageMemo { stage, ..StageMemo::default() };
        }
        memo
    }
}

impl StageMemo {
    /// Reads accumulables as long as they are known; `next` is the one that is likely. Whether there was any.
    #[inline(always)]
    fn accumulables(
        &self,
        scan: &mut Scan<'_>,
        next: &mut usize,
        updates: &mut Vec<(u64, i64)>,
    ) -> bool {
        let (mut read, mut behind) = (false, scan.at);
        // Metrics that are zero are left out: some may be skipped.
        let likely = self.accumulables.get(*next..).unwrap_or_default().iter().take(3);
        let mut first = None;
        for (ahead, known) in likely.enumerate() {
            if scan.has(self.text(known.start, known.numbers)) {
                first = Some((*next + ahead, known));
                break;
            }
        }
        let Some((mut at, mut known)) = first else { return false };
        while let Some(update) = known.numbers(scan) {
            if let Some(follower) = self.accumulables.get(at + 1)
                && scan.has(self.text(known.numbers, follower.numbers))
            {
                behind = scan.at - (follower.numbers - known.end);
                if let Some(update) = update {
                    updates.push((known.id, update));
                }
                (read, at, known) = (true, at + 1, follower);
                continue;
            }
            if !scan.has(self.text(known.numbers, known.end)) {
                break;
            }
            if let Some(update) = update {
                updates.push((known.id, update));
            }
            *next = at + 1;
            return true;
        }
        scan.at = behind;
        *next = at;
        read
    }

    #[inline(always)]
    fn text(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Remembers one that was read, as the one that is likely: its text up to its numbers and behind them.
    fn remember(&mut self, known: Accumulable, front: &[u8], back: &[u8], next: &mut usize) {
        let length = front.len() + back.len() + 1;
        if length > LONGEST {
            return;
        }
        if self.accumulables.len() == REMEMBERED {
            self.accumulables.clear();
            self.text.clear();
        }
        *next = (*next).min(self.accumulables.len());
        let start = self.accumulables.get(*next).map_or(self.text.len(), |known| known.start);
        let numbers = start + front.len();
        let known = Accumulable { start, numbers, end: numbers + back.len(), ..known };
        self.text.splice(start..start, [front, back, b","].concat());
        for later in &mut self.accumulables[*next..] {
            later.start += length;
            later.numbers += length;
            later.end += length;
        }
        self.accumulables.insert(*next, known);
        *next += 1;
    }
}

impl Accumulable {
    /// Reads its numbers, and gives the update of a SQL metric: only that is wanted.
    #[inline(always)]
    fn numbers(&self, scan: &mut Scan<'_>) -> Option<Option<i64>> {
        let update = match (self.sql, self.quoted) {
            (true, true) => Some(scan.digits()?),
            (true, false) => Some(scan.integer()?),
            (false, _) => {
                scan.skip_integer()?;
                None
            }
        };
        scan.expect(if self.quoted { b"\",\"Value\":\"" } else { b",\"Value\":" })?;
        scan.skip_integer()?;
        Some(update)
    }
}

/// Reads the task's start that the bytes begin with, and tells where its line ends. What becomes of `updates` is of no use.
pub(crate) fn started(
    bytes: &[u8],
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<(TaskStarted, usize)> {
    const KEYS: [&[u8]; 4] =
        [b"\"Event\":", b"\"Stage ID\":", b"\"Stage Attempt ID\":", b"\"Task Info\":"];
    const INFO: [&[u8]; 5] = [
        b"\"Task ID\":",
        b"\"Index\":",
        b"\"Attempt\":",
        b"\"Partition ID\":",
        b"\"Launch Time\":",
    ];
    let mut scan = Scan::new(bytes);
    if let Some(start) = usual_start(&mut scan, memo, updates) {
        return Some((start, scan.end_of_line()?));
    }
    let mut start = TaskStarted::default();
    let mut seen = 0;
    let mut scan = Scan::new(bytes);
    scan.object(&KEYS, |scan, key| {
        match key {
            0 => return scan.string().map(drop),
            1 => start.stage_id = number(scan)?,
            2 => start.stage_attempt_id = number(scan)?,
            _ => scan.object(&INFO, |scan, key| {
                let value = number(scan)?;
                if key == 4 {
                    start.launch_time = value;
                }
                Some(())
            })?,
        }
        seen |= 1 << key;
        Some(())
    })?;
    // Without its stage it is no task's start.
    if seen != 0b1110 {
        return None;
    }
    Some((start, scan.end_of_line()?))
}

/// A start whose keys are those that Spark has printed since 3.0.
#[inline(always)]
fn usual_start(
    scan: &mut Scan<'_>,
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<TaskStarted> {
    scan.expect(b"{\"Event\":\"SparkListenerTaskStart\",\"Stage ID\":")?;
    let stage_id = number(scan)?;
    scan.expect(b",\"Stage Attempt ID\":")?;
    let stage_attempt_id = number(scan)?;
    scan.expect(b",\"Task Info\":{\"Task ID\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Index\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Attempt\":")?;
    scan.skip_integer()?;
    if scan.has(b",\"Partition ID\":") {
        scan.skip_integer()?;
    }
    scan.expect(b",\"Launch Time\":")?;
    let launch_time = number(scan)?;
    scan.expect(b",\"Executor ID\":")?;
    scan.string()?;
    scan.expect(b",\"Host\":")?;
    scan.string()?;
    scan.expect(b",\"Locality\":")?;
    scan.string()?;
    scan.expect(b",\"Speculative\":")?;
    boolean(scan)?;
    scan.expect(b",\"Getting Result Time\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Finish Time\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Failed\":false,\"Killed\":false,\"Accumulables\":")?;
    // Where the task was over before its start was written, there is more than it had by then.
    if !scan.has(b"[]") {
        accumulables(scan, memo.stage(stage_id), updates)?;
    }
    scan.expect(b"}}")?;
    Some(TaskStarted { stage_id, stage_attempt_id, launch_time })
}

#[inline(always)]
fn number(scan: &mut Scan<'_>) -> Option<Number> {
    Some(Number(Some(scan.integer()?)))
}

/// Reads the end of a successful task that the bytes begin with, and tells where its line ends. Its updates of SQL accumulators are added to
/// `updates`, which is empty.
pub(crate) fn ended(
    bytes: &[u8],
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<(TaskEnded, usize)> {
    let mut scan = Scan::new(bytes);
    if let Some(task) = usual_end(&mut scan, memo, updates) {
        return Some((task, scan.end_of_line()?));
    }
    updates.clear();
    let mut scan = Scan::new(bytes);
    let task = other_end(&mut scan, memo, updates)?;
    Some((task, scan.end_of_line()?))
}

/// An end whose keys are those that Spark has printed since 3.0.
#[inline(always)]
fn usual_end(
    scan: &mut Scan<'_>,
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<TaskEnded> {
    let mut task = TaskEnded::default();
    scan.expect(b"{\"Event\":\"SparkListenerTaskEnd\",\"Stage ID\":")?;
    task.stage_id = number(scan)?;
    scan.expect(b",\"Stage Attempt ID\":")?;
    task.stage_attempt_id = number(scan)?;
    scan.expect(b",\"Task Type\":")?;
    scan.string()?;
    scan.expect(b",\"Task End Reason\":{\"Reason\":\"Success\"},\"Task Info\":{\"Task ID\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Index\":")?;
    task.index = number(scan)?;
    scan.expect(b",\"Attempt\":")?;
    task.attempt = number(scan)?;
    if scan.has(b",\"Partition ID\":") {
        scan.skip_integer()?;
    }
    scan.expect(b",\"Launch Time\":")?;
    task.launch_time = number(scan)?;
    scan.expect(b",\"Executor ID\":")?;
    task.executor = text(scan)?;
    scan.expect(b",\"Host\":")?;
    task.host = text(scan)?;
    scan.expect(b",\"Locality\":")?;
    scan.string()?;
    scan.expect(b",\"Speculative\":false,\"Getting Result Time\":")?;
    scan.skip_integer()?;
    scan.expect(b",\"Finish Time\":")?;
    task.finish_time = number(scan)?;
    scan.expect(b",\"Failed\":false,\"Killed\":false,\"Accumulables\":")?;
    let stage = memo.stage(task.stage_id);
    accumulables(scan, stage, updates)?;
    scan.expect(b"},\"Task Executor Metrics\":")?;
    task.jvm_heap_memory = Some(heap(scan, stage)?);
    scan.expect(b",\"Task Metrics\":")?;
    task.metrics = Some(usual_metrics(scan, &mut memo.push_based)?);
    scan.expect(b"}")?;
    Some(task)
}

/// An end with any of the keys, in the order in which they are printed.
fn other_end(
    scan: &mut Scan<'_>,
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<TaskEnded> {
    const KEYS: [&[u8]; 8] = [
        b"\"Event\":",
        b"\"Stage ID\":",
        b"\"Stage Attempt ID\":",
        b"\"Task Type\":",
        b"\"Task End Reason\":",
        b"\"Task Info\":",
        b"\"Task Executor Metrics\":",
        b"\"Task Metrics\":",
    ];
    let mut task = TaskEnded::default();
    let mut seen = 0u32;
    scan.object(&KEYS, |scan, key| {
        match key {
            0 | 3 => {
                scan.string()?;
            }
            1 => task.stage_id = number(scan)?,
            2 => task.stage_attempt_id = number(scan)?,
            4 => scan.expect(b"{\"Reason\":\"Success\"}")?,
            5 => info(scan, &mut task, memo, updates)?,
            6 => task.jvm_heap_memory = Some(heap(scan, memo.stage(task.stage_id))?),
            _ => task.metrics = Some(metrics(scan, &mut memo.push_based)?),
        }
        seen |= 1 << key;
        Some(())
    })?;
    let needed = 1 << 1 | 1 << 4 | 1 << 5;
    (seen & needed == needed).then_some(task)
}

/// Reads `Task Executor Metrics`, and gives the heap in them.
#[inline(always)]
fn heap(scan: &mut Scan<'_>, memo: &mut StageMemo) -> Option<Number> {
    const HEAP: [&[u8]; 1] = [b"\"JVMHeapMemory\":"];
    let known = &mut memo.executor_metrics;
    // Mostly all zero: no heartbeat fell into the task.
    if !known.0.is_empty() && scan.has(&known.0) {
        return Some(known.1);
    }
    let start = scan.at;
    let mut heap = Number::default();
    scan.object(&HEAP, |scan, _| {
        heap = number(scan)?;
        Some(())
    })?;
    let text = scan.since(start);
    if text.len() <= LONGEST {
        known.0.clear();
        known.0.extend_from_slice(text);
        known.1 = heap;
    }
    Some(heap)
}

fn info(
    scan: &mut Scan<'_>,
    task: &mut TaskEnded,
    memo: &mut Memo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<()> {
    const KEYS: [&[u8]; 14] = [
        b"\"Task ID\":",
        b"\"Index\":",
        b"\"Attempt\":",
        b"\"Partition ID\":",
        b"\"Launch Time\":",
        b"\"Executor ID\":",
        b"\"Host\":",
        b"\"Locality\":",
        b"\"Speculative\":",
        b"\"Getting Result Time\":",
        b"\"Finish Time\":",
        b"\"Failed\":",
        b"\"Killed\":",
        b"\"Accumulables\":",
    ];
    scan.object(&KEYS, |scan, key| {
        match key {
            1 => task.index = number(scan)?,
            2 => task.attempt = number(scan)?,
            4 => task.launch_time = number(scan)?,
            5 => task.executor = text(scan)?,
            6 => task.host = text(scan)?,
            10 => task.finish_time = number(scan)?,
            8 | 11 | 12 if scan.has(b"false") => {}
            13 => accumulables(scan, memo.stage(task.stage_id), updates)?,
            _ => scan.skip()?,
        }
        Some(())
    })
}

/// Where a string stands.
fn text(scan: &mut Scan<'_>) -> Option<Range<usize>> {
    let start = scan.at + 1;
    let text = scan.string()?;
    if !text.is_ascii() {
        std::str::from_utf8(text).ok()?;
    }
    Some(start..start + text.len())
}

/// Reads what `JsonProtocol.accumulableInfoToJson` prints.
#[inline(always)]
fn accumulables(
    scan: &mut Scan<'_>,
    memo: &mut StageMemo,
    updates: &mut Vec<(u64, i64)>,
) -> Option<()> {
    scan.expect(b"[")?;
    if scan.has(b"]") {
        return Some(());
    }
    let mut next = 0;
    loop {
        if !memo.accumulables(scan, &mut next, updates) {
            accumulable(scan, memo, updates, &mut next)?;
        }
        if !scan.has(b",") {
            return scan.expect(b"]");
        }
    }
}

/// Reads an accumulable that is not remembered.
fn accumulable(
    scan: &mut Scan<'_>,
    memo: &mut StageMemo,
    updates: &mut Vec<(u64, i64)>,
    next: &mut usize,
) -> Option<()> {
    let start = scan.at;
    scan.expect(b"{\"ID\":")?;
    let id = scan.integer()?;
    scan.expect(b",\"Name\":")?;
    scan.string()?;
    let mut update = None;
    let (mut quoted, mut front) = (false, None);
    if scan.has(b",\"Update\":") {
        quoted = scan.rest().first() == Some(&b'"');
        front = Some(scan.at + usize::from(quoted));
        update = Some(scan.value(DEPTH)?);
    }
    let mut back = None;
    if scan.has(b",\"Value\":") {
        scan.skip_number()?;
        back = Some(scan.at - usize::from(quoted));
    }
    if !scan.has(b",\"Internal\":true,\"Count Failed Values\":true") {
        // Logs before Spark 2 have neither.
        for key in [&b",\"Internal\":"[..], b",\"Count Failed Values\":"] {
            if scan.has(key) {
                boolean(scan)?;
            }
        }
    }
    let sql = scan.has(b",\"Metadata\":") && scan.string()? == b"sql";
    scan.expect(b"}")?;
    match update {
        Some(Value::Integer(update)) if sql => updates.push((id.unsigned_abs(), update)),
        // Some of it are numbers too.
        Some(Value::Other) if sql => return None,
        _ => {}
    }
    if let (Some(front), Some(back), Some(Value::Integer(_))) = (front, back, update) {
        let id = id.unsigned_abs();
        let known = Accumulable { start: 0, numbers: 0, end: 0, quoted, id, sql };
        memo.remember(known, scan.between(start, front), scan.since(back), next);
    }
    Some(())
}

fn boolean(scan: &mut Scan<'_>) -> Option<()> {
    (scan.has(b"true") || scan.has(b"false")).then_some(())
}

/// Metrics with the keys that Spark has printed since 3.0.
#[inline(always)]
fn usual_metrics(scan: &mut Scan<'_>, push_based: &mut Vec<u8>) -> Option<TaskMetrics> {
    let mut task = TaskMetrics::default();
    let mut read = ShuffleRead::default();
    let mut write = ShuffleWrite::default();
    let (mut input, mut output) = (Input::default(), Output::default());
    scan.expect(b"{\"Executor Deserialize Time\":")?;
    task.executor_deserialize_time = number(scan)?;
    scan.expect(b",\"Executor Deserialize CPU Time\":")?;
    task.executor_deserialize_cpu_time = number(scan)?;
    scan.expect(b",\"Executor Run Time\":")?;
    task.executor_run_time = number(scan)?;
    scan.expect(b",\"Executor CPU Time\":")?;
    task.executor_cpu_time = number(scan)?;
    scan.expect(b",\"Peak Execution Memory\":")?;
    task.peak_execution_memory = number(scan)?;
    // Since 4.0.
    if scan.has(b",\"Peak On Heap Execution Memory\":") {
        scan.skip_integer()?;
        scan.expect(b",\"Peak Off Heap Execution Memory\":")?;
        scan.skip_integer()?;
    }
    scan.expect(b",\"Result Size\":")?;
    task.result_size = number(scan)?;
    scan.expect(b",\"JVM GC Time\":")?;
    task.jvm_gc_time = number(scan)?;
    scan.expect(b",\"Result Serialization Time\":")?;
    task.result_serialization_time = number(scan)?;
    scan.expect(b",\"Memory Bytes Spilled\":")?;
    task.memory_bytes_spilled = number(scan)?;
    scan.expect(b",\"Disk Bytes Spilled\":")?;
    task.disk_bytes_spilled = number(scan)?;
    scan.expect(b",\"Shuffle Read Metrics\":{\"Remote Blocks Fetched\":")?;
    read.remote_blocks_fetched = number(scan)?;
    scan.expect(b",\"Local Blocks Fetched\":")?;
    read.local_blocks_fetched = number(scan)?;
    scan.expect(b",\"Fetch Wait Time\":")?;
    read.fetch_wait_time = number(scan)?;
    scan.expect(b",\"Remote Bytes Read\":")?;
    read.remote_bytes_read = number(scan)?;
    scan.expect(b",\"Remote Bytes Read To Disk\":")?;
    read.remote_bytes_read_to_disk = number(scan)?;
    scan.expect(b",\"Local Bytes Read\":")?;
    read.local_bytes_read = number(scan)?;
    scan.expect(b",\"Total Records Read\":")?;
    read.records_read = number(scan)?;
    // Since 3.5.
    if scan.has(b",\"Remote Requests Duration\":") {
        scan.skip_integer()?;
        scan.expect(b",\"Push Based Shuffle\":")?;
        push_based_shuffle(scan, push_based)?;
    }
    scan.expect(b"},\"Shuffle Write Metrics\":{\"Shuffle Bytes Written\":")?;
    write.bytes_written = number(scan)?;
    scan.expect(b",\"Shuffle Write Time\":")?;
    write.write_time = number(scan)?;
    scan.expect(b",\"Shuffle Records Written\":")?;
    write.records_written = number(scan)?;
    scan.expect(b"},\"Input Metrics\":{\"Bytes Read\":")?;
    input.bytes_read = number(scan)?;
    scan.expect(b",\"Records Read\":")?;
    input.records_read = number(scan)?;
    scan.expect(b"},\"Output Metrics\":{\"Bytes Written\":")?;
    output.bytes_written = number(scan)?;
    scan.expect(b",\"Records Written\":")?;
    output.records_written = number(scan)?;
    scan.expect(b"},\"Updated Blocks\":")?;
    if !scan.has(b"[]") {
        scan.skip()?;
    }
    scan.expect(b"}")?;
    (task.shuffle_read, task.shuffle_write) = (Some(read), Some(write));
    (task.input, task.output) = (Some(input), Some(output));
    Some(task)
}

/// Steps over `Push Based Shuffle`, which is mostly what it was the last time.
#[inline(always)]
fn push_based_shuffle(scan: &mut Scan<'_>, known: &mut Vec<u8>) -> Option<()> {
    if known.is_empty() || !scan.has(known) {
        let start = scan.at;
        scan.skip()?;
        known.clear();
        known.extend_from_slice(scan.since(start));
    }
    Some(())
}

/// Metrics with any of the keys, in the order in which they are printed.
fn metrics(scan: &mut Scan<'_>, push_based: &mut Vec<u8>) -> Option<TaskMetrics> {
    const KEYS: [&[u8]; 17] = [
        b"\"Executor Deserialize Time\":",
        b"\"Executor Deserialize CPU Time\":",
        b"\"Executor Run Time\":",
        b"\"Executor CPU Time\":",
        b"\"Peak Execution Memory\":",
        b"\"Peak On Heap Execution Memory\":",
        b"\"Peak Off Heap Execution Memory\":",
        b"\"Result Size\":",
        b"\"JVM GC Time\":",
        b"\"Result Serialization Time\":",
        b"\"Memory Bytes Spilled\":",
        b"\"Disk Bytes Spilled\":",
        b"\"Shuffle Read Metrics\":",
        b"\"Shuffle Write Metrics\":",
        b"\"Input Metrics\":",
        b"\"Output Metrics\":",
        b"\"Updated Blocks\":",
    ];
    const WRITE: [&[u8]; 3] = [
        b"\"Shuffle Bytes Written\":",
        b"\"Shuffle Write Time\":",
        b"\"Shuffle Records Written\":",
    ];
    const INPUT: [&[u8]; 2] = [b"\"Bytes Read\":", b"\"Records Read\":"];
    const OUTPUT: [&[u8]; 2] = [b"\"Bytes Written\":", b"\"Records Written\":"];
    let mut task = TaskMetrics::default();
    scan.object(&KEYS, |scan, key| {
        match key {
            0 => task.executor_deserialize_time = number(scan)?,
            1 => task.executor_deserialize_cpu_time = number(scan)?,
            2 => task.executor_run_time = number(scan)?,
            3 => task.executor_cpu_time = number(scan)?,
            4 => task.peak_execution_memory = number(scan)?,
            7 => task.result_size = number(scan)?,
            8 => task.jvm_gc_time = number(scan)?,
            9 => task.result_serialization_time = number(scan)?,
            10 => task.memory_bytes_spilled = number(scan)?,
            11 => task.disk_bytes_spilled = number(scan)?,
            12 => task.shuffle_read = Some(shuffle_read(scan, push_based)?),
            13 => {
                let mut write = ShuffleWrite::default();
                scan.object(&WRITE, |scan, key| {
                    let value = number(scan)?;
                    match key {
                        0 => write.bytes_written = value,
                        1 => write.write_time = value,
                        _ => write.records_written = value,
                    }
                    Some(())
                })?;
                task.shuffle_write = Some(write);
            }
            14 => {
                let mut input = Input::default();
                scan.object(&INPUT, |scan, key| {
                    let value = number(scan)?;
                    *(if key == 0 { &mut input.bytes_read } else { &mut input.records_read }) =
                        value;
                    Some(())
                })?;
                task.input = Some(input);
            }
            15 => {
                let mut output = Output::default();
                scan.object(&OUTPUT, |scan, key| {
                    let value = number(scan)?;
                    *(if key == 0 {
                        &mut output.bytes_written
                    } else {
                        &mut output.records_written
                    }) = value;
                    Some(())
                })?;
                task.output = Some(output);
            }
            16 if scan.has(b"[]") => {}
            _ => scan.skip()?,
        }
        Some(())
    })?;
    Some(task)
}

fn shuffle_read(scan: &mut Scan<'_>, push_based: &mut Vec<u8>) -> Option<ShuffleRead> {
    const KEYS: [&[u8]; 9] = [
        b"\"Remote Blocks Fetched\":",
        b"\"Local Blocks Fetched\":",
        b"\"Fetch Wait Time\":",
        b"\"Remote Bytes Read\":",
        b"\"Remote Bytes Read To Disk\":",
        b"\"Local Bytes Read\":",
        b"\"Total Records Read\":",
        b"\"Remote Requests Duration\":",
        b"\"Push Based Shuffle\":",
    ];
    let mut read = ShuffleRead::default();
    scan.object(&KEYS, |scan, key| {
        match key {
            0 => read.remote_blocks_fetched = number(scan)?,
            1 => read.local_blocks_fetched = number(scan)?,
            2 => read.fetch_wait_time = number(scan)?,
            3 => read.remote_bytes_read = number(scan)?,
            4 => read.remote_bytes_read_to_disk = number(scan)?,
            5 => read.local_bytes_read = number(scan)?,
            6 => read.records_read = number(scan)?,
            8 => push_based_shuffle(scan, push_based)?,
            _ => scan.skip()?,
        }
        Some(())
    })?;
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;
    use std::path::{Path, PathBuf};

    /// Every log at hand: recorded ones, and Spark's own where the environment names them.
    fn logs() -> Vec<(PathBuf, Vec<u8>)> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![own.join("tests"), own.join("../examples"), own.join("../tests")];
        folders.extend(
            std::env::var_os("STAGELIGHT_SPARK_HISTORY")
                .map(|folder| PathBuf::from(folder).join("spark-events")),
        );
        let mut logs = Vec::new();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                if bytes.starts_with(b"{\"Event\"") {
                    logs.push((path, bytes));
                } else if let Ok(bytes) = zstd::decode_all(bytes.as_slice())
                    && bytes.starts_with(b"{\"Event\"")
                {
                    logs.push((path, bytes));
                }
            }
        }
        logs
    }

    #[test]
    fn both_ways_give_the_same_and_this_one_is_taken() {
        let (mut tasks, mut taken) = (0, 0);
        for (path, bytes) in logs() {
            let (mut fast, mut slow) = (State::default(), State::default());
            for line in bytes.split(|&byte| byte == b'\n') {
                fast.line(line);
                slow.other(line);
                if line.starts_with(END)
                    && line.windows(21).any(|it| {
                        it == b"{\"Reason\":\"Success\"}}"
                            || it.starts_with(b"{\"Reason\":\"Success\"}")
                    })
                {
                    tasks += 1;
                    taken +=
                        usize::from(ended(line, &mut Memo::default(), &mut Vec::new()).is_some());
                } else if line.starts_with(START) {
                    tasks += 1;
                    taken +=
                        usize::from(started(line, &mut Memo::default(), &mut Vec::new()).is_some());
                }
            }
            assert!(fast.spark_events == slow.spark_events, "{}", path.display());
            assert!(fast.finish() == slow.finish(), "{}", path.display());
        }
        assert!(tasks > 100 && taken == tasks, "{taken} of {tasks}");
    }

    /// A line of every kind of value, as Spark 4 prints it.
    const LINE: &str = r#"{"Event":"SparkListenerTaskEnd","Stage ID":3,"Stage Attempt ID":1,"Task Type":"ResultTask","Task End Reason":{"Reason":"Success"},"Task Info":{"Task ID":7,"Index":2,"Attempt":1,"Partition ID":2,"Launch Time":1000,"Executor ID":"4","Host":"hé","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":1010,"Failed":false,"Killed":false,"Accumulables":[{"ID":9,"Name":"rows","Update":"12","Value":"40","Internal":true,"Count Failed Values":true,"Metadata":"sql"},{"ID":1,"Name":"internal.metrics.updatedBlockStatuses","Update":[{"Block ID":"rdd_1_2","Status":{"Memory Size":5}}],"Internal":true,"Count Failed Values":true},{"ID":2,"Name":"mine","Update":3,"Value":3,"Internal":false,"Count Failed Values":false}]},"Task Executor Metrics":{"JVMHeapMemory":5,"MinorGCTime":0},"Task Metrics":{"Executor Run Time":9,"Peak On Heap Execution Memory":1,"Shuffle Read Metrics":{"Remote Bytes Read":6,"Push Based Shuffle":{"Merged Remote Blocks Fetched":0}},"Shuffle Write Metrics":{"Shuffle Bytes Written":8},"Input Metrics":{"Bytes Read":1,"Records Read":2},"Output Metrics":{"Bytes Written":3,"Records Written":4},"Updated Blocks":[]}}"#;

    /// A line with all keys that Spark 4 prints, in their order, and accumulables that follow each other.
    const USUAL: &str = r#"{"Event":"SparkListenerTaskEnd","Stage ID":3,"Stage Attempt ID":1,"Task Type":"ResultTask","Task End Reason":{"Reason":"Success"},"Task Info":{"Task ID":7,"Index":2,"Attempt":1,"Partition ID":2,"Launch Time":1000,"Executor ID":"4","Host":"h","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":1010,"Failed":false,"Killed":false,"Accumulables":[{"ID":9,"Name":"rows","Update":"12","Value":"40","Internal":true,"Count Failed Values":true,"Metadata":"sql"},{"ID":10,"Name":"size","Update":"123456789","Value":"1234567890123456","Internal":true,"Count Failed Values":true,"Metadata":"sql"},{"ID":11,"Name":"run","Update":12,"Value":40,"Internal":true,"Count Failed Values":true}]},"Task Executor Metrics":{"JVMHeapMemory":5,"MinorGCTime":0},"Task Metrics":{"Executor Deserialize Time":1,"Executor Deserialize CPU Time":123456789,"Executor Run Time":9,"Executor CPU Time":12,"Peak Execution Memory":1,"Peak On Heap Execution Memory":1,"Peak Off Heap Execution Memory":0,"Result Size":2,"JVM GC Time":3,"Result Serialization Time":4,"Memory Bytes Spilled":5,"Disk Bytes Spilled":6,"Shuffle Read Metrics":{"Remote Blocks Fetched":1,"Local Blocks Fetched":2,"Fetch Wait Time":3,"Remote Bytes Read":4,"Remote Bytes Read To Disk":5,"Local Bytes Read":6,"Total Records Read":7,"Remote Requests Duration":8,"Push Based Shuffle":{"Merged Fetch Fallback Count":0}},"Shuffle Write Metrics":{"Shuffle Bytes Written":8,"Shuffle Write Time":9,"Shuffle Records Written":1},"Input Metrics":{"Bytes Read":1,"Records Read":2},"Output Metrics":{"Bytes Written":3,"Records Written":4},"Updated Blocks":[]}}"#;

    /// A task's start, as Spark 4 prints it.
    const STARTED: &str = r#"{"Event":"SparkListenerTaskStart","Stage ID":3,"Stage Attempt ID":1,"Task Info":{"Task ID":7,"Index":2,"Attempt":1,"Partition ID":2,"Launch Time":1000,"Executor ID":"4","Host":"hé","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":0,"Failed":false,"Killed":false,"Accumulables":[]}}"#;

    #[test]
    fn whatever_a_line_is_changed_to_both_ways_give_the_same() {
        let mut updates = Vec::new();
        let (task, end) = ended(LINE.as_bytes(), &mut Memo::default(), &mut updates).unwrap();
        assert_eq!((updates.as_slice(), task.index), (&[(9, 12)][..], Number(Some(2))));
        assert_eq!(end, LINE.len());
        let mut memo = Memo::default();
        assert!(ended(LINE.as_bytes(), &mut memo, &mut Vec::new()).is_some());
        assert!(
            started(STARTED.as_bytes(), &mut memo, &mut updates)
                .is_some_and(|(_, end)| end == STARTED.len())
        );
        updates.clear();
        let task = usual_end(&mut Scan::new(USUAL.as_bytes()), &mut memo, &mut updates);
        assert!(task.is_some() && updates == [(9, 12), (10, 123_456_789)], "{updates:?}");
        // Over before its start was written.
        let late = STARTED.replace("[]", r#"[{"ID":9,"Name":"rows","Update":"12","Value":"40","Internal":true,"Count Failed Values":true,"Metadata":"sql"}]"#);
        assert!(usual_start(&mut Scan::new(late.as_bytes()), &mut memo, &mut updates).is_some());
        for line in [LINE, USUAL, STARTED, &late] {
            both_ways(line, memo.clone());
        }
    }

    #[test]
    fn accumulables_are_known_again_whichever_are_left_out() {
        let one = |id: u64, update: u64| {
            let (quote, metadata) =
                if id.is_multiple_of(2) { ("\"", ",\"Metadata\":\"sql\"") } else { ("", "") };
            format!(
                "{{\"ID\":{id},\"Name\":\"n\",\"Update\":{quote}{update}{quote},\"Value\":{quote}{update}{quote},\"Internal\":true,\"Count Failed Values\":true{metadata}}}"
            )
        };
        let mut memo = StageMemo::default();
        for set in (0u64..64).chain((0..64).rev()) {
            let ids = (0..6).filter(|id| set >> id & 1 == 1);
            let texts: Vec<String> = ids.clone().map(|id| one(id, set * 1_000_003 + id)).collect();
            let text = format!("[{}]", texts.join(","));
            let mut updates = Vec::new();
            let mut scan = Scan::new(text.as_bytes());
            accumulables(&mut scan, &mut memo, &mut updates).unwrap();
            let expected: Vec<(u64, i64)> = ids
                .filter(|id| id.is_multiple_of(2))
                .map(|id| (id, (set * 1_000_003 + id).cast_signed()))
                .collect();
            assert_eq!(updates, expected, "{text}");
            assert!(scan.rest().is_empty());
        }
        for pair in memo.accumulables.windows(2) {
            assert_eq!(pair[0].end + 1, pair[1].start);
        }
        let texts = memo.accumulables.iter().map(|known| &memo.text[known.start..=known.end]);
        assert_eq!(texts.collect::<Vec<_>>().concat(), memo.text);
    }

    /// Holds both ways of reading to the same for a line with any change; `memo` is what is remembered, which makes no difference.
    fn both_ways(line: &str, mut memo: Memo) {
        let mut check = |line: &[u8]| {
            let (mut fast, mut slow) = (State::default(), State::default());
            fast.memo = memo.clone();
            fast.line(line);
            memo = std::mem::take(&mut fast.memo);
            slow.other(line);
            assert!(fast.finish() == slow.finish(), "{}", String::from_utf8_lossy(line));
        };
        // Any byte made another one, left out, or the last.
        for at in 0..line.len() {
            for byte in [b'"', b'\\', b'{', b'}', b',', b'0', b'-', b'1', b' ', b'e', 0x7f, 0xff, 0]
            {
                let mut changed = line.as_bytes().to_vec();
                changed[at] = byte;
                check(&changed);
            }
            check(&[&line.as_bytes()[..at], &line.as_bytes()[at + 1..]].concat());
            check(&line.as_bytes()[..at]);
        }
        // Values of another kind, and keys that repeat.
        let numbers: [&str; 10] =
            ["-1", "0", "1.0", "1e3", "\"5\"", "null", "[]", "{}", "99999999999999999999", "\"x\""];
        let places: Vec<usize> = line.match_indices("\":").map(|(at, _)| at + 2).collect();
        for place in places {
            let rest = &line[place..];
            let end = rest.find([',', '}']).unwrap();
            for value in numbers {
                check(format!("{}{value}{}", &line[..place], &rest[end..]).as_bytes());
            }
            let key = line[..place - 2].rfind('"').unwrap();
            let again = format!("{}{},{}", &line[..key], &line[key..place + end], &line[key..]);
            check(again.as_bytes());
        }
    }
}
