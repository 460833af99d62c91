//! `stagelight what-if`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use diagnosis::{Change, ChangeError, Replay};

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{ReportFormat, WhatIfArgs};
use crate::log_source;
use crate::output::what_if::Report;
use crate::output::{what_if_json, what_if_text};
use crate::problem::panic_message;
use crate::workspace::read_log_with_tasks;

/// Shows what a run would have taken with changes.
pub(crate) fn run(args: &WhatIfArgs) -> Result<ExitCode, CommandError> {
    crate::memory::use_small_pages();
    let mut problems = Vec::new();
    let read = read_log_with_tasks(&log_source::named(&args.log), usize::MAX, &mut problems);
    tell(&problems);
    let Some((profile, tasks)) = read else { return Ok(ExitCode::from(2)) };
    let tasks = tasks.unwrap_or_default();
    let changes = changes(args);
    let report = catch_unwind(AssertUnwindSafe(|| {
        let replay = Replay::new(&profile, tasks);
        let report = Report::new(&profile, &replay, &changes);
        report.map_err(|error| CommandError::Usage(usage(&error, &profile.source)))
    }));
    let report = report.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let name = &profile.source;
        Err(CommandError::Usage(format!("{name}: the replay failed ({why}); please report it")))
    })?;
    let file = args.output_file.as_deref();
    match args.output_format {
        ReportFormat::Json => write_exact(file, |out, _| what_if_json::write(out, &report)),
        ReportFormat::Text => write_to(file, |out| what_if_text::write(out, &report)),
    }?;
    Ok(ExitCode::from(if report.refusal.is_some() { 2 } else { 0 }))
}

fn changes(args: &WhatIfArgs) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(args.executors.map(Change::Executors));
    changes.extend(args.cores.map(Change::Cores));
    changes.extend(args.no_retries.then_some(Change::NoRetries));
    changes.extend(args.cache.iter().copied().map(Change::Cached));
    changes.extend(args.broadcast_join.iter().copied().map(Change::BroadcastJoin));
    changes.extend(args.no_skew.iter().copied().map(Change::NoSkew));
    changes.extend(args.no_stragglers.iter().copied().map(Change::NoStragglers));
    changes.extend(
        args.partitions.iter().map(|&(stage, partitions)| Change::Partitions { stage, partitions }),
    );
    changes.extend(args.no_driver_gap.then_some(Change::NoDriverGap));
    changes
}

/// What to do about a change that can't be made.
fn usage(error: &ChangeError, log: &str) -> String {
    let way_out = match error {
        ChangeError::UnknownStage(_) | ChangeError::NoTasks(_) => {
            format!("`stagelight log {log}` lists the stages that ran")
        }
        ChangeError::NotRepeated(_) => {
            "name the stage that computes the value first, and that a later one repeats".to_owned()
        }
        ChangeError::NoJoin(_) => {
            "name the stage that runs the join, after the shuffles of both sides".to_owned()
        }
        ChangeError::TooManyPartitions(_) => "name fewer".to_owned(),
    };
    format!("{error}; {way_out}")
}
