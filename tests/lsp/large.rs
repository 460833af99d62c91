//! Texts that are made to mislead do not hold up the session.

use serde_json::json;

use super::client::Start;

const BRACKETS: &str = "file:///nowhere/brackets.py";
const JOB: &str = "file:///nowhere/job.py";

#[test]
fn a_million_brackets_are_told_and_do_no_harm() {
    let mut client = Start::default().start();
    let pairs = format!("{}{}", "(".repeat(500_000), ")".repeat(500_000));
    client.open(BRACKETS, "python", &format!("x = 1\ny = {pairs}\n"));
    client.open(JOB, "python", "x = 1  # stagelight: ignore[no-such-rule] old\n");
    assert_eq!(client.diagnostics(JOB, 1).len(), 1);
    let diagnostics = client.diagnostics(BRACKETS, 1);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert!(
        diagnostics[0]["message"].as_str().unwrap().contains("is left out here"),
        "{diagnostics:?}"
    );
    assert_eq!(diagnostics[0]["severity"], 3);
    assert_eq!(diagnostics[0]["range"]["start"]["line"], 1);
    // Typing in it goes on.
    let end = json!({"line": 1, "character": 4});
    client.change(BRACKETS, 2, json!([{"range": {"start": end, "end": end}, "text": "((("}]));
    client.diagnostics(BRACKETS, 2);
    assert!(client.shut_down().success());
}
