//! Which files of the workspace the paths of a log mean.
//!
//! A log has paths as the driver saw them: absolute ones, those of containers and archives, base names alone. The workspace file that shares the most
//! components at the end is meant. Where several share as many, what else the log says decides: where all lines that it names in a file
//! meet their calls in one of them alone; the script that was submitted, and what was sent along; the application's name. Files that remain
//! are not told apart.

use std::collections::{BTreeMap, BTreeSet};

use eventlog::Profile;
use program::{Expression, Literal, Program, ScopeKind};
use rustc_hash::FxHashMap;

use super::JoinFile;
use super::call_site::{self, Place, Resolved};
use super::observation::Observation;

/// The files of a workspace, and what a run says of those with the same name.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) files: &'a [JoinFile<'a>],
    /// By path as logged: the one file that is meant, of those that share its end.
    chosen: FxHashMap<String, usize>,
}

/// What a logged path can mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileMatch {
    None,
    One(usize),
    Several,
}

impl<'a> Places<'a> {
    /// The files as a run means them.
    pub(super) fn new(
        files: &'a [JoinFile<'a>],
        profile: &Profile,
        observations: &[Observation<'_>],
    ) -> Self {
        let mut places = Self { files, chosen: FxHashMap::default() };
        // By logged path that several files could be: the lines and methods that it is named with.
        let mut open: BTreeMap<&str, BTreeSet<(u32, &str)>> = BTreeMap::new();
        let mut several: FxHashMap<&str, bool> = FxHashMap::default();
        for observation in observations {
            let Some(site) = call_site::parse_short(observation.short) else { continue };
            // A base name of Scala goes by the class of its frame.
            let is_several =
                || is_path(site.file) && places.file_of(site.file, None) == FileMatch::Several;
            if *several.entry(site.file).or_insert_with(is_several) {
                open.entry(site.file).or_default().insert((site.line, site.method));
            }
        }
        for stage in &profile.stages {
            if let Some(site) = call_site::parse_short(&stage.name)
                && let Some(lines) = open.get_mut(site.file)
            {
                lines.insert((site.line, site.method));
            }
        }
        let submitted = Submitted::of(profile);
        for (logged, lines) in open {
            let found = candidates(files, logged);
            if let Some(file) =
                places.with_all(&found, &lines).or_else(|| submitted.file(files, &found, logged))
            {
                places.chosen.insert(logged.to_owned(), file);
            }
        }
        places
    }

    /// The one candidate in which all of the lines meet a call of their method.
    fn with_all(&self, candidates: &[usize], lines: &BTreeSet<(u32, &str)>) -> Option<usize> {
        let meets = |file: usize| {
            lines.iter().all(|&(line, method)| {
                let met = call_site::call_at(self.files, Place { file, line }, method);
                matches!(met, Resolved::Call { .. } | Resolved::Several { .. })
            })
        };
        only(candidates.iter().copied().filter(|&it| meets(it)))
    }

    /// The workspace file that a logged path means; for a bare Scala file name the one that declares the frame's class.
    pub(super) fn file_of(&self, logged: &str, class: Option<&str>) -> FileMatch {
        if let Some(&chosen) = self.chosen.get(logged) {
            return FileMatch::One(chosen);
        }
        let mut found = candidates(self.files, logged);
        if let Some(class) = class {
            let package: Vec<&str> = class.split('.').collect();
            let simple = package.last().copied().unwrap_or_default();
            let simple = simple.split('$').next().unwrap_or(simple);
            let declares = |&index: &usize| declares_class(self.files[index].program, simple);
            if found.iter().any(declares) {
                found.retain(declares);
            }
            // Of classes with one name the one in whose package's folder the file lies, or whose text says so.
            let package = &package[..package.len() - 1];
            if found.len() > 1 && !package.is_empty() {
                let of_package = |&index: &usize| in_package(&self.files[index], package);
                if found.iter().any(of_package) {
                    found.retain(of_package);
                }
            }
        }
        match found.as_slice() {
            [] => FileMatch::None,
            [one] => FileMatch::One(*one),
            _ => FileMatch::Several,
        }
    }
}

/// The files that share the most components with a logged path at its end. What lies in an archive, or among installed packages, has to be there
/// with its whole path from the archive on: a package has modules of any name.
fn candidates(files: &[JoinFile<'_>], logged: &str) -> Vec<usize> {
    if call_site::is_python_library(logged) {
        return Vec::new();
    }
    let least = packaged(logged).max(1);
    let in_archive = !logged.contains("-packages");
    let mut best = 1;
    let mut found: Vec<usize> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let common = common_suffix(file.path, logged);
        // A workspace may begin within the package that an archive was made of.
        let is_whole = in_archive && common == file.path.split(['/', '\\']).count();
        if common < best || common < least && !is_whole {
            continue;
        }
        if common > best {
            best = common;
            found.clear();
        }
        found.push(index);
    }
    found
}

/// How many components of a logged path follow the archive or the folder of installed packages that it lies in; 0 for others.
fn packaged(logged: &str) -> usize {
    let parts: Vec<&str> = logged.split(['/', '\\']).collect();
    let holds = |part: &str| {
        let ending = part.rsplit_once('.').map_or("", |it| it.1).to_ascii_lowercase();
        matches!(part, "site-packages" | "dist-packages")
            || matches!(ending.as_str(), "zip" | "egg" | "whl" | "pex")
    };
    parts.iter().rposition(|it| holds(it)).map_or(0, |at| parts.len() - at - 1)
}

/// Whether a logged name has a folder before it.
fn is_path(logged: &str) -> bool {
    logged.contains(['/', '\\']) || logged.ends_with(".py")
}

/// Number of path components that two paths share at their ends.
pub(super) fn common_suffix(left: &str, right: &str) -> usize {
    left.rsplit(['/', '\\'])
        .zip(right.rsplit(['/', '\\']))
        .take_while(|(left, right)| left == right)
        .count()
}

fn declares_class(program: &Program, simple: &str) -> bool {
    program
        .scopes
        .iter()
        .any(|scope| matches!(&scope.kind, ScopeKind::Class(name) if name == simple))
}

/// Whether a Scala file is of a package: by its first clause, or the folders it lies in.
fn in_package(file: &JoinFile<'_>, package: &[&str]) -> bool {
    let clause = file.text.lines().map(str::trim).find_map(|line| line.strip_prefix("package "));
    match clause {
        Some(clause) => {
            clause.trim_end_matches([';', '{', ' ']).split('.').eq(package.iter().copied())
        }
        None => {
            let folders = file.path.rsplit_once('/').map_or("", |it| it.0);
            folders.rsplit('/').zip(package.iter().rev()).all(|(left, right)| left == *right)
                && folders.split('/').count() >= package.len()
        }
    }
}

/// The one thing, if there is no other.
fn only<T>(mut of: impl Iterator<Item = T>) -> Option<T> {
    let first = of.next()?;
    of.next().is_none().then_some(first)
}

/// What a log says was submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Submitted {
    /// The script or the notebook, as it was named where it was submitted.
    pub(super) script: Option<String>,
    /// The main class of a jar.
    pub(super) class: Option<String>,
    /// Python files and archives that were sent along.
    sent: Vec<String>,
    /// The application's name, where the program gives it.
    name: String,
}

impl Submitted {
    /// Reads `sun.java.command` and the properties that `spark-submit` and YARN leave.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut submitted = Self { name: profile.application.name.clone(), ..Self::default() };
        let mut words = profile.application.command.split_whitespace().skip(1);
        while let Some(word) = words.next() {
            match word {
                "--class" => {
                    let class = words.next().filter(|it| !it.starts_with("org.apache.spark."));
                    submitted.class = submitted.class.or(class.map(str::to_owned));
                }
                "--primary-py-file" => {
                    submitted.script = words.next().map(str::to_owned);
                    break;
                }
                // The script's own arguments follow the script.
                _ if word.ends_with(".py") => {
                    submitted.script = Some(word.to_owned());
                    break;
                }
                _ if word.starts_with("--") && !word.contains('=') => {
                    words.next();
                }
                _ => {}
            }
        }
        const SENT: [&str; 6] = [
            "spark.submit.pyFiles",
            "spark.yarn.dist.pyFiles",
            "spark.yarn.dist.files",
            "spark.yarn.dist.archives",
            "spark.files",
            "spark.kubernetes.file.upload.path",
        ];
        let properties = &profile.spark_properties;
        let sent = SENT.iter().filter_map(|key| properties.get(*key));
        submitted.sent = sent
            .flat_map(|it| it.split(','))
            .map(|it| it.split('#').next().unwrap_or(it).trim().to_owned())
            .filter(|it| it.ends_with(".py"))
            .collect();
        if submitted.script.is_none() && submitted.class.is_none() {
            let primary = properties.get("spark.yarn.primary.py.file");
            // Without another name an application has that of its script.
            let named = Some(&profile.application.name).filter(|it| it.ends_with(".py"));
            submitted.script = primary.or(named).cloned();
        }
        submitted
    }

    /// Whether a program is what was submitted: a file of the script's name, or an object of the main class's.
    pub(super) fn started(&self, file: &JoinFile<'_>, object: &str) -> bool {
        let script = self.script.as_ref().is_some_and(|it| {
            // A name alone is no path: then it is all there is.
            let parts = it.split(['/', '\\']).filter(|it| !matches!(*it, "" | ".")).count();
            let whole = file.path.split(['/', '\\']).count();
            common_suffix(file.path, it) >= parts.min(whole).min(2)
        });
        let class = self.class.as_ref().is_some_and(|class| {
            let parts: Vec<&str> = class.split('.').collect();
            let (simple, package) = parts.split_last().map_or(("", &[][..]), |it| (*it.0, it.1));
            simple == object && (package.is_empty() || in_package(file, package))
        });
        script || class
    }

    /// Whether a program gives its application the name that the run had.
    pub(super) fn named(&self, file: &JoinFile<'_>, _object: &str) -> bool {
        names_application(file.program, &self.name)
    }

    /// The candidate that a logged path means, by what was submitted under that name, or by the name of the application.
    fn file(&self, files: &[JoinFile<'_>], candidates: &[usize], logged: &str) -> Option<usize> {
        let base = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        let named = base(logged);
        let same_name = |it: &&String| base(it) == named;
        for path in self.script.iter().chain(&self.sent).filter(same_name) {
            let shared = |index: &usize| common_suffix(files[*index].path, path);
            let most = candidates.iter().map(shared).max()?;
            let best = candidates.iter().copied().filter(|it| shared(it) == most);
            if let Some(file) = only(best) {
                return Some(file);
            }
        }
        // Only the script itself goes by the application's name: a helper may be anybody's.
        let is_script = self.script.as_ref().is_none_or(|it| base(it) == named);
        let named_so = |it: &usize| names_application(files[*it].program, &self.name);
        only(candidates.iter().copied().filter(|it| is_script && named_so(it)))
    }
}

/// Whether a program gives its application this name.
pub(super) fn names_application(program: &Program, name: &str) -> bool {
    !name.is_empty()
        && program.calls.iter().any(|call| {
            matches!(call.method.as_str(), "appName" | "setAppName" | "SparkContext")
                && call.arguments.iter().any(|it| {
                    matches!(&it.value, Expression::Literal(Literal::Text(text)) if text == name)
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_behind_archives_have_to_be_there() {
        for (path, components) in [
            ("/srv/jobs/main.py", 0),
            ("/usr/lib/python3.11/site-packages/tools/io.py", 2),
            ("/data/container_1/deps.zip/freight/quality.py", 2),
            ("/opt/freight-1.0-py3.10.egg/freight/marts/lanes.py", 3),
            ("C:\\python\\Lib\\site-packages\\io.py", 1),
        ] {
            assert_eq!(packaged(path), components, "{path}");
        }
    }

    fn submitted(command: &str, properties: &[(&str, &str)]) -> Submitted {
        let mut profile = Profile::default();
        profile.application.command = command.to_owned();
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        profile.spark_properties = properties.iter().map(pair).collect();
        Submitted::of(&profile)
    }

    #[test]
    fn commands_name_what_was_submitted() {
        let script = |command: &str| submitted(command, &[]).script;
        let submit = "org.apache.spark.deploy.SparkSubmit";
        assert_eq!(
            script(&format!(
                "{submit} --master yarn --py-files deps.zip,util.py jobs/daily/main.py --date x.py"
            )),
            Some("jobs/daily/main.py".to_owned())
        );
        assert_eq!(script(&format!("{submit} --conf spark.a=b.py pyspark-shell")), None);
        let master = "org.apache.spark.deploy.yarn.ApplicationMaster --class org.apache.spark.deploy.PythonRunner --primary-py-file main.py --arg a.py";
        assert_eq!(script(master), Some("main.py".to_owned()));
        let jar = submitted(&format!("{submit} --class com.example.Orders app.jar in.py"), &[]);
        assert_eq!(jar.class.as_deref(), Some("com.example.Orders"));
        let sent = submitted(
            "",
            &[("spark.yarn.dist.pyFiles", "hdfs:/a/util.py#util.py,hdfs:/a/deps.zip")],
        );
        assert_eq!(sent.sent, ["hdfs:/a/util.py"]);
    }
}
