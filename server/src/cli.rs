//! The command line: what there is to say, and which command hears it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::commands::{self, CommandError};
use crate::configuration::{FailOn, Overrides};
use crate::output::terminal::sanitize;
use crate::problem::panic_message;
use crate::workspace::Request;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

/// Lints Apache Spark code and puts on each line what it cost in the last run.
#[derive(Debug, Parser)]
#[command(
    name = "stagelight",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  stagelight check                                  lint the current folder
  stagelight check src --event-log logs/app-1.zstd  lint, weighing findings by what a run cost
  stagelight annotate job.py --event-log logs/app-1 every line with its cost
  stagelight log logs/eventlog_v2_app-1             what a run did, stage by stage
  stagelight what-if logs/app-1 --executors 20      what it would have taken
  stagelight compare logs/app-1 logs/app-2          two runs, line by line
  stagelight explain unused-suppression             why a rule exists

Exit codes: 0 nothing to report; 1 `check` found something at or above --fail-on, or --diff would
change something; 2 usage, configuration or unreadable input."
)]
pub(crate) struct Cli {
    /// When to use colours. NO_COLOR and CLICOLOR_FORCE are heard as well.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On terminals.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check Spark code, weighed by what a run cost where an event log is given
    Check(Box<CheckArgs>),
    /// Show source lines with what they cost in a run
    Annotate(AnnotateArgs),
    /// Show what a run did: stages, diagnoses, and what its log can tell
    Log(LogArgs),
    /// Show what a run would have taken with changes, by replaying its tasks
    WhatIf(WhatIfArgs),
    /// Show two runs of the same sources side by side, line by line
    Compare(CompareArgs),
    /// Show what was understood of source files: calls, values, action sites and what stayed unresolved
    Model(ModelArgs),
    /// Explain a rule or a diagnosis
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// Show the keys of the configuration
    Config(ConfigArgs),
    /// Write a commented stagelight.toml to the current folder
    Init,
    /// Print a shell's completions
    Completions(CompletionsArgs),
    /// Run the language server on stdin and stdout
    Server(ServerArgs),
}

/// Arguments of `server`.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Accepted because many clients pass it: standard input and output are the only transport
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

/// What commands that read sources and logs have in common.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and folders; the current folder where there are none
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// An event log: a file, the folder of a rolling log, a History Server's archive, `-` for standard input; may be repeated. In place of
    /// the `event-logs` of the configuration
    #[arg(long = "event-log", value_name = "LOG", value_hint = ValueHint::AnyPath)]
    pub(crate) event_logs: Vec<PathBuf>,
    /// Let the configuration name event logs outside its folder
    #[arg(long)]
    pub(crate) trust: bool,
}

impl InputArgs {
    /// The request for these inputs.
    #[must_use]
    pub(crate) fn request(&self, overrides: Overrides) -> Request {
        Request {
            paths: self.paths.clone(),
            event_logs: self.event_logs.clone(),
            overrides,
            trust: self.trust,
        }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("edit").args(["fix", "diff"]),
    after_help = "\
Examples:
  stagelight check
  stagelight check src tests/job.py --event-log logs/eventlog_v2_app-1
  stagelight check --output-format sarif --output-file stagelight.sarif
  stagelight check --diff --unsafe-fixes            show every fix, change nothing
  stagelight check --fix --unsafe-fixes --select trigger-once

Fixes: a safe fix has the same result, proven by running both forms. Every other fix is unsafe: it may
change results, memory or time, and wants a look at each place. `--fix` applies safe fixes only.
`--unsafe-fixes` lets `--diff` show unsafe ones too (the first of each finding), and lets `--fix` apply
them for the rules that --select names, never for all.

Exit codes: 0 nothing at or above --fail-on; 1 findings at or above it, or --diff would change
something; 2 usage, configuration or unreadable input."
)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(crate) output_format: CheckFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
    /// Apply safe fixes, and report what is left
    #[arg(long)]
    pub(crate) fix: bool,
    /// Take in unsafe fixes: all with --diff; with --fix those of the rules that --select names
    #[arg(long, requires = "edit")]
    pub(crate) unsafe_fixes: bool,
    /// Show as a unified diff what fixes would change; changes nothing
    #[arg(long)]
    pub(crate) diff: bool,
    /// Run these rules only
    #[arg(long, value_name = "RULE", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) select: Vec<String>,
    /// Do not run these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) ignore: Vec<String>,
    /// Exit with 1 from this severity on; hints never fail. Default: the configuration's `fail-on`, else warning
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
}

/// How `check` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Source excerpts with carets
    Full,
    /// One line each
    Concise,
    /// `stagelight.check/1`
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

/// A report for people or programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// For programs; stable, with a versioned schema
    Json,
}

/// How `log` and `annotate` report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// For people
    Text,
    /// For programs; stable, with a versioned schema
    Json,
    /// One page to open in a browser, which needs nothing beside it
    Html,
}

/// Arguments of `annotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight annotate job.py --event-log logs/app-20240501120000-0007
  stagelight annotate jobs --event-log logs/app-1 --output-format html --output-file lines.html
  stagelight annotate --output-format json | jq '.lines[] | [.file, .line, .self_task_time_ms]'

How a line was matched:
  call-site     the log names the line
  plan          the physical plan fits the code
  order         kind and order of the actions in straight-line code
  ambiguous(n)  so many lines remain")]
pub(crate) struct AnnotateArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: PageFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
}

/// Arguments of `log`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight log logs/app-20240501120000-0007
  stagelight log logs/app-20240501120000-0007 --output-format html --output-file run.html
  stagelight log logs/app-20240501120000-0007.inprogress --follow
  stagelight log logs/eventlog_v2_app-1 --output-format json | jq '.stages[] | .executorRunTime'")]
pub(crate) struct LogArgs {
    /// An event log: a file, the folder of a rolling log, a History Server's archive, `-` for standard input
    #[arg(value_name = "LOG", value_hint = ValueHint::AnyPath)]
    pub(crate) log: PathBuf,
    /// For whom the diagnoses are explained
    #[arg(long = "for", value_name = "READER", default_value = "newcomer")]
    pub(crate) reader: Reader,
    /// Read on while the application runs, show how far it is, and report when it has ended or with Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: PageFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
}

/// Arguments of `what-if`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight what-if logs/app-1                          time and cost from 10 % to 500 % of the executors
  stagelight what-if logs/app-1 --executors 20 --cores 4
  stagelight what-if logs/app-1 --no-skew 12 --partitions 7=400 --no-retries
  stagelight what-if logs/app-1 --broadcast-join 31 --cache 5 --no-driver-gap
  stagelight what-if logs/app-1 --cores 8 --output-format json | jq .modelled.savingMs

The tasks of the run are scheduled anew over its executors, with all changes at once. Stages are those that
`stagelight log` lists. Each number is marked as measured (in the log) or modelled (by the replay).

The unchanged run is replayed as well. Where that misses the measured time of its jobs by more than 15 %,
nothing is predicted: what the model does not explain, it can't change.

Exit codes: 0 predicted; 2 refused, usage or unreadable input.")]
pub(crate) struct WhatIfArgs {
    /// An event log: a file, the folder of a rolling log, a History Server's archive, `-` for standard input
    #[arg(value_name = "LOG", value_hint = ValueHint::AnyPath)]
    pub(crate) log: PathBuf,
    /// So many executors at the peak, and proportionally many at other times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) executors: Option<u64>,
    /// So many cores for each executor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) cores: Option<u64>,
    /// Spread the work of a stage evenly over its tasks; may be repeated
    #[arg(long, visible_alias = "without-skew", value_name = "STAGE", value_delimiter = ',')]
    pub(crate) no_skew: Vec<u64>,
    /// Let no task of a stage take longer than the median; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) no_stragglers: Vec<u64>,
    /// Run a stage with so many partitions; may be repeated
    #[arg(long, value_name = "STAGE=N", value_delimiter = ',', value_parser = stage_and_number)]
    pub(crate) partitions: Vec<(u64, u64)>,
    /// Let every task succeed at once, and compute no stage again
    #[arg(long)]
    pub(crate) no_retries: bool,
    /// Keep what a stage computes, so that later stages do not compute it again; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) cache: Vec<u64>,
    /// Broadcast the smaller side of the sort-merge join that a stage runs; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) broadcast_join: Vec<u64>,
    /// Leave out the times of a second and more in which no job ran
    #[arg(long)]
    pub(crate) no_driver_gap: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: ReportFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight compare logs/app-1 logs/app-2                what got slower from the first run to the second
  stagelight compare logs/app-1 logs/app-2 jobs/report.py --all
  stagelight compare logs/app-1 logs/app-2 --output-format json | jq '.lines[] | select(.verdict == \"slower\")'

Both runs are shown at the sources as they are now. Of each line:
  slower, faster        its own time changed, and the data that its stages read is not why
  more data, less data  its time changed no further than that data did
  new, gone             it cost something in one of the runs only
  same                  no difference beyond noise
A verdict with ? is not certain, and the line below says why. What differs between the runs besides
(Spark's version, master, cores, settings) stands above all lines.")]
pub(crate) struct CompareArgs {
    /// The event log of the first run: a file, the folder of a rolling log, a History Server's archive, `-` for standard input
    #[arg(value_name = "A", value_hint = ValueHint::AnyPath)]
    pub(crate) first: PathBuf,
    /// The event log of the second run
    #[arg(value_name = "B", value_hint = ValueHint::AnyPath)]
    pub(crate) second: PathBuf,
    /// Files and folders of sources; the current folder where there are none
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// So many lines, those with the largest difference. JSON always has all
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "all")]
    pub(crate) top: usize,
    /// All lines
    #[arg(long)]
    pub(crate) all: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: ReportFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
}

/// `7=400`.
fn stage_and_number(text: &str) -> Result<(u64, u64), String> {
    let wrong = || "expected STAGE=N, such as 7=400".to_owned();
    let (stage, number) = text.split_once('=').ok_or_else(wrong)?;
    let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    Ok((stage.parse().map_err(|_| wrong())?, number))
}

/// Arguments of `model`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight model job.py                 why a line is silent: what was understood of it
  stagelight model src | grep unresolved  where evaluation did not go on
  stagelight model --output-format json | jq '.sites[] | [.file, .line, .method]'

After the calls and values of each file comes what evaluating the driver's code found:
  program, fragment  what is run, as an automaton: states, and the action sites between them
  lineage            each dataset, in each call context, and what it is made of
  values             calls of Spark's API with the arguments as far as they are known
  loops              how often a loop over a collection runs
  unresolved         where a value is not known, or a bound was reached
Text that is not known is shown as *.")]
pub(crate) struct ModelArgs {
    /// Files and folders; the current folder where there are none
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: ReportFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stagelight explain unused-suppression
  stagelight explain group-by-key-aggregate --for expert
  stagelight explain partition-skew")]
pub(crate) struct ExplainArgs {
    /// The id of a rule or a diagnosis
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// For whom
    #[arg(long = "for", value_name = "READER", default_value = "newcomer")]
    pub(crate) reader: Reader,
}

/// For whom something is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reader {
    /// What is wrong, why, and what to do instead
    Newcomer,
    /// With what Spark does inside and where a rule may err; of a diagnosis the numbers that show it
    Expert,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: ReportFormat,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// One key; all where it is left out
    #[arg(value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Reads the command line, runs the command, and tells how it ended.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    // Panics are told as problems where they are caught; a backtrace comes for those who ask for it.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    // Deeply nested source needs a deep stack. Where the pool exists already, it stays as it is.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(32 << 20).build_global();
    let outcome = catch_unwind(AssertUnwindSafe(|| dispatch(cli.command)));
    let error = match outcome {
        Ok(Ok(code)) => return code,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!(
            "internal error ({}); please report it with the output under RUST_BACKTRACE=1",
            panic_message(&*panic)
        ),
    };
    let style = AnsiColor::Red.on_default().effects(Effects::BOLD);
    // There is nobody to tell where stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{style}error{style:#}: {}", sanitize(&error));
    ExitCode::from(2)
}

fn dispatch(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        // By a thread of the pool: this one would only wait for those, and has no memory at hand that is warm.
        Command::Check(args) => rayon::scope(|_| commands::check::run(&args)),
        Command::Annotate(args) => commands::annotate::run(&args),
        Command::Log(args) => commands::log::run(&args),
        Command::WhatIf(args) => commands::what_if::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Model(args) => commands::model::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Rules(args) => commands::rules::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Init => commands::init::run(),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Server(ServerArgs { stdio: _ }) => Ok(crate::lsp::run()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
