//! `annotate` and `log` over a made-up log and over the recorded runs of the example.

use std::path::PathBuf;

use serde_json::Value;

use super::{Folder, JOB, log, run_in};

fn orders() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/orders")
}

fn sum(lines: &Value, field: &str) -> u64 {
    lines.as_array().unwrap().iter().map(|line| line[field].as_u64().unwrap()).sum()
}

#[test]
fn annotate_as_text() {
    let folder = Folder::new(&[
        // Rules are added over time: here the cost is looked at.
        ("stagelight.toml", "select = [\"unused-suppression\"]\n"),
        ("job.py", &format!("{JOB}{}", "\n# more\n".repeat(6))),
        ("app", &log("nightly")),
    ]);
    let outcome = folder.run("annotate job.py --event-log app");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.stdout, @r#"
    Application nightly app-1 · Spark 3.5.1 · 10 s wall time · 7.9 s task time
      100 % of the task time stands on a line (100 % by call site)
      note: complete: every task that a finished stage announced has its end
      note: no executor metrics: how much of its memory an executor used is not known

    Hottest lines
       #  line      method    self  share                   shuffle  match
       1  job.py:4  collect  7.9 s  ████████████████ 100 %           call-site

    job.py 7.9 s of task time, 100 %
     share         self  match
                                     1 │ from pyspark.sql import SparkSession
                                     2 │
                                     3 │ spark = SparkSession.builder.getOrCreate()
     ██████ 100 % 7.9 s  call-site   4 │ rows = spark.table("orders").collect()
                                     5 │
                                     6 │ # more
                                     ⋮ │ 10 lines

    All task time stands on a line.
    "#);
}

#[test]
fn annotate_as_json() {
    let folder = Folder::new(&[("job.py", JOB), ("app", &log("nightly"))]);
    let json = folder.run("annotate job.py --event-log app --output-format json").json();
    assert_eq!(json["schema"], "stagelight.annotate/1");
    let line = &json["lines"][0];
    for (field, value) in [
        ("file", Value::from("job.py")),
        ("line", 4.into()),
        ("end_line", 4.into()),
        ("column", 30.into()),
        ("method", "collect".into()),
        ("match", "call-site".into()),
        ("self_task_time_ms", 7_900.into()),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
}

#[test]
fn a_line_without_a_place_is_unattributed() {
    let folder = Folder::new(&[("other.py", "x = 1\n"), ("app", &log("nightly"))]);
    let json = folder.run("annotate other.py --event-log app --output-format json").json();
    assert_eq!(json["unattributed"]["task_time_ms"], 7_900);
    let text = folder.run("annotate other.py --event-log app").stdout;
    assert!(text.contains("none of the task time stands on a line"), "{text}");
    assert!(text.contains("Without a line 7.9 s of task time, 100 %"), "{text}");
}

#[test]
fn cost_is_conserved_over_the_example() {
    let outcome = run_in(&orders(), &["annotate", "--output-format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let applications = outcome.json();
    let applications = applications.as_array().expect("one run of each language");
    assert_eq!(applications.len(), 2);
    for application in applications {
        assert_eq!(
            sum(&application["lines"], "self_task_time_ms")
                + application["unattributed"]["task_time_ms"].as_u64().unwrap(),
            application["application"]["task_time_ms"].as_u64().unwrap()
        );
        for line in application["lines"].as_array().unwrap() {
            assert_eq!(
                line["self_measured_ms"].as_u64().unwrap()
                    + line["self_shared_ms"].as_u64().unwrap(),
                line["self_task_time_ms"].as_u64().unwrap()
            );
        }
        let stages = &application["unattributed"]["stages"];
        assert_eq!(
            sum(stages, "task_time_ms"),
            application["unattributed"]["task_time_ms"].as_u64().unwrap()
        );
    }
    let text = run_in(&orders(), &["annotate", "orders.py", "Orders.scala"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("Hottest lines"), "{}", text.stdout);
    assert!(text.stdout.contains("totals = ("), "{}", text.stdout);
}

#[test]
fn lines_fit_the_terminal() {
    let outcome = run_in(&orders(), &["annotate", "orders.py", "Orders.scala"]);
    for line in outcome.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn a_log_has_the_fields_of_the_rest_api() {
    let folder = Folder::new(&[("app", &log("nightly"))]);
    let json = folder.run("log app --output-format json").json();
    assert_eq!(json["schema"], "stagelight.log/1");
    let stage = &json["stages"][0];
    assert_eq!((&stage["stageId"], &stage["executorRunTime"]), (&0.into(), &7_900.into()));
    assert_eq!(stage["status"], "COMPLETE");
    assert_eq!(stage["submissionTime"], "2024-05-01T12:00:01.000GMT");
    assert_eq!(stage["taskSummary"]["quantiles"], serde_json::json!([0.0, 0.25, 0.5, 0.75, 1.0]));
    assert_eq!(json["jobs"][0]["status"], "SUCCEEDED");
    assert_eq!(json["application"]["duration"], 10_000);
    for key in ["quality", "sql", "executors", "diagnoses"] {
        assert!(!json[key].is_null(), "{key}");
    }
}

#[test]
fn every_recorded_run_is_read() {
    for log in ["logs/orders-scala-3.5.zstd", "logs/orders-python-3.5.zstd"] {
        let text = run_in(&orders(), &["log", log]);
        assert_eq!((text.code, text.stderr.as_str()), (0, ""));
        assert!(text.stdout.contains("Stages, hottest first"), "{}", text.stdout);
        let json = run_in(&orders(), &["log", log, "--output-format", "json"]).json();
        let total = sum(&json["stages"], "executorRunTime");
        assert_eq!(total, json["application"]["taskTime"].as_u64().unwrap());
    }
}
