//! Runs Stagelight over public repositories and writes how well it understands them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The repositories, each at the commit that the table is about.
const REPOSITORIES: &str = include_str!("corpus/repositories.tsv");

/// The page that is written.
const PAGE: &str = "docs/resolution.md";

/// Why receivers stay unknown, in the model's words and in ours.
const REASONS: [(&str, &str); 6] = [
    ("Parameter", "a parameter that no call in the repository gives a type"),
    ("ForeignCall", "the result of a function that is not in the repository"),
    ("Attribute", "an attribute that is not assigned where it can be seen"),
    ("Name", "a name that is not bound where it can be seen"),
    ("Method", "a method that the type does not have"),
    ("Other", "anything else"),
];

/// Run Stagelight over public repositories and write docs/resolution.md: how many receivers are known, and why others are not.
///
/// Each repository is a folder OWNER/NAME below the given one, at the commit that xtask/src/corpus/repositories.tsv names; what is missing is
/// fetched with git.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the repositories are [default: target/corpus]
    folder: Option<PathBuf>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was counted in one repository.
#[derive(Default)]
struct Counts {
    files: u64,
    using_spark: u64,
    with_syntax_errors: u64,
    lines: u64,
    known: u64,
    declared: u64,
    guessed: u64,
    unknown: BTreeMap<String, u64>,
    findings: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let folder = options.folder.clone().unwrap_or_else(|| repository.join("target/corpus"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(&repository).args(["build", "--release", "--quiet", "--package", "server"]);
    finish(&mut build)?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), PathBuf::from);
    let binary = target.join("release/stagelight");

    let mut counted = Vec::new();
    for line in REPOSITORIES.lines().skip(1) {
        let (name, commit) = line.split_once('\t').ok_or("a repository without a commit")?;
        let path = folder.join(name);
        if !path.is_dir() {
            fetch(name, commit, &path)?;
        }
        let counts = count(&binary, &path)?;
        println!("{name}: {} files, {} findings", counts.files, counts.findings);
        counted.push((name, commit, counts));
    }
    let page = repository.join(PAGE);
    fs::write(&page, table(&counted)).map_err(|error| format!("{}: {error}", page.display()))?;
    println!("{}", page.display());
    Ok(())
}

/// Checks out one commit, without the history before it.
fn fetch(name: &str, commit: &str, path: &Path) -> Result<()> {
    fs::create_dir_all(path)?;
    let address = format!("https://github.com/{name}");
    for arguments in [
        &["init", "--quiet"][..],
        &["fetch", "--quiet", "--depth", "1", &address, commit],
        &["checkout", "--quiet", commit],
    ] {
        finish(Command::new("git").arg("-C").arg(path).args(arguments))?;
    }
    Ok(())
}

fn count(binary: &Path, path: &Path) -> Result<Counts> {
    let model = output(binary, &["model", "--output-format", "json", "."], path)?;
    let mut counts = Counts::default();
    for file in model["files"].as_array().into_iter().flatten() {
        if file["named"] != true {
            continue;
        }
        counts.files += 1;
        counts.using_spark += u64::from(file["uses_spark"] == true);
        counts.with_syntax_errors += u64::from(file["syntax_errors"].as_u64() > Some(0));
        counts.known += number(file, "known");
        counts.declared += number(file, "declared");
        counts.guessed += number(file, "guessed");
        let name = file["file"].as_str().ok_or("a file without a name")?;
        // A file that is not UTF-8 is no longer a source here.
        counts.lines +=
            fs::read_to_string(path.join(name)).map_or(0, |text| text.lines().count()) as u64;
        for unresolved in file["unresolved"].as_array().into_iter().flatten() {
            let reason = unresolved["reason"].as_str().unwrap_or("Other").to_owned();
            *counts.unknown.entry(reason).or_default() += 1;
        }
    }
    let check = output(binary, &["check", "--output-format", "json", "."], path)?;
    counts.findings = check["findings"].as_array().map_or(0, Vec::len) as u64;
    let problems = check["problems"].as_array().map_or(&[][..], Vec::as_slice);
    for problem in problems {
        println!("  {problem}");
    }
    Ok(counts)
}

/// What a command writes as JSON. Findings make `check` exit with 1, which is no failure here.
fn output(binary: &Path, arguments: &[&str], folder: &Path) -> Result<Value> {
    let output = Command::new(binary).current_dir(folder).args(arguments).output()?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} in {}: {said}", arguments.join(" "), folder.display()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or(0)
}

fn table(counted: &[(&str, &str, Counts)]) -> String {
    let mut page = String::from(
        "# How well sources are understood\n\n\
         A rule speaks only where the receiver of a call is known to be a Spark value. This table says how often that is, over public\n\
         repositories at the commits named below. It is written by `cargo xtask corpus`.\n\n\
         *Known* receivers follow from Spark's API; *declared* ones from an annotation; *guessed* ones from a conventional name such as `spark`.\n\
         *Unknown* are calls whose method is one of Spark's and whose receiver could not be told: many of them are not Spark's at all.\n\n\
         | repository | files (Spark) | lines | calls | known | declared | guessed | unknown | findings |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut sum = Counts::default();
    for (name, commit, counts) in counted {
        let short = commit.get(..7).unwrap_or(commit);
        row(
            &mut page,
            &format!("[{name}](https://github.com/{name}/tree/{commit}) {short}"),
            counts,
        );
        sum.files += counts.files;
        sum.using_spark += counts.using_spark;
        sum.with_syntax_errors += counts.with_syntax_errors;
        sum.lines += counts.lines;
        sum.known += counts.known;
        sum.declared += counts.declared;
        sum.guessed += counts.guessed;
        sum.findings += counts.findings;
        for (reason, count) in &counts.unknown {
            *sum.unknown.entry(reason.clone()).or_default() += count;
        }
    }
    row(&mut page, "all", &sum);
    let _ = writeln!(
        page,
        "\nNo file was lost: {} of {} have syntax errors (Python 2, fragments, templates) and are read around them.\n\n\
         ## Why receivers are unknown\n\n| reason | calls |\n| --- | ---: |",
        sum.with_syntax_errors, sum.files
    );
    for (reason, words) in REASONS {
        let _ = writeln!(page, "| {words} | {} |", sum.unknown.get(reason).unwrap_or(&0));
    }
    page
}

fn row(page: &mut String, name: &str, counts: &Counts) {
    let unknown: u64 = counts.unknown.values().sum();
    let calls = counts.known + counts.declared + counts.guessed + unknown;
    let share = |part: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a share in percent")]
        let share = part as f64 * 100.0 / calls.max(1) as f64;
        format!("{share:.1} %")
    };
    // Writing to a string does not fail.
    let _ = writeln!(
        page,
        "| {name} | {} ({}) | {} | {calls} | {} | {} | {} | {} | {} |",
        counts.files,
        counts.using_spark,
        counts.lines,
        share(counts.known),
        share(counts.declared),
        share(counts.guessed),
        share(unknown),
        counts.findings
    );
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed: {status}", command.get_program().display()).into())
    }
}
