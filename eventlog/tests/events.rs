//! Hand-made events, each with its effect on the profile.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::{JobStatus, Runtime, StageStatus};

#[test]
fn a_whole_log() {
    let profile = of(&sample());
    assert_eq!(
        (profile.application.id.as_str(), profile.application.spark_version.as_str()),
        ("app-1", "3.5.9")
    );
    assert_eq!(
        (profile.application.duration_ms(), profile.application.last_event_ms),
        (8000, 9000)
    );
    assert_eq!(profile.spark_properties["spark.sql.shuffle.partitions"], "3");
    assert_eq!(profile.executors[0].total_cores, 2);
    let quality = &profile.quality;
    assert!(quality.has_application_start && quality.has_application_end && quality.local_master);
    assert_eq!(
        (quality.malformed_lines, quality.missing_task_ends, quality.unfinished_executions),
        (0, 0, 0)
    );
    assert_eq!(
        quality.unknown_events.iter().collect::<Vec<_>>(),
        [(&"SparkListenerUnpersistRDD".to_owned(), &1)]
    );

    let [stage] = &profile.stages[..] else { panic!("stage 1 was skipped") };
    assert_eq!(
        (stage.status, stage.num_complete_tasks, stage.job_ids.as_slice()),
        (StageStatus::Complete, 2, &[0][..])
    );
    assert_eq!((stage.first_task_launched_ms, stage.metrics.executor_run_time), (Some(1190), 60));
    assert_eq!((stage.metrics.shuffle_read_bytes, stage.metrics.input_bytes), (62, 14));
    assert_eq!(stage.sql_accumulators[&5], 10);
    let summary = stage.task_summary.unwrap();
    assert_eq!(
        (summary.duration, summary.executor_run_time),
        ([25, 25, 45, 45, 45], [20, 20, 40, 40, 40])
    );

    let job = profile.job(0).unwrap();
    assert_eq!(
        (job.status, job.execution_id, job.has_own_call_site),
        (JobStatus::Succeeded, Some(0), false)
    );
    assert_eq!(
        (job.call_site.short.as_str(), job.call_site.long.as_str()),
        ("last at B.scala:2", "stack")
    );
    let execution = profile.execution(0).unwrap();
    assert_eq!(
        (execution.plan.name.as_str(), execution.job_ids.as_slice(), execution.error.as_ref()),
        ("Join", &[0][..], None)
    );
    assert_eq!(execution.metric(&execution.plan, "number of output rows"), Some(3));
    assert_eq!(execution.metric(&execution.plan.children[0], "number of output rows"), Some(10));
}

#[test]
fn failed_and_killed_tasks_cost_but_do_not_shape_the_quantiles() {
    let profile = of(&[
        submitted(0, 0, 1),
        task(0, 0, "ExceptionFailure", Some(900), "[]"),
        task(0, 0, "TaskKilled", Some(300), "[]"),
        task(0, 0, "TaskCommitDenied", Some(100), "[]"),
        task(0, 0, "Success", Some(10), "[]"),
        completed(0, 0, 1, "[]", ""),
    ]);
    let stage = &profile.stages[0];
    assert_eq!(
        (
            stage.num_complete_tasks,
            stage.num_failed_tasks,
            stage.num_killed_tasks,
            stage.num_measured_tasks
        ),
        (1, 1, 2, 4)
    );
    assert_eq!((stage.metrics.executor_run_time, profile.task_time_ms()), (1310, 1310));
    let summary = stage.task_summary.unwrap();
    assert_eq!((summary.tasks, summary.executor_run_time), (1, [10; 5]));
}

#[test]
fn tasks_without_metrics_count_as_ends_only() {
    let null = task(0, 0, "ExecutorLostFailure", None, "[]")
        .replace(r#","Task Info""#, r#","Task Metrics":null,"Task Info""#);
    let profile = of(&[
        submitted(0, 0, 2),
        task(0, 0, "Resubmitted", None, "[]"),
        null,
        task(0, 0, "Success", None, "[]"),
    ]);
    let stage = &profile.stages[0];
    assert_eq!(
        (stage.num_failed_tasks, stage.num_complete_tasks, stage.num_measured_tasks),
        (2, 1, 0)
    );
    assert_eq!(
        (stage.task_summary, stage.metrics.executor_run_time, stage.status),
        (None, 0, StageStatus::Active)
    );
}

#[test]
fn a_retried_stage_is_two_attempts_and_its_accumulators_are_divided() {
    let profile = of(&[
        execution(4, &node("Exchange", 5, ""), ""),
        job(0, "3", Some(4)),
        submitted(3, 0, 2),
        task(3, 0, "Success", Some(50), &update(5, 7)),
        task(3, 0, "FetchFailed", None, "[]"),
        completed(
            3,
            0,
            2,
            r#"[{"ID":5,"Value":"7","Metadata":"sql"}]"#,
            r#","Failure Reason":"FetchFailed""#,
        ),
        submitted(3, 1, 1),
        task(3, 1, "Success", Some(20), &update(5, 2)),
        completed(3, 1, 1, r#"[{"ID":5,"Value":"9","Metadata":"sql"}]"#, ""),
    ]);
    let [first, second] = &profile.stages[..] else { panic!() };
    assert_eq!(
        (first.status, first.failure_reason.as_deref()),
        (StageStatus::Failed, Some("FetchFailed"))
    );
    assert_eq!(
        (second.attempt_id, second.status, second.metrics.executor_run_time),
        (1, StageStatus::Complete, 20)
    );
    assert_eq!((first.sql_accumulators[&5], second.sql_accumulators[&5]), (7, 2));
    assert_eq!(profile.execution(4).unwrap().metric_values[&5], 9);
    assert_eq!((profile.task_time_ms(), profile.quality.missing_task_ends), (70, 0));
    assert_eq!((first.job_ids.as_slice(), second.job_ids.as_slice()), (&[0][..], &[0][..]));
}

#[test]
fn lost_task_ends_are_counted_and_totals_come_from_the_stage() {
    let profile = of(&[
        execution(0, &node("Scan", 5, ""), ""),
        job(0, "0", Some(0)),
        submitted(0, 0, 3),
        task(0, 0, "Success", Some(10), &update(5, 1)),
        completed(0, 0, 3, r#"[{"ID":5,"Value":"30","Metadata":"sql"},{"ID":9,"Value":4}]"#, ""),
    ]);
    assert_eq!(profile.quality.missing_task_ends, 2);
    assert_eq!(profile.stages[0].sql_accumulators.iter().collect::<Vec<_>>(), [(&5, &30)]);
    assert_eq!(profile.execution(0).unwrap().metric_values[&5], 30);
}

#[test]
fn a_stage_that_runs_still_has_its_tasks_sums() {
    let profile = of(&[
        execution(0, &node("Scan", 5, ""), ""),
        job(0, "0", Some(0)),
        submitted(0, 0, 3),
        task(0, 0, "Success", Some(10), &update(5, 11)),
        task(0, 0, "Success", Some(10), &update(5, -1)),
    ]);
    assert_eq!(
        (profile.stages[0].status, profile.execution(0).unwrap().metric_values[&5]),
        (StageStatus::Active, 11)
    );
    assert_eq!(
        (profile.jobs[0].status, profile.quality.unfinished_executions),
        (JobStatus::Running, 1)
    );
    assert!(!profile.quality.has_application_end && !profile.quality.has_application_start);
    assert_eq!(
        profile.application.duration_ms(),
        1215 - 1050,
        "from the first job to the last event"
    );
}

#[test]
fn a_task_that_ends_after_its_stage_still_counts() {
    let started = r#"{"Event":"SparkListenerTaskStart","Stage ID":0,"Stage Attempt ID":0,"Task Info":{"Launch Time":1150}}"#;
    let profile = of(&[
        submitted(0, 0, 1),
        started.into(),
        started.into(),
        task(0, 0, "Success", Some(10), "[]"),
        completed(0, 0, 1, "[]", ""),
        task(0, 0, "TaskKilled", Some(90), "[]"),
    ]);
    let stage = &profile.stages[0];
    assert_eq!((stage.metrics.executor_run_time, stage.num_killed_tasks), (100, 1));
    let summary = stage.task_summary.unwrap();
    assert_eq!(
        (summary.tasks, summary.approximate, stage.first_task_launched_ms),
        (1, false, Some(1150))
    );
}

#[test]
fn the_last_plan_replaces_the_others_and_metric_updates_only_define() {
    let update_plan = |plan: &str| {
        sql(
            "SQLAdaptiveExecutionUpdate",
            &format!(r#""executionId":0,"physicalPlanDescription":"","sparkPlanInfo":{plan}"#),
        )
    };
    let profile = of(&[
        execution(0, &node("A", 1, ""), ""),
        update_plan(&node("B", 2, "")),
        sql(
            "SQLAdaptiveSQLMetricUpdates",
            r#""executionId":0,"sqlPlanMetrics":[{"name":"rows","accumulatorId":3,"metricType":"sum"}]"#,
        ),
        update_plan(&node("C", 4, &node("D", 2, ""))),
        job(0, "0", Some(0)),
        submitted(0, 0, 1),
        task(0, 0, "Success", Some(1), &update(3, 33)),
        task(0, 0, "Success", Some(1), &update(2, 22)),
        task(0, 0, "Success", Some(1), &update(99, 1)),
    ]);
    let execution = profile.execution(0).unwrap();
    assert_eq!(
        execution.plan.preorder().iter().map(|node| node.name.as_str()).collect::<Vec<_>>(),
        ["C", "D"]
    );
    assert_eq!(
        execution.metric_values.iter().collect::<Vec<_>>(),
        [(&2, &22), (&3, &33)],
        "99 is in none of its plans"
    );
}

#[test]
fn what_the_driver_reports_adds_up() {
    let driver = |updates: &str| {
        sql("DriverAccumUpdates", &format!(r#""executionId":0,"accumUpdates":{updates}"#))
    };
    let profile = of(&[
        execution(0, &node("A", 1, ""), ""),
        driver("[[1,5],[2,7]]"),
        driver("[[1,6],[2,-1]]"),
    ]);
    assert_eq!(
        profile.execution(0).unwrap().metric_values.iter().collect::<Vec<_>>(),
        [(&1, &11), (&2, &7)]
    );
}

#[test]
fn executions_have_roots_errors_and_configurations() {
    let profile = of(&[
        r#"{"Event":"SparkListenerEnvironmentUpdate","Spark Properties":{"spark.a":"env","spark.b":"env","spark.my.password":"x","spark.master":"yarn"}}"#.into(),
        execution(0, &node("A", 1, ""), r#","rootExecutionId":0,"modifiedConfigs":{"spark.a":"1","spark.b":"1"}"#),
        execution(1, &node("A", 1, ""), r#","rootExecutionId":0,"modifiedConfigs":{"spark.a":"1","spark.b":"2","spark.c":"1"}"#),
        execution(2, &node("A", 1, ""), ""),
        sql("SQLExecutionEnd", r#""executionId":1,"time":1300,"errorMessage":"boom""#),
        sql("SQLExecutionEnd", r#""executionId":77,"time":1400"#),
    ]);
    let roots: Vec<u64> =
        profile.executions.iter().map(|execution| execution.root_execution_id).collect();
    assert_eq!(roots, [0, 0, 2]);
    assert_eq!(
        (profile.executions[1].error.as_deref(), profile.executions[1].end_ms),
        (Some("boom"), Some(1300))
    );
    let conf = &profile.spark_properties;
    assert_eq!(
        (conf["spark.a"].as_str(), conf["spark.b"].as_str(), conf.get("spark.c")),
        ("1", "env", None)
    );
    assert_eq!(
        (conf["spark.my.password"].as_str(), profile.quality.local_master),
        ("*********(redacted)", false)
    );
    assert_eq!(profile.quality.unfinished_executions, 2);
}

#[test]
fn executors_come_and_go() {
    let profile = of(&[
        r#"{"Event":"SparkListenerExecutorAdded","Timestamp":10,"Executor ID":"1","Executor Info":{"Host":"a","Total Cores":4,"Log Urls":{}}}"#.into(),
        r#"{"Event":"SparkListenerExecutorAdded","Timestamp":20,"Executor ID":"2","Executor Info":{"Host":"b","Total Cores":4}}"#.into(),
        r#"{"Event":"SparkListenerExecutorRemoved","Timestamp":30,"Executor ID":"1","Removed Reason":"Container killed"}"#.into(),
    ]);
    let [one, two] = &profile.executors[..] else { panic!() };
    assert_eq!(
        (one.removed_ms, one.removed_reason.as_deref(), two.removed_ms),
        (Some(30), Some("Container killed"), None)
    );
}

#[test]
fn jobs_of_old_logs_take_their_times_from_their_stages() {
    let profile = of(&[
        r#"{"Event":"SparkListenerJobStart","Job ID":0,"Stage IDs":[0]}"#.into(),
        submitted(0, 0, 1),
        completed(0, 0, 1, "[]", ""),
        r#"{"Event":"SparkListenerJobEnd","Job ID":0,"Job Result":{"Result":"JobFailed","Exception":{"Message":"m"}}}"#.into(),
    ]);
    let job = &profile.jobs[0];
    assert_eq!(
        (job.submission_ms, job.completion_ms, job.status),
        (1100, Some(2000), JobStatus::Failed)
    );
}

#[test]
fn own_call_sites_and_scopes_are_kept() {
    let stage = submitted(0, 0, 1).replace(
        r#""RDD Info":[]"#,
        r#""RDD Info":[{"RDD ID":4,"Name":"MapPartitionsRDD","Scope":"{\"id\":\"1\",\"name\":\"WholeStageCodegen (1)\"}","Callsite":"count at A.scala:1","Parent IDs":[3],"Storage Level":{"Use Disk":true,"Use Memory":true},"Number of Partitions":8,"Number of Cached Partitions":2}]"#,
    );
    let profile = of(&[
        r#"{"Event":"SparkListenerJobStart","Job ID":3,"Submission Time":5,"Stage Infos":[],"Stage IDs":[0],"Properties":{"callSite.short":"collect at /srv/o.py:9","callSite.long":"s","spark.jobGroup.id":"g","spark.sql.execution.id":null}}"#.into(),
        stage,
    ]);
    let job = profile.job(3).unwrap();
    assert_eq!(
        (job.call_site.short.as_str(), job.has_own_call_site, job.job_group.as_deref()),
        ("collect at /srv/o.py:9", true, Some("g"))
    );
    assert_eq!((job.execution_id, job.description.as_ref()), (None, None));
    let rdd = &profile.stages[0].rdds[0];
    assert_eq!(
        (rdd.scope.as_deref(), rdd.persisted, rdd.num_cached_partitions),
        (Some("WholeStageCodegen (1)"), true, 2)
    );
}

#[test]
fn lines_that_are_no_events_are_counted_and_nothing_else() {
    let mut lines = sample();
    lines.splice(
        3..3,
        [
            "plain text".into(),
            "{}".into(),
            "[1,2]".into(),
            r#"{"Event":"SparkListenerTaskEnd","Stage ID":"#.into(),
            r#"{"Event":"SparkListenerNew","Half":"#.into(),
            String::new(),
        ],
    );
    let profile = of(&lines);
    assert_eq!((profile.quality.malformed_lines, profile.quality.truncated.as_ref()), (5, None));
    assert_eq!(profile.stages, of(&sample()).stages);
}

#[test]
fn another_key_order_and_other_encodings_are_read() {
    let profile = pushed(b"{ \"Timestamp\":5, \"App Name\":\"a\xff\", \"Event\":\"SparkListenerApplicationStart\"}\r\n").unwrap();
    assert_eq!((profile.application.name.as_str(), profile.application.start_ms), ("a\u{fffd}", 5));
    assert_eq!(profile.quality.malformed_lines, 0);
}

#[test]
fn numbers_beyond_reason_do_not_panic() {
    let huge = task(0, 0, "Success", Some(1), "[]")
        .replace(r#""Executor Run Time":1"#, r#""Executor Run Time":9223372036854775807"#);
    let odd = task(0, 0, "Success", Some(1), &update(1, i64::MAX))
        .replace(r#""Launch Time":1200"#, r#""Launch Time":-9223372036854775808"#);
    let profile = of(&[
        start().replace("1000", "-9223372036854775808"),
        huge.clone(),
        huge.clone(),
        huge,
        odd.clone(),
        odd,
        submitted(u64::MAX, u32::MAX, u64::MAX),
        end().replace("9000", "1e300"),
    ]);
    assert_eq!((profile.task_time_ms(), profile.stages[0].num_complete_tasks), (u64::MAX, 5));
    let _ = profile.application.duration_ms();
}

#[test]
fn runtimes_are_told_by_events_operators_and_properties() {
    let connect = r#"{"Event":"org.apache.spark.sql.connect.service.SparkListenerConnectOperationStarted","jobTag":"t"}"#;
    let rapids = r#"{"Event":"SparkListenerEnvironmentUpdate","Spark Properties":{"spark.plugins":"com.nvidia.spark.SQLPlugin"}}"#;
    let photon = r#"{"Event":"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart","executionId":0,"description":"d","details":"","time":1,"sparkPlanInfo":{"nodeName":"PhotonScan parquet","simpleString":"","children":[],"metadata":{},"metrics":[]}}"#;
    let of = |line: &str| of(&[start(), line.to_owned(), end()]).quality.runtimes;
    assert_eq!(of(connect), [Runtime::Connect]);
    assert_eq!(of(rapids), [Runtime::Rapids]);
    assert_eq!(of(photon), [Runtime::Photon]);
    assert_eq!(of(&submitted(1, 0, 1)), []);
}
