//! `many-jobs`: one line of the program starts many short jobs.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure};
use eventlog::{Job, StageAttempt};
use std::collections::BTreeMap;

/// Jobs of one call site, and their median wall time in milliseconds, from which and below which they are worth a word.
const JOBS: usize = 50;
const SHORT_MS: u64 = 1_000;

pub(crate) const EXPLANATION: &str = "Each action starts a job: it is planned, its tasks are sent out, and the driver waits for it. For a job of little work these \
     steps are most of its time. An action in a loop pays them once for every turn.";

pub(crate) fn find(run: &Run<'_>) -> Vec<Found> {
    let profile = run.profile;
    let mut by_site: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
    for job in &profile.jobs {
        let execution =
            job.root_execution_id.or(job.execution_id).and_then(|id| profile.execution(id));
        let site = execution.map_or(job.call_site.short.as_str(), |it| it.description.as_str());
        // Without a line of the program, jobs of different lines would be taken for one.
        if names_a_line(site) {
            by_site.entry(site).or_default().push(job);
        }
    }
    let mut found = Vec::new();
    for (site, jobs) in by_site {
        let mut walls: Vec<u64> = jobs
            .iter()
            .filter_map(|job| u64::try_from(job.completion_ms? - job.submission_ms).ok())
            .collect();
        walls.sort_unstable();
        let (Some(&median), wall) = (walls.get(walls.len() / 2), walls.iter().sum::<u64>()) else {
            continue;
        };
        if jobs.len() < JOBS || median >= SHORT_MS || !run.is_worth_wall_time(wall) {
            continue;
        }
        let stages: Vec<&StageAttempt> = profile
            .stages
            .iter()
            .filter(|stage| jobs.iter().any(|job| stage.job_ids.first() == Some(&job.job_id)))
            .collect();
        let tasks = stages.iter().map(|stage| stage.task_duration).fold(0, u64::saturating_add);
        found.push(
            Found::new("many-jobs", Category::Algorithm, EXPLANATION)
                .stages(run, &stages)
                .summary(format!(
                    "{} jobs of {site} took {} of wall time, {} each in the median",
                    jobs.len(),
                    time(wall),
                    time(median)
                ))
                .measure(Measure::of("jobs", jobs.len() as u64, "jobs"))
                .measure(Measure::of("wall time", wall, "ms"))
                .measure(Measure::of("median job", median, "ms"))
                .measure(Measure::of("task time", tasks, "ms"))
                .advice("do in one job what the loop does in many: union the inputs, group by what the loop runs over, or collect once before it")
                .saving(Some((0, wall)))
                .weight(wall),
        );
    }
    found
}

/// `count at /srv/job.py:18`, but not `count at NativeMethodAccessorImpl.java:0`.
pub(crate) fn names_a_line(site: &str) -> bool {
    site.rsplit_once(':').is_some_and(|(file, line)| {
        line.parse::<u32>().is_ok_and(|line| line > 0) && !file.ends_with(".java")
    })
}
