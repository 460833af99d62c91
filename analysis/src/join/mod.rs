//! The join of one run with the workspace's programs.
//!
//! 1. What the log shows that some call started: root SQL executions and jobs without one.
//! 2. Each is bound to a call by the line that the log names, else by order and kind in straight-line code, else to nothing
//!    with a reason.
//! 3. Each stage attempt is divided once among the calls that own work in it; what remains is unattributed.

mod call_site;
mod cost;
mod notebook_cell;
mod observation;
mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use eventlog::{Profile, StageAttempt};
use program::{CallId, CallKey, LineIndex, Program};

use self::call_site::{Place, Resolved};
use self::notebook_cell::CountedLine;
use self::observation::Observation;
use crate::evidence::{Match, Run, SiteCost, Unattributed, UnattributedStage};

/// A file that takes part in a join.
#[derive(Debug, Clone, Copy)]
pub struct JoinFile<'a> {
    /// Its path as the host names it.
    pub path: &'a str,
    /// Its program.
    pub program: &'a Program,
    /// Keys of the program's calls, in their order.
    pub call_keys: &'a [CallKey],
    /// Its lines.
    pub lines: &'a LineIndex,
    /// Its text.
    pub text: &'a str,
}

/// A call of a file.
type Site = (usize, CallId);

/// What an observation is bound to.
#[derive(Debug, Clone)]
enum Binding {
    Bound { site: Site, matched: Match },
    Unbound { reason: String },
}

/// Joins one run with the programs of `files`. A run speaks for others from `representative_task_ms` of task time on.
#[must_use]
pub fn join(files: &[JoinFile<'_>], profile: &Arc<Profile>, representative_task_ms: u64) -> Run {
    let observations = Observation::all(profile);
    let bindings = bind(files, &observations);
    let mut joined =
        Joined { files, profile, sites: BTreeMap::new(), unattributed: Unattributed::default() };
    for (observation, binding) in observations.iter().zip(&bindings) {
        joined.start(observation, binding);
    }
    joined.divide_stages(&observations, &bindings);
    let sites = joined.sites.into_iter().map(|((file, call), cost)| {
        let key = files[file].call_keys[call.index()].clone();
        ((files[file].path.to_owned(), key), cost)
    });
    let quality = &profile.quality;
    let complete = quality.has_application_end
        && quality.truncated.is_none()
        && quality.missing_task_ends == 0
        && !quality.compacted;
    Run {
        sites: sites.collect(),
        unattributed: joined.unattributed,
        representative: complete
            && !quality.local_master
            && profile.task_time_ms() >= representative_task_ms,
        profile: Arc::clone(profile),
    }
}

/// Binds each observation to a call or to a reason.
fn bind(files: &[JoinFile<'_>], observations: &[Observation<'_>]) -> Vec<Binding> {
    let resolved: Vec<Resolved> =
        observations.iter().map(|it| call_site::resolve(files, it.short, it.long)).collect();
    let mut bindings: Vec<Binding> = resolved.iter().map(|it| by_call_site(files, it)).collect();
    // Order is only trusted in a file whose logged lines all still meet their calls.
    let moved = resolved.iter().find(|it| matches!(it, Resolved::Missing { .. }));
    let unnamed: Vec<usize> =
        (0..observations.len()).filter(|&it| resolved[it] == Resolved::Unnamed).collect();
    let outside = resolved.iter().any(|it| matches!(it, Resolved::Outside { .. }));
    if unnamed.is_empty() {
        return bindings;
    }
    match (program_of_run(files, observations, &bindings, outside), moved) {
        (_, Some(_)) => {
            for index in unnamed {
                let reason = "the source differs from the run, so order does not tell".to_owned();
                bindings[index] = Binding::Unbound { reason };
            }
        }
        (Ok(file), None) => {
            let anchors: Vec<(usize, CallId)> = bindings
                .iter()
                .enumerate()
                .filter_map(|(index, it)| match it {
                    Binding::Bound { site, .. } if site.0 == file => Some((index, site.1)),
                    _ => None,
                })
                .collect();
            let sequence: Vec<(usize, &Observation<'_>)> =
                observations.iter().enumerate().collect();
            let line = |call: CallId| {
                let start = files[file].program.call(call).name_range.start;
                CountedLine::new(&files[file], files[file].lines.line(start))
            };
            let matches = order::match_by_order(files[file].program, &sequence, &anchors, &line);
            for (index, call) in matches.calls {
                bindings[index] = Binding::Bound { site: (file, call), matched: Match::Order };
            }
            for (index, reason) in matches.reasons {
                if unnamed.contains(&index) {
                    bindings[index] = Binding::Unbound { reason };
                }
            }
        }
        (Err(reason), None) => {
            for index in unnamed {
                bindings[index] = Binding::Unbound { reason: reason.clone() };
            }
        }
    }
    bindings
}

fn by_call_site(files: &[JoinFile<'_>], resolved: &Resolved) -> Binding {
    let place = |it: &Place| {
        let file = &files[it.file];
        format!("{}:{}", file.path, CountedLine::new(file, it.line))
    };
    let reason = match resolved {
        Resolved::Call { file, call } => {
            return Binding::Bound { site: (*file, *call), matched: Match::CallSite };
        }
        Resolved::Several { place: at, calls } => {
            format!("{} has {} calls that it could be", place(at), calls.len())
        }
        Resolved::Missing { place: at, method } => {
            format!("{} has no call of `{method}`: the source differs from the run", place(at))
        }
        Resolved::SeveralFiles { name } => format!("several files are named {name}"),
        Resolved::Outside { name } => format!("{name} is not in this workspace"),
        Resolved::Unnamed => "the log names no line".to_owned(),
    };
    Binding::Unbound { reason }
}

/// The one file whose straight-line code the run followed: the file of the logged lines, else the only one whose actions agree
/// with the log.
fn program_of_run(
    files: &[JoinFile<'_>],
    observations: &[Observation<'_>],
    bindings: &[Binding],
    outside: bool,
) -> Result<usize, String> {
    let mut anchored: Vec<usize> = bindings
        .iter()
        .filter_map(|it| match it {
            Binding::Bound { site, .. } => Some(site.0),
            Binding::Unbound { .. } => None,
        })
        .collect();
    anchored.sort_unstable();
    anchored.dedup();
    match anchored.as_slice() {
        [one] => return Ok(*one),
        [] if outside => return Err("the run's code is not in this workspace".to_owned()),
        [] => {}
        _ => return Err("the run spans several files, whose order is not followed".to_owned()),
    }
    let sequence: Vec<(usize, &Observation<'_>)> = observations.iter().enumerate().collect();
    // A log without any line must be explained whole by one program, or it may be another program's.
    let explains = |file: &JoinFile<'_>| {
        let line = |_: CallId| CountedLine::new(file, 0);
        let matches = order::match_by_order(file.program, &sequence, &[], &line);
        matches.calls.len() >= 2 && matches.reasons.is_empty()
    };
    let mut fitting =
        files.iter().enumerate().filter(|(_, file)| explains(file)).map(|(index, _)| index);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err("several programs fit the order of the log".to_owned()),
        (None, _) => {
            Err("the log names no line of this workspace, and no program fits its order".to_owned())
        }
    }
}

struct Joined<'a> {
    files: &'a [JoinFile<'a>],
    profile: &'a Profile,
    sites: BTreeMap<Site, SiteCost>,
    unattributed: Unattributed,
}

impl Joined<'_> {
    /// Books what a call started: executions, jobs, wall and driver time, rows and bytes to the driver.
    fn start(&mut self, observation: &Observation<'_>, binding: &Binding) {
        let stages: Vec<&StageAttempt> =
            observation.jobs.iter().flat_map(|job| stages_run_by(self.profile, job)).collect();
        let span = observation.span_ms();
        let mut busy: Vec<(i64, i64)> = stages
            .iter()
            .filter_map(|stage| Some((stage.submission_ms?, stage.completion_ms?)))
            .collect();
        let driver_ms = span.map_or(0, |span| cost::outside(span, &mut busy));
        let Binding::Bound { site, matched } = binding else {
            self.unattributed.driver_ms += driver_ms;
            return;
        };
        let site_path = call_path(self.files, observation, *site);
        let cost = self.sites.entry(*site).or_insert_with(|| SiteCost::new(*matched));
        cost.matched = cost.matched.max(*matched);
        cost.executions.extend(observation.executions.iter().map(|it| it.execution_id));
        cost.jobs.extend(observation.jobs.iter().map(|job| job.job_id));
        cost.driver_ms += driver_ms;
        cost.wall_ms += span.map_or(0, |(start, end)| u64::try_from(end - start).unwrap_or(0));
        cost.rows += observation.executions.first().and_then(|it| output_rows(it)).unwrap_or(0);
        if cost.call_path.is_empty() {
            cost.call_path = site_path;
        }
        // Results come from a job's last stage; in an execution from its last job's, since the jobs before it bring broadcasts.
        let result_jobs = if observation.executions.is_empty() {
            0
        } else {
            observation.jobs.len().saturating_sub(1)
        };
        for job in &observation.jobs[result_jobs..] {
            let last = stages
                .iter()
                .filter(|stage| stage.job_ids.contains(&job.job_id))
                .map(|stage| stage.stage_id)
                .max();
            let results = stages.iter().filter(|stage| Some(stage.stage_id) == last);
            cost.result_bytes += results.map(|stage| stage.metrics.result_size).sum::<u64>();
        }
    }

    /// Divides every stage attempt once.
    fn divide_stages(&mut self, observations: &[Observation<'_>], bindings: &[Binding]) {
        for stage in &self.profile.stages {
            let started = observations
                .iter()
                .zip(bindings)
                .find(|(it, _)| it.jobs.iter().any(|job| ran(self.profile, job.job_id, stage)));
            let mut owners: Vec<StageOwner> = Vec::new();
            let mut reason = "no job of the log has this stage".to_owned();
            if let Some((observation, binding)) = started {
                if observation.executions.is_empty() {
                    owners = rdd_owners(self.files, self.profile, stage);
                }
                match binding {
                    Binding::Bound { site, matched } => {
                        if !owners.iter().any(|owner| owner.pipeline) {
                            owners.retain(|owner| owner.site != *site);
                            owners.push(StageOwner::of_pipeline(*site, *matched));
                        }
                        if let Some(cost) = self.sites.get_mut(site) {
                            cost.task_time_ms += stage.metrics.executor_run_time;
                        }
                    }
                    Binding::Unbound { reason: why } => {
                        reason = format!("{}: {why}", observation.name());
                    }
                }
            }
            if !owners.iter().any(|owner| owner.pipeline) {
                self.unattributed.task_time_ms += stage.metrics.executor_run_time;
                self.unattributed.stages.push(UnattributedStage {
                    stage: stage.stage_id,
                    attempt: stage.attempt_id,
                    reason,
                    task_time_ms: stage.metrics.executor_run_time,
                });
                continue;
            }
            let starter = started.and_then(|(_, binding)| match binding {
                Binding::Bound { site, .. } => Some(*site),
                Binding::Unbound { .. } => None,
            });
            let mut costs: Vec<SiteCost> = owners
                .iter()
                .map(|owner| {
                    self.sites.remove(&owner.site).unwrap_or_else(|| SiteCost::new(owner.matched))
                })
                .collect();
            let mut parts: Vec<cost::Owner<'_>> = costs
                .iter_mut()
                .zip(&owners)
                .map(|(cost, owner)| cost::Owner {
                    cost,
                    pipeline: owner.pipeline,
                    reads_shuffle: owner.reads_shuffle,
                    writes_shuffle: owner.writes_shuffle,
                })
                .collect();
            cost::share_stage(stage, &mut parts);
            for (owner, mut cost) in owners.into_iter().zip(costs) {
                if Some(owner.site) != starter {
                    cost.task_time_ms += stage.metrics.executor_run_time;
                }
                self.sites.insert(owner.site, cost);
            }
        }
    }
}

/// The attempts that `job` itself ran, not those it skipped because an earlier job had.
fn stages_run_by<'a>(
    profile: &'a Profile,
    job: &'a eventlog::Job,
) -> impl Iterator<Item = &'a StageAttempt> {
    profile.stages.iter().filter(move |stage| ran(profile, job.job_id, stage))
}

/// Whether a job ran an attempt: the last one to be submitted before the attempt, among those that name its stage.
fn ran(profile: &Profile, job: u64, stage: &StageAttempt) -> bool {
    let before = |id: &&u64| {
        let submission = profile.job(**id).map_or(i64::MIN, |job| job.submission_ms);
        stage.submission_ms.is_none_or(|at| submission <= at)
    };
    let runner = stage.job_ids.iter().filter(before).max().or(stage.job_ids.first());
    runner == Some(&job)
}

/// A call that owns work in a stage.
#[derive(Debug, Clone, Copy)]
struct StageOwner {
    site: Site,
    matched: Match,
    pipeline: bool,
    reads_shuffle: bool,
    writes_shuffle: bool,
}

impl StageOwner {
    fn of_pipeline(site: Site, matched: Match) -> Self {
        Self { site, matched, pipeline: true, reads_shuffle: false, writes_shuffle: false }
    }
}

/// The calls whose RDD operations make up a stage outside SQL: by the stage's own name and its RDDs' call sites; and the one whose
/// shuffle the stage writes, which stands in the stage that reads it.
fn rdd_owners(files: &[JoinFile<'_>], profile: &Profile, stage: &StageAttempt) -> Vec<StageOwner> {
    let mut owners: Vec<StageOwner> = Vec::new();
    let sites = std::iter::once((stage.name.as_str(), stage.details.as_str()))
        .chain(stage.rdds.iter().map(|rdd| (rdd.call_site.as_str(), "")));
    for (short, long) in sites {
        if let Resolved::Call { file, call } = call_site::resolve(files, short, long)
            && !owners.iter().any(|owner| owner.site == (file, call))
        {
            owners.push(StageOwner::of_pipeline((file, call), Match::CallSite));
        }
    }
    if let Some(reader) = only(&shuffle_readers(files, stage))
        && let Some(owner) = owners.iter_mut().find(|owner| owner.site == reader)
    {
        owner.reads_shuffle = true;
    }
    let children = profile.stages.iter().filter(|child| child.parent_ids.contains(&stage.stage_id));
    if let Some(writer) =
        only(&children.flat_map(|child| shuffle_readers(files, child)).collect::<Vec<_>>())
    {
        match owners.iter_mut().find(|owner| owner.site == writer) {
            Some(owner) => owner.writes_shuffle = true,
            None => owners.push(StageOwner {
                pipeline: false,
                writes_shuffle: true,
                ..StageOwner::of_pipeline(writer, Match::CallSite)
            }),
        }
    }
    owners.sort_by_key(|owner| owner.site);
    owners
}

/// The calls whose RDDs read a shuffle in this stage (`ShuffledRDD`, `CoGroupedRDD`, `SubtractedRDD` of `org.apache.spark.rdd`).
fn shuffle_readers(files: &[JoinFile<'_>], stage: &StageAttempt) -> Vec<Site> {
    let shuffled = stage.rdds.iter().filter(|rdd| {
        matches!(rdd.name.as_str(), "ShuffledRDD" | "CoGroupedRDD" | "SubtractedRDD")
    });
    shuffled
        .filter_map(|rdd| match call_site::resolve(files, &rdd.call_site, "") {
            Resolved::Call { file, call } => Some((file, call)),
            _ => None,
        })
        .collect()
}

/// The one site, if all are the same.
fn only(sites: &[Site]) -> Option<Site> {
    let (first, rest) = sites.split_first()?;
    rest.iter().all(|site| site == first).then_some(*first)
}

/// The workspace lines that led to a call, outermost first, the call's own line left out.
fn call_path(files: &[JoinFile<'_>], observation: &Observation<'_>, site: Site) -> Vec<String> {
    let call = files[site.0].program.call(site.1);
    let lines = files[site.0].lines;
    let own = lines.line(call.range.start)..=lines.line(call.range.end);
    let mut path: Vec<String> = call_site::workspace_frames(files, observation.long)
        .into_iter()
        .filter(|place| place.file != site.0 || !own.contains(&place.line))
        .map(|place| format!("{}:{}", files[place.file].path, place.line))
        .collect();
    path.reverse();
    path.dedup();
    path
}

/// Rows that an execution put out: those of the topmost operator that counts them, seen through operators that keep their number.
fn output_rows(execution: &eventlog::SqlExecution) -> Option<u64> {
    let mut node = &execution.plan;
    loop {
        if let Some(rows) = execution.metric(node, "number of output rows") {
            return u64::try_from(rows).ok();
        }
        let keeps = [
            "AdaptiveSparkPlan",
            "WholeStageCodegen",
            "InputAdapter",
            "Project",
            "Sort",
            "ColumnarToRow",
        ];
        let keeps_stage =
            ["ShuffleQueryStage", "ResultQueryStage", "AQEShuffleRead", "Exchange", "CollectLimit"];
        let known = keeps.iter().chain(&keeps_stage).any(|name| node.name.starts_with(name))
            || node.name.starts_with("Execute ")
            || node.name == "WriteFiles";
        match node.children.as_slice() {
            [child] if known && !node.name.starts_with("CollectLimit") => node = child,
            _ => return None,
        }
    }
}
