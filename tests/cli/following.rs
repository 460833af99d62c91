//! `log --follow`: a log that is written while it is read.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use super::{Folder, log};

fn follow(folder: &Folder, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .args(["log", "--follow"])
        .args(arguments)
        .current_dir(folder.directory.path())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The log's parts: up to the first end of a stage, and the rest.
fn parts() -> (String, String) {
    let text = log("nightly");
    let end = text.find("StageCompleted").unwrap();
    let line = end + text[end..].find('\n').unwrap() + 1;
    (text[..line].to_owned(), text[line..].to_owned())
}

#[test]
fn what_ends_is_told_at_once_and_the_report_comes_at_the_end() {
    let (first, rest) = parts();
    let folder = Folder::new(&[("app-1.inprogress", &first)]);
    let mut child = follow(&folder, &["app-1.inprogress"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("nightly"), "{line}");
    line.clear();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("stage ") && line.contains("complete"), "{line}");

    // More, in the middle of a line, and then the name it has in the end.
    let path = folder.path("app-1.inprogress");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(&rest.as_bytes()[..rest.len() / 2]).unwrap();
    std::fs::rename(&path, folder.path("app-1")).unwrap();
    file.write_all(&rest.as_bytes()[rest.len() / 2..]).unwrap();
    let mut report = String::new();
    out.read_to_string(&mut report).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let cold = folder.run("log app-1").stdout;
    assert!(report.ends_with(&cold), "{report}\n---\n{cold}");
}

#[test]
fn a_finished_log_is_reported_at_once_in_any_format() {
    let folder = Folder::new(&[("app-1", &log("nightly"))]);
    let outcome = folder.run("log --follow app-1 --output-format json");
    assert_eq!(
        (outcome.code, &outcome.stdout),
        (0, &folder.run("log app-1 --output-format json").stdout)
    );
    // The name that it had while it ran leads to it.
    assert_eq!(folder.run("log --follow app-1.inprogress").code, 0);
}

#[test]
fn what_is_no_log_is_told_as_without_following() {
    let folder = Folder::new(&[("a.csv", &"id,amount\n".repeat(20_000))]);
    for arguments in ["a.csv", "missing"] {
        let cold = folder.run(&format!("log {arguments}"));
        let followed = folder.run(&format!("log --follow {arguments}"));
        assert_eq!((followed.code, followed.stderr), (2, cold.stderr));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_a_report_of_what_there_is() {
    let (first, _) = parts();
    let folder = Folder::new(&[("app-1.inprogress", &first)]);
    let mut child = follow(&folder, &["app-1.inprogress"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut report = String::new();
    out.read_to_string(&mut report).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(report.contains("Stages, hottest first"), "{report}");
}
