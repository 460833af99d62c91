//! `stagelight log`.

use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;

use super::{CommandError, follow, tell, write_exact, write_to};
use crate::cli::{LogArgs, LogFormat};
use crate::configuration::Configurations;
use crate::files::absolute;
use crate::log_source;
use crate::output::{log_html, log_json, log_text};
use crate::problem::{Problem, panic_message};
use crate::workspace::read_logs;

/// Shows what a run did.
pub(crate) fn run(args: &LogArgs) -> Result<ExitCode, CommandError> {
    let directory = absolute(Path::new("."));
    let thresholds = Configurations::default().for_folder(&directory)?.thresholds.clone();
    let mut problems = Vec::new();
    let log = log_source::named(&args.log);
    let profile = if args.follow {
        follow::run(&log, args.output_format, &mut problems)
    } else {
        read_logs(&[(log, true)], &mut problems).into_iter().next()
    };
    tell(&problems);
    let Some(profile) = &profile else { return Ok(ExitCode::from(2)) };
    let diagnoses = catch_unwind(|| diagnosis::diagnose(profile, &thresholds));
    let diagnoses = diagnoses.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let message = format!("the diagnoses failed ({why}); please report it");
        tell(&[Problem::found(profile.source.clone(), message)]);
        Vec::new()
    });
    let file = args.output_file.as_deref();
    match args.output_format {
        LogFormat::Html => write_exact(file, |out, _| log_html::write(out, profile, &diagnoses)),
        LogFormat::Json => write_exact(file, |out, _| log_json::write(out, profile, &diagnoses)),
        LogFormat::Text => {
            write_to(file, |out| log_text::write(out, profile, &diagnoses, args.reader))
        }
    }?;
    Ok(ExitCode::SUCCESS)
}
