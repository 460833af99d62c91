//! Compares what Stagelight attributes with the recorded truth, and writes how often it is right.

mod division;
mod perturbation;
mod score;
mod table;
mod truth;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::score::Score;
use crate::disk::Disk;

/// The programs, their logs and the truth.
const PROGRAMS: &str = "tests/attribution";

/// Compare the attribution of recorded runs with the truth that was recorded with them.
///
/// Builds the release binary, runs `stagelight annotate` on each program of tests/attribution with each of its logs, and prints
/// what share of task time and of operators stands on the line that asked for it, what on another, and what on none.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these programs
    programs: Vec<String>,
    /// Also the programs that are held out
    #[arg(long)]
    held_out: bool,
    /// Print each operator, execution and job that is not where it belongs
    #[arg(long)]
    differences: bool,
    /// Also what is right when something is missing from the sources or the log, with so many seeds
    #[arg(long, value_name = "SEEDS", num_args = 0..=1, default_missing_value = "3")]
    perturbed: Option<u64>,
    /// Write docs/attribution.md
    #[arg(long)]
    write: bool,
    /// The folder of the programs [default: tests/attribution]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Use this binary instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One log of one program.
#[derive(Debug, Clone)]
struct Recording {
    program: String,
    /// `3.5`, `4.1`, `3.5-blinded`.
    version: String,
    held_out: bool,
    log: PathBuf,
    truth: PathBuf,
    source: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => built(&repository)?,
    };
    let mut scores: Vec<(Recording, Score)> = Vec::new();
    let folder = options.folder.clone().unwrap_or_else(|| repository.join(PROGRAMS));
    for recording in recordings(&folder.canonicalize()?)? {
        let wanted = options.programs.is_empty() || options.programs.contains(&recording.program);
        if !wanted || (recording.held_out && !options.held_out && options.programs.is_empty()) {
            continue;
        }
        let score = scored(&binary, &recording, options.differences)?;
        println!("{} {}: {}", recording.program, recording.version, score.line());
        scores.push((recording, score));
    }
    if scores.is_empty() {
        return Err("no program with a log and its truth".into());
    }
    let sum = scores.iter().fold(Score::default(), |sum, it| sum.plus(&it.1));
    println!("all: {}", sum.line());
    let perturbed = match options.perturbed {
        Some(seeds) => {
            // What is scored once is not looked at again and again.
            let open: Vec<Recording> =
                scores.iter().map(|it| &it.0).filter(|it| !it.held_out).cloned().collect();
            Some(perturbation::table(&binary, &open, seeds)?)
        }
        None => None,
    };
    // What is asked of all programs is asked of the division, too.
    let divided = if options.programs.is_empty() {
        let divided = division::table(&binary, &repository)?;
        print!("{divided}");
        Some(divided)
    } else {
        None
    };
    if options.write {
        let page = repository.join("docs/attribution.md");
        let rows: Vec<table::Row<'_>> = scores
            .iter()
            .map(|(it, score)| table::Row {
                program: &it.program,
                version: &it.version,
                held_out: it.held_out,
                score,
            })
            .collect();
        table::write(&page, &rows, perturbed.as_deref(), divided.as_deref())?;
        println!("{}", page.display());
    }
    Ok(())
}

fn built(repository: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(repository).args(["build", "--release", "--quiet", "--package", "server"]);
    if !build.status()?.success() {
        return Err("the binary did not build".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), PathBuf::from);
    Ok(target.join("release/stagelight"))
}

/// Every log that has a truth beside it, by program and version.
fn recordings(folder: &Path) -> Result<Vec<Recording>> {
    let listed = std::fs::read_to_string(folder.join("programs.toml"))
        .map_err(|error| format!("{}: {error}", folder.join("programs.toml").display()))?;
    let listed: toml::Table = listed.parse()?;
    let mut found = Vec::new();
    for (program, about) in &listed {
        let held_out = about.get("held_out").and_then(toml::Value::as_bool).unwrap_or(false);
        let own = folder.join(program);
        for truth in
            names(&own)?.iter().filter_map(|it| it.strip_prefix("truth-")?.strip_suffix(".json"))
        {
            let truth_path = own.join(format!("truth-{truth}.json"));
            for log in names(&own)? {
                let stem = log
                    .trim_end_matches(".zstd")
                    .trim_end_matches(".zst")
                    .trim_end_matches(".inprogress");
                if stem == truth
                    || stem.strip_prefix(truth).is_some_and(|it| it.starts_with("-blinded"))
                {
                    found.push(Recording {
                        program: program.clone(),
                        version: stem.to_owned(),
                        held_out,
                        log: own.join(&log),
                        truth: truth_path.clone(),
                        source: own.join("source"),
                    });
                }
            }
        }
    }
    Ok(found)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .flatten()
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn scored(binary: &Path, recording: &Recording, differences: bool) -> Result<Score> {
    let output = Command::new(binary)
        .current_dir(&recording.source)
        .args(["annotate", ".", "--output-format", "json", "--event-log"])
        .arg(&recording.log)
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} {}: {said}", recording.program, recording.version).into());
    }
    let annotated = serde_json::from_slice(&output.stdout)?;
    let truth = std::fs::read_to_string(&recording.truth)?;
    let truth = serde_json::from_str(&truth)
        .map_err(|error| format!("{}: {error}", recording.truth.display()))?;
    let profile = eventlog::read(&Disk::new(&recording.log), &mut |_| ControlFlow::Continue(()))?;
    Ok(score::score(&profile, &truth, &annotated, differences))
}
