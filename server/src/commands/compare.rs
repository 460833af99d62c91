//! `stagelight compare`.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use analysis::Change;

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{CompareArgs, ReportFormat};
use crate::configuration::Overrides;
use crate::log_source;
use crate::output::compare::Report;
use crate::output::{compare_json, compare_text};
use crate::problem::panic_message;
use crate::run_sources;
use crate::workspace::{self, Request};

/// Shows two runs side by side, line by line.
pub(crate) fn run(args: &CompareArgs) -> Result<ExitCode, CommandError> {
    if [&args.first, &args.second].iter().all(|log| log.as_path() == Path::new("-")) {
        let message = "standard input is one log; name a file for the other one";
        return Err(CommandError::Usage(message.to_owned()));
    }
    let request = Request {
        paths: args.paths.clone(),
        event_logs: Vec::new(),
        overrides: Overrides::default(),
        trust: false,
    };
    let mut workspace = workspace::load_sources(&request)?;
    let logs = [&args.first, &args.second].map(|log| log_source::named(log));
    let profiles = workspace::read_named_logs(&logs, &mut workspace.problems);
    tell(&workspace.problems);
    let Some(profiles) = profiles else { return Ok(ExitCode::from(2)) };
    workspace.host.apply(Change {
        files: Vec::new(),
        profiles: Some(profiles),
        ..Change::default()
    });
    let analysis = workspace.host.snapshot();
    let paths: HashMap<&str, &Path> =
        workspace.files.iter().map(|it| (it.found.name.as_str(), &*it.found.path)).collect();
    let path_of = |name: &str| paths.get(name).map_or_else(|| name.into(), |it| it.to_path_buf());
    let join = || run_sources::join(&analysis, &path_of);
    let evidence = catch_unwind(AssertUnwindSafe(join)).map_err(|panic| {
        let why = panic_message(&*panic);
        CommandError::Usage(format!("the join with the source failed ({why}); please report it"))
    })?;
    let [first, second] = &evidence.runs[..] else {
        return Err(CommandError::Usage("the join gave no two runs; please report it".to_owned()));
    };
    let runs = [Arc::as_ref(first), Arc::as_ref(second)];
    let report = Report::new(&analysis, &workspace.notebooks, runs);
    let most = if args.all { usize::MAX } else { args.top };
    let file = args.output_file.as_deref();
    match args.output_format {
        ReportFormat::Json => write_exact(file, |out, _| compare_json::write(out, &report)),
        ReportFormat::Text => write_to(file, |out| compare_text::write(out, &report, most)),
    }?;
    let failed = workspace.problems.iter().any(|problem| problem.named);
    Ok(ExitCode::from(if failed { 2 } else { 0 }))
}
