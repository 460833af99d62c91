//! Measures the binary, paired with a peer in the same run.
//!
//! Figures of a machine that others use as well say little by themselves; what the peer took in the same minutes says how much. So both take
//! turns, and the load of the machine stands beside the figures.

mod attribution;
mod check;
mod eventlog;
mod latency;
mod session;
mod sources;
mod table;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of the peer.
const RUFF: &str = "0.17.5";

/// The package whose sources are checked: those of PySpark without Spark's jars.
const PYSPARK: &str = "4.1.3";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measure the binary, paired with its peers in the same run.
#[derive(clap::Subcommand)]
pub(crate) enum Benchmark {
    Attribution(attribution::Options),
    Check(check::Options),
    Eventlog(eventlog::Options),
    Latency(latency::Options),
}

/// What all benchmarks take.
#[derive(clap::Args)]
struct Common {
    /// The binary to measure; built where it is not given
    #[arg(long, value_name = "PROGRAM")]
    binary: Option<PathBuf>,
    /// Where the peer and the sources are kept [default: target/bench]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Python to make the virtual environment with
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Write the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// Runs a benchmark.
pub(crate) fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Attribution(options) => attribution::run(options),
        Benchmark::Check(options) => check::run(options),
        Benchmark::Eventlog(options) => eventlog::run(options),
        Benchmark::Latency(options) => latency::run(options),
    }
}

/// What is measured, and what with.
struct Bench {
    /// The binary.
    stagelight: PathBuf,
    /// The peer.
    ruff: PathBuf,
    /// PySpark's own sources.
    pyspark: PathBuf,
    /// For generated sources.
    cache: PathBuf,
}

impl Bench {
    fn prepare(common: &Common) -> Result<Self> {
        let root = root();
        let cache = common.cache.clone().unwrap_or_else(|| root.join("target/bench"));
        fs::create_dir_all(&cache)?;
        let cache = cache.canonicalize()?;
        let stagelight = match &common.binary {
            Some(binary) => binary.canonicalize()?,
            None => build()?,
        };
        let venv = cache.join("venv");
        let pip = venv.join("bin/pip");
        if !pip.exists() {
            succeed(Command::new(&common.python).args(["-m", "venv"]).arg(&venv))?;
        }
        let packages = [format!("ruff=={RUFF}"), format!("pyspark-client=={PYSPARK}")];
        succeed(Command::new(pip).args(["install", "--quiet", "--no-deps"]).args(packages))?;
        let library = fs::read_dir(venv.join("lib"))?;
        let pyspark = library
            .filter_map(|entry| Some(entry.ok()?.path().join("site-packages/pyspark")))
            .find(|folder| folder.is_dir())
            .ok_or("the virtual environment has no PySpark")?;
        Ok(Self { stagelight, ruff: venv.join("bin/ruff"), pyspark, cache })
    }
}

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Builds the binary as it is released, and gives its path.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--release", "--package", "server", "--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the binary does not build".into());
    }
    let executable = String::from_utf8(output.stdout)?.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executable.ok_or_else(|| "the build names no executable".into())
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// The number at this share of sorted numbers.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// How many processes wanted a core in the last minute, where the system says so.
fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// What the figures were measured on, and with.
fn conditions(loads: &[f64]) -> String {
    format!("{} ruff {RUFF}, PySpark {PYSPARK}.", machine(loads))
}

/// What the figures were measured on.
fn machine(loads: &[f64]) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(": ")?.1.to_owned())
    });
    let processor = processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let least = loads.iter().copied().fold(f64::INFINITY, f64::min);
    let most = loads.iter().copied().fold(0.0, f64::max);
    let load = match loads.len() {
        0 => String::new(),
        _ => format!(", load {least:.0} to {most:.0}"),
    };
    format!("{processor}, {cores} cores{load};")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_among_the_numbers() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 10.0];
        assert_eq!([0.0, 0.5, 0.99].map(|share| quantile(&numbers, share)), [1.0, 3.0, 10.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
