//! What made the last run slow stands at the lines that asked for it, and moves with them.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Client, Start, uri};

/// The sick program of a recorded workload with its log, and a client that has it open.
fn workload(name: &str) -> (tempfile::TempDir, Client, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/workloads").join(name);
    let path = folder.path().join("sick.py");
    std::fs::copy(from.join("sick.py"), &path).unwrap();
    std::fs::copy(from.join("logs/sick-4.1.zstd"), folder.path().join("run.zstd")).unwrap();
    std::fs::write(folder.path().join("stagelight.toml"), "event-logs = [\"run.zstd\"]\n").unwrap();
    let capabilities = json!({
        "workspace": {"inlayHint": {"refreshSupport": true}},
        "textDocument": {"hover": {"contentFormat": ["markdown"]}},
    });
    let text = std::fs::read_to_string(&path).unwrap();
    let document = uri(&path);
    let mut client = Start { capabilities, ..Start::default() }.folder(folder.path()).start();
    client.open(&document, "python", &text);
    (folder, client, document, text)
}

/// The diagnostics with this code, once there are any.
fn until(client: &mut Client, document: &str, version: i64, code: &str) -> Vec<Value> {
    loop {
        let mut found = client.diagnostics(document, version);
        found.retain(|it| it["code"] == code);
        if !found.is_empty() {
            return found;
        }
    }
}

#[test]
fn a_diagnosis_stands_at_its_line_with_the_saving_and_is_explained_there() {
    let (_keep, mut client, document, text) = workload("skewed-join");
    let line = text.lines().position(|it| it.contains("orders.join(customers")).unwrap();
    let found = until(&mut client, &document, 1, "partition-skew");
    assert_eq!(found.len(), 1, "{found:#?}");
    let range = &found[0]["range"]["start"];
    assert_eq!(range["line"], line, "{found:#?}");
    let column = text.lines().nth(line).unwrap().find("join").unwrap();
    assert_eq!(range["character"], column, "at the method's name");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.starts_with("in the last run, ") && message.contains("saves"), "{message}");
    // Of a run that speaks for no other it is a hint.
    assert_eq!(found[0]["severity"], 4);

    let hover = client.hover(&document, line as u32, column as u32);
    let hover = hover["contents"]["value"].as_str().unwrap();
    for part in
        ["**partition-skew**", "**Help**", "of wall time", "| Last run |", "one task for each"]
    {
        assert!(hover.contains(part), "{part} in {hover}");
    }

    // It moves with the code at once.
    let at = json!({"line": 0, "character": 0});
    client.change(&document, 2, json!([{"range": {"start": at, "end": at}, "text": "# one\n"}]));
    let found = until(&mut client, &document, 2, "partition-skew");
    assert_eq!(found[0]["range"]["start"]["line"], line + 1);
    assert!(client.shut_down().success());
}

#[test]
fn a_gap_between_jobs_stands_where_it_begins_and_ends() {
    let (_keep, mut client, document, text) = workload("driver-work");
    let line = text.lines().position(|it| it.contains("collect()")).unwrap();
    let found = until(&mut client, &document, 1, "driver-gap");
    assert_eq!(found[0]["range"]["start"]["line"], line, "{found:#?}");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("after this line"), "{message}");
    assert!(client.shut_down().success());
}
