//! The numbers of a task's metrics that are used, and their sums.

use crate::events::{Number, TaskMetrics};
use crate::profile::StageMetrics;
use crate::quantiles::COLUMNS;

/// What is kept of a task's metrics until its stage is over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values {
    /// In the order of [`TaskSummary`](crate::TaskSummary)'s fields behind the duration.
    pub(crate) row: [u64; COLUMNS - 1],
    pub(crate) input_records: u64,
}

impl Values {
    pub(crate) fn of(task: &TaskMetrics) -> Self {
        let read = task.shuffle_read.as_ref();
        let write = task.shuffle_write.as_ref();
        let input = task.input.as_ref();
        let number = |value: Option<Number>| value.unwrap_or_default().unsigned();
        Self {
            row: [
                task.executor_run_time.unsigned(),
                task.executor_cpu_time.unsigned(),
                task.jvm_gc_time.unsigned(),
                task.result_size.unsigned(),
                task.memory_bytes_spilled.unsigned(),
                task.disk_bytes_spilled.unsigned(),
                task.peak_execution_memory.unsigned(),
                number(input.map(|input| input.bytes_read)),
                number(task.output.as_ref().map(|output| output.bytes_written)),
                number(read.map(|read| read.remote_bytes_read))
                    .saturating_add(number(read.map(|read| read.local_bytes_read))),
                number(read.map(|read| read.records_read)),
                number(read.map(|read| read.fetch_wait_time)),
                number(write.map(|write| write.bytes_written)),
                number(write.map(|write| write.records_written)),
            ],
            input_records: number(input.map(|input| input.records_read)),
        }
    }

    pub(crate) fn run_time(&self) -> u64 {
        self.row[0]
    }

    pub(crate) fn cpu_time(&self) -> u64 {
        self.row[1]
    }

    pub(crate) fn gc_time(&self) -> u64 {
        self.row[2]
    }

    pub(crate) fn disk_spilled(&self) -> u64 {
        self.row[5]
    }

    pub(crate) fn input_bytes(&self) -> u64 {
        self.row[7]
    }

    pub(crate) fn shuffle_read_bytes(&self) -> u64 {
        self.row[9]
    }

    pub(crate) fn shuffle_read_records(&self) -> u64 {
        self.row[10]
    }

    pub(crate) fn fetch_wait_time(&self) -> u64 {
        self.row[11]
    }
}

/// Finish minus launch, milliseconds; 0 where it is negative.
pub(crate) fn duration(launch_time: Number, finish_time: Number) -> u64 {
    let duration = finish_time.or_zero().saturating_sub(launch_time.or_zero());
    u64::try_from(duration).unwrap_or(0)
}

impl StageMetrics {
    pub(crate) fn add(&mut self, task: &TaskMetrics) {
        let add = |sum: &mut u64, value: Number| *sum = sum.saturating_add(value.unsigned());
        add(&mut self.executor_deserialize_time, task.executor_deserialize_time);
        add(&mut self.executor_deserialize_cpu_time, task.executor_deserialize_cpu_time);
        add(&mut self.executor_run_time, task.executor_run_time);
        add(&mut self.executor_cpu_time, task.executor_cpu_time);
        add(&mut self.result_size, task.result_size);
        add(&mut self.jvm_gc_time, task.jvm_gc_time);
        add(&mut self.result_serialization_time, task.result_serialization_time);
        add(&mut self.memory_bytes_spilled, task.memory_bytes_spilled);
        add(&mut self.disk_bytes_spilled, task.disk_bytes_spilled);
        add(&mut self.peak_execution_memory, task.peak_execution_memory);
        if let Some(input) = &task.input {
            add(&mut self.input_bytes, input.bytes_read);
            add(&mut self.input_records, input.records_read);
        }
        if let Some(output) = &task.output {
            add(&mut self.output_bytes, output.bytes_written);
            add(&mut self.output_records, output.records_written);
        }
        if let Some(read) = &task.shuffle_read {
            add(&mut self.shuffle_remote_blocks_fetched, read.remote_blocks_fetched);
            add(&mut self.shuffle_local_blocks_fetched, read.local_blocks_fetched);
            add(&mut self.shuffle_fetch_wait_time, read.fetch_wait_time);
            add(&mut self.shuffle_remote_bytes_read, read.remote_bytes_read);
            add(&mut self.shuffle_remote_bytes_read_to_disk, read.remote_bytes_read_to_disk);
            add(&mut self.shuffle_local_bytes_read, read.local_bytes_read);
            add(&mut self.shuffle_read_bytes, read.remote_bytes_read);
            add(&mut self.shuffle_read_bytes, read.local_bytes_read);
            add(&mut self.shuffle_read_records, read.records_read);
        }
        if let Some(write) = &task.shuffle_write {
            add(&mut self.shuffle_write_bytes, write.bytes_written);
            add(&mut self.shuffle_write_time, write.write_time);
            add(&mut self.shuffle_write_records, write.records_written);
        }
    }

    /// Adds the sums of other tasks.
    pub(crate) fn merge(&mut self, other: &Self) {
        let add = |sum: &mut u64, value: u64| *sum = sum.saturating_add(value);
        add(&mut self.executor_deserialize_time, other.executor_deserialize_time);
        add(&mut self.executor_deserialize_cpu_time, other.executor_deserialize_cpu_time);
        add(&mut self.executor_run_time, other.executor_run_time);
        add(&mut self.executor_cpu_time, other.executor_cpu_time);
        add(&mut self.result_size, other.result_size);
        add(&mut self.jvm_gc_time, other.jvm_gc_time);
        add(&mut self.result_serialization_time, other.result_serialization_time);
        add(&mut self.memory_bytes_spilled, other.memory_bytes_spilled);
        add(&mut self.disk_bytes_spilled, other.disk_bytes_spilled);
        add(&mut self.peak_execution_memory, other.peak_execution_memory);
        add(&mut self.input_bytes, other.input_bytes);
        add(&mut self.input_records, other.input_records);
        add(&mut self.output_bytes, other.output_bytes);
        add(&mut self.output_records, other.output_records);
        add(&mut self.shuffle_remote_blocks_fetched, other.shuffle_remote_blocks_fetched);
        add(&mut self.shuffle_local_blocks_fetched, other.shuffle_local_blocks_fetched);
        add(&mut self.shuffle_fetch_wait_time, other.shuffle_fetch_wait_time);
        add(&mut self.shuffle_remote_bytes_read, other.shuffle_remote_bytes_read);
        add(&mut self.shuffle_remote_bytes_read_to_disk, other.shuffle_remote_bytes_read_to_disk);
        add(&mut self.shuffle_local_bytes_read, other.shuffle_local_bytes_read);
        add(&mut self.shuffle_read_bytes, other.shuffle_read_bytes);
        add(&mut self.shuffle_read_records, other.shuffle_read_records);
        add(&mut self.shuffle_write_bytes, other.shuffle_write_bytes);
        add(&mut self.shuffle_write_time, other.shuffle_write_time);
        add(&mut self.shuffle_write_records, other.shuffle_write_records);
    }
}
