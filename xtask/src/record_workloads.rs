//! Runs the example job with real Spark and keeps its event logs.
//!
//! The logs are committed, so that tests need neither Java nor Spark. That asks two things of a recording: the sources
//! that ran are byte for byte those in the repository, or lines would not match; and nothing in the log tells where or by
//! whom it was made. For the second the job runs under a neutral path, user and host name, what Spark
//! logs about the machine itself is taken out, and a log in which anything is left is not written.

mod scrub;

#[cfg(test)]
mod committed_logs;

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::java::Java;

/// The folder that recorded jobs run in, so that the paths in their logs are those of no one's machine.
const NEUTRAL_ROOT: &str = "/srv/stagelight";

/// The example's folder, in the repository as under the neutral root.
const EXAMPLE: &str = "examples/orders";

const SOURCES: [&str; 3] = ["make_data.py", "orders.py", "Orders.scala"];

/// What a run leaves beside the sources.
const OUTPUTS: [&str; 2] = ["out", "spark-warehouse"];

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

/// Run the example job with real Spark and keep its event logs, scrubbed.
///
/// Makes a virtual environment with PySpark for each Spark version, runs the Python and the Scala job of
/// examples/orders with each, takes what tells about this machine out of the event logs and puts them in
/// examples/orders/logs. Needs Java 17, Python 3.10 or 3.11 and PyPI.
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
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Records everything.
pub(crate) fn run(options: &Options) -> Result<()> {
    let repository = repository();
    let example = repository.join(EXAMPLE);
    let cache = options.cache.clone().unwrap_or_else(|| repository.join("target/workloads"));
    fs::create_dir_all(&cache).map_err(|error| in_path(&cache, error))?;
    let cache = cache.canonicalize()?;

    let folder = Path::new(NEUTRAL_ROOT).join(EXAMPLE);
    fs::create_dir_all(&folder).map_err(|error| in_path(&folder, error))?;
    for source in SOURCES {
        fs::copy(example.join(source), folder.join(source))
            .map_err(|error| in_path(&folder, error))?;
    }

    let java = Java::find()?;
    let marks = machine_marks(&cache);
    let mut sites = Vec::new();
    for spark in &SPARKS {
        sites.push(Site::prepare(spark, &java, &folder, &cache, &options.python)?);
    }
    if let Some(newest) = sites.last() {
        newest.submit("make-data", &[], &["make_data.py"])?;
    }
    for site in &sites {
        let script = folder.join("orders.py");
        site.record("python", &[script.as_os_str()], &example, &marks)?;

        let jar = site.compile("Orders.scala")?;
        site.record(
            "scala",
            &["--class".as_ref(), "Orders".as_ref(), jar.as_os_str()],
            &example,
            &marks,
        )?;
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
    folder: &'a Path,
    cache: &'a Path,
    venv: PathBuf,
    jars: PathBuf,
}

impl<'a> Site<'a> {
    fn prepare(
        spark: &'a Spark,
        java: &'a Java,
        folder: &'a Path,
        cache: &'a Path,
        python: &Path,
    ) -> Result<Self> {
        let venv = cache.join(format!("pyspark-{}", spark.pyspark));
        let log = cache.join(format!("pip-{}.txt", spark.pyspark));
        if !venv.join("bin/pip").exists() {
            finish(Command::new(python).args(["-m", "venv"]).arg(&venv), &log)?;
        }
        let requirement = format!("pyspark=={}", spark.pyspark);
        finish(
            Command::new(venv.join("bin/pip")).args(["install", "--quiet", &requirement]),
            &log,
        )?;

        let find_package = "import pyspark; print(pyspark.__path__[0])";
        let package = Command::new(venv.join("bin/python")).args(["-c", find_package]).output()?;
        let jars = Path::new(String::from_utf8(package.stdout)?.trim()).join("jars");
        Ok(Self { spark, java, folder, cache, venv, jars })
    }

    /// Compiles a Scala source in the folder and gives the jar beside it.
    fn compile(&self, source: &str) -> Result<PathBuf> {
        let jar = self.folder.join(source).with_extension("jar");
        let log = self.cache.join(format!("scalac-{}.txt", self.spark.short));
        finish(
            Command::new(&self.java.program)
                .current_dir(self.folder)
                .arg("-cp")
                .arg(self.jars.join("*"))
                .args(["scala.tools.nsc.Main", "-usejavacp", "-d"])
                .arg(&jar)
                .arg(source),
            &log,
        )?;
        Ok(jar)
    }

    /// Runs one job; its output goes to a file in the cache.
    fn submit(
        &self,
        name: &str,
        configuration: &[String],
        job: &[impl AsRef<OsStr>],
    ) -> Result<()> {
        let log = self.cache.join(format!("{name}-{}.txt", self.spark.short));
        println!("{name} on Spark {}: {}", self.spark.pyspark, log.display());

        let python = self.venv.join("bin/python");
        let mut command = Command::new(self.venv.join("bin/spark-submit"));
        command
            .current_dir(self.folder)
            .env_remove("SPARK_HOME")
            .env_remove("SPARK_CONF_DIR")
            .env_remove("HADOOP_CONF_DIR")
            .env("SPARK_LOCAL_HOSTNAME", "localhost")
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_USER", "stagelight")
            .env("HADOOP_USER_NAME", "stagelight")
            .env("TZ", "UTC")
            .env("PYSPARK_PYTHON", &python)
            .env("PYSPARK_DRIVER_PYTHON", &python);
        if let Some(home) = &self.java.home {
            command.env("JAVA_HOME", home);
        } else {
            command.env_remove("JAVA_HOME");
        }
        command.args(["--master", "local[4]", "--driver-memory", "2g"]);
        // The default of 200 would make each log many times larger without showing anything more.
        command.args(["--conf", "spark.sql.shuffle.partitions=16"]);
        for setting in configuration {
            command.args(["--conf", setting]);
        }
        finish(command.args(job), &log)
    }

    /// Runs one job with an event log and puts that log into the example's folder.
    fn record(
        &self,
        language: &str,
        job: &[&OsStr],
        example: &Path,
        marks: &[String],
    ) -> Result<()> {
        let name = format!("orders-{language}");
        let written = Path::new(NEUTRAL_ROOT).join("event-logs");
        remove(&written)?;
        fs::create_dir_all(&written)?;
        for output in OUTPUTS {
            remove(&self.folder.join(output))?;
        }

        let mut configuration = vec![
            "spark.eventLog.enabled=true".to_owned(),
            format!("spark.eventLog.dir=file:{}", written.display()),
        ];
        configuration.extend(self.spark.event_log.iter().map(|&setting| setting.to_owned()));
        self.submit(&name, &configuration, job)?;

        let logs = example.join("logs");
        fs::create_dir_all(&logs)?;
        for entry in fs::read_dir(&written)? {
            let entry = entry?;
            let (path, file_name) = (entry.path(), entry.file_name());
            // Beside each log, Hadoop's local file system keeps a hidden checksum.
            if is_hidden(&file_name) {
                continue;
            }
            let kept = logs.join(format!("{name}-{}", self.spark.short));
            if path.is_dir() {
                remove(&kept)?;
                copy_rolling(&path, &kept.join(&file_name), marks)?;
            } else {
                copy_events(&path, &PathBuf::from(format!("{}.zstd", kept.display())), marks)?;
            }
        }
        Ok(())
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

/// Copies a rolling log: its event files scrubbed, its empty status file as it is.
fn copy_rolling(from: &Path, to: &Path, marks: &[String]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if is_hidden(&name) {
            continue;
        }
        if name.to_string_lossy().starts_with("events_") {
            copy_events(&from.join(&name), &to.join(&name), marks)?;
        } else {
            fs::copy(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// Copies one zstd file of events, scrubbed.
fn copy_events(from: &Path, to: &Path, marks: &[String]) -> Result<()> {
    let scrubbed = scrub::scrub(&decompress(File::open(from)?)?);
    let leftovers = scrub::leftovers(&scrubbed, marks);
    if !leftovers.is_empty() {
        return Err(format!(
            "{} tells about this machine:\n{}",
            from.display(),
            leftovers.join("\n")
        )
        .into());
    }
    let mut compressed = Vec::new();
    for frame in scrubbed.as_bytes().chunks(FRAME_BYTES) {
        compressed.extend(zstd::bulk::compress(frame, 19)?);
    }
    fs::write(to, &compressed).map_err(|error| in_path(to, error))?;
    println!("{}: {} bytes", to.display(), compressed.len());
    Ok(())
}

fn decompress(compressed: impl Read) -> io::Result<String> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(compressed)?.read_to_string(&mut text)?;
    Ok(text)
}
