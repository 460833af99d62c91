//! The abstract evaluation at its boundary: source files in, the text of the automaton and the lineage out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod calls;
mod control;
mod frameworks;
mod limits;
mod spark_calls;
mod values;

use analysis::evaluation::{Evaluation, EvaluationFile, Limits, evaluate};
use program::{Language, LineIndex, Program};

/// Evaluates files of a workspace; `.scala` in the name makes a file Scala, anything else Python.
fn evaluated_within(files: &[(&str, &str)], limits: &Limits) -> Evaluation {
    let programs: Vec<Program> = files
        .iter()
        .map(|(path, text)| {
            let scala = path.ends_with(".scala");
            grammars::lower(if scala { Language::Scala } else { Language::Python }, text)
        })
        .collect();
    let files: Vec<EvaluationFile<'_>> = files
        .iter()
        .zip(&programs)
        .map(|((path, _), program)| EvaluationFile { path, program })
        .collect();
    evaluate(&files, limits)
}

fn evaluated(files: &[(&str, &str)]) -> Evaluation {
    evaluated_within(files, &Limits::default())
}

/// The text form, places as `file:line`; in a workspace of one file as `line` alone.
fn text(files: &[(&str, &str)]) -> String {
    let lines: Vec<LineIndex> = files.iter().map(|it| LineIndex::new(it.1)).collect();
    evaluated(files).to_text(&|file| files[file.index()].0.to_owned(), &|place| {
        let line = lines[place.file.index()].line(place.name.start);
        match files {
            [_] => format!("{line}"),
            _ => format!("{}:{line}", files[place.file.index()].0),
        }
    })
}

/// One section of the text of files: `program`, `lineage`, `loops`, `unresolved`.
fn section(files: &[(&str, &str)], name: &str) -> String {
    let text = text(files);
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            inside = line.starts_with(name);
        }
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The automaton of one Python file.
fn automaton(source: &str) -> String {
    section(&[("job.py", source)], "program")
}

/// The lineage of one Python file.
fn lineage(source: &str) -> String {
    section(&[("job.py", source)], "lineage")
}
