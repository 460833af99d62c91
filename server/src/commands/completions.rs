//! `stagelight completions`.

use std::process::ExitCode;

use clap::CommandFactory;

use super::{CommandError, write_to};
use crate::cli::{Cli, CompletionsArgs};

/// Prints a shell's completions.
pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stagelight", &mut script);
    write_to(None, |out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}
