//! The join of one run with the workspace's programs.
//!
//! 1. What the log shows that some call started: root SQL executions and jobs without one.
//! 2. Each is bound to a call by the line that the log names, else by aligning the run with the automaton of the program that ran, else
//!    to nothing with a reason.
//! 3. The operators of its plan are given to the calls that asked for them.
//! 4. Each stage attempt is divided once among the calls that own operators in it; what remains is unattributed.

mod actions;
mod alignment;
mod anchors;
mod call_site;
mod computation;
mod cost;
mod division;
mod earlier;
mod lineage;
mod notebook_cell;
mod observation;
mod operators;
mod places;
mod plan;
mod score;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eventlog::{Profile, StageAttempt};
use program::{CallId, CallKey, LineIndex, Program};
use rustc_hash::FxHashMap;

use self::actions::{Binding, Bound, Programs};
use self::call_site::Resolved;
use self::observation::Observation;
use self::operators::Owner;
use self::places::{Places, Submitted};
use self::plan::PlanFacts;
use crate::data::DataFile;
use crate::evaluation::{self, EvaluationFile, Limits, SiteId};
use crate::evidence::{AskedOperator, Match, Run, SiteCost, Unattributed, UnattributedStage};
use crate::forecast::Forecast;

use self::computation::Lineage;
pub use self::computation::{Computations, Computing, Repeated, Work};
pub(crate) use self::earlier::join_earlier;
pub use self::earlier::{EarlierFile, Today};

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
    /// Where its lines stand today, where it is an earlier text.
    pub today: Option<&'a Today<'a>>,
}

/// A call of a file.
type Site = (usize, CallId);

/// Joins one run with the programs of `files`. A run speaks for others from `representative_task_ms` of task time on.
#[must_use]
pub fn join(files: &[JoinFile<'_>], profile: &Arc<Profile>, representative_task_ms: u64) -> Run {
    let mut runs = join_all(files, &[], std::slice::from_ref(profile), representative_task_ms);
    runs.remove(0)
}

/// Joins runs, in their order, with the programs of `files`, which may read `data`.
#[must_use]
pub(crate) fn join_all(
    files: &[JoinFile<'_>],
    data: &[DataFile],
    profiles: &[Arc<Profile>],
    representative_task_ms: u64,
) -> Vec<Run> {
    let sources: Vec<EvaluationFile<'_>> =
        files.iter().map(|it| EvaluationFile { path: it.path, program: it.program }).collect();
    let evaluation = evaluation::evaluate_with(&sources, data, &Limits::default());
    // Plans nest deep, and so does matching them.
    let joined = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("join".to_owned()).stack_size(STACK);
        let work = || {
            let programs = Programs::new(files, &evaluation);
            let lineage = Arc::new(Lineage::new(files, &programs));
            let join = |it| join_one(files, &programs, &lineage, it, representative_task_ms);
            profiles.iter().map(join).collect::<Vec<Run>>()
        };
        let thread = thread.spawn_scoped(scope, work).ok()?;
        Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // Where the system gives no thread, nothing is attributed.
    joined.unwrap_or_else(|| profiles.iter().map(Run::unattributed).collect())
}

/// How much stack the thread of a join has.
const STACK: usize = 256 << 20;

fn join_one(
    files: &[JoinFile<'_>],
    programs: &Programs<'_>,
    lineage: &Arc<Lineage>,
    profile: &Arc<Profile>,
    representative_task_ms: u64,
) -> Run {
    let observations = Observation::all(profile);
    let places = Places::new(files, profile, &observations);
    let submitted = Submitted::of(profile);
    let (bindings, sources) = programs.bind(&places, &submitted, &observations);
    let mut joined = Joined {
        files,
        places: &places,
        programs,
        profile,
        ran: StagesByJob::new(profile),
        sites: BTreeMap::new(),
        unattributed: Unattributed::default(),
        owners: FxHashMap::default(),
        computations: Computations::new(lineage),
    };
    let mut divided: BTreeSet<(u64, u32)> = BTreeSet::new();
    for (observation, binding) in observations.iter().zip(&bindings) {
        joined.start(observation, binding);
        let planned = match binding {
            Binding::Bound(bound) => {
                let planned = joined.plan(observation, bound);
                joined.compute(observation, bound, &planned);
                planned
            }
            Binding::Unbound { .. } => Vec::new(),
        };
        for job in &observation.jobs {
            for stage in joined.ran.of(job.job_id).collect::<Vec<_>>() {
                divided.insert((stage.stage_id, stage.attempt_id));
                joined.divide(stage, Some((observation, binding)), &planned);
            }
        }
    }
    for stage in &profile.stages {
        if !divided.contains(&(stage.stage_id, stage.attempt_id)) {
            joined.divide(stage, None, &[]);
        }
    }
    joined.unattributed.stages.sort_by_key(|it| (it.stage, it.attempt));
    for cost in joined.sites.values_mut() {
        cost.stages.sort_unstable();
    }
    let Joined { sites, unattributed, computations, .. } = joined;
    let sites = sites.into_iter().map(|((file, call), cost)| {
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
        unattributed,
        computations,
        sources,
        forecast: Forecast::default(),
        representative: complete
            && !quality.local_master
            && profile.task_time_ms() >= representative_task_ms,
        profile: Arc::clone(profile),
    }
}

/// What decides the owners of a plan's operators: its texts without ids, the action in its call context, the cached scans that were
/// filled.
type Decided = (Vec<u64>, Site, Option<SiteId>, Vec<usize>);

/// Plans of one observation's executions, with the owners of their operators.
struct Planned<'a> {
    execution: &'a eventlog::SqlExecution,
    plan: PlanFacts<'a>,
    owners: Arc<Vec<Owner>>,
}

struct Joined<'a> {
    files: &'a [JoinFile<'a>],
    places: &'a Places<'a>,
    programs: &'a Programs<'a>,
    profile: &'a Profile,
    ran: StagesByJob<'a>,
    sites: BTreeMap<Site, SiteCost>,
    unattributed: Unattributed,
    owners: FxHashMap<Decided, Arc<Vec<Owner>>>,
    computations: Computations,
}

impl<'a> Joined<'a> {
    /// Books what a call started: executions, jobs, wall and driver time, rows and bytes to the driver.
    fn start(&mut self, observation: &Observation<'_>, binding: &Binding) {
        let stages: Vec<&StageAttempt> =
            observation.jobs.iter().flat_map(|job| self.ran.of(job.job_id)).collect();
        let span = observation.span_ms();
        let mut busy: Vec<(i64, i64)> = stages
            .iter()
            .filter_map(|stage| Some((stage.submission_ms?, stage.completion_ms?)))
            .chain(observation.inner_spans().iter().copied())
            .collect();
        let driver_ms = span.map_or(0, |span| cost::outside(span, &mut busy));
        let Binding::Bound(bound) = binding else {
            self.unattributed.driver_ms += driver_ms;
            return;
        };
        let path = call_path(self.places, self.programs, observation, bound);
        let candidates: Vec<String> =
            bound.candidates.iter().map(|&it| place_of(self.files, it)).collect();
        let cost = self.sites.entry(bound.site).or_insert_with(|| SiteCost::new(bound.matched));
        cost.matched = cost.matched.max(bound.matched);
        cost.sure &= bound.sure;
        cost.stale |= bound.stale;
        cost.executions.extend(observation.executions.iter().map(|it| it.execution_id));
        cost.jobs.extend(observation.jobs.iter().map(|job| job.job_id));
        cost.driver_ms += driver_ms;
        cost.wall_ms += span.map_or(0, |(start, end)| u64::try_from(end - start).unwrap_or(0));
        cost.rows += observation.executions.first().and_then(|it| output_rows(it)).unwrap_or(0);
        if cost.call_path.is_empty() {
            cost.call_path = path;
        }
        for candidate in candidates {
            if !cost.candidates.contains(&candidate) {
                cost.candidates.push(candidate);
            }
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

    /// Finds who asked for the operators of what a call started, and books them.
    fn plan(&mut self, observation: &Observation<'a>, bound: &Bound) -> Vec<Planned<'a>> {
        let mut updated: BTreeSet<u64> = BTreeSet::new();
        for job in &observation.jobs {
            for stage in self.ran.of(job.job_id) {
                updated.extend(stage.sql_accumulators.keys());
            }
        }
        let mut planned = Vec::new();
        for execution in &observation.executions {
            let plan = PlanFacts::of(execution);
            let filled = plan.filled_caches(&updated);
            // Of several actions that it could be, none says where its data comes from.
            let several = matches!(bound.matched, Match::Ambiguous(_));
            let reached = bound.reached.filter(|_| !several);
            let key = (plan.fingerprint(), bound.site, reached, filled);
            let owners = match self.owners.get(&key) {
                Some(owners) => Arc::clone(owners),
                None => {
                    let filled = |index: usize| key.3.contains(&index);
                    let owners =
                        operators::owners(self.programs, &plan, bound.site, reached, &filled);
                    let owners = Arc::new(owners);
                    self.owners.insert(key, Arc::clone(&owners));
                    owners
                }
            };
            planned.push(Planned { execution, plan, owners });
        }
        for it in &planned {
            for (index, (fact, owner)) in it.plan.nodes.iter().zip(it.owners.iter()).enumerate() {
                if owner.unknown {
                    continue;
                }
                for &site in &owner.sites {
                    let matched = operator_match(bound, owner, site);
                    let rows = it.execution.metric(fact.node, "number of output rows");
                    let candidates: Vec<String> = if owner.ambiguous {
                        owner.sites.iter().map(|&it| place_of(self.files, it)).collect()
                    } else {
                        Vec::new()
                    };
                    let cost = self.sites.entry(site).or_insert_with(|| SiteCost::new(matched));
                    cost.stale |= bound.stale;
                    if site != bound.site {
                        cost.matched = cost.matched.max(matched);
                        cost.sure &= bound.sure && owner.sure && !owner.ambiguous;
                        // The rows of the largest of its operators: they do not add up.
                        let rows = rows.and_then(|it| u64::try_from(it).ok()).unwrap_or(0);
                        cost.rows = cost.rows.max(rows);
                    }
                    for candidate in candidates {
                        if !cost.candidates.contains(&candidate) {
                            cost.candidates.push(candidate);
                        }
                    }
                    cost.operators.push((it.execution.execution_id, fact.label.clone()));
                    if bound.sure && owner.sure && !owner.ambiguous && !owner.repeated {
                        let (execution, node) = (it.execution.execution_id, index as u32);
                        cost.asked.push(AskedOperator { execution, node });
                    }
                }
            }
        }
        planned
    }

    /// Keeps which datasets what a call started worked on.
    fn compute(&mut self, observation: &Observation<'a>, bound: &Bound, planned: &[Planned<'a>]) {
        let stages: Vec<usize> =
            observation.jobs.iter().flat_map(|job| self.ran.positions(job.job_id)).collect();
        let started = computation::Started::new(
            self.files,
            self.programs,
            bound,
            observation,
            planned,
            stages,
        );
        self.computations.extend(started);
    }

    /// Divides the stage attempts of one observation, or of none.
    fn divide(
        &mut self,
        stage: &StageAttempt,
        observation: Option<(&Observation<'a>, &Binding)>,
        planned: &[Planned<'a>],
    ) {
        let Some((observation, binding)) = observation else {
            self.leave(stage, "no job of the log has this stage".to_owned());
            return;
        };
        let bound = match binding {
            Binding::Bound(bound) => Some(bound),
            Binding::Unbound { .. } => None,
        };
        if let Some(bound) = bound
            && !planned.is_empty()
        {
            let plans: Vec<(&PlanFacts<'_>, &[Owner])> =
                planned.iter().map(|it| (&it.plan, it.owners.as_slice())).collect();
            let mut shares = division::divide(stage, &plans);
            if shares.is_empty() {
                shares.insert(bound.site, division::Share::whole(stage));
            }
            self.book(stage, bound, shares);
            return;
        }
        let mut owners =
            if observation.executions.is_empty() { self.rdd_owners(stage) } else { Vec::new() };
        if let Some(bound) = bound {
            if !owners.iter().any(|owner| owner.pipeline) {
                owners.retain(|owner| owner.site != bound.site);
                owners.push(StageOwner::of_pipeline(bound.site, bound.matched));
            }
            if let Some(cost) = self.sites.get_mut(&bound.site) {
                cost.task_time_ms += stage.metrics.executor_run_time;
            }
        }
        if !owners.iter().any(|owner| owner.pipeline) {
            let why = match binding {
                Binding::Unbound { reason } => reason.as_str(),
                Binding::Bound(_) => "",
            };
            self.leave(stage, format!("{}: {why}", observation.name()));
            return;
        }
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
            if bound.is_none_or(|it| it.site != owner.site) {
                cost.task_time_ms += stage.metrics.executor_run_time;
            }
            self.sites.insert(owner.site, cost);
        }
    }

    /// Books the division of a stage attempt.
    fn book(
        &mut self,
        stage: &StageAttempt,
        bound: &Bound,
        shares: BTreeMap<Site, division::Share>,
    ) {
        if let Some(cost) = self.sites.get_mut(&bound.site) {
            cost.task_time_ms += stage.metrics.executor_run_time;
        }
        for (site, share) in shares {
            let cost = self.sites.entry(site).or_insert_with(|| SiteCost::new(bound.matched));
            if site != bound.site {
                cost.task_time_ms += stage.metrics.executor_run_time;
            }
            cost.self_measured_ms += share.measured_ms;
            cost.self_shared_ms += share.shared_ms;
            let own = share.measured_ms + share.shared_ms;
            *cost.self_by_stage.entry(stage.stage_id).or_default() += own;
            cost.input_bytes += share.input_bytes;
            cost.output_bytes += share.output_bytes;
            cost.shuffle_read_bytes += share.shuffle_read_bytes;
            cost.shuffle_write_bytes += share.shuffle_write_bytes;
            cost.spill_bytes += share.spill_bytes;
            if !cost.stages.contains(&stage.stage_id) {
                cost.stages.push(stage.stage_id);
            }
            cost.skew = cost.skew.max(cost::skew(stage));
        }
    }

    fn leave(&mut self, stage: &StageAttempt, reason: String) {
        self.unattributed.task_time_ms += stage.metrics.executor_run_time;
        self.unattributed.stages.push(UnattributedStage {
            stage: stage.stage_id,
            attempt: stage.attempt_id,
            reason,
            task_time_ms: stage.metrics.executor_run_time,
        });
    }

    /// The calls whose RDD operations make up a stage outside SQL: by the stage's own name and its RDDs' call sites; and the one whose
    /// shuffle the stage writes, which stands in the stage that reads it.
    fn rdd_owners(&self, stage: &StageAttempt) -> Vec<StageOwner> {
        let mut owners: Vec<StageOwner> = Vec::new();
        let sites = std::iter::once((stage.name.as_str(), stage.details.as_str()))
            .chain(stage.rdds.iter().map(|rdd| (rdd.call_site.as_str(), "")));
        for (short, long) in sites {
            if let Resolved::Call { file, call } = call_site::resolve(self.places, short, long)
                && !owners.iter().any(|owner| owner.site == (file, call))
            {
                owners.push(StageOwner::of_pipeline((file, call), Match::CallSite));
            }
        }
        if let Some(reader) = only(&shuffle_readers(self.places, stage))
            && let Some(owner) = owners.iter_mut().find(|owner| owner.site == reader)
        {
            owner.reads_shuffle = true;
        }
        let children =
            self.profile.stages.iter().filter(|child| child.parent_ids.contains(&stage.stage_id));
        if let Some(writer) = only(
            &children.flat_map(|child| shuffle_readers(self.places, child)).collect::<Vec<_>>(),
        ) {
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
}

/// Which stage attempts each job ran itself, those excluded that it skipped because an earlier job had.
struct StagesByJob<'a> {
    stages: &'a [StageAttempt],
    /// Positions in `stages`.
    by_job: FxHashMap<u64, Vec<usize>>,
}

impl<'a> StagesByJob<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut by_job: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for (position, stage) in profile.stages.iter().enumerate() {
            if let Some(job) = Self::runner(profile, stage) {
                by_job.entry(job).or_default().push(position);
            }
        }
        Self { stages: &profile.stages, by_job }
    }

    /// The job that ran an attempt: the last one to be submitted before the attempt, among those that name its stage.
    fn runner(profile: &Profile, stage: &StageAttempt) -> Option<u64> {
        let before = |id: &&u64| {
            let submission = profile.job(**id).map_or(i64::MIN, |job| job.submission_ms);
            stage.submission_ms.is_none_or(|at| submission <= at)
        };
        stage.job_ids.iter().filter(before).max().or(stage.job_ids.first()).copied()
    }

    fn of(&self, job: u64) -> impl Iterator<Item = &'a StageAttempt> + '_ {
        self.positions(job).map(|it| &self.stages[it])
    }

    fn positions(&self, job: u64) -> impl Iterator<Item = usize> + '_ {
        self.by_job.get(&job).into_iter().flatten().copied()
    }
}

/// How the line of an operator was found: by the plan at best, and no better than the action's.
fn operator_match(bound: &Bound, owner: &Owner, site: Site) -> Match {
    if site == bound.site {
        return bound.matched;
    }
    let own =
        if owner.ambiguous { Match::Ambiguous(owner.sites.len() as u32) } else { Match::Plan };
    match bound.matched {
        Match::CallSite | Match::Plan => own,
        action => own.max(action),
    }
}

/// `file:line` of a call.
fn place_of(files: &[JoinFile<'_>], (file, call): Site) -> String {
    let it = &files[file];
    let line = it.lines.line(it.program.written(call).name_range.start);
    format!("{}:{}", it.path, notebook_cell::CountedLine::new(it, line))
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

/// The calls whose RDDs read a shuffle in this stage (`ShuffledRDD`, `CoGroupedRDD`, `SubtractedRDD` of `org.apache.spark.rdd`).
fn shuffle_readers(places: &Places<'_>, stage: &StageAttempt) -> Vec<Site> {
    let shuffled = stage.rdds.iter().filter(|rdd| {
        matches!(rdd.name.as_str(), "ShuffledRDD" | "CoGroupedRDD" | "SubtractedRDD")
    });
    shuffled
        .filter_map(|rdd| match call_site::resolve(places, &rdd.call_site, "") {
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

/// The workspace lines that led to a call, outermost first, the call's own line left out: of the logged stack, else of the call context.
fn call_path(
    places: &Places<'_>,
    programs: &Programs<'_>,
    observation: &Observation<'_>,
    bound: &Bound,
) -> Vec<String> {
    let files = places.files;
    let (file, id) = bound.site;
    let call = files[file].program.written(id);
    let lines = files[file].lines;
    let own = lines.line(call.range.start)..=lines.line(call.range.end);
    let mut path: Vec<String> = call_site::workspace_frames(places, observation.long)
        .into_iter()
        .filter(|place| place.file != file || !own.contains(&place.line))
        .map(|place| {
            let file = &files[place.file];
            format!("{}:{}", file.path, notebook_cell::CountedLine::new(file, place.line))
        })
        .collect();
    path.reverse();
    if path.is_empty()
        && let Some(reached) = bound.reached
    {
        let context = programs.evaluation.automaton.sites[reached.index()].path;
        for place in programs.evaluation.call_string(context) {
            let it = &files[place.file.index()];
            let line = notebook_cell::CountedLine::new(it, it.lines.line(place.name.start));
            path.push(format!("{}:{line}", it.path));
        }
    }
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
