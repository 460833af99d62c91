//! A run while it is going on: a few lines that are drawn again and again on a terminal, or a line for each thing that ended.

use std::collections::HashSet;
use std::io::{self, Write};

use analysis::units::{bytes, count, duration_ms};
use eventlog::{Follower, Job, JobStatus, StageAttempt, StageStatus};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::plural;
use super::terminal::{sanitize, truncate};

/// Stages in the picture: those that run, then the hottest.
const STAGES: usize = 10;

/// Longest call site that is shown, in columns.
const NAME: usize = 48;

/// Times in a second that a terminal is drawn to at most.
const DRAWS: u8 = 10;

/// Rests after which what was shown last has been drawn for certain.
const SETTLED: u32 = 4;

/// Where a run is shown while it is followed.
pub(crate) trait View {
    /// Shows what is new.
    ///
    /// # Errors
    /// Nobody reads it any more.
    fn show(&mut self, run: &Follower) -> io::Result<()>;
    /// Nothing is new.
    fn rest(&mut self) {}
    /// Makes room for the report.
    fn end(&mut self);
}

/// A terminal.
pub(crate) struct Screen {
    bar: ProgressBar,
    rests: u32,
}

impl Default for Screen {
    fn default() -> Self {
        let target = ProgressDrawTarget::stdout_with_hz(DRAWS);
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { bar, rests: SETTLED }
    }
}

impl View for Screen {
    fn show(&mut self, run: &Follower) -> io::Result<()> {
        self.bar.set_message(picture(run));
        self.bar.tick();
        self.rests = 0;
        Ok(())
    }

    fn rest(&mut self) {
        // What comes too soon after another drawing is not drawn.
        if self.rests < SETTLED {
            self.rests += 1;
            self.bar.tick();
        }
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The present state in a few lines.
fn picture(run: &Follower) -> String {
    let mut stages: Vec<(&StageAttempt, u64)> = run.stages().collect();
    let sum = |of: fn(&StageAttempt) -> u64| {
        stages.iter().fold(0, |sum: u64, (stage, _)| sum.saturating_add(of(stage)))
    };
    let running: u64 = stages.iter().map(|(_, running)| running).sum();
    let ended = |status: JobStatus| run.jobs().filter(|job| job.status == status).count();
    let mut facts = vec![
        format!("{} task time", duration_ms(sum(|stage| stage.metrics.executor_run_time))),
        format!("{} tasks ended", count(sum(ends))),
        format!("{} running", count(running)),
        plural(ended(JobStatus::Running), "job runs", "jobs run"),
    ];
    if ended(JobStatus::Failed) > 0 {
        facts.push(plural(ended(JobStatus::Failed), "job failed", "jobs failed"));
    }
    let mut text = format!("{}: {}", application(run), facts.join(" · "));
    // What runs, newest first; then what cost most.
    stages.sort_by_key(|(stage, _)| {
        let over = stage.status != StageStatus::Active;
        let rank = if over { stage.metrics.executor_run_time } else { stage.stage_id };
        (over, std::cmp::Reverse(rank), stage.stage_id, stage.attempt_id)
    });
    for (stage, running) in stages.iter().take(STAGES) {
        text.push_str("\n  ");
        text.push_str(&stage_line(stage, *running));
    }
    if stages.len() > STAGES {
        text.push_str(&format!("\n  and {}", plural(stages.len() - STAGES, "stage", "stages")));
    }
    text
}

/// Tasks that ended in any way.
fn ends(stage: &StageAttempt) -> u64 {
    stage.num_complete_tasks + stage.num_failed_tasks + stage.num_killed_tasks
}

fn application(run: &Follower) -> String {
    let application = run.application();
    let name = sanitize(&application.name);
    let id = sanitize(&application.id);
    let name = truncate(if name.trim().is_empty() { "(no name)" } else { &name }, NAME);
    if id.is_empty() { name.into_owned() } else { format!("{name} ({})", truncate(&id, NAME)) }
}

fn stage_line(stage: &StageAttempt, running: u64) -> String {
    let id = match stage.attempt_id {
        0 => format!("stage {}", stage.stage_id),
        attempt => format!("stage {}.{attempt}", stage.stage_id),
    };
    let state = match stage.status {
        StageStatus::Active => "runs",
        StageStatus::Complete => "complete",
        StageStatus::Failed => "failed",
    };
    let metrics = &stage.metrics;
    let tasks = format!("{} of {} tasks", count(stage.num_complete_tasks), count(stage.num_tasks));
    let mut facts = vec![tasks];
    let several = |number: u64, what: &str| format!("{} {what}", count(number));
    facts.extend((running > 0).then(|| several(running, "running")));
    facts.extend((stage.num_failed_tasks > 0).then(|| several(stage.num_failed_tasks, "failed")));
    facts.extend((stage.num_killed_tasks > 0).then(|| several(stage.num_killed_tasks, "killed")));
    facts.push(format!("{} task time", duration_ms(metrics.executor_run_time)));
    let spill = metrics.disk_bytes_spilled;
    facts.extend((spill > 0).then(|| format!("{} spilled", bytes(spill))));
    let name = sanitize(&stage.name);
    format!("{id} {state}: {}, {}", facts.join(", "), truncate(&name, NAME))
}

/// A file or pipe: a line for each stage and job that ends.
#[derive(Default)]
pub(crate) struct Plain {
    begun: bool,
    stages: HashSet<(u64, u32)>,
    jobs: HashSet<u64>,
}

impl View for Plain {
    fn show(&mut self, run: &Follower) -> io::Result<()> {
        let mut lines = Vec::new();
        if !self.begun && !run.application().id.is_empty() {
            self.begun = true;
            lines.push(application(run));
        }
        let mut stages: Vec<&StageAttempt> = run
            .stages()
            .map(|(stage, _)| stage)
            .filter(|stage| stage.status != StageStatus::Active)
            .filter(|stage| !self.stages.contains(&(stage.stage_id, stage.attempt_id)))
            .collect();
        stages.sort_by_key(|stage| (stage.completion_ms, stage.stage_id, stage.attempt_id));
        for stage in stages {
            self.stages.insert((stage.stage_id, stage.attempt_id));
            lines.push(stage_line(stage, 0));
        }
        for job in run.jobs().filter(|job| job.status != JobStatus::Running) {
            if self.jobs.insert(job.job_id) {
                lines.push(job_line(job));
            }
        }
        let mut out = anstream::stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    fn end(&mut self) {
        if self.begun {
            // Who has gone misses nothing.
            let _ = writeln!(anstream::stdout().lock());
        }
    }
}

fn job_line(job: &Job) -> String {
    let state = if job.status == JobStatus::Failed { "failed" } else { "succeeded" };
    let time = job.completion_ms.map(|end| end.saturating_sub(job.submission_ms));
    let time = time.and_then(|time| u64::try_from(time).ok());
    let time = time.map_or_else(String::new, |time| format!(" after {}", duration_ms(time)));
    format!("job {} {state}{time}", job.job_id)
}
