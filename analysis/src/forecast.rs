//! What a run would have taken if a finding had been mended: by the replay that diagnoses are priced by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use diagnosis::{Change, Replay};
use eventlog::{Profile, TaskTable};

/// The replay of a run, made when something is first asked of it. Empty where the tasks of the run are not known.
#[derive(Debug, Clone, Default)]
pub struct Forecast(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    profile: Arc<Profile>,
    tasks: Arc<TaskTable>,
    /// None where the unchanged run can't be replayed well.
    replay: OnceLock<Option<Replay<'static>>>,
    known: Mutex<BTreeMap<Vec<Change>, Option<u64>>>,
}

impl Forecast {
    /// The forecast of a run with these tasks.
    #[must_use]
    pub fn new(profile: &Arc<Profile>, tasks: &Arc<TaskTable>) -> Self {
        Self(Some(Arc::new(Inner {
            profile: Arc::clone(profile),
            tasks: Arc::clone(tasks),
            replay: OnceLock::new(),
            known: Mutex::default(),
        })))
    }

    /// Wall time of the application in milliseconds that changes save together, those left out that can't be made. None where none of them can
    /// be made, where they save nothing, or where the run can't be replayed.
    #[must_use]
    pub fn saving_ms(&self, changes: &[Change]) -> Option<u64> {
        let inner = self.0.as_ref().filter(|_| !changes.is_empty())?;
        let known = || inner.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(changes) {
            return *known;
        }
        let saving = inner.predict(changes).filter(|&it| it > 0);
        known().insert(changes.to_vec(), saving);
        saving
    }
}

impl Inner {
    fn predict(&self, changes: &[Change]) -> Option<u64> {
        let replay = self.replay.get_or_init(|| {
            let replay = Replay::shared(Arc::clone(&self.profile), (*self.tasks).clone());
            replay.fit().is_good().then_some(replay)
        });
        let replay = replay.as_ref()?;
        let alone: Vec<(Change, u64)> =
            changes.iter().filter_map(|&it| Some((it, replay.saving_ms(&[it])?))).collect();
        if alone.len() < 2 {
            return alone.first().map(|it| it.1);
        }
        let all: Vec<Change> = alone.iter().map(|it| it.0).collect();
        // One may leave nothing for another to save.
        replay.saving_ms(&all).or_else(|| alone.iter().map(|it| it.1).max())
    }
}
