//! Records programs together with the truth: the line that asked for each execution, job and operator.
//!
//! A program runs twice. The first run has instruments: a launcher (`python/sitecustomize.py`) says for every call of Spark where it stands, and a
//! Java agent (`agent`) keeps that with the plans and writes it to a side file along the log. The second has none. Both must leave the same log but for
//! times; the committed one holds no trace of the instruments.

mod compare;
mod logged;
mod truth;

#[cfg(test)]
mod committed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::{NEUTRAL_ROOT, Result, Scrubber, Site, finish, in_path, remove};
use compare::Alike;
use logged::Logged;
use truth::Truth;

/// The folder of the programs, in the repository as under the neutral root.
const FOLDER: &str = "tests/attribution";

/// The sources of the agent.
const AGENT: [(&str, &str); 5] = [
    ("Agent.java", include_str!("attribution/agent/Agent.java")),
    ("Sited.java", include_str!("attribution/agent/Sited.java")),
    ("Sites.java", include_str!("attribution/agent/Sites.java")),
    ("Witness.java", include_str!("attribution/agent/Witness.java")),
    ("Witnesses.java", include_str!("attribution/agent/Witnesses.java")),
];

/// What Python imports by itself.
const LAUNCHER: &str = include_str!("attribution/python/sitecustomize.py");

/// A program, as `programs.toml` tells how it is run. What the table says besides is for people.
#[derive(Deserialize)]
struct Entry {
    /// `python` or `scala`.
    language: String,
    /// The file that is run, in the folder of the sources.
    entry: String,
    /// What it is given.
    #[serde(default)]
    arguments: Vec<String>,
    /// Further properties of Spark.
    #[serde(default)]
    conf: BTreeMap<String, String>,
    /// How it is run.
    #[serde(default = "plain")]
    platform: String,
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
                        Alike::AsSets => {
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
        // One frame: a plan is logged again and again, and says the same over megabytes.
        let compressed = zstd::bulk::compress(log.as_bytes(), 19)?;
        fs::write(&kept, &compressed).map_err(|error| in_path(&kept, error))?;
        println!("{}: {} bytes", kept.display(), compressed.len());
        let kept = folder.join(format!("truth-{version}.json"));
        fs::write(&kept, truth.text()?).map_err(|error| in_path(&kept, error).into())
    }

    /// Runs the program in a fresh folder and gives its log, scrubbed.
    fn run(&self, instruments: Option<(&Instruments, &Path)>) -> Result<String> {
        let version = self.site.spark.pyspark;
        let committed = self.repository.join(FOLDER).join(self.name);
        let folder = Path::new(NEUTRAL_ROOT).join(FOLDER).join(self.name);
        let local = Path::new(NEUTRAL_ROOT).join("local");
        let written = Path::new(NEUTRAL_ROOT).join("event-logs");
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
        if (self.entry.language.as_str(), self.entry.platform.as_str()) != ("python", "plain") {
            return Err(format!("{}: no way to run it", self.name).into());
        }
        let mut command = self.site.submission(&folder, &configuration);
        if let Some((instruments, evidence)) = instruments {
            if evidence.exists() {
                fs::remove_file(evidence)?;
            }
            instruments.attach(&mut command, evidence, &folder.join("source"));
        }
        command.arg(Path::new("source").join(&self.entry.entry)).args(&self.entry.arguments);

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
        let installations = self.site.installations()?;
        Scrubber { installations: &installations, marks: self.marks }.scrubbed(text, log)
    }
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
    fn attach(&self, command: &mut Command, evidence: &Path, sources: &Path) {
        command
            .env("JAVA_TOOL_OPTIONS", format!("-javaagent:{}", self.agent.display()))
            .env("PYTHONPATH", &self.launcher)
            .env("STAGELIGHT_EVIDENCE", evidence)
            .env("STAGELIGHT_SOURCES", sources);
    }
}
