//! How many lines `check` takes in a second.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{Bench, Common, Result, conditions, load, quantile, sources, table};

/// How many files and lines the generated Scala sources have.
const SCALA: (usize, usize) = (400, 250);

/// Lines per second of `stagelight check`, cold, on PySpark's own sources and on Scala sources.
///
/// ruff checks the Python sources in turn. A file is a file of .py or .scala, a line one that ends, empty or not.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    /// Folders to check besides [default: generated sources in Scala]
    #[arg(long, value_name = "DIR")]
    source: Vec<PathBuf>,
    /// How often each is run
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// What a run took.
struct Run {
    seconds: f64,
    /// Of all cores together, where the system says so.
    processor_seconds: Option<f64>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let bench = Bench::prepare(&options.common)?;
    let mut folders = vec![(format!("PySpark {}", super::PYSPARK), bench.pyspark.clone())];
    if options.source.is_empty() {
        let name = format!("{} generated files in Scala", SCALA.0);
        folders.push((name, scala(&bench.cache)?));
    }
    for source in &options.source {
        let name = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy();
        folders.push((name.into_owned(), source.canonicalize()?));
    }
    let mut rows = Vec::new();
    let mut loads = Vec::new();
    for (name, folder) in &folders {
        let (python, scala) = count(folder)?;
        let mut programs = vec![("stagelight", &bench.stagelight, &["check"][..])];
        if scala == 0 {
            programs.push(("ruff", &bench.ruff, &["check", "--no-cache", "--quiet"]));
        }
        let mut runs: Vec<Vec<Run>> = programs.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds.max(1) {
            for ((_, program, arguments), runs) in programs.iter().zip(&mut runs) {
                runs.push(measure(Command::new(program).args(*arguments).arg(folder))?);
            }
            loads.extend(load());
        }
        for ((program, ..), runs) in programs.iter().zip(&runs) {
            rows.push(row(name, python + scala, program, runs));
        }
    }
    let header = [
        "sources",
        "lines",
        "program",
        "median s",
        "fastest s",
        "lines/s",
        "CPU s",
        "lines per CPU s",
    ];
    let table = table::markdown(&header, &rows);
    let section = format!(
        "{}\n\n{table}\nLines per second are those of the fastest of {} runs.",
        conditions(&loads),
        options.rounds.max(1)
    );
    table::publish("check", &section, options.common.write)
}

fn row(name: &str, lines: usize, program: &str, runs: &[Run]) -> Vec<String> {
    let sorted = |of: &dyn Fn(&Run) -> Option<f64>| {
        let mut numbers: Vec<f64> = runs.iter().filter_map(of).collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    };
    let seconds = sorted(&|run| Some(run.seconds));
    let fastest = quantile(&seconds, 0.0);
    let processor = sorted(&|run| run.processor_seconds);
    let lines = lines as f64;
    let processor_seconds = quantile(&processor, 0.5);
    let known = |text: String| if processor.is_empty() { "–".to_owned() } else { text };
    vec![
        name.to_owned(),
        table::count(lines),
        program.to_owned(),
        format!("{:.2}", quantile(&seconds, 0.5)),
        format!("{fastest:.2}"),
        table::count(lines / fastest),
        known(format!("{processor_seconds:.2}")),
        known(table::count(lines / processor_seconds)),
    ]
}

/// Runs a command whose findings do not matter.
fn measure(command: &mut Command) -> Result<Run> {
    let before = children_seconds();
    let start = Instant::now();
    let status =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let seconds = start.elapsed().as_secs_f64();
    // Findings end with 1 in both programs.
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(format!("{command:?} failed: {status}").into());
    }
    let processor_seconds = children_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Run { seconds, processor_seconds })
}

/// The processor time of all processes that this one started and waited for. Linux counts it in hundredths of a second.
fn children_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}

/// The numbers of lines in Python and in Scala in a folder.
fn count(folder: &Path) -> Result<(usize, usize)> {
    let (mut python, mut scala) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let inner = count(&path)?;
            python += inner.0;
            scala += inner.1;
        } else if let Some(extension @ ("py" | "scala")) =
            path.extension().and_then(|extension| extension.to_str())
        {
            let lines = fs::read(&path)?.iter().filter(|byte| **byte == b'\n').count();
            *(if extension == "py" { &mut python } else { &mut scala }) += lines;
        }
    }
    Ok((python, scala))
}

/// Writes the generated sources in Scala.
fn scala(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("scala");
    fs::create_dir_all(&folder)?;
    let (files, lines) = SCALA;
    for file in 0..files {
        let text = sources::scala(lines).replace("package jobs", &format!("package jobs{file}"));
        fs::write(folder.join(format!("Jobs{file}.scala")), text)?;
    }
    Ok(folder)
}
