//! Names that try to speak to terminals, browsers and CI services.

use super::{Folder, JOB, UNUSED, log};

const NAMES: [&str; 4] = [
    "<script>alert(1)</script>",
    "command:workbench.action.terminal.new",
    "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}2J\u{202e}",
    "x\r\n::error file=a.py::owned\n##[error]owned",
];

/// No control character but line ends, and no line that a CI service obeys.
fn assert_harmless(text: &str) {
    for line in text.lines() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.contains(['\u{202e}', '\u{202d}', '\u{2066}']), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
    }
}

#[test]
fn names_of_applications_stay_text() {
    for name in NAMES {
        let folder = Folder::new(&[("job.py", JOB), ("app", &log(name))]);
        for arguments in [
            "annotate --event-log app",
            "log app",
            "check --event-log app",
            "model",
            "what-if app",
            "compare app app",
        ] {
            let outcome = folder.run(arguments);
            assert!(outcome.code < 2, "{outcome:?}");
            assert_harmless(&outcome.stdout);
            assert_harmless(&outcome.stderr);
        }
        let json = folder.run("log --output-format json app").json();
        assert_eq!(json["application"]["name"], name);
    }
}

#[test]
fn text_of_sources_stays_text() {
    let source = format!(
        "import pyspark\nx = '\u{1b}[31m\u{9b}2J\u{202e}##[error]'  # stagelight: ignore[no-such-rule] {}\n",
        "\u{1b}]0;owned\u{7}"
    );
    let folder = Folder::new(&[("a.py", &source)]);
    for format in ["full", "concise", "github"] {
        let outcome = folder.run(&format!("check --output-format {format}"));
        assert_eq!(outcome.code, 1);
        if format == "github" {
            assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
        } else {
            assert_harmless(&outcome.stdout);
        }
    }
}

#[test]
fn a_suppressed_name_stays_text() {
    let source = "import pyspark\nx = 1  # stagelight: ignore[\u{1b}[31m::x]\n";
    let folder = Folder::new(&[("a.py", source)]);
    assert_harmless(&folder.run("check").stdout);
    assert_harmless(&folder.run("check --output-format concise").stdout);
}

#[cfg(unix)]
#[test]
fn names_of_files_stay_text() {
    let name = "::error,50%\n::warning::x\u{1b}[31m.py";
    let folder = Folder::new(&[]);
    std::fs::write(folder.path(name), UNUSED).unwrap();
    let github = folder.run("check --output-format github").stdout;
    assert_eq!(github.lines().count(), 1, "{github:?}");
    assert!(
        github.starts_with(
            "::warning title=stagelight (unused-suppression),file=./%3A%3Aerror%2C50%25%0A%3A%3Awarning%3A%3Ax[31m.py,line=3,endLine=3,col=8,"
        ),
        "{github:?}"
    );
    for format in ["full", "concise"] {
        assert_harmless(&folder.run(&format!("check --output-format {format}")).stdout);
    }
    let json = folder.run("check --output-format json").json();
    assert_eq!(json["findings"][0]["file"], format!("./{name}"));
    let sarif = folder.run("check --output-format sarif").json();
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(
        location["artifactLocation"]["uri"],
        "%3A%3Aerror%2C50%25%0A%3A%3Awarning%3A%3Ax%1B%5B31m.py"
    );
}

#[test]
fn a_missing_name_stays_text() {
    let folder = Folder::new(&[]);
    let outcome = super::run_in(&folder.path("."), &["check", "::error::\u{1b}[31m\n##[x]"]);
    assert_eq!(outcome.code, 2);
    assert_harmless(&outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1);
}
