//! What the files of a workspace say to each other, followed by the language server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::{Client, Start, position, uri};

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

/// What the command line says of files in a folder: each finding's line, column and rule, by file.
fn checked(folder: &Path, files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Place>> {
    let cold = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = cold.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .args(["check", "--output-format", "json", "--fail-on", "never", "."])
        .current_dir(cold.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut places: BTreeMap<String, Vec<Place>> =
        files.keys().map(|name| (uri(&folder.join(name)), Vec::new())).collect();
    for finding in report["findings"].as_array().unwrap() {
        let number = |name: &str| finding[name].as_u64().unwrap() - 1;
        let file = uri(&folder.join(finding["file"].as_str().unwrap()));
        let rule = finding["rule"].as_str().unwrap().to_owned();
        places.get_mut(&file).unwrap().push((number("line"), number("column"), rule));
    }
    places.values_mut().for_each(|it| it.sort());
    places
}

type Place = (u64, u64, String);

/// The same of what the editor was shown last.
fn shown(diagnostics: &Value) -> Vec<Place> {
    let mut places: Vec<Place> = diagnostics
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let start = &it["range"]["start"];
            let number = |name: &str| start[name].as_u64().unwrap();
            (number("line"), number("character"), it["code"].as_str().unwrap().to_owned())
        })
        .collect();
    places.sort();
    places
}

#[test]
fn however_files_are_edited_the_editor_ends_with_what_the_command_line_says() {
    let mut files: BTreeMap<String, String> = [
        ("jobs/readers.py", READERS),
        ("jobs/enrich.py", "from . import readers\n\ndef enrich(df):\n    df.collect()\n    return df.join(readers.load_orders(), 'id')\n"),
        ("main.py", "from jobs.enrich import enrich\nfrom jobs.readers import load_orders, spark\n\nenrich(load_orders()).collect()\nenrich(spark.range(3)).toPandas()\n"),
        ("Readers.scala", "package acme\n\nobject Readers {\n  val session = org.apache.spark.sql.SparkSession.builder().getOrCreate()\n  def orders = session.table(\"orders\")\n}\n"),
        ("Main.scala", "package acme\n\nobject Main extends App {\n  Readers.orders.collect()\n  Readers.orders.rdd.map(row => (row, 1)).groupByKey().collect()\n}\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let named: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let (_keep, folder) = workspace(&named);
    let mut client = start(&folder);
    for (name, text) in &files {
        let language = if name.ends_with(".py") { "python" } else { "scala" };
        client.open(&uri(&folder.join(name)), language, text);
    }
    let pieces = [
        "",
        "\n",
        "(",
        ")",
        ".limit(5)",
        ".rdd",
        ".collect()",
        "    return spark.range(2)\n",
        "def load_orders():\n    return 1\n",
        "from jobs.readers import *\n",
        "# ",
        "x",
        "é",
        "def orders = 1\n",
        "}\n",
    ];
    let mut seed = 11_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let names: Vec<String> = files.keys().cloned().collect();
    let mut version = 1;
    let mut shows: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for _round in 0..4 {
        for _edit in 0..6 {
            version += 1;
            let name = &names[random(names.len())];
            let text = files.get_mut(name).unwrap();
            let boundary = |mut at: usize, text: &str| {
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                at
            };
            let start = boundary(random(text.len() + 1), text);
            let gone = [0, 0, 1, 20][random(4)];
            let end = boundary((start + gone).min(text.len()), text);
            let piece = pieces[random(pieces.len())];
            let change = json!([{
                "range": {"start": position(text, start, false), "end": position(text, end, false)},
                "text": piece,
            }]);
            text.replace_range(start..end, piece);
            client.change(&uri(&folder.join(name)), version, change);
        }
        // Nobody says when the last word is spoken; if it is never the right one, waiting for it ends the test.
        let expected = checked(&folder, &files);
        while shows != expected {
            let what = format!("{expected:#?}");
            let mut message =
                client.wait(&what, |it| it["method"] == "textDocument/publishDiagnostics");
            let params = message["params"].take();
            let uri = params["uri"].as_str().unwrap().to_owned();
            shows.insert(uri, shown(&params["diagnostics"]));
        }
    }
    assert!(client.shut_down().success());
}
