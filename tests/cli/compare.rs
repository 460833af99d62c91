//! `stagelight compare`: two runs, line by line.

use std::path::PathBuf;

use serde_json::Value;

use super::{Folder, JOB, Outcome, log, log_of, run_in};

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A made-up run of [`JOB`] of which the line took so many milliseconds to read so many rows.
fn run(id: &str, task_ms: u64, rows: u64) -> String {
    log_of("nightly", id, 1_714_564_800_000)
        .replace("\"Executor Run Time\":7900", &format!("\"Executor Run Time\":{task_ms}"))
        .replace(
            "\"JVM GC Time\":0",
            &format!(
                "\"JVM GC Time\":0,\"Input Metrics\":{{\"Bytes Read\":{},\"Records Read\":{rows}}}",
                rows * 100
            ),
        )
}

/// Compares a run of these milliseconds and rows with another one.
fn compared(first: (u64, u64), second: (u64, u64)) -> Value {
    let folder = Folder::new(&[
        ("job.py", JOB),
        ("a", &run("app-1", first.0, first.1)),
        ("b", &run("app-2", second.0, second.1)),
    ]);
    folder.run("compare a b job.py --output-format json").json()
}

fn verdict(first: (u64, u64), second: (u64, u64)) -> String {
    let json = compared(first, second);
    assert_eq!(json["lines"].as_array().unwrap().len(), 1);
    assert_eq!(json["lines"][0]["sure"], true, "{json}");
    json["lines"][0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn as_text() {
    let folder = Folder::new(&[
        ("job.py", JOB),
        ("a", &run("app-1", 4_000, 1_000_000)),
        ("b", &run("app-2", 7_900, 1_000_000)),
    ]);
    let outcome = folder.run("compare a b job.py");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.stdout, @r"
    A nightly app-1 · Spark 3.5.1 · 10 s wall time · 4 s task time · 95 MiB read
      100 % of the task time stands on a line (100 % by call site)
    B nightly app-2 · Spark 3.5.1 · 10 s wall time · 7.9 s task time · 95 MiB read
      100 % of the task time stands on a line (100 % by call site)

    Run alike: same Spark version, master, executors, cores and settings

    Task time by line, largest difference first
      1 slower (+3.9 s)
       #  line      method      A      B   B − A   B / A  verdict
       1  job.py:4  collect   4 s  7.9 s  +3.9 s    2.0×  slower
          same data: 1 million rows, 95 MiB read
          without a line     0 ms   0 ms    0 ms
          the run             4 s  7.9 s  +3.9 s
      each line's own part of its stages; less than 500 ms or 25 % apart is the same

    All task time of A stands on a line.
    All task time of B stands on a line.
    ");
}

#[test]
fn more_data_is_not_slower_code() {
    const MILLION: u64 = 1_000_000;
    for (first, second, expected) in [
        ((4_000, MILLION), (8_000, MILLION), "slower"),
        ((8_000, MILLION), (4_000, MILLION), "faster"),
        ((4_000, MILLION), (8_000, 2 * MILLION), "more-data"),
        ((8_000, 2 * MILLION), (4_000, MILLION), "less-data"),
        ((4_000, MILLION), (16_000, 2 * MILLION), "slower"),
        ((4_000, MILLION), (4_300, MILLION), "same"),
        ((4_000, MILLION), (4_300, 2 * MILLION), "same"),
    ] {
        assert_eq!(verdict(first, second), expected, "{first:?} {second:?}");
    }
}

#[test]
fn tasks_that_ran_again_read_no_more_data() {
    // The second run failed once in each task and read everything twice.
    let again = run("app-2", 8_000, 2_000_000).replace(
        "{\"Event\":\"SparkListenerTaskEnd\"",
        "{\"Event\":\"SparkListenerTaskEnd\",\"again\":1",
    );
    let failed = again
        .lines()
        .find(|line| line.contains("SparkListenerTaskEnd"))
        .unwrap()
        .replace(
            "{\"Reason\":\"Success\"}",
            "{\"Reason\":\"ExceptionFailure\",\"Class Name\":\"x\",\"Description\":\"x\"}",
        )
        .replace("\"Failed\":false", "\"Failed\":true")
        .replace("\"Task ID\":0", "\"Task ID\":9");
    let text: String = again
        .lines()
        .flat_map(|line| {
            let before = line.contains("SparkListenerTaskEnd").then_some(failed.as_str());
            before.into_iter().chain([line])
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let folder =
        Folder::new(&[("job.py", JOB), ("a", &run("app-1", 4_000, 1_000_000)), ("b", &text)]);
    let json = folder.run("compare a b job.py --output-format json").json();
    let line = &json["lines"][0];
    assert_eq!(line["verdict"], "slower", "{line}");
    assert_eq!(line["data"]["ratio"], Value::Null);
}

#[test]
fn a_run_beside_itself_is_the_same() {
    let folder = Folder::new(&[("job.py", JOB), ("a", &log("nightly"))]);
    let json = folder.run("compare a a job.py --output-format json").json();
    assert_eq!(json["ran_alike"], true);
    assert_eq!(json["differences"], serde_json::json!([]));
    assert_eq!(json["lines"][0]["verdict"], "same");
    let text = folder.run("compare a a job.py").stdout;
    assert!(text.contains("\nRun alike: same Spark version"), "{text}");
}

#[test]
fn new_and_gone_lines_are_sure_only_where_nothing_else_could_hold_them() {
    let job = format!("{JOB}more = spark.table(\"orders\").take(3)\n");
    let both = |id: &str, line: u32| {
        run(id, 8_000, 10)
            .replace("collect at /srv/job.py:4", &format!("take at /srv/job.py:{line}"))
    };
    let verdicts = |second: &str| {
        let first = run("app-1", 8_000, 10);
        let folder = Folder::new(&[("job.py", &job), ("a", &first), ("b", second)]);
        let json = folder.run("compare a b job.py --output-format json").json();
        let lines = json["lines"].as_array().unwrap().clone();
        (json, lines)
    };
    // Different lines of one program, and nothing in common.
    let (json, lines) = verdicts(&both("app-2", 5));
    assert_eq!(json["same_programs"], false);
    assert!(lines.iter().all(|line| line["sure"] == false), "{lines:?}");
    let mut found: Vec<(u64, &str)> = lines
        .iter()
        .map(|line| (line["line"].as_u64().unwrap(), line["verdict"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(4, "gone"), (5, "new")]);
    // Nothing of the second run stands on a line.
    let (json, lines) = verdicts(&both("app-2", 400));
    assert_eq!(json["b"]["unattributed"]["task_time_ms"], 8_000);
    assert_eq!((&lines[0]["verdict"], &lines[0]["sure"]), (&"gone".into(), &false.into()));
    let warnings = json["warnings"].to_string();
    assert!(warnings.contains("nothing of B stands on a line of these sources"), "{warnings}");
}

#[test]
fn what_differs_between_the_runs_stands_above_the_lines() {
    let environment = |partitions: &str| {
        format!(
            "{{\"Event\":\"SparkListenerEnvironmentUpdate\",\"Spark Properties\":{{\"spark.master\":\"yarn\",\"spark.app.id\":\"{partitions}\",\"spark.sql.shuffle.partitions\":\"{partitions}\",\"spark.x.secret\":\"{partitions}\"}}}}\n"
        )
    };
    let with = |text: String, environment: &str| {
        let (first, rest) = text.split_once('\n').unwrap();
        format!("{first}\n{environment}{rest}")
    };
    let first = with(run("app-1", 8_000, 10), &environment("200"));
    let second = with(run("app-2", 8_000, 10), &environment("400"))
        .replace("3.5.1", "4.1.4")
        .replace("yarn", "local[2]");
    let folder = Folder::new(&[("job.py", JOB), ("a", &first), ("b", &second)]);
    let json = folder.run("compare a b job.py --output-format json").json();
    assert_eq!(json["ran_alike"], false);
    assert_eq!(
        json["differences"],
        serde_json::json!([
            {"what": "Spark version", "a": "3.5.1", "b": "4.1.4"},
            {"what": "master", "a": "yarn", "b": "local[2]"},
            {"what": "spark.sql.shuffle.partitions", "a": "200", "b": "400"},
        ])
    );
    let text = folder.run("compare a b job.py").stdout;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(
        at("Not run alike") < at("Spark version") && at("Spark version") < at("Task time by line")
    );
}

#[test]
fn a_log_that_is_not_whole_makes_what_is_less_there_doubtful() {
    let first = run("app-1", 8_000, 10);
    let cut: String = run("app-2", 4_000, 10)
        .lines()
        .filter(|line| !line.contains("ApplicationEnd"))
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = Folder::new(&[("job.py", JOB), ("a", &first), ("b", &cut)]);
    let json = folder.run("compare a b job.py --output-format json").json();
    assert_eq!(json["b"]["complete"], false);
    assert_eq!(json["lines"][0]["doubts"], serde_json::json!(["the log of B is not whole"]));
    // The other way round it is the run with less that is whole.
    let json = folder.run("compare b a job.py --output-format json").json();
    assert_eq!(json["lines"][0]["doubts"].as_array().unwrap().len(), 1, "{json}");
}

/// The sums of a comparison's lines and unattributed parts are the runs' totals.
fn assert_conserved(json: &Value) {
    for run in ["a", "b"] {
        let lines = json["lines"].as_array().unwrap().iter();
        let sum: u64 = lines.filter_map(|line| line[run]["self_task_time_ms"].as_u64()).sum();
        let rest = json[run]["unattributed"]["task_time_ms"].as_u64().unwrap();
        assert_eq!(sum + rest, json[run]["task_time_ms"].as_u64().unwrap(), "{run}");
        let by_match = json[run]["task_time_by_match_ms"].as_object().unwrap();
        assert_eq!(by_match.values().filter_map(Value::as_u64).sum::<u64>(), sum, "{run}");
    }
}

fn orders(arguments: &[&str]) -> Outcome {
    let mut words = vec!["compare", "logs/orders-python-3.5.zstd", "", "orders.py", "Orders.scala"];
    let newer = std::fs::read_dir(root("examples/orders/logs/orders-python-4.1"))
        .unwrap()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("eventlog_v2_"))
        .unwrap();
    let newer = newer.path().display().to_string();
    words[2] = &newer;
    words.extend(arguments);
    run_in(&root("examples/orders"), &words)
}

#[test]
fn versions_of_spark_compare_over_the_example() {
    let outcome = orders(&["--output-format", "json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let json = outcome.json();
    assert_eq!(json["schema"], "stagelight.compare/1");
    assert_conserved(&json);
    assert_eq!(json["differences"][0]["what"], "Spark version");
    // Both read the same orders, which versions of Spark count in other bytes.
    let reader = json["lines"].as_array().unwrap().iter().find(|it| it["method"] == "csv").unwrap();
    assert_eq!(reader["data"]["ratio"], 1.0, "{reader}");
    assert_eq!(reader["data"]["byte_ratio"], Value::Null, "{reader}");
    // Some lines are faster and some are slower: that is no slower machine.
    assert_eq!((&json["common_ratio"], &json["warnings"]), (&Value::Null, &serde_json::json!([])));
    for line in json["lines"].as_array().unwrap() {
        assert!(!["more-data", "less-data"].contains(&line["verdict"].as_str().unwrap()), "{line}");
    }
}

#[test]
fn lines_fit_the_terminal() {
    for arguments in [&["--all"][..], &["--top", "3"]] {
        let outcome = orders(arguments);
        assert_eq!(outcome.code, 0);
        for line in outcome.stdout.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
    let text = orders(&["--top", "3"]).stdout;
    assert!(text.contains(" more lines "), "{text}");
}

#[test]
fn programs_of_a_package_compare() {
    let folder = root("tests/attribution/freight");
    let words = ["compare", "3.5.9.zstd", "4.1.4.zstd", "source", "--output-format", "json"];
    let json = run_in(&folder, &words).json();
    assert_eq!(json["same_programs"], true);
    assert_conserved(&json);
}

#[test]
fn runs_of_different_programs_are_not_compared() {
    let words = ["compare", "logs/orders-python-3.5.zstd", "logs/orders-scala-3.5.zstd"];
    let outcome = run_in(&root("examples/orders"), &words);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let text = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("the runs share no line of these sources"), "{text}");
    assert!(!outcome.stdout.contains("slower") && !outcome.stdout.contains("new"), "{text}");
}

#[test]
fn what_is_no_log_is_said() {
    let folder = Folder::new(&[("job.py", JOB), ("logs/app", &log("x")), ("text", "no log\n")]);
    let error = |arguments: &str| {
        let outcome = folder.run(&format!("compare {arguments}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        outcome.stderr
    };
    insta::assert_snapshot!(error("logs logs/app"), @"error: logs: a folder, but not of a rolling event log; name one, such as logs/app");
    insta::assert_snapshot!(error("logs/app missing"), @"error: missing: no such event log; check the spelling");
    insta::assert_snapshot!(error("- -"), @"error: standard input is one log; name a file for the other one");
    let usage = folder.run("compare logs/app");
    assert_eq!(usage.code, 2);
    assert!(error("logs/app text").contains("not a Spark event log"));
}

#[test]
fn a_machine_that_is_slower_as_a_whole_is_told_of() {
    // Every task of the example takes half as long again in a copy of its run.
    let log = root("examples/orders/logs/orders-python-3.5.zstd");
    let folder = Folder::new(&[]);
    let text = zstd::decode_all(std::fs::File::open(&log).unwrap()).unwrap();
    let slower: String = String::from_utf8(text)
        .unwrap()
        .lines()
        .map(|line| {
            let Some((before, rest)) = line.split_once("\"Executor Run Time\":") else {
                return format!("{line}\n");
            };
            let (time, after) = rest.split_once(',').unwrap();
            let time: u64 = time.parse().unwrap();
            format!("{before}\"Executor Run Time\":{},{after}\n", time * 3 / 2)
        })
        .collect();
    folder.write("slower", slower.as_bytes());
    let (log, slower) = (log.display().to_string(), folder.path("slower").display().to_string());
    let words = ["compare", &log, &slower, "orders.py", "--output-format", "json"];
    let json = run_in(&root("examples/orders"), &words).json();
    let ratio = json["common_ratio"].as_f64().unwrap();
    assert!((1.4..1.6).contains(&ratio), "{ratio}");
    let warning = json["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("half of the lines take 1.5 times as long in B"), "{warning}");
}
