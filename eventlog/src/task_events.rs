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
    pub(crate) executor: Range<u32>,
    pub(crate) host: Range<u32>,
    pub(crate) metrics: Option<TaskMetrics>,
    pub(crate) jvm_heap_memory: Option<Number>,
}

/// What the tasks of a stage have in common: pieces of their lines that were read already. What begins with such a piece is read as it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo {
    stages: [StageMemo; MEMOS],
    /// What follows the host of a task's start, to the end of its line.
    start: Vec<u8>,
    /// What stands between the host and the finish time of a task's end.
    between: Vec<u8>,
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
}

/// An accumulable but for its numbers.
#[derive(Debug, Clone)]
struct Accumulable {
    /// Up to its update.
    front: Vec<u8>,
    /// Behind its value.
    back: Vec<u8>,
    /// Whether the numbers stand in quotes.
    quoted: bool,
    id: i64,
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
    /// Reads the accumulable that stands here, if it is known; `next` is the one that is likely. The flag says that it is a SQL metric.
    #[inline(always)]
    fn accumulable(&self, scan: &mut Scan<'_>, next: &mut usize) -> Option<(i64, i64, bool)> {
        // Metrics that are zero are left out: some may be skipped.
        let likely = self.accumulables.get(*next..)?.iter().take(3);
        for (ahead, known) in likely.enumerate() {
            let start = scan.at;
            if scan.has(&known.front) {
                if let Some(update) = known.numbers(scan) {
                    *next += ahead + 1;
                    return Some((known.id, update, known.sql));
                }
                scan.at = start;
                return None;
            }
        }
        None
    }

    /// Remembers one that was read.
    fn remember(&mut self, known: Accumulable, next: &mut usize) {
        if known.front.len() + known.back.len() > LONGEST {
            return;
        }
        if self.accumulables.len() == REMEMBERED {
            self.accumulables.clear();
        }
        *next = (*next).min(self.accumulables.len());
        self.accumulables.insert(*next, known);
        *next += 1;
    }
}

impl Accumulable {
    /// Reads what follows its front, and gives the update.
    #[inline(always)]
    fn numbers(&self, scan: &mut Scan<'_>) -> Option<i64> {
        let update = if self.quoted { scan.digits() } else { scan.integer() }?;
        scan.expect(if self.quoted { b"\",\"Value\":\"" } else { b",\"Value\":" })?;
        scan.integer()?;
        scan.expect(&self.back)?;
        Some(update)
    }
}

/// Reads a task's start.
pub(crate) fn started(line: &[u8], memo: &mut Memo) -> Option<TaskStarted> {
    const KEYS: [&[u8]; 4] =
        [b"\"Event\":", b"\"Stage ID\":", b"\"Stage Attempt ID\":", b"\"Task Info\":"];
    const INFO: [&[u8]; 5] = [
        b"\"Task ID\":",
        b"\"Index\":",
        b"\"Attempt\":",
        b"\"Partition ID\":",
        b"\"Launch Time\":",
    ];
    if let Some(start) = usual_start(line, &mut memo.start) {
        return Some(start);
    }
    let mut start = TaskStarted::default();
    let mut seen = 0;
    let mut scan = Scan::new(line);
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
    if !scan.is_over() || seen != 0b1110 {
        return None;
    }
    // What ends as this one does is read at once.
    let mut rest = Vec::new();
    if usual_start(line, &mut rest) == Some(start) {
        memo.start = rest;
    }
    Some(start)
}

/// A start whose keys are those that Spark prints and that ends with `rest`, which is what it ends with where it is empty.
#[inline(always)]
fn usual_start(line: &[u8], rest: &mut Vec<u8>) -> Option<TaskStarted> {
    let mut scan = Scan::new(line);
    scan.expect(b"{\"Event\":\"SparkListenerTaskStart\",\"Stage ID\":")?;
    let stage_id = number(&mut scan)?;
    scan.expect(b",\"Stage Attempt ID\":")?;
    let stage_attempt_id = number(&mut scan)?;
    scan.expect(b",\"Task Info\":{\"Task ID\":")?;
    scan.integer()?;
    scan.expect(b",\"Index\":")?;
    scan.integer()?;
    scan.expect(b",\"Attempt\":")?;
    scan.integer()?;
    if scan.has(b",\"Partition ID\":") {
        scan.integer()?;
    }
    scan.expect(b",\"Launch Time\":")?;
    let launch_time = number(&mut scan)?;
    scan.expect(b",\"Executor ID\":")?;
    scan.string()?;
    scan.expect(b",\"Host\":")?;
    scan.string()?;
    if rest.is_empty() {
        rest.extend_from_slice(scan.rest());
    } else if scan.rest() != rest.as_slice() {
        return None;
    }
    Some(TaskStarted { stage_id, stage_attempt_id, launch_time })
}

#[inline(always)]
fn number(scan: &mut Scan<'_>) -> Option<Number> {
    Some(Number(Some(scan.integer()?)))
}

/// Reads a successful task's end, and adds its updates of SQL accumulators to `updates`.
pub(crate) fn ended(
    line: &[u8],
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
    const HEAP: [&[u8]; 1] = [b"\"JVMHeapMemory\":"];
    let mut task = TaskEnded::default();
    let mut seen = 0u32;
    let mut scan = Scan::new(line);
    scan.object(&KEYS, |scan, key| {
        match key {
            0 | 3 => {
                scan.string()?;
            }
            1 => task.stage_id = number(scan)?,
            2 => task.stage_attempt_id = number(scan)?,
            4 => scan.expect(b"{\"Reason\":\"Success\"}")?,
            5 => info(scan, &mut task, memo, updates)?,
            6 => {
                let known = &mut memo.stage(task.stage_id).executor_metrics;
                // Mostly all zero: no heartbeat fell into the task.
                if !known.0.is_empty() && scan.has(&known.0) {
                    task.jvm_heap_memory = Some(known.1);
                } else {
                    let start = scan.at;
                    let mut heap = Number::default();
                    scan.object(&HEAP, |scan, _| {
                        heap = number(scan)?;
                        Some(())
                    })?;
                    let text = scan.since(start);
                    if text.len() <= LONGEST {
                        *known = (text.to_vec(), heap);
                    }
                    task.jvm_heap_memory = Some(heap);
                }
            }
            _ => task.metrics = Some(metrics(scan, &mut memo.push_based)?),
        }
        seen |= 1 << key;
        Some(())
    })?;
    let needed = 1 << 1 | 1 << 4 | 1 << 5;
    (scan.is_over() && seen & needed == needed).then_some(task)
}

#[inline(always)]
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
    let mut behind_host = 0;
    scan.object(&KEYS, |scan, key| {
        match key {
            1 => task.index = number(scan)?,
            2 => task.attempt = number(scan)?,
            4 => task.launch_time = number(scan)?,
            5 => task.executor = text(scan)?,
            6 => {
                task.host = text(scan)?;
                behind_host = scan.at;
                // Mostly the same for all tasks, and the finish time behind it.
                if !memo.between.is_empty() && scan.has(&memo.between) {
                    let finish_time = number(scan);
                    if finish_time.is_some() && scan.rest().starts_with(b",\"Failed\":") {
                        task.finish_time = finish_time?;
                    } else {
                        scan.at = behind_host;
                    }
                }
            }
            10 => {
                let between = scan.between(behind_host, scan.at);
                task.finish_time = number(scan)?;
                if behind_host > 0 && between.len() <= LONGEST {
                    memo.between.clear();
                    memo.between.extend_from_slice(between);
                }
            }
            8 | 11 | 12 if scan.has(b"false") => {}
            13 => accumulables(scan, memo.stage(task.stage_id), updates)?,
            _ => scan.skip()?,
        }
        Some(())
    })
}

/// Where a string stands.
fn text(scan: &mut Scan<'_>) -> Option<Range<u32>> {
    let start = u32::try_from(scan.at + 1).ok()?;
    let text = scan.string()?;
    std::str::from_utf8(text).ok()?;
    Some(start..start + u32::try_from(text.len()).ok()?)
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
        if let Some((id, update, sql)) = memo.accumulable(scan, &mut next) {
            if sql {
                updates.push((id.unsigned_abs(), update));
            }
        } else {
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
        let front = scan.between(start, front).to_vec();
        let back = scan.since(back).to_vec();
        memo.remember(Accumulable { front, back, quoted, id, sql }, next);
    }
    Some(())
}

fn boolean(scan: &mut Scan<'_>) -> Option<()> {
    (scan.has(b"true") || scan.has(b"false")).then_some(())
}

#[inline(always)]
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

#[inline(always)]
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
            8 if !push_based.is_empty() && scan.has(push_based) => {}
            8 => {
                let start = scan.at;
                scan.skip()?;
                push_based.clear();
                push_based.extend_from_slice(scan.since(start));
            }
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
                    taken += usize::from(started(line, &mut Memo::default()).is_some());
                }
            }
            assert!(fast.spark_events == slow.spark_events, "{}", path.display());
            assert!(fast.finish() == slow.finish(), "{}", path.display());
        }
        assert!(tasks > 100 && taken == tasks, "{taken} of {tasks}");
    }

    /// A line of every kind of value, as Spark 4 prints it.
    const LINE: &str = r#"{"Event":"SparkListenerTaskEnd","Stage ID":3,"Stage Attempt ID":1,"Task Type":"ResultTask","Task End Reason":{"Reason":"Success"},"Task Info":{"Task ID":7,"Index":2,"Attempt":1,"Partition ID":2,"Launch Time":1000,"Executor ID":"4","Host":"hé","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":1010,"Failed":false,"Killed":false,"Accumulables":[{"ID":9,"Name":"rows","Update":"12","Value":"40","Internal":true,"Count Failed Values":true,"Metadata":"sql"},{"ID":1,"Name":"internal.metrics.updatedBlockStatuses","Update":[{"Block ID":"rdd_1_2","Status":{"Memory Size":5}}],"Internal":true,"Count Failed Values":true},{"ID":2,"Name":"mine","Update":3,"Value":3,"Internal":false,"Count Failed Values":false}]},"Task Executor Metrics":{"JVMHeapMemory":5,"MinorGCTime":0},"Task Metrics":{"Executor Run Time":9,"Peak On Heap Execution Memory":1,"Shuffle Read Metrics":{"Remote Bytes Read":6,"Push Based Shuffle":{"Merged Remote Blocks Fetched":0}},"Shuffle Write Metrics":{"Shuffle Bytes Written":8},"Input Metrics":{"Bytes Read":1,"Records Read":2},"Output Metrics":{"Bytes Written":3,"Records Written":4},"Updated Blocks":[]}}"#;

    /// A task's start, as Spark 4 prints it.
    const STARTED: &str = r#"{"Event":"SparkListenerTaskStart","Stage ID":3,"Stage Attempt ID":1,"Task Info":{"Task ID":7,"Index":2,"Attempt":1,"Partition ID":2,"Launch Time":1000,"Executor ID":"4","Host":"hé","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":0,"Failed":false,"Killed":false,"Accumulables":[]}}"#;

    #[test]
    fn whatever_a_line_is_changed_to_both_ways_give_the_same() {
        let mut updates = Vec::new();
        let task = ended(LINE.as_bytes(), &mut Memo::default(), &mut updates).unwrap();
        assert_eq!((updates.as_slice(), task.index), (&[(9, 12)][..], Number(Some(2))));
        let mut memo = Memo::default();
        assert!(ended(LINE.as_bytes(), &mut memo, &mut Vec::new()).is_some());
        assert!(started(STARTED.as_bytes(), &mut memo).is_some() && !memo.start.is_empty());
        for line in [LINE, STARTED] {
            both_ways(line, memo.clone());
        }
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
