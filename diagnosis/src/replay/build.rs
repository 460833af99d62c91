//! A [`Plan`] of what a run did, from its profile and its tasks.

use super::plan::{Anchor, Cluster, ClusterEvent, Observed, Plan, PlanJob, Unit, Work};
use eventlog::{Executor, Job, Profile, StageAttempt, TaskOutcome, TaskRun, TaskTable};
use rustc_hash::FxHashMap;

/// No run is longer than this many milliseconds (31 years): times beyond are damage, and sums of times do not overflow below it.
const HORIZON_MS: u64 = 1_000_000_000_000;

/// A later attempt of a stage waits for so many of what ended before it at most.
const WAITS: usize = 16;

/// Longest delay of a stage or a slot that is believed to be scheduling, milliseconds. What is more has another cause, counts as error, and
/// is left to the stage's overhead.
pub(super) const DELAY_MS: u64 = 1_000;

/// Milliseconds from the application's start on.
#[derive(Clone, Copy)]
struct Clock {
    start_ms: i64,
}

impl Clock {
    fn at(self, time_ms: i64) -> u64 {
        u64::try_from(time_ms.saturating_sub(self.start_ms)).unwrap_or(0).min(HORIZON_MS)
    }
}

/// Makes the plan, and brings the table's tasks into its order.
pub(super) fn plan(profile: &Profile, cores_per_task: u64, table: &mut TaskTable) -> Plan {
    let first_launch = table.tasks.iter().map(|task| task.launch_ms).min();
    let start_ms = match profile.application.start_ms {
        0 => first_launch.unwrap_or(0),
        start_ms => start_ms,
    };
    let clock = Clock { start_ms };
    let jobs = jobs(profile, clock);
    let mut units = units(profile, &jobs, clock, table);
    let cores: FxHashMap<&str, u64> = profile
        .executors
        .iter()
        .map(|executor| (executor.id.as_str(), u64::from(executor.total_cores)))
        .collect();
    let mut slots: FxHashMap<u16, usize> = FxHashMap::default();
    for (at, executor) in (0u16..).zip(&table.executors) {
        let of = cores.get(executor.as_str()).map(|cores| cores / cores_per_task);
        if let Some(of) = of.filter(|of| *of > 0) {
            slots.insert(at, usize::try_from(of).unwrap_or(usize::MAX));
        }
    }
    turnarounds(&mut units, &slots, &table.tasks);
    let mut plan = Plan {
        jobs: Vec::new(),
        orders: Vec::new(),
        cluster: cluster(profile, &jobs, cores_per_task, clock, &units, table),
        tail_ms: 0,
        fair: profile
            .spark_properties
            .get("spark.scheduler.mode")
            .is_some_and(|mode| mode == "FAIR"),
        units,
    };
    let ends = plan.units.iter().map(|unit| unit.observed.completion_ms);
    let last = jobs.iter().map(|job| job.planned.observed.1).chain(ends).max().unwrap_or(0);
    let application = &profile.application;
    let end = clock.at(application.end_ms.unwrap_or(application.last_event_ms));
    plan.tail_ms = end.saturating_sub(last);
    order(&mut plan, profile, &jobs, clock);
    plan
}

struct Ordered<'a> {
    job: &'a Job,
    planned: PlanJob,
}

/// Jobs by submission.
fn jobs(profile: &Profile, clock: Clock) -> Vec<Ordered<'_>> {
    let application = &profile.application;
    let end = application.end_ms.unwrap_or(application.last_event_ms);
    let mut jobs: Vec<Ordered<'_>> = profile
        .jobs
        .iter()
        .map(|job| {
            let submission = clock.at(job.submission_ms);
            let completion = clock.at(job.completion_ms.unwrap_or(end)).max(submission);
            let observed = (submission, completion);
            Ordered { job, planned: PlanJob { observed, ..PlanJob::default() } }
        })
        .collect();
    jobs.sort_by_key(|job| (job.planned.observed.0, job.job.job_id));
    jobs
}

/// Stage attempts by submission, and the table's tasks in their order.
fn units(
    profile: &Profile,
    jobs: &[Ordered<'_>],
    clock: Clock,
    table: &mut TaskTable,
) -> Vec<Unit> {
    let job_at: FxHashMap<u64, usize> =
        jobs.iter().enumerate().map(|(at, job)| (job.job.job_id, at)).collect();
    let last_end: FxHashMap<u32, i64> =
        table.tasks.iter().fold(FxHashMap::default(), |mut ends, task| {
            let end = task.launch_ms.saturating_add(i64::from(task.duration_ms));
            let last = ends.entry(task.stage).or_insert(end);
            *last = end.max(*last);
            ends
        });
    let named: FxHashMap<(u64, u32), u32> =
        table.stages.iter().enumerate().map(|(at, key)| (*key, at as u32)).collect();
    let mut stages: Vec<(&StageAttempt, Observed, i64)> = profile
        .stages
        .iter()
        .filter_map(|stage| {
            let end = named
                .get(&(stage.stage_id, stage.attempt_id))
                .and_then(|at| last_end.get(at))
                .copied();
            let submission = stage.submission_ms.or(stage.first_task_launched_ms)?;
            let completion = stage.completion_ms.or(end).unwrap_or(submission);
            let submission_ms = clock.at(submission);
            let launch_ms = clock.at(stage.first_task_launched_ms.unwrap_or(submission));
            let observed = Observed {
                submission_ms,
                launch_ms: launch_ms.max(submission_ms),
                completion_ms: clock.at(completion).max(submission_ms),
            };
            Some((stage, observed, stage.completion_ms.unwrap_or(i64::MAX)))
        })
        .collect();
    stages.sort_by_key(|(stage, observed, _)| {
        (observed.submission_ms, stage.stage_id, stage.attempt_id)
    });

    // The table's stages in the order of the plan; tasks of others go to the end.
    let mut rank = vec![u32::MAX; table.stages.len()];
    for (at, (stage, ..)) in stages.iter().enumerate() {
        if let Some(&named) = named.get(&(stage.stage_id, stage.attempt_id)) {
            rank[named as usize] = at as u32;
        }
    }
    for task in &mut table.tasks {
        task.stage = rank.get(task.stage as usize).copied().unwrap_or(u32::MAX);
    }
    table.stages = stages.iter().map(|(stage, ..)| (stage.stage_id, stage.attempt_id)).collect();
    table.tasks.sort_unstable_by_key(|task| (task.stage, task.launch_ms, task.index, task.attempt));
    // An attempt whose output is lost with its executor ends a second time, as `Resubmitted`: it ran once.
    table.tasks.dedup_by(|second, first| {
        let same = (second.stage, second.launch_ms, second.index, second.attempt)
            == (first.stage, first.launch_ms, first.index, first.attempt)
            && second.executor == first.executor;
        if same && second.outcome == TaskOutcome::Succeeded {
            *first = *second;
        }
        same
    });

    let mut by_stage: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    let mut by_job: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    let mut units: Vec<Unit> = Vec::with_capacity(stages.len());
    for (at, (stage, observed, until_ms)) in stages.into_iter().enumerate() {
        let job = job_of(stage, observed, jobs, &job_at);
        let begin = table.tasks.partition_point(|task| (task.stage as usize) < at);
        let end = table.tasks.partition_point(|task| (task.stage as usize) <= at);
        let tasks = &table.tasks[begin..end];
        let before = |at: &&usize| units[**at].observed.completion_ms <= observed.submission_ms;
        let mut waits_for: Vec<usize> = stage
            .parent_ids
            .iter()
            .filter_map(|parent| by_stage.get(parent))
            .flatten()
            .filter(before)
            .copied()
            .collect();
        if stage.attempt_id > 0 {
            // What failed or was computed again before it is why it runs.
            let of_job = job.and_then(|job| by_job.get(&job)).into_iter().flatten();
            let mut earlier: Vec<usize> = of_job.filter(before).copied().collect();
            earlier.sort_unstable_by_key(|at| std::cmp::Reverse(units[*at].observed.completion_ms));
            waits_for.extend(earlier.into_iter().take(WAITS));
        }
        waits_for.sort_unstable();
        waits_for.dedup();
        let ready = waits_for.iter().map(|at| units[*at].observed.completion_ms);
        let submitted = job.map(|job| jobs[job].planned.observed.0);
        let ready = ready.chain(submitted).max().unwrap_or(0);
        let last = tasks
            .iter()
            .map(|task| task.launch_ms.saturating_add(i64::from(task.duration_ms)))
            .filter(|end| *end <= until_ms)
            .max();
        // Where it waits for no task it takes the time that it took.
        let (end_delay_ms, extra_ms) = match last {
            Some(last) => (observed.completion_ms.saturating_sub(clock.at(last)).min(DELAY_MS), 0),
            None => (0, observed.completion_ms - observed.submission_ms),
        };
        by_stage.entry(stage.stage_id).or_default().push(at);
        if let Some(job) = job {
            by_job.entry(job).or_default().push(at);
        }
        units.push(Unit {
            stage_id: stage.stage_id,
            attempt_id: stage.attempt_id,
            job,
            waits_for,
            delay_ms: observed.submission_ms.saturating_sub(ready),
            launch_delay_ms: 0,
            turnaround_ms: 0,
            end_delay_ms,
            extra_ms,
            work: Work::Logged(begin..end),
            observed,
            until_ms,
            dropped: false,
        });
    }
    units
}

/// The job that runs a stage attempt: the first of those that name it during which it was submitted.
fn job_of(
    stage: &StageAttempt,
    observed: Observed,
    jobs: &[Ordered<'_>],
    job_at: &FxHashMap<u64, usize>,
) -> Option<usize> {
    let named = stage.job_ids.iter().filter_map(|id| job_at.get(id)).copied();
    let during = named.clone().filter(|job| {
        let (from, to) = jobs[*job].planned.observed;
        (from..=to).contains(&observed.submission_ms)
    });
    // One that was submitted after the stage can't be what ran it.
    let earlier = named.filter(|job| jobs[*job].planned.observed.0 <= observed.submission_ms);
    during.min().or_else(|| earlier.min())
}

/// The median time from a task's end to the launch of the stage's next task in the same slot. It may be negative: the driver gives a slot to
/// the next task when it hears that one has ended, and notes the end when it has taken the result (`TaskSchedulerImpl.statusUpdate`).
fn turnaround(tasks: &[TaskRun], slots: &FxHashMap<u16, usize>) -> i64 {
    let mut by_executor: FxHashMap<u16, (Vec<i64>, Vec<i64>)> = FxHashMap::default();
    for task in tasks {
        let (launches, ends) = by_executor.entry(task.executor).or_default();
        launches.push(task.launch_ms);
        ends.push(task.launch_ms.saturating_add(i64::from(task.duration_ms)));
    }
    let mut gaps = Vec::new();
    for (executor, (launches, mut ends)) in by_executor {
        ends.sort_unstable();
        // The first tasks find free slots; each later one follows an end.
        let Some(&first) = slots.get(&executor) else { continue };
        gaps.extend(
            launches.iter().skip(first).zip(&ends).map(|(launch, end)| launch.saturating_sub(*end)),
        );
    }
    if gaps.is_empty() {
        return 0;
    }
    let middle = gaps.len() / 2;
    let (_, median, _) = gaps.select_nth_unstable(middle);
    let most = i64::try_from(DELAY_MS).unwrap_or(0);
    (*median).clamp(-most, most)
}

/// Turnarounds of stage attempts that had the cluster for themselves, and 0 for the others, whose slots went to other stages meanwhile.
fn turnarounds(units: &mut [Unit], slots: &FxHashMap<u16, usize>, tasks: &[TaskRun]) {
    let mut until = 0;
    for at in 0..units.len() {
        let observed = units[at].observed;
        let next = units.get(at + 1).map_or(u64::MAX, |next| next.observed.submission_ms);
        if until <= observed.submission_ms && observed.completion_ms <= next {
            units[at].turnaround_ms = turnaround(units[at].work.tasks(tasks), slots);
        }
        until = until.max(observed.completion_ms);
    }
}

/// Puts the jobs into the plan, with what each waits for.
fn order(plan: &mut Plan, profile: &Profile, jobs: &[Ordered<'_>], clock: Clock) {
    let mut orders: Vec<Vec<usize>> = vec![(0..jobs.len()).collect()];
    let mut of_execution: FxHashMap<u64, usize> = FxHashMap::default();
    for (at, job) in jobs.iter().enumerate() {
        if let Some(execution) = job.job.execution_id {
            let order = *of_execution.entry(execution).or_insert_with(|| {
                orders.push(Vec::new());
                orders.len() - 1
            });
            orders[order].push(at);
        }
    }
    let end = |at: usize| (jobs[at].planned.observed.1, at);
    orders.iter_mut().for_each(|order| order.sort_unstable_by_key(|at| end(*at)));
    let spans = busy(jobs);
    let mut planned: Vec<PlanJob> = Vec::with_capacity(jobs.len());
    for (at, job) in jobs.iter().enumerate() {
        let mut plan = job.planned.clone();
        let submission = plan.observed.0;
        let front = |order: usize, until: u64| {
            orders[order].partition_point(|before| end(*before) < (until, at))
        };
        plan.waits_for = (0, front(0, submission));
        if let Some(execution) = job.job.execution_id {
            plan.order_of_execution = of_execution.get(&execution).copied().unwrap_or(0);
            let own = front(plan.order_of_execution, submission);
            let started =
                profile.execution(execution).map(|execution| clock.at(execution.start_ms));
            plan.waits_for = match (own, started) {
                (0, Some(started)) => (0, front(0, started.min(submission))),
                (0, None) => plan.waits_for,
                _ => (plan.order_of_execution, own),
            };
        }
        let (order, count) = plan.waits_for;
        let since = match count.checked_sub(1) {
            Some(last) => jobs[orders[order][last]].planned.observed.1,
            None => 0,
        };
        plan.delay_ms = submission.saturating_sub(since);
        if count > 0 {
            plan.idle_ms = idle(&spans, since, submission);
        }
        planned.push(plan);
    }
    let mut last_ends: FxHashMap<usize, u64> = FxHashMap::default();
    for unit in &plan.units {
        if let Some(job) = unit.job {
            let last = last_ends.entry(job).or_default();
            *last = unit.observed.completion_ms.max(*last);
        }
    }
    for (at, job) in planned.iter_mut().enumerate() {
        let since = last_ends.get(&at).copied().unwrap_or(job.observed.0);
        job.end_delay_ms = job.observed.1.saturating_sub(since);
    }
    plan.jobs = planned;
    plan.orders = orders;
}

/// Spans in which jobs ran, in order and apart, each with how long the ones before it are together.
fn busy(jobs: &[Ordered<'_>]) -> Vec<(u64, u64, u64)> {
    let mut spans: Vec<(u64, u64, u64)> = Vec::new();
    for job in jobs {
        let (from, to) = job.planned.observed;
        match spans.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            Some(&mut (begin, end, before)) => spans.push((from, to, before + (end - begin))),
            None => spans.push((from, to, 0)),
        }
    }
    spans
}

/// Time between `from` and `to` in which no job ran.
fn idle(spans: &[(u64, u64, u64)], from: u64, to: u64) -> u64 {
    let busy_until = |time: u64| match spans.partition_point(|span| span.0 < time).checked_sub(1) {
        Some(last) => spans[last].2 + (spans[last].1.min(time) - spans[last].0),
        None => 0,
    };
    to.saturating_sub(from).saturating_sub(busy_until(to).saturating_sub(busy_until(from)))
}

/// Executors as the log has them; where it has none with cores, one that runs as many tasks at once as ran at most.
fn cluster(
    profile: &Profile,
    jobs: &[Ordered<'_>],
    cores_per_task: u64,
    clock: Clock,
    units: &[Unit],
    table: &TaskTable,
) -> Cluster {
    let mut cluster = Cluster { cores_per_task, ..Cluster::default() };
    let known: Vec<&Executor> =
        profile.executors.iter().filter(|executor| executor.total_cores > 0).collect();
    if known.is_empty() {
        let cores = most_at_once(&table.tasks).saturating_mul(cores_per_task).max(1);
        cluster.events.push(ClusterEvent {
            anchor: Anchor::Start,
            after_ms: 0,
            executors: 1,
            cores: i64::try_from(cores).unwrap_or(i64::MAX),
        });
        (cluster.peak_executors, cluster.peak_cores) = (1, cores);
        return cluster;
    }
    let mut anchors: Vec<(u64, Anchor)> = vec![(0, Anchor::Start)];
    for (at, job) in jobs.iter().enumerate() {
        anchors.push((job.planned.observed.0, Anchor::Submission(at)));
        anchors.push((job.planned.observed.1, Anchor::End(at)));
    }
    anchors.sort_unstable();
    let last = last_tasks(units, table);
    let mut changes: Vec<(u64, i64, i64)> = Vec::new();
    // Those that went with a task: they count for the peak only.
    let mut lost: Vec<(u64, i64, i64)> = Vec::new();
    for executor in known {
        let cores = i64::from(executor.total_cores);
        let added = clock.at(executor.added_ms);
        changes.push((added, 1, cores));
        let Some(removed) = executor.removed_ms else { continue };
        // One whose last task failed just before was gone when that failed; the driver notes it a little later.
        let just_before =
            |end: i64| end <= removed && clock.at(removed) - clock.at(end) <= DELAY_MS;
        let failed = last.get(executor.id.as_str()).filter(|(end, _)| just_before(*end));
        if let Some((unit, task)) = failed.and_then(|(_, failed)| *failed) {
            cluster.events.push(ClusterEvent {
                anchor: Anchor::Task(unit, task),
                after_ms: 0,
                executors: -1,
                cores: -cores,
            });
            lost.push((clock.at(removed).max(added), -1, -cores));
        } else {
            changes.push((clock.at(removed).max(added), -1, -cores));
        }
    }
    let timed = changes.len();
    changes.extend(lost);
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_unstable_by_key(|at| changes[*at]);
    let (mut executors, mut cores) = (0, 0);
    for at in order {
        let (time, executor, core) = changes[at];
        executors += executor;
        cores += core;
        cluster.peak_executors = cluster.peak_executors.max(u64::try_from(executors).unwrap_or(0));
        cluster.peak_cores = cluster.peak_cores.max(u64::try_from(cores).unwrap_or(0));
        if at >= timed {
            continue;
        }
        let before = anchors.partition_point(|(anchor, _)| *anchor <= time);
        let (since, anchor) =
            anchors.get(before.saturating_sub(1)).copied().unwrap_or((0, Anchor::Start));
        cluster.events.push(ClusterEvent {
            anchor,
            after_ms: time.saturating_sub(since),
            executors: executor,
            cores: core,
        });
    }
    cluster
}

/// When the last task of each executor ended, and if it failed, its stage attempt and place in it.
#[expect(clippy::type_complexity, reason = "it is said in one line")]
fn last_tasks<'a>(
    units: &[Unit],
    table: &'a TaskTable,
) -> FxHashMap<&'a str, (i64, Option<(usize, usize)>)> {
    let mut last: FxHashMap<&str, (i64, Option<(usize, usize)>)> = FxHashMap::default();
    for (at, task) in table.tasks.iter().enumerate() {
        let Some(executor) = table.executors.get(usize::from(task.executor)) else { continue };
        let end = task.launch_ms.saturating_add(i64::from(task.duration_ms));
        let unit = task.stage as usize;
        let place = match units.get(unit).map(|unit| &unit.work) {
            Some(Work::Logged(range)) => at.checked_sub(range.start),
            _ => None,
        };
        let failed = task.outcome == TaskOutcome::Failed;
        let this = (end, place.filter(|_| failed).map(|place| (unit, place)));
        let last = last.entry(executor.as_str()).or_insert(this);
        *last = this.max(*last);
    }
    last
}

fn most_at_once(tasks: &[TaskRun]) -> u64 {
    let mut changes: Vec<(i64, i64)> = Vec::with_capacity(tasks.len() * 2);
    for task in tasks {
        changes.push((task.launch_ms, 1));
        changes.push((task.launch_ms.saturating_add(i64::from(task.duration_ms).max(1)), -1));
    }
    changes.sort_unstable();
    let (mut running, mut most) = (0, 0);
    for (_, change) in changes {
        running += change;
        most = most.max(running);
    }
    u64::try_from(most).unwrap_or(1)
}
