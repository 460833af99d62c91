//! An event log from which executions are taken, or in which they change places.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::random::Random;
use crate::attribution::Result;

/// What some call started: a root execution with those nested in it, or a job without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Started {
    Execution(u64),
    Job(u64),
}

/// A log's events, as JSON.
pub(super) struct Events {
    events: Vec<Value>,
    /// What started something, by its time.
    started: Vec<Started>,
    root: BTreeMap<u64, u64>,
    of_job: BTreeMap<u64, Started>,
    of_stage: BTreeMap<u64, Started>,
    start_ms: BTreeMap<Started, i64>,
}

impl Events {
    /// Reads a log as the recordings are kept: one file, compressed with zstd.
    pub(super) fn read(log: &Path) -> Result<Self> {
        let text = zstd::decode_all(fs::File::open(log)?)?;
        let mut events = Vec::new();
        for line in text.split(|it| *it == b'\n').filter(|it| !it.is_empty()) {
            // Plans of iterations nest deep.
            let mut json = serde_json::Deserializer::from_slice(line);
            json.disable_recursion_limit();
            events.push(Value::deserialize(&mut json)?);
        }
        let mut found = Self {
            events,
            started: Vec::new(),
            root: BTreeMap::new(),
            of_job: BTreeMap::new(),
            of_stage: BTreeMap::new(),
            start_ms: BTreeMap::new(),
        };
        found.index();
        Ok(found)
    }

    fn index(&mut self) {
        for event in &self.events {
            match kind(event) {
                "SQLExecutionStart" => {
                    let Some(id) = event["executionId"].as_u64() else { continue };
                    let root = event["rootExecutionId"].as_u64().unwrap_or(id);
                    self.root.insert(id, root);
                    let time = event["time"].as_i64().unwrap_or_default();
                    self.start_ms.entry(Started::Execution(root)).or_insert(time);
                }
                "JobStart" => {
                    let Some(id) = event["Job ID"].as_u64() else { continue };
                    let execution = event["Properties"]["spark.sql.execution.id"]
                        .as_str()
                        .and_then(|it| it.parse::<u64>().ok());
                    let started = match execution.and_then(|it| self.root.get(&it)) {
                        Some(&root) => Started::Execution(root),
                        None => Started::Job(id),
                    };
                    let time = event["Submission Time"].as_i64().unwrap_or_default();
                    self.start_ms.entry(started).or_insert(time);
                    self.of_job.insert(id, started);
                    let stages = event["Stage IDs"].as_array();
                    for stage in stages.into_iter().flatten().filter_map(Value::as_u64) {
                        self.of_stage.entry(stage).or_insert(started);
                    }
                }
                _ => {}
            }
        }
        self.started = self.start_ms.keys().copied().collect();
        self.started.sort_by_key(|it| (self.start_ms[it], *it));
    }

    /// Takes out a share of what was started.
    pub(super) fn remove(&mut self, percent: u64, random: &mut Random) {
        let gone = self.started.iter().copied().filter(|_| random.below(100) < percent).collect();
        self.take_out(&gone);
    }

    /// Takes out the first or the second half of what was started.
    pub(super) fn remove_half(&mut self, first: bool) {
        let middle = self.started.len() / 2;
        let half = if first { &self.started[..middle] } else { &self.started[middle..] };
        self.take_out(&half.iter().copied().collect());
    }

    fn take_out(&mut self, gone: &BTreeSet<Started>) {
        let keep: Vec<bool> = self
            .events
            .iter()
            .map(|it| self.owner(it).is_none_or(|it| !gone.contains(&it)))
            .collect();
        let mut keep = keep.into_iter();
        self.events.retain(|_| keep.next().unwrap_or(true));
    }

    /// What an event tells of.
    fn owner(&self, event: &Value) -> Option<Started> {
        if let Some(id) = event["executionId"].as_u64() {
            return self.root.get(&id).map(|&it| Started::Execution(it));
        }
        if let Some(id) = event["Job ID"].as_u64() {
            return self.of_job.get(&id).copied();
        }
        let stage = event["Stage ID"].as_u64().or(event["Stage Info"]["Stage ID"].as_u64())?;
        self.of_stage.get(&stage).copied()
    }

    /// Lets what was started change places in time, within windows of `window`.
    pub(super) fn shuffle(&mut self, window: usize, random: &mut Random) {
        let mut later: BTreeMap<Started, i64> = BTreeMap::new();
        for own in self.started.chunks(window) {
            let mut order: Vec<Started> = own.to_vec();
            random.shuffle(&mut order);
            for (one, other) in own.iter().zip(&order) {
                later.insert(*one, self.start_ms[other] - self.start_ms[one]);
            }
        }
        for at in 0..self.events.len() {
            let Some(by) = self.owner(&self.events[at]).and_then(|it| later.get(&it).copied())
            else {
                continue;
            };
            for name in ["time", "Submission Time", "Completion Time"] {
                if let Some(time) = self.events[at][name].as_i64() {
                    self.events[at][name] = json!(time + by);
                }
            }
        }
    }

    /// Writes the log, not compressed.
    pub(super) fn write(&self, to: &Path) -> Result<()> {
        let mut text = Vec::new();
        for event in &self.events {
            serde_json::to_writer(&mut text, event)?;
            text.push(b'\n');
        }
        Ok(fs::write(to, text)?)
    }
}

/// The last part of an event's name.
fn kind(event: &Value) -> &str {
    let name = event["Event"].as_str().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().trim_start_matches("SparkListener")
}
