//! Sources that changed since the run: looked up in a real git repository, else judged by the times of files.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::evidence::{program, recorded, recorded_text};
use super::{Folder, Outcome};

/// Runs git in a folder, with nothing of the machine's own configuration.
fn git(folder: &Folder, when: &str, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder.directory.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", when)
        .env("GIT_COMMITTER_DATE", when)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Folder, when: &str) {
    git(folder, when, &["add", "--all"]);
    git(folder, when, &["commit", "--quiet", "--message", "Change"]);
}

/// Before all recordings, and after them.
const BEFORE: &str = "2020-01-01T00:00:00Z";
const AFTER: &str = "2039-01-01T00:00:00Z";

fn annotate(folder: &Folder) -> Outcome {
    let log = recorded("freight/3.5.9.zstd");
    folder.run(&format!("annotate source --output-format json --event-log {}", log.display()))
}

/// By method and text of the line, file by file: its own task time. Of what stands today.
fn costs(folder: &Folder, json: &Value) -> Vec<(String, String, u64, bool)> {
    let lines = json["lines"].as_array().unwrap();
    let mut costs: Vec<(String, String, u64, bool)> = lines
        .iter()
        .map(|line| {
            let file = line["file"].as_str().unwrap();
            let text = folder.read(file);
            let number = line["line"].as_u64().unwrap() as usize;
            let shown = text.lines().nth(number - 1).unwrap().trim().replace(".head()", ".first()");
            (
                format!("{file} {}", line["method"].as_str().unwrap()),
                shown,
                line["self_task_time_ms"].as_u64().unwrap(),
                line["stale"].as_bool().unwrap(),
            )
        })
        .collect();
    costs.sort();
    costs
}

fn total(json: &Value) -> u64 {
    let lines = json["lines"].as_array().unwrap();
    lines.iter().map(|it| it["self_task_time_ms"].as_u64().unwrap()).sum::<u64>()
        + json["unattributed"]["task_time_ms"].as_u64().unwrap()
}

/// `quality.py` with lines that moved, a helper that has another name, and one action that is another one now.
fn edit(folder: &Folder) {
    let path = "source/freight/quality.py";
    let text = folder.read(path);
    let edited = text
        .replace(
            "import logging\n",
            "\"\"\"Checks of tables.\n\nThey raise.\n\"\"\"\nimport logging\n",
        )
        .replace(").first()\n", ").head()\n");
    assert_ne!(text, edited);
    folder.write(path, edited.as_bytes());
}

#[test]
fn lines_of_the_text_that_ran_are_matched_and_moved() {
    let folder = program("freight");
    let exact = annotate(&folder).json();
    assert_eq!(exact["application"]["sources"], "verified");
    let before = costs(&folder, &exact);

    git(&folder, BEFORE, &["init", "--quiet"]);
    commit(&folder, BEFORE);
    edit(&folder);
    commit(&folder, AFTER);
    let moved = annotate(&folder).json();
    assert_eq!(moved["application"]["sources"], "earlier");
    assert_eq!(moved["application"]["commit"].as_str().unwrap().len(), 10);
    let after = costs(&folder, &moved);

    // What is no more there is listed, with its line then, and put nowhere else.
    let gone = moved["unattributed"]["gone"].as_array().unwrap();
    let [gone] = gone.as_slice() else { panic!("{gone:?}") };
    let first = before.iter().find(|it| it.0.ends_with("quality.py first")).unwrap();
    assert_eq!(gone["method"], "first");
    assert_eq!(gone["line_then"], 28);
    assert_eq!(gone["task_time_ms"], first.2);
    assert!(after.iter().all(|it| !it.0.ends_with(" head")), "{after:?}");

    // All other lines have the costs that they had, where they stand now; those of the file that changed say so.
    let rest: Vec<_> = before.iter().filter(|it| *it != first).collect();
    assert_eq!(rest.len(), after.len());
    for (before, after) in rest.into_iter().zip(&after) {
        assert_eq!((&before.0, &before.1, before.2), (&after.0, &after.1, after.2));
        assert_eq!(after.3, after.0.starts_with("source/freight/quality.py"), "{after:?}");
    }
    assert_eq!(total(&exact), total(&moved));

    let log = recorded("freight/3.5.9.zstd");
    let text = folder.run(&format!("annotate source --event-log {}", log.display())).stdout;
    assert!(text.contains("joined as they were in commit"), "{text}");
    assert!(text.contains("`first` stood at source/freight/quality.py:28"), "{text}");
}

#[test]
fn findings_rest_on_the_lineage_of_the_text_that_ran() {
    let folder = program("freight");
    git(&folder, BEFORE, &["init", "--quiet"]);
    commit(&folder, BEFORE);
    edit(&folder);
    let log = recorded("freight/3.5.9.zstd");
    let outcome = folder.run(&format!(
        "check source --output-format json --select reuse-without-cache --event-log {}",
        log.display()
    ));
    let json = outcome.json();
    let finding = &json["findings"][0];
    // Four lines further down than when it ran.
    assert_eq!((&finding["line"], &finding["evidence"]), (&22.into(), &"confirmed".into()));
    let text = finding["measured"]["text"].as_str().unwrap();
    assert!(text.starts_with("computed 5 times, by executions 2, 3, 7, 8 and 12: "), "{text}");
}

#[test]
fn a_line_that_misses_its_call_speaks_louder_than_times() {
    // The log says `collect` on line 4.
    let job = super::JOB.replace("rows =", "\nrows =");
    let folder = Folder::new(&[("job.py", &job), ("app", &super::log("nightly"))]);
    touch(&folder.path("job.py"), BEFORE_SECONDS);
    assert_eq!(sources(&folder, "job.py"), "unverified");
    folder.write("job.py", super::JOB.as_bytes());
    assert_eq!(sources(&folder, "job.py"), "verified");
}

#[test]
fn where_the_log_names_no_line_times_decide_and_history_before_them() {
    let folder = program("freight");
    let log = recorded_text("freight/3.5.9.zstd")
        .replace("source/freight/quality.py:28", "NativeMethodAccessorImpl.java:0")
        .replace("source/freight/quality.py:39", "NativeMethodAccessorImpl.java:0");
    let log = log.replace("/srv/stagelight/tests/attribution/freight/Native", "Native");
    folder.write("app", log.as_bytes());
    for file in ["main.py", "freight/io.py", "freight/marts.py", "freight/quality.py"] {
        touch(&folder.path(&format!("source/{file}")), AFTER_SECONDS);
    }
    assert_eq!(sources(&folder, "source"), "unverified");
    let text = folder.run("annotate source --event-log app").stdout;
    assert!(text.contains("note: unverified: the log names no line"), "{text}");
    for file in ["main.py", "freight/io.py", "freight/marts.py", "freight/quality.py"] {
        touch(&folder.path(&format!("source/{file}")), BEFORE_SECONDS);
    }
    for file in ["freight/transforms.py", "freight/session.py"] {
        touch(&folder.path(&format!("source/{file}")), BEFORE_SECONDS);
    }
    assert_eq!(sources(&folder, "source"), "unchanged");

    for file in ["main.py", "freight/quality.py"] {
        touch(&folder.path(&format!("source/{file}")), AFTER_SECONDS);
    }
    git(&folder, BEFORE, &["init", "--quiet"]);
    commit(&folder, BEFORE);
    assert_eq!(sources(&folder, "source"), "unchanged");
    edit(&folder);
    assert_eq!(sources(&folder, "source"), "earlier");
}

/// Before all recordings, and after them, as times of files.
const BEFORE_SECONDS: u64 = 1_000_000_000;
const AFTER_SECONDS: u64 = 2_200_000_000;

fn touch(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn sources(folder: &Folder, path: &str) -> String {
    let arguments = format!("annotate {path} --event-log app --output-format json");
    folder.run(&arguments).json()["application"]["sources"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    let folder = program("freight");
    git(&folder, BEFORE, &["init", "--quiet"]);
    commit(&folder, BEFORE);
    let script = folder.path("evil.sh");
    let mark = folder.path("ran");
    folder.write("evil.sh", format!("#!/bin/sh\ntouch {}\n", mark.display()).as_bytes());
    folder.write("bin/git", format!("#!/bin/sh\ntouch {}\n", mark.display()).as_bytes());
    #[cfg(unix)]
    for path in [&script, &folder.path("bin/git")] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let script = script.display().to_string();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "pager.cat-file",
        "pager.rev-list",
        "core.sshCommand",
        "core.editor",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.py.textconv",
        "diff.py.command",
        "filter.py.smudge",
        "filter.py.clean",
        "filter.py.process",
        "gpg.program",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "alias.cat-file",
        "alias.rev-list",
    ] {
        git(&folder, BEFORE, &["config", key, &script]);
    }
    git(&folder, BEFORE, &["config", "log.showSignature", "true"]);
    folder.write(".gitattributes", b"*.py filter=py diff=py\n");
    edit(&folder);
    let log = recorded("freight/3.5.9.zstd");
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.path("bin")).chain(std::env::split_paths(&path)),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .args(["annotate", "source", "--output-format", "json", "--event-log"])
        .arg(log)
        .current_dir(folder.directory.path())
        .env("PATH", path.unwrap())
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["application"]["sources"], "earlier");
    assert!(!mark.exists());
}

#[test]
fn a_module_that_was_renamed_since_has_its_place_in_the_lineage() {
    let folder = program("freight");
    let exact = annotate(&folder).json();
    git(&folder, BEFORE, &["init", "--quiet"]);
    commit(&folder, BEFORE);
    // The module with the checks has another name and one line more, and so have its imports.
    let checks = folder.read("source/freight/quality.py");
    std::fs::remove_file(folder.path("source/freight/quality.py")).unwrap();
    folder.write("source/freight/checks.py", format!("\n{checks}").as_bytes());
    for file in ["source/main.py", "source/freight/transforms.py"] {
        let text = folder.read(file).replace("quality", "checks");
        folder.write(file, text.as_bytes());
    }
    commit(&folder, AFTER);
    let json = annotate(&folder).json();
    // The lines that the log names are in no file of today's: nothing is on a wrong line, and what is gone is listed.
    let lines = json["lines"].as_array().unwrap();
    assert!(lines.iter().all(|it| it["file"] != "source/freight/checks.py"), "{lines:?}");
    assert_eq!(json["application"]["sources"], "earlier");
    let gone = json["unattributed"]["gone"].as_array().unwrap();
    let methods: Vec<&str> = gone.iter().map(|it| it["method"].as_str().unwrap()).collect();
    for method in ["first", "collect", "isEmpty"] {
        assert!(methods.contains(&method), "{methods:?}");
    }
    assert!(gone.iter().all(|it| it["file"] == "source/freight/quality.py"));
    assert_eq!(total(&exact), total(&json));
}

#[test]
fn what_was_committed_only_after_the_run_may_have_run_before() {
    let folder = program("freight");
    let log = without_lines();
    folder.write("app", log.as_bytes());
    let before = folder.run("annotate source --event-log app --output-format json").json();
    // The repository is older than the program, which was committed after the run.
    git(&folder, BEFORE, &["init", "--quiet"]);
    git(&folder, BEFORE, &["add", "stagelight.toml"]);
    git(&folder, BEFORE, &["commit", "--quiet", "--message", "Begin"]);
    commit(&folder, AFTER);
    let after = folder.run("annotate source --event-log app --output-format json").json();
    assert_eq!(before["lines"], after["lines"]);
    assert_eq!(after["application"]["sources"], "unchanged");
}

/// A recorded log from which the lines of Python were taken.
fn without_lines() -> String {
    let at = "/srv/stagelight/tests/attribution/freight/source/freight/quality.py";
    let log = recorded_text("freight/3.5.9.zstd");
    let log = log.replace(&format!("{at}:28"), "NativeMethodAccessorImpl.java:0");
    log.replace(&format!("{at}:39"), "NativeMethodAccessorImpl.java:0")
}
