//! Messages in a flood: no answer is about an old text, and what is cancelled is answered at once.

use serde_json::{Value, json};

use super::client::{Client, Start, frame};

const URI: &str = "file:///nowhere/job.py";

/// A text of which any answer shows the version.
fn text(version: i64) -> String {
    let lines = "x = 1\n".repeat((version % 7) as usize);
    format!("{lines}y = 2  # stagelight: ignore[version-{version}]\n")
}

fn session() -> Client {
    let capabilities = json!({"textDocument": {"hover": {"contentFormat": ["markdown"]}}});
    Start { capabilities, ..Start::default() }.start()
}

fn change(version: i64) -> Value {
    json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
        "textDocument": {"uri": URI, "version": version}, "contentChanges": [{"text": text(version)}]}})
}

#[test]
fn no_answer_is_about_an_old_text() {
    const VERSIONS: i64 = 100;
    const EVERY: i64 = 5;
    let (mut answered, mut turned_down) = (0, 0);
    for _ in 0..6 {
        let mut client = session();
        client.open(URI, "python", &text(1));
        let first = client.reserve(3 * VERSIONS);
        let mut bytes = Vec::new();
        let mut asked = Vec::new();
        for version in 2..=VERSIONS {
            bytes.extend(frame(&change(version)));
            if version % EVERY == 0 {
                let position = json!({"line": version % 7, "character": 12});
                let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
                let document = json!({"uri": URI});
                for (kind, method, params) in [
                    (0, "hover", json!({"textDocument": document, "position": position})),
                    (
                        1,
                        "codeAction",
                        json!({"textDocument": document, "range": whole, "context": {"diagnostics": []}}),
                    ),
                    (2, "inlayHint", json!({"textDocument": document, "range": whole})),
                ] {
                    let id = first + 3 * version + kind - 3;
                    let method = format!("textDocument/{method}");
                    bytes.extend(frame(
                        &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}),
                    ));
                    asked.push((id, version));
                }
            }
        }
        client.send_bytes(&bytes);
        for (id, version) in asked {
            match client.answer(id) {
                Ok(answer) => {
                    answered += 1;
                    // Hints have nothing to show here; what matters of them is that they come.
                    let text = answer.to_string();
                    let own = format!("version-{version}`");
                    assert!(
                        answer == json!([]) || text.contains(&own),
                        "version {version}: {text}"
                    );
                }
                Err(error) => {
                    turned_down += 1;
                    assert_eq!(error["code"], -32801, "{error}");
                }
            }
        }
        // The last word is about the last text, and nothing older comes after it.
        let last = client.diagnostics(URI, VERSIONS);
        assert!(
            last[0]["message"].as_str().unwrap().contains(&format!("version-{VERSIONS}`")),
            "{last:?}"
        );
        let hover = client.hover(URI, (VERSIONS % 7) as u32, 12).to_string();
        assert!(hover.contains(&format!("version-{VERSIONS}`")), "{hover}");
        // One by one there is no reason to turn anything down.
        for version in VERSIONS + 1..=VERSIONS + 20 {
            client.replace(URI, version, &text(version));
            let at = json!({"line": version % 7, "character": 12});
            let params = json!({"textDocument": {"uri": URI}, "position": at});
            let hover = client.request("textDocument/hover", params).unwrap().to_string();
            assert!(hover.contains(&format!("version-{version}`")), "version {version}: {hover}");
        }
        assert!(client.shut_down().success());
    }
    assert_eq!(answered + turned_down, 6 * 3 * (VERSIONS / EVERY));
}

#[test]
fn published_versions_only_grow() {
    let mut client = Start::default().start();
    client.open(URI, "python", &text(1));
    for version in 2..40 {
        client.change(URI, version, json!([{"text": text(version)}]));
        if version % 4 == 0 {
            client.notify("textDocument/didSave", json!({"textDocument": {"uri": URI}}));
        }
        if version % 10 == 0 {
            client.diagnostics(URI, version);
        }
    }
    let mut last = 0;
    while last < 39 {
        let params = client.notification("textDocument/publishDiagnostics");
        let version = params["version"].as_i64().unwrap();
        assert!(version >= last, "{version} after {last}");
        last = version;
        let message = params["diagnostics"][0]["message"].as_str().unwrap();
        assert!(message.contains(&format!("version-{version}`")), "{message}");
    }
    assert!(client.shut_down().success());
}

#[test]
fn what_is_cancelled_is_answered_at_once() {
    const PENDING: i64 = 120;
    let mut client = Start::default().start();
    // Long enough to keep the pool busy while the cancellations come.
    let line = "df = spark.read.parquet('a').join(spark.table('b'), 'k').groupBy('k').count()\n";
    let text = format!(
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n{}",
        line.repeat(3_000)
    );
    client.open(URI, "python", &text);
    let first = client.reserve(PENDING);
    let mut bytes = Vec::new();
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 3, "character": 30}});
    for id in first..first + PENDING {
        bytes.extend(frame(
            &json!({"jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": params}),
        ));
    }
    for id in first..first + PENDING {
        bytes.extend(frame(
            &json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}}),
        ));
    }
    client.send_bytes(&bytes);
    let after = client.ask("textDocument/hover", params);
    let cancelled = (first..first + PENDING)
        .filter(|&id| match client.answer(id) {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error["code"], -32800, "{error}");
                true
            }
        })
        .count();
    assert!(cancelled > 100, "only {cancelled} of {PENDING} were cancelled");
    // All of them came without the work being done: the one that was not cancelled is still to come.
    let is_it = |message: &Value| message["id"] == json!(after);
    assert!(!client.has(is_it), "the work was done before the cancellations were answered");
    client.answer(after).unwrap();
    assert!(client.shut_down().success());
}
