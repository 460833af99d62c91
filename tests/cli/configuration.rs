//! `stagelight.toml` and `pyproject.toml`.

use super::{Folder, JOB, UNUSED, log, log_of};

#[test]
fn the_nearest_file_wins() {
    let folder = Folder::new(&[
        ("stagelight.toml", "ignore = [\"unused-suppression\"]\n"),
        ("a.py", UNUSED),
        ("inner/stagelight.toml", "[rules]\nunused-suppression = \"error\"\n"),
        ("inner/b.py", UNUSED),
    ]);
    let outcome = folder.run("check --output-format concise");
    assert_eq!(outcome.stdout.lines().count(), 1);
    // The engine's own check has one severity.
    assert!(outcome.stdout.starts_with("inner/b.py:3:8: "), "{outcome:?}");
}

#[test]
fn pyproject_holds_a_table() {
    let folder = Folder::new(&[
        ("pyproject.toml", "[tool.stagelight]\nfail-on = \"never\"\nexclude = [\"gen\"]\n"),
        ("a.py", UNUSED),
        ("gen/b.py", UNUSED),
        ("other/pyproject.toml", "[project]\nname = \"x\"\n"),
        ("other/c.py", UNUSED),
    ]);
    let outcome = folder.run("check --output-format concise");
    assert_eq!(outcome.code, 0);
    let files: Vec<&str> =
        outcome.stdout.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(files, ["a.py", "other/c.py"]);
}

#[test]
fn mistakes_stop_everything_and_name_the_line() {
    let cases = [
        (
            "\n\nevent-log = []\n",
            "stagelight.toml:3: unknown key `event-log`; did you mean `event-logs`?",
        ),
        (
            "[rules]\nunused-suppresion = \"off\"\n",
            "stagelight.toml:2: unknown rule `unused-suppresion`; did you mean `unused-suppression`?",
        ),
        (
            "[rules]\nunused-suppression = \"loud\"\n",
            "stagelight.toml:2: `unused-suppression` must be \"off\", \"on\", \"hint\", \"information\", \"warning\" or \"error\"",
        ),
        ("[thresholds]\nskew = \"big\"\n", "stagelight.toml:2: `skew` must be a number from 0 on"),
        ("select = [\"xyz\"]\n", "stagelight.toml:1: unknown rule `xyz`; see `stagelight rules`"),
    ];
    for (text, message) in cases {
        let folder = Folder::new(&[("stagelight.toml", text), ("a.py", UNUSED)]);
        let outcome = folder.run("check");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
        assert_eq!(outcome.stderr, format!("error: {message}\n"));
    }
    let folder = Folder::new(&[("stagelight.toml", "a = = 1\n"), ("a.py", UNUSED)]);
    let outcome = folder.run("check");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.starts_with("error: stagelight.toml:1: not valid TOML"), "{outcome:?}");
}

#[test]
fn rules_that_the_command_line_names_must_exist() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    let outcome = folder.run("check --select unused-suppresion");
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "error: unknown rule `unused-suppresion`; did you mean `unused-suppression`?\n"
    );
}

#[test]
fn of_a_glob_the_newest_run_is_used() {
    let folder = Folder::new(&[
        ("stagelight.toml", "event-logs = [\"logs/*\"]\n"),
        ("job.py", JOB),
        ("logs/z-old", &log_of("old", "app-1", 1_600_000_000_000)),
        ("logs/a-new", &log_of("new", "app-2", 1_700_000_000_000)),
    ]);
    let outcome = folder.run("annotate --output-format json");
    assert_eq!(outcome.json()["application"]["name"], "new");
    // Named ones are all used, the newest first.
    let both =
        folder.run("annotate --output-format json --event-log logs/z-old --event-log logs/a-new");
    let names: Vec<serde_json::Value> = both
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["application"]["name"].clone())
        .collect();
    assert_eq!(names, ["new", "old"]);
}

#[test]
fn logs_outside_the_folder_want_trust() {
    let folder = Folder::new(&[
        ("outside", &log("orders")),
        ("work/stagelight.toml", "event-logs = [\"../outside\"]\n"),
        ("work/job.py", JOB),
    ]);
    let refused = folder.run("annotate work --output-format json");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(
        refused.stderr.contains(
            "work/stagelight.toml:1: the event log `../outside` lies outside work; pass --trust, or name it with --event-log"
        ),
        "{refused:?}"
    );
    for arguments in ["--trust", "--event-log outside"] {
        let outcome = folder.run(&format!("annotate work --output-format json {arguments}"));
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_out_of_the_folder() {
    let folder = Folder::new(&[
        ("outside", &log("orders")),
        ("work/stagelight.toml", "event-logs = [\"logs/*\"]\n"),
        ("work/job.py", JOB),
        ("work/logs/readme", ""),
    ]);
    std::os::unix::fs::symlink("../../outside", folder.path("work/logs/inside")).unwrap();
    std::fs::remove_file(folder.path("work/logs/readme")).unwrap();
    let refused = folder.run("annotate work");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("lies outside work"), "{refused:?}");
}

#[test]
fn logs_on_other_machines_are_refused() {
    for name in ["//host/share/log", "\\\\\\\\host\\\\share", "s3a://bucket/log"] {
        let folder = Folder::new(&[
            ("stagelight.toml", &format!("event-logs = [\"{name}\"]\n")),
            ("job.py", JOB),
        ]);
        let outcome = folder.run("check --trust");
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains("lies on another machine"), "{outcome:?}");
    }
}

#[test]
fn init_writes_a_file_once() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    let outcome = folder.run("init");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "wrote stagelight.toml\n"));
    assert_eq!(folder.run("check").code, 1);
    let again = folder.run("init");
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("exists already"), "{again:?}");
}
