//! `stagelight model`.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use analysis::TextLines;
use analysis::evaluation::{Evaluation, EvaluationFile, Limits, evaluate_with};

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{ModelArgs, ReportFormat};
use crate::data_files::{self, SourceText};
use crate::files::display_path;
use crate::output::model::{Model, ModelFile};
use crate::output::position::Positions;
use crate::output::{model_json, model_text};
use crate::problem::{Problem, panic_message};
use crate::workspace::{self, Request, Workspace};

/// Prints what was understood of source files.
pub(crate) fn run(args: &ModelArgs) -> Result<ExitCode, CommandError> {
    let request = Request { paths: args.paths.clone(), ..Request::default() };
    let mut workspace = workspace::load_sources(&request)?;
    let (files, evaluation) = evaluated(&mut workspace);
    tell(&workspace.problems);
    let model = Model { files, evaluation };
    let file = args.output_file.as_deref();
    match args.output_format {
        ReportFormat::Json => write_exact(file, |out, _| model_json::write(out, &model)),
        ReportFormat::Text => write_to(file, |out| model_text::write(out, &model)),
    }?;
    let failed = workspace.problems.iter().any(|problem| problem.named);
    Ok(ExitCode::from(if failed { 2 } else { 0 }))
}

/// The files that are linked, those that nobody named as well, and their evaluation.
fn evaluated(workspace: &mut Workspace) -> (Vec<ModelFile>, Evaluation) {
    let named: HashMap<String, &str> = workspace
        .files
        .iter()
        .map(|file| (crate::linking::key(&file.found.path), file.found.name.as_str()))
        .collect();
    let mut files = Vec::new();
    let mut paths = Vec::new();
    for path in workspace.linker.paths() {
        let (Some(program), Some(source)) =
            (workspace.linker.program(path), workspace.linker.source(path))
        else {
            continue;
        };
        let name = named.get(&**path);
        files.push(ModelFile {
            name: name.map_or_else(|| display_path(Path::new(&**path)), |it| (*it).to_owned()),
            named: name.is_some(),
            program: Arc::clone(program),
            positions: Positions {
                text: Arc::clone(&source.text),
                lines: TextLines::of(&source.text),
                notebook: source.notebook.clone(),
            },
        });
        paths.push(Arc::clone(path));
    }
    let sources: Vec<EvaluationFile<'_>> = paths
        .iter()
        .zip(&files)
        .map(|(path, file)| EvaluationFile { path, program: &file.program })
        .collect();
    let texts: Vec<SourceText<'_>> = paths
        .iter()
        .zip(&files)
        .map(|(path, file)| (&**path, PathBuf::from(&**path), &*file.positions.text))
        .collect();
    let data = data_files::of(&texts);
    let limits = Limits::default();
    let made = catch_unwind(AssertUnwindSafe(|| evaluate_with(&sources, &data, &limits)));
    let evaluation = made.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let message = format!("evaluation failed ({why}); please report it");
        workspace.problems.push(Problem::named("model", message));
        Evaluation::default()
    });
    (files, evaluation)
}
