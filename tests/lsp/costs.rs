//! Cost from event logs: read in the background, shown at the lines, kept while the text moves.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::{Client, Start, uri};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A copy of the example, since the tests write into it.
fn example() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let example = folder.path().join("orders");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/orders"), &example);
    (folder, example)
}

fn start(folder: &Path) -> Client {
    let capabilities = json!({
        "window": {"workDoneProgress": true},
        "workspace": {"inlayHint": {"refreshSupport": true}},
        "textDocument": {"hover": {"contentFormat": ["markdown"]}},
    });
    Start { capabilities, ..Start::default() }.folder(folder).start()
}

fn refreshed(client: &mut Client) {
    client.wait("a refresh of hints", |it| it["method"] == "workspace/inlayHint/refresh");
}

fn line_of(text: &str, part: &str) -> u32 {
    text.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part} in {text}"))
        as u32
}

fn labels(hints: &[Value]) -> Vec<(u64, String)> {
    let label = |hint: &Value| hint["label"].as_str().unwrap().to_owned();
    hints.iter().map(|hint| (hint["position"]["line"].as_u64().unwrap(), label(hint))).collect()
}

/// The lenses of a document, as line and title.
fn lenses(client: &mut Client, document: &str) -> Vec<(u64, String)> {
    let params = json!({"textDocument": {"uri": document}});
    let found = client.request_settled("textDocument/codeLens", &params);
    let of = |lens: &Value| {
        let title = lens["command"]["title"].as_str().unwrap().to_owned();
        (lens["range"]["start"]["line"].as_u64().unwrap(), title)
    };
    found.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn functions_carry_the_sum_of_their_lines() {
    let (_keep, folder) = example();
    let path = folder.join("Orders.scala");
    let text = std::fs::read_to_string(&path).unwrap();
    let document = uri(&path);
    let capabilities = json!({"workspace": {"codeLens": {"refreshSupport": true}}});
    let mut client = Start { capabilities, ..Start::default() }.folder(&folder).start();
    client.open(&document, "scala", &text);
    client.wait("a refresh of lenses", |it| it["method"] == "workspace/codeLens/refresh");
    let before = lenses(&mut client, &document);
    let lines: Vec<u64> = before.iter().map(|it| it.0).collect();
    let wanted = [0, line_of(&text, "object Orders").into(), line_of(&text, "def main(").into()];
    assert_eq!(lines, wanted, "{before:?}");
    for (_, title) in &before {
        assert!(title.contains(" task time · ") && title.contains("of the last run"), "{title}");
        assert!(title.contains(" stages · ") && title.ends_with(" shuffle"), "{title}");
    }

    // They move with the code, at once.
    let at = json!({"line": 0, "character": 0});
    client.change(&document, 2, json!([{"range": {"start": at, "end": at}, "text": "// one\n"}]));
    let after = lenses(&mut client, &document);
    assert_eq!(after[1], (before[1].0 + 1, before[1].1.clone()));
    client.shut_down();
}

#[test]
fn lines_carry_their_cost_and_keep_it_while_the_text_moves() {
    let (_keep, folder) = example();
    for (name, language, action) in
        [("orders.py", "python", ".takeOrdered("), ("Orders.scala", "scala", ".takeOrdered(")]
    {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let document = uri(&path);
        let mut client = start(&folder);
        client.open(&document, language, &text);
        refreshed(&mut client);
        let progress: Vec<String> = ["begin", "end"]
            .map(|kind| {
                let it = client.wait(kind, |it| {
                    it["method"] == "$/progress" && it["params"]["value"]["kind"] == kind
                });
                it["params"]["value"].to_string()
            })
            .into();
        assert!(
            progress[0].contains("reading event logs") && progress[1].contains("run"),
            "{progress:?}"
        );

        let hints = client.hints(&document);
        let before = labels(&hints);
        let line = line_of(&text, action);
        assert!(before.len() >= 2, "{before:?}");
        assert!(before.iter().any(|(at, _)| *at == u64::from(line)), "line {line}: {before:?}");
        for (hint, (at, label)) in hints.iter().zip(&before) {
            let content = text.lines().nth(*at as usize).unwrap();
            assert_eq!(
                hint["position"]["character"],
                content.encode_utf16().count(),
                "at the line's end"
            );
            assert!(
                label.chars().count() < 50 && label.contains(|it: char| it.is_ascii_digit()),
                "{label}"
            );
            // An action whose operators are all other lines' has the driver's time only.
            let tooltip = hint["tooltip"]["value"].as_str().unwrap();
            assert!(
                tooltip.contains("Own task time") || tooltip.contains("| Driver |"),
                "{hint:#}"
            );
        }
        let hover =
            client.hover(&document, line, 3)["contents"]["value"].as_str().unwrap().to_owned();
        for part in ["| Last run |", "Matched by", "`orders`", "Spark 4.1"] {
            assert!(hover.contains(part), "{part} in {hover}");
        }

        // Two lines more above: the cost moves with the code, at once.
        let comment = if language == "python" { "#" } else { "//" };
        let at = json!({"line": 0, "character": 0});
        client.change(&document, 2, json!([{"range": {"start": at, "end": at}, "text": format!("{comment} one\n{comment} two\n")}]));
        let after: Vec<_> = labels(&client.hints(&document))
            .into_iter()
            .map(|(at, label)| (at - 2, label))
            .collect();
        assert_eq!(before, after);

        // A range is answered for that range only.
        let params = json!({"textDocument": {"uri": document}, "range": {"start": at, "end": {"line": 3, "character": 0}}});
        assert_eq!(client.request_settled("textDocument/inlayHint", &params), json!([]));
        assert!(client.shut_down().success());
    }
}

#[test]
fn a_log_that_comes_later_is_seen_after_a_save() {
    let (_keep, folder) = example();
    let logs = folder.join("logs");
    let away = folder.join("away");
    std::fs::rename(&logs, &away).unwrap();
    let path = folder.join("orders.py");
    let text = std::fs::read_to_string(&path).unwrap();
    let document = uri(&path);
    let mut client = start(&folder);
    client.open(&document, "python", &text);
    client.diagnostics(&document, 1);
    assert_eq!(client.hints(&document).len(), 0);
    refreshed(&mut client);

    std::fs::rename(&away, &logs).unwrap();
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": document}}));
    refreshed(&mut client);
    assert!(!client.hints(&document).is_empty());
    assert!(client.shut_down().success());
}

#[test]
fn logs_outside_the_workspace_or_of_strangers_are_not_read() {
    let (_keep, folder) = example();
    let path = folder.join("orders.py");
    let text = std::fs::read_to_string(&path).unwrap();
    let document = uri(&path);

    // Untrusted: the configuration counts, its logs do not.
    let start_untrusted = Start { options: json!({"trusted": false}), ..Start::default() };
    let mut client = start_untrusted.folder(&folder).start();
    client.open(&document, "python", &text);
    client.diagnostics(&document, 1);
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": document}}));
    assert_eq!(client.hints(&document).len(), 0);
    assert!(client.shut_down().success());

    let outside = folder.parent().unwrap().join("outside");
    std::fs::rename(folder.join("logs"), &outside).unwrap();
    let glob = outside.join("*.zstd");
    std::fs::write(
        folder.join("stagelight.toml"),
        format!("event-logs = [{:?}]\n", glob.to_str().unwrap()),
    )
    .unwrap();
    let mut client = start(&folder);
    client.open(&document, "python", &text);
    let told = client.notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("outside"), "{told}");
    refreshed(&mut client);
    assert_eq!(client.hints(&document).len(), 0);
    assert!(client.shut_down().success());
}

#[test]
fn a_log_that_grows_is_followed() {
    let (_keep, folder) = example();
    let path = folder.join("orders.py");
    let text = std::fs::read_to_string(&path).unwrap();
    let document = uri(&path);
    let mut client = start(&folder);
    client.open(&document, "python", &text);
    refreshed(&mut client);
    let whole = labels(&client.hints(&document));
    assert!(client.shut_down().success());

    let mut logs = Vec::new();
    let mut folders = vec![folder.join("logs")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                logs.push((std::fs::read(&path).unwrap(), path));
            }
        }
    }
    for (bytes, path) in &logs {
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    let mut client = start(&folder);
    client.open(&document, "python", &text);
    refreshed(&mut client);
    let begun = labels(&client.hints(&document));
    assert_ne!(begun, whole);

    // Nothing is saved, nothing is told: more is in the files.
    for (bytes, path) in &logs {
        std::fs::write(path, bytes).unwrap();
    }
    for _ in 0..logs.len() {
        refreshed(&mut client);
        if labels(&client.hints(&document)) == whole {
            break;
        }
    }
    assert_eq!(labels(&client.hints(&document)), whole);
    assert!(client.shut_down().success());
}

/// Commits a file, long before all recordings, with nothing of the machine's own configuration.
fn commit(folder: &Path, file: &str) {
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    for arguments in [&["init", "--quiet"][..], &["add", file], &["commit", "--quiet", "-m", "Add"]]
    {
        let status = std::process::Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2020-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
            .status()
            .unwrap();
        assert!(status.success());
    }
}

#[test]
fn costs_of_a_text_that_was_edited_since_stand_where_its_calls_are_now() {
    let (_keep, folder) = example();
    std::fs::write(
        folder.join("stagelight.toml"),
        "event-logs = [\"logs/orders-python-4.1/eventlog_v2_*\"]\n",
    )
    .unwrap();
    let path = folder.join("orders.py");
    let text = std::fs::read_to_string(&path).unwrap();
    let shown = |text: &str| -> Vec<(String, String)> {
        let mut client = start(&folder);
        client.open(&uri(&path), "python", text);
        refreshed(&mut client);
        let lines: Vec<&str> = text.lines().collect();
        let labels = labels(&client.hints(&uri(&path))).into_iter();
        labels.map(|(at, label)| (lines[at as usize].to_owned(), label)).collect()
    };
    let exact = shown(&text);
    assert!(exact.len() > 3 && exact.iter().all(|it| !it.1.contains("before edit")), "{exact:?}");

    commit(&folder, "orders.py");
    let edited = format!("\n\n\n{text}");
    std::fs::write(&path, &edited).unwrap();
    let moved = shown(&edited);
    let expected: Vec<_> =
        exact.iter().map(|it| (it.0.clone(), format!("{} · before edit", it.1))).collect();
    assert_eq!(moved, expected);

    let mut client = start(&folder);
    client.open(&uri(&path), "python", &edited);
    refreshed(&mut client);
    let line = line_of(&edited, &exact[0].0);
    let hover = client.hover(&uri(&path), line, 4)["contents"]["value"].to_string();
    assert!(hover.contains("edited since: as it was in commit "), "{hover}");
}
