//! Where a log may lie: compressed files, archives, Databricks' folders, standard input.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{Folder, log};

/// A zip archive with these files, as the History Server's `/api/v1/applications/<id>/logs` hands it out.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (index, (name, bytes)) in files.iter().enumerate() {
        let method = [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored][index % 2];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What `log` says of a log in its first line.
fn first_line(folder: &Folder, name: &str) -> String {
    let outcome = folder.run(&format!("log {name}"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    outcome.stdout.lines().next().unwrap().to_owned()
}

const LINE: &str = "Application nightly app-1 · Spark 3.5.1 · 10 s wall time · 7.9 s task time";

#[test]
fn archives_of_the_history_server_are_read() {
    let text = log("nightly");
    let half = text.lines().count() / 2;
    let part = |lines: &[&str]| lines.join("\n") + "\n";
    let lines: Vec<&str> = text.lines().collect();
    let folder = Folder::new(&[]);
    folder.write("single.zip", &archive(&[("app-1", text.as_bytes())]));
    folder.write(
        "rolled.zip",
        &archive(&[
            ("eventlog_v2_app-1/appstatus_app-1", b""),
            ("eventlog_v2_app-1/events_2_app-1", part(&lines[half..]).as_bytes()),
            ("eventlog_v2_app-1/events_1_app-1", part(&lines[..half]).as_bytes()),
        ]),
    );
    assert_eq!(first_line(&folder, "single.zip"), LINE);
    assert_eq!(first_line(&folder, "rolled.zip"), LINE);

    let mut cut = archive(&[("app-1", text.as_bytes())]);
    cut.truncate(cut.len() / 2);
    folder.write("cut.zip", &cut);
    let outcome = folder.run("log cut.zip");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.starts_with("error: cut.zip: a zip archive that can't be read ("));
    assert!(outcome.stderr.ends_with("fetch it again\n"), "{}", outcome.stderr);
}

#[test]
fn hourly_files_of_databricks_are_one_log() {
    let text = log("nightly");
    let lines: Vec<&str> = text.lines().collect();
    let half = lines.len() / 2;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all((lines[..half].join("\n") + "\n").as_bytes()).unwrap();
    let folder = Folder::new(&[
        ("logs/eventlog", &(lines[half..].join("\n") + "\n")),
        ("logs/log4j-active.log", "not this one"),
    ]);
    folder.write("logs/eventlog-2024-05-01--10-00.gz", &gzip.finish().unwrap());
    assert_eq!(first_line(&folder, "logs"), LINE);
}

#[test]
fn standard_input_is_a_log_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .args(["log", "-"])
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(log("nightly").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().next(), Some(LINE));
}

#[test]
fn a_folder_of_logs_names_one_of_them() {
    let folder = Folder::new(&[("logs/eventlog_v2_app-1/events_1_app-1", &log("nightly"))]);
    let outcome = folder.run("log logs");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("name one, such as logs/eventlog_v2_app-1"), "{outcome:?}");
}
