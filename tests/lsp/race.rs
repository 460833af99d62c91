//! Messages in a flood: no answer is about an old text, and what is cancelled is answered at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Client, Start, frame};

const URI: &str = "file:///nowhere/job.py";

/// A text of which any answer shows the version.
fn text(version: i64) -> String {
    let above = "x = 1\n".repeat(lines(version) as usize);
    format!("{above}y = 2  # stagelight: ignore[version-{version}]\n")
}

fn session() -> Client {
    let capabilities = json!({"textDocument": {"hover": {"contentFormat": ["markdown"]}}});
    Start { capabilities, ..Start::default() }.start()
}

fn lines(version: i64) -> i64 {
    version % 7
}

/// What is typed to get from the version before to this one: a line comes at the top, or all go, and the number is another.
fn edits(version: i64) -> Value {
    const BEFORE_THE_NUMBER: usize = "y = 2  # stagelight: ignore[version-".len();
    let range = |from: (i64, usize), to: (i64, usize), text: &str| {
        json!({"range": {"start": {"line": from.0, "character": from.1}, "end": {"line": to.0, "character": to.1}},
               "text": text})
    };
    let above = match lines(version) {
        0 => range((0, 0), (6, 0), ""),
        _ => range((0, 0), (0, 0), "x = 1\n"),
    };
    let line = lines(version);
    let end = BEFORE_THE_NUMBER + (version - 1).to_string().len();
    json!([above, range((line, BEFORE_THE_NUMBER), (line, end), &version.to_string())])
}

fn change(version: i64, changes: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
        "textDocument": {"uri": URI, "version": version}, "contentChanges": changes}})
}

/// What hovers, hints and actions of a version are asked with.
fn questions(version: i64) -> [(&'static str, Value); 3] {
    let document = json!({"uri": URI});
    let position = json!({"line": lines(version), "character": 12});
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    [
        ("textDocument/hover", json!({"textDocument": document, "position": position})),
        (
            "textDocument/codeAction",
            json!({"textDocument": document, "range": whole, "context": {"diagnostics": []}}),
        ),
        ("textDocument/inlayHint", json!({"textDocument": document, "range": whole})),
    ]
}

const SESSIONS: i64 = 20;
const VERSIONS: i64 = 100;
const EVERY: i64 = 5;

/// Runs the sessions, some at a time.
fn sessions(run: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..SESSIONS / 4).for_each(|_| run()));
        }
    });
}

#[test]
fn no_answer_is_about_an_old_text() {
    sessions(|| {
        let mut client = session();
        client.open(URI, "python", &text(1));
        for version in 2..=VERSIONS + 1 {
            client.change(URI, version, edits(version));
            if version % EVERY == 0 {
                // One by one there is no reason to turn anything down.
                for (method, params) in questions(version) {
                    let answer = client.request(method, params).unwrap();
                    assert_own(method, version, &answer);
                }
            }
        }
        assert!(client.shut_down().success());
    });
}

#[test]
fn no_answer_in_a_flood_is_about_an_old_text() {
    sessions(|| {
        let mut client = session();
        client.open(URI, "python", &text(1));
        let first = client.reserve(3 * VERSIONS);
        let mut bytes = Vec::new();
        let mut asked = Vec::new();
        for version in 2..=VERSIONS {
            bytes.extend(frame(&change(version, edits(version))));
            if version % EVERY == 0 {
                for (method, params) in questions(version) {
                    let id = first + asked.len() as i64;
                    bytes.extend(frame(
                        &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}),
                    ));
                    asked.push((id, method, version));
                }
            }
        }
        client.send_bytes(&bytes);
        assert_eq!(asked.len() as i64, 3 * VERSIONS / EVERY);
        for (id, method, version) in asked {
            match client.answer(id) {
                Ok(answer) => assert_own(method, version, &answer),
                Err(error) => assert_eq!(error["code"], -32801, "{error}"),
            }
        }
        // The last word is about the last text, and nothing older comes after it.
        let last = json!(client.diagnostics(URI, VERSIONS));
        assert!(last.to_string().contains(&format!("version-{VERSIONS}`")), "{last}");
        let hover = client.hover(URI, lines(VERSIONS) as u32, 12);
        assert!(hover.to_string().contains(&format!("version-{VERSIONS}`")), "{hover}");
        assert!(client.shut_down().success());
    });
}

fn assert_own(method: &str, version: i64, answer: &Value) {
    if method == "textDocument/inlayHint" {
        // There is nothing to hint at here; what matters is that the answer comes.
        assert_eq!(*answer, json!([]), "version {version}");
    } else {
        let own = format!("version-{version}`");
        assert!(answer.to_string().contains(&own), "{method} at version {version}: {answer}");
    }
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

/// A text that takes long enough to keep the pool busy while cancellations come.
fn long_text() -> String {
    let line = "df = spark.read.parquet('a').join(spark.table('b'), 'k').groupBy('k').count()\n";
    format!(
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n{}",
        line.repeat(3_000)
    )
}

#[test]
fn a_cancellation_does_not_wait_for_those_that_are_pending() {
    const PENDING: i64 = 50;
    const LIMIT: Duration = Duration::from_millis(200);
    // A machine that is busy with something else may hold up one attempt, not all of them.
    let quickest = (0..5)
        .map(|_| {
            let mut client = Start::default().start();
            client.open(URI, "python", &long_text());
            let params =
                json!({"textDocument": {"uri": URI}, "position": {"line": 3, "character": 30}});
            let pending: Vec<i64> =
                (0..PENDING).map(|_| client.ask("textDocument/hover", params.clone())).collect();
            let cancelled = pending[PENDING as usize / 2];
            let start = Instant::now();
            client.notify("$/cancelRequest", json!({"id": cancelled}));
            let error = client.answer(cancelled).unwrap_err();
            let elapsed = start.elapsed();
            assert_eq!(error["code"], -32800, "{error}");
            let answered = |message: &Value| pending.iter().any(|id| message["id"] == json!(id));
            assert!(!client.has(answered), "the others were not pending any more");
            for id in pending.into_iter().filter(|&id| id != cancelled) {
                client.answer(id).unwrap();
            }
            assert!(client.shut_down().success());
            elapsed
        })
        .min();
    assert!(quickest.is_some_and(|quickest| quickest < LIMIT), "{quickest:?}");
}

#[test]
fn what_is_cancelled_is_answered_at_once() {
    const PENDING: i64 = 120;
    let mut client = Start::default().start();
    client.open(URI, "python", &long_text());
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
