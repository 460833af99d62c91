//! `log` as a page: it stands alone, and nothing in a log can become part of it.

use super::{Folder, JOB, log, log_of};

/// The page that `log` makes of this log.
fn page(log: &str) -> String {
    let folder = Folder::new(&[("app", log)]);
    let outcome = folder.run("log app --output-format html");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    outcome.stdout
}

#[test]
fn the_page_has_every_part_and_needs_nothing_beside_it() {
    let page = page(&log("nightly"));
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..100]);
    for part in ["diagnoses", "timeline", "stages", "sql", "executors", "configuration"] {
        assert!(page.contains(&format!("<section id=\"{part}\">")), "{part}");
        assert!(page.contains(&format!("href=\"#{part}\"")), "{part}");
    }
    assert!(page.contains("<title>nightly · Stagelight</title>"));
    assert!(page.contains("id=\"stage-0-0\""));
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    for foreign in ["<script", "<link", "<img", "http:", "https:", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn text_of_a_log_stays_text() {
    let hostile = "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'";
    let mut lines: Vec<String> = log(hostile).lines().map(str::to_owned).collect();
    // The same in a stage's name, a property, an executor's host, a plan.
    let text = serde_json::to_string(hostile).unwrap();
    let end = lines.pop().unwrap();
    lines.push(format!(
        r#"{{"Event":"SparkListenerEnvironmentUpdate","Spark Properties":{{"spark.x":{text}}}}}"#
    ));
    lines.push(format!(
        r#"{{"Event":"SparkListenerExecutorAdded","Timestamp":1714564800000,"Executor ID":{text},"Executor Info":{{"Host":{text},"Total Cores":2}}}}"#
    ));
    lines.push(format!(
        r#"{{"Event":"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart","executionId":7,"description":{text},"details":{text},"time":1714564801000,"sparkPlanInfo":{{"nodeName":{text},"simpleString":{text},"children":[],"metadata":{{}},"metrics":[]}}}}"#
    ));
    lines.push(format!(
        r#"{{"Event":"SparkListenerStageCompleted","Stage Info":{{"Stage ID":9,"Stage Attempt ID":0,"Stage Name":{text},"Number of Tasks":1,"RDD Info":[],"Parent IDs":[],"Details":{text},"Submission Time":1714564801000,"Completion Time":1714564802000,"Failure Reason":{text},"Accumulables":[]}}}}"#
    ));
    lines.push(end);
    let page = page(&(lines.join("\n") + "\n"));
    assert!(!page.contains("<script") && !page.contains("<img"), "markup came through");
    assert!(
        page.matches("&lt;script&gt;").count() >= 6,
        "{}",
        page.matches("&lt;script&gt;").count()
    );
    assert_eq!(page.matches("</style>").count(), 1);
}

/// The page that `annotate` makes of these files and the log `app`.
fn lines_page(files: &[(&str, &str)], log: &str) -> String {
    let folder = Folder::new(files);
    folder.write("app", log.as_bytes());
    let outcome = folder.run("annotate --event-log app --output-format html");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    assert_stands_alone(&outcome.stdout);
    outcome.stdout
}

/// Nothing of it runs, and nothing is loaded from elsewhere.
fn assert_stands_alone(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..100]);
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    for foreign in ["<script", "<link", "<img", "@import", "url(", "javascript:", " onclick"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    // Every link leads to a place on the page.
    let links = page.match_indices("href=\"").map(|(at, start)| {
        let rest = &page[at + start.len()..];
        &rest[..rest.find('"').unwrap()]
    });
    for link in links {
        let id = link.strip_prefix('#').unwrap_or_else(|| panic!("{link}"));
        assert!(page.contains(&format!("id=\"{id}\"")), "{link}");
    }
}

#[test]
fn the_page_of_lines_has_the_cost_of_each() {
    let page = lines_page(&[("job.py", JOB)], &log("nightly"));
    assert!(page.contains("<title>nightly · Stagelight</title>"));
    let line = page.split("id=\"r0f0l4\"").nth(1).expect("line 4 opens");
    let line = line.split("</details>").next().unwrap();
    for part in [
        "100 %",
        "7.9 s",
        "call-site",
        "<em>collect</em>",
        "the log names this line",
        "own task time",
        "<td title=\"collect at /srv/job.py:4\">0</td>",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(page.contains("All task time stands on a line."));
}

#[test]
fn what_has_no_line_is_on_the_page_with_its_reason() {
    let page = lines_page(&[("other.py", "x = 1\n")], &log("nightly"));
    let rest = page.split("id=\"rest-0\"").nth(1).unwrap();
    assert!(rest.contains("7.9 s of task time, 100 %"), "{rest}");
    assert!(page.contains("No line has task time of its own."));
}

#[test]
fn text_of_sources_and_logs_stays_text_on_the_page_of_lines() {
    let hostile = "</title></style></details><script>alert(1)</script><img src=x onerror=alert(2)>\"'\u{202e}";
    let job = JOB.replace("\"orders\"", &format!("\"{}\"", hostile.replace('"', "\\\"")));
    let page = lines_page(&[("job.py", &job), ("<b>x.py", JOB)], &log(hostile));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>x"));
    assert!(!page.contains('\u{202e}'));
    assert!(page.matches("&lt;script&gt;").count() >= 3, "{page}");
    assert_eq!(page.matches("</style>").count(), 2);
}

#[test]
fn a_page_of_long_files_is_bounded_and_says_what_it_left_out() {
    let filler =
        "value = 1  # of no account at all, and yet it has to be somewhere\n".repeat(40_000);
    let page = lines_page(&[("job.py", &format!("{JOB}{filler}"))], &log("nightly"));
    assert!(page.len() < 8 << 20, "{}", page.len());
    assert!(page.contains("lines are left out here: the page is full"), "{}", page.len());
    assert!(page.contains("<em>collect</em>"));
}

#[test]
fn each_run_has_its_section() {
    let folder = Folder::new(&[
        ("job.py", JOB),
        ("a", &log_of("first", "app-1", 1_714_564_800_000)),
        ("b", &log_of("second", "app-2", 1_714_564_900_000)),
    ]);
    let outcome = folder.run("annotate --event-log a --event-log b --output-format html");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_stands_alone(&outcome.stdout);
    for (at, name) in ["second", "first"].iter().enumerate() {
        let section = outcome.stdout.split(&format!("id=\"run-{at}\"")).nth(1).unwrap();
        assert!(section.trim_start_matches('>').starts_with("<h2 class=\"application\">"));
        assert!(section[..200].contains(name), "{}", &section[..200]);
    }
}

#[test]
fn the_page_of_lines_speaks_of_cells() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/attribution/churn-notebook");
    let words = ["annotate", "source", "--event-log", "3.5.9.zstd", "--output-format", "html"];
    let outcome = super::run_in(std::path::Path::new(root), &words);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_stands_alone(&outcome.stdout);
    assert!(outcome.stdout.contains("<div class=\"cell\">cell 2</div>"));
    assert!(outcome.stdout.contains("<em>"));
}

/// A run in which line 4 of [`JOB`] started so many SQL executions, each with a plan of its own.
fn log_of_executions(executions: u64) -> String {
    use serde_json::json;
    const SQL: &str = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution";
    let whole = log("nightly");
    let mut lines: Vec<&str> = whole.lines().collect();
    let end = lines.pop().unwrap();
    let mut text: String = lines[..2].iter().map(|line| format!("{line}\n")).collect();
    let call_site = "collect at /srv/job.py:4";
    for id in 0..executions {
        let at = 1_714_564_801_000 + id * 10;
        let stage = json!({
            "Stage ID": id, "Stage Attempt ID": 0, "Stage Name": call_site, "Number of Tasks": 1, "RDD Info": [],
            "Parent IDs": [], "Details": "", "Accumulables": [], "Submission Time": at, "Completion Time": at + 8,
        });
        let rows =
            json!({"name": "number of output rows", "accumulatorId": id, "metricType": "sum"});
        let scan = json!({
            "nodeName": "Scan parquet", "simpleString": "FileScan parquet", "children": [], "metadata": {}, "metrics": [rows],
        });
        let plan = json!({
            "nodeName": "Filter", "simpleString": "Filter", "children": [scan], "metadata": {}, "metrics": [],
        });
        let events = [
            json!({
                "Event": format!("{SQL}Start"), "executionId": id, "description": call_site, "details": "", "time": at,
                "physicalPlanDescription": "", "sparkPlanInfo": plan,
            }),
            json!({
                "Event": "SparkListenerJobStart", "Job ID": id, "Submission Time": at, "Stage Infos": [stage],
                "Stage IDs": [id],
                "Properties": {"callSite.short": call_site, "callSite.long": "", "spark.sql.execution.id": id.to_string()},
            }),
            json!({
                "Event": "SparkListenerTaskEnd", "Stage ID": id, "Stage Attempt ID": 0, "Task Type": "ResultTask",
                "Task End Reason": {"Reason": "Success"},
                "Task Info": {
                    "Task ID": id, "Index": 0, "Attempt": 0, "Launch Time": at, "Executor ID": "1", "Host": "host",
                    "Locality": "ANY", "Speculative": false, "Getting Result Time": 0, "Finish Time": at + 8, "Failed": false,
                    "Killed": false, "Accumulables": [{"ID": id, "Update": "5", "Internal": false, "Metadata": "sql"}],
                },
                "Task Metrics": {"Executor Run Time": 7, "Result Size": 5},
            }),
            json!({"Event": "SparkListenerStageCompleted", "Stage Info": stage}),
            json!({
                "Event": "SparkListenerJobEnd", "Job ID": id, "Completion Time": at + 8,
                "Job Result": {"Result": "JobSucceeded"},
            }),
            json!({"Event": format!("{SQL}End"), "executionId": id, "time": at + 9}),
        ];
        text.extend(events.iter().map(|event| format!("{event}\n")));
    }
    text + end + "\n"
}

#[test]
fn a_page_of_thousands_of_executions_is_bounded() {
    let page = lines_page(&[("job.py", JOB)], &log_of_executions(3_000));
    assert!(page.len() < 1 << 20, "{}", page.len());
    let line = page.split("id=\"r0f0l4\"").nth(1).unwrap();
    let line = line.split("</details>").next().unwrap();
    assert!(line.contains("and 2,988 more stages"), "{line}");
    assert!(line.contains("21 s (100 %)"), "{line}");
    // Three plans of each of its calls, `table` and `collect`.
    assert_eq!(line.matches("<div class=\"call\">").count(), 2, "{line}");
    assert_eq!(line.matches("<div class=\"plan-of\">").count(), 6, "{line}");
}
