//! Records programs together with the truth: the line that asked for each execution, job and operator.
//!
//! A program runs twice. The first run has instruments: a launcher (`python/sitecustomize.py`) says for every call of Spark where it stands, and a
//! Java agent (`agent`) keeps that with the plans and writes it to a side file along the log. The second has none. Both must leave the same log but for
//! times; the committed one holds no trace of the instruments.

mod blind;
mod compare;
mod logged;
mod truth;

#[cfg(test)]
mod committed;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::scrub::KERNEL;
use super::{NEUTRAL_ROOT, Result, Scrubber, Site, finish, in_path, remove};
use compare::Alike;
use logged::Logged;
use truth::Truth;

/// The folder of the programs, in the repository as under the neutral root.
const FOLDER: &str = "tests/attribution";

/// The sources of the agent.
const AGENT: [(&str, &str); 6] = [
    ("Agent.java", include_str!("attribution/agent/Agent.java")),
    ("Calls.java", include_str!("attribution/agent/Calls.java")),
    ("Sited.java", include_str!("attribution/agent/Sited.java")),
    ("Sites.java", include_str!("attribution/agent/Sites.java")),
    ("Witness.java", include_str!("attribution/agent/Witness.java")),
    ("Witnesses.java", include_str!("attribution/agent/Witnesses.java")),
];

/// Options of Java by which short runs take less time.
const QUICK: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/// The Python of kernels of notebooks.
const BASE_PYTHON: &str = "python3.11";

/// What Python imports by itself.
const LAUNCHER: &str = include_str!("attribution/python/sitecustomize.py");

/// A program, as `programs.toml` tells how it is run. What the table says besides is for people.
#[derive(Deserialize)]
struct Entry {
    /// `python` or `scala`.
    language: String,
    /// The file that is run, in the folder of the sources.
    entry: String,
    /// The class with the `main` of a Scala program.
    class: Option<String>,
    /// What it is given.
    #[serde(default)]
    arguments: Vec<String>,
    /// Further properties of Spark.
    #[serde(default)]
    conf: BTreeMap<String, String>,
    /// How it is run: `plain`, `databricks` or `ipynb`.
    #[serde(default = "plain")]
    platform: String,
    /// What it needs from PyPI besides.
    #[serde(default)]
    packages: Vec<String>,
    /// Whether it ends with an error, as its user's did.
    #[serde(default)]
    fails: bool,
}

fn plain() -> String {
    "plain".to_owned()
}

fn entries(repository: &Path) -> Result<BTreeMap<String, Entry>> {
    let table = repository.join(FOLDER).join("programs.toml");
    let text = fs::read_to_string(&table).map_err(|error| in_path(&table, error))?;
    toml::from_str(&text).map_err(|error| in_path(&table, error).into())
}

/// Records the programs that are asked for, with every version.
pub(super) fn record(
    sites: &[Site<'_>],
    repository: &Path,
    marks: &[String],
    wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    for (name, entry) in entries(repository)? {
        if !wanted(&name) {
            continue;
        }
        for site in sites {
            let program = Program { site, repository, marks, name: &name, entry: &entry };
            program.record()?;
        }
    }
    Ok(())
}

/// A program to be recorded with one version.
struct Program<'a> {
    site: &'a Site<'a>,
    repository: &'a Path,
    marks: &'a [String],
    name: &'a str,
    entry: &'a Entry,
}

impl Program<'_> {
    fn record(&self) -> Result<()> {
        let instruments = Instruments::prepare(self.site)?;
        if !self.entry.packages.is_empty() {
            let log = self.site.cache.join(format!("{}-packages.txt", self.name));
            let mut install = Command::new(&self.site.installation.python);
            install.args(["-m", "pip", "install", "--quiet"]).args(&self.entry.packages);
            finish(&mut install, &log)?;
        }
        let evidence = self.site.cache.join("evidence.jsonl");
        // Adaptive plans may depend on which of two stages is done first.
        let mut attempts = 3;
        let (log, truth) = loop {
            let with = self.run(Some((&instruments, &evidence)))?;
            let without = self.run(None)?;
            let plain = Logged::read(&without)?;
            let instrumented = Logged::read(&with)?;
            attempts -= 1;
            match compare::compare(&instrumented, &plain) {
                Err(difference) if attempts == 0 => {
                    return Err(format!("{}: {difference}", self.name).into());
                }
                Err(difference) => println!("{}: again, {difference}", self.name),
                Ok(alike) => {
                    let evidence =
                        fs::read_to_string(&evidence).map_err(|error| in_path(&evidence, error))?;
                    let truth = Truth::assemble(&evidence, &instrumented)?;
                    let log = match alike {
                        Alike::ById => without,
                        Alike::ButForTime => {
                            println!("{}: the log is that of the instrumented run", self.name);
                            logged::without_property(&with)?
                        }
                    };
                    break (log, truth);
                }
            }
        };
        let folder = self.repository.join(FOLDER).join(self.name);
        let version = self.site.spark.pyspark;
        let kept = folder.join(format!("{version}.zstd"));
        keep(&log, &kept)?;
        if self.entry.language == "scala" {
            let mut files = BTreeSet::new();
            for source in scala_sources(&folder.join("source"))? {
                files.extend(source.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
            keep(&blind::blinded(&log, &files)?, &folder.join(format!("{version}-blinded.zstd")))?;
        }
        let kept = folder.join(format!("truth-{version}.json"));
        fs::write(&kept, truth.text()?).map_err(|error| in_path(&kept, error).into())
    }

    /// Compiles all Scala sources into one jar.
    fn compile(&self, folder: &Path) -> Result<PathBuf> {
        let jar = folder.join("program.jar");
        let output = self.site.cache.join(format!("{}-scalac.txt", self.name));
        let mut compile = Command::new(&self.site.java.program);
        compile.current_dir(folder).arg("-cp").arg(self.site.installation.class_path());
        compile.args(["scala.tools.nsc.Main", "-usejavacp", "-d"]).arg(&jar);
        finish(compile.args(scala_sources(&folder.join("source"))?), &output)?;
        Ok(jar)
    }

    /// A command that runs notebooks in kernels of their own, with these properties of Spark.
    fn kernel(&self, configuration: &[String]) -> Result<Command> {
        let folder = self.site.cache.join("jupyter");
        let python = folder.join("bin/python");
        let log = self.site.cache.join("jupyter.txt");
        if !python.exists() {
            finish(Command::new(BASE_PYTHON).args(["-m", "venv"]).arg(&folder), &log)?;
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", "nbclient", "nbformat", "ipykernel"]);
            finish(&mut install, &log)?;
        }
        let command = self.site.command("python");
        let mut arguments = String::new();
        for setting in configuration {
            arguments += &format!("--conf {setting} ");
        }
        // The kernel's own Python, which finds PySpark beside what it needs itself.
        let mut kernel = Command::new(python);
        kernel.env("PYTHONPATH", site_packages(self.site)?);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => kernel.env(name, value),
                None => kernel.env_remove(name),
            };
        }
        kernel.env("PYSPARK_SUBMIT_ARGS", arguments + "pyspark-shell");
        Ok(kernel)
    }

    /// Runs the program in a fresh folder and gives its log, scrubbed.
    fn run(&self, instruments: Option<(&Instruments, &Path)>) -> Result<String> {
        let version = self.site.spark.pyspark;
        let committed = self.repository.join(FOLDER).join(self.name);
        let folder = Path::new(NEUTRAL_ROOT).join(FOLDER).join(self.name);
        let local = Path::new(NEUTRAL_ROOT).join("attribution-local");
        let written = Path::new(NEUTRAL_ROOT).join("attribution-logs");
        for folder in [&folder, &local, &written] {
            remove(folder)?;
            fs::create_dir_all(folder).map_err(|error| in_path(folder, error))?;
        }
        copy_tree(&committed.join("source"), &folder.join("source"))?;
        if committed.join("data.py").is_file() {
            fs::copy(committed.join("data.py"), folder.join("data.py"))?;
            let output = self.site.cache.join(format!("{}-data-{version}.txt", self.name));
            let mut command = self.site.command("python");
            finish(command.current_dir(&folder).arg("data.py"), &output)?;
        }

        let mut configuration = vec![
            "spark.master=local[2]".to_owned(),
            "spark.driver.memory=1g".to_owned(),
            "spark.sql.shuffle.partitions=4".to_owned(),
            "spark.eventLog.enabled=true".to_owned(),
            format!("spark.eventLog.dir=file:{}", written.display()),
            "spark.eventLog.rolling.enabled=false".to_owned(),
            "spark.eventLog.compress=false".to_owned(),
            "spark.ui.enabled=false".to_owned(),
            format!("spark.local.dir={}", local.display()),
        ];
        configuration.extend(self.entry.conf.iter().map(|(name, value)| format!("{name}={value}")));
        let entry = Path::new("source").join(&self.entry.entry);
        let runner = |name: &str| -> Result<PathBuf> {
            fs::copy(self.repository.join(FOLDER).join(name), folder.join(name))?;
            Ok(PathBuf::from(name))
        };
        let mut command = match (self.entry.language.as_str(), self.entry.platform.as_str()) {
            ("python", "plain") => self.site.submission(&folder, &configuration),
            ("python", "databricks") => {
                let mut command = self.site.submission(&folder, &configuration);
                command.arg(runner("run_databricks.py")?);
                command
            }
            ("python", "ipynb") => {
                let mut command = self.kernel(&configuration)?;
                command.current_dir(&folder).arg(runner("run_ipynb.py")?);
                command.env("STAGELIGHT_NOTEBOOK", folder.join(&entry));
                command
            }
            ("scala", "plain") => {
                let jar = self.compile(&folder)?;
                let mut command = self.site.submission(&folder, &configuration);
                command.args(["--class", self.entry.class.as_deref().unwrap_or_default()]).arg(jar);
                command.env("STAGELIGHT_LANGUAGE", "scala");
                command
            }
            _ => return Err(format!("{}: no way to run it", self.name).into()),
        };
        // Streams without a checkpoint of their own have it in the folder for temporary files.
        let options = format!("{QUICK} -Djava.io.tmpdir={}", local.display());
        command.env("JAVA_TOOL_OPTIONS", &options);
        if let Some((instruments, evidence)) = instruments {
            if evidence.exists() {
                fs::remove_file(evidence)?;
            }
            instruments.attach(&mut command, &options, evidence, &folder.join("source"));
        }
        if self.entry.language == "python" {
            command.arg(entry);
        }
        command.args(&self.entry.arguments);

        let how = if instruments.is_some() { "instrumented" } else { "plain" };
        let output = self.site.cache.join(format!("{}-{how}-{version}.txt", self.name));
        println!("{} on Spark {version}, {how}: {}", self.name, output.display());
        let ended = finish(&mut command, &output);
        if ended.is_ok() == self.entry.fails {
            ended?;
            return Err(format!("{} was to fail", self.name).into());
        }

        let mut logs = Vec::new();
        for entry in fs::read_dir(&written)? {
            let entry = entry?;
            if !super::is_hidden(&entry.file_name()) {
                logs.push(entry.path());
            }
        }
        let [log] = logs.as_slice() else {
            return Err(format!("{}: {} logs", self.name, logs.len()).into());
        };
        let text = fs::read_to_string(log).map_err(|error| in_path(log, error))?;
        // Threads of a pool call from Python's own library.
        let python = self.site.installation.python.canonicalize()?;
        let base = python.ancestors().nth(2).map(|base| base.display().to_string());
        let text = base.map_or(text.clone(), |base| text.replace(&base, "/usr"));
        let text = same_kernel(&text);
        let installations = self.site.installations()?;
        Scrubber { installations: &installations, marks: self.marks }.scrubbed(text, log)
    }
}

/// A kernel's cells are compiled under names with the number of its process.
fn same_kernel(text: &str) -> String {
    let mut parts = text.split(KERNEL);
    let mut same = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        same.push_str(KERNEL);
        same.push_str("4242");
        same.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    same
}

/// Writes a log, compressed.
fn keep(log: &str, to: &Path) -> Result<()> {
    // One frame: a plan is logged again and again, and says the same over megabytes.
    let compressed = zstd::bulk::compress(log.as_bytes(), 19)?;
    fs::write(to, &compressed).map_err(|error| in_path(to, error))?;
    println!("{}: {} bytes", to.display(), compressed.len());
    Ok(())
}

/// All Scala files below a folder.
fn scala_sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| in_path(folder, error))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(scala_sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "scala") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The folder that packages of this installation are in.
fn site_packages(site: &Site<'_>) -> Result<PathBuf> {
    let packages = site.installation.jars.ancestors().nth(2);
    packages.map(Path::to_owned).ok_or_else(|| "PySpark is installed nowhere".into())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|error| in_path(from, error))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// The agent and the launcher, ready to be attached to a run.
struct Instruments {
    agent: PathBuf,
    launcher: PathBuf,
}

impl Instruments {
    /// Compiles the agent against this version of Spark.
    fn prepare(site: &Site<'_>) -> Result<Self> {
        let folder = site.cache.join(format!("instruments-{}", site.spark.pyspark));
        remove(&folder)?;
        let (sources, classes, launcher) =
            (folder.join("sources"), folder.join("classes"), folder.join("launcher"));
        for folder in [&sources, &classes, &launcher] {
            fs::create_dir_all(folder).map_err(|error| in_path(folder, error))?;
        }
        let log = folder.join("javac.txt");
        let tool = |name: &str| {
            let beside = site.java.program.with_file_name(name);
            Command::new(if beside.is_file() { beside } else { PathBuf::from(name) })
        };
        let mut compile = tool("javac");
        compile
            .args(["-nowarn", "-d"])
            .arg(&classes)
            .arg("-cp")
            .arg(site.installation.class_path());
        for (name, source) in AGENT {
            fs::write(sources.join(name), source)?;
            compile.arg(sources.join(name));
        }
        finish(&mut compile, &log)?;
        let manifest = folder.join("manifest");
        fs::write(&manifest, "Premain-Class: stagelight.Agent\n")?;
        let agent = folder.join("agent.jar");
        let mut pack = tool("jar");
        pack.arg("cfm").arg(&agent).arg(&manifest).arg("-C").arg(&classes).arg(".");
        finish(&mut pack, &log)?;
        fs::write(launcher.join("sitecustomize.py"), LAUNCHER)?;
        Ok(Self { agent, launcher })
    }

    /// By its environment only: properties of Spark would be logged.
    fn attach(&self, command: &mut Command, options: &str, evidence: &Path, sources: &Path) {
        let given = command.get_envs().find(|(name, _)| *name == "PYTHONPATH");
        let mut path = self.launcher.clone().into_os_string();
        if let Some(given) = given.and_then(|(_, value)| value) {
            path.push(":");
            path.push(given);
        }
        command
            .env("JAVA_TOOL_OPTIONS", format!("{options} -javaagent:{}", self.agent.display()))
            .env("PYTHONPATH", path)
            .env("STAGELIGHT_EVIDENCE", evidence)
            .env("STAGELIGHT_SOURCES", sources);
    }
}
