//! The same job in two languages lowers to the same text, and every line of it matters to that text.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use program::Language;

fn twins() -> Vec<(PathBuf, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twins");
    let mut python: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "py"))
        .collect();
    python.sort();
    python
        .into_iter()
        .map(|path| {
            let left = std::fs::read_to_string(&path).unwrap();
            let right = std::fs::read_to_string(path.with_extension("scala")).unwrap();
            (path, left, right)
        })
        .collect()
}

fn text(language: Language, source: &str) -> String {
    grammars::lower(language, source).to_text()
}

#[test]
fn twins_have_one_text_form() {
    let twins = twins();
    assert!(twins.len() >= 45);
    for (path, python, scala) in twins {
        let (left, right) = (text(Language::Python, &python), text(Language::Scala, &scala));
        assert!(left.contains("syntax errors: 0"), "{}", path.display());
        let difference = left.lines().zip(right.lines()).find(|(left, right)| left != right);
        assert_eq!(left, right, "{}: first difference {difference:#?}", path.display());
    }
}

/// Nothing of a twin is passed over: without a line that calls Spark, or with two of them swapped, its text is another one.
fn every_call_matters(path: &Path, language: Language, source: &str) {
    let program = grammars::lower(language, source);
    let index = program::LineIndex::new(source);
    let called: Vec<usize> =
        program.calls.iter().map(|call| index.line(call.name_range.start) as usize - 1).collect();
    let whole = program.to_text();
    let lines: Vec<&str> = source.lines().collect();
    for &at in &called {
        let mut dropped = lines.clone();
        dropped.remove(at);
        let text = text(language, &dropped.join("\n"));
        assert_ne!(whole, text, "{} without line {}", path.display(), at + 1);
    }
    for at in 1..lines.len() {
        if called.contains(&(at - 1)) && called.contains(&at) && lines[at] != lines[at - 1] {
            let mut swapped = lines.clone();
            swapped.swap(at - 1, at);
            let text = text(language, &swapped.join("\n"));
            assert_ne!(whole, text, "{} with lines {at} and {} swapped", path.display(), at + 1);
        }
    }
}

#[test]
fn every_line_with_a_call_matters() {
    let twins = twins();
    let share = twins.len().div_ceil(std::thread::available_parallelism().map_or(1, Into::into));
    std::thread::scope(|scope| {
        for share in twins.chunks(share) {
            scope.spawn(move || {
                for (path, python, scala) in share {
                    every_call_matters(path, Language::Python, python);
                    every_call_matters(path, Language::Scala, scala);
                }
            });
        }
    });
}
