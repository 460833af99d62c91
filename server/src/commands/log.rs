//! `stagelight log`.

use std::process::ExitCode;

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{LogArgs, ReportFormat};
use crate::files::absolute;
use crate::output::{log_json, log_text};
use crate::workspace::read_logs;

/// Shows what a run did.
pub(crate) fn run(args: &LogArgs) -> Result<ExitCode, CommandError> {
    let mut problems = Vec::new();
    let profiles = read_logs(&[(absolute(&args.log), true)], &mut problems);
    tell(&problems);
    let Some(profile) = profiles.first() else { return Ok(ExitCode::from(2)) };
    let file = args.output_file.as_deref();
    match args.output_format {
        ReportFormat::Json => write_exact(file, |out, _| log_json::write(out, profile)),
        ReportFormat::Text => write_to(file, |out| log_text::write(out, profile)),
    }?;
    Ok(ExitCode::SUCCESS)
}
