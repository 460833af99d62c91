//! Binds observations to the calls that started them.
//!
//! A logged line of the workspace is the best evidence. What has none is aligned with the automaton of the program that ran, by order,
//! kind and what the plans say.

use std::collections::BTreeMap;
use std::rc::Rc;

use program::CallId;
use rustc_hash::FxHashMap;

use super::alignment::{
    self, EXCEPTION, Graph, INTERLEAVING, JUMP, Marginals, SiteEdge, Step, Weight,
};
use super::anchors::{Anchor, Anchors};
use super::call_site::{Place, Resolved};
use super::lineage::Closures;
use super::notebook_cell::CountedLine;
use super::observation::Observation;
use super::places::{Places, Submitted};
use super::plan::PlanFacts;
use super::score::{PlanWords, Scorer};
use super::{JoinFile, Site as CallSite};
use crate::evaluation::{self, EdgeKind, Entry, EntryKind, Evaluation, NodeId, SiteId, SiteKind};
use crate::evidence::{Match, Sources};

/// What an observation is bound to.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    Bound(Bound),
    Unbound { reason: String },
}

/// A call that started an observation.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) site: CallSite,
    pub(super) matched: Match,
    /// Whether a finding may rest on it.
    pub(super) sure: bool,
    /// Whether the log names a line of an earlier version of the source.
    pub(super) stale: bool,
    /// The site of the automaton in its call context, where evaluation reached it.
    pub(super) reached: Option<SiteId>,
    /// The same call in other contexts that are nearly as likely.
    pub(super) contexts: Vec<SiteId>,
    /// The lines it could be, best first, where it is not certain.
    pub(super) candidates: Vec<CallSite>,
}

/// Distance to the second best line from which on a match is told.
const TOLD: Weight = 2.0;
/// How many lines may remain for a match to be told as ambiguous.
const MOST_CANDIDATES: usize = 4;
/// Distance from which on a finding may rest on a match.
const SURE: Weight = 5.0;
/// By how much a plan may hold what the lineage of a site lacks, or the other way round, for a finding to rest on it: what the source does not have a call for
/// any more goes to the call that is most alike.
const CONTRADICTED: Weight = 5.0;
/// How far behind the best score a site can't be taken: a jump to the best and one back cost less, by more than makes a match sure.
const HOPELESS: Weight = 2.0 * JUMP + SURE + 1.0;
/// How many programs of a workspace are compared with a log.
const MOST_PROGRAMS: usize = 16;

/// The evaluated programs of a workspace, ready to be aligned with any number of runs.
pub(super) struct Programs<'a> {
    files: &'a [JoinFile<'a>],
    pub(super) evaluation: &'a Evaluation,
    pub(super) closures: Closures<'a>,
    scorer: Scorer,
    index: CallIndex,
    /// By site of the automaton: its call.
    calls: Vec<Option<CallSite>>,
    /// By site of the automaton: its edge.
    edges: Vec<SiteEdge>,
}

impl<'a> Programs<'a> {
    pub(super) fn new(files: &'a [JoinFile<'a>], evaluation: &'a Evaluation) -> Self {
        let index = CallIndex::new(files);
        let automaton = &evaluation.automaton;
        let calls = automaton.sites.iter().map(|it| index.call(it.place)).collect();
        let none = SiteEdge { from: 0, to: 0, optional: true, repeats: false };
        let mut edges = vec![none; automaton.sites.len()];
        for edge in &automaton.edges {
            if let EdgeKind::Site(site) = edge.kind {
                let own = &automaton.sites[site.index()];
                edges[site.index()] = SiteEdge {
                    from: edge.from.0,
                    to: edge.to.0,
                    optional: own.optional,
                    repeats: own.repeats,
                };
            }
        }
        let closures = Closures::new(evaluation);
        let scorer = Scorer::new(&closures, &automaton.sites);
        Self { files, evaluation, closures, scorer, index, calls, edges }
    }

    /// The call that made a dataset.
    pub(super) fn site_of(&self, node: NodeId) -> Option<CallSite> {
        self.call_at(self.evaluation.node(node).place?)
    }

    /// The call that a site of the automaton is.
    pub(super) fn call_of(&self, site: SiteId) -> Option<CallSite> {
        self.calls[site.index()]
    }

    /// The call at a place of the evaluation.
    pub(super) fn call_at(&self, place: evaluation::Place) -> Option<CallSite> {
        self.index.call(place)
    }

    /// Binds each observation to a call or to a reason.
    pub(super) fn bind(
        &self,
        places: &Places<'_>,
        submitted: &Submitted,
        observations: &[Observation<'_>],
    ) -> (Vec<Binding>, Sources) {
        let anchors = Anchors::of(places, observations);
        let sources = anchors.sources();
        let mut bindings: Vec<Binding> = anchors
            .of
            .iter()
            .zip(&anchors.resolved)
            .map(|(anchor, resolved)| by_call_site(self.files, anchor, resolved))
            .collect();
        let alignment = Alignment {
            programs: self,
            submitted,
            observations,
            anchors,
            plans: Plans::of(observations, &self.closures),
        };
        alignment.run(&mut bindings);
        (bindings, sources)
    }
}

/// Calls by the place of their names.
pub(super) struct CallIndex(FxHashMap<(usize, usize), CallId>);

impl CallIndex {
    pub(super) fn new(files: &[JoinFile<'_>]) -> Self {
        let mut calls: FxHashMap<(usize, usize), CallId> = FxHashMap::default();
        for (file, it) in files.iter().enumerate() {
            for (id, call) in it.program.all_written() {
                // Clauses of SQL text stand within the call that is given the text.
                if !call.in_sql {
                    calls.insert((file, call.name_range.start as usize), id);
                }
            }
        }
        Self(calls)
    }

    pub(super) fn call(&self, place: evaluation::Place) -> Option<CallSite> {
        let file = place.file.index();
        self.0.get(&(file, place.name.start as usize)).map(|&call| (file, call))
    }
}

/// The plans of observations, equal ones once.
struct Plans {
    /// By observation: which.
    of: Vec<usize>,
    words: Vec<PlanWords>,
}

impl Plans {
    fn of(observations: &[Observation<'_>], closures: &Closures<'_>) -> Self {
        let mut of = Vec::with_capacity(observations.len());
        let mut words = vec![PlanWords::default()];
        let mut seen: FxHashMap<Vec<u64>, usize> = FxHashMap::default();
        for observation in observations {
            let Some(execution) = observation.execution() else {
                of.push(0);
                continue;
            };
            let plan = PlanFacts::of(execution);
            let index = *seen.entry(plan.fingerprint()).or_insert_with(|| {
                words.push(PlanWords::of(&plan, closures));
                words.len() - 1
            });
            of.push(index);
        }
        Self { of, words }
    }
}

/// Binds by the line that the log names.
fn by_call_site(files: &[JoinFile<'_>], anchor: &Anchor, resolved: &Resolved) -> Binding {
    let place = |it: &Place| {
        let file = &files[it.file];
        format!("{}:{}", file.path, CountedLine::new(file, it.line))
    };
    if let Anchor::Call(site) = anchor {
        return Binding::Bound(Bound {
            site: *site,
            matched: Match::CallSite,
            sure: true,
            stale: false,
            reached: None,
            contexts: Vec::new(),
            candidates: Vec::new(),
        });
    }
    let reason = match resolved {
        Resolved::Several { place: at, calls } => {
            format!("{} has {} calls that it could be", place(at), calls.len())
        }
        Resolved::Call { .. } => {
            "too few of the lines in the log meet their calls: the source differs from the run"
                .to_owned()
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

/// The alignment of one run.
struct Alignment<'a, 'p> {
    programs: &'a Programs<'p>,
    submitted: &'a Submitted,
    observations: &'a [Observation<'a>],
    anchors: Anchors,
    plans: Plans,
}

/// What observations have in common that the same sites score alike for: plan, call site, innermost frame, query.
type Alike<'a> = (usize, &'a str, &'a str, &'a str);

/// An alignment with one program.
struct Outcome {
    /// Positions of the observations that took part.
    members: Vec<usize>,
    steps: Vec<Step>,
    marginals: Vec<Marginals>,
    /// Cost of the best path.
    cost: Weight,
}

impl Alignment<'_, '_> {
    fn run(&self, bindings: &mut [Binding]) {
        let automaton = &self.programs.evaluation.automaton;
        // What a function of `foreachBatch` runs is aligned with that function.
        let main: Vec<usize> = (0..self.observations.len())
            .filter(|&it| self.observations[it].in_batch_of.is_none() && self.takes_part(it))
            .collect();
        // Micro-batches of one query count once.
        let mut queries: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut sequence: Vec<usize> = Vec::new();
        for &index in &main {
            match self.observations[index].query {
                Some(query) => {
                    let batches = queries.entry(query).or_default();
                    if batches.is_empty() {
                        sequence.push(index);
                    }
                    batches.push(index);
                }
                None => sequence.push(index),
            }
        }
        if sequence.is_empty() {
            return;
        }
        let outcome = match self.program_of_run(&sequence) {
            Ok(outcome) => outcome,
            Err(reason) => {
                for (binding, anchor) in bindings.iter_mut().zip(&self.anchors.of) {
                    if *anchor == Anchor::None {
                        *binding = Binding::Unbound { reason: reason.clone() };
                    }
                }
                return;
            }
        };
        self.settle(&outcome, bindings);
        for (query, batches) in &queries {
            let Some(first) = batches.first() else { continue };
            let bound = bindings[*first].clone();
            for &batch in &batches[1..] {
                bindings[batch] = bound.clone();
            }
            let inner: Vec<usize> = (0..self.observations.len())
                .filter(|&it| self.observations[it].in_batch_of == Some(*query))
                .collect();
            if inner.is_empty() {
                continue;
            }
            let start = match &bound {
                Binding::Bound(Bound { reached: Some(site), .. }) => {
                    automaton.sites[site.index()].batch.map(|it| it.0)
                }
                _ => None,
            };
            match start {
                Some(start) => {
                    let reach = self.reach(start);
                    let outcome = self
                        .align(&inner, &[start], &|site| reach.get(site as usize) == Some(&true));
                    self.settle(&outcome, bindings);
                }
                None => {
                    for index in inner {
                        bindings[index] = bound.clone();
                    }
                }
            }
        }
    }

    /// Sites that can be reached from a state.
    fn reach(&self, start: u32) -> Vec<bool> {
        let automaton = &self.programs.evaluation.automaton;
        let mut from: FxHashMap<u32, Vec<(u32, Option<usize>)>> = FxHashMap::default();
        for edge in &automaton.edges {
            let site = match edge.kind {
                EdgeKind::Site(site) => Some(site.index()),
                _ => None,
            };
            from.entry(edge.from.0).or_default().push((edge.to.0, site));
        }
        let mut sites = vec![false; automaton.sites.len()];
        let mut seen = vec![false; automaton.states as usize + 1];
        let mut open = vec![start];
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut seen[state as usize], true) {
                continue;
            }
            for &(to, site) in from.get(&state).into_iter().flatten() {
                if let Some(site) = site {
                    sites[site] = true;
                }
                open.push(to);
            }
        }
        sites
    }

    /// Whether an observation is a part of the sequence: code outside the workspace is none of the program's.
    fn takes_part(&self, index: usize) -> bool {
        self.anchors.of[index] != Anchor::Elsewhere
    }

    /// The program that ran, by what aligning it costs.
    fn program_of_run(&self, sequence: &[usize]) -> Result<Outcome, String> {
        let automaton = &self.programs.evaluation.automaton;
        let programs: Vec<&Entry> =
            automaton.entries.iter().filter(|it| it.kind == EntryKind::Program).collect();
        let fragments: Vec<&Entry> =
            automaton.entries.iter().filter(|it| it.kind == EntryKind::Fragment).collect();
        let named: Vec<CallSite> = self
            .anchors
            .of
            .iter()
            .filter_map(|it| match it {
                Anchor::Call(site) => Some(*site),
                _ => None,
            })
            .collect();
        let moved: Vec<usize> = self
            .anchors
            .of
            .iter()
            .filter_map(|it| match it {
                Anchor::Moved(file, _) | Anchor::Calls(file, _) => Some(*file),
                _ => None,
            })
            .collect();
        let mut resolved = self.anchors.resolved.iter();
        let outside = resolved.any(|it| matches!(it, Resolved::Outside { .. }));
        if named.is_empty() && moved.is_empty() && outside {
            return Err("the run's code is not in this workspace".to_owned());
        }
        let reaches = |entry: &Entry| {
            let sites = entry.sites_start as usize..entry.sites_end as usize;
            let calls = &self.programs.calls[sites];
            named.iter().filter(|it| calls.contains(&Some(**it))).count()
        };
        let in_file = |entry: &Entry| {
            let file = entry.file.index();
            let calls = &self.programs.calls[entry.sites_start as usize..entry.sites_end as usize];
            named.iter().any(|it| it.0 == file)
                || moved
                    .iter()
                    .any(|it| *it == file || calls.iter().flatten().any(|call| call.0 == *it))
        };
        let mut ranked: Vec<(usize, &Entry)> =
            programs.iter().map(|&it| (reaches(it) * 2 + usize::from(in_file(it)), it)).collect();
        ranked.sort_by_key(|it| std::cmp::Reverse(it.0));
        if let Some(&(most, _)) = ranked.first()
            && most > 0
        {
            // Where the log names lines, it is a program that has them.
            ranked.retain(|it| it.0 * 2 >= most);
        }
        // What was submitted, or what the application is called, tells programs apart that are as likely.
        for test in [Submitted::started, Submitted::named] {
            let fits = |entry: &Entry| {
                let file = &self.programs.files[entry.file.index()];
                test(self.submitted, file, &entry.name)
            };
            if ranked.iter().any(|it| fits(it.1)) {
                ranked.retain(|it| fits(it.1));
            }
        }
        if ranked.is_empty() && (named.is_empty() || fragments.is_empty()) {
            return Err("the log names no line of this workspace, and no program of it does what the log shows".to_owned());
        }
        ranked.truncate(MOST_PROGRAMS);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (_, entry) in &ranked {
            let own = |site: u32| {
                (entry.sites_start..entry.sites_end).contains(&site)
                    || (!named.is_empty()
                        && fragments
                            .iter()
                            .any(|it| (it.sites_start..it.sites_end).contains(&site)))
            };
            outcomes.push(self.align(sequence, &[entry.start.0], &own));
        }
        if ranked.is_empty() {
            outcomes.push(self.align(sequence, &[], &|_| true));
        }
        outcomes.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let rival = outcomes.get(1).map(|it| it.cost);
        let best = outcomes.swap_remove(0);
        if named.is_empty() {
            // A log without any line has to be explained by one program, and by it alone, or it may be another program's.
            let told = best
                .marginals
                .iter()
                .filter(|it| it.candidates.iter().any(|&cost| cost + TOLD <= it.none))
                .count();
            let content = self.content(&best);
            if told * 2 < best.members.len()
                || (content <= 0.0 && told < best.members.len())
                || told < 2 && content < 4.0
            {
                return Err("the log names no line of this workspace, and no program of it does what the log shows".to_owned());
            }
            if rival.is_some_and(|it| it < best.cost + 2.0 * TOLD) {
                return Err("several programs fit what the log shows".to_owned());
            }
        }
        Ok(best)
    }

    /// What the plans say for the sites that were taken.
    fn content(&self, outcome: &Outcome) -> Weight {
        let mut sum = 0.0;
        for (at, &index) in outcome.members.iter().enumerate() {
            if let Some(best) = best_of(&outcome.marginals[at]) {
                let (site, _) = outcome.steps[at].candidates[best];
                sum += self.content_of(index, site);
            }
        }
        sum
    }

    fn content_of(&self, observation: usize, site: u32) -> Weight {
        let plan = &self.plans.words[self.plans.of[observation]];
        let own = &self.programs.evaluation.automaton.sites[site as usize];
        self.programs.scorer.content(plan, (own, site as usize))
    }

    /// Aligns observations with the sites that `allowed` lets through.
    fn align(&self, members: &[usize], starts: &[u32], allowed: &dyn Fn(u32) -> bool) -> Outcome {
        let automaton = &self.programs.evaluation.automaton;
        let sites: Vec<u32> = (0..automaton.sites.len() as u32).filter(|&it| allowed(it)).collect();
        let mut graph = Graph {
            states: automaton.states + 1,
            empty: Vec::new(),
            sites: self.programs.edges.clone(),
        };
        // Where this version of Spark logs the definition of views, each definition leaves its trace.
        let defines = |it: &usize| self.observations[*it].method() == "createOrReplaceTempView";
        if members.iter().any(defines) {
            for &site in &sites {
                let own = &automaton.sites[site as usize];
                if own.kind == SiteKind::View && own.method == "createOrReplaceTempView" {
                    graph.sites[site as usize].optional = false;
                }
            }
        }
        for edge in &automaton.edges {
            let cost = match edge.kind {
                EdgeKind::Site(_) => continue,
                EdgeKind::Empty => 0.0,
                EdgeKind::Exception => EXCEPTION,
                EdgeKind::Interleaving => INTERLEAVING,
            };
            graph.empty.push((edge.from.0, edge.to.0, cost));
        }
        let overlaps = self.overlaps(members);
        let mut known: FxHashMap<Alike<'_>, Rc<Vec<(u32, Weight)>>> = FxHashMap::default();
        let steps: Vec<Step> = members
            .iter()
            .zip(overlaps)
            .map(|(&index, overlaps)| {
                let observation = &self.observations[index];
                let first = observation.long.lines().next().unwrap_or_default();
                let batch = observation.query.or(observation.in_batch_of).unwrap_or_default();
                let key = (self.plans.of[index], observation.short, first, batch);
                let candidates =
                    known.entry(key).or_insert_with(|| Rc::new(self.candidates(index, &sites)));
                Step { candidates: candidates.to_vec(), overlaps }
            })
            .collect();
        // A state of its own for code that no path leads to.
        let nowhere = [automaton.states];
        let starts = if starts.is_empty() { &nowhere } else { starts };
        let marginals = alignment::align(&graph, starts, &steps);
        let cost = marginals
            .first()
            .map_or(0.0, |it| it.candidates.iter().copied().fold(it.none, Weight::min));
        Outcome { members: members.to_vec(), steps, marginals, cost }
    }

    /// The sites that may have started an observation, with their scores; without those that are so much worse than the best that no path
    /// takes them, nor comes close enough to be told.
    fn candidates(&self, index: usize, sites: &[u32]) -> Vec<(u32, Weight)> {
        let observation = &self.observations[index];
        let plan = &self.plans.words[self.plans.of[index]];
        let mut contents: Option<Vec<Weight>> = None;
        let automaton = &self.programs.evaluation.automaton;
        let anchored = matches!(self.anchors.of[index], Anchor::Call(_) | Anchor::Calls(..));
        let scorer = &self.programs.scorer;
        let mut found = Vec::new();
        for &site in sites {
            let call = self.programs.calls[site as usize];
            let Some(named) = self.anchors.score(self.programs.files, index, call) else {
                continue;
            };
            let own = (&automaton.sites[site as usize], site as usize);
            let kind = scorer.kind(observation, own, plan);
            // A line that the log names is right whatever the kind.
            let kind = if anchored { Some(kind.unwrap_or(0.0)) } else { kind }.map(|it| it + named);
            if let Some(kind) = kind {
                let guessed = if own.0.guessed { 0.5 } else { 0.0 };
                let contents =
                    contents.get_or_insert_with(|| scorer.contents(plan, &automaton.sites));
                let content = contents[site as usize];
                debug_assert!((content - scorer.content(plan, own)).abs() < 1e-6);
                found.push((site, kind + content - guessed));
            }
        }
        let best = found.iter().map(|it| it.1).fold(Weight::NEG_INFINITY, Weight::max);
        found.retain(|it| it.1 >= best - HOPELESS);
        found
    }

    /// Which of these ran while another did.
    fn overlaps(&self, members: &[usize]) -> Vec<bool> {
        let spans: Vec<Option<(i64, i64)>> =
            members.iter().map(|&it| self.observations[it].span_ms()).collect();
        let mut found = vec![false; members.len()];
        let mut latest: Option<(usize, i64)> = None;
        for (at, span) in spans.iter().enumerate() {
            let Some((start, end)) = span else { continue };
            if self.observations[members[at]].query.is_some() {
                continue;
            }
            if let Some((before, until)) = latest
                && *start < until
            {
                found[at] = true;
                found[before] = true;
            }
            if latest.is_none_or(|it| *end > it.1) {
                latest = Some((at, *end));
            }
        }
        found
    }

    /// Turns an alignment into bindings.
    fn settle(&self, outcome: &Outcome, bindings: &mut [Binding]) {
        for (at, &index) in outcome.members.iter().enumerate() {
            let (step, marginals) = (&outcome.steps[at], &outcome.marginals[at]);
            // By line: the least cost, and the site that has it.
            let mut best: FxHashMap<Option<CallSite>, (Weight, u32)> = FxHashMap::default();
            for (&(site, _), &cost) in step.candidates.iter().zip(&marginals.candidates) {
                let line = self.programs.calls[site as usize];
                let known = best.entry(line).or_insert((cost, site));
                if cost < known.0 {
                    *known = (cost, site);
                }
            }
            let mut lines: Vec<(Option<CallSite>, Weight, u32)> =
                best.into_iter().map(|(line, (cost, site))| (line, cost, site)).collect();
            lines.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            if let Binding::Bound(bound) = &mut bindings[index] {
                // The log names the line; the alignment tells in which call context.
                bound.reached =
                    lines.iter().find(|it| it.0 == Some(bound.site)).map(|it| SiteId(it.2));
                bound.contexts = self.contexts(step, marginals, bound.reached);
                continue;
            }
            bindings[index] = self.bound(index, &lines, marginals.none);
            if let Binding::Bound(bound) = &mut bindings[index] {
                bound.contexts = self.contexts(step, marginals, bound.reached);
            }
        }
        self.name_neighbours(&outcome.members, bindings);
    }

    /// The other contexts of a call that explain the run nearly as well.
    fn contexts(&self, step: &Step, marginals: &Marginals, reached: Option<SiteId>) -> Vec<SiteId> {
        let calls = &self.programs.calls;
        let costs = || step.candidates.iter().zip(&marginals.candidates);
        let Some(reached) = reached else { return Vec::new() };
        let Some((_, &best)) = costs().find(|it| it.0.0 == reached.0) else { return Vec::new() };
        costs()
            .filter(|((site, _), cost)| {
                *site != reached.0
                    && calls[*site as usize] == calls[reached.index()]
                    && **cost - best < SURE
            })
            .map(|((site, _), _)| SiteId(*site))
            .collect()
    }

    /// Says of what is not bound between which lines of the program it ran: that is true even where its own line is not known.
    fn name_neighbours(&self, members: &[usize], bindings: &mut [Binding]) {
        let sure = |index: usize| match &bindings[index] {
            Binding::Bound(bound) if !matches!(bound.matched, Match::Ambiguous(_)) => {
                Some(bound.site)
            }
            _ => None,
        };
        let place = |(file, call): CallSite| {
            let it = &self.programs.files[file];
            let line = it.lines.line(it.program.written(call).name_range.start);
            format!("{}:{}", it.path, CountedLine::new(it, line))
        };
        let mut additions: Vec<(usize, String)> = Vec::new();
        for (at, &index) in members.iter().enumerate() {
            if matches!(bindings[index], Binding::Bound(_)) {
                continue;
            }
            let before = members[..at].iter().rev().find_map(|&it| sure(it));
            let after = members[at + 1..].iter().find_map(|&it| sure(it));
            let words = match (before, after) {
                (Some(before), Some(after)) => {
                    format!("; it ran after {} and before {}", place(before), place(after))
                }
                (Some(before), None) => format!("; it ran after {}", place(before)),
                (None, Some(after)) => format!("; it ran before {}", place(after)),
                (None, None) => continue,
            };
            additions.push((index, words));
        }
        for (index, words) in additions {
            if let Binding::Unbound { reason } = &mut bindings[index] {
                reason.push_str(&words);
            }
        }
    }

    /// The binding of an observation to the best of `lines`, which are sorted by their costs.
    fn bound(
        &self,
        index: usize,
        lines: &[(Option<CallSite>, Weight, u32)],
        none: Weight,
    ) -> Binding {
        let observation = &self.observations[index];
        let method = observation.method();
        let unbound = |reason: String| Binding::Unbound { reason };
        let Some(&(line, cost, site)) = lines.first() else {
            return unbound(format!(
                "no call of the program that was followed could have run `{method}`"
            ));
        };
        if none - cost < TOLD {
            return unbound(format!("no call fits `{method}` well enough"));
        }
        let Some(line) = line else {
            return unbound(format!("what started `{method}` is no call that was understood"));
        };
        let close: Vec<CallSite> =
            lines.iter().take_while(|it| it.1 - cost < TOLD).filter_map(|it| it.0).collect();
        let matched = match close.len() {
            1 if self.content_of(index, site) > 0.0 => Match::Plan,
            1 => Match::Order,
            count if count <= MOST_CANDIDATES => Match::Ambiguous(count as u32),
            count => return unbound(format!("{count} calls could have run `{method}`")),
        };
        let anchored = matches!(self.anchors.of[index], Anchor::Calls(..));
        let matched = if anchored && close.len() == 1 { Match::CallSite } else { matched };
        let next = lines.get(1).map_or(none, |it| it.1.min(none));
        let stale = self.anchors.moved(index);
        let plan = &self.plans.words[self.plans.of[index]];
        let missed = self.programs.scorer.missed(plan, site as usize);
        Binding::Bound(Bound {
            site: line,
            matched,
            sure: next - cost >= SURE && missed <= CONTRADICTED && !stale,
            stale,
            reached: Some(SiteId(site)),
            contexts: Vec::new(),
            candidates: if close.len() > 1 { close } else { Vec::new() },
        })
    }
}

fn best_of(marginals: &Marginals) -> Option<usize> {
    let best = (0..marginals.candidates.len())
        .min_by(|&a, &b| marginals.candidates[a].total_cmp(&marginals.candidates[b]))?;
    (marginals.candidates[best] < marginals.none).then_some(best)
}
