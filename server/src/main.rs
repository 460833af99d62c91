//! The binary `stagelight`: command line, language server, configuration, files and output.

mod cli;
mod commands;
mod configuration;
mod files;
mod linking;
mod log_source;
mod lsp;
mod output;
mod problem;
mod source;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
