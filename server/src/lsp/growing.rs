//! Logs of applications that run still: looked at again and again, read on where they have grown, and joined with the sources anew.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use eventlog::Profile;

use super::logs::{self, Stamp, in_background, stamp};
use super::state::Project;
use super::work::Server;
use crate::locking::lock;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Reading on and joining take at most one part in so many of the time.
const SHARE: u32 = 10;

/// What became of a project's logs.
enum Seen {
    Same,
    /// One is gone: it was renamed when its application ended, or is to be looked for.
    Gone,
    /// The logs with their present state.
    Grown(Vec<(PathBuf, Stamp)>),
}

/// Follows the attached logs as long as the server lives.
pub(crate) async fn watch(server: Weak<Server>) {
    let mut pause = PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let Some(server) = server.upgrade() else { return };
        let begun = Instant::now();
        for project in server.state.projects_with_runs() {
            look(&server, &project).await;
        }
        pause = PAUSE.max(begun.elapsed() * SHARE);
    }
}

async fn look(server: &Arc<Server>, project: &Arc<Project>) {
    let seen = in_background(server, {
        let (server, project) = (Arc::clone(server), Arc::clone(project));
        move || seen(&server, &project)
    });
    match seen.await {
        None | Some(Seen::Same) => {}
        Some(Seen::Gone) => logs::load(Arc::clone(server), Arc::clone(project)).await,
        Some(Seen::Grown(logs)) => {
            let _one_at_a_time = project.loading.lock().await;
            if project.retired.load(Ordering::SeqCst) {
                return;
            }
            let joined = in_background(server, {
                let (server, project, logs) =
                    (Arc::clone(server), Arc::clone(project), logs.clone());
                move || join(&server, &project, &logs)
            });
            *lock(&project.attached) = Some(logs);
            if joined.await == Some(true) {
                logs::show_again(server).await;
            }
        }
    }
}

/// Compares the logs of applications that had not ended with what they were.
fn seen(server: &Server, project: &Project) -> Seen {
    let Some(before) = lock(&project.attached).clone() else { return Seen::Same };
    let mut now = Vec::new();
    for (path, known) in &before {
        let ended = lock(&server.state.logs)
            .get(path)
            .is_some_and(|(_, profile)| profile.quality.has_application_end);
        let present = if ended { *known } else { stamp(path) };
        if present == Stamp::default() {
            return Seen::Gone;
        }
        now.push((path.clone(), present));
    }
    if now == before { Seen::Same } else { Seen::Grown(now) }
}

/// Reads on. Whether there is anything to show.
fn join(server: &Arc<Server>, project: &Arc<Project>, logs: &[(PathBuf, Stamp)]) -> bool {
    // One that cannot be read was told when it was attached, or is only just begun.
    let read = logs.iter().map(|(path, stamp)| logs::read(server, project, path, *stamp, None, ""));
    let profiles: Vec<Arc<Profile>> = read.flatten().collect();
    if profiles.is_empty() || project.retired.load(Ordering::SeqCst) {
        return false;
    }
    logs::join(server, project, profiles);
    true
}
