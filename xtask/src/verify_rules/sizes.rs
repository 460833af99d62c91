//! Whether small datasets have the rows that the table says, and whether Spark joins them as it says.
//!
//! `rules/tests/sizes.tsv` is what lowering and `missing-broadcast` are tested with; here it is held to Spark itself.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use spark::Language;

use crate::check_api::answer;
use crate::pyspark::Installation;

/// Language, expression, most rows, reason, join.
const TABLE: &str = include_str!("../../../rules/tests/sizes.tsv");

const SIZES_PYTHON: &str = include_str!("sizes.py");

const SIZES_SCALA: &str = include_str!("sizes.scala");

/// Where the datasets stand in the Scala script.
const PLACE: &str = "    // DATASETS\n";

/// A line of the table.
struct Size {
    expression: &'static str,
    /// The most rows it can have.
    rows: Option<u64>,
    /// `broadcast` or `shuffle`.
    join: Option<&'static str>,
}

/// Evaluates the table's datasets of one language and tells what is not as it says.
pub(super) fn check(
    installation: &Installation,
    language: Language,
    folder: &Path,
) -> Result<Vec<String>, Box<dyn Error>> {
    let sizes = sizes(language)?;
    super::renew(folder)?;
    let mut asked = String::new();
    let mut command = match language {
        Language::Python => {
            for (place, size) in sizes.iter().enumerate() {
                let (counted, planned) = (size.rows.is_some(), size.join.is_some());
                let _ = writeln!(asked, "{place}\t{counted}\t{planned}\t{}", size.expression);
            }
            let mut command = Command::new(&installation.python);
            command.args(["-c", SIZES_PYTHON]);
            command.env("PYSPARK_SUBMIT_ARGS", super::submit_arguments(&super::settings()));
            command
        }
        Language::Scala => {
            let mut datasets = String::new();
            for (place, size) in sizes.iter().enumerate() {
                let (counted, planned) = (size.rows.is_some(), size.join.is_some());
                let _ = writeln!(
                    datasets,
                    "    ask({place}, orders, {counted}, {planned})({})",
                    size.expression
                );
            }
            let script = folder.join("sizes-script.scala");
            std::fs::write(&script, SIZES_SCALA.replace(PLACE, &datasets))?;
            installation.scala(&super::settings(), &script)
        }
    };
    let chatter = folder.join("stderr.txt");
    command.current_dir(folder).stderr(std::fs::File::create(&chatter)?);
    let answers = answer(&mut command, &asked)
        .map_err(|error| format!("{error}, see {}", chatter.display()))?;
    Ok(judge(&sizes, &answers))
}

fn judge(sizes: &[Size], answers: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, size) in sizes.iter().enumerate() {
        let prefix = format!("{place}\t");
        let found = answers.lines().find_map(|line| line.strip_prefix(&prefix)?.split_once('\t'));
        let problem = match (found, size.rows) {
            (None, _) => Some("no answer".to_owned()),
            (Some(("error", error)), _) => Some(error.to_owned()),
            (Some((rows, _)), Some(most)) if rows.parse::<u64>().is_ok_and(|rows| rows > most) => {
                Some(format!("has {rows} rows, not at most {most}"))
            }
            (Some((_, join)), _) if size.join.is_some_and(|expected| join != expected) => {
                Some(format!("is joined by {join}"))
            }
            _ => None,
        };
        problems.extend(problem.map(|problem| format!("{}: {problem}", size.expression)));
    }
    problems
}

fn sizes(language: Language) -> Result<Vec<Size>, String> {
    let spoken = format!("{language:?}").to_lowercase();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut sizes = Vec::new();
    for line in lines {
        let [of, expression, rows, _, join] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("not five fields: {line:?}"));
        };
        let (rows, join) = (rows.parse().ok(), Some(join).filter(|join| *join != "-"));
        // Of what has no bound and is not joined there is nothing to ask.
        if of == spoken && (rows.is_some() || join.is_some()) {
            sizes.push(Size { expression, rows, join });
        }
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_or_another_join_than_the_table_says_are_told() {
        let sizes = [
            Size { expression: "a", rows: Some(2), join: Some("shuffle") },
            Size { expression: "b", rows: None, join: Some("broadcast") },
            Size { expression: "c", rows: None, join: None },
        ];
        assert_eq!(
            judge(&sizes, "0\t2\tshuffle\n1\t-\tbroadcast\n2\t-\t-\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            judge(&sizes, "0\t3\tshuffle\n1\t-\tshuffle\n"),
            ["a: has 3 rows, not at most 2", "b: is joined by shuffle", "c: no answer"]
        );
        assert_eq!(judge(&sizes[2..], "0\terror\tgone\n"), ["c: gone"]);
    }

    #[test]
    fn the_table_is_understood() {
        for language in [Language::Python, Language::Scala] {
            assert!(!sizes(language).unwrap().is_empty());
        }
    }
}
