//! Recorded runs of real programs, compared with the lines that are known to have started what they ran.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn stagelight() -> Command {
    Command::new(env!("CARGO_BIN_EXE_stagelight"))
}

/// A line: the file, the cell of a Jupyter notebook, the line.
type Line = (String, u64, u64);

fn truth_line(call: &Value) -> Option<Line> {
    let file = call["file"].as_str()?;
    Some((file.to_owned(), call["cell"].as_u64().unwrap_or(0), call["line"].as_u64()?))
}

fn told_line(line: &Value) -> Line {
    let file = line["file"].as_str().unwrap().trim_start_matches("./").to_owned();
    if file.ends_with(".ipynb") {
        return (file, line["cell"].as_u64().unwrap(), line["cell_line"].as_u64().unwrap());
    }
    (file, 0, line["line"].as_u64().unwrap())
}

#[test]
fn what_programs_ran_stands_on_the_lines_that_started_it() {
    let folder = repository().join("tests/attribution");
    let listed: toml::Table =
        fs::read_to_string(folder.join("programs.toml")).unwrap().parse().unwrap();
    let (mut right, mut several, mut none) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (program, about) in &listed {
        let held_out = about.get("held_out").and_then(toml::Value::as_bool).unwrap_or(false);
        let truth = folder.join(program).join("truth-3.5.9.json");
        if held_out || !truth.exists() {
            continue;
        }
        let truth: Value = serde_json::from_str(&fs::read_to_string(truth).unwrap()).unwrap();
        for (execution, is) in told(&folder.join(program)) {
            let known = truth["executions"].as_array().unwrap();
            let Some(should) = known
                .iter()
                .find(|it| it["execution"].as_u64() == Some(execution))
                .and_then(|it| truth_line(&it["action"]))
            else {
                continue;
            };
            match is {
                None => none += 1,
                Some((lines, _)) if lines.iter().all(|it| *it == should) => right += 1,
                Some((_, true)) => several += 1,
                Some((lines, false)) => {
                    wrong.push(format!("{program} {execution}: {lines:?}, not {should:?}"));
                }
            }
        }
    }
    assert!(right > 350, "{right} executions");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(
        (several + none) * 100 < right * 3,
        "{right} right, {several} on one of several lines, {none} on none"
    );
}

/// Each execution of a program's log with the lines that it stands on, and whether it may be another's.
fn told(program: &Path) -> BTreeMap<u64, Option<(BTreeSet<Line>, bool)>> {
    let log = ["3.5.9.zstd", "3.5.9.inprogress.zstd"].map(|it| program.join(it));
    let log = log.iter().find(|it| it.exists()).unwrap();
    let output = stagelight()
        .current_dir(program.join("source"))
        .args(["annotate", ".", "--output-format", "json", "--event-log"])
        .arg(log)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let annotated: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = stagelight().args(["log", "--output-format", "json"]).arg(log).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut found: BTreeMap<u64, Option<(BTreeSet<Line>, bool)>> = listed["sql"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| Some((it["id"].as_u64()?, None)))
        .collect();
    for line in annotated["lines"].as_array().unwrap() {
        let ambiguous = line["match"].as_str().unwrap().starts_with("ambiguous");
        for execution in line["executions"].as_array().unwrap() {
            let entry = found.entry(execution.as_u64().unwrap()).or_default();
            let (lines, any) = entry.get_or_insert_with(Default::default);
            lines.insert(told_line(line));
            *any |= ambiguous;
        }
    }
    found
}
