//! Which executions computed which datasets of the programs, and what that took.
//!
//! The operators of a plan are matched with the lineage of the action ([`super::operators`]), so that what an execution did for a dataset is
//! told by lineage: two executions computed the same value if both ran operators of the same version of it in the same call context. No
//! text of a plan is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use eventlog::{Profile, StageAttempt};
use program::{CallKey, ScopeKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::actions::{Bound, Programs};
use super::division;
use super::observation::Observation;
use super::operators::Owner;
use super::plan::{Operator, PlanFacts};
use super::{JoinFile, Planned, Site};
use crate::evaluation::{NodeId, PathId, SiteId};

/// The computations of a run, and the lineage behind them.
#[derive(Debug, Clone, Default)]
pub struct Computations {
    lineage: Arc<Lineage>,
    /// In order of start.
    started: Vec<Started>,
    /// What was worked out already: a rule asks after every keystroke.
    known: Arc<Mutex<FxHashMap<Question, Arc<Vec<Repeated>>>>>,
}

/// A call of a file.
type Call = (String, CallKey);

/// The versions of what a call makes, or what calls work on in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    Made(Call),
    Common(Vec<Call>),
}

/// A version of a dataset that several executions computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The executions, in order of start: two at least.
    pub by: Vec<Computing>,
    /// Whether no dataset that is made of it is needed by all the same calls: then it is the one to keep.
    pub is_last: bool,
}

/// The datasets of the programs, without what only matching needs.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    /// By dataset: what it was made from. A loop can make these cyclic.
    parents: Vec<Vec<NodeId>>,
    /// By dataset: what is made from it.
    children: Vec<Vec<NodeId>>,
    /// By dataset: the loops around the call that makes it.
    loops: Vec<Vec<LoopId>>,
    /// By site of the automaton: the loops around it.
    site_loops: Vec<Vec<LoopId>>,
    /// Its versions in all call contexts, by call.
    versions: BTreeMap<Call, Vec<NodeId>>,
    /// Names of functions that only one function of all files has.
    unique: BTreeSet<String>,
}

/// How many executions of one dataset are looked at: each of them takes as long as reading its plan.
const MOST: usize = 2_000;

/// A loop in a call context: the calls that led there, the file, the loop's scope.
type LoopId = (PathId, usize, u32);

/// What a call started: an execution with those nested in it, or a job.
#[derive(Debug, Clone)]
pub(super) struct Started {
    site: SiteId,
    call: Call,
    /// The dataset that it worked on, in each call context that is likely.
    datasets: Vec<NodeId>,
    /// Executions, and the owners of their operators in pre-order.
    executions: Vec<(u64, Arc<Vec<Owner>>)>,
    jobs: Vec<u64>,
    /// Positions in the profile of the stage attempts that it ran.
    stages: Vec<usize>,
    /// Whether it is of a streaming query.
    streaming: bool,
}

/// An execution, or a job without one, that worked on a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The root execution; none for a plain job.
    pub execution: Option<u64>,
    /// Its jobs.
    pub jobs: Vec<u64>,
    /// The file and the key of the call that started it.
    pub call: (String, CallKey),
}

/// What one execution did for a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computing {
    /// The execution.
    pub work: Work,
    /// Task time in milliseconds of the dataset's operators: of whole stages, and of the share of stages that went on with other
    /// operators.
    pub task_time_ms: u64,
    /// The same with operators that are not surely the dataset's.
    pub most_ms: u64,
    /// The part of it that stages took which ran nothing else, in milliseconds.
    pub alone_ms: u64,
    /// Stages that ran nothing else.
    pub stages: Vec<u64>,
    /// Stages that went on with other operators.
    pub shared_stages: Vec<u64>,
    /// Whether it shuffled rows for it, or ran Python functions.
    pub is_costly: bool,
}

impl Lineage {
    /// The lineage of all programs.
    pub(super) fn new(files: &[JoinFile<'_>], programs: &Programs<'_>) -> Self {
        let evaluation = programs.evaluation;
        let mut known: FxHashMap<(PathId, Site), Vec<LoopId>> = FxHashMap::default();
        let mut around = |path: PathId, site: Option<Site>| -> Vec<LoopId> {
            let Some(site) = site else { return Vec::new() };
            known
                .entry((path, site))
                .or_insert_with(|| {
                    let mut loops = loops_in_function(files, path, site);
                    let mut at = path;
                    // The first path is the empty one.
                    while at.0 != 0
                        && let Some(step) = evaluation.paths.get(at.0 as usize)
                    {
                        if let Some(caller) = programs.call_at(step.place) {
                            loops.extend(loops_in_function(files, step.parent, caller));
                        }
                        at = step.parent;
                    }
                    loops
                })
                .clone()
        };
        let mut lineage =
            Self { children: vec![Vec::new(); evaluation.nodes.len()], ..Self::default() };
        for (index, node) in evaluation.nodes.iter().enumerate() {
            let id = NodeId(index as u32);
            let site = programs.site_of(id);
            for parent in &node.parents {
                lineage.children[parent.index()].push(id);
            }
            lineage.parents.push(node.parents.clone());
            lineage.loops.push(around(node.path, site));
            if let Some((file, call)) = site {
                let key = files[file].call_keys[call.index()].clone();
                let place = (files[file].path.to_owned(), key);
                lineage.versions.entry(place).or_default().push(id);
            }
        }
        lineage.add_results(files, programs);
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for function in files.iter().flat_map(|it| &it.program.functions) {
            *named.entry(&function.name).or_default() += 1;
        }
        let unique = named.into_iter().filter(|it| it.1 == 1 && !it.0.is_empty());
        lineage.unique = unique.map(|it| it.0.to_owned()).collect();
        for (index, site) in evaluation.automaton.sites.iter().enumerate() {
            let call = programs.call_of(SiteId(index as u32));
            lineage.site_loops.push(around(site.path, call));
        }
        lineage
    }

    /// Adds what calls of the programs' own functions hand on: of all that is made while such a function runs, the one dataset of which nothing
    /// else there is made.
    fn add_results(&mut self, files: &[JoinFile<'_>], programs: &Programs<'_>) {
        let evaluation = programs.evaluation;
        let mut made: BTreeMap<PathId, Vec<NodeId>> = BTreeMap::new();
        for (index, node) in evaluation.nodes.iter().enumerate() {
            let mut at = node.path;
            while at.0 != 0
                && let Some(step) = evaluation.paths.get(at.0 as usize)
            {
                made.entry(at).or_default().push(NodeId(index as u32));
                at = step.parent;
            }
        }
        for (path, nodes) in made {
            let Some(step) = evaluation.paths.get(path.0 as usize) else { continue };
            let Some((file, call)) = programs.call_at(step.place) else { continue };
            let used: FxHashSet<NodeId> =
                nodes.iter().flat_map(|it| &evaluation.node(*it).parents).copied().collect();
            let mut last = nodes.iter().filter(|it| !used.contains(it));
            if let (Some(&only), None) = (last.next(), last.next()) {
                let key = files[file].call_keys[call.index()].clone();
                let place = (files[file].path.to_owned(), key);
                self.versions.entry(place).or_default().push(only);
            }
        }
    }

    /// A dataset and all that it is made of.
    fn upstream(&self, dataset: NodeId) -> FxHashSet<NodeId> {
        let mut seen = FxHashSet::default();
        let mut open = vec![dataset];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.parents.get(id.index()).into_iter().flatten());
            }
        }
        seen
    }

    /// Datasets and all that is made of them.
    fn downstream(&self, datasets: &[NodeId]) -> FxHashSet<NodeId> {
        let mut seen = FxHashSet::default();
        let mut open = datasets.to_vec();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.children.get(id.index()).into_iter().flatten());
            }
        }
        seen
    }
}

/// The loops around a call within its function, in the context of `path`.
fn loops_in_function(files: &[JoinFile<'_>], path: PathId, (file, call): Site) -> Vec<LoopId> {
    let program = files[file].program;
    program
        .ancestors(program.written(call).scope)
        .take_while(|&scope| !matches!(program.scope(scope).kind, ScopeKind::Function(_)))
        .filter(|&scope| {
            matches!(program.scope(scope).kind, ScopeKind::Loop { iterations } if !matches!(iterations, Some(0 | 1)))
        })
        .map(|scope| (path, file, scope.0))
        .collect()
}

impl Computations {
    /// Nothing yet.
    pub(super) fn new(lineage: &Arc<Lineage>) -> Self {
        Self { lineage: Arc::clone(lineage), ..Self::default() }
    }

    /// Adds what a call started.
    pub(super) fn extend(&mut self, started: Option<Started>) {
        self.started.extend(started);
    }

    /// The executions and jobs that worked on what a call makes, in order of start.
    pub(crate) fn below(&self, call: &Call) -> Vec<Work> {
        let Some(versions) = self.lineage.versions.get(call) else { return Vec::new() };
        self.started_below(versions).map(Started::work).collect()
    }

    fn started_below(&self, datasets: &[NodeId]) -> impl Iterator<Item = &Started> {
        let below = self.lineage.downstream(datasets);
        self.started.iter().filter(move |it| it.datasets.iter().all(|it| below.contains(it)))
    }

    /// By version of what a call makes: the executions that computed it, in order of start. Versions that fewer than two executions
    /// computed are left out, and those of which the iterations of a loop can't be told apart.
    pub(crate) fn repeated(&self, profile: &Profile, call: &Call) -> Arc<Vec<Repeated>> {
        self.known(Question::Made(call.clone()), || {
            let versions = self.lineage.versions.get(call).map_or(&[][..], Vec::as_slice);
            versions.iter().flat_map(|&it| self.repeated_version(profile, it)).collect()
        })
    }

    /// The same for the one dataset that these calls work on in common: the last of them, if there is only one.
    pub(crate) fn repeated_by(&self, profile: &Profile, calls: &[Call]) -> Arc<Vec<Repeated>> {
        self.known(Question::Common(calls.to_vec()), || {
            let mut datasets = self
                .started
                .iter()
                .filter(|it| calls.contains(&it.call))
                .flat_map(|it| it.datasets.iter().map(|&it| self.lineage.upstream(it)));
            let Some(first) = datasets.next() else { return Vec::new() };
            let common = datasets.fold(first, |common, it| &common & &it);
            let parents: FxHashSet<NodeId> = common
                .iter()
                .flat_map(|it| self.lineage.parents[it.index()].iter().copied())
                .collect();
            let mut last = common.iter().filter(|it| !parents.contains(it));
            match (last.next(), last.next()) {
                (Some(&only), None) => self.repeated_version(profile, only),
                _ => Vec::new(),
            }
        })
    }

    /// The executions of sure calls, where `function` is the name of one function of the programs only.
    pub(crate) fn executions_if_unique(&self, function: &str) -> impl Iterator<Item = u64> {
        let unique = self.lineage.unique.contains(function);
        let executions = self.started.iter().filter(move |_| unique).flat_map(|it| &it.executions);
        executions.map(|it| it.0)
    }

    /// Whether the lineage knows what a call makes.
    pub(crate) fn knows(&self, call: &Call) -> bool {
        self.lineage.versions.contains_key(call)
    }

    fn known(
        &self,
        question: Question,
        answer: impl FnOnce() -> Vec<Repeated>,
    ) -> Arc<Vec<Repeated>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&question) {
            return Arc::clone(known);
        }
        let answer = Arc::new(answer());
        known().insert(question, Arc::clone(&answer));
        answer
    }

    fn repeated_version(&self, profile: &Profile, version: NodeId) -> Vec<Repeated> {
        let started: Vec<&Started> =
            self.started_below(&[version]).filter(|it| !it.executions.is_empty()).collect();
        if started.len() < 2 || started.len() > MOST {
            return Vec::new();
        }
        let Some(groups) = self.by_value(version, &started) else { return Vec::new() };
        let upstream = self.lineage.upstream(version);
        let is_last = self.is_last(version);
        groups
            .iter()
            .map(|group| group.iter().filter_map(|it| it.computed(profile, &upstream)).collect())
            .filter(|it: &Vec<Computing>| it.len() > 1)
            .map(|by| Repeated { by, is_last })
            .collect()
    }

    /// Whether no dataset that is made of a version is worked on by all that works on the version.
    fn is_last(&self, version: NodeId) -> bool {
        let all = self.started_below(&[version]).count();
        let own = &self.lineage.loops[version.index()];
        // What a loop makes of it is another dataset each time.
        let lasts = |it: &NodeId| self.lineage.loops[it.index()].iter().all(|it| own.contains(it));
        let children = self.lineage.children[version.index()].iter().copied();
        children.filter(lasts).all(|it| it == version || self.started_below(&[it]).count() < all)
    }

    /// Parts what worked on a version by the iteration that it was made in: the next one begins where a call runs again. None where that does
    /// not tell it, since a call runs in a further loop.
    fn by_value<'a>(
        &self,
        version: NodeId,
        started: &[&'a Started],
    ) -> Option<Vec<Vec<&'a Started>>> {
        let own = &self.lineage.loops[version.index()];
        let further = |it: &&Started| {
            self.lineage.site_loops[it.site.index()].iter().any(|it| !own.contains(it))
        };
        // A call that runs again without a loop to explain it stands in a function that is called again, and so may the version.
        let mut once: BTreeSet<SiteId> = BTreeSet::new();
        let again = |it: &&Started| !once.insert(it.site) && !further(it);
        let repeats = !own.is_empty() || started.iter().any(|it| it.streaming);
        if !repeats && !started.iter().any(again) {
            return Some(vec![started.to_vec()]);
        }
        if started.iter().any(further) {
            return None;
        }
        let mut groups: Vec<Vec<&Started>> = Vec::new();
        let mut seen: BTreeSet<SiteId> = BTreeSet::new();
        for &it in started {
            if groups.is_empty() || !seen.insert(it.site) {
                groups.push(Vec::new());
                seen = BTreeSet::from([it.site]);
            }
            if let Some(last) = groups.last_mut() {
                last.push(it);
            }
        }
        Some(groups)
    }
}

impl Started {
    /// What a call started; nothing where the call is not sure, or what it worked on is not known.
    pub(super) fn new(
        files: &[JoinFile<'_>],
        programs: &Programs<'_>,
        bound: &Bound,
        observation: &Observation<'_>,
        planned: &[Planned<'_>],
        stages: Vec<usize>,
    ) -> Option<Self> {
        let site = bound.reached.filter(|_| bound.sure)?;
        let sites = &programs.evaluation.automaton.sites;
        let contexts = std::iter::once(&site).chain(&bound.contexts);
        let datasets = contexts.map(|it| sites[it.index()].node).collect::<Option<_>>()?;
        let (file, call) = bound.site;
        let key = files[file].call_keys[call.index()].clone();
        let executions =
            planned.iter().map(|it| (it.execution.execution_id, Arc::clone(&it.owners)));
        Some(Self {
            site,
            call: (files[file].path.to_owned(), key),
            datasets,
            executions: executions.collect(),
            jobs: observation.jobs.iter().map(|it| it.job_id).collect(),
            stages,
            streaming: observation.query.is_some() || observation.in_batch_of.is_some(),
        })
    }

    fn work(&self) -> Work {
        Work {
            execution: self.executions.first().map(|it| it.0),
            jobs: self.jobs.clone(),
            call: self.call.clone(),
        }
    }

    /// What it did for the datasets of `upstream`; nothing where it surely ran none of their operators.
    fn computed(&self, profile: &Profile, upstream: &FxHashSet<NodeId>) -> Option<Computing> {
        let computing = self.computing(profile, upstream, true);
        let doubts = self.executions.iter().flat_map(|it| it.1.iter()).any(|owner| !owner.sure);
        let most = if doubts { self.computing(profile, upstream, false) } else { None };
        let most_ms = most.map_or(0, |it| it.task_time_ms);
        computing.map(|it| Computing { most_ms: most_ms.max(it.task_time_ms), ..it })
    }

    fn computing(
        &self,
        profile: &Profile,
        upstream: &FxHashSet<NodeId>,
        only_sure: bool,
    ) -> Option<Computing> {
        let plans: Vec<(PlanFacts<'_>, &[Owner])> = self
            .executions
            .iter()
            .filter_map(|(id, owners)| {
                Some((PlanFacts::of(profile.execution(*id)?), owners.as_slice()))
            })
            .filter(|(plan, owners)| plan.nodes.len() == owners.len())
            .collect();
        let inside = |owner: &Owner| {
            (owner.sure || !only_sure)
                && !owner.datasets.is_empty()
                && owner.datasets.iter().all(|it| upstream.contains(it))
        };
        // Calls under other numbers: those of the dataset's operators are even.
        let parted: Vec<Vec<Owner>> = plans
            .iter()
            .map(|(_, owners)| {
                let parted = owners.iter().map(|owner| {
                    let odd = usize::from(!inside(owner));
                    let sites = owner.sites.iter().map(|&(file, call)| (file * 2 + odd, call));
                    Owner { sites: sites.collect(), ..owner.clone() }
                });
                parted.collect()
            })
            .collect();
        let divided: Vec<(&PlanFacts<'_>, &[Owner])> = plans
            .iter()
            .zip(&parted)
            .map(|((plan, _), owners)| (plan, owners.as_slice()))
            .collect();
        let mut computing = Computing {
            work: self.work(),
            task_time_ms: 0,
            most_ms: 0,
            alone_ms: 0,
            stages: Vec::new(),
            shared_stages: Vec::new(),
            is_costly: false,
        };
        let mut any = false;
        for stage in self.stages.iter().filter_map(|&it| profile.stages.get(it)) {
            let Ran { own, others, costly } = ran(stage, &divided);
            computing.is_costly |= costly;
            if own && !others {
                computing.alone_ms += stage.metrics.executor_run_time;
                computing.task_time_ms += stage.metrics.executor_run_time;
                if !computing.stages.contains(&stage.stage_id) {
                    computing.stages.push(stage.stage_id);
                }
            } else if own {
                if !computing.shared_stages.contains(&stage.stage_id) {
                    computing.shared_stages.push(stage.stage_id);
                }
                computing.task_time_ms += division::divide(stage, &divided)
                    .iter()
                    .filter(|((file, _), _)| file % 2 == 0)
                    .map(|(_, share)| share.measured_ms + share.shared_ms)
                    .sum::<u64>();
            }
            any |= own;
        }
        any.then_some(computing)
    }
}

/// What a stage ran.
#[derive(Debug, Clone, Copy, Default)]
struct Ran {
    /// Operators of the dataset.
    own: bool,
    /// Other operators.
    others: bool,
    /// Shuffles and Python functions of the dataset.
    costly: bool,
}

fn ran(stage: &StageAttempt, plans: &[(&PlanFacts<'_>, &[Owner])]) -> Ran {
    let mut ran = Ran::default();
    for (plan, owners) in plans {
        for (fact, owner) in plan.nodes.iter().zip(*owners) {
            let Some((file, _)) = owner.sites.first().filter(|_| !owner.repeated) else { continue };
            // A shuffle is written by one stage and read by the next, which does not compute what it reads.
            let updated = fact
                .node
                .metrics
                .iter()
                .filter(|it| !read(&it.name))
                .any(|it| stage.sql_accumulators.contains_key(&it.accumulator_id));
            if updated {
                ran.own |= file % 2 == 0;
                ran.others |= file % 2 == 1;
                let costly = matches!(
                    fact.operator,
                    Operator::Exchange
                        | Operator::RangeExchange
                        | Operator::Repartition
                        | Operator::Python
                );
                ran.costly |= file % 2 == 0 && costly;
            }
        }
    }
    ran
}

/// Whether a metric of a shuffle is counted by the stage that reads it (`SQLShuffleReadMetricsReporter`).
fn read(metric: &str) -> bool {
    matches!(metric, "records read" | "fetch wait time")
        || metric.ends_with("blocks read")
        || metric.ends_with("bytes read")
        || metric.ends_with("bytes read to disk")
}
