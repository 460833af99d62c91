//! Compares the tables of Spark's API with Spark itself.
//!
//! Names and versions are compared with five installed versions: each language by introspection in itself. Whether a method shuffles
//! is checked on two of them by running a small expression and looking for an exchange in what Spark plans for it. What
//! differs on purpose is listed in `exceptions.tsv` and `plan_exceptions.tsv`, each with its reason.

mod plans;
mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use spark::Language;

use crate::pyspark::Installation;
use surface::Surface;
pub(crate) use surface::answer;

/// What differs between the tables and Spark on purpose: type, language, name (with `*` at its end for a prefix), reason.
const EXCEPTIONS: &str = include_str!("check_api/exceptions.tsv");

/// The versions that names are compared with, oldest first.
const VERSIONS: [&str; 5] = ["3.3.4", "3.4.4", "3.5.9", "4.0.5", "4.1.4"];

/// The versions that expressions are run with.
const RUNNING: [&str; 2] = ["3.5.9", "4.1.4"];

/// Compare the tables of Spark's API with Spark itself.
///
/// Names and versions are compared with five versions of PySpark from PyPI, about 400 MB each: Python's by introspection, Scala's
/// by reflection over the jars. What is called narrow or wide is tried on the newest Spark 3 and Spark 4: an expression per method is run
/// and its plan searched for an exchange. Needs Java 17, Python 3.10 or 3.11 and, the first time, the network.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the installations are kept [default: target/pyspark]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Python to make the virtual environments with
    #[arg(long, value_name = "PROGRAM", default_value = "python3.11")]
    python: PathBuf,
    /// Compare names and versions only, and run no Spark
    #[arg(long)]
    names_only: bool,
}

/// Compares everything; an error if anything differs.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the crate of chores lies below the root")?;
    let cache = options.cache.clone().unwrap_or_else(|| repository.join("target/pyspark"));
    std::fs::create_dir_all(&cache)?;
    let cache = cache.canonicalize()?;
    let installations = VERSIONS
        .iter()
        .map(|version| Installation::prepare(version, &cache, &options.python))
        .collect::<Result<Vec<_>, _>>()?;

    let mut exceptions = Exceptions::parse(EXCEPTIONS)?;
    let mut problems = Vec::new();
    for language in [Language::Python, Language::Scala] {
        let surfaces = installations
            .iter()
            .map(|installation| {
                Ok((installation.short.as_str(), surface::read(installation, language, &cache)?))
            })
            .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        let mut listed = listed_methods(language);
        listed.extend(listed_functions(language));
        problems.extend(compare(language, &listed, &surfaces, &mut exceptions));
    }
    problems.extend(exceptions.unused());
    let names = problems.len();
    println!("names and versions: {names} differ, {} exceptions", exceptions.list.len());
    if !options.names_only {
        let running: Vec<_> = VERSIONS
            .iter()
            .zip(&installations)
            .filter(|(version, _)| RUNNING.contains(version))
            .map(|(_, installation)| installation)
            .collect();
        let plans = plans::check(&running, &cache)?;
        println!("narrow and wide: {} differ", plans.len());
        problems.extend(plans);
    }
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("the tables differ from Spark in {} places", problems.len()).into())
    }
}

/// What a table says of one name in one language.
struct Listed {
    since: Option<&'static str>,
    removed: Option<&'static str>,
    property: bool,
}

/// Type or `function:MODULE`, and a name of it.
type Names = BTreeMap<(String, String), Listed>;

fn listed_methods(language: Language) -> Names {
    let mut names = Names::new();
    for method in spark::api().methods() {
        for name in method.names_in(language) {
            let listed = Listed {
                since: method.since_in(language),
                removed: method.removed_in(language),
                property: language == Language::Python && method.python_property,
            };
            names.insert((method.receiver.name().to_owned(), name.to_owned()), listed);
        }
    }
    names
}

fn listed_functions(language: Language) -> Names {
    let mut names = Names::new();
    for function in spark::functions().all() {
        for name in function.names_in(language) {
            let listed = Listed {
                since: function.since_in(language),
                removed: function.removed_in(language),
                property: false,
            };
            names.insert((format!("function:{}", function.module), (*name).to_owned()), listed);
        }
    }
    names
}

/// What differs between a table's names and those of the versions, oldest first.
fn compare(
    language: Language,
    listed: &Names,
    surfaces: &[(&str, Surface)],
    exceptions: &mut Exceptions,
) -> Vec<String> {
    let mut problems = Vec::new();
    let in_spark: BTreeSet<_> = surfaces.iter().flat_map(|(_, names)| names.keys()).collect();
    for key in &in_spark {
        let (owner, name) = (key.0.as_str(), key.1.as_str());
        let begun = |(of, it): &(String, String)| {
            of == owner && it.strip_suffix('*').is_some_and(|beginning| name.starts_with(beginning))
        };
        // Operators are syntax.
        let known = !is_identifier(name) || listed.contains_key(*key) || listed.keys().any(begun);
        if !known && !exceptions.cover(language, owner, name) {
            let versions = versions_with(surfaces, key);
            problems.push(format!("{language:?} {owner}.{name} is missing ({versions})"));
        }
    }
    for (key, entry) in listed {
        if key.1.ends_with('*') || exceptions.name(language, &key.0, &key.1) {
            continue;
        }
        let expected: Vec<&str> = surfaces
            .iter()
            .map(|(version, _)| *version)
            .filter(|version| {
                entry.since.is_none_or(|since| number(since) <= number(version))
                    && entry.removed.is_none_or(|removed| number(version) < number(removed))
            })
            .collect();
        let actual = versions_with(surfaces, key);
        if expected.join(" ") != actual {
            problems.push(format!(
                "{language:?} {}.{} is in {}, not in {}",
                key.0,
                key.1,
                if actual.is_empty() { "no version" } else { &actual },
                expected.join(" ")
            ));
        }
        let newest = surfaces.iter().rev().find_map(|(_, names)| names.get(key));
        if language == Language::Python && newest.is_some_and(|it| *it != entry.property) {
            let kind = if entry.property { "a method" } else { "a property" };
            problems.push(format!("{language:?} {}.{} is {kind}", key.0, key.1));
        }
    }
    problems
}

fn versions_with(surfaces: &[(&str, Surface)], key: &(String, String)) -> String {
    let having = surfaces.iter().filter(|(_, names)| names.contains_key(key));
    having.map(|(version, _)| *version).collect::<Vec<_>>().join(" ")
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// A version as something that compares.
fn number(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The listed differences, and which of them were met.
struct Exceptions {
    list: Vec<Exception>,
}

struct Exception {
    owner: &'static str,
    language: &'static str,
    name: &'static str,
    met: bool,
}

impl Exceptions {
    fn parse(text: &'static str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let list = lines
            .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
                [owner, language, name, reason] if !reason.is_empty() => {
                    Ok(Exception { owner, language, name, met: false })
                }
                _ => Err(format!("not an exception with a reason: {line:?}")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { list })
    }

    /// Whether an exception excuses a name that is missing from the tables.
    fn cover(&mut self, language: Language, owner: &str, name: &str) -> bool {
        self.any(language, owner, |exception| match exception.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == exception,
        })
    }

    /// Whether an exception names exactly this name.
    fn name(&mut self, language: Language, owner: &str, name: &str) -> bool {
        self.any(language, owner, |exception| name == exception)
    }

    fn any(&mut self, language: Language, owner: &str, fits: impl Fn(&str) -> bool) -> bool {
        let spoken = format!("{language:?}").to_lowercase();
        let mut covered = false;
        for exception in &mut self.list {
            let here = (exception.owner == "*" || exception.owner == owner)
                && (exception.language == "*" || exception.language == spoken);
            if here && fits(exception.name) {
                exception.met = true;
                covered = true;
            }
        }
        covered
    }

    /// Exceptions that excuse nothing.
    fn unused(&self) -> Vec<String> {
        let unused = self.list.iter().filter(|exception| !exception.met);
        unused
            .map(|it| format!("exception without need: {} {} {}", it.owner, it.language, it.name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(names: &[(&str, bool)]) -> Surface {
        let owned = |(name, property): &(&str, bool)| {
            (("DataFrame".to_owned(), (*name).to_owned()), *property)
        };
        names.iter().map(owned).collect()
    }

    fn listed(since: Option<&'static str>, property: bool) -> Listed {
        Listed { since, removed: None, property }
    }

    fn problems(listed_names: &[(&str, Listed)]) -> Vec<String> {
        let surfaces = [
            ("3.5", surface(&[("join", false), ("write", true)])),
            ("4.0", surface(&[("join", false), ("write", true), ("exists", false)])),
        ];
        let names = listed_names
            .iter()
            .map(|(name, it)| (("DataFrame".to_owned(), (*name).to_owned()), Listed { ..*it }))
            .collect();
        let mut exceptions = Exceptions::parse("DataFrame\tpython\twri*\ta reason").unwrap();
        compare(Language::Python, &names, &surfaces, &mut exceptions)
    }

    #[test]
    fn what_a_table_lacks_dates_wrongly_or_makes_up_is_told() {
        assert_eq!(
            problems(&[("join", listed(None, false)), ("exists", listed(Some("4.0"), false))]),
            Vec::<String>::new()
        );
        assert_eq!(
            problems(&[("join", listed(None, true)), ("flatten", listed(None, false))]),
            [
                "Python DataFrame.exists is missing (4.0)",
                "Python DataFrame.flatten is in no version, not in 3.5 4.0",
                "Python DataFrame.join is a method",
            ]
        );
        assert_eq!(
            problems(&[("join", listed(None, false)), ("exists", listed(None, false))]),
            ["Python DataFrame.exists is in 4.0, not in 3.5 4.0"]
        );
    }

    #[test]
    fn an_exception_gives_its_reason() {
        assert!(Exceptions::parse("DataFrame\tpython\tjoin\t").is_err());
        assert!(Exceptions::parse(EXCEPTIONS).is_ok());
    }
}
