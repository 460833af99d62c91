//! `stagelight model`.

use std::process::ExitCode;

use anstyle::{AnsiColor, Effects, Style};

use super::{CommandError, tell, write_to};
use crate::cli::ModelArgs;
use crate::output::annotation::positions;
use crate::output::report::counted;
use crate::output::terminal::sanitize;
use crate::workspace::{self, Request};

/// Prints what was understood of source files.
pub(crate) fn run(args: &ModelArgs) -> Result<ExitCode, CommandError> {
    let request = Request { paths: args.paths.clone(), ..Request::default() };
    let workspace = workspace::load_sources(&request)?;
    tell(&workspace.problems);
    let analysis = workspace.host.snapshot();
    let bold = Style::new().effects(Effects::BOLD);
    let dim = AnsiColor::BrightBlack.on_default();
    write_to(None, |out| {
        for file in &workspace.files {
            let name = &file.found.name;
            let Some(source) = analysis.file(name) else { continue };
            writeln!(out, "{bold}{}{bold:#}", sanitize(name))?;
            for line in source.program.to_text().lines() {
                writeln!(out, "  {}", sanitize(line))?;
            }
            let at = positions(source, &workspace.notebooks, name);
            let left_out = at.notebook.as_ref().map_or(0, |it| it.notebook().left_out());
            if left_out > 0 {
                let cells = counted(left_out, "cell");
                writeln!(out, "  {dim}{cells} in other languages left out{dim:#}")?;
            }
            if source.program.syntax_errors > 0 {
                writeln!(out, "  {dim}{} syntax errors{dim:#}", source.program.syntax_errors)?;
            }
            for unresolved in &source.program.unresolved {
                let (place, span) = at.shown("", unresolved.range);
                writeln!(
                    out,
                    "  {dim}unresolved {} at {}{}:{}: {:?}{dim:#}",
                    sanitize(&unresolved.method),
                    place.strip_prefix(':').map(|cell| format!("{cell}:")).unwrap_or_default(),
                    span.line,
                    span.column,
                    unresolved.reason
                )?;
            }
            writeln!(out)?;
        }
        Ok(())
    })?;
    let failed = workspace.problems.iter().any(|problem| problem.named);
    Ok(ExitCode::from(if failed { 2 } else { 0 }))
}
