//! Recorded logs with the paths that platforms leave: a run is found in its sources wherever it ran.

use serde_json::Value;

use super::Folder;
use super::evidence::{program, recorded_text};

/// Where the recorded program ran.
const RAN: &str = "/srv/stagelight/tests/attribution/freight/source/";

/// What is on lines: file, line, method, match, own task time.
fn lines(folder: &Folder, path: &str) -> Vec<String> {
    let json = folder.run(&format!("annotate {path} --event-log app --output-format json")).json();
    let line = |it: &Value| {
        format!(
            "{}:{} {} {} {}",
            it["file"].as_str().unwrap(),
            it["line"],
            it["method"].as_str().unwrap(),
            it["match"].as_str().unwrap(),
            it["self_task_time_ms"]
        )
    };
    json["lines"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn modules_are_found_in_containers_archives_and_installed_packages() {
    let folder = program("freight");
    let log = recorded_text("freight/3.5.9.zstd");
    folder.write("app", log.as_bytes());
    let exact = lines(&folder, "source");
    assert!(
        exact.iter().any(|it| it.starts_with("source/freight/quality.py:39 collect call-site"))
    );
    for place in [
        // YARN: a container's own folder, archives beside it, single files.
        "/data/yarn/nm/usercache/etl/appcache/application_1795_0001/container_1795_0001_01_000001/freight.zip/",
        "/data/yarn/nm/usercache/etl/appcache/application_1795_0001/container_1795_0001_01_000001/freight-1.0-py3.11.egg/",
        "/var/spark/spark-0f6b/userFiles-77aa/",
        "/home/spark/.local/lib/python3.11/site-packages/",
        "/databricks/python/lib/python3.10/site-packages/",
        "/Workspace/Users/a@example.org/.bundle/nightly/prod/files/source/",
        "C:\\\\jobs\\\\source\\\\",
    ] {
        let mut log = log.replace(RAN, place);
        if place.contains('\\') {
            log = log.replace("freight/quality.py:", "freight\\\\quality.py:");
        }
        folder.write("app", log.as_bytes());
        assert_eq!(lines(&folder, "source"), exact, "{place}");
    }
    // Another package with a module of that name is not meant.
    let other = log.replace(&format!("{RAN}freight/"), "/usr/lib/python3/dist-packages/checks/");
    folder.write("app", other.as_bytes());
    let other = lines(&folder, "source");
    assert!(other.iter().all(|it| !it.contains("call-site")), "{other:?}");
}

#[test]
fn copies_of_a_program_stay_ambiguous_unless_the_log_says_which() {
    let folder = program("freight");
    let copy = program("freight");
    std::fs::rename(copy.path("source"), folder.path("copy")).unwrap();
    // The copies' folders are not in the paths of the log.
    let log = recorded_text("freight/3.5.9.zstd").replace(RAN, "/opt/jobs/");
    folder.write("app", log.as_bytes());
    let text = folder.run("annotate . --event-log app").stdout;
    assert!(text.contains("several files are named /opt/jobs/freight/quality.py"), "{text}");
    assert!(lines(&folder, ".").iter().all(|it| !it.contains("call-site")));

    // One of them has other lines since: the calls are only in one.
    let path = "copy/freight/quality.py";
    let moved = format!("\n{}", folder.read(path));
    folder.write(path, moved.as_bytes());
    let told = lines(&folder, ".");
    let at = |it: &&String| it.contains("call-site");
    assert!(told.iter().any(|it| it.starts_with("source/freight/quality.py:39 collect call-site")));
    assert!(told.iter().filter(at).all(|it| it.starts_with("source/")), "{told:?}");
}

#[test]
fn cells_of_jupyter_and_databricks_are_found_by_their_text() {
    let folder = program("churn-notebook");
    let log = recorded_text("churn-notebook/3.5.9.zstd");
    folder.write("app", log.as_bytes());
    let exact = lines(&folder, "source");
    let named = exact.iter().filter(|it| it.contains("call-site")).count();
    assert!(named > 1, "{exact:?}");
    // Kernels of Databricks name a cell by the number of its command, and by the same hash.
    for folder_of_kernel in
        ["/databricks/.ipykernel/1348", "/home/spark-88da72a5-41e6-4eb8-b0b7-22/.ipykernel/67"]
    {
        let log = log.replace(
            "/tmp/ipykernel_4242/",
            &format!("{folder_of_kernel}/command-1723439101937605-"),
        );
        let log = [1_092_497_541u32, 1_090_970_525, 236_611_638, 3_134_633_654]
            .iter()
            .fold(log, |log, hash| log.replace(&format!("-{hash}.py:"), &format!("-{hash}:")));
        assert!(log.contains("command-1723439101937605-236611638:3"));
        folder.write("app", log.as_bytes());
        assert_eq!(lines(&folder, "source"), exact, "{folder_of_kernel}");
    }
}

#[test]
fn the_newest_log_of_a_folder_is_read() {
    let folder = Folder::new(&[
        ("stagelight.toml", "event-logs = [\"logs\"]\n"),
        ("job.py", super::JOB),
        ("logs/app-1", &super::log_of("old", "app-1", 1_714_564_800_000)),
        ("logs/app-2", &super::log_of("new", "app-2", 1_714_664_800_000)),
        ("logs/.app-2.crc", "crc"),
        ("logs/notes.txt", "no log"),
    ]);
    let json = folder.run("annotate job.py --output-format json").json();
    assert_eq!(json["application"]["id"], "app-2");
}
