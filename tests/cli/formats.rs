//! The forms that a report takes.

use super::{Folder, UNUSED};

fn folder() -> Folder {
    Folder::new(&[
        ("a.py", UNUSED),
        ("src/b.scala", "// stagelight: ignore[no-such-rule]\nobject B\n"),
    ])
}

#[test]
fn full() {
    let outcome = folder().run("check");
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.stdout, @r"
    warning[unused-suppression]: suppression of `no-such-rule` names a rule that does not exist
     --> a.py:3:8
      |
    3 | x = 1  # stagelight: ignore[no-such-rule] old
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it

    warning[unused-suppression]: suppression of `no-such-rule` names a rule that does not exist
     --> src/b.scala:1:1
      |
    1 | // stagelight: ignore[no-such-rule]
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it

    2 findings (2 warnings) in 2 files
    `--fix` mends 2 findings; `--diff` shows how
    ");
}

#[test]
fn concise() {
    insta::assert_snapshot!(folder().run("check --output-format concise").stdout, @r"
    a.py:3:8: warning[unused-suppression] suppression of `no-such-rule` names a rule that does not exist
    src/b.scala:1:1: warning[unused-suppression] suppression of `no-such-rule` names a rule that does not exist
    ");
}

#[test]
fn json() {
    let outcome = folder().run("check --output-format json a.py missing.py");
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!(outcome.stdout, @r#"
    {
      "schema": "stagelight.check/1",
      "findings": [
        {
          "rule": "unused-suppression",
          "message": "suppression of `no-such-rule` names a rule that does not exist",
          "help": "remove it",
          "severity": "warning",
          "confidence": "known",
          "file": "a.py",
          "line": 3,
          "column": 8,
          "end_line": 3,
          "end_column": 46,
          "related": [],
          "fixes": [
            {
              "title": "Remove the suppression",
              "applicability": "safe",
              "edits": [
                {
                  "line": 3,
                  "column": 6,
                  "end_line": 3,
                  "end_column": 46,
                  "replacement": ""
                }
              ]
            }
          ],
          "evidence": "unmeasured",
          "measured": null
        }
      ],
      "problems": [
        {
          "path": "missing.py",
          "message": "no such file or folder; check the spelling"
        }
      ]
    }
    "#);
}

#[test]
fn github() {
    insta::assert_snapshot!(folder().run("check --output-format github a.py missing.py").stdout, @r"
    ::warning title=stagelight (unused-suppression),file=a.py,line=3,endLine=3,col=8,endColumn=46::suppression of `no-such-rule` names a rule that does not exist%0Aremove it
    ::error title=stagelight,file=missing.py::no such file or folder; check the spelling
    ");
}

#[test]
fn sarif() {
    let folder = folder();
    let outcome = folder.run("check --output-format sarif --output-file out.sarif");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    let sarif: serde_json::Value = serde_json::from_str(&folder.read("out.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let root = run["originalUriBaseIds"]["SRCROOT"]["uri"].as_str().unwrap();
    assert!(root.starts_with("file:///") && root.ends_with('/'), "{root}");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["help"]["markdown"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uriBaseId"], "SRCROOT");
        assert_eq!(location["artifactLocation"]["uri"].as_str().unwrap().find(['\\', ':']), None);
        let change = &result["fixes"][0]["artifactChanges"][0];
        assert!(change["replacements"][0]["deletedRegion"]["startLine"].is_u64());
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert!(hash.ends_with(":1"), "{hash}");
    }
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&3.into(), &8.into()));

    // Lines above do not change a fingerprint.
    folder.write("a.py", format!("# one more\n{UNUSED}").as_bytes());
    folder.run("check --output-format sarif --output-file moved.sarif");
    let moved: serde_json::Value = serde_json::from_str(&folder.read("moved.sarif")).unwrap();
    assert_eq!(
        moved["runs"][0]["results"][0]["partialFingerprints"],
        results[0]["partialFingerprints"]
    );
}

#[test]
fn colours_are_there_when_they_are_wanted() {
    let folder = folder();
    let outcome = folder.run("check --color always");
    assert!(outcome.stdout.contains("\u{1b}["), "{outcome:?}");
    let outcome = folder.run("check --color never");
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
    let outcome = folder.run("check");
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
}

#[test]
fn exit_codes_follow_fail_on() {
    let folder = folder();
    for (arguments, code) in [
        ("", 1),
        ("--fail-on information", 1),
        ("--fail-on error", 0),
        ("--fail-on never", 0),
        ("--ignore unused-suppression", 0),
    ] {
        assert_eq!(folder.run(&format!("check {arguments}")).code, code, "{arguments}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::process::{Command, Stdio};
    let text = UNUSED.repeat(2_000);
    let folder = Folder::new(&[("a.py", &text)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_stagelight"))
        .arg("check")
        .current_dir(folder.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
