//! What the files of a workspace say to each other, followed by the language server.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::{Client, Start, uri};

const READERS: &str = "from pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\n\
    def load_orders():\n    return spark.table('orders')\n";

/// The same, of as many rows as can be collected.
const FEW: &str = "from pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\n\
    def load_orders():\n    return spark.table('orders').limit(5)\n";

const JOB: &str = "from jobs.readers import load_orders\n\nrows = load_orders().collect()\n";

fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    for (name, text) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    (folder, path)
}

fn start(folder: &Path) -> Client {
    Start::default().folder(folder).start()
}

fn rules(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().filter_map(|it| it["code"].as_str()).collect()
}

/// Waits until a version of a document shows so many diagnostics; what it showed before is gone then.
fn shows(client: &mut Client, uri: &str, version: i64, count: usize) -> Vec<Value> {
    let what = format!("{count} diagnostics of version {version} of {uri}");
    loop {
        let message = client.wait(&what, |message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
        });
        let found = message["params"]["diagnostics"].as_array().unwrap();
        if message["params"]["version"] == json!(version) && found.len() == count {
            return found.clone();
        }
    }
}

fn changed(client: &mut Client, path: &Path, kind: u32) {
    client.notify(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(path), "type": kind}]}),
    );
}

#[test]
fn an_open_file_knows_what_the_files_of_its_folder_say() {
    let (_keep, folder) = workspace(&[("src/jobs/readers.py", READERS), ("main.py", JOB)]);
    let main = uri(&folder.join("main.py"));
    let mut client = start(&folder);
    client.open(&main, "python", JOB);
    let found = shows(&mut client, &main, 1, 1);
    assert_eq!(rules(&found), ["unbounded-collect"]);
    assert_eq!(found[0]["range"]["start"]["line"], 2);
    // A keystroke is answered with it at once, and a fix is judged with it.
    client.replace(&main, 2, &JOB.replace("rows", "lines"));
    assert_eq!(rules(&client.diagnostics(&main, 2)), ["unbounded-collect"]);
    assert!(client.shut_down().success());
}

#[test]
fn an_edit_checks_those_again_that_rest_on_it() {
    let (_keep, folder) = workspace(&[("jobs/readers.py", READERS), ("main.py", JOB)]);
    let (main, readers) = (uri(&folder.join("main.py")), uri(&folder.join("jobs/readers.py")));
    let mut client = start(&folder);
    client.open(&main, "python", JOB);
    shows(&mut client, &main, 1, 1);
    // The editor's text stands above the file's.
    client.open(&readers, "python", READERS);
    client.replace(&readers, 2, FEW);
    shows(&mut client, &main, 1, 0);
    client.replace(&readers, 3, &format!("{READERS}\n\nx = 1\n"));
    shows(&mut client, &main, 1, 1);
    client.replace(&readers, 4, FEW);
    shows(&mut client, &main, 1, 0);
    // Closed without being saved, the file counts again.
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": readers}}));
    shows(&mut client, &main, 1, 1);
    assert!(client.shut_down().success());
}

#[test]
fn files_that_change_on_disk_are_read_again() {
    let (_keep, folder) = workspace(&[("main.py", JOB)]);
    let main = uri(&folder.join("main.py"));
    let readers = folder.join("jobs/readers.py");
    let mut client = start(&folder);
    client.open(&main, "python", JOB);
    shows(&mut client, &main, 1, 0);
    std::fs::create_dir_all(folder.join("jobs")).unwrap();
    std::fs::write(&readers, READERS).unwrap();
    changed(&mut client, &readers, 1);
    shows(&mut client, &main, 1, 1);
    std::fs::write(&readers, FEW).unwrap();
    changed(&mut client, &readers, 2);
    shows(&mut client, &main, 1, 0);
    std::fs::write(&readers, READERS).unwrap();
    changed(&mut client, &readers, 2);
    shows(&mut client, &main, 1, 1);
    std::fs::remove_file(&readers).unwrap();
    changed(&mut client, &readers, 3);
    shows(&mut client, &main, 1, 0);
    assert!(client.shut_down().success());
}

#[test]
fn an_editor_that_watches_nothing_is_followed_by_its_saves() {
    let (_keep, folder) = workspace(&[("jobs/readers.py", FEW), ("main.py", JOB)]);
    let main = uri(&folder.join("main.py"));
    let mut client = start(&folder);
    client.open(&main, "python", JOB);
    shows(&mut client, &main, 1, 0);
    std::fs::write(folder.join("jobs/readers.py"), READERS).unwrap();
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": main}}));
    shows(&mut client, &main, 1, 1);
    assert!(client.shut_down().success());
}

#[test]
fn cells_know_what_the_files_of_their_folder_say() {
    let (_keep, folder) = workspace(&[("jobs/readers.py", READERS)]);
    let notebook = uri(&folder.join("main.ipynb"));
    let cell = format!("vscode-notebook-cell{}#a", notebook.strip_prefix("file").unwrap());
    let mut client = start(&folder);
    client.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": {
                "uri": notebook, "notebookType": "jupyter-notebook", "version": 1, "metadata": {},
                "cells": [{"kind": 2, "document": cell}],
            },
            "cellTextDocuments": [{"uri": cell, "languageId": "python", "version": 1, "text": JOB}],
        }),
    );
    let found = shows(&mut client, &cell, 1, 1);
    assert_eq!(rules(&found), ["unbounded-collect"]);
    assert!(client.shut_down().success());
}

#[test]
fn reading_a_large_folder_is_shown() {
    let files: Vec<(String, String)> =
        (0..220).map(|at| (format!("m{at}.py"), format!("x = {at}\n"))).collect();
    let mut named: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    named.extend([("jobs/readers.py", READERS), ("main.py", JOB)]);
    let (_keep, folder) = workspace(&named);
    let main = uri(&folder.join("main.py"));
    let capabilities = json!({"window": {"workDoneProgress": true}});
    let mut client = Start { capabilities, ..Start::default() }.folder(&folder).start();
    client.open(&main, "python", JOB);
    let values = ["begin", "end"].map(|kind| {
        let is_it =
            |it: &Value| it["method"] == "$/progress" && it["params"]["value"]["kind"] == kind;
        client.wait(kind, is_it)["params"]["value"].clone()
    });
    assert_eq!(values[0]["title"], "Stagelight: reading the workspace");
    assert_eq!(values[1]["message"], "221 files");
    shows(&mut client, &main, 1, 1);
    assert!(client.shut_down().success());
}
