//! Notebooks by their cells, and by the text of their files.

use serde_json::{Value, json};

use super::client::{Client, Start, applied, offset, position, uri};
use crate::cli::log;

const NOTEBOOK: &str = "file:///nowhere/job.ipynb";

/// The name that VS Code gives a cell.
fn cell_uri(notebook: &str, number: usize) -> String {
    let path = notebook.strip_prefix("file:").unwrap();
    format!("vscode-notebook-cell:{path}#W{number}sZmlsZQ%3D%3D")
}

/// Cells of code as an editor tells of them, with their documents.
fn cells(notebook: &str, cells: &[(usize, &str, &str)]) -> (Vec<Value>, Vec<Value>) {
    let kind = |language: &str| if language == "markdown" { 1 } else { 2 };
    let described = cells
        .iter()
        .map(|(number, language, _)| json!({"kind": kind(language), "document": cell_uri(notebook, *number)}));
    let documents = cells.iter().map(|(number, language, text)| {
        json!({"uri": cell_uri(notebook, *number), "languageId": language, "version": 1, "text": text})
    });
    (described.collect(), documents.collect())
}

fn open(client: &mut Client, notebook: &str, of: &[(usize, &str, &str)]) {
    let (cells, documents) = cells(notebook, of);
    let metadata = json!({"metadata": {"language_info": {"name": "python"}}});
    client.notify(
        "notebookDocument/didOpen",
        json!({"notebookDocument": {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1,
                                    "metadata": metadata, "cells": cells},
               "cellTextDocuments": documents}),
    );
}

fn change(client: &mut Client, notebook: &str, version: i64, change: Value) {
    client.notify(
        "notebookDocument/didChange",
        json!({"notebookDocument": {"uri": notebook, "version": version}, "change": {"cells": change}}),
    );
}

/// The change of a cell's text.
fn text_change(notebook: &str, number: usize, version: i64, changes: Value) -> Value {
    json!({"textContent": [{"document": {"uri": cell_uri(notebook, number), "version": version}, "changes": changes}]})
}

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|it| it["code"].as_str().unwrap()).collect()
}

fn start(utf8: bool) -> Client {
    let encodings: &[&str] = if utf8 { &["utf-8", "utf-16"] } else { &["utf-16"] };
    Start::encodings(encodings).start()
}

#[test]
fn asks_for_the_cells_that_matter() {
    let client = Start::default().start();
    let sync = &client.initialized["capabilities"]["notebookDocumentSync"];
    let languages = ["python", "scala", "sql"].map(|it| json!({"language": it}));
    assert_eq!(sync, &json!({"notebookSelector": [{"cells": languages}], "save": true}));
}

#[test]
fn findings_stand_in_the_cell_that_causes_them() {
    let mut client = Start::default().start();
    let cell = |number| cell_uri(NOTEBOOK, number);
    open(
        &mut client,
        NOTEBOOK,
        &[
            (1, "python", "orders = spark.table(\"orders\")\n"),
            (2, "python", "# how many\nrows = orders.collect()"),
            (3, "sql", "select * from orders"),
            (4, "python", "%%bash\necho orders.collect()"),
        ],
    );
    assert_eq!(client.diagnostics(&cell(1), 1), Vec::<Value>::new());
    let found = client.diagnostics(&cell(2), 1);
    assert_eq!(codes(&found), ["unbounded-collect"]);
    assert_eq!(found[0]["range"]["start"], json!({"line": 1, "character": 14}));
    assert_eq!(found[0]["range"]["end"], json!({"line": 1, "character": 21}));
    assert_eq!(client.diagnostics(&cell(4), 1), Vec::<Value>::new());
    assert_ne!(client.hover(&cell(2), 1, 15), Value::Null);
    assert_eq!(client.hover(&cell(1), 0, 15), Value::Null);

    // Another cell decides on what this one is: its text is edited.
    let at = |character| json!({"line": 0, "character": character});
    let edit = json!([{"range": {"start": at(9), "end": at(30)}, "text": "[1]"}]);
    change(&mut client, NOTEBOOK, 2, text_change(NOTEBOOK, 1, 2, edit));
    client.diagnostics(&cell(1), 2);
    let none = client.diagnostics_where(&cell(2), "none", |it| it["diagnostics"] == json!([]));
    assert!(none.is_empty());
    change(
        &mut client,
        NOTEBOOK,
        3,
        text_change(NOTEBOOK, 1, 3, json!([{"text": "orders = spark.table(\"orders\")"}])),
    );
    let again = client.diagnostics_where(&cell(2), "one", |it| it["diagnostics"] != json!([]));
    assert_eq!(again[0]["range"], found[0]["range"]);

    // Closed: nothing is left of it, in no cell.
    client.notify("notebookDocument/didSave", json!({"notebookDocument": {"uri": NOTEBOOK}}));
    client.notify(
        "notebookDocument/didClose",
        json!({"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": cell(1)}]}),
    );
    for number in 1..=4 {
        client.diagnostics_where(&cell(number), "none", |it| it.get("version").is_none());
    }
    assert_eq!(client.hover(&cell(2), 1, 15), Value::Null);
    assert!(client.shut_down().success());
}

#[test]
fn cells_come_go_and_move() {
    let mut client = Start::default().start();
    let cell = |number| cell_uri(NOTEBOOK, number);
    open(
        &mut client,
        NOTEBOOK,
        &[
            (1, "python", "orders = spark.table(\"orders\")"),
            (2, "python", "rows = orders.collect()"),
        ],
    );
    assert_eq!(codes(&client.diagnostics(&cell(2), 1)), ["unbounded-collect"]);

    // A cell between them makes the name another thing.
    let (added, documents) = cells(NOTEBOOK, &[(3, "python", "orders = []")]);
    let structure = json!({"structure": {"array": {"start": 1, "deleteCount": 0, "cells": added}, "didOpen": documents}});
    change(&mut client, NOTEBOOK, 2, structure);
    client.diagnostics_where(&cell(2), "none", |it| it["diagnostics"] == json!([]));
    client.diagnostics(&cell(3), 1);

    // Moved below: taken out and put in again, with its text kept.
    let moved = json!([{"kind": 2, "document": cell(3)}]);
    let out = json!({"structure": {"array": {"start": 1, "deleteCount": 1}}});
    let back = json!({"structure": {"array": {"start": 2, "deleteCount": 0, "cells": moved}, "didOpen": documents}});
    change(&mut client, NOTEBOOK, 3, out);
    change(&mut client, NOTEBOOK, 4, back);
    client.diagnostics_where(&cell(2), "one", |it| it["diagnostics"] != json!([]));
    // In one step, as two cells that change places.
    let both = json!([{"kind": 2, "document": cell(3)}, {"kind": 2, "document": cell(2)}]);
    let swap = json!({"structure": {"array": {"start": 1, "deleteCount": 2, "cells": both}}});
    change(&mut client, NOTEBOOK, 5, swap);
    client.diagnostics_where(&cell(2), "none", |it| it["diagnostics"] == json!([]));

    // Gone: what it showed goes too, and so does what it meant to others.
    let gone = json!({"structure": {"array": {"start": 1, "deleteCount": 1}, "didClose": [{"uri": cell(3)}]}});
    change(&mut client, NOTEBOOK, 6, gone);
    client.diagnostics_where(&cell(3), "none", |it| it.get("version").is_none());
    client.diagnostics_where(&cell(2), "one", |it| it["diagnostics"] != json!([]));
    assert_eq!(client.hover(&cell(3), 0, 0), Value::Null);
    // Prose from now on.
    let prose = json!({"data": [{"kind": 1, "document": cell(2)}]});
    change(&mut client, NOTEBOOK, 7, prose);
    client.diagnostics_where(&cell(2), "none", |it| it.get("version").is_none());
    // More cells are taken out than there are, and changes of what is not there: nothing happens.
    let odd = json!({"structure": {"array": {"start": 7, "deleteCount": 9}}, "data": [{"kind": 2, "document": cell(9)}]});
    change(&mut client, NOTEBOOK, 8, odd);
    change(
        &mut client,
        "file:///nowhere/other.ipynb",
        8,
        text_change(NOTEBOOK, 9, 9, json!([{"text": "x"}])),
    );
    assert_eq!(client.hover(&cell(1), 0, 0), Value::Null);
    assert!(client.shut_down().success());
}

const UNUSED: &str = "x = 1  # stagelight: ignore[no-such-rule]\n";

#[test]
fn fixes_are_those_of_the_cell_or_of_the_notebook() {
    let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let mut client = Start { capabilities, ..Start::default() }.start();
    let cell = |number| cell_uri(NOTEBOOK, number);
    let first = format!("s = \"😀\"\n{UNUSED}");
    open(
        &mut client,
        NOTEBOOK,
        &[
            (1, "python", &first),
            (2, "python", UNUSED),
            (3, "python", "spark.table(\"t\").collect()"),
        ],
    );
    client.diagnostics(&cell(3), 1);
    let quick = client.actions(&cell(1), 1, 0, None);
    let titles: Vec<&str> = quick.iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        ["Remove the suppression", "Apply all safe fixes of `unused-suppression` in this notebook"]
    );
    assert_eq!(applied(&first, &quick[0], &cell(1), false), "s = \"😀\"\nx = 1\n");
    let changes = quick[1]["edit"]["documentChanges"].as_array().unwrap();
    let documents: Vec<&Value> = changes.iter().map(|it| &it["textDocument"]).collect();
    let versioned = |number| json!({"uri": cell(number), "version": 1});
    assert_eq!(documents, [&versioned(1), &versioned(2)]);

    for (only, expected) in [
        ("source.fixAll", vec![versioned(2)]),
        ("notebook.source.fixAll", vec![versioned(1), versioned(2)]),
    ] {
        let actions = client.actions(&cell(2), 0, 0, Some(only));
        assert_eq!(actions.len(), 1, "{actions:#?}");
        assert_eq!(actions[0]["kind"], format!("{only}.stagelight"));
        let changes = actions[0]["edit"]["documentChanges"].as_array().unwrap();
        let documents: Vec<Value> = changes.iter().map(|it| it["textDocument"].clone()).collect();
        assert_eq!(documents, expected);
    }
    assert!(client.actions(&cell(3), 0, 0, Some("source.fixAll")).is_empty());

    // The comment that silences a finding, at the top of its cell.
    let actions = client.actions(&cell(3), 0, 0, None);
    let last = actions.last().unwrap();
    assert_eq!(last["title"], "Suppress `unbounded-collect` on this line");
    let text = applied("spark.table(\"t\").collect()", last, &cell(3), false);
    assert_eq!(text, "# stagelight: ignore[unbounded-collect]\nspark.table(\"t\").collect()");
    change(&mut client, NOTEBOOK, 2, text_change(NOTEBOOK, 3, 2, json!([{"text": text}])));
    assert_eq!(client.diagnostics(&cell(3), 2), Vec::<Value>::new());
    assert!(client.shut_down().success());
}

#[test]
fn a_fix_that_would_break_a_magic_is_not_offered() {
    // In the source format of Databricks, which is one document.
    let document = "file:///nowhere/job.py";
    let text = "# Databricks notebook source\nspark.table(\"t\").collect()\n\n# COMMAND ----------\n\n\
        # MAGIC %python\n# MAGIC # stagelight: ignore[a-b]\n# MAGIC x = 1  # stagelight: ignore[c-d]\n";
    let mut client = Start::default().start();
    client.open(document, "python", text);
    let found = client.diagnostics(document, 1);
    assert_eq!(codes(&found), ["unbounded-collect", "unused-suppression", "unused-suppression"]);
    // A line with a mark before it stays a line; what stands behind code on it may go.
    assert_eq!(client.actions(document, 6, 0, None), Vec::<Value>::new());
    let fix = &client.actions(document, 7, 0, None)[0];
    assert!(applied(text, fix, document, false).ends_with("# MAGIC x = 1\n"));
    assert!(client.shut_down().success());
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit.max(1) as u64) as usize
    }
}

#[test]
fn edited_in_steps_is_as_opened_at_once() {
    const PIECES: [&str; 9] = [
        "orders = spark.table(\"orders\")\n",
        "# stagelight: ignore[a-b]\n",
        "😀",
        "\n",
        "rows = orders.collect()\n",
        "x = [",
        "]",
        "'𝛼ß'  # stagelight: ignore[b-c, c-d] 🎭\n",
        "%time ",
    ];
    for utf8 in [false, true] {
        let mut numbers = Numbers(if utf8 { 5 } else { 3 });
        let mut client = start(utf8);
        let mut texts: Vec<(usize, String)> = vec![(0, "import pyspark\n".to_owned())];
        open(&mut client, NOTEBOOK, &[(0, "python", "import pyspark\n")]);
        let mut next = 1;
        for step in 2..90_i64 {
            let at = numbers.below(texts.len() + 1);
            match numbers.below(6) {
                0 => {
                    let text = PIECES[numbers.below(PIECES.len())];
                    let (added, documents) = cells(NOTEBOOK, &[(next, "python", text)]);
                    let array = json!({"start": at, "deleteCount": 0, "cells": added});
                    change(
                        &mut client,
                        NOTEBOOK,
                        step,
                        json!({"structure": {"array": array, "didOpen": documents}}),
                    );
                    texts.insert(at, (next, text.to_owned()));
                    next += 1;
                }
                1 if at < texts.len() && texts.len() > 1 => {
                    let (number, _) = texts.remove(at);
                    let array = json!({"start": at, "deleteCount": 1});
                    let closed = json!([{"uri": cell_uri(NOTEBOOK, number)}]);
                    change(
                        &mut client,
                        NOTEBOOK,
                        step,
                        json!({"structure": {"array": array, "didClose": closed}}),
                    );
                }
                2 if at + 1 < texts.len() => {
                    texts.swap(at, at + 1);
                    let swapped = [texts[at].0, texts[at + 1].0];
                    let swapped =
                        swapped.map(|it| json!({"kind": 2, "document": cell_uri(NOTEBOOK, it)}));
                    let array = json!({"start": at, "deleteCount": 2, "cells": swapped});
                    change(&mut client, NOTEBOOK, step, json!({"structure": {"array": array}}));
                }
                _ => {
                    let at = at.min(texts.len() - 1);
                    let (number, text) = &mut texts[at];
                    let boundaries: Vec<usize> =
                        text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                    // Mostly whole lines come in between others; now and then something is torn.
                    let torn = numbers.below(4) == 0;
                    let starts = |at: usize| at == 0 || text[..at].ends_with('\n');
                    let places: Vec<usize> = (0..boundaries.len())
                        .filter(|at| torn || starts(boundaries[*at]))
                        .collect();
                    let from = places[numbers.below(places.len())];
                    let gone = if torn { numbers.below(4) } else { 0 };
                    let to = (from + gone).min(boundaries.len() - 1);
                    let (from, to) = (boundaries[from], boundaries[to]);
                    let piece = PIECES[numbers.below(PIECES.len())];
                    let range = json!({"start": position(text, from, utf8), "end": position(text, to, utf8)});
                    let changes = json!([{"range": range, "text": piece}]);
                    change(
                        &mut client,
                        NOTEBOOK,
                        step,
                        text_change(NOTEBOOK, *number, step, changes),
                    );
                    text.replace_range(from..to, piece);
                }
            }
        }
        // The last word on each cell: all are changed once more, to what they are.
        let contents: Vec<Value> = texts
            .iter()
            .map(|(number, text)| {
                json!({"document": {"uri": cell_uri(NOTEBOOK, *number), "version": 1000}, "changes": [{"text": text}]})
            })
            .collect();
        // Once by a change of nothing, so that what is compared is the text as the edits made it.
        let versions: Vec<Value> =
            contents.iter().map(|it| json!({"document": it["document"], "changes": []})).collect();
        change(&mut client, NOTEBOOK, 100, json!({"textContent": versions}));
        let fresh = "file:///nowhere/fresh.ipynb";
        let at_once: Vec<(usize, &str, &str)> =
            texts.iter().map(|(number, text)| (*number, "python", text.as_str())).collect();
        open(&mut client, fresh, &at_once);
        let mut findings = 0;
        for (number, text) in &texts {
            let edited = client.diagnostics(&cell_uri(NOTEBOOK, *number), 1000);
            let opened = client.diagnostics(&cell_uri(fresh, *number), 1);
            findings += opened.len();
            let plain =
                json!(edited).to_string().replace("/nowhere/job.ipynb", "/nowhere/fresh.ipynb");
            assert_eq!(plain, json!(opened).to_string(), "{text:?} of {texts:?}");
        }
        assert!(findings > 2, "{texts:?}");
        assert!(client.shut_down().success());
    }
}

/// A notebook's file as Jupyter writes it.
fn file(sources: &[&str]) -> String {
    let code = sources.iter().map(|text| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines})
    });
    let cells: Vec<Value> = code.collect();
    let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    format!("{}\n", serde_json::to_string_pretty(&notebook).unwrap())
}

/// The text within a range of a document.
fn within<'a>(text: &'a str, range: &Value, utf8: bool) -> &'a str {
    &text[offset(text, &range["start"], utf8)..offset(text, &range["end"], utf8)]
}

#[test]
fn a_notebooks_file_as_text_has_its_findings_where_the_json_has_them() {
    let sources = [
        "größe = '😀\\n'\norders = spark.table(\"orders\")",
        "t = \"\t😀\"; rows = orders.collect()\nx = 1  # stagelight: ignore[no-such-rule]\n",
    ];
    let pretty = file(&sources);
    let single = serde_json::from_str::<Value>(&pretty).unwrap().to_string();
    let escaped = pretty.replace('😀', "\\ud83d\\ude00").replace('\n', "\r\n");
    for utf8 in [false, true] {
        for text in [&pretty, &single, &escaped] {
            let mut client = start(utf8);
            client.open(NOTEBOOK, "json", text);
            let found = client.diagnostics(NOTEBOOK, 1);
            assert_eq!(codes(&found), ["unbounded-collect", "unused-suppression"]);
            assert_eq!(within(text, &found[0]["range"], utf8), "collect");
            let suppression = within(text, &found[1]["range"], utf8);
            assert_eq!(suppression, "# stagelight: ignore[no-such-rule]");
            let at = &found[1]["range"]["start"];
            let (line, column) = (at["line"].as_u64().unwrap(), at["character"].as_u64().unwrap());
            let actions = client.actions(NOTEBOOK, line as u32, column as u32 + 2, None);
            assert_eq!(actions[0]["title"], "Remove the suppression", "{actions:#?}");
            let edited = applied(text, &actions[0], NOTEBOOK, utf8);
            assert_eq!(edited, text.replace("x = 1  # stagelight: ignore[no-such-rule]", "x = 1"));
            assert_ne!(client.hover(NOTEBOOK, line as u32, column as u32 + 2), Value::Null);
            assert_eq!(client.hover(NOTEBOOK, 0, 0), Value::Null);
            client.replace(NOTEBOOK, 2, &edited);
            assert_eq!(codes(&client.diagnostics(NOTEBOOK, 2)), ["unbounded-collect"]);
            assert!(client.shut_down().success());
        }
    }
}

#[test]
fn a_notebooks_file_that_cannot_be_read_says_why() {
    let mut client = Start::default().start();
    let text = file(&["spark.table(\"t\").collect()"]);
    client.open(NOTEBOOK, "json", &text);
    assert_eq!(codes(&client.diagnostics(NOTEBOOK, 1)), ["unbounded-collect"]);
    // A quote goes: what follows is no JSON.
    let quote = text.find("\"metadata\"").unwrap();
    let at = |offset| position(&text, offset, false);
    let range = json!({"start": at(quote), "end": at(quote + 1)});
    client.change(NOTEBOOK, 2, json!([{"range": range, "text": ""}]));
    let found = client.diagnostics(NOTEBOOK, 2);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&found[0]["severity"], found[0].get("code")), (&json!(3), None));
    assert_eq!(found[0]["range"]["start"]["line"], at(quote)["line"]);
    let message = found[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("not checked: the notebook is not valid JSON at line"),
        "{message}"
    );
    // And comes back.
    client.change(
        NOTEBOOK,
        3,
        json!([{"range": {"start": at(quote), "end": at(quote)}, "text": "\""}]),
    );
    assert_eq!(codes(&client.diagnostics(NOTEBOOK, 3)), ["unbounded-collect"]);
    // Other JSON is none of ours, a notebook in another language neither.
    client.replace(
        NOTEBOOK,
        4,
        "{\"cells\": [], \"metadata\": {\"language_info\": {\"name\": \"R\"}}}",
    );
    assert_eq!(client.diagnostics(NOTEBOOK, 4), Vec::<Value>::new());
    for (version, other) in
        [(5, ""), (6, "[]"), (7, "{\"ä\": \u{1}}"), (8, "\u{feff}{"), (9, "\r\n\r\n{\"😀\" 1}")]
    {
        client.replace(NOTEBOOK, version, other);
        assert_eq!(client.diagnostics(NOTEBOOK, version).len(), 1, "{other:?}");
    }
    client.open("file:///nowhere/data.json", "json", &text);
    assert_eq!(client.hover("file:///nowhere/data.json", 0, 0), Value::Null);
    assert!(!client.has(|it| it["params"]["uri"] == "file:///nowhere/data.json"));
    assert!(client.shut_down().success());
}

#[test]
fn a_notebook_is_open_by_its_cells_and_as_text_at_once() {
    let mut client = Start::default().start();
    let source = "spark.table(\"t\").collect()";
    client.open(NOTEBOOK, "json", &file(&[source]));
    assert_eq!(client.diagnostics(NOTEBOOK, 1).len(), 1);
    open(&mut client, NOTEBOOK, &[(1, "python", source)]);
    assert_eq!(client.diagnostics(&cell_uri(NOTEBOOK, 1), 1).len(), 1);
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": NOTEBOOK}}));
    client.diagnostics_where(NOTEBOOK, "none", |it| it["diagnostics"] == json!([]));
    assert_ne!(client.hover(&cell_uri(NOTEBOOK, 1), 0, 18), Value::Null);
    assert!(client.shut_down().success());
}

#[test]
fn costs_stand_in_their_cells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.ipynb");
    let sources =
        ["# spark\nspark.range(1)", "größe = '😀'\nrows = spark.table(\"orders\").collect()  # 😀"];
    std::fs::write(&path, file(&sources)).unwrap();
    let log = log("nightly").replace("/srv/job.py:4", "/srv/job.ipynb:5");
    std::fs::write(folder.path().join("app"), log).unwrap();
    std::fs::write(folder.path().join("stagelight.toml"), "event-logs = [\"app\"]\n").unwrap();
    let notebook = uri(&path);
    let capabilities = json!({"workspace": {"inlayHint": {"refreshSupport": true}},
                              "textDocument": {"hover": {"contentFormat": ["markdown"]}}});
    let start = || {
        let capabilities = capabilities.clone();
        Start { capabilities, ..Start::default() }.folder(folder.path()).start()
    };
    let refreshed = |client: &mut Client| {
        client.wait("a refresh of hints", |it| it["method"] == "workspace/inlayHint/refresh");
    };

    let mut client = start();
    open(&mut client, &notebook, &[(1, "python", sources[0]), (2, "python", sources[1])]);
    refreshed(&mut client);
    assert_eq!(client.hints(&cell_uri(&notebook, 1)), Vec::<Value>::new());
    let hints = client.hints(&cell_uri(&notebook, 2));
    assert_eq!(hints.len(), 1, "{hints:#?}");
    let length = sources[1].lines().nth(1).unwrap().encode_utf16().count();
    assert_eq!(hints[0]["position"], json!({"line": 1, "character": length}));
    assert!(hints[0]["label"].as_str().unwrap().contains("7.9 s"), "{hints:#?}");
    let hover = client.hover(&cell_uri(&notebook, 2), 1, 1);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("Own task time"), "{hover:#}");
    assert_eq!(client.hover(&cell_uri(&notebook, 1), 1, 1), Value::Null);
    assert_eq!(client.hover(&cell_uri(&notebook, 2), 0, 1), Value::Null);

    // A cell more above: the cost moves with the code.
    let (added, documents) = cells(&notebook, &[(3, "python", "# new")]);
    let structure = json!({"structure": {"array": {"start": 0, "deleteCount": 0, "cells": added}, "didOpen": documents}});
    change(&mut client, &notebook, 2, structure);
    assert_eq!(client.hints(&cell_uri(&notebook, 2))[0]["position"], hints[0]["position"]);
    assert!(client.shut_down().success());

    // The file itself, in an editor that knows no notebooks.
    let mut client = start();
    let text = file(&sources);
    client.open(&notebook, "json", &text);
    refreshed(&mut client);
    let hints = client.hints(&notebook);
    assert_eq!(hints.len(), 1, "{hints:#?}");
    let end = text.find(".collect()  # 😀").unwrap() + ".collect()  # 😀".len();
    assert_eq!(hints[0]["position"], position(&text, end, false));
    assert!(client.shut_down().success());
}

#[test]
fn what_a_notebook_runs_is_followed_while_it_is_edited() {
    let folder = tempfile::tempdir().unwrap();
    let sources = ["%run ./lib/setup", "rows = orders.collect()"];
    let (job, setup) = (folder.path().join("job.ipynb"), folder.path().join("lib/setup.ipynb"));
    std::fs::create_dir_all(setup.parent().unwrap()).unwrap();
    std::fs::write(&job, file(&sources)).unwrap();
    std::fs::write(&setup, file(&["orders = spark.table(\"orders\")"])).unwrap();
    std::fs::write(folder.path().join("stagelight.toml"), "").unwrap();
    let (job, setup) = (uri(&job), uri(&setup));
    let mut client = Start::default().folder(folder.path()).start();
    open(&mut client, &job, &[(1, "python", sources[0]), (2, "python", sources[1])]);
    let cell = cell_uri(&job, 2);
    // One after the other: before the files are linked, nothing is known of the name.
    let until = |client: &mut Client, known: bool| {
        while client.diagnostics(&cell, 1).is_empty() == known {}
    };
    until(&mut client, true);

    // The other notebook means something else by the name, and then again what it meant; nothing is saved.
    open(&mut client, &setup, &[(1, "python", "orders = [1]")]);
    until(&mut client, false);
    let text = json!([{"text": "orders = spark.table(\"orders\")"}]);
    change(&mut client, &setup, 2, text_change(&setup, 1, 2, text));
    until(&mut client, true);
    assert!(client.shut_down().success());
}

#[test]
fn a_finding_in_sql_is_silenced_by_a_comment_of_sql() {
    let mut client = Start::default().start();
    let sql = "%%sql\nselect count(*)\n  from orders, customers";
    open(&mut client, NOTEBOOK, &[(1, "python", "spark.range(1)"), (2, "python", sql)]);
    let cell = cell_uri(NOTEBOOK, 2);
    let found = client.diagnostics(&cell, 1);
    assert_eq!(codes(&found), ["join-without-condition"]);
    let line = found[0]["range"]["start"]["line"].as_u64().unwrap() as u32;
    let actions = client.actions(&cell, line, 0, None);
    let last = actions.last().unwrap();
    assert_eq!(last["title"], "Suppress `join-without-condition` on this line");
    let text = applied(sql, last, &cell, false);
    assert!(text.contains("-- stagelight: ignore[join-without-condition]\n"), "{text}");
    change(&mut client, NOTEBOOK, 2, text_change(NOTEBOOK, 2, 2, json!([{"text": text}])));
    assert_eq!(client.diagnostics(&cell, 2), Vec::<Value>::new());
    assert!(client.shut_down().success());
}
