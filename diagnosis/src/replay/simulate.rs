//! List scheduling (Graham 1966) of a [`Plan`]: whenever a slot is free, the next task of the first stage that has one takes it, as Spark's
//! `TaskSchedulerImpl` does with the order of `FIFOSchedulingAlgorithm` or, roughly, `FairSchedulingAlgorithm`.

use super::attempts::{Attempts, attempts};
use super::plan::{Anchor, Plan, Work};
use eventlog::TaskRun;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

/// With more stages than these at once a fair share is not worked out.
const FAIR_STAGES: usize = 64;

/// What a simulation gave, milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Times {
    /// From the application's start to its end.
    pub(super) application_ms: u64,
    /// Time in which at least one job ran.
    pub(super) job_ms: u64,
    /// Σ of the time that tasks held slots.
    pub(super) task_ms: u64,
    /// Σ cores × time that executors were there.
    pub(super) core_ms: u64,
    /// Submission, first launch and completion of each stage attempt.
    pub(super) units: Vec<(u64, u64, u64)>,
    /// Slots had to be made up since the cluster had none left.
    pub(super) starved: bool,
}

/// What happens, in the order in which things of one time are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Cluster(usize),
    /// A slot is free again; of a task that ends at the same time it is not said apart.
    SlotFree,
    /// A task ends, and whether its slot is free with it.
    TaskEnd(usize, usize, bool),
    UnitEnd(usize),
    JobEnd(usize),
    JobSubmission(usize),
    UnitSubmission(usize),
    UnitReady(usize),
    /// A task that waited for another one may be launched.
    Release(usize, usize),
}

/// A stage attempt on its way.
#[derive(Debug, Default)]
struct Progress {
    waits: usize,
    /// The next task that waits for nothing.
    next: usize,
    /// Tasks whose earlier attempt is over.
    released: VecDeque<usize>,
    running: usize,
    /// Tasks whose end the stage waits for.
    needed: usize,
    attempts: Option<Attempts>,
    submitted: u64,
    launched: Option<u64>,
    ended: Option<u64>,
}

struct Simulation<'a> {
    plan: &'a Plan,
    table: &'a [TaskRun],
    now: u64,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    units: Vec<Progress>,
    /// Stage attempts with tasks to launch, first come first.
    pending: BTreeSet<(usize, u64, usize)>,
    busy: u64,
    executors: i64,
    cores: i64,
    slots: u64,
    job_units: Vec<usize>,
    units_of_job: Vec<Vec<usize>>,
    job_submitted: Vec<bool>,
    job_ended: Vec<bool>,
    /// By order: how many from the front have ended, and who waits for how many.
    ended_front: Vec<usize>,
    job_waiters: Vec<VecDeque<(usize, usize)>>,
    followers: Vec<Vec<usize>>,
    anchored: FxHashMap<Anchor, Vec<usize>>,
    /// Some of them go with a task.
    loses_executors: bool,
    active_jobs: usize,
    /// Jobs and stage attempts that have not ended.
    left: usize,
    times: Times,
}

/// Replays a plan.
pub(super) fn simulate(plan: &Plan, table: &[TaskRun]) -> Times {
    let mut simulation = Simulation::new(plan, table);
    simulation.run();
    simulation.finish()
}

impl<'a> Simulation<'a> {
    fn new(plan: &'a Plan, table: &'a [TaskRun]) -> Self {
        let mut followers = vec![Vec::new(); plan.units.len()];
        let mut units_of_job = vec![Vec::new(); plan.jobs.len()];
        let mut units = Vec::with_capacity(plan.units.len());
        for (at, unit) in plan.units.iter().enumerate() {
            for &before in &unit.waits_for {
                followers[before].push(at);
            }
            if let Some(job) = unit.job {
                units_of_job[job].push(at);
            }
            units.push(Progress {
                waits: unit.waits_for.len() + usize::from(unit.job.is_some()),
                ..Progress::default()
            });
        }
        let mut job_waiters: Vec<Vec<(usize, usize)>> = vec![Vec::new(); plan.orders.len()];
        for (job, waits) in plan.jobs.iter().enumerate() {
            job_waiters[waits.waits_for.0].push((waits.waits_for.1, job));
        }
        let job_waiters = job_waiters
            .into_iter()
            .map(|mut waiters| {
                waiters.sort_unstable();
                waiters.into()
            })
            .collect();
        let mut anchored: FxHashMap<Anchor, Vec<usize>> = FxHashMap::default();
        for (at, event) in plan.cluster.events.iter().enumerate() {
            anchored.entry(event.anchor).or_default().push(at);
        }
        Self {
            plan,
            table,
            now: 0,
            events: BinaryHeap::new(),
            pending: BTreeSet::new(),
            busy: 0,
            executors: 0,
            cores: 0,
            slots: 0,
            job_units: units_of_job.iter().map(Vec::len).collect(),
            units_of_job,
            job_submitted: vec![false; plan.jobs.len()],
            job_ended: vec![false; plan.jobs.len()],
            ended_front: vec![0; plan.orders.len()],
            job_waiters,
            followers,
            loses_executors: anchored.keys().any(|anchor| matches!(anchor, Anchor::Task(..))),
            anchored,
            active_jobs: 0,
            left: plan.jobs.len() + plan.units.len(),
            times: Times { units: vec![(0, 0, 0); units.len()], ..Times::default() },
            units,
        }
    }

    fn at(&mut self, time: u64, event: Event) {
        self.events.push(Reverse((time, event)));
    }

    fn run(&mut self) {
        self.anchor(Anchor::Start);
        for order in 0..self.plan.orders.len() {
            self.release_jobs(order);
        }
        for unit in 0..self.units.len() {
            if self.units[unit].waits == 0 {
                self.at(self.plan.units[unit].delay_ms, Event::UnitSubmission(unit));
            }
        }
        while self.left > 0 {
            while self.left > 0
                && let Some(Reverse((time, event))) = self.events.pop()
            {
                self.advance(time);
                self.take(event);
                self.launch(matches!(event, Event::TaskEnd(..) | Event::SlotFree));
            }
            if self.left == 0 || self.pending.is_empty() {
                break;
            }
            // The cluster is gone and will not come back, but there is work: the log does not tell who did it.
            let peak = self.plan.cluster.peak_cores / self.plan.cluster.cores_per_task.max(1);
            self.slots = self.slots.max(peak).max(1);
            self.times.starved = true;
            self.launch(false);
        }
    }

    /// Lets time pass, and counts what it costs.
    fn advance(&mut self, time: u64) {
        let passed = time.saturating_sub(self.now);
        let cores = self.plan.cluster.cores(self.executors, self.cores);
        self.times.core_ms = self.times.core_ms.saturating_add(cores.saturating_mul(passed));
        if self.active_jobs > 0 {
            self.times.job_ms = self.times.job_ms.saturating_add(passed);
        }
        self.now = self.now.max(time);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Cluster(at) => {
                let event = self.plan.cluster.events[at];
                self.executors = self.executors.saturating_add(event.executors);
                self.cores = self.cores.saturating_add(event.cores);
                if !self.times.starved {
                    let cluster = &self.plan.cluster;
                    self.slots = match cluster.cores {
                        // Cores of an executor that no task fits into are idle.
                        Some(each) => {
                            let executors = cluster.cores(self.executors, self.cores) / each.max(1);
                            executors.saturating_mul(each / cluster.cores_per_task.max(1))
                        }
                        None => {
                            cluster.cores(self.executors, self.cores)
                                / cluster.cores_per_task.max(1)
                        }
                    };
                }
            }
            Event::JobSubmission(job) => self.submit_job(job),
            Event::JobEnd(job) => self.end_job(job),
            Event::UnitSubmission(unit) => self.submit_unit(unit),
            Event::UnitReady(unit) => self.ready(unit),
            Event::UnitEnd(unit) => self.end_unit(unit),
            Event::Release(unit, task) => self.release(unit, task),
            Event::TaskEnd(unit, task, frees) => {
                self.busy = self.busy.saturating_sub(u64::from(frees));
                self.end_task(unit, task);
            }
            Event::SlotFree => self.busy = self.busy.saturating_sub(1),
        }
    }

    fn key(&self, unit: usize) -> (usize, u64, usize) {
        let planned = &self.plan.units[unit];
        (planned.job.unwrap_or(0), planned.stage_id, unit)
    }

    fn anchor(&mut self, anchor: Anchor) {
        for at in self.anchored.remove(&anchor).unwrap_or_default() {
            match self.plan.cluster.events[at].after_ms {
                // Before a slot is given away that goes with it.
                0 => self.take(Event::Cluster(at)),
                after => self.at(self.now.saturating_add(after), Event::Cluster(at)),
            }
        }
    }

    /// Lets the driver go on where all that a job waits for has ended.
    fn release_jobs(&mut self, order: usize) {
        let plan = self.plan;
        let list = &plan.orders[order];
        let front = &mut self.ended_front[order];
        while list.get(*front).is_some_and(|&job| self.job_ended[job]) {
            *front += 1;
        }
        let front = *front;
        while let Some(&(count, job)) = self.job_waiters[order].front()
            && count <= front
        {
            self.job_waiters[order].pop_front();
            let time = self.now.saturating_add(plan.jobs[job].delay_ms);
            self.at(time, Event::JobSubmission(job));
        }
    }

    fn submit_job(&mut self, job: usize) {
        self.job_submitted[job] = true;
        self.active_jobs += 1;
        self.anchor(Anchor::Submission(job));
        if self.job_units[job] == 0 {
            let time = self.now.saturating_add(self.plan.jobs[job].end_delay_ms);
            self.at(time, Event::JobEnd(job));
        }
        for unit in std::mem::take(&mut self.units_of_job[job]) {
            self.one_less(unit);
        }
    }

    fn end_job(&mut self, job: usize) {
        self.active_jobs = self.active_jobs.saturating_sub(1);
        self.job_ended[job] = true;
        self.times.application_ms = self.now;
        self.anchor(Anchor::End(job));
        self.left = self.left.saturating_sub(1);
        self.release_jobs(0);
        let own = self.plan.jobs[job].order_of_execution;
        if own > 0 {
            self.release_jobs(own);
        }
    }

    /// A stage attempt waits for one thing less.
    fn one_less(&mut self, unit: usize) {
        self.units[unit].waits = self.units[unit].waits.saturating_sub(1);
        if self.units[unit].waits == 0 {
            let planned = &self.plan.units[unit];
            let delay = if planned.dropped { 0 } else { planned.delay_ms };
            self.at(self.now.saturating_add(delay), Event::UnitSubmission(unit));
        }
    }

    fn submit_unit(&mut self, unit: usize) {
        let plan = self.plan;
        let planned = &plan.units[unit];
        let tasks = planned.work.tasks(self.table);
        self.units[unit].submitted = self.now;
        if planned.dropped {
            self.at(self.now, Event::UnitEnd(unit));
            return;
        }
        let in_time = |task: &TaskRun| match planned.work {
            Work::Edited(_) => true,
            Work::Logged(_) => planned.waits_for_end_of(task),
        };
        let needed = tasks.iter().filter(|task| in_time(task)).count();
        if needed == 0 {
            // Cancelled before any task ended: those that run hold their slots on.
            let time = self.now.saturating_add(planned.end_delay_ms + planned.extra_ms);
            self.at(time, Event::UnitEnd(unit));
            if tasks.is_empty() {
                return;
            }
        }
        self.units[unit].needed = needed;
        self.units[unit].attempts = attempts(tasks);
        self.at(self.now.saturating_add(planned.launch_delay_ms), Event::UnitReady(unit));
    }

    fn ready(&mut self, unit: usize) {
        if self.units[unit].ended.is_none() {
            self.pending.insert(self.key(unit));
        }
    }

    fn end_unit(&mut self, unit: usize) {
        let progress = &mut self.units[unit];
        progress.ended = Some(self.now);
        self.left = self.left.saturating_sub(1);
        progress.attempts = None;
        let launched = progress.launched.unwrap_or(progress.submitted);
        self.times.units[unit] = (progress.submitted, launched, self.now);
        self.times.application_ms = self.now;
        self.pending.remove(&self.key(unit));
        for follower in std::mem::take(&mut self.followers[unit]) {
            self.one_less(follower);
        }
        if let Some(job) = self.plan.units[unit].job {
            self.job_units[job] = self.job_units[job].saturating_sub(1);
            if self.job_units[job] == 0 {
                let time = self.now.saturating_add(self.plan.jobs[job].end_delay_ms);
                self.at(time, Event::JobEnd(job));
            }
        }
    }

    fn release(&mut self, unit: usize, task: usize) {
        let progress = &mut self.units[unit];
        if progress.ended.is_none() {
            progress.released.push_back(task);
            self.pending.insert(self.key(unit));
        }
    }

    fn end_task(&mut self, unit: usize, task: usize) {
        let plan = self.plan;
        let planned = &plan.units[unit];
        let progress = &mut self.units[unit];
        progress.running = progress.running.saturating_sub(1);
        if matches!(planned.work, Work::Logged(_)) && self.loses_executors {
            self.anchor(Anchor::Task(unit, task));
        }
        let progress = &mut self.units[unit];
        if progress.ended.is_some() {
            return;
        }
        let follower =
            progress.attempts.as_ref().and_then(|attempts| attempts.after_end.get(&task).copied());
        let tasks = planned.work.tasks(self.table);
        let counts = matches!(planned.work, Work::Edited(_))
            || tasks.get(task).is_some_and(|task| planned.waits_for_end_of(task));
        if counts {
            progress.needed = progress.needed.saturating_sub(1);
            if progress.needed == 0 {
                let time = self.now.saturating_add(planned.end_delay_ms + planned.extra_ms);
                self.at(time, Event::UnitEnd(unit));
            }
        }
        if let Some(follower) = follower {
            self.release(unit, follower);
        }
    }

    /// Gives the free slots to tasks. `reused` says that a slot comes from a task that has just ended.
    fn launch(&mut self, reused: bool) {
        while self.busy < self.slots {
            let Some(key) = self.first_pending() else { return };
            let unit = key.2;
            let Some(task) = self.next_task(unit) else {
                self.pending.remove(&key);
                continue;
            };
            let plan = self.plan;
            let planned = &plan.units[unit];
            let Some(run) = planned.work.tasks(self.table).get(task) else { continue };
            let turnaround = planned.turnaround_ms;
            let wait = if reused { turnaround.max(0).unsigned_abs() } else { 0 };
            let start = self.now.saturating_add(wait);
            let progress = &mut self.units[unit];
            progress.running += 1;
            let late = match progress.launched {
                Some(_) => None,
                None => progress.attempts.as_mut().map(|it| std::mem::take(&mut it.after_start)),
            };
            progress.launched.get_or_insert(start);
            let follower = progress
                .attempts
                .as_ref()
                .and_then(|attempts| attempts.after_launch.get(&task).copied());
            self.busy += 1;
            let held = u64::from(run.duration_ms);
            self.times.task_ms = self.times.task_ms.saturating_add(held);
            let early = held.saturating_sub(turnaround.min(0).unsigned_abs());
            if early < held {
                self.at(start.saturating_add(early), Event::SlotFree);
            }
            let end = start.saturating_add(held);
            self.at(end, Event::TaskEnd(unit, task, early == held));
            if let Some((follower, after)) = follower {
                self.at(start.saturating_add(after), Event::Release(unit, follower));
            }
            for (task, after) in late.into_iter().flatten() {
                self.at(start.saturating_add(after), Event::Release(unit, task));
            }
        }
    }

    fn first_pending(&self) -> Option<(usize, u64, usize)> {
        if self.plan.fair && self.pending.len() <= FAIR_STAGES {
            let least = self.pending.iter().min_by_key(|key| (self.units[key.2].running, **key));
            return least.copied();
        }
        self.pending.first().copied()
    }

    fn next_task(&mut self, unit: usize) -> Option<usize> {
        let tasks = self.plan.units[unit].work.tasks(self.table).len();
        let progress = &mut self.units[unit];
        if let Some(task) = progress.released.pop_front() {
            return Some(task);
        }
        while progress.next < tasks {
            let task = progress.next;
            progress.next += 1;
            let waits = progress
                .attempts
                .as_ref()
                .is_some_and(|attempts| attempts.waits.get(task).copied().unwrap_or(false));
            if !waits {
                return Some(task);
            }
        }
        None
    }

    fn finish(mut self) -> Times {
        self.times.application_ms = self
            .times
            .application_ms
            .max(self.units.iter().filter_map(|unit| unit.ended).max().unwrap_or(0));
        let end = self.times.application_ms.saturating_add(self.plan.tail_ms);
        let cores = self.plan.cluster.cores(self.executors, self.cores);
        let rest = end.saturating_sub(self.now);
        self.times.core_ms = self.times.core_ms.saturating_add(cores.saturating_mul(rest));
        self.times.application_ms = end;
        self.times
    }
}
