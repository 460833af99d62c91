//! `stagelight annotate`.

use std::process::ExitCode;

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{AnnotateArgs, PageFormat};
use crate::configuration::Overrides;
use crate::output::annotation::Annotation;
use crate::output::{annotate_html, annotate_json, annotate_text};
use crate::workspace;

/// Shows source lines with what they cost.
pub(crate) fn run(args: &AnnotateArgs) -> Result<ExitCode, CommandError> {
    let mut workspace = workspace::load(&args.input.request(Overrides::default()))?;
    let analysis = workspace.host.snapshot();
    let runs = &analysis.evidence().runs;
    if runs.is_empty() {
        tell(&workspace.problems);
        let why = match workspace.empty_globs.first() {
            _ if workspace.logs > 0 => "no event log could be read",
            Some(glob) => &format!("no event log matches {glob}"),
            None => "no event log is given",
        };
        return Err(CommandError::Usage(format!(
            "{why}; name one with --event-log LOG, or under `event-logs` in stagelight.toml (Spark writes them to \
             spark.eventLog.dir where spark.eventLog.enabled is true)"
        )));
    }
    let (problems, notebooks) = (&mut workspace.problems, &workspace.notebooks);
    let annotations: Vec<Annotation<'_>> = runs
        .iter()
        .map(|run| Annotation::new(&analysis, notebooks, run, runs.len(), problems))
        .collect();
    // A rule that failed says so once, not once for each run.
    let mut seen = Vec::new();
    workspace.problems.retain(|problem| {
        let new = !seen.contains(problem);
        seen.push(problem.clone());
        new
    });
    tell(&workspace.problems);
    let file = args.output_file.as_deref();
    match args.output_format {
        PageFormat::Html => write_exact(file, |out, _| annotate_html::write(out, &annotations)),
        PageFormat::Json => write_exact(file, |out, _| annotate_json::write(out, &annotations)),
        PageFormat::Text => write_to(file, |out| annotate_text::write(out, &annotations)),
    }?;
    let failed = workspace.problems.iter().any(|problem| problem.named);
    Ok(ExitCode::from(if failed { 2 } else { 0 }))
}
