//! Runs the example job, the workloads and the shapes with real Spark and keeps their event logs.
//!
//! The logs are committed, so that tests need neither Java nor Spark. That asks two things of a recording: the sources
//! that ran are byte for byte those in the repository, or lines would not match; and nothing in the log tells where or by
//! whom it was made. For the second the job runs under a neutral path, user and host name, what Spark
//! logs about the machine itself is taken out, and a log in which anything is left is not written.

mod attribution;
mod catalogue;
mod cluster;
mod scrub;

#[cfg(test)]
mod committed_logs;

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::java::Java;
use crate::pyspark::Installation;
use catalogue::{Catalogue, Entry, Program, SHAPES, WORKLOADS};
use cluster::Running;

/// The folder that recorded jobs run in, so that the paths in their logs are those of no one's machine.
const NEUTRAL_ROOT: &str = "/srv/stagelight";

/// The example's folder, in the repository as under the neutral root.
const EXAMPLE: &str = "examples/orders";

const SOURCES: [&str; 3] = ["make_data.py", "orders.py", "Orders.scala"];

/// What a run leaves beside the sources.
const OUTPUTS: [&str; 2] = ["out", "spark-warehouse"];

/// What stands in a log for the folder that Spark is installed in.
const INSTALLATION: &str = "/opt/spark";

/// Spark writes many small frames; a few of this size keep the logs small and still exercise a reader's frame boundaries.
const FRAME_BYTES: usize = 1 << 20;

/// A Spark version to record with.
struct Spark {
    /// The version of the PyPI package, whose jars hold Spark and the Scala compiler.
    pyspark: &'static str,
    /// How the recordings are named.
    short: &'static str,
    /// How the log is written: what this version does by itself if empty.
    event_log: &'static [&'static str],
}

const SPARKS: [Spark; 2] = [
    Spark {
        pyspark: "3.5.9",
        short: "3.5",
        event_log: &["spark.eventLog.compress=true", "spark.eventLog.compression.codec=zstd"],
    },
    Spark { pyspark: "4.1.4", short: "4.1", event_log: &[] },
];

/// Run the example job, the workloads and the shapes with real Spark and keep their event logs, scrubbed.
///
/// Makes a virtual environment with PySpark for each Spark version, runs the Python and the Scala job of
/// examples/orders, the programs of tests/workloads and those of tests/shapes with each, takes what tells about
/// this machine out of the event logs and puts them into a folder `logs` beside the programs. The programs of
/// tests/attribution run twice: their truth, the line behind each operator, is recorded with instruments. Needs a JDK
/// 17, Python 3.11 and PyPI.
///
/// The jobs run in /srv/stagelight, so that paths in the logs are neutral. The folder is created, and what an earlier
/// recording left in it is overwritten: be root, or own it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the virtual environments and Spark's output are kept [default: target/workloads]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Python to make the virtual environments with
    #[arg(long, value_name = "PROGRAM", default_value = "python3.11")]
    python: PathBuf,
    /// What to record: `orders`, or an entry of workloads.toml, shapes.toml or programs.toml [default: everything]
    names: Vec<String>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Records everything, or what is asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    let repository = repository();
    let cache = options.cache.clone().unwrap_or_else(|| repository.join("target/workloads"));
    fs::create_dir_all(&cache).map_err(|error| in_path(&cache, error))?;
    let cache = cache.canonicalize()?;

    let java = Java::find()?;
    let marks = machine_marks(&cache);
    let mut sites = Vec::new();
    for spark in &SPARKS {
        sites.push(Site::prepare(spark, &java, &cache, &options.python)?);
    }
    let wanted = |name: &str| options.names.is_empty() || options.names.iter().any(|it| it == name);
    if wanted("orders") {
        record_orders(&sites, &repository, &marks)?;
    }
    for catalogue in [WORKLOADS, SHAPES] {
        for (name, entry) in catalogue.entries(&repository)? {
            if wanted(&name) {
                record_entry(&sites, &repository, &catalogue, &name, &entry, &marks)?;
            }
        }
    }
    attribution::record(&sites, &repository, &marks, wanted)
}

fn record_orders(sites: &[Site<'_>], repository: &Path, marks: &[String]) -> Result<()> {
    let example = repository.join(EXAMPLE);
    let folder = Path::new(NEUTRAL_ROOT).join(EXAMPLE);
    fs::create_dir_all(&folder).map_err(|error| in_path(&folder, error))?;
    for source in SOURCES {
        fs::copy(example.join(source), folder.join(source))
            .map_err(|error| in_path(&folder, error))?;
    }
    if let Some(newest) = sites.last() {
        newest.submit("make-data", &folder, &[], &["make_data.py"])?;
    }
    for site in sites {
        let of = |language| example.join("logs").join(format!("orders-{language}"));
        let configuration = orders_configuration(site.spark);
        let script = folder.join("orders.py");
        site.record(
            "orders-python",
            &folder,
            &configuration,
            &[script.as_os_str()],
            &of("python"),
            marks,
        )?;

        let jar = site.compile(&folder, "Orders.scala")?;
        site.record(
            "orders-scala",
            &folder,
            &configuration,
            &["--class".as_ref(), "Orders".as_ref(), jar.as_os_str()],
            &of("scala"),
            marks,
        )?;
    }
    Ok(())
}

/// The event log as this version writes it by itself, compressed.
fn orders_configuration(spark: &Spark) -> Vec<String> {
    spark.event_log.iter().map(|&setting| setting.to_owned()).collect()
}

/// Records the programs of one entry, with each version one right after the other, so that their times can be compared.
fn record_entry(
    sites: &[Site<'_>],
    repository: &Path,
    catalogue: &Catalogue,
    name: &str,
    entry: &Entry,
    marks: &[String],
) -> Result<()> {
    let folder = Path::new(NEUTRAL_ROOT).join(catalogue.folder).join(name);
    let programs = catalogue.programs(repository, name)?;
    for site in sites {
        for Program { name, source, log } in &programs {
            // The path in the log is that of the committed source.
            let copy = Path::new(NEUTRAL_ROOT).join(source.strip_prefix(repository)?);
            fs::create_dir_all(&folder).map_err(|error| in_path(&folder, error))?;
            fs::copy(source, &copy).map_err(|error| in_path(&copy, error))?;
            let local = Path::new(NEUTRAL_ROOT).join("local");
            remove(&local)?;
            fs::create_dir_all(&local)?;

            let mut configuration = vec![
                // One file is the smallest that a log can be; entries that want another layout say so.
                "spark.eventLog.rolling.enabled=false".to_owned(),
                "spark.eventLog.compress=true".to_owned(),
                "spark.eventLog.compression.codec=zstd".to_owned(),
                "spark.ui.enabled=false".to_owned(),
                format!("spark.local.dir={}", local.display()),
                format!("spark.driver.memory={}", entry.memory),
            ];
            let cluster = entry.cluster.as_ref();
            let running = cluster.map(|cluster| {
                let late = if name.ends_with("/sick") { cluster.late } else { 0 };
                Running::start(cluster, Duration::from_secs(late), || site.spark_class(), &local)
            });
            let running = running.transpose()?;
            let master = if running.is_some() { Running::url() } else { entry.master.clone() };
            configuration.push(format!("spark.master={master}"));
            configuration.extend(entry.configuration.iter().cloned());

            let is_scala = copy.extension().is_some_and(|extension| extension == "scala");
            let output = name.replace('/', "-");
            if is_scala {
                let file = copy.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let class = copy.file_stem().unwrap_or_default().to_owned();
                let jar = site.compile(&folder, &file)?;
                let job = ["--class".as_ref(), class.as_os_str(), jar.as_os_str()];
                site.record(&output, &folder, &configuration, &job, log, marks)?;
            } else {
                site.record(&output, &folder, &configuration, &[copy.as_os_str()], log, marks)?;
            }
            drop(running);
        }
    }
    Ok(())
}

fn repository() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

fn in_path(path: &Path, error: impl Error) -> String {
    format!("{}: {error}", path.display())
}

/// Strings that name this machine and that a log may therefore not hold.
fn machine_marks(cache: &Path) -> Vec<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let home = std::env::var("HOME").ok();
    let cache = Some(cache.display().to_string());
    [host, home, cache]
        .into_iter()
        .flatten()
        .map(|mark| mark.trim().to_owned())
        // The empty string is in every log, and these are what a log is scrubbed to.
        .filter(|mark| !matches!(mark.as_str(), "" | "/" | "localhost" | "stagelight"))
        .collect()
}

/// One version of Spark, ready to run jobs.
struct Site<'a> {
    spark: &'a Spark,
    java: &'a Java,
    cache: &'a Path,
    installation: Installation,
}

impl<'a> Site<'a> {
    fn prepare(spark: &'a Spark, java: &'a Java, cache: &'a Path, python: &Path) -> Result<Self> {
        let installation = Installation::prepare(spark.pyspark, cache, python)?;
        Ok(Self { spark, java, cache, installation })
    }

    /// Compiles a Scala source in the folder and gives the jar beside it.
    fn compile(&self, folder: &Path, source: &str) -> Result<PathBuf> {
        let jar = folder.join(source).with_extension("jar");
        let log = self.cache.join(format!("scalac-{}.txt", self.spark.short));
        finish(
            Command::new(&self.java.program)
                .current_dir(folder)
                .arg("-cp")
                .arg(self.installation.class_path())
                .args(["scala.tools.nsc.Main", "-usejavacp", "-d"])
                .arg(&jar)
                .arg(source),
            &log,
        )?;
        Ok(jar)
    }

    /// A command of this version with what keeps the machine's own settings and names out of it.
    fn command(&self, program: &str) -> Command {
        let python = &self.installation.python;
        let mut command = Command::new(python.with_file_name(program));
        command
            .env_remove("SPARK_HOME")
            .env_remove("SPARK_CONF_DIR")
            .env_remove("HADOOP_CONF_DIR")
            .env("SPARK_LOCAL_HOSTNAME", "localhost")
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_USER", "stagelight")
            .env("HADOOP_USER_NAME", "stagelight")
            .env("TZ", "UTC")
            .env("PYSPARK_PYTHON", python)
            .env("PYSPARK_DRIVER_PYTHON", python);
        if let Some(home) = &self.java.home {
            command.env("JAVA_HOME", home);
        } else {
            command.env_remove("JAVA_HOME");
        }
        command
    }

    /// Runs a class of Spark.
    fn spark_class(&self) -> Command {
        self.command("spark-class")
    }

    /// Runs one job; its output goes to a file in the cache.
    fn submit(
        &self,
        name: &str,
        folder: &Path,
        configuration: &[String],
        job: &[impl AsRef<OsStr>],
    ) -> Result<()> {
        let log = self.cache.join(format!("{name}-{}.txt", self.spark.short));
        println!("{name} on Spark {}: {}", self.spark.pyspark, log.display());
        finish(self.submission(folder, configuration).args(job), &log)
    }

    /// `spark-submit` with these properties; what it is to run is still to be added.
    fn submission(&self, folder: &Path, configuration: &[String]) -> Command {
        let mut command = self.command("spark-submit");
        command.current_dir(folder);
        // The default of 200 partitions would make each log many times larger without showing anything more.
        for setting in
            ["spark.master=local[4]", "spark.driver.memory=2g", "spark.sql.shuffle.partitions=16"]
                .into_iter()
                .chain(configuration.iter().map(String::as_str))
        {
            // The last one of a property holds.
            command.args(["--conf", setting]);
        }
        command
    }

    /// Runs one job with an event log and keeps that log as `kept`, with the version and its ending.
    fn record(
        &self,
        name: &str,
        folder: &Path,
        configuration: &[String],
        job: &[&OsStr],
        kept: &Path,
        marks: &[String],
    ) -> Result<()> {
        let written = Path::new(NEUTRAL_ROOT).join("event-logs");
        remove(&written)?;
        fs::create_dir_all(&written)?;
        for output in OUTPUTS {
            remove(&folder.join(output))?;
        }
        let mut all = vec![
            "spark.eventLog.enabled=true".to_owned(),
            format!("spark.eventLog.dir=file:{}", written.display()),
        ];
        all.extend_from_slice(configuration);
        self.submit(name, folder, &all, job)?;

        if let Some(logs) = kept.parent() {
            fs::create_dir_all(logs)?;
        }
        let installations = self.installations()?;
        let scrubber = Scrubber { installations: &installations, marks };
        for entry in fs::read_dir(&written)? {
            let entry = entry?;
            let (path, file_name) = (entry.path(), entry.file_name());
            // Beside each log, Hadoop's local file system keeps a hidden checksum.
            if is_hidden(&file_name) {
                continue;
            }
            let kept = format!("{}-{}", kept.display(), self.spark.short);
            if path.is_dir() {
                remove(Path::new(&kept))?;
                scrubber.copy_rolling(&path, &Path::new(&kept).join(&file_name))?;
            } else {
                scrubber.copy_events(&path, &PathBuf::from(format!("{kept}.zstd")))?;
            }
        }
        Ok(())
    }

    /// The folders that Spark's own files are in.
    fn installations(&self) -> Result<[PathBuf; 3]> {
        let package = self.installation.jars.with_file_name("");
        Ok([package.canonicalize()?, package, self.cache.to_owned()])
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(in_path(path, error).into()),
        _ => Ok(()),
    }
}

/// Runs a command to its end, with everything it prints in `log`.
fn finish(command: &mut Command, log: &Path) -> Result<()> {
    let output = File::create(log).map_err(|error| in_path(log, error))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status}), see {}", command.get_program().display(), log.display())
            .into())
    }
}

/// Takes what tells about this machine out of logs.
struct Scrubber<'a> {
    /// Where Spark is installed, which stands in stack traces.
    installations: &'a [PathBuf],
    marks: &'a [String],
}

impl Scrubber<'_> {
    /// Copies a rolling log: its event files scrubbed, its empty status file as it is.
    fn copy_rolling(&self, from: &Path, to: &Path) -> Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            if is_hidden(&name) {
                continue;
            }
            if name.to_string_lossy().starts_with("events_") {
                self.copy_events(&from.join(&name), &to.join(&name))?;
            } else {
                fs::copy(from.join(&name), to.join(&name))?;
            }
        }
        Ok(())
    }

    /// Copies one zstd file of events, scrubbed.
    fn copy_events(&self, from: &Path, to: &Path) -> Result<()> {
        let scrubbed = self.scrubbed(decompress(File::open(from)?)?, from)?;
        let mut compressed = Vec::new();
        for frame in scrubbed.as_bytes().chunks(FRAME_BYTES) {
            compressed.extend(zstd::bulk::compress(frame, 19)?);
        }
        fs::write(to, &compressed).map_err(|error| in_path(to, error))?;
        println!("{}: {} bytes", to.display(), compressed.len());
        Ok(())
    }

    /// The text of a log without what tells about this machine; an error if anything is left. `from` is for the message.
    fn scrubbed(&self, mut text: String, from: &Path) -> Result<String> {
        for folder in self.installations {
            text = text.replace(&*folder.to_string_lossy(), INSTALLATION);
        }
        let scrubbed = scrub::scrub(&text);
        let leftovers = scrub::leftovers(&scrubbed, self.marks);
        if leftovers.is_empty() {
            return Ok(scrubbed);
        }
        Err(format!("{} tells about this machine:\n{}", from.display(), leftovers.join("\n"))
            .into())
    }
}

fn decompress(compressed: impl Read) -> io::Result<String> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(compressed)?.read_to_string(&mut text)?;
    Ok(text)
}
