//! How fast event logs are read, and how soon what is added to one is shown.

mod follow;
mod multiply;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Common, Result, build, load, machine, root, succeed, table};
use crate::java::Java;
use crate::oracle::HistoryServer;
use crate::pyspark::Installation;

const GENERATE: &str = include_str!("eventlog/generate.py");
const COMPRESS: &str = include_str!("eventlog/compress.py");
const DUCK: &str = include_str!("eventlog/duck.py");
const MEASURE: &str = include_str!("eventlog/measure.py");

/// The Spark that writes the log, and whose History Server is the peer.
const SPARK: &str = "3.5.9";

/// The version of the other peer.
const DUCKDB: &str = "2.0.0";

/// What the log is generated with: so many rounds of a query, so many tasks for a shuffle.
const GENERATED: (usize, usize) = (30, 600);

/// The codecs whose streams are measured.
const CODECS: [&str; 4] = ["zstd", "lz4", "snappy", "lzf"];

/// Threads that the peers that can be told are told to use.
const THREADS: usize = 4;

/// How long the History Server may take for a log.
const PATIENCE: Duration = Duration::from_secs(900);

/// Bytes of an event log read in a second, and how soon what is added to one is shown.
///
/// Spark writes a log, which is multiplied with new ids. `stagelight log` makes its report of it, DuckDB sums a few fields of it, and the
/// History Server lists its stages; a loop that looks for line ends shows how fast bytes come at all. Needs Java 17, Python 3.10 or
/// 3.11, PyPI, and about eight times the size of the log on disk.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    /// How large the log is, in units of 10⁹ bytes
    #[arg(long, value_name = "NUMBER", default_value_t = 1.5)]
    gigabytes: f64,
    /// How large the one is that shows the most memory in use; 0 leaves it out
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    large_gigabytes: f64,
    /// How often each is run
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a growing log is followed, in seconds
    #[arg(long, default_value_t = 30)]
    follow_seconds: u64,
}

/// What is measured, and what with.
struct Bench {
    stagelight: PathBuf,
    spark: Installation,
    java: Java,
    python: PathBuf,
    folder: PathBuf,
}

/// What a program took.
#[derive(Debug, Clone, Copy)]
struct Run {
    seconds: f64,
    processor_seconds: f64,
    memory: f64,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let bench = Bench::prepare(&options.common)?;
    let log = bench.log(options.gigabytes)?;
    let size = fs::metadata(&log)?.len() as f64;
    let rounds = options.rounds.max(1);
    let mut loads = Vec::new();
    let mut rows = Vec::new();

    // All take turns, so that what else the machine does hits each of them.
    let (mut floor, mut all, mut one, mut duck, mut sums) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        floor.push(line_ends(&log)?);
        all.push(bench.report(&log, None)?);
        one.push(bench.report(&log, Some("0"))?);
        let (run, found) = bench.duck(&log)?;
        duck.push(run);
        sums.push(found);
        loads.extend(load());
    }
    let expected = bench.totals(&log)?;
    if sums.iter().any(|found| *found != expected) {
        return Err(format!("DuckDB finds {sums:?} where the report has {expected:?}").into());
    }
    let name = format!("plain, {} tasks", table::count(expected.1 as f64));
    rows.push(row(&name, "line ends, 1 thread", size, size, &floor));
    rows.push(row(&name, "stagelight, all cores", size, size, &all));
    rows.push(row(&name, "stagelight, 1 core", size, size, &one));
    rows.push(row(&name, &format!("DuckDB, {THREADS} threads"), size, size, &duck));
    let history = bench.history_server(&log)?;
    rows.push(row(&name, "History Server", size, size, &[history]));
    loads.extend(load());

    for codec in CODECS {
        let compressed = bench.compressed(&log, codec)?;
        let on_disk = fs::metadata(&compressed)?.len() as f64;
        let runs: Result<Vec<Run>> = (0..rounds).map(|_| bench.report(&compressed, None)).collect();
        rows.push(row(codec, "stagelight, all cores", on_disk, size, &runs?));
        loads.extend(load());
    }

    let followed = follow::run(&bench.stagelight, &log, &bench.folder, options.follow_seconds)?;
    loads.extend(load());

    if options.large_gigabytes > 0.0 {
        let large = bench.log(options.large_gigabytes)?;
        let size = fs::metadata(&large)?.len() as f64;
        let name = format!("plain, {} tasks", table::count(bench.totals(&large)?.1 as f64));
        let runs = [bench.report(&large, None)?, bench.report(&large, None)?];
        rows.push(row(&name, "stagelight, all cores", size, size, &runs));
        let (run, _) = bench.duck(&large)?;
        rows.push(row(&name, &format!("DuckDB, {THREADS} threads"), size, size, &[run]));
        loads.extend(load());
        fs::remove_file(&large)?;
    }

    let header = [
        "log",
        "program",
        "on disk",
        "fastest s",
        "decoded GB/s",
        "CPU s",
        "GB per CPU s",
        "peak memory",
    ];
    let table = table::markdown(&header, &rows);
    let section = format!(
        "{} Spark and its History Server {SPARK}, DuckDB {DUCKDB}.\n\n{table}\n\
         Each is the fastest of {rounds} runs, the History Server of one, with the least processor time; the log lies in memory. \
         stagelight: `log --output-format json`, from its start to the end of the report. DuckDB: the query alone. History Server: \
         from its start to the answer of `/stages`.\n\n{followed}",
        machine(&loads)
    );
    table::publish("eventlog", &section, options.common.write)
}

impl Bench {
    fn prepare(common: &Common) -> Result<Self> {
        let cache = common.cache.clone().unwrap_or_else(|| root().join("target/bench"));
        let folder = cache.join("eventlog");
        fs::create_dir_all(&folder)?;
        let (cache, folder) = (cache.canonicalize()?, folder.canonicalize()?);
        let stagelight = match &common.binary {
            Some(binary) => binary.canonicalize()?,
            None => build()?,
        };
        let java = Java::find()?;
        let spark = Installation::prepare(SPARK, &cache, &common.python)?;
        let venv = folder.join("venv");
        let python = venv.join("bin/python");
        if !python.exists() {
            succeed(Command::new(&common.python).args(["-m", "venv"]).arg(&venv))?;
        }
        let duckdb = format!("duckdb=={DUCKDB}");
        succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", &duckdb]))?;
        Ok(Self { stagelight, spark, java, python, folder })
    }

    /// A log of this size, made where it is not there yet.
    fn log(&self, gigabytes: f64) -> Result<PathBuf> {
        let base = self.folder.join("base");
        let first = |folder: &Path| {
            let mut files = fs::read_dir(folder).ok()?.filter_map(|it| Some(it.ok()?.path()));
            files.find(|path| !path.extension().is_some_and(|it| it == "inprogress" || it == "crc"))
        };
        if first(&base).is_none() {
            println!("running Spark {SPARK} for its log");
            let (rounds, partitions) = GENERATED;
            let mut command = self.script("generate.py", GENERATE)?;
            command.arg(&base).args([rounds.to_string(), partitions.to_string()]);
            succeed(&mut command)?;
        }
        let base = first(&base).ok_or("Spark wrote no log")?;
        // The History Server takes a folder's files for logs: each has a folder of its own.
        let folder = self.folder.join(format!("{gigabytes}"));
        let log = folder.join(base.file_name().unwrap_or_default());
        if !log.exists() {
            fs::create_dir_all(&folder)?;
            let part = folder.join("part");
            multiply::multiply(&fs::read(base)?, &part, (gigabytes * 1e9) as u64)?;
            fs::rename(part, &log)?;
        }
        // Brings it into memory.
        line_ends(&log)?;
        Ok(log)
    }

    /// A Python of Spark's that runs a script.
    fn script(&self, name: &str, text: &str) -> Result<Command> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        let mut command = Command::new(&self.spark.python);
        command.arg(path).env("SPARK_LOCAL_IP", "127.0.0.1");
        if let Some(home) = &self.java.home {
            command.env("JAVA_HOME", home);
        }
        Ok(command)
    }

    /// The log in another codec, made where it is not there yet.
    fn compressed(&self, log: &Path, codec: &str) -> Result<PathBuf> {
        let folder = self.folder.join(codec);
        let compressed = folder.join(log.file_name().unwrap_or_default());
        if !compressed.exists() {
            fs::create_dir_all(&folder)?;
            succeed(self.script("compress.py", COMPRESS)?.arg(log).arg(codec))?;
            let name = log.file_name().unwrap_or_default().to_string_lossy();
            fs::rename(log.with_file_name(format!("{name}.{codec}")), &compressed)?;
        }
        line_ends(&compressed)?;
        Ok(compressed)
    }

    /// Runs a program and tells what it took, and what it printed.
    fn measure(
        &self,
        cores: Option<&str>,
        program: &Path,
        arguments: &[&str],
    ) -> Result<(Run, String)> {
        let path = self.folder.join("measure.py");
        fs::write(&path, MEASURE)?;
        let mut command = Command::new(&self.python);
        command.arg(path);
        if let Some(cores) = cores {
            command.args(["taskset", "-c", cores]);
        }
        let output = command
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (printed, last) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
        let told: Value = serde_json::from_str(last)?;
        if told["code"] != 0 {
            return Err(format!("{} {arguments:?}: {told}", program.display()).into());
        }
        let number = |key: &str| told[key].as_f64().unwrap_or(f64::NAN);
        let run = Run {
            seconds: number("seconds"),
            processor_seconds: number("processor_seconds"),
            memory: number("memory"),
        };
        Ok((run, printed.to_owned()))
    }

    fn report(&self, log: &Path, cores: Option<&str>) -> Result<Run> {
        let log = log.to_string_lossy();
        let target = self.folder.join("report.json");
        let target = target.to_string_lossy();
        let arguments = ["log", &log, "--output-format", "json", "--output-file", &target];
        Ok(self.measure(cores, &self.stagelight, &arguments)?.0)
    }

    /// Stages, tasks with metrics and their run time, as the report has them.
    fn totals(&self, log: &Path) -> Result<(u64, u64, u64)> {
        self.report(log, None)?;
        let report: Value = serde_json::from_slice(&fs::read(self.folder.join("report.json"))?)?;
        let stages = report["stages"].as_array().ok_or("the report has no stages")?;
        let sum = |key: &str| stages.iter().filter_map(|stage| stage[key].as_u64()).sum();
        Ok((stages.len() as u64, sum("numCompleteTasks"), sum("executorRunTime")))
    }

    fn duck(&self, log: &Path) -> Result<(Run, (u64, u64, u64))> {
        let script = self.folder.join("duck.py");
        fs::write(&script, DUCK)?;
        let arguments = [&*script.to_string_lossy(), &log.to_string_lossy(), &THREADS.to_string()];
        let (run, printed) = self.measure(None, &self.python, &arguments)?;
        let found: Value = serde_json::from_str(printed.lines().last().unwrap_or_default())?;
        let number = |key: &str| found[key].as_u64().unwrap_or(0);
        let seconds = found["seconds"].as_f64().unwrap_or(f64::NAN);
        Ok((Run { seconds, ..run }, (number("stages"), number("tasks"), number("run"))))
    }

    /// From the start of the History Server to the list of the stages.
    fn history_server(&self, log: &Path) -> Result<Run> {
        let events = log.parent().ok_or("a log lies in a folder")?;
        let began = Instant::now();
        let printed = self.folder.join("history-server.log");
        let server = HistoryServer::start(&self.spark, &self.java, events, &printed, "4g")?;
        while began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
            // Until it listens, a connection is refused.
            let Ok(Some(list)) = server.get("applications") else { continue };
            let Some(id) = list[0]["id"].as_str() else { continue };
            if server.get(&format!("applications/{id}/stages"))?.is_some() {
                let seconds = began.elapsed().as_secs_f64();
                let (processor_seconds, memory) = server.used().ok_or("no /proc")?;
                return Ok(Run { seconds, processor_seconds, memory });
            }
        }
        Err("the History Server does not list the stages".into())
    }
}

/// Reads a file and looks for the ends of its lines.
fn line_ends(path: &Path) -> Result<Run> {
    let began = Instant::now();
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut lines = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', &buffer[..read]).count();
    }
    std::hint::black_box(lines);
    let seconds = began.elapsed().as_secs_f64();
    Ok(Run { seconds, processor_seconds: seconds, memory: f64::NAN })
}

fn row(log: &str, program: &str, on_disk: f64, decoded: f64, runs: &[Run]) -> Vec<String> {
    let least = |of: fn(&Run) -> f64| runs.iter().map(of).fold(f64::INFINITY, f64::min);
    let most = runs.iter().map(|run| run.memory).fold(0.0, f64::max);
    let (seconds, processor) = (least(|run| run.seconds), least(|run| run.processor_seconds));
    let memory = if most > 0.0 { format!("{:.0} MB", most / 1e6) } else { "–".to_owned() };
    vec![
        log.to_owned(),
        program.to_owned(),
        format!("{:.2} GB", on_disk / 1e9),
        format!("{seconds:.2}"),
        format!("{:.2}", decoded / 1e9 / seconds),
        format!("{processor:.2}"),
        format!("{:.2}", decoded / 1e9 / processor),
        memory,
    ]
}
