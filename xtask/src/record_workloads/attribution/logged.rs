//! What a log says of executions, their final plans and jobs, read from its text by itself: the reader under test has no part in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Result;
use super::super::scrub::event;

const START: &str = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart";
const UPDATE: &str = "org.apache.spark.sql.execution.ui.SparkListenerSQLAdaptiveExecutionUpdate";

/// The local property that holds the site of the call at hand while the instruments are in place.
pub(super) const PROPERTY: &str = "stagelight.truth";

/// A log's executions and jobs.
#[derive(Default)]
pub(super) struct Logged {
    pub(super) executions: BTreeMap<i64, Execution>,
    pub(super) jobs: BTreeMap<i64, Job>,
    /// The accumulators that each stage updated.
    stages: BTreeMap<i64, BTreeSet<i64>>,
}

/// One SQL execution.
#[derive(Default)]
pub(super) struct Execution {
    pub(super) description: String,
    pub(super) details: String,
    pub(super) root: Option<i64>,
    /// The plan that it started with, in pre-order.
    pub(super) initial: Vec<Node>,
    /// Its last plan, in pre-order.
    pub(super) plan: Vec<Node>,
}

/// A node of a plan.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) depth: usize,
    pub(super) accumulators: Vec<i64>,
}

/// One job.
pub(super) struct Job {
    pub(super) execution: Option<i64>,
    pub(super) stages: Vec<i64>,
    /// The name of its last stage and what its properties say of its call site.
    pub(super) call_sites: Vec<String>,
}

impl Logged {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut logged = Self::default();
        // A plan is logged again with every change, and only the last one counts.
        let mut last = BTreeMap::new();
        for line in text.lines() {
            if line.starts_with(&format!("{{\"Event\":\"{UPDATE}\"")) {
                let (_, after) = line.split_once("\"executionId\":").unwrap_or_default();
                let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                last.insert(after[..digits].parse::<i64>()?, line);
                continue;
            }
            let event = event(line)?;
            match event["Event"].as_str().unwrap_or_default() {
                START => {
                    let execution = logged.executions.entry(id(&event["executionId"])).or_default();
                    execution.description = string(&event["description"]);
                    execution.details = string(&event["details"]);
                    execution.root = event["rootExecutionId"].as_i64();
                    execution.initial = plan(&event["sparkPlanInfo"]);
                    execution.plan = execution.initial.clone();
                }
                "SparkListenerJobStart" => {
                    let properties = &event["Properties"];
                    let execution = properties["spark.sql.execution.id"].as_str();
                    // Which of the stages before it are done already is a matter of time.
                    let stages = event["Stage Infos"].as_array().into_iter().flatten();
                    let last = stages.max_by_key(|stage| id(&stage["Stage ID"]));
                    let mut call_sites: Vec<String> =
                        last.map(|stage| string(&stage["Stage Name"])).into_iter().collect();
                    call_sites.extend(
                        ["callSite.short", "callSite.long"].map(|name| string(&properties[name])),
                    );
                    let job = Job {
                        execution: execution.and_then(|id| id.parse().ok()),
                        stages: event["Stage IDs"]
                            .as_array()
                            .into_iter()
                            .flatten()
                            .map(id)
                            .collect(),
                        call_sites,
                    };
                    logged.jobs.insert(id(&event["Job ID"]), job);
                }
                "SparkListenerStageCompleted" => {
                    let stage = &event["Stage Info"];
                    let updated = stage["Accumulables"].as_array().into_iter().flatten();
                    let updated = updated.map(|accumulable| id(&accumulable["ID"]));
                    logged.stages.entry(id(&stage["Stage ID"])).or_default().extend(updated);
                }
                _ => {}
            }
        }
        for (execution, line) in last {
            logged.executions.entry(execution).or_default().plan =
                plan(&event(line)?["sparkPlanInfo"]);
        }
        Ok(logged)
    }

    /// The accumulators that the stages of an execution updated.
    pub(super) fn updated(&self, execution: i64) -> BTreeSet<i64> {
        let jobs = self.jobs.values().filter(|job| job.execution == Some(execution));
        let stages = jobs.flat_map(|job| &job.stages);
        stages.filter_map(|stage| self.stages.get(stage)).flatten().copied().collect()
    }
}

fn id(value: &Value) -> i64 {
    value.as_i64().unwrap_or(-1)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn plan(info: &Value) -> Vec<Node> {
    let mut nodes = Vec::new();
    collect(info, 0, &mut nodes);
    nodes
}

fn collect(info: &Value, depth: usize, nodes: &mut Vec<Node>) {
    let metrics = info["metrics"].as_array().into_iter().flatten();
    nodes.push(Node {
        name: string(&info["nodeName"]),
        depth,
        accumulators: metrics.map(|metric| id(&metric["accumulatorId"])).collect(),
    });
    for child in info["children"].as_array().into_iter().flatten() {
        collect(child, depth + 1, nodes);
    }
}

/// The text of a log without the property that the instruments set.
pub(super) fn without_property(text: &str) -> Result<String> {
    let mut stripped = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let name = format!("\"{PROPERTY}\":");
        let mut line = line.to_owned();
        while let Some(start) = line.find(&name) {
            let value = start + name.len();
            let mut values =
                serde_json::Deserializer::from_str(&line[value..]).into_iter::<String>();
            values.next().transpose()?;
            let mut end = value + values.byte_offset();
            if line[end..].starts_with(',') {
                end += 1;
                line.replace_range(start..end, "");
            } else {
                let start = line[..start].trim_end_matches(',').len();
                line.replace_range(start..end, "");
            }
        }
        stripped.push_str(&line);
    }
    Ok(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_goes_with_its_comma() {
        let log = concat!(
            r#"{"Properties":{"a":"1","stagelight.truth":"{\"line\":3}","b":"2"}}"#,
            "\n",
            r#"{"Properties":{"a":"1","stagelight.truth":"{\"line\":3}"}}"#,
            "\n",
            r#"{"Properties":{"stagelight.truth":"x"}}"#,
        );
        let expected = concat!(
            r#"{"Properties":{"a":"1","b":"2"}}"#,
            "\n",
            r#"{"Properties":{"a":"1"}}"#,
            "\n",
            r#"{"Properties":{}}"#,
        );
        assert_eq!(without_property(log).unwrap(), expected);
    }
}
