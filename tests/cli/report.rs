//! `log` as a page: it stands alone, and nothing in a log can become part of it.

use super::{Folder, log};

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
