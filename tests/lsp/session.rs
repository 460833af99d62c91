//! What a session offers: start, diagnostics, actions, hovers, configuration, end.

use serde_json::{Value, json};

use super::client::{Start, applied, uri};

const URI: &str = "file:///nowhere/job.py";

/// A file with a finding that needs no rule and has a safe fix.
const JOB: &str = "from pyspark.sql import SparkSession\n\nspark = SparkSession.builder.getOrCreate()  # stagelight: ignore[no-such] why\n";

/// A job that no rule can be silent about.
const BAD: &str = "\
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
sc = spark.sparkContext


def totals():
    sold = sc.textFile(\"orders\").map(lambda line: line.split(\",\"))
    return sold.groupByKey().mapValues(sum)


print(totals().take(3))
";

#[test]
fn says_what_it_does() {
    let client = Start::default().start();
    let capabilities = &client.initialized["capabilities"];
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(capabilities["textDocumentSync"]["change"], 2);
    assert_eq!(capabilities["textDocumentSync"]["openClose"], true);
    assert_eq!(capabilities["hoverProvider"], true);
    assert_eq!(capabilities["inlayHintProvider"], true);
    assert_eq!(capabilities["codeLensProvider"], json!({"resolveProvider": false}));
    assert_eq!(
        capabilities["codeActionProvider"]["codeActionKinds"],
        json!(["quickfix", "source.fixAll.stagelight", "notebook.source.fixAll.stagelight"])
    );
    // Pushed only: an editor that gets both shows everything twice.
    assert_eq!(capabilities.get("diagnosticProvider"), None);
    assert_eq!(client.initialized["serverInfo"]["name"], "stagelight");
    assert!(client.shut_down().success());
}

#[test]
fn prefers_utf8_where_it_is_offered() {
    for offered in [vec!["utf-16", "utf-8"], vec!["utf-32", "utf-8", "utf-16"]] {
        let client = Start::encodings(&offered).start();
        assert_eq!(client.initialized["capabilities"]["positionEncoding"], "utf-8");
    }
    let client = Start::encodings(&["utf-16", "utf-32"]).start();
    assert_eq!(client.initialized["capabilities"]["positionEncoding"], "utf-16");
}

#[test]
fn ends_as_asked() {
    let mut client = Start::default().start();
    client.open(URI, "python", JOB);
    assert_eq!(client.shut_down().code(), Some(0));
    let client = Start::default().start();
    assert_eq!(client.exit().code(), Some(1), "an end that was not asked for is a failure");
}

#[test]
fn a_finding_is_a_diagnostic() {
    let capabilities =
        json!({"textDocument": {"publishDiagnostics": {"tagSupport": {"valueSet": [1, 2]}}}});
    let mut client = Start { capabilities, ..Start::default() }.start();
    client.open(URI, "python", JOB);
    let diagnostics = client.diagnostics(URI, 1);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:#?}");
    let diagnostic = &diagnostics[0];
    assert_eq!(diagnostic["code"], "unused-suppression");
    assert_eq!(diagnostic["source"], "stagelight");
    assert_eq!(diagnostic["severity"], 2);
    assert_eq!(diagnostic["tags"], json!([1]));
    assert_eq!(diagnostic["range"]["start"], json!({"line": 2, "character": 44}));
    let message = diagnostic["message"].as_str().unwrap();
    assert!(
        message.starts_with("suppression of `no-such` names a rule that does not exist"),
        "{message}"
    );
    assert_eq!(diagnostic.get("codeDescription"), None);

    client.notify("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    let cleared =
        client.diagnostics_where(URI, "none", |params| params["diagnostics"] == json!([]));
    assert!(cleared.is_empty());
    let gone = client.request(
        "textDocument/hover",
        json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}),
    );
    assert_eq!(gone, Ok(Value::Null));
    assert!(client.shut_down().success());
}

#[test]
fn a_bad_job_is_found_in_both_languages() {
    let mut client = Start::default().start();
    client.open(URI, "python", BAD);
    let diagnostics = client.diagnostics(URI, 1);
    let line = BAD.lines().position(|line| line.contains("groupByKey")).unwrap();
    let found = diagnostics.iter().find(|it| it["range"]["start"]["line"] == line);
    let found = found.unwrap_or_else(|| panic!("nothing on line {line}: {diagnostics:#?}"));
    let rule = found["code"].as_str().unwrap();
    assert!(
        found["message"].as_str().unwrap().contains('\n'),
        "help follows the message: {found:#}"
    );

    let scala = "import org.apache.spark.sql.SparkSession\n\nobject Job {\n  def main(args: Array[String]): Unit = {\n    val spark = SparkSession.builder().getOrCreate()\n    val sold = spark.sparkContext.textFile(\"orders\").map(line => (line, 1))\n    println(sold.groupByKey().mapValues(_.sum).take(3).toList)\n  }\n}\n";
    let other = "file:///nowhere/Job.scala";
    client.open(other, "scala", scala);
    let diagnostics = client.diagnostics(other, 1);
    assert!(
        diagnostics.iter().any(|it| it["code"] == rule && it["range"]["start"]["line"] == 6),
        "{rule} in Scala: {diagnostics:#?}"
    );

    // The comment above is the last entry, in the language's form and at the line's indentation, and it is heard.
    for (document, language, text, line) in [(URI, "#", BAD, line), (other, "//", scala, 6)] {
        let actions = client.actions(document, line as u32, 0, None);
        let last = actions.last().unwrap();
        assert_eq!(last["title"], format!("Suppress `{rule}` on this line"));
        assert_ne!(last["isPreferred"], true);
        let edited = applied(text, last, document, false);
        let comment = edited.lines().nth(line).unwrap();
        assert_eq!(comment, format!("    {language} stagelight: ignore[{rule}]"));
        client.replace(document, 2, &edited);
        let diagnostics = client.diagnostics(document, 2);
        assert!(
            !diagnostics.iter().any(|it| it["code"] == rule || it["code"] == "unused-suppression"),
            "{diagnostics:#?}"
        );
    }
    assert!(client.shut_down().success());
}

#[test]
fn a_fix_removes_what_it_is_for() {
    for versioned in [true, false] {
        let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": versioned}}});
        let mut client = Start { capabilities, ..Start::default() }.start();
        client.open(URI, "python", JOB);
        assert_eq!(client.diagnostics(URI, 1).len(), 1);
        // The cursor may stand anywhere on the line.
        let actions = client.actions(URI, 2, 0, None);
        assert_eq!(actions.len(), 1, "{actions:#?}");
        let fix = &actions[0];
        assert_eq!(fix["title"], "Remove the suppression");
        assert_eq!(fix["kind"], "quickfix");
        assert_eq!(fix["isPreferred"], true);
        assert_eq!(fix["diagnostics"][0]["code"], "unused-suppression");
        assert_eq!(fix["edit"].get("documentChanges").is_some(), versioned);
        let edited = applied(JOB, fix, URI, false);
        assert!(!edited.contains("ignore"), "{edited}");
        client.replace(URI, 2, &edited);
        assert!(client.diagnostics(URI, 2).is_empty());
        assert!(client.actions(URI, 0, 0, None).is_empty());
        assert!(client.shut_down().success());
    }
}

#[test]
fn safe_fixes_are_applied_together_only_where_asked_for() {
    let text = format!("{JOB}x = 1  # stagelight: ignore[nor-this]\n");
    let mut client = Start::default().start();
    client.open(URI, "python", &text);
    assert_eq!(client.diagnostics(URI, 1).len(), 2);
    for only in ["source.fixAll.stagelight", "source.fixAll", "source"] {
        let actions = client.actions(URI, 0, 0, Some(only));
        assert_eq!(actions.len(), 1, "{only}: {actions:#?}");
        assert_eq!(actions[0]["kind"], "source.fixAll.stagelight");
        assert!(!applied(&text, &actions[0], URI, false).contains("ignore"));
    }
    for only in ["refactor", "source.organizeImports", "source.fixAll.other", "quick"] {
        assert!(client.actions(URI, 2, 0, Some(only)).is_empty(), "{only}");
    }
    let quick = client.actions(URI, 2, 0, Some("quickfix"));
    let titles: Vec<_> = quick.iter().map(|action| action["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        ["Remove the suppression", "Apply all safe fixes of `unused-suppression` in this file"]
    );
    assert!(!applied(&text, &quick[1], URI, false).contains("ignore"));
    assert!(client.shut_down().success());
}

#[test]
fn a_hover_tells_of_the_finding_and_nothing_elsewhere() {
    let capabilities =
        json!({"textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}}});
    let hostile = "x = 1  # stagelight: ignore[<img>[a](command:x)] y\n";
    let mut client = Start { capabilities, ..Start::default() }.start();
    client.open(URI, "python", &format!("{JOB}{hostile}"));
    let hover = client.hover(URI, 2, 50);
    assert_eq!(hover["contents"]["kind"], "markdown");
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("unused-suppression") && text.contains("`no-such`"), "{text}");
    assert_eq!(hover["range"]["start"], json!({"line": 2, "character": 44}));
    let text = client.hover(URI, 3, 10)["contents"]["value"].as_str().unwrap().to_owned();
    assert!(!text.replace('`', "").is_empty() && !text.contains("](command"), "{text}");
    assert_eq!(client.hover(URI, 1, 0), Value::Null);
    assert!(client.shut_down().success());

    let mut client = Start::default().start();
    client.open(URI, "python", JOB);
    assert_eq!(client.hover(URI, 2, 50)["contents"]["kind"], "plaintext");
}

#[test]
fn documents_without_a_file_work() {
    let mut client = Start::default().start();
    for (uri, language) in [("untitled:Untitled-1", "python"), ("untitled:Untitled-2", "scala")] {
        let marker = if language == "python" { "#" } else { "//" };
        client.open(uri, language, &format!("val = 1 {marker} stagelight: ignore[no-such]\n"));
        assert_eq!(client.diagnostics(uri, 1).len(), 1, "{uri}");
        assert_eq!(client.hints(uri).len(), 0);
    }
    // Other languages are none of ours, whatever is asked about them.
    client.open("file:///nowhere/a.rs", "rust", "// stagelight: ignore[no-such]");
    assert_eq!(client.hover("file:///nowhere/a.rs", 0, 5), Value::Null);
    assert!(client.shut_down().success());
}

#[test]
fn configuration_is_read_again_after_a_save() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b 😀.py");
    std::fs::write(&path, JOB).unwrap();
    let document = uri(&path);
    let saved = json!({"textDocument": {"uri": document}});
    let mut client = Start::default().folder(folder.path()).start();
    client.open(&document, "python", JOB);
    assert_eq!(client.diagnostics(&document, 1).len(), 1);

    let file = folder.path().join("stagelight.toml");
    std::fs::write(&file, "ignore = [\"unused-suppression\"]\n").unwrap();
    client.notify("textDocument/didSave", saved.clone());
    client.diagnostics_where(&document, "none", |it| it["diagnostics"] == json!([]));

    // A mistake is told once, and does not take the diagnostics away.
    std::fs::write(&file, "ignor = []\n").unwrap();
    client.notify("textDocument/didSave", saved);
    let told = client.notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("did you mean `ignore`?"), "{told}");
    client
        .diagnostics_where(&document, "one", |it| it["diagnostics"].as_array().unwrap().len() == 1);

    // An editor that watches files says so itself.
    std::fs::write(&file, "ignore = [\"unused-suppression\"]\n").unwrap();
    let changes = json!({"changes": [{"uri": uri(&file), "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", changes);
    client.diagnostics_where(&document, "none again", |it| it["diagnostics"] == json!([]));
    assert!(client.shut_down().success());
}

#[test]
fn watches_configurations_where_the_editor_can() {
    let capabilities =
        json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}});
    let mut client = Start { capabilities, ..Start::default() }.start();
    let asked = client.wait("a registration", |it| it["method"] == "client/registerCapability");
    let globs = asked["params"]["registrations"][0]["registerOptions"]["watchers"].to_string();
    assert!(globs.contains("**/stagelight.toml") && globs.contains("**/pyproject.toml"), "{globs}");
    assert!(client.shut_down().success());
}
