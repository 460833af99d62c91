//! `stagelight log`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::{CommandError, follow, tell, write_exact, write_to};
use crate::cli::{LogArgs, PageFormat};
use crate::configuration::Configurations;
use crate::files::absolute;
use crate::log_source;
use crate::output::{log_html, log_json, log_text};
use crate::problem::{Problem, panic_message};
use crate::workspace::read_log_with_tasks;

/// Task attempts that are kept for the savings of diagnoses, at 32 bytes each. Beyond it these are bounds.
const TASKS: usize = 500_000;

/// Shows what a run did.
pub(crate) fn run(args: &LogArgs) -> Result<ExitCode, CommandError> {
    crate::memory::use_small_pages();
    let directory = absolute(Path::new("."));
    let thresholds = Configurations::default().for_folder(&directory)?.thresholds.clone();
    let mut problems = Vec::new();
    let log = log_source::named(&args.log);
    let read = if args.follow {
        // Whoever follows sees the run as it goes: the task attempts are not kept.
        follow::run(&log, args.output_format, &mut problems).map(|profile| (profile, None))
    } else {
        let read = read_log_with_tasks(&log, TASKS, &mut problems);
        read.map(|(profile, tasks)| (Arc::new(profile), tasks))
    };
    tell(&problems);
    let Some((profile, tasks)) = read else { return Ok(ExitCode::from(2)) };
    let profile = &*profile;
    let diagnoses = catch_unwind(AssertUnwindSafe(|| {
        let mut diagnoses = diagnosis::diagnose(profile, &thresholds);
        if let Some(tasks) = tasks {
            diagnosis::price(profile, tasks, &mut diagnoses);
        }
        diagnoses
    }));
    let diagnoses = diagnoses.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let message = format!("the diagnoses failed ({why}); please report it");
        tell(&[Problem::found(profile.source.clone(), message)]);
        Vec::new()
    });
    let file = args.output_file.as_deref();
    match args.output_format {
        PageFormat::Html => write_exact(file, |out, _| log_html::write(out, profile, &diagnoses)),
        PageFormat::Json => write_exact(file, |out, _| log_json::write(out, profile, &diagnoses)),
        PageFormat::Text => {
            write_to(file, |out| log_text::write(out, profile, &diagnoses, args.reader))
        }
    }?;
    Ok(ExitCode::SUCCESS)
}
