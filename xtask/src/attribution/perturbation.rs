//! How far attribution can be trusted when the sources or the log lack something.
//!
//! Each row of the table takes something away from every recording: calls from the sources, executions from the log, the order of what ran. What then
//! stands on a line is compared with the recorded truth. What counts is that nothing wrong is told, above all not on a line that a finding may rest on.

mod log;
mod random;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::random::Random;
use self::sources::Edited;
use super::truth::{Annotated, Call, Line, Truth};
use super::{Recording, Result};
use crate::disk::Disk;

/// What is done to a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Perturbation {
    Nothing,
    /// So many of a hundred calls that started something are not understood.
    CallsMissing(u64),
    /// So many of a hundred executions and jobs are not in the log.
    ExecutionsMissing(u64),
    FirstHalfMissing,
    SecondHalfMissing,
    /// Lines were put between those of the sources since the run.
    LinesMoved,
    /// Executions are shuffled within windows of so many.
    OutOfOrder(usize),
    /// Both at once.
    CallsAndExecutionsMissing(u64),
}

impl Perturbation {
    const ALL: [Self; 9] = [
        Self::Nothing,
        Self::CallsMissing(10),
        Self::CallsMissing(30),
        Self::ExecutionsMissing(30),
        Self::FirstHalfMissing,
        Self::SecondHalfMissing,
        Self::LinesMoved,
        Self::OutOfOrder(4),
        Self::CallsAndExecutionsMissing(20),
    ];

    fn name(self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::CallsMissing(share) => format!("{share} % of the calls that start something"),
            Self::ExecutionsMissing(share) => format!("{share} % of the executions"),
            Self::FirstHalfMissing => "the first half of the log".to_owned(),
            Self::SecondHalfMissing => "the second half of the log".to_owned(),
            Self::LinesMoved => "the lines' places: the sources have grown since".to_owned(),
            Self::OutOfOrder(window) => format!("the order, within windows of {window}"),
            Self::CallsAndExecutionsMissing(share) => {
                format!("{share} % of these calls and {share} % of the executions")
            }
        }
    }

    /// Whether another seed makes another perturbation.
    fn is_random(self) -> bool {
        !matches!(self, Self::Nothing | Self::FirstHalfMissing | Self::SecondHalfMissing)
    }
}

/// How often what is told is right.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// Things whose line is still in the sources.
    placed: u64,
    /// Of those, on their line and no other.
    right: u64,
    /// Things on one line that is not theirs.
    wrong: u64,
    /// The same, of what stands on a line that a finding may rest on.
    sure_right: u64,
    sure_wrong: u64,
}

impl Told {
    fn plus(self, other: Self) -> Self {
        Self {
            placed: self.placed + other.placed,
            right: self.right + other.right,
            wrong: self.wrong + other.wrong,
            sure_right: self.sure_right + other.sure_right,
            sure_wrong: self.sure_wrong + other.sure_wrong,
        }
    }

    fn cells(self) -> String {
        let percent = |part: u64, all: u64| match all {
            0 => "–".to_owned(),
            _ => format!("{:.1}", 100.0 * part as f64 / all as f64),
        };
        format!(
            "| {} | {} | {} | {} ",
            percent(self.right, self.placed),
            percent(self.right, self.right + self.wrong),
            percent(self.sure_right, self.placed),
            percent(self.sure_right, self.sure_right + self.sure_wrong),
        )
    }
}

/// A row: actions and operators.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    actions: Told,
    operators: Told,
}

/// The table over `recordings`, each perturbed with `seeds` seeds.
pub(super) fn table(binary: &Path, recordings: &[Recording], seeds: u64) -> Result<String> {
    let mut out = String::from(
        "| taken away | actions: on their line | right of those told | on a sure line | right of the sure | operators: on their line | right of those told | on a sure line | right of the sure |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for perturbation in Perturbation::ALL {
        let seeds = if perturbation.is_random() { seeds } else { 1 };
        let work: Vec<(&Recording, u64)> =
            recordings.iter().flat_map(|it| (0..seeds).map(move |seed| (it, seed))).collect();
        let row = in_parallel(&work, |&(recording, seed)| {
            scored(binary, recording, perturbation, seed).map_err(|error| {
                format!(
                    "{} {} without {}: {error}",
                    recording.program,
                    recording.version,
                    perturbation.name()
                )
            })
        })?;
        let line =
            format!("| {} {}{}|", perturbation.name(), row.actions.cells(), row.operators.cells());
        println!("{line}");
        let _ = writeln!(out, "{line}");
    }
    Ok(out)
}

/// Runs as many at once as the machine has processors, and adds up.
fn in_parallel<T: Sync>(
    work: &[T],
    each: impl Fn(&T) -> std::result::Result<Row, String> + Sync,
) -> Result<Row> {
    let next = AtomicUsize::new(0);
    let sum = Mutex::new(Ok(Row::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(it) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = each(it);
                    let Ok(mut sum) = sum.lock() else { return };
                    *sum = match (std::mem::replace(&mut *sum, Ok(Row::default())), one) {
                        (Ok(sum), Ok(one)) => Ok(Row {
                            actions: sum.actions.plus(one.actions),
                            operators: sum.operators.plus(one.operators),
                        }),
                        (Err(error), _) | (_, Err(error)) => Err(error),
                    };
                }
            });
        }
    });
    sum.into_inner().map_err(|error| error.to_string())?.map_err(Into::into)
}

fn scored(
    binary: &Path,
    recording: &Recording,
    perturbation: Perturbation,
    seed: u64,
) -> Result<Row> {
    let folder = tempfile::tempdir()?;
    let mut random = Random::new(seed, &format!("{}{}", recording.program, recording.version));
    let truth: Truth = serde_json::from_str(&std::fs::read_to_string(&recording.truth)?)?;
    let mut edited = Edited::copy(&recording.source, &folder.path().join("source"))?;
    let mut events = log::Events::read(&recording.log)?;
    match perturbation {
        Perturbation::Nothing => {}
        Perturbation::CallsMissing(share) => edited.remove_calls(&truth, share, &mut random)?,
        Perturbation::ExecutionsMissing(share) => events.remove(share, &mut random),
        Perturbation::FirstHalfMissing => events.remove_half(true),
        Perturbation::SecondHalfMissing => events.remove_half(false),
        Perturbation::LinesMoved => edited.move_lines(&mut random)?,
        Perturbation::OutOfOrder(window) => events.shuffle(window, &mut random),
        Perturbation::CallsAndExecutionsMissing(share) => {
            edited.remove_calls(&truth, share, &mut random)?;
            events.remove(share, &mut random);
        }
    }
    let log = folder.path().join("log");
    events.write(&log)?;
    let output = Command::new(binary)
        .current_dir(folder.path().join("source"))
        .args(["annotate", ".", "--output-format", "json", "--event-log"])
        .arg(&log)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let annotated: Annotated = serde_json::from_slice(&output.stdout)?;
    let profile = eventlog::read(&Disk::new(&log), &mut |_| ControlFlow::Continue(()))?;
    Ok(row(&profile, &truth, &annotated, &edited))
}

/// The lines that a thing stands on.
type Said<'a> = Vec<&'a Line>;

fn row(profile: &eventlog::Profile, truth: &Truth, annotated: &Annotated, edited: &Edited) -> Row {
    let mut executions: BTreeMap<u64, Said<'_>> = BTreeMap::new();
    let mut jobs: BTreeMap<u64, Said<'_>> = BTreeMap::new();
    let mut operators: BTreeMap<(u64, &str), Said<'_>> = BTreeMap::new();
    for line in &annotated.lines {
        for &it in &line.executions {
            executions.entry(it).or_default().push(line);
        }
        for &it in &line.jobs {
            jobs.entry(it).or_default().push(line);
        }
        for it in &line.operators {
            operators.entry((it.execution, &it.node_id_or_name)).or_default().push(line);
        }
    }
    let mut row = Row::default();
    let none = Said::new();
    let judge = |told: &mut Told, said: &Said<'_>, sites: &[Call]| {
        // Where the calls are, in the sources as they are now.
        let now: BTreeSet<Call> = sites.iter().filter_map(|it| edited.place(it)).collect();
        told.placed += u64::from(!now.is_empty());
        let told_one = !said.is_empty() && said.iter().all(|it| !it.matched.starts_with("ambig"));
        if !told_one {
            return;
        }
        let right = said.iter().all(|it| now.contains(&it.call()));
        let sure = said.iter().all(|it| it.sure);
        told.right += u64::from(right);
        told.wrong += u64::from(!right);
        told.sure_right += u64::from(right && sure);
        told.sure_wrong += u64::from(!right && sure);
    };
    for execution in &truth.executions {
        let Some(logged) = profile.execution(execution.execution) else { continue };
        if let Some(action) = &execution.action {
            let said = executions.get(&execution.execution).unwrap_or(&none);
            judge(&mut row.actions, said, std::slice::from_ref(action));
        }
        let measured = super::score::measured(logged);
        for operator in &execution.operators {
            if !operator.sites.is_empty() && measured.contains(&operator.operator) {
                let key = (execution.execution, operator.operator.as_str());
                let said = operators.get(&key).unwrap_or(&none);
                judge(&mut row.operators, said, &operator.sites);
            }
        }
    }
    for job in &truth.jobs {
        let plain = profile.job(job.job).is_some_and(|it| it.execution_id.is_none());
        if let Some(action) = job.action.as_ref().filter(|_| plain) {
            let said = jobs.get(&job.job).unwrap_or(&none);
            judge(&mut row.actions, said, std::slice::from_ref(action));
        }
    }
    row
}
