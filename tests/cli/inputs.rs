//! Inputs that can't be used: each is told in one line with the way out, and everything else is still done.

use super::{Folder, JOB, UNUSED, log};

#[test]
fn nothing_to_report_is_success() {
    let folder = Folder::new(&[("job.py", JOB)]);
    let outcome = folder.run("check --select unused-suppression");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(outcome.stdout, "no findings in 1 file\n");
}

#[test]
fn a_missing_path_is_an_error_and_the_rest_is_checked() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    let outcome = folder.run("check --output-format concise a.py b.py");
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stderr, "error: b.py: no such file or folder; check the spelling\n");
    assert!(outcome.stdout.starts_with("a.py:3:8: warning[unused-suppression]"), "{outcome:?}");
}

#[test]
fn a_file_that_is_not_utf8_is_left_out() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    folder.write("latin.py", b"x = 'gr\xfc\xdfe'\n");
    let found = folder.run("check --output-format concise");
    assert_eq!(found.code, 1);
    assert_eq!(
        found.stderr,
        "warning: latin.py: not UTF-8 (byte 7); save it as UTF-8 or exclude it\n"
    );
    let named = folder.run("check latin.py");
    assert_eq!(named.code, 2);
    assert!(named.stderr.starts_with("error: latin.py: not UTF-8"), "{named:?}");
}

#[test]
fn what_is_named_besides_its_folder_is_told_as_named() {
    let folder = Folder::new(&[
        ("a.py", UNUSED),
        ("r.ipynb", "{\"cells\": [], \"metadata\": {\"language_info\": {\"name\": \"R\"}}}"),
    ]);
    folder.write("latin.py", b"x = 'gr\xfc\xdfe'\n");
    let found = folder.run("check --output-format concise");
    let named = folder.run("check --output-format concise . a.py latin.py r.ipynb .");
    assert_eq!((found.code, named.code), (1, 2));
    assert_eq!(found.stdout.lines().count(), 1, "{found:?}");
    assert_eq!(named.stdout, found.stdout);
    let starts = |stderr: &str| -> Vec<String> {
        stderr.lines().map(|it| it.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": ")).collect()
    };
    assert_eq!(starts(&found.stderr), ["warning: latin.py"]);
    assert_eq!(starts(&named.stderr), ["error: latin.py", "error: r.ipynb"]);
}

#[test]
fn a_file_of_another_kind_is_an_error() {
    let folder = Folder::new(&[("notes.txt", "")]);
    let outcome = folder.run("check notes.txt");
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "error: notes.txt: not a source file; name a folder, or a file that ends in .py, .scala, .sc or .ipynb\n"
    );
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[("a.py", UNUSED), ("locked/b.py", UNUSED)]);
    let locked = folder.path("locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    let readable = std::fs::read_dir(&locked).is_ok();
    let found = folder.run("check --output-format concise");
    let named = folder.run("check locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Permissions do not bind root.
    if readable {
        return;
    }
    let told = "locked: can't be read (permission denied); grant access to it or exclude it\n";
    assert_eq!((found.code, found.stderr), (1, format!("warning: {told}")));
    assert_eq!((named.code, named.stderr), (2, format!("error: {told}")));
}

#[test]
fn dead_links_and_folders_named_like_sources_are_passed_over() {
    let folder = Folder::new(&[("package.py/a.py", UNUSED)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", folder.path("dead.py")).unwrap();
    let outcome = folder.run("check --output-format concise");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    assert_eq!(outcome.stdout.lines().count(), 1);
}

#[test]
fn what_gitignore_names_is_left_out_unless_named() {
    let folder = Folder::new(&[
        (".gitignore", "build/\n"),
        ("build/a.py", UNUSED),
        (".hidden/b.py", UNUSED),
    ]);
    let nothing = folder.run("check");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "no findings in 0 files\n"));
    assert_eq!(
        nothing.stderr,
        "warning: .: no .py, .scala, .sc or .ipynb file that is not excluded; name another folder\n"
    );
    assert_eq!(folder.run("check build/a.py").code, 1);
}

#[test]
fn a_log_that_is_no_log_is_an_error() {
    let folder = Folder::new(&[("a.py", UNUSED), ("text.log", "hello\n"), ("empty", "")]);
    for log in ["text.log", "empty"] {
        let outcome = folder.run(&format!("check --output-format concise --event-log {log}"));
        assert_eq!(outcome.code, 2);
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        let told = format!("error: {log}: not a Spark event log: ");
        assert!(outcome.stderr.starts_with(&told), "{outcome:?}");
        assert!(outcome.stderr.contains("spark.eventLog.dir"), "{outcome:?}");
        assert!(outcome.stdout.contains("unused-suppression"), "{outcome:?}");
    }
    let missing = folder.run("log nowhere");
    assert_eq!(missing.code, 2);
    assert_eq!(missing.stderr, "error: nowhere: no such event log; check the spelling\n");
    let source = folder.run("log a.py");
    assert_eq!(source.code, 2);
    let folder_of_logs = folder.run("annotate --event-log .");
    assert_eq!(folder_of_logs.code, 2);
    assert!(
        folder_of_logs.stderr.contains("a folder, but not of a rolling event log"),
        "{folder_of_logs:?}"
    );
}

#[test]
fn a_truncated_log_is_used_as_far_as_it_goes() {
    let folder = Folder::new(&[("job.py", JOB)]);
    let whole = log("orders");
    folder.write("cut", &whole.as_bytes()[..whole.len() - 30]);
    let outcome = folder.run("annotate --output-format json --event-log cut");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.starts_with("warning: cut: the log is cut ("), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_eq!(outcome.json()["application"]["task_time_ms"], 7_900);
}

#[test]
fn annotate_without_a_log_tells_the_way_out() {
    let folder = Folder::new(&[("job.py", JOB)]);
    let outcome = folder.run("annotate");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert_eq!(
        outcome.stderr,
        "error: no event log is given; name one with --event-log LOG, or under `event-logs` in stagelight.toml \
         (Spark writes them to spark.eventLog.dir where spark.eventLog.enabled is true)\n"
    );
}

#[test]
fn a_configured_log_that_is_no_log_is_a_warning() {
    let folder = Folder::new(&[
        ("stagelight.toml", "event-logs = [\"app\", \"nothing/*\"]\n"),
        ("app", "hello\n"),
        ("a.py", UNUSED),
    ]);
    let outcome = folder.run("check --output-format concise");
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.starts_with("warning: app: not a Spark event log"), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1);
    let outcome = folder.run("annotate");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("error: no event log could be read"), "{outcome:?}");
    std::fs::remove_file(folder.path("app")).unwrap();
    let outcome = folder.run("annotate");
    assert!(outcome.stderr.contains("no event log matches stagelight.toml:1: app"), "{outcome:?}");
}

#[test]
fn usage_errors_end_with_2() {
    let folder = Folder::new(&[]);
    for arguments in
        ["", "chekc", "check --fix --diff", "check --fail-on hint", "check --unsafe-fixes", "log"]
    {
        assert_eq!(folder.run(arguments).code, 2, "{arguments}");
    }
    assert_eq!(folder.run("--help").code, 0);
    assert_eq!(folder.run("check --output-file no/such/folder.txt").code, 2);
}

#[test]
fn no_text_makes_it_fail() {
    let deep = format!("x = {}1{}\n", "(".repeat(3_000), ")".repeat(3_000));
    let chain = format!("df = spark.table(\"t\"){}\n", ".select(\"a\")".repeat(3_000));
    let folder = Folder::new(&[
        ("deep.py", &deep),
        ("chain.py", &chain),
        ("bom.py", "\u{feff}import pyspark\r\nx = 1\r\n"),
        ("empty.scala", ""),
        ("half.sc", "object X { def f( = \n"),
    ]);
    folder.write("nul.py", b"import pyspark\0\n\0");
    let outcome = folder.run("check");
    assert!(outcome.code < 2, "{outcome:?}");
}
