//! Replays of hand-made runs, whose schedules are known.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::run;
use diagnosis::{Change, ChangeError, Replay, SavingModel, price};
use eventlog::{
    Executor, Job, JobStatus, Profile, StageAttempt, StageStatus, TaskOutcome, TaskRun, TaskTable,
};
use proptest::prelude::*;

/// The application's start.
const START: i64 = 1_000_000;

/// A run in the making: stages one after the other, each a job of its own, `gap` milliseconds apart.
struct Made {
    profile: Profile,
    table: TaskTable,
    now: i64,
}

impl Made {
    fn new(cores: &[u32]) -> Self {
        let mut profile = run(Vec::new());
        for (at, cores) in cores.iter().enumerate() {
            profile.executors.push(Executor {
                id: at.to_string(),
                total_cores: *cores,
                added_ms: START,
                ..Executor::default()
            });
        }
        let executors = (0..cores.len()).map(|at| at.to_string()).collect();
        let table = TaskTable { executors, ..TaskTable::default() };
        Self { profile, table, now: START }
    }

    /// Adds a job of one stage with tasks of these times, as list scheduling over `slots` runs them.
    fn stage(mut self, gap: i64, slots: usize, times: &[u32]) -> Self {
        let id = self.profile.stages.len() as u64;
        let from = self.now + gap;
        let mut free = vec![from; slots];
        let place = self.table.stages.len() as u32;
        self.table.stages.push((id, 0));
        for (index, &time) in times.iter().enumerate() {
            let slot = (0..slots).min_by_key(|slot| free[*slot]).unwrap();
            let executor = self.executor_of(slot);
            let run = task(place, index as u32, free[slot], time);
            self.table.tasks.push(TaskRun { executor, ..run });
            free[slot] += i64::from(time);
        }
        self.now = free.into_iter().max().unwrap();
        self.profile.stages.push(StageAttempt {
            stage_id: id,
            status: StageStatus::Complete,
            num_tasks: times.len() as u64,
            submission_ms: Some(from),
            first_task_launched_ms: Some(from),
            completion_ms: Some(self.now),
            job_ids: vec![id],
            ..StageAttempt::default()
        });
        self.profile.jobs.push(Job {
            job_id: id,
            submission_ms: from,
            completion_ms: Some(self.now),
            status: JobStatus::Succeeded,
            stage_ids: vec![id],
            ..Job::default()
        });
        self
    }

    /// The executor that has this slot.
    fn executor_of(&self, slot: usize) -> u16 {
        let cores = self.profile.executors.iter().map(|executor| executor.total_cores as usize);
        let owners = (0u16..).zip(cores).flat_map(|(at, cores)| std::iter::repeat_n(at, cores));
        owners.into_iter().nth(slot).unwrap()
    }

    fn done(mut self) -> (Profile, TaskTable) {
        self.profile.application.start_ms = START;
        self.profile.application.end_ms = Some(self.now);
        (self.profile, self.table)
    }
}

fn task(stage: u32, index: u32, launch_ms: i64, duration_ms: u32) -> TaskRun {
    TaskRun {
        launch_ms,
        duration_ms,
        run_ms: duration_ms,
        stage,
        index,
        read_bytes: 0.0,
        executor: 0,
        attempt: 0,
        outcome: TaskOutcome::Succeeded,
    }
}

fn application(replay: &Replay<'_>, changes: &[Change]) -> u64 {
    replay.predict(changes).unwrap().application_ms
}

#[test]
fn three_tasks_in_two_slots() {
    let (profile, table) = Made::new(&[2]).stage(100, 2, &[300, 500, 400]).done();
    let replay = Replay::new(&profile, table);
    let fit = replay.fit();
    assert_eq!(
        (fit.measured_job_ms, fit.tasks_only_job_ms, fit.calibrated_job_ms),
        (700, 700, 700)
    );
    assert!(fit.is_good());
    assert_eq!(application(&replay, &[]), 800);
    // 300 + 400 beside 500; all beside each other; all after each other.
    assert_eq!(application(&replay, &[Change::Cores(3)]), 600);
    assert_eq!(application(&replay, &[Change::Cores(1)]), 1_300);
    assert_eq!(application(&replay, &[Change::Executors(2)]), 600);
    // 400 each, in two rounds.
    assert_eq!(application(&replay, &[Change::NoSkew(0)]), 900);
    // Two pieces of each in two slots, or all beside each other; 50 ms are what any task costs.
    let partitions = Change::Partitions { stage: 0, partitions: 6 };
    assert_eq!(application(&replay, &[partitions]), 100 + 275 + 225 + 175);
    assert_eq!(application(&replay, &[partitions, Change::Cores(6)]), 375);
}

#[test]
fn changes_are_simulated_together() {
    let (profile, table) = Made::new(&[4])
        .stage(0, 4, &[1_000, 1_000, 1_000, 9_000])
        .stage(2_000, 4, &[500; 4])
        .done();
    let replay = Replay::new(&profile, table);
    let (skew, gap, cores) = (Change::NoSkew(0), Change::NoDriverGap, Change::Cores(8));
    let base = application(&replay, &[]);
    assert_eq!(base, 11_500);
    assert_eq!(application(&replay, &[skew]), 5_500);
    assert_eq!(application(&replay, &[gap]), 9_500);
    assert_eq!(application(&replay, &[cores]), base);
    assert_eq!(application(&replay, &[skew, gap]), 3_500);
    // Evened and cut in two, the tasks have slots only where there are more: neither change alone does it.
    let halves = Change::Partitions { stage: 0, partitions: 8 };
    assert_eq!(application(&replay, &[skew, halves]), 5_550);
    assert_eq!(application(&replay, &[skew, halves, cores]), 4_025);
}

#[test]
fn a_failed_attempt_and_what_follows_it_go() {
    let (mut profile, mut table) = Made::new(&[2]).stage(0, 2, &[400, 900]).done();
    table.tasks[0].outcome = TaskOutcome::Failed;
    table.tasks.push(TaskRun { attempt: 1, ..task(0, 0, START + 400, 800) });
    profile.stages[0].completion_ms = Some(START + 1_200);
    profile.jobs[0].completion_ms = Some(START + 1_200);
    profile.application.end_ms = Some(START + 1_200);
    let replay = Replay::new(&profile, table);
    assert_eq!(application(&replay, &[]), 1_200);
    // The second attempt never begins before the first has failed.
    assert_eq!(application(&replay, &[Change::Cores(8)]), 1_200);
    assert_eq!(application(&replay, &[Change::NoRetries]), 900);
}

#[test]
fn an_executor_goes_with_its_last_task() {
    let (mut profile, mut table) = Made::new(&[1, 1]).stage(0, 2, &[500, 900, 300]).done();
    // The first executor takes its second task with it, which the other one has to run.
    let again = TaskRun { attempt: 1, executor: 1, ..task(0, 2, START + 900, 300) };
    table.tasks[2].outcome = TaskOutcome::Failed;
    table.tasks.push(again);
    profile.executors[0].removed_ms = Some(START + 830);
    profile.stages[0].completion_ms = Some(START + 1_200);
    profile.jobs[0].completion_ms = Some(START + 1_200);
    profile.application.end_ms = Some(START + 1_200);
    let replay = Replay::new(&profile, table);
    assert_eq!(replay.fit().tasks_only_job_ms, 1_200);
    assert_eq!(replay.unchanged().core_ms, 800 + 1_200);
    assert_eq!(application(&replay, &[Change::NoRetries]), 900);
}

#[test]
fn an_attempt_whose_earlier_one_is_not_logged_comes_when_it_came() {
    let (mut profile, mut table) = Made::new(&[2]).stage(0, 2, &[500, 600]).done();
    table.tasks[1].attempt = 1;
    table.tasks[1].launch_ms = START + 400;
    for completion in [&mut profile.stages[0].completion_ms, &mut profile.jobs[0].completion_ms] {
        *completion = Some(START + 1_000);
    }
    profile.application.end_ms = Some(START + 1_000);
    let replay = Replay::new(&profile, table);
    assert_eq!(replay.fit().tasks_only_job_ms, 1_000);
    assert_eq!(application(&replay, &[Change::NoRetries]), 600);
}

#[test]
fn what_is_resubmitted_ran_once_before_and_comes_when_it_came() {
    let (mut profile, mut table) = Made::new(&[1, 1]).stage(0, 2, &[300, 900]).done();
    let lost = TaskRun { outcome: TaskOutcome::Failed, ..table.tasks[0] };
    table.tasks.push(lost);
    // Its output is lost at 700, when its executor goes; the other one computes it again.
    profile.executors[0].removed_ms = Some(START + 700);
    table.tasks.push(TaskRun { attempt: 1, executor: 1, ..task(0, 0, START + 900, 300) });
    profile.stages[0].completion_ms = Some(START + 1_200);
    profile.jobs[0].completion_ms = Some(START + 1_200);
    profile.application.end_ms = Some(START + 1_200);
    let replay = Replay::new(&profile, table);
    assert_eq!(replay.fit().tasks_only_job_ms, 1_200);
    assert_eq!(replay.unchanged().task_ms, 1_500);
    let good = replay.predict(&[Change::NoRetries]).unwrap();
    assert_eq!((good.application_ms, good.task_ms), (900, 1_200));
}

#[test]
fn tasks_of_a_stage_that_was_cancelled_hold_their_slots() {
    let (mut profile, mut table) =
        Made::new(&[2]).stage(0, 2, &[800, 800]).stage(-400, 2, &[300, 300]).done();
    table.tasks.iter_mut().take(2).for_each(|task| task.outcome = TaskOutcome::Killed);
    table.tasks.iter_mut().skip(2).for_each(|task| task.launch_ms = START + 800);
    profile.stages[0].completion_ms = Some(START + 400);
    profile.jobs[0].completion_ms = Some(START + 400);
    profile.stages[1].first_task_launched_ms = Some(START + 800);
    profile.stages[1].completion_ms = Some(START + 1_100);
    profile.jobs[1].completion_ms = Some(START + 1_100);
    profile.application.end_ms = Some(START + 1_100);
    let replay = Replay::new(&profile, table);
    assert_eq!(application(&replay, &[]), 1_100);
    assert_eq!(application(&replay, &[Change::Cores(4)]), 700);
}

#[test]
fn a_killed_copy_holds_a_slot_and_nobody_waits_for_it() {
    let (profile, mut table) = Made::new(&[2]).stage(0, 2, &[600, 200]).done();
    let copy =
        TaskRun { attempt: 1, outcome: TaskOutcome::Killed, ..task(0, 0, START + 300, 5_000) };
    table.tasks.push(copy);
    let replay = Replay::new(&profile, table);
    assert_eq!(application(&replay, &[]), 600);
    let unchanged = replay.unchanged();
    assert_eq!((unchanged.task_ms, unchanged.core_ms), (5_800, 1_200));
}

#[test]
fn stages_wait_for_their_parents_and_share_the_slots() {
    let (mut profile, table) = Made::new(&[2])
        .stage(0, 2, &[400, 400])
        .stage(-400, 2, &[])
        .stage(400, 2, &[300, 300])
        .done();
    // One job of three stages: the second had no task.
    profile.jobs.truncate(1);
    profile.jobs[0].completion_ms = Some(START + 700);
    profile.jobs[0].stage_ids = vec![0, 1, 2];
    profile.stages.iter_mut().for_each(|stage| stage.job_ids = vec![0]);
    profile.stages[2].parent_ids = vec![0, 1];
    let replay = Replay::new(&profile, table);
    assert_eq!(application(&replay, &[]), 700);
    assert_eq!(application(&replay, &[Change::Cores(1)]), 1_400);
    assert_eq!(application(&replay, &[Change::Cores(4)]), 700);
}

#[test]
fn executors_come_and_go_as_they_did() {
    let (mut profile, table) = Made::new(&[1, 1]).stage(0, 1, &[500]).stage(0, 2, &[500; 4]).done();
    // The second one comes with the second job, whenever that is.
    profile.executors[1].added_ms = START + 500;
    let replay = Replay::new(&profile, table);
    assert_eq!(application(&replay, &[]), 1_500);
    assert_eq!(replay.unchanged().core_ms, 500 + 2 * 1_000);
    // Twice as many: two, then four.
    let four = replay.predict(&[Change::Executors(4)]).unwrap();
    assert_eq!((four.application_ms, four.core_ms), (1_000, 2 * 500 + 4 * 500));
}

#[test]
fn what_the_model_does_not_explain_is_an_error_and_then_overhead() {
    let (mut profile, table) = Made::new(&[2]).stage(0, 2, &[4_000; 2]).done();
    // The stage waited for five seconds, nobody knows for what.
    for task in &mut profile.stages {
        task.completion_ms = Some(START + 9_000);
    }
    profile.jobs[0].completion_ms = Some(START + 9_000);
    profile.application.end_ms = Some(START + 9_000);
    let replay = Replay::new(&profile, table);
    let fit = replay.fit();
    assert_eq!((fit.job_ms, fit.calibrated_job_ms), (5_000, 9_000));
    assert!(fit.error() < -0.4 && !fit.is_good());
    // It stays when the tasks get slots.
    assert_eq!(application(&replay, &[Change::Cores(1)]), 13_000);
}

#[test]
fn a_stage_that_did_not_run_is_said_so() {
    let (profile, table) = Made::new(&[2]).stage(0, 2, &[100]).done();
    let replay = Replay::new(&profile, table);
    for change in [Change::NoSkew(7), Change::Cached(7), Change::BroadcastJoin(7)] {
        assert_eq!(replay.predict(&[change]), Err(ChangeError::UnknownStage(7)));
    }
    assert_eq!(replay.predict(&[Change::Cached(0)]), Err(ChangeError::NotRepeated(0)));
    assert_eq!(replay.predict(&[Change::BroadcastJoin(0)]), Err(ChangeError::NoJoin(0)));
}

#[test]
fn scaling_has_a_knee() {
    // Half of the work is one task.
    let mut times = vec![8_000];
    times.extend([1_000; 32]);
    let (profile, table) = Made::new(&[1; 4]).stage(0, 4, &times).done();
    let replay = Replay::new(&profile, table);
    let scaling = replay.scaling();
    let sizes: Vec<_> = scaling.steps.iter().map(|step| (step.size, step.percent)).collect();
    assert_eq!(
        sizes,
        [(1, 25), (2, 50), (3, 75), (4, 100), (6, 150), (8, 200), (12, 300), (16, 400), (20, 500)]
    );
    let knee = &scaling.steps[scaling.knee.unwrap()];
    // From five slots on the one task is all that is waited for.
    assert_eq!((knee.size, knee.outcome.application_ms), (6, 8_000));
    assert_eq!(scaling.steps[3].outcome, replay.unchanged());
}

#[test]
fn diagnoses_are_priced_by_the_replay() {
    let mut times = vec![1_000; 19];
    times.push(11_000);
    let (mut profile, mut table) =
        Made::new(&[1, 1]).stage(0, 2, &times).stage(0, 2, &[20_000; 2]).done();
    table.tasks[19].read_bytes = 12e6;
    let stage = &mut profile.stages[0];
    *stage = StageAttempt {
        submission_ms: stage.submission_ms,
        completion_ms: stage.completion_ms,
        job_ids: vec![0],
        ..common::stage(0, 30_000, common::skewed())
    };
    profile.spark_properties.insert("spark.master".into(), "yarn".into());
    let mut diagnoses = common::of(&profile);
    let at = diagnoses.iter().position(|it| it.id == "partition-skew").unwrap();
    assert_eq!(diagnoses[at].saving_model, SavingModel::Bound);
    let replay = Replay::new(&profile, table.clone());
    assert_eq!(replay.remedy(&diagnoses[at]), [Change::NoSkew(0)]);
    price(&profile, table.clone(), &mut diagnoses);
    // 20 tasks of 1.5 s in two slots take 15 s in the place of 20.
    assert_eq!(diagnoses[at].saving_ms, Some((5_000, 5_000)));
    assert_eq!(diagnoses[at].saving_model, SavingModel::Replay);

    // Nothing is priced by a replay that does not explain the run.
    table.tasks.truncate(3);
    let mut diagnoses = common::of(&profile);
    price(&profile, table, &mut diagnoses);
    assert_eq!(diagnoses, common::of(&profile));
}

#[test]
fn nothing_is_survived() {
    let replay_of = |profile: &Profile| {
        let replay = Replay::new(profile, TaskTable::default());
        assert!(!replay.fit().is_good());
        let _ = replay.scaling();
        replay.predict(&[Change::NoRetries, Change::NoDriverGap]).unwrap();
    };
    replay_of(&Profile::default());
    replay_of(&run(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schedules_keep_to_what_is_known_of_them(
        stages in prop::collection::vec((0i64..3_000, prop::collection::vec(1u32..5_000, 1..30)), 1..5),
        cores in 1u32..9,
        other in 1u64..17,
        partitions in 1u64..40,
    ) {
        let mut made = Made::new(&[cores]);
        for (gap, times) in &stages {
            made = made.stage(*gap, cores as usize, times);
        }
        let (profile, table) = made.done();
        let replay = Replay::new(&profile, table);
        let unchanged = replay.unchanged();
        // The unchanged run is the run, and no change is no change.
        prop_assert_eq!(unchanged.application_ms, profile.application.duration_ms());
        prop_assert_eq!(&replay.predict(&[]).unwrap(), &unchanged);
        // Task time is kept by everything that only moves it.
        let total: u64 = stages.iter().flat_map(|(_, times)| times).map(|time| u64::from(*time)).sum();
        prop_assert_eq!(unchanged.task_ms, total);
        let even = replay.predict(&[Change::NoSkew(0), Change::Cores(other)]).unwrap();
        prop_assert_eq!(even.task_ms, total);
        let cut = replay.predict(&[Change::Partitions { stage: 0, partitions }]).unwrap();
        // Each task more or less costs what any task costs, which is 50 ms at most.
        let most = 50 * (stages[0].1.len() as u64).max(partitions);
        prop_assert!(cut.task_ms.abs_diff(total) <= most);
        // Graham's bounds, stage by stage, since here they run one after the other.
        let scaled = replay.predict(&[Change::Cores(other)]).unwrap();
        for ((_, times), (_, wall)) in stages.iter().zip(&scaled.stages) {
            let work: u64 = times.iter().map(|time| u64::from(*time)).sum();
            let longest = u64::from(*times.iter().max().unwrap());
            prop_assert!(*wall >= longest.max(work.div_ceil(other)));
            prop_assert!(*wall <= work / other + longest);
        }
        // Tasks that wait for nothing are never slower with another slot; with dependencies and failures they may be.
        let more = replay.predict(&[Change::Cores(other + 1)]).unwrap();
        prop_assert!(more.application_ms <= scaled.application_ms);
        // Without the driver's gaps nothing gets longer.
        prop_assert!(application(&replay, &[Change::NoDriverGap]) <= unchanged.application_ms);
    }

    #[test]
    fn any_log_is_survived(
        stages in prop::collection::vec((any::<u8>(), any::<Option<i64>>(), any::<Option<i64>>(), prop::collection::vec(0u64..6, 0..3)), 0..6),
        tasks in prop::collection::vec((0u32..9, any::<u8>(), prop_oneof![Just(START), any::<i64>()], prop_oneof![0u32..1_000, any::<u32>()], any::<u8>()), 0..40),
        executors in prop::collection::vec((prop_oneof![0u32..4, Just(u32::MAX)], prop_oneof![Just(START), any::<i64>()], any::<Option<i64>>()), 0..4),
        jobs in prop::collection::vec((any::<i64>(), any::<Option<i64>>(), any::<Option<u8>>()), 0..5),
    ) {
        let mut profile = run(Vec::new());
        for (at, (id, submission_ms, completion_ms, parent_ids)) in stages.into_iter().enumerate() {
            profile.stages.push(StageAttempt {
                stage_id: at as u64,
                attempt_id: u32::from(id % 3),
                submission_ms,
                first_task_launched_ms: completion_ms,
                completion_ms,
                parent_ids,
                job_ids: vec![u64::from(id) % 5],
                ..StageAttempt::default()
            });
        }
        let mut table = TaskTable {
            stages: (0..9).map(|id| (id, 0)).collect(),
            executors: vec!["0".into()],
            tasks: Vec::new(),
        };
        for (stage, index, launch_ms, duration_ms, kind) in tasks {
            let outcome = [TaskOutcome::Succeeded, TaskOutcome::Failed, TaskOutcome::Killed][usize::from(kind) % 3];
            let bytes = if kind > 128 { f32::from(kind) } else { 0.0 };
            table.tasks.push(TaskRun { outcome, attempt: kind, read_bytes: bytes, ..task(stage, u32::from(index % 4), launch_ms, duration_ms) });
        }
        for (total_cores, added_ms, removed_ms) in executors {
            profile.executors.push(Executor { id: "0".into(), total_cores, added_ms, removed_ms, ..Executor::default() });
        }
        for (at, (submission_ms, completion_ms, execution)) in jobs.into_iter().enumerate() {
            profile.jobs.push(Job { job_id: at as u64, submission_ms, completion_ms, execution_id: execution.map(|id| u64::from(id % 3)), ..Job::default() });
        }
        let replay = Replay::new(&profile, table);
        let _ = (replay.fit().is_good(), replay.scaling());
        for change in [
            Change::Executors(u64::MAX), Change::Cores(1), Change::NoSkew(0), Change::NoStragglers(1),
            Change::Partitions { stage: 2, partitions: 7 }, Change::NoRetries, Change::Cached(0),
            Change::BroadcastJoin(1), Change::NoDriverGap,
        ] {
            let _ = replay.predict(&[change]);
        }
        let _ = replay.predict(&[Change::NoRetries, Change::NoSkew(0), Change::NoSkew(1), Change::Cores(u64::MAX), Change::Executors(3)]);
    }
}
