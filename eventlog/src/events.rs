//! The events that are read, as serde types that borrow from the line. Keys are those of `org.apache.spark.util.JsonProtocol`;
//! every field may be missing, since logs of Spark 1.2 to 4.x differ in which they have.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// An integer, however it is written: SQL accumulators carry strings. Anything else is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Number(pub(crate) Option<i64>);

impl Number {
    /// The value where it is one that counts something; 0 where it is missing or negative.
    pub(crate) fn unsigned(self) -> u64 {
        self.0.and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
    }

    /// The value, or 0.
    pub(crate) fn or_zero(self) -> i64 {
        self.0.unwrap_or(0)
    }

    /// An attempt number.
    pub(crate) fn attempt(self) -> u32 {
        u32::try_from(self.unsigned()).unwrap_or(u32::MAX)
    }
}

/// A string, borrowed where the line has no escapes in it; empty for anything that is no string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// The string unless it is missing or empty.
    pub(crate) fn some(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.into_owned())
    }
}

/// An object of strings, such as properties. Values that are no strings are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Map(pub(crate) BTreeMap<String, String>);

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an integer")
    }
    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number(Some(value)))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
        Ok(Number(i64::try_from(value).ok()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
        // 2⁵³: beyond it a float is no longer a count of anything.
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Ok(Number((value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Number, E> {
        Ok(Number(value.parse().ok()))
    }
    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(None))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
        Ok(Number(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Number, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Number(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Number(None))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
    fn visit_bool<E>(self, value: bool) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Map;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<Map, E> {
        Ok(Map::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, Text<'de>>()? {
            entries.insert(key, value.into_string());
        }
        Ok(Map(entries))
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor)
    }
}

/// Any event's name, for lines whose first key it is not.
#[derive(Deserialize)]
pub(crate) struct Named<'a> {
    #[serde(rename = "Event", borrow, default)]
    pub(crate) event: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct LogStart<'a> {
    #[serde(rename = "Spark Version", borrow, default)]
    pub(crate) spark_version: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ApplicationStart<'a> {
    #[serde(rename = "App ID", borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "App Attempt ID", borrow, default)]
    pub(crate) attempt_id: Text<'a>,
    #[serde(rename = "App Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Timestamp", default)]
    pub(crate) timestamp: Number,
}

#[derive(Deserialize)]
pub(crate) struct ApplicationEnd {
    #[serde(rename = "Timestamp", default)]
    pub(crate) timestamp: Number,
}

#[derive(Deserialize)]
pub(crate) struct EnvironmentUpdate {
    #[serde(rename = "Spark Properties", default)]
    pub(crate) spark_properties: Map,
    #[serde(rename = "System Properties", default)]
    pub(crate) system_properties: Map,
}

#[derive(Deserialize)]
pub(crate) struct ExecutorAdded<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) timestamp: Number,
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Executor Info", borrow, default)]
    pub(crate) info: ExecutorInfo<'a>,
}

#[derive(Deserialize, Default)]
pub(crate) struct ExecutorInfo<'a> {
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Total Cores", default)]
    pub(crate) total_cores: Number,
}

#[derive(Deserialize)]
pub(crate) struct ExecutorRemoved<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) timestamp: Number,
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Removed Reason", borrow, default)]
    pub(crate) reason: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct JobStart<'a> {
    #[serde(rename = "Job ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Submission Time", default)]
    pub(crate) submission_time: Number,
    #[serde(rename = "Stage Infos", borrow, default)]
    pub(crate) stage_infos: Vec<AnnouncedStage<'a>>,
    #[serde(rename = "Stage IDs", default)]
    pub(crate) stage_ids: Vec<Number>,
    #[serde(rename = "Properties", borrow, default)]
    pub(crate) properties: Option<JobProperties<'a>>,
}

/// A stage as a job announces it; it may never run.
#[derive(Deserialize)]
pub(crate) struct AnnouncedStage<'a> {
    #[serde(rename = "Stage ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Stage Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Details", borrow, default)]
    pub(crate) details: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(crate) struct JobProperties<'a> {
    #[serde(rename = "spark.sql.execution.id", default)]
    pub(crate) execution_id: Number,
    #[serde(rename = "spark.sql.execution.root.id", default)]
    pub(crate) root_execution_id: Number,
    #[serde(rename = "callSite.short", borrow, default)]
    pub(crate) call_site_short: Text<'a>,
    #[serde(rename = "callSite.long", borrow, default)]
    pub(crate) call_site_long: Text<'a>,
    #[serde(rename = "spark.job.description", borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(rename = "spark.jobGroup.id", borrow, default)]
    pub(crate) job_group: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct JobEnd<'a> {
    #[serde(rename = "Job ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Completion Time", default)]
    pub(crate) completion_time: Number,
    #[serde(rename = "Job Result", borrow, default)]
    pub(crate) result: JobResult<'a>,
}

#[derive(Deserialize, Default)]
pub(crate) struct JobResult<'a> {
    #[serde(rename = "Result", borrow, default)]
    pub(crate) result: Text<'a>,
}

/// `SparkListenerStageSubmitted` and `SparkListenerStageCompleted`.
#[derive(Deserialize)]
pub(crate) struct StageEvent<'a> {
    #[serde(rename = "Stage Info", borrow)]
    pub(crate) info: StageInfo<'a>,
}

#[derive(Deserialize)]
pub(crate) struct StageInfo<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) id: Number,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt_id: Number,
    #[serde(rename = "Stage Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Number of Tasks", default)]
    pub(crate) num_tasks: Number,
    #[serde(rename = "RDD Info", borrow, default)]
    pub(crate) rdds: Vec<Rdd<'a>>,
    #[serde(rename = "Parent IDs", default)]
    pub(crate) parent_ids: Vec<Number>,
    #[serde(rename = "Details", borrow, default)]
    pub(crate) details: Text<'a>,
    #[serde(rename = "Submission Time", default)]
    pub(crate) submission_time: Number,
    #[serde(rename = "Completion Time", default)]
    pub(crate) completion_time: Number,
    #[serde(rename = "Failure Reason", borrow, default)]
    pub(crate) failure_reason: Text<'a>,
    #[serde(rename = "Accumulables", borrow, default)]
    pub(crate) accumulables: Vec<StageAccumulable<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct StageAccumulable<'a> {
    #[serde(rename = "ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Value", default)]
    pub(crate) value: Number,
    #[serde(rename = "Metadata", borrow, default)]
    pub(crate) metadata: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Rdd<'a> {
    #[serde(rename = "RDD ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Scope", borrow, default)]
    pub(crate) scope: Text<'a>,
    #[serde(rename = "Callsite", borrow, default)]
    pub(crate) call_site: Text<'a>,
    #[serde(rename = "Parent IDs", default)]
    pub(crate) parent_ids: Vec<Number>,
    #[serde(rename = "Storage Level", default)]
    pub(crate) storage_level: StorageLevel,
    #[serde(rename = "Number of Partitions", default)]
    pub(crate) num_partitions: Number,
    #[serde(rename = "Number of Cached Partitions", default)]
    pub(crate) num_cached_partitions: Number,
}

#[derive(Deserialize, Default)]
pub(crate) struct StorageLevel {
    #[serde(rename = "Use Disk", default)]
    pub(crate) use_disk: bool,
    #[serde(rename = "Use Memory", default)]
    pub(crate) use_memory: bool,
}

/// The JSON inside an RDD's `Scope`.
#[derive(Deserialize)]
pub(crate) struct Scope<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct TaskStart {
    #[serde(rename = "Stage ID")]
    pub(crate) stage_id: Number,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) stage_attempt_id: Number,
    #[serde(rename = "Task Info", default)]
    pub(crate) info: Option<TaskStartInfo>,
}

#[derive(Deserialize)]
pub(crate) struct TaskStartInfo {
    #[serde(rename = "Launch Time", default)]
    pub(crate) launch_time: Number,
}

#[derive(Deserialize)]
pub(crate) struct TaskEnd<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) stage_id: Number,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) stage_attempt_id: Number,
    #[serde(rename = "Task End Reason", borrow, default)]
    pub(crate) reason: TaskEndReason<'a>,
    #[serde(rename = "Task Info", borrow, default)]
    pub(crate) info: Option<TaskInfo<'a>>,
    #[serde(rename = "Task Metrics", default)]
    pub(crate) metrics: Option<TaskMetrics>,
    #[serde(rename = "Task Executor Metrics", default)]
    pub(crate) executor_metrics: Option<ExecutorMetrics>,
}

/// Peaks of an executor while a task ran. All zero if no heartbeat fell into it.
#[derive(Deserialize, Default)]
pub(crate) struct ExecutorMetrics {
    #[serde(rename = "JVMHeapMemory", default)]
    pub(crate) jvm_heap_memory: Number,
}

#[derive(Deserialize)]
pub(crate) struct StageExecutorMetrics<'a> {
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor_id: Text<'a>,
    #[serde(rename = "Executor Metrics", default)]
    pub(crate) metrics: ExecutorMetrics,
}

#[derive(Deserialize)]
pub(crate) struct BlockManagerAdded<'a> {
    #[serde(rename = "Block Manager ID", borrow, default)]
    pub(crate) id: BlockManagerId<'a>,
    #[serde(rename = "Maximum Memory", default)]
    pub(crate) maximum_memory: Number,
}

#[derive(Deserialize)]
pub(crate) struct BlockUpdated<'a> {
    #[serde(rename = "Block Updated Info", borrow, default)]
    pub(crate) info: BlockUpdatedInfo<'a>,
}

#[derive(Deserialize, Default)]
pub(crate) struct BlockUpdatedInfo<'a> {
    #[serde(rename = "Block Manager ID", borrow, default)]
    pub(crate) block_manager_id: BlockManagerId<'a>,
    #[serde(rename = "Block ID", borrow, default)]
    pub(crate) block_id: Text<'a>,
    #[serde(rename = "Storage Level", default)]
    pub(crate) storage_level: StorageLevel,
    #[serde(rename = "Memory Size", default)]
    pub(crate) memory_size: Number,
    #[serde(rename = "Disk Size", default)]
    pub(crate) disk_size: Number,
}

#[derive(Deserialize, Default)]
pub(crate) struct BlockManagerId<'a> {
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor_id: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(crate) struct TaskEndReason<'a> {
    #[serde(rename = "Reason", borrow, default)]
    pub(crate) reason: Text<'a>,
    #[serde(rename = "Class Name", borrow, default)]
    pub(crate) class_name: Text<'a>,
    #[serde(rename = "Description", borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(rename = "Kill Reason", borrow, default)]
    pub(crate) kill_reason: Text<'a>,
    #[serde(rename = "Loss Reason", borrow, default)]
    pub(crate) loss_reason: Text<'a>,
    #[serde(rename = "Message", borrow, default)]
    pub(crate) message: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct TaskInfo<'a> {
    #[serde(rename = "Index", default)]
    pub(crate) index: Number,
    #[serde(rename = "Attempt", default)]
    pub(crate) attempt: Number,
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor_id: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Launch Time", default)]
    pub(crate) launch_time: Number,
    #[serde(rename = "Finish Time", default)]
    pub(crate) finish_time: Number,
    #[serde(rename = "Speculative", borrow, default)]
    pub(crate) speculative: Text<'a>,
    #[serde(rename = "Accumulables", borrow, default)]
    pub(crate) accumulables: Vec<TaskAccumulable<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct TaskAccumulable<'a> {
    #[serde(rename = "ID", default)]
    pub(crate) id: Number,
    #[serde(rename = "Update", default)]
    pub(crate) update: Number,
    #[serde(rename = "Metadata", borrow, default)]
    pub(crate) metadata: Text<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct TaskMetrics {
    #[serde(rename = "Executor Deserialize Time", default)]
    pub(crate) executor_deserialize_time: Number,
    #[serde(rename = "Executor Deserialize CPU Time", default)]
    pub(crate) executor_deserialize_cpu_time: Number,
    #[serde(rename = "Executor Run Time", default)]
    pub(crate) executor_run_time: Number,
    #[serde(rename = "Executor CPU Time", default)]
    pub(crate) executor_cpu_time: Number,
    #[serde(rename = "Peak Execution Memory", default)]
    pub(crate) peak_execution_memory: Number,
    #[serde(rename = "Result Size", default)]
    pub(crate) result_size: Number,
    #[serde(rename = "JVM GC Time", default)]
    pub(crate) jvm_gc_time: Number,
    #[serde(rename = "Result Serialization Time", default)]
    pub(crate) result_serialization_time: Number,
    #[serde(rename = "Memory Bytes Spilled", default)]
    pub(crate) memory_bytes_spilled: Number,
    #[serde(rename = "Disk Bytes Spilled", default)]
    pub(crate) disk_bytes_spilled: Number,
    #[serde(rename = "Shuffle Read Metrics", default)]
    pub(crate) shuffle_read: Option<ShuffleRead>,
    #[serde(rename = "Shuffle Write Metrics", default)]
    pub(crate) shuffle_write: Option<ShuffleWrite>,
    #[serde(rename = "Input Metrics", default)]
    pub(crate) input: Option<Input>,
    #[serde(rename = "Output Metrics", default)]
    pub(crate) output: Option<Output>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct ShuffleRead {
    #[serde(rename = "Remote Blocks Fetched", default)]
    pub(crate) remote_blocks_fetched: Number,
    #[serde(rename = "Local Blocks Fetched", default)]
    pub(crate) local_blocks_fetched: Number,
    #[serde(rename = "Fetch Wait Time", default)]
    pub(crate) fetch_wait_time: Number,
    #[serde(rename = "Remote Bytes Read", default)]
    pub(crate) remote_bytes_read: Number,
    #[serde(rename = "Remote Bytes Read To Disk", default)]
    pub(crate) remote_bytes_read_to_disk: Number,
    #[serde(rename = "Local Bytes Read", default)]
    pub(crate) local_bytes_read: Number,
    #[serde(rename = "Total Records Read", default)]
    pub(crate) records_read: Number,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct ShuffleWrite {
    #[serde(rename = "Shuffle Bytes Written", default)]
    pub(crate) bytes_written: Number,
    #[serde(rename = "Shuffle Write Time", default)]
    pub(crate) write_time: Number,
    #[serde(rename = "Shuffle Records Written", default)]
    pub(crate) records_written: Number,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct Input {
    #[serde(rename = "Bytes Read", default)]
    pub(crate) bytes_read: Number,
    #[serde(rename = "Records Read", default)]
    pub(crate) records_read: Number,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct Output {
    #[serde(rename = "Bytes Written", default)]
    pub(crate) bytes_written: Number,
    #[serde(rename = "Records Written", default)]
    pub(crate) records_written: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionStart<'a> {
    pub(crate) execution_id: Number,
    #[serde(default)]
    pub(crate) root_execution_id: Number,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) details: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) spark_plan_info: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) time: Number,
    pub(crate) modified_configs: Option<Map>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionEnd<'a> {
    pub(crate) execution_id: Number,
    #[serde(default)]
    pub(crate) time: Number,
    #[serde(borrow, default)]
    pub(crate) error_message: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdaptiveExecutionUpdate<'a> {
    pub(crate) execution_id: Number,
    #[serde(borrow, default)]
    pub(crate) spark_plan_info: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdaptiveMetricUpdates<'a> {
    pub(crate) execution_id: Number,
    #[serde(borrow, default)]
    pub(crate) sql_plan_metrics: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriverAccumUpdates {
    pub(crate) execution_id: Number,
    #[serde(default)]
    pub(crate) accum_updates: Vec<(Number, Number)>,
}
