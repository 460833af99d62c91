//! A run joined with the sources as they were when it started, and moved to where its calls stand today.
//!
//! Lines are those of the text that ran, so that each anchor meets its call and plans are matched with the lineage that they came from. What was found
//! then goes by call keys to the text of today. A call whose key is gone keeps its cost, and has no line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eventlog::Profile;
use program::{CallKey, LineIndex, Program};
use rustc_hash::FxHashMap;

use super::{JoinFile, join_all};
use crate::data::DataFile;
use crate::evidence::{GoneCall, Run};

/// A file as it was when a run started.
#[derive(Debug, Clone)]
pub struct EarlierFile {
    /// Its path as the host names it.
    pub path: String,
    /// Its text then.
    pub text: Arc<str>,
    /// Its program then, linked with the other files as they were.
    pub program: Arc<Program>,
}

/// Where the lines of an earlier text stand today.
#[derive(Debug)]
pub struct Today<'a> {
    /// The file today.
    pub(super) file: JoinFile<'a>,
    /// By line of the earlier text: that of today, for lines with calls whose keys are in both.
    pub(super) lines: FxHashMap<u32, u32>,
}

/// Joins a run with the files of its time, and moves the result to those of `today`. Nothing is moved in files that are the same.
pub(crate) fn join_earlier(
    today: &[JoinFile<'_>],
    earlier: &[EarlierFile],
    data: &[DataFile],
    profile: &Arc<Profile>,
    representative_task_ms: u64,
) -> Run {
    let keys: Vec<Vec<CallKey>> = earlier.iter().map(|it| it.program.call_keys()).collect();
    let indexes: Vec<LineIndex> = earlier.iter().map(|it| LineIndex::new(&it.text)).collect();
    let now: FxHashMap<&str, &JoinFile<'_>> = today.iter().map(|it| (it.path, it)).collect();
    let moved: Vec<Option<Today<'_>>> = earlier
        .iter()
        .zip(keys.iter().zip(&indexes))
        .map(|(file, (keys, lines))| {
            let now = *now.get(file.path.as_str())?;
            (*now.text != *file.text)
                .then(|| Today { file: *now, lines: moved_lines(file, keys, lines, now) })
        })
        .collect();
    let files: Vec<JoinFile<'_>> = earlier
        .iter()
        .zip(keys.iter().zip(&indexes))
        .zip(&moved)
        .map(|((file, (call_keys, lines)), today)| JoinFile {
            path: &file.path,
            program: &file.program,
            call_keys,
            lines,
            text: &file.text,
            today: today.as_ref(),
        })
        .collect();
    let mut runs = join_all(&files, data, std::slice::from_ref(profile), representative_task_ms);
    let mut run = runs.remove(0);
    let known: BTreeSet<(&str, &CallKey)> =
        today.iter().flat_map(|it| it.call_keys.iter().map(|key| (it.path, key))).collect();
    let changed: BTreeSet<&str> = files
        .iter()
        .filter(|it| it.today.is_some() || !now.contains_key(it.path))
        .map(|it| it.path)
        .collect();
    for ((path, key), mut cost) in std::mem::take(&mut run.sites) {
        if known.contains(&(path.as_str(), &key)) {
            cost.stale |= changed.contains(path.as_str());
            run.sites.insert((path, key), cost);
            continue;
        }
        let file = files.iter().find(|it| it.path == path);
        let line = file.and_then(|it| {
            let at = it.call_keys.iter().position(|other| *other == key)?;
            Some(it.lines.line(it.program.calls[at].name_range.start))
        });
        let gone = GoneCall {
            file: path,
            line: line.unwrap_or_default(),
            method: key.method.clone(),
            task_time_ms: cost.self_task_time_ms(),
            driver_ms: cost.driver_ms,
        };
        run.unattributed.task_time_ms += gone.task_time_ms;
        run.unattributed.driver_ms += gone.driver_ms;
        run.unattributed.gone.push(gone);
    }
    run.unattributed.gone.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    run
}

/// Where lines with calls have moved: not those whose calls are now on several lines.
fn moved_lines(
    earlier: &EarlierFile,
    keys: &[CallKey],
    lines: &LineIndex,
    now: &JoinFile<'_>,
) -> FxHashMap<u32, u32> {
    let calls: BTreeMap<&CallKey, u32> = now
        .call_keys
        .iter()
        .zip(&now.program.calls)
        .map(|(key, call)| (key, now.lines.line(call.name_range.start)))
        .collect();
    let mut moved: FxHashMap<u32, Option<u32>> = FxHashMap::default();
    for (key, call) in keys.iter().zip(&earlier.program.calls) {
        let Some(&to) = calls.get(key) else { continue };
        let line = moved.entry(lines.line(call.name_range.start)).or_insert(Some(to));
        if *line != Some(to) {
            *line = None;
        }
    }
    moved.into_iter().filter_map(|(from, to)| Some((from, to?))).collect()
}
