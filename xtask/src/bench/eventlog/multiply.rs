//! A log of any size from one that Spark wrote: its stages, jobs, tasks and executions again and again, each time with new ids.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use memchr::memmem;

use super::Result;

/// What stands once in a log, however often the rest does.
const ONCE: [&str; 7] = [
    "LogStart",
    "ResourceProfileAdded",
    "ExecutorAdded",
    "BlockManagerAdded",
    "EnvironmentUpdate",
    "ApplicationStart",
    "ApplicationEnd",
];

/// Keys of ids, with the length of a line's beginning in which a task's event has its own.
const TASK_HEAD: usize = 400;

/// The first ids that are free.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Ids {
    stage: u64,
    job: u64,
    task: u64,
    execution: u64,
}

/// Writes a log of at least `bytes`, and tells how many it has.
pub(super) fn multiply(log: &[u8], target: &Path, bytes: u64) -> Result<u64> {
    let lines: Vec<&[u8]> = log.split(|&byte| byte == b'\n').filter(|it| !it.is_empty()).collect();
    let once = |line: &&&[u8]| {
        let head = String::from_utf8_lossy(&line[..line.len().min(80)]);
        ONCE.iter().any(|name| head.contains(name))
    };
    let ends =
        |line: &&&[u8]| memmem::find(&line[..line.len().min(80)], b"ApplicationEnd").is_some();
    let body: Vec<&[u8]> = lines.iter().filter(|line| !once(line)).copied().collect();
    let free = free(&body);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(target)?);
    let mut written = 0;
    let mut put = |line: &[u8]| -> Result<()> {
        out.write_all(line)?;
        out.write_all(b"\n")?;
        written += line.len() as u64 + 1;
        Ok(())
    };
    let mut size = 0;
    for line in lines.iter().filter(|line| !ends(line)) {
        put(line)?;
        size += line.len() as u64 + 1;
    }
    let mut copy = 1;
    let each: u64 = body.iter().map(|line| line.len() as u64 + 1).sum();
    while size < bytes && each > 0 {
        for line in &body {
            put(&shifted(line, free, copy))?;
        }
        size += each;
        copy += 1;
    }
    for line in lines.iter().filter(ends) {
        put(line)?;
    }
    out.flush()?;
    Ok(written)
}

/// The first ids that no line has.
fn free(lines: &[&[u8]]) -> Ids {
    let mut ids = Ids::default();
    for line in lines {
        let head = &line[..line.len().min(TASK_HEAD)];
        for (key, id) in [
            ("\"Stage ID\":", &mut ids.stage),
            ("\"Job ID\":", &mut ids.job),
            ("\"Task ID\":", &mut ids.task),
            ("\"executionId\":", &mut ids.execution),
        ] {
            if let Some(at) = memmem::find(head, key.as_bytes()) {
                let (value, _) = number(&line[at + key.len()..]);
                *id = value.map_or(*id, |value| (value + 1).max(*id));
            }
        }
    }
    ids
}

/// A line with ids of its own.
fn shifted(line: &[u8], free: Ids, copy: u64) -> Vec<u8> {
    let is_task = memmem::find(&line[..line.len().min(40)], b"ListenerTask").is_some();
    // Far behind its beginning a task's event has no such key.
    let (head, tail) = line.split_at(if is_task { line.len().min(TASK_HEAD) } else { line.len() });
    let mut head = head.to_vec();
    for (key, first) in [
        ("\"Stage ID\":", free.stage),
        ("\"Task ID\":", free.task),
        ("\"Job ID\":", free.job),
        ("\"executionId\":", free.execution),
        ("\"Stage IDs\":[", free.stage),
        ("\"spark.sql.execution.id\":\"", free.execution),
        ("\"spark.sql.execution.root.id\":\"", free.execution),
    ] {
        head = add(&head, key.as_bytes(), first * copy);
    }
    head.extend_from_slice(tail);
    head
}

/// Adds to the numbers, separated by commas, behind each `key`.
fn add(line: &[u8], key: &[u8], more: u64) -> Vec<u8> {
    let mut result = Vec::with_capacity(line.len() + 16);
    let mut done = 0;
    for at in memmem::find_iter(line, key) {
        let mut from = at + key.len();
        result.extend_from_slice(&line[done..from]);
        done = from;
        while let (Some(value), length) = number(&line[from..]) {
            result.extend_from_slice((value + more).to_string().as_bytes());
            from += length;
            done = from;
            if line.get(from) != Some(&b',') || key.last() != Some(&b'[') {
                break;
            }
            result.push(b',');
            from += 1;
            done = from;
        }
    }
    result.extend_from_slice(&line[done..]);
    result
}

/// The number that stands here, and its length.
fn number(text: &[u8]) -> (Option<u64>, usize) {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (std::str::from_utf8(&text[..length]).ok().and_then(|it| it.parse().ok()), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_ids_of_their_own() {
        let log = concat!(
            r#"{"Event":"SparkListenerApplicationStart","App Name":"a"}"#,
            "\n",
            r#"{"Event":"SparkListenerJobStart","Job ID":1,"Stage Infos":[{"Stage ID":2},{"Stage ID":3}],"Stage IDs":[2,3],"Properties":{"spark.sql.execution.id":"0"}}"#,
            "\n",
            r#"{"Event":"SparkListenerTaskEnd","Stage ID":3,"Task Info":{"Task ID":7}}"#,
            "\n",
            r#"{"Event":"SparkListenerApplicationEnd"}"#,
            "\n",
        );
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("log");
        let bytes = multiply(log.as_bytes(), &target, 600).unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        assert_eq!(bytes, text.len() as u64);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8);
        assert!(lines[0].contains("ApplicationStart") && lines[7].contains("ApplicationEnd"));
        assert_eq!(
            lines[3],
            r#"{"Event":"SparkListenerJobStart","Job ID":3,"Stage Infos":[{"Stage ID":6},{"Stage ID":7}],"Stage IDs":[6,7],"Properties":{"spark.sql.execution.id":"0"}}"#
        );
        assert_eq!(
            lines[6],
            r#"{"Event":"SparkListenerTaskEnd","Stage ID":11,"Task Info":{"Task ID":23}}"#
        );
    }
}
