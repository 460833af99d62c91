//! Lowers the files of a workspace for the first time, each as soon as it is prepared and what it imports is lowered.
//!
//! Going level by level, as a run does, most threads wait for the largest file of each level. Here they do not, but what a file is told may then
//! depend on which files happen to be through. So nothing is decided here: lowerings are remembered with what they were told, and the run that
//! follows takes those that would have been told the same.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rayon::Scope;
use rustc_hash::FxHashMap;

use super::linker::{Entry, Lower, Memo, Settled, lowered_file};
use super::order::Order;

/// A file that is to be lowered.
struct Job<'f, S> {
    file: &'f Arc<str>,
    entry: &'f Entry<S>,
    /// The files that wait for it.
    waiting: Vec<usize>,
    /// How many files it waits for, and one more until it is prepared.
    open: AtomicUsize,
    /// How much work hangs on it, its own included, in units of [`Lower::size`].
    urgency: usize,
    size: usize,
}

/// What is to be done for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Prepare,
    Lower,
}

/// How many times as long it takes to prepare a file as to lower it, about.
const PREPARING: usize = 2;

/// The state that all threads share.
struct Ahead<'f, S> {
    jobs: Vec<Job<'f, S>>,
    settled: RwLock<Settled>,
    /// Steps that wait for nothing, the most urgent on top: by the work that hangs on them, and their job.
    ready: Mutex<BinaryHeap<(usize, Step, usize)>>,
    made: Mutex<Vec<(Arc<str>, Memo)>>,
    lower: &'f dyn Lower<S>,
    cancelled: &'f (dyn Fn() -> bool + Sync),
}

/// A lowering of each of these files, in any order. `settled` is where the run begins.
pub(super) fn lowered_ahead<'f, S>(
    files: impl Iterator<Item = (&'f Arc<str>, &'f Entry<S>)>,
    order: &Order,
    settled: Settled,
    lower: &dyn Lower<S>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Vec<(Arc<str>, Memo)>
where
    S: Send + Sync + 'f,
{
    let ahead = Ahead {
        jobs: jobs(files, order, lower),
        settled: RwLock::new(settled),
        ready: Mutex::default(),
        made: Mutex::default(),
        lower,
        cancelled,
    };
    rayon::scope(|scope| {
        let all = ahead.jobs.iter().enumerate();
        let all = all.map(|(at, job)| (job.urgency + PREPARING * job.size, Step::Prepare, at));
        lock(&ahead.ready).extend(all);
        // Each takes the most urgent step there is by then.
        for _ in &ahead.jobs {
            scope.spawn(|scope| ahead.next(scope));
        }
    });
    ahead.made.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Send + Sync> Ahead<'_, S> {
    fn next<'s>(&'s self, scope: &Scope<'s>) {
        let Some((_, step, at)) = lock(&self.ready).pop() else { return };
        let Some(job) = self.jobs.get(at).filter(|_| !(self.cancelled)()) else { return };
        if step == Step::Prepare {
            self.lower.prepare(job.file, &job.entry.source);
            self.close(at, scope);
            return;
        }
        let made = lowered_file(
            job.file,
            job.entry,
            &|question, consulted| {
                let settled = self.settled.read().unwrap_or_else(PoisonError::into_inner);
                settled.ask(job.file, question, consulted)
            },
            self.lower,
        );
        if let Some((memo, _)) = made {
            let mut settled = self.settled.write().unwrap_or_else(PoisonError::into_inner);
            settled.world.set(job.file, &memo.summary);
            drop(settled);
            lock(&self.made).push((Arc::clone(job.file), memo));
        }
        for &waiting in &job.waiting {
            self.close(waiting, scope);
        }
    }

    /// Something that a job waits for is done.
    fn close<'s>(&'s self, at: usize, scope: &Scope<'s>) {
        let Some(job) = self.jobs.get(at) else { return };
        if job.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            lock(&self.ready).push((job.urgency, Step::Lower, at));
            scope.spawn(|scope| self.next(scope));
        }
    }
}

fn jobs<'f, S: 'f>(
    files: impl Iterator<Item = (&'f Arc<str>, &'f Entry<S>)>,
    order: &Order,
    lower: &dyn Lower<S>,
) -> Vec<Job<'f, S>> {
    let entries: FxHashMap<&str, (&Arc<str>, &Entry<S>)> =
        files.map(|(file, entry)| (file.as_ref(), (file, entry))).collect();
    let mut jobs: Vec<Job<'f, S>> = Vec::with_capacity(entries.len());
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
    for level in &order.levels {
        // A file waits for what it imports from lower levels; what else it imports is part of a cycle.
        let below = jobs.len();
        for name in level {
            let Some(&(file, entry)) = entries.get(name.as_ref()) else { continue };
            let at = jobs.len();
            let mut open = 1;
            for imported in order.imports.get(name).into_iter().flatten() {
                if let Some(&place) = places.get(imported.as_ref())
                    && place < below
                    && let Some(job) = jobs.get_mut(place)
                {
                    job.waiting.push(at);
                    open += 1;
                }
            }
            places.insert(file, at);
            let size = lower.size(&entry.source).max(1);
            jobs.push(Job {
                file,
                entry,
                waiting: Vec::new(),
                open: AtomicUsize::new(open),
                urgency: size,
                size,
            });
        }
    }
    for at in (0..jobs.len()).rev() {
        let most = jobs[at].waiting.iter().map(|&waiting| jobs[waiting].urgency).max();
        jobs[at].urgency += most.unwrap_or(0);
    }
    jobs
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
