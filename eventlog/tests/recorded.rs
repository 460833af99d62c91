//! The recorded logs of the examples are read completely, and their numbers hang together.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::{JobStatus, StageStatus};

#[test]
fn recorded_logs_are_read_completely() {
    let logs = recorded();
    if logs.is_empty() {
        eprintln!("SKIPPED: no recorded logs");
    }
    for path in logs {
        let profile = read(&Disk::new(&path)).unwrap();
        let path = path.display();
        let quality = &profile.quality;
        assert!(quality.has_application_start && quality.has_application_end, "{path}");
        assert_eq!(
            (quality.malformed_lines, quality.oversized_lines, quality.cut_plans),
            (0, 0, 0),
            "{path}"
        );
        assert_eq!(
            (quality.missing_task_ends, quality.unfinished_executions, &quality.truncated),
            (0, 0, &None),
            "{path}"
        );
        assert!(quality.local_master && !profile.application.spark_version.is_empty(), "{path}");
        assert!(profile.task_time_ms() > 0 && profile.application.duration_ms() > 0, "{path}");

        for stage in &profile.stages {
            let at = format!("{path}: stage {}.{}", stage.stage_id, stage.attempt_id);
            assert_eq!(stage.status, StageStatus::Complete, "{at}");
            assert_eq!(stage.num_measured_tasks, stage.num_complete_tasks, "{at}");
            assert!(!stage.job_ids.is_empty() && !stage.rdds.is_empty(), "{at}");
            let summary = stage.task_summary.unwrap();
            assert_eq!(summary.tasks, stage.num_tasks, "{at}");
            let metrics = &stage.metrics;
            for (quantiles, sum) in [
                (summary.executor_run_time, metrics.executor_run_time),
                (summary.shuffle_read_bytes, metrics.shuffle_read_bytes),
                (summary.shuffle_write_bytes, metrics.shuffle_write_bytes),
                (summary.input_bytes, metrics.input_bytes),
                (summary.result_size, metrics.result_size),
            ] {
                assert!(quantiles.is_sorted(), "{at}");
                assert!(
                    quantiles[0] * summary.tasks <= sum && sum <= quantiles[4] * summary.tasks,
                    "{at}"
                );
            }
            assert_eq!(
                metrics.shuffle_read_bytes,
                metrics.shuffle_local_bytes_read + metrics.shuffle_remote_bytes_read,
                "{at}"
            );
        }
        // What is written to a shuffle is what can be read from it; broadcast and cached stages write none.
        let records = |of: fn(&eventlog::StageMetrics) -> u64| {
            profile.stages.iter().map(|stage| of(&stage.metrics)).sum::<u64>()
        };
        assert!(records(|metrics| metrics.shuffle_write_records) > 0, "{path}");

        assert!(!profile.executions.is_empty(), "{path}");
        for execution in &profile.executions {
            let at = format!("{path}: execution {}", execution.execution_id);
            assert!(
                !execution.plan.name.is_empty()
                    && execution.end_ms.is_some()
                    && execution.error.is_none(),
                "{at}"
            );
            for &job in &execution.job_ids {
                assert_eq!(
                    profile.job(job).unwrap().execution_id,
                    Some(execution.execution_id),
                    "{at}"
                );
            }
            let has_rows = execution
                .plan
                .preorder()
                .iter()
                .any(|node| execution.metric(node, "number of output rows").is_some());
            let read_or_wrote = execution
                .job_ids
                .iter()
                .any(|&job| !profile.job(job).unwrap().stage_ids.is_empty());
            assert!(
                has_rows || !read_or_wrote || execution.plan.name.starts_with("Execute"),
                "{at}: {:?}",
                execution.plan
            );
        }
        for job in &profile.jobs {
            assert_eq!(job.status, JobStatus::Succeeded, "{path}");
            assert!(job.completion_ms.unwrap() >= job.submission_ms, "{path}");
        }
        eprintln!(
            "{path}: {} stages, {} executions, {} lines, task time {} ms",
            profile.stages.len(),
            profile.executions.len(),
            quality.lines,
            profile.task_time_ms()
        );
    }
}
