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
