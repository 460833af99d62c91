//! Loads what a command works on: source files, their settings, and the logs of runs, into an [`AnalysisHost`].

use std::collections::HashMap;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use analysis::link::Linker;
use analysis::{AnalysisHost, Change, FileState, Settings};
use eventlog::{Profile, TaskTable};
use grammars::notebook::NotebookError;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use program::Alone;
use rayon::prelude::*;

use crate::configuration::{Configuration, ConfigurationError, Configurations, Overrides};
use crate::files::{self, FoundFile, absolute, display_path};
use crate::linking::{self, LinkedSources, Lowering};
use crate::locking::lock;
use crate::log_source::{self, LogFile};
use crate::problem::{Problem, panic_message};
use crate::run_sources;
use crate::source::{NotebookFile, Source, understood};

/// Logs from this size on show their progress on a terminal.
const PROGRESS_BYTES: u64 = 64 << 20;

/// Task attempts that are kept for what changes would save, at 32 bytes each. Of larger runs only the task time is told.
const FORECAST_TASKS: usize = 500_000;

/// What to load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Files and folders; the current directory where there are none.
    pub(crate) paths: Vec<PathBuf>,
    /// Event logs, in place of those that configuration files name.
    pub(crate) event_logs: Vec<PathBuf>,
    /// What stands above the configuration files.
    pub(crate) overrides: Overrides,
    /// Whether configuration files may name logs outside their folders.
    pub(crate) trust: bool,
}

impl Request {
    /// The files and folders to read.
    #[must_use]
    fn paths(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() }
    }
}

/// What was loaded.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Files, runs and the evidence of their join.
    pub(crate) host: AnalysisHost,
    /// What the files say to each other.
    pub(crate) linker: Linker<Source>,
    /// The files, sorted by name.
    pub(crate) files: Vec<LoadedFile>,
    /// Inputs that could not be used.
    pub(crate) problems: Vec<Problem>,
    /// Number of logs that were tried.
    pub(crate) logs: usize,
    /// Globs of configuration files that name logs and match none, as `file:line: glob`.
    pub(crate) empty_globs: Vec<String>,
    /// Those of the files that are notebooks, by name.
    pub(crate) notebooks: Notebooks,
}

/// Notebooks by the name of their file.
pub(crate) type Notebooks = HashMap<String, Arc<NotebookFile>>;

/// A file of a [`Workspace`]. Its text and program are in the host, under its name.
#[derive(Debug, Clone)]
pub(crate) struct LoadedFile {
    /// Its path, name and language.
    pub(crate) found: FoundFile,
    /// The configuration it stands under.
    pub(crate) configuration: Arc<Configuration>,
}

/// Loads source files in parallel, and no logs.
///
/// # Errors
/// A configuration file, or a rule named on the command line, is not understood.
pub(crate) fn load_sources(request: &Request) -> Result<Workspace, ConfigurationError> {
    sources(request, &Configurations::default())
}

/// Loads a workspace: files in parallel, then logs in parallel, then their join.
///
/// # Errors
/// A configuration file, or a rule named on the command line, is not understood.
pub(crate) fn load(request: &Request) -> Result<Workspace, ConfigurationError> {
    let configurations = Configurations::default();
    let mut workspace = sources(request, &configurations)?;
    let logs: Vec<(PathBuf, bool)> = if request.event_logs.is_empty() {
        let mut named = Vec::new();
        for configuration in configurations_with_logs(&workspace, request, &configurations)? {
            let problems = &mut workspace.problems;
            let empty_globs = &mut workspace.empty_globs;
            let logs = configured_logs(&configuration, request.trust, problems, empty_globs);
            named.extend(logs.into_iter().map(|path| (path, false)));
        }
        named
    } else {
        request.event_logs.iter().map(|path| (log_source::named(path), true)).collect()
    };
    workspace.logs = logs.len();
    let (profiles, tasks) = read_logs(&logs, &mut workspace.problems);
    if profiles.is_empty() {
        return Ok(workspace);
    }
    workspace.host.apply(Change { files: Vec::new(), profiles: Some(profiles), tasks });
    let snapshot = workspace.host.snapshot();
    let paths: HashMap<&str, &Path> =
        workspace.files.iter().map(|it| (it.found.name.as_str(), &*it.found.path)).collect();
    let path_of = |name: &str| paths.get(name).map_or_else(|| name.into(), |it| it.to_path_buf());
    match catch_unwind(AssertUnwindSafe(|| run_sources::join(&snapshot, &path_of))) {
        Ok(evidence) => workspace.host.set_evidence(evidence),
        Err(panic) => {
            let why = panic_message(&*panic);
            let message = format!("the join with the source failed ({why}); please report it");
            workspace.problems.push(Problem::named("event logs", message));
        }
    }
    Ok(workspace)
}

/// The configurations of the loaded files, each once; those of the named folders where no file was loaded.
fn configurations_with_logs(
    workspace: &Workspace,
    request: &Request,
    configurations: &Configurations,
) -> Result<Vec<Arc<Configuration>>, ConfigurationError> {
    let mut sources: Vec<Arc<Configuration>> =
        workspace.files.iter().map(|file| Arc::clone(&file.configuration)).collect();
    if sources.is_empty() {
        for path in &request.paths() {
            sources.push(configurations.for_folder(&absolute(path))?);
        }
    }
    sources.sort_by(|left, right| left.file.cmp(&right.file));
    sources.dedup_by(|left, right| left.file == right.file);
    Ok(sources)
}

fn sources(
    request: &Request,
    configurations: &Configurations,
) -> Result<Workspace, ConfigurationError> {
    request.overrides.validate()?;
    let mut problems = Vec::new();
    let lowering = Arc::<Lowering>::default();
    let early = Mutex::new(HashMap::new());
    // What is found is read at once by the threads that search, and parsed by the others, which are idle until then.
    let begin = |found: &FoundFile| {
        // A folder may be searched twice, and its files may have changed since.
        if lock(&early).contains_key(&found.path) {
            return;
        }
        // What panics here does so again below, where that is told.
        let Ok(source) = understood(|| read_source(found)) else { return };
        if let Ok(Some(source)) = &source {
            lowering.begin(&found.path, source);
        }
        lock(&early).insert(found.path.clone(), source);
    };
    let found = files::find(&request.paths(), configurations, &mut problems, &begin)?;
    if found.is_empty() && problems.is_empty() {
        let paths: Vec<String> = request.paths().iter().map(|path| display_path(path)).collect();
        let message =
            "no .py, .scala, .sc or .ipynb file that is not excluded; name another folder";
        problems.push(Problem::found(paths.join(", "), message));
    }
    let mut loaded = Vec::new();
    let mut settings: HashMap<PathBuf, Arc<Settings>> = HashMap::new();
    for found in found {
        let configuration = configurations.for_file(&found.path)?;
        let key = configuration.file.clone().unwrap_or_default();
        let settings = settings
            .entry(key)
            .or_insert_with(|| Arc::new(configuration.settings(&request.overrides)));
        loaded.push((LoadedFile { found, configuration }, Arc::clone(settings)));
    }
    let texts: Vec<Result<Option<Source>, Problem>> = loaded
        .par_iter()
        .map(|(file, _)| {
            let known = lock(&early).remove(&file.found.path);
            // Why a file can't be used is told otherwise where it is named than where it was found.
            known
                .filter(|known| !file.found.named || matches!(known, Ok(Some(_))))
                .unwrap_or_else(|| read_source(&file.found))
        })
        .collect();
    let mut sources = Vec::new();
    let mut read = Vec::new();
    for ((file, settings), source) in loaded.into_iter().zip(texts) {
        match source {
            Ok(Some(source)) => {
                sources.push((file.found.path.clone(), source));
                read.push((file, settings));
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let folders: Vec<PathBuf> =
        request.paths().iter().map(|path| absolute(path)).filter(|it| it.is_dir()).collect();
    let LinkedSources { linker, failures, notes } = linking::link(&sources, &folders, lowering);
    problems.extend(notes);
    let mut change = Change::default();
    let mut files = Vec::new();
    let mut notebooks = Notebooks::new();
    for ((path, source), (file, settings)) in sources.into_iter().zip(read) {
        let key = linking::key(&path);
        let name = file.found.name.clone();
        match linker.program(&key) {
            Some(program) => {
                notebooks.extend(source.notebook.map(|notebook| (name.clone(), notebook)));
                let program = Arc::clone(program);
                change.files.push((name, Some(FileState { text: source.text, program, settings })));
                files.push(file);
            }
            None => {
                let message = failures.get(&key).cloned().unwrap_or_default();
                problems.push(Problem { path: name, message, named: file.found.named });
            }
        }
    }
    let mut host = AnalysisHost::new(rules::ALL);
    host.apply(change);
    Ok(Workspace { host, linker, files, problems, logs: 0, empty_globs: Vec::new(), notebooks })
}

/// A file's state, with the notebook that it is if it is one.
pub(crate) type Loaded = (FileState, Option<Arc<NotebookFile>>);

/// Reads a file. None for a notebook in another language that nobody asked for.
///
/// # Errors
/// It can't be read, is not UTF-8, or is not the notebook that its ending promises.
pub(crate) fn read_source(found: &FoundFile) -> Result<Option<Source>, Problem> {
    let failed =
        |message: String| Problem { path: found.name.clone(), message, named: found.named };
    match Source::new(found.kind, files::read_text(found)?) {
        Ok(source) => Ok(Some(source)),
        Err(NotebookError::Language(_)) if !found.named => Ok(None),
        Err(error @ NotebookError::Language(_)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(format!("{error}; mend it or exclude it"))),
    }
}

/// Reads and lowers a file, taken for itself. None for a notebook in another language that nobody asked for.
///
/// # Errors
/// It can't be read, is not UTF-8, is not the notebook that its ending promises, or its lowering failed.
pub(crate) fn load_file(
    found: &FoundFile,
    settings: Arc<Settings>,
) -> Result<Option<Loaded>, Problem> {
    let Some(source) = read_source(found)? else { return Ok(None) };
    let program = source.program(&Alone).map_err(|message| Problem {
        path: found.name.clone(),
        message,
        named: found.named,
    })?;
    let program = Arc::new(program);
    Ok(Some((FileState { text: source.text, program, settings }, source.notebook)))
}

/// The logs that a configuration names: of each glob the run that started last. Logs outside the configuration's folder are refused unless
/// trusted, and logs on other machines always.
pub(crate) fn configured_logs(
    configuration: &Configuration,
    trust: bool,
    problems: &mut Vec<Problem>,
    empty_globs: &mut Vec<String>,
) -> Vec<PathBuf> {
    let mut logs = Vec::new();
    let file = configuration.name();
    let inside = std::fs::canonicalize(&configuration.folder).ok();
    for (pattern, line) in &configuration.event_logs {
        let place = format!("{file}:{line}");
        if log_source::is_remote(pattern) {
            let message = format!(
                "the event log `{pattern}` lies on another machine; copy it here and name the copy"
            );
            problems.push(Problem::named(place, message));
            continue;
        }
        let mut matches = match log_source::expand(&configuration.folder, pattern) {
            Ok(matches) => matches,
            Err(error) => {
                let message = format!("`{pattern}` is not a glob ({})", error.kind());
                problems.push(Problem::named(place, message));
                continue;
            }
        };
        matches.retain(|path| path.exists());
        if matches.is_empty() {
            empty_globs.push(format!("{place}: {pattern}"));
            continue;
        }
        let before = matches.len();
        if !trust {
            // Links are followed first: a link inside the folder may lead out of it.
            matches.retain(|path| {
                let path = std::fs::canonicalize(path).ok();
                matches!((&inside, path), (Some(inside), Some(path)) if path.starts_with(inside))
            });
        }
        if matches.len() < before {
            let message = format!(
                "the event log `{pattern}` lies outside {}; pass --trust, or name it with --event-log",
                display_path(&configuration.folder)
            );
            problems.push(Problem::named(place, message));
        }
        logs.extend(newest(matches));
    }
    logs.sort();
    logs.dedup();
    logs
}

/// The log whose application started last; the last by name where none says.
fn newest(logs: Vec<PathBuf>) -> Option<PathBuf> {
    if logs.len() < 2 {
        return logs.into_iter().next();
    }
    let starts: Vec<Option<i64>> = logs
        .par_iter()
        .map(|path| {
            catch_unwind(AssertUnwindSafe(|| LogFile::open(path).ok()?.start_ms())).ok().flatten()
        })
        .collect();
    logs.into_iter()
        .zip(starts)
        .max_by_key(|(path, start)| (*start, path.clone()))
        .map(|(path, _)| path)
}

/// Runs, and the task attempts of those that have not too many.
pub(crate) type ReadRuns = (Vec<Arc<Profile>>, Vec<(Arc<Profile>, Arc<TaskTable>)>);

/// Reads logs in parallel; newest application first. The flag tells those that the command line names: the command fails where one is not a
/// log.
pub(crate) fn read_logs(logs: &[(PathBuf, bool)], problems: &mut Vec<Problem>) -> ReadRuns {
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let read: Vec<Result<(Profile, Option<TaskTable>), Problem>> = logs
        .par_iter()
        .map(|(path, named)| {
            read_log_for_forecasts(path, &bars)
                .map_err(|problem| Problem { named: *named, ..problem })
        })
        .collect();
    let (mut profiles, mut tasks) = (Vec::new(), Vec::new());
    for profile in read {
        match profile {
            Ok((profile, table)) => {
                problems.extend(cut(&profile));
                let profile = Arc::new(profile);
                tasks.extend(table.map(|it| (Arc::clone(&profile), Arc::new(it))));
                profiles.push(profile);
            }
            Err(problem) => problems.push(problem),
        }
    }
    profiles.sort_by(|left, right| {
        let key = |profile: &Profile| (profile.application.start_ms, profile.source.clone());
        key(right).cmp(&key(left))
    });
    // The same run may be named twice, as a file and through a glob.
    let mut seen = Vec::new();
    profiles.retain(|profile| {
        let key = (
            profile.application.id.clone(),
            profile.application.attempt_id.clone(),
            profile.application.start_ms,
        );
        let new = key.0.is_empty() || !seen.contains(&key);
        seen.push(key);
        new
    });
    (profiles, tasks)
}

/// Reads logs that the command line names, in parallel and in their order; none where one of them is no log.
pub(crate) fn read_named_logs(
    logs: &[PathBuf],
    problems: &mut Vec<Problem>,
) -> Option<Vec<Arc<Profile>>> {
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let read: Vec<Result<Profile, Problem>> =
        logs.par_iter().map(|path| read_log(path, &bars)).collect();
    let mut profiles = Vec::new();
    for profile in read {
        match profile {
            Ok(profile) => {
                problems.extend(cut(&profile));
                profiles.push(Arc::new(profile));
            }
            Err(problem) => problems.push(Problem { named: true, ..problem }),
        }
    }
    (profiles.len() == logs.len()).then_some(profiles)
}

/// Reads a log that the command line names, with its task attempts as long as there are no more than `limit`; none where it is no log.
pub(crate) fn read_log_with_tasks(
    path: &Path,
    limit: usize,
    problems: &mut Vec<Problem>,
) -> Option<(Profile, Option<TaskTable>)> {
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let read = with_progress(path, &bars, |log, progress| log.profile_with_tasks(limit, progress));
    match read {
        Ok((profile, tasks)) => {
            problems.extend(cut(&profile));
            Some((profile, tasks))
        }
        Err(problem) => {
            problems.push(Problem { named: true, ..problem });
            None
        }
    }
}

/// What is said of a log that is cut.
fn cut(profile: &Profile) -> Option<Problem> {
    let what = profile.quality.truncated.as_ref()?;
    let message = format!(
        "the log is cut ({what}); what it holds until there is used; copy it again if the run has ended"
    );
    Some(Problem::found(profile.source.clone(), message))
}

fn read_log(path: &Path, bars: &MultiProgress) -> Result<Profile, Problem> {
    with_progress(path, bars, |log, progress| log.profile(progress))
}

fn read_log_for_forecasts(
    path: &Path,
    bars: &MultiProgress,
) -> Result<(Profile, Option<TaskTable>), Problem> {
    with_progress(path, bars, |log, progress| log.profile_with_tasks(FORECAST_TASKS, progress))
}

fn with_progress<T>(
    path: &Path,
    bars: &MultiProgress,
    read: impl FnOnce(&LogFile, &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let log = LogFile::open(path)?;
    let bar = if log.bytes() > PROGRESS_BYTES && std::io::stderr().is_terminal() {
        let bar = bars.add(ProgressBar::new(log.bytes()));
        let template = "reading {msg} {bar:30} {bytes} of {total_bytes}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let name = display_path(path);
        bar.set_message(crate::output::terminal::sanitize(&name).into_owned());
        Some(bar)
    } else {
        None
    };
    let mut progress = |read: u64| {
        if let Some(bar) = &bar {
            bar.set_position(read);
        }
        ControlFlow::Continue(())
    };
    let profile = catch_unwind(AssertUnwindSafe(|| read(&log, &mut progress)));
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    profile.unwrap_or_else(|panic| {
        let message =
            format!("could not be understood ({}); please report it", panic_message(&*panic));
        Err(Problem::named(display_path(path), message))
    })
}
