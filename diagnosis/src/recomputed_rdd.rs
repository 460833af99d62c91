//! `recomputed-rdd`: several jobs compute the same RDD, which nothing keeps.

use crate::format::time;
use crate::found::Found;
use crate::run::Run;
use crate::{Category, Measure, executions_of};
use eventlog::{StageAttempt, StageStatus};
use std::collections::{BTreeMap, BTreeSet};

/// Share of the run's task time that the computations after the first must take, as its reciprocal.
const ONE_IN: u64 = 100;

/// Jobs that sample an RDD before they sort or number it: Spark's own, which a cache would spare only seldom.
const SAMPLING: [&str; 4] = ["sortBy", "sortByKey", "zipWithIndex", "repartitionAndSort"];

pub(crate) const EXPLANATION: &str = "An RDD is a recipe. Each action runs the recipe from its start, or from the last shuffle, unless its result was cached. Actions on \
     the same RDD therefore compute it again and again.";

pub(crate) fn find(run: &Run<'_>) -> Vec<Found> {
    let profile = run.profile;
    // By RDD, the stages that computed it, one for each job.
    let mut computed: BTreeMap<u64, Vec<&StageAttempt>> = BTreeMap::new();
    for stage in &profile.stages {
        let own = !SAMPLING.iter().any(|name| stage.name.starts_with(name));
        let reads = stage.metrics.input_bytes > 0 || stage.metrics.shuffle_read_records > 0;
        // A SQL execution makes its RDDs anew.
        let sql = !executions_of(profile, stage).is_empty();
        if stage.attempt_id > 0 || stage.status != StageStatus::Complete || !own || !reads || sql {
            continue;
        }
        for id in computed_by(stage) {
            let stages = computed.entry(id).or_default();
            if stages.iter().all(|other| other.job_ids.first() != stage.job_ids.first()) {
                stages.push(stage);
            }
        }
    }
    computed.retain(|_, stages| stages.len() > 1);
    // An RDD's parents are computed with it: the last of those that the same stages compute stands for all.
    let mut by_stages: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
    for (id, stages) in &computed {
        let last =
            by_stages.entry(stages.iter().map(|stage| stage.stage_id).collect()).or_default();
        *last = (*last).max(*id);
    }
    let mut found = Vec::new();
    let mut told: BTreeSet<u64> = BTreeSet::new();
    // Those that most stages compute first; a stage is told of once.
    let mut candidates: Vec<u64> = by_stages.into_values().collect();
    candidates.sort_by_key(|id| (std::cmp::Reverse(computed[id].len()), std::cmp::Reverse(*id)));
    for id in candidates {
        let stages: Vec<&StageAttempt> =
            computed[&id].iter().filter(|stage| !told.contains(&stage.stage_id)).copied().collect();
        let again: Vec<&StageAttempt> = stages.iter().skip(1).copied().collect();
        let spent =
            again.iter().map(|stage| stage.metrics.executor_run_time).fold(0, u64::saturating_add);
        if again.is_empty()
            || spent < run.thresholds.recompute_ms
            || spent < profile.task_time_ms() / ONE_IN
        {
            continue;
        }
        told.extend(stages.iter().map(|stage| stage.stage_id));
        let rdd = stages[0].rdds.iter().find(|rdd| rdd.id == id);
        let at = rdd.map(|rdd| rdd.call_site.as_str()).filter(|site| !site.is_empty());
        let at = at.map(|site| format!(" ({site})")).unwrap_or_default();
        let wall = again
            .iter()
            .filter_map(|stage| u64::try_from(stage.completion_ms? - stage.submission_ms?).ok())
            .fold(0, u64::saturating_add);
        found.push(
            Found::new("recomputed-rdd", Category::Algorithm, EXPLANATION)
                .stages(run, &again)
                .summary(format!(
                    "{} jobs compute RDD {id}{at}: again in stages of {} task time",
                    stages.len(),
                    time(spent)
                ))
                .measure(Measure::of("jobs", stages.len() as u64, "jobs"))
                .measure(Measure::of("task time of the stages that compute it again", spent, "ms"))
                .advice("cache it before the first of these jobs if it fits into memory, and unpersist it after the last; or do in one job what they do apart")
                // Which part of these stages is the RDD's the log does not tell.
                .saving(Some((0, wall))),
        );
    }
    found
}

/// RDDs that a stage's tasks compute from files or from a shuffle. What lies above a kept RDD is not computed, and what is made of one
/// costs little that a log could tell.
fn computed_by(stage: &StageAttempt) -> Vec<u64> {
    let mut rdds: Vec<_> = stage.rdds.iter().collect();
    // Parents have smaller ids, so one pass from the largest sees every child before its parents, and one back every parent first.
    rdds.sort_by_key(|rdd| std::cmp::Reverse(rdd.id));
    let (mut above, mut of_kept) = (BTreeSet::<u64>::new(), BTreeSet::<u64>::new());
    for rdd in &rdds {
        if rdd.persisted || above.contains(&rdd.id) {
            above.extend(&rdd.parent_ids);
        }
    }
    for rdd in rdds.iter().rev() {
        if rdd.persisted || rdd.parent_ids.iter().any(|parent| of_kept.contains(parent)) {
            of_kept.insert(rdd.id);
        }
    }
    // What a shuffle's own operation does with its rows belongs to reading it, and so does what Spark does to hand them to Python.
    let reading: Vec<&str> = rdds
        .iter()
        .filter(|rdd| reads_a_shuffle(&rdd.name))
        .map(|rdd| rdd.call_site.as_str())
        .collect();
    let is_reading = |site: &str| reading.contains(&site) || site.contains(" at PythonRDD.scala");
    rdds.iter()
        .filter(|rdd| !is_reading(&rdd.call_site))
        .filter(|rdd| !above.contains(&rdd.id) && !of_kept.contains(&rdd.id))
        .filter(|rdd| !rdd.parent_ids.is_empty() && !reads_a_shuffle(&rdd.name))
        .map(|rdd| rdd.id)
        .collect()
}

/// Its rows come from shuffle files, which are kept.
fn reads_a_shuffle(name: &str) -> bool {
    ["ShuffledRDD", "CoGroupedRDD", "ShuffledRowRDD", "SubtractedRDD"].contains(&name)
}
