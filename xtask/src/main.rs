//! Chores of the project, run as `cargo xtask COMMAND`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore reports on the terminal")]

mod attribution;
mod bench;
mod check_api;
mod check_what_if;
mod corpus;
mod disk;
mod java;
mod new_rule;
mod oracle;
mod pyspark;
mod record_workloads;
mod verify_rules;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    Attribution(attribution::Options),
    CheckApi(check_api::Options),
    CheckWhatIf(check_what_if::Options),
    #[command(subcommand)]
    Bench(bench::Benchmark),
    Corpus(corpus::Options),
    NewRule(new_rule::Options),
    Oracle(oracle::Options),
    RecordWorkloads(record_workloads::Options),
    VerifyRules(verify_rules::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Attribution(options) => attribution::run(&options),
        Command::CheckApi(options) => check_api::run(&options),
        Command::CheckWhatIf(options) => check_what_if::run(&options),
        Command::Bench(benchmark) => bench::run(&benchmark),
        Command::Corpus(options) => corpus::run(&options),
        Command::NewRule(options) => new_rule::run(&options),
        Command::Oracle(options) => oracle::run(&options),
        Command::RecordWorkloads(options) => record_workloads::run(&options),
        Command::VerifyRules(options) => verify_rules::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
