//! What is kept of a stage attempt's single tasks: the longest, the failures, and each executor's share. None of it grows with the
//! number of tasks.

use crate::events::{Number, TaskEndReason};
use crate::profile::{ExecutorShare, Task, TaskFailure};
use crate::texts::Texts;
use crate::values::Values;
use arcstr::ArcStr;
use std::collections::BTreeMap;

/// Longest tasks that are kept.
pub(crate) const LONGEST: usize = 32;

/// Different failures that are told apart; the rest is counted with the last of them.
const FAILURES: usize = 16;

/// Longest message of a failure that is kept, in bytes.
const MESSAGE: usize = 300;

/// A task's end.
#[derive(Debug, Default)]
pub(crate) struct TaskEnd<'a> {
    /// The event has what `Task Info` says; without it the rest is empty.
    pub(crate) is_told: bool,
    pub(crate) index: Number,
    pub(crate) attempt: Number,
    pub(crate) executor: &'a str,
    pub(crate) host: &'a str,
    pub(crate) launch_time: Number,
    pub(crate) values: Option<&'a Values>,
}

/// A stage attempt's tasks so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    /// The longest, in no order while there are fewer than [`LONGEST`], then with the shortest of them at `shortest`.
    longest: Vec<Task>,
    shortest: usize,
    failures: Vec<TaskFailure>,
    shares: BTreeMap<ArcStr, ExecutorShare>,
}

impl Tasks {
    /// Adds to what an executor did of the tasks that succeeded.
    pub(crate) fn share(&mut self, executor: &str, more: ExecutorShare, texts: &mut Texts) {
        if executor.is_empty() || more.tasks == 0 {
            return;
        }
        if !self.shares.contains_key(executor) {
            self.shares.insert(texts.of(executor), ExecutorShare::default());
        }
        if let Some(share) = self.shares.get_mut(executor) {
            share.tasks += more.tasks;
            share.task_time = share.task_time.saturating_add(more.task_time);
        }
    }

    /// Takes a task that succeeded.
    pub(crate) fn succeeded(
        &mut self,
        task: &TaskEnd<'_>,
        duration: u64,
        values: &Values,
        texts: &mut Texts,
    ) {
        if !task.is_told {
            return;
        }
        let full = self.longest.len() == LONGEST;
        if full && duration <= self.longest[self.shortest].duration {
            return;
        }
        let task = kept(task, duration, values, texts);
        if full {
            self.longest[self.shortest] = task;
        } else {
            self.longest.push(task);
        }
        let durations = self.longest.iter().enumerate().map(|(at, task)| (task.duration, at));
        self.shortest = durations.min().map_or(0, |(_, at)| at);
    }

    /// Takes a task that failed or was killed.
    pub(crate) fn failed(
        &mut self,
        reason: &TaskEndReason<'_>,
        (killed, speculative): (bool, bool),
        duration: u64,
    ) {
        let failure = TaskFailure { speculative, ..failure(reason, killed) };
        let same = |known: &TaskFailure| {
            known.killed == failure.killed
                && known.speculative == failure.speculative
                && known.reason == failure.reason
                && known.class_name == failure.class_name
                && known.message == failure.message
                && known.call_site == failure.call_site
        };
        let known = match self.failures.iter().position(same) {
            Some(at) => at,
            None if self.failures.len() < FAILURES => {
                self.failures.push(failure);
                self.failures.len() - 1
            }
            None => FAILURES - 1,
        };
        let known = &mut self.failures[known];
        known.tasks += 1;
        known.task_time = known.task_time.saturating_add(duration);
    }

    /// Lets go of tasks that took hardly longer than the median one did, all but the longest.
    pub(crate) fn settle(&mut self, median: u64) {
        // By duration, and by index among equals, so that the order of events does not show.
        self.longest.sort_by(|a, b| b.duration.cmp(&a.duration).then(a.index.cmp(&b.index)));
        let is_long = |task: &Task| task.duration.saturating_mul(2) >= median.saturating_mul(3);
        let long = self.longest.partition_point(is_long);
        self.longest.truncate(long.max(1));
        self.longest.shrink_to_fit();
        self.shortest = self.longest.len().saturating_sub(1);
    }

    /// The longest tasks, the failures and the executors' shares.
    pub(crate) fn finish(
        mut self,
    ) -> (Vec<Task>, Vec<TaskFailure>, BTreeMap<ArcStr, ExecutorShare>) {
        self.failures.sort_by(|a, b| b.task_time.cmp(&a.task_time).then(b.tasks.cmp(&a.tasks)));
        (self.longest, self.failures, self.shares)
    }
}

fn kept(task: &TaskEnd<'_>, duration: u64, values: &Values, texts: &mut Texts) -> Task {
    Task {
        index: task.index.unsigned(),
        attempt: task.attempt.attempt(),
        executor: texts.of(task.executor),
        host: texts.of(task.host),
        launch_ms: task.launch_time.or_zero(),
        duration,
        executor_run_time: values.run_time(),
        executor_cpu_time: values.cpu_time(),
        jvm_gc_time: values.gc_time(),
        shuffle_fetch_wait_time: values.fetch_wait_time(),
        input_bytes: values.input_bytes(),
        input_records: values.input_records,
        shuffle_read_bytes: values.shuffle_read_bytes(),
        shuffle_read_records: values.shuffle_read_records(),
        disk_bytes_spilled: values.disk_spilled(),
    }
}

fn failure(reason: &TaskEndReason<'_>, killed: bool) -> TaskFailure {
    // An exception has its message under `Description`, a kill under `Kill Reason`, a lost executor under `Loss Reason`, a
    // failed fetch under `Message`.
    let texts = [&reason.description, &reason.kill_reason, &reason.loss_reason, &reason.message];
    let text = texts.into_iter().map(|text| text.0.as_ref()).find(|text| !text.is_empty());
    let text = text.unwrap_or_default();
    TaskFailure {
        reason: reason.reason.0.clone().into_owned(),
        class_name: reason.class_name.0.clone().into_owned(),
        // A kill tells why another task failed, and that one's line.
        message: if killed { first_words(text) } else { message(text) },
        call_site: if killed { None } else { python_line(text) },
        killed,
        speculative: false,
        tasks: 0,
        task_time: 0,
    }
}

/// What a failure says for itself: of a Python traceback its last line, else the first.
fn message(text: &str) -> String {
    if text.contains("Traceback (most recent call last)") {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        return cut(lines.next_back().unwrap_or_default());
    }
    first_words(text)
}

/// The first line that says anything.
fn first_words(text: &str) -> String {
    cut(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default())
}

fn cut(line: &str) -> String {
    let mut end = MESSAGE.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}

/// File and line of the innermost frame of a Python traceback that is not Spark's or Python's own.
fn python_line(text: &str) -> Option<String> {
    text.lines().rev().find_map(|line| {
        let (file, rest) = line.trim().strip_prefix("File \"")?.split_once("\", line ")?;
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let own = !file.contains("/pyspark/")
            && !file.contains("/pyspark.zip/")
            && !file.contains("/site-packages/")
            && !file.contains("/lib/python")
            && !file.starts_with('<');
        (own && !number.is_empty()).then(|| format!("{file}:{number}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"/opt/spark/python/lib/pyspark.zip/pyspark/worker.py\", line 1247, in main\n    process()\n  File \"/srv/job.py\", line 30, in fail_once\n    raise ValueError(\"bad row\")\nValueError: bad row\n";

    #[test]
    fn a_traceback_gives_the_users_line_and_its_last_words() {
        assert_eq!(python_line(TRACEBACK).as_deref(), Some("/srv/job.py:30"));
        assert_eq!(message(TRACEBACK), "ValueError: bad row");
    }

    #[test]
    fn other_failures_give_their_first_line() {
        let text = "Container killed by YARN for exceeding memory limits.\nmore";
        assert_eq!(message(text), "Container killed by YARN for exceeding memory limits.");
        assert_eq!(python_line(text), None);
        assert_eq!(message(&"ä".repeat(MESSAGE)).len(), MESSAGE);
    }
}
