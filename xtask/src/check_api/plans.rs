//! Whether what the table calls narrow and wide is so in Spark: a small expression per method, and the exchange in its plan.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use spark::{Effect, Language, Method};

use super::{number, surface};
use crate::pyspark::Installation;

/// An expression per method: type, method, language, expression over what the two scripts define.
const SAMPLES: &str = include_str!("samples.tsv");

/// Methods that are not as their effect says, or cannot be tried: type, method, reason.
const EXCEPTIONS: &str = include_str!("plan_exceptions.tsv");

const PLANS_PYTHON: &str = include_str!("plans.py");

const PLANS_SCALA: &str = include_str!("plans.scala");

/// Where the expressions stand in the Scala script.
const PLACE: &str = "    // SAMPLES\n";

/// Type and method.
type Key = (&'static str, &'static str);

struct Sample {
    key: Key,
    language: Language,
    expression: &'static str,
}

/// Runs every sample with each version and tells what differs from the table.
pub(super) fn check(
    installations: &[&Installation],
    cache: &Path,
) -> Result<Vec<String>, Box<dyn Error>> {
    let samples = samples()?;
    let mut exceptions = exceptions()?;
    let mut problems = coverage(&samples, &exceptions);
    for installation in installations {
        let mut answers = BTreeMap::new();
        for language in [Language::Python, Language::Scala] {
            let asked: Vec<&Sample> = samples
                .iter()
                .filter(|it| it.language == language && it.in_version(installation))
                .collect();
            let answer = run(installation, language, &asked, cache)?;
            for line in answer.lines() {
                // Spark itself may print as well.
                if let [kind, method, verdict] = line.split('\t').collect::<Vec<_>>()[..] {
                    answers.insert((kind.to_owned(), method.to_owned()), verdict.to_owned());
                }
            }
            problems.extend(judge(&asked, &answers, &mut exceptions, &installation.short));
        }
    }
    let unneeded = exceptions.iter().filter(|(_, met)| !**met);
    problems.extend(
        unneeded.map(|((kind, method), _)| format!("exception without need: {kind}.{method}")),
    );
    Ok(problems)
}

impl Sample {
    fn method(&self) -> Option<&'static Method> {
        let kind = spark::Type::ALL.into_iter().find(|kind| kind.name() == self.key.0)?;
        spark::api().method(self.language, kind, self.key.1)
    }

    fn in_version(&self, installation: &Installation) -> bool {
        self.method().is_some_and(|method| {
            let version = number(&installation.short);
            method.since_in(self.language).is_none_or(|since| number(since) <= version)
                && method.removed_in(self.language).is_none_or(|removed| version < number(removed))
        })
    }
}

/// What a method's effect promises of a plan; nothing for effects that say nothing of shuffles.
fn promised(effect: Effect) -> Option<&'static str> {
    match effect {
        Effect::Narrow => Some("none"),
        Effect::Wide | Effect::Repartition => Some("shuffle"),
        _ => None,
    }
}

fn judge(
    asked: &[&Sample],
    answers: &BTreeMap<(String, String), String>,
    exceptions: &mut BTreeMap<Key, bool>,
    version: &str,
) -> Vec<String> {
    let mut problems = Vec::new();
    for sample in asked {
        let (kind, method) = sample.key;
        let answer =
            answers.get(&(kind.to_owned(), method.to_owned())).map_or("no answer", String::as_str);
        let promised = sample.method().and_then(|it| promised(it.effect));
        if promised == Some(answer) {
            continue;
        }
        match exceptions.get_mut(&sample.key) {
            Some(met) if !answer.starts_with("error") => *met = true,
            _ => {
                let promised = promised.unwrap_or("nothing");
                problems.push(format!(
                    "{kind}.{method} in {version}: {answer}, where the table promises {promised}"
                ));
            }
        }
    }
    problems
}

/// Methods that nothing tries, and samples of what is no method with a promise.
fn coverage(samples: &[Sample], exceptions: &BTreeMap<Key, bool>) -> Vec<String> {
    let tried: BTreeSet<_> = samples.iter().map(|sample| (sample.language, sample.key)).collect();
    let mut problems = Vec::new();
    for method in spark::api().methods().iter().filter(|it| promised(it.effect).is_some()) {
        let has_sample = [Language::Python, Language::Scala].into_iter().any(|language| {
            method.names_in(language).any(|name| {
                let key = (method.receiver.name(), name);
                tried.contains(&(language, key)) || exceptions.contains_key(&key)
            })
        });
        if !has_sample {
            problems.push(format!("{}.{} has no sample", method.receiver.name(), method.name()));
        }
    }
    for sample in samples {
        if sample.method().and_then(|it| promised(it.effect)).is_none() {
            problems.push(format!("sample without need: {}.{}", sample.key.0, sample.key.1));
        }
    }
    problems
}

fn samples() -> Result<Vec<Sample>, String> {
    let lines = SAMPLES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [kind, method, "python", expression] => {
                Ok(Sample { key: (kind, method), language: Language::Python, expression })
            }
            [kind, method, "scala", expression] => {
                Ok(Sample { key: (kind, method), language: Language::Scala, expression })
            }
            _ => Err(format!("not a sample: {line:?}")),
        })
        .collect()
}

/// The exceptions, none of them met yet. One that cannot be tried counts as met.
fn exceptions() -> Result<BTreeMap<Key, bool>, String> {
    let tried: BTreeSet<Key> = samples()?.iter().map(|sample| sample.key).collect();
    let lines = EXCEPTIONS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [kind, method, reason] if !reason.is_empty() => {
                Ok(((kind, method), !tried.contains(&(kind, method))))
            }
            _ => Err(format!("not an exception with a reason: {line:?}")),
        })
        .collect()
}

fn run(
    installation: &Installation,
    language: Language,
    asked: &[&Sample],
    cache: &Path,
) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let mut command = match language {
        Language::Python => {
            for sample in asked {
                let _ = writeln!(text, "{}\t{}\t{}", sample.key.0, sample.key.1, sample.expression);
            }
            let mut command = Command::new(&installation.python);
            command.args(["-c", PLANS_PYTHON]);
            command
        }
        Language::Scala => {
            let mut checks = String::new();
            for sample in asked {
                let (kind, method) = sample.key;
                let _ =
                    writeln!(checks, "    check(\"{kind}\", \"{method}\", {})", sample.expression);
            }
            let script = cache.join(format!("plans-{}.scala", installation.short));
            std::fs::write(&script, PLANS_SCALA.replace(PLACE, &checks))?;
            installation.scala(&[], &script)
        }
    };
    // Spark's own chatter, kept for who wants to know why something failed.
    let log = cache.join(format!("plans-{}-{language:?}.txt", installation.short));
    command.current_dir(cache).stderr(std::fs::File::create(&log)?);
    surface::answer(&mut command, &text)
        .map_err(|error| format!("{error}, see {}", log.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_with_a_promise_is_tried_or_excused() {
        assert_eq!(coverage(&samples().unwrap(), &exceptions().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn a_plan_that_breaks_the_promise_is_told() {
        let samples = samples().unwrap();
        let asked: Vec<&Sample> = samples
            .iter()
            .filter(|it| it.key == ("DataFrame", "distinct") || it.key == ("DataFrame", "filter"))
            .collect();
        let answers = |distinct: &str, filter: &str| {
            BTreeMap::from([
                (("DataFrame".to_owned(), "distinct".to_owned()), distinct.to_owned()),
                (("DataFrame".to_owned(), "filter".to_owned()), filter.to_owned()),
            ])
        };
        let judged = |answers| judge(&asked, &answers, &mut BTreeMap::new(), "4.1");
        assert_eq!(judged(answers("shuffle", "none")), Vec::<String>::new());
        assert_eq!(
            judged(answers("none", "error: gone")),
            [
                "DataFrame.distinct in 4.1: none, where the table promises shuffle",
                "DataFrame.filter in 4.1: error: gone, where the table promises none",
            ]
        );
    }
}
