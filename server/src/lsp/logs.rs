//! Event logs in the background: read, joined with the sources, and looked at again when something was saved.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use analysis::FileState;
use eventlog::Profile;
use rayon::prelude::*;
use tower_lsp_server::ls_types::notification::Progress;
use tower_lsp_server::ls_types::{
    MessageType, ProgressParams, ProgressParamsValue, ProgressToken, WorkDoneProgress,
    WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport,
};

use super::state::{Project, Version};
use super::work::{Outgoing, Server};
use crate::configuration::Configurations;
use crate::files::{self, FoundFile};
use crate::locking::lock;
use crate::log_source::LogFile;
use crate::problem::{Problem, panic_message};
use crate::workspace;

/// An editor that does not answer about progress gets none.
const PATIENCE: Duration = Duration::from_secs(2);

/// No more often than this is progress told.
const REPORTS: Duration = Duration::from_millis(200);

/// What tells one state of a file, or of a rolling log's folder, from another: number of files, bytes, time of the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    files: usize,
    /// Together.
    pub(crate) bytes: u64,
    changed: Option<SystemTime>,
}

/// The present state of a file or folder.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let mut stamp = Stamp::default();
    let Ok(metadata) = std::fs::metadata(path) else { return stamp };
    let mut add = |metadata: &std::fs::Metadata| {
        stamp.files += 1;
        stamp.bytes += if metadata.is_file() { metadata.len() } else { 0 };
        stamp.changed = stamp.changed.max(metadata.modified().ok());
    };
    add(&metadata);
    if metadata.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).for_each(|metadata| add(&metadata));
    }
    stamp
}

/// Attaches the runs that a project's configuration names, where they are not the ones that are attached.
pub(crate) async fn load(server: Arc<Server>, project: Arc<Project>) {
    let _one_at_a_time = project.loading.lock().await;
    // Which lines a run went through is told by programs that know of each other.
    server.state.following.rested().await;
    if project.retired.load(Ordering::SeqCst) || !server.state.session().trusted {
        return;
    }
    let Some((logs, problems)) = in_background(&server, {
        let project = Arc::clone(&project);
        move || named_logs(&project)
    })
    .await
    else {
        return;
    };
    if lock(&project.attached).as_ref() == Some(&logs) {
        return;
    }
    for problem in problems {
        server.tell(Outgoing::Show(MessageType::WARNING, format!("Stagelight: {problem}")));
    }
    let progress =
        if logs.is_empty() { None } else { begin(&server, "Stagelight: reading event logs").await };
    let read = in_background(&server, {
        let (server, project, logs) = (Arc::clone(&server), Arc::clone(&project), logs.clone());
        let progress = progress.clone();
        move || attach(&server, &project, &logs, progress.as_ref())
    })
    .await;
    let runs = read.unwrap_or_default();
    if let Some(token) = progress {
        let message = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
        let end = WorkDoneProgressEnd { message: Some(message) };
        tell_progress(&server, token, WorkDoneProgress::End(end)).await;
    }
    if project.retired.load(Ordering::SeqCst) {
        return;
    }
    *lock(&project.attached) = Some(logs);
    show_again(&server).await;
}

/// After a save: configuration and logs are looked at, and the runs are joined with the sources as they are now.
///
/// Some editors never say that a file has changed on disk, so this does not wait for them to.
pub(crate) async fn saved(server: Arc<Server>, version: Arc<Version>) {
    let changed = in_background(&server, {
        let (server, version) = (Arc::clone(&server), Arc::clone(&version));
        move || server.state.configuration_changed(&version)
    });
    if changed.await == Some(true) {
        reload(&server);
        return;
    }
    let project = in_background(&server, {
        let (server, version) = (Arc::clone(&server), Arc::clone(&version));
        move || server.state.project(&version)
    });
    let Some(project) = project.await else { return };
    if !project.may_have_logs() || !server.state.session().trusted {
        return;
    }
    let before = lock(&project.attached).clone();
    load(Arc::clone(&server), Arc::clone(&project)).await;
    if before.is_none() || *lock(&project.attached) != before {
        return;
    }
    // The same runs, but the code they are about has changed.
    let _one_at_a_time = project.loading.lock().await;
    let joined = in_background(&server, {
        let (server, project) = (Arc::clone(&server), Arc::clone(&project));
        move || server.state.set_evidence(&project, project.joined())
    });
    if joined.await.is_some() {
        show_again(&server).await;
    }
}

/// Reads all configurations anew.
pub(crate) fn reload(server: &Arc<Server>) {
    server.state.forget_projects();
    server.schedule_all();
    server.state.following.search();
    let server = Arc::clone(server);
    tokio::spawn(async move { refresh_hints(&server).await });
}

/// A closed document's file counts again for the runs of its project.
pub(crate) async fn closed(server: Arc<Server>, version: Arc<Version>) {
    in_background(&server.clone(), move || {
        let project = server.state.project(&version);
        project.release(&version);
        let (true, Some(path)) = (project.may_have_logs(), version.path()) else { return };
        let kind = version.kind();
        let found = FoundFile {
            path: path.to_owned(),
            name: crate::files::display_path(path),
            kind,
            named: false,
        };
        let loaded = workspace::load_file(&found, Arc::clone(&project.settings)).ok().flatten();
        let state = loaded.map(|(state, _)| state);
        project.put_files(vec![(path.to_owned(), state)]);
    })
    .await;
}

/// The logs that the configuration names, with their present state, and what is wrong with the others.
fn named_logs(project: &Project) -> (Vec<(PathBuf, Stamp)>, Vec<Problem>) {
    let mut problems = Vec::new();
    // A workspace is no place to be sent elsewhere from: only logs inside it, whatever it says.
    let logs =
        workspace::configured_logs(&project.configuration, false, &mut problems, &mut Vec::new());
    (
        logs.into_iter()
            .map(|log| {
                let stamp = stamp(&log);
                (log, stamp)
            })
            .collect(),
        problems,
    )
}

/// Reads logs and the project's other sources, and joins them. The number of runs attached.
fn attach(
    server: &Arc<Server>,
    project: &Arc<Project>,
    logs: &[(PathBuf, Stamp)],
    progress: Option<&ProgressToken>,
) -> usize {
    let mut profiles: Vec<Arc<Profile>> = Vec::new();
    for (number, (path, stamp)) in logs.iter().enumerate() {
        let label = if logs.len() > 1 {
            format!("{} of {}", number + 1, logs.len())
        } else {
            String::new()
        };
        match read(server, project, path, *stamp, progress, &label) {
            Ok(profile) => profiles.push(profile),
            Err(problem) => {
                server.tell(Outgoing::Show(MessageType::WARNING, format!("Stagelight: {problem}")));
            }
        }
        if project.retired.load(Ordering::SeqCst) {
            return 0;
        }
    }
    let runs = profiles.len();
    if runs > 0 {
        project.put_files(sources(server, project));
    }
    join(server, project, profiles);
    runs
}

/// Joins runs with the project's sources.
pub(crate) fn join(server: &Server, project: &Project, mut profiles: Vec<Arc<Profile>>) {
    // Newest first: it is the one that hovers and hints show.
    profiles.sort_by_key(|profile| std::cmp::Reverse(profile.application.start_ms));
    project.put_profiles(profiles);
    server.state.set_evidence(project, project.joined());
}

/// Reads a log, or what is new in it.
pub(crate) fn read(
    server: &Arc<Server>,
    project: &Arc<Project>,
    path: &Path,
    stamp: Stamp,
    progress: Option<&ProgressToken>,
    label: &str,
) -> Result<Arc<Profile>, Problem> {
    if let Some((known, profile)) = lock(&server.state.logs).get(path)
        && *known == stamp
    {
        return Ok(Arc::clone(profile));
    }
    let log = LogFile::open(path)?;
    let runtime = tokio::runtime::Handle::current();
    let mut told = Instant::now();
    let mut report = |bytes: u64| {
        if project.retired.load(Ordering::SeqCst) {
            return ControlFlow::Break(());
        }
        if let Some(token) = progress
            && told.elapsed() >= REPORTS
        {
            told = Instant::now();
            let percent = (bytes * 100).checked_div(log.bytes()).unwrap_or(0).min(100);
            let separator = if label.is_empty() { "" } else { ", " };
            let message = format!("{label}{separator}{percent} %");
            let report = WorkDoneProgressReport {
                message: Some(message),
                ..WorkDoneProgressReport::default()
            };
            runtime.block_on(tell_progress(
                server,
                token.clone(),
                WorkDoneProgress::Report(report),
            ));
        }
        ControlFlow::Continue(())
    };
    // Taken out: after a panic it is made anew.
    let mut follower = lock(&server.state.growing).remove(path).unwrap_or_default();
    let read = catch_unwind(AssertUnwindSafe(|| {
        let grown = log.advance(&mut follower, &mut report)?;
        if grown.over || !log.can_grow() {
            return follower.finish().map_err(|error| log.problem(error));
        }
        let profile = follower.profile().map_err(|error| log.problem(error));
        lock(&server.state.growing).insert(path.to_owned(), follower);
        profile
    }));
    let profile = read.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        Err(Problem::found(
            crate::files::display_path(path),
            format!("could not be understood ({why}); please report it"),
        ))
    })?;
    let profile = Arc::new(profile);
    lock(&server.state.logs).insert(path.to_owned(), (stamp, Arc::clone(&profile)));
    Ok(profile)
}

/// The sources below a project's folder: the run may have gone through files that nobody has open.
fn sources(server: &Server, project: &Project) -> Vec<(PathBuf, Option<FileState>)> {
    let configurations = Configurations::default();
    let folder = [project.configuration.folder.clone()];
    // A configuration further down that is not understood leaves its files to themselves: the open ones are there anyway.
    let found = files::find(&folder, &configurations, &mut Vec::new(), &|_| {}).unwrap_or_default();
    let load = || loaded(server, project, &configurations, found);
    // Answers wait for the threads that all have in common.
    match rayon::ThreadPoolBuilder::new().stack_size(32 << 20).build() {
        Ok(threads) => threads.install(load),
        Err(_) => load(),
    }
}

fn loaded(
    server: &Server,
    project: &Project,
    configurations: &Configurations,
    found: Vec<files::FoundFile>,
) -> Vec<(PathBuf, Option<FileState>)> {
    found
        .into_par_iter()
        .filter(|found| {
            let own = configurations.for_file(&found.path);
            own.is_ok_and(|own| own.file == project.configuration.file)
        })
        .filter_map(|found| {
            let settings = Arc::clone(&project.settings);
            let state = match server.state.following.program(&found.path) {
                Some((text, program)) => FileState { text, program, settings },
                None => workspace::load_file(&found, settings).ok().flatten()?.0,
            };
            Some((found.path, Some(state)))
        })
        .collect()
}

/// Publishes and shows everything anew.
pub(crate) async fn show_again(server: &Arc<Server>) {
    server.schedule_all();
    refresh_hints(server).await;
}

pub(crate) async fn refresh_hints(server: &Arc<Server>) {
    if server.state.session().client.refresh_hints {
        // Whether the editor likes it changes nothing here.
        let _ = server.client.inlay_hint_refresh().await;
    }
    if server.state.session().client.refresh_lenses {
        let _ = server.client.code_lens_refresh().await;
    }
}

/// Runs in a thread of its own, not among those that answer; a panic is told and gives none.
pub(crate) async fn in_background<T: Send + 'static>(
    server: &Arc<Server>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Some(value),
        Err(failed) => {
            if let Ok(panic) = failed.try_into_panic() {
                let message = format!("work in the background failed: {}", panic_message(&*panic));
                server.tell(Outgoing::Log(MessageType::ERROR, message));
            }
            None
        }
    }
}

pub(crate) async fn begin(server: &Arc<Server>, title: &str) -> Option<ProgressToken> {
    if !server.state.session().client.progress {
        return None;
    }
    let token = server.progress_token();
    let created = server.client.create_work_done_progress(token.clone());
    tokio::time::timeout(PATIENCE, created).await.ok()?.ok()?;
    let begin = WorkDoneProgressBegin {
        title: title.to_owned(),
        cancellable: Some(false),
        ..WorkDoneProgressBegin::default()
    };
    tell_progress(server, token.clone(), WorkDoneProgress::Begin(begin)).await;
    Some(token)
}

pub(crate) async fn tell_progress(
    server: &Arc<Server>,
    token: ProgressToken,
    value: WorkDoneProgress,
) {
    let value = ProgressParamsValue::WorkDone(value);
    server.client.send_notification::<Progress>(ProgressParams { token, value }).await;
}
