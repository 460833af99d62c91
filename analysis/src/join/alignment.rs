//! The alignment of a sequence of observations with an automaton: a shortest path in which both may lack what the other has.
//!
//! A step of the path takes a site for an observation, leaves a site out, leaves an observation unexplained, or jumps to a site from
//! anywhere, which stands for what the model of the program lacks: exceptions, calls that were not resolved, cells of a notebook that
//! ran again. The same recurrences run backwards give for each observation and site the cost of the best path that puts the one on the
//! other (the min-marginal), so that the distance to the second best says how sure a match is.
//!
//! A state that costs more than the best one and a jump can be left out: the jump from the best one enters any site for less.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

/// A cost or a score. Costs are least, scores are most.
pub(super) type Weight = f64;

/// Where a site is left out that always leaves a trace.
pub(super) const SKIP: Weight = 5.0;
/// Where a site is left out that need not leave one.
pub(super) const SKIP_OPTIONAL: Weight = 0.15;
/// Where an observation stays unexplained.
pub(super) const NONE: Weight = 3.0;
/// Where a site is entered from anywhere.
pub(super) const JUMP: Weight = 12.0;
/// Where a body of `try` is left for a handler.
pub(super) const EXCEPTION: Weight = 3.0;
/// Between a generator and the loop over what it yields.
pub(super) const INTERLEAVING: Weight = 0.3;
/// Where a site that may leave several traces leaves another.
const AGAIN: Weight = 0.1;
/// Costs of leaving a site out and of a jump among observations that overlap in time, whose order says little.
const OVERLAPPING_SKIP: Weight = 0.15;
const OVERLAPPING_JUMP: Weight = 2.0;

/// An edge that is a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SiteEdge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Whether it may leave no trace.
    pub(super) optional: bool,
    /// Whether it may leave several.
    pub(super) repeats: bool,
}

/// An automaton.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Number of states.
    pub(super) states: u32,
    /// From, to, cost.
    pub(super) empty: Vec<(u32, u32, Weight)>,
    pub(super) sites: Vec<SiteEdge>,
}

/// What may stand for an observation.
#[derive(Debug, Default, Clone)]
pub(super) struct Step {
    /// Sites, as positions in [`Graph::sites`], with their scores.
    pub(super) candidates: Vec<(u32, Weight)>,
    /// Whether other observations ran at the same time.
    pub(super) overlaps: bool,
}

/// An observation's place in the best paths.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Marginals {
    /// Cost of the best path through each candidate, in their order.
    pub(super) candidates: Vec<Weight>,
    /// Whether that path jumps to it.
    pub(super) jumped: Vec<bool>,
    /// Cost of the best path that leaves the observation unexplained.
    pub(super) none: Weight,
}

/// Adjacency in one direction.
struct Steps {
    /// By state: the edges that lead on.
    start: Vec<u32>,
    edges: Vec<(u32, Weight, Weight)>,
}

impl Steps {
    /// `backwards` turns the edges around.
    fn of(graph: &Graph, backwards: bool) -> Self {
        let turned = |from: u32, to: u32| if backwards { (to, from) } else { (from, to) };
        let mut all: Vec<(u32, (u32, Weight, Weight))> = Vec::new();
        for &(from, to, cost) in &graph.empty {
            let (from, to) = turned(from, to);
            all.push((from, (to, cost, cost)));
        }
        for site in &graph.sites {
            let (from, to) = turned(site.from, site.to);
            let cost = if site.optional { SKIP_OPTIONAL } else { SKIP };
            all.push((from, (to, cost, cost.min(OVERLAPPING_SKIP))));
        }
        all.sort_by_key(|it| it.0);
        let mut start = vec![0; graph.states as usize + 2];
        for (from, _) in &all {
            start[*from as usize + 1] += 1;
        }
        for at in 1..start.len() {
            start[at] += start[at - 1];
        }
        Self { start, edges: all.into_iter().map(|it| it.1).collect() }
    }

    fn from(&self, state: u32) -> &[(u32, Weight, Weight)] {
        let state = state as usize;
        &self.edges[self.start[state] as usize..self.start[state + 1] as usize]
    }
}

/// States with their costs; those that are not in it cost at least [`Frontier::others`].
#[derive(Debug, Default, Clone)]
struct Frontier {
    costs: FxHashMap<u32, Weight>,
    /// The least cost among them.
    best: Weight,
    /// What any other state costs at most, by a jump.
    others: Weight,
}

impl Frontier {
    fn cost(&self, state: u32) -> Weight {
        self.costs.get(&state).copied().unwrap_or(Weight::INFINITY)
    }
}

/// A state in a queue, cheapest first.
struct Queued(Weight, u32);

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then_with(|| other.1.cmp(&self.1))
    }
}

/// Spreads costs over empty edges and sites that are left out, up to `limit`.
fn relax(steps: &Steps, costs: &mut FxHashMap<u32, Weight>, limit: Weight, overlaps: bool) {
    let mut queue: BinaryHeap<Queued> =
        costs.iter().map(|(&state, &cost)| Queued(cost, state)).collect();
    while let Some(Queued(cost, state)) = queue.pop() {
        if costs.get(&state).is_some_and(|&known| known < cost) {
            continue;
        }
        for &(to, step, overlapping) in steps.from(state) {
            let next = cost + if overlaps { overlapping } else { step };
            if next > limit {
                continue;
            }
            let known = costs.entry(to).or_insert(Weight::INFINITY);
            if next < *known {
                *known = next;
                queue.push(Queued(next, to));
            }
        }
    }
    costs.retain(|_, cost| *cost <= limit);
}

fn jump(overlaps: bool) -> Weight {
    if overlaps { OVERLAPPING_JUMP } else { JUMP }
}

/// Aligns `steps` with `graph`, entered at `starts`.
pub(super) fn align(graph: &Graph, starts: &[u32], steps: &[Step]) -> Vec<Marginals> {
    let overlaps = |at: usize| steps.get(at).is_some_and(|step| step.overlaps);
    let forward = Steps::of(graph, false);
    let mut before: Vec<Frontier> = Vec::with_capacity(steps.len() + 1);
    let mut costs: FxHashMap<u32, Weight> = starts.iter().map(|&state| (state, 0.0)).collect();
    for (index, step) in steps.iter().enumerate() {
        let frontier = settled(&forward, costs, overlaps(index));
        costs = frontier.costs.iter().map(|(&state, &cost)| (state, cost + NONE)).collect();
        for &(site, score) in &step.candidates {
            let edge = &graph.sites[site as usize];
            let entered = frontier.cost(edge.from).min(frontier.best + jump(step.overlaps));
            let again =
                if edge.repeats { frontier.cost(edge.to) + AGAIN } else { Weight::INFINITY };
            let cost = entered.min(again) - score;
            let known = costs.entry(edge.to).or_insert(Weight::INFINITY);
            *known = known.min(cost);
        }
        before.push(frontier);
    }
    let backward = Steps::of(graph, true);
    let mut after = Frontier { costs: FxHashMap::default(), best: 0.0, others: 0.0 };
    let mut marginals = vec![Marginals::default(); steps.len()];
    for (index, step) in steps.iter().enumerate().rev() {
        let frontier = &before[index];
        let jump = jump(step.overlaps);
        let rest = |state: u32, after: &Frontier| after.cost(state).min(after.others);
        let mut here = Marginals { none: Weight::INFINITY, ..Marginals::default() };
        for (&state, &cost) in &frontier.costs {
            here.none = here.none.min(cost + NONE + rest(state, &after));
        }
        // What the rest of the path costs from each state.
        let mut costs: FxHashMap<u32, Weight> = FxHashMap::default();
        let mut keep = |state: u32, cost: Weight| {
            let known = costs.entry(state).or_insert(Weight::INFINITY);
            *known = known.min(cost);
        };
        let mut entered_by_jump = Weight::INFINITY;
        for &(site, score) in &step.candidates {
            let edge = &graph.sites[site as usize];
            let on = rest(edge.to, &after) - score;
            let walked = frontier.cost(edge.from);
            let again =
                if edge.repeats { frontier.cost(edge.to) + AGAIN } else { Weight::INFINITY };
            let jumped = frontier.best + jump;
            here.candidates.push(walked.min(again).min(jumped) + on);
            here.jumped.push(jumped < walked.min(again));
            entered_by_jump = entered_by_jump.min(jump + on);
            keep(edge.from, on);
            if edge.repeats {
                keep(edge.to, on + AGAIN);
            }
        }
        for (&state, &cost) in &after.costs {
            keep(state, cost + NONE);
        }
        let others = entered_by_jump.min(NONE + after.others);
        costs.retain(|_, cost| *cost < others);
        relax(&backward, &mut costs, others, overlaps(index));
        let best = costs.values().copied().fold(others, Weight::min);
        after = Frontier { costs, best, others };
        marginals[index] = here;
    }
    marginals
}

/// Spreads the costs and leaves out states that a jump reaches for less.
fn settled(steps: &Steps, mut costs: FxHashMap<u32, Weight>, overlaps: bool) -> Frontier {
    let best = costs.values().copied().fold(Weight::INFINITY, Weight::min);
    let limit = best + JUMP;
    costs.retain(|_, cost| *cost <= limit);
    relax(steps, &mut costs, limit, overlaps);
    Frontier { costs, best, others: limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sites 0 → 1 → 2 → … in a line.
    fn line(count: u32) -> Graph {
        let site = |from: u32| SiteEdge { from, to: from + 1, optional: false, repeats: false };
        Graph { states: count + 1, empty: Vec::new(), sites: (0..count).map(site).collect() }
    }

    fn step(candidates: &[(u32, Weight)]) -> Step {
        Step { candidates: candidates.to_vec(), overlaps: false }
    }

    fn best(marginals: &Marginals, step: &Step) -> Option<u32> {
        let best = (0..step.candidates.len())
            .min_by(|&a, &b| marginals.candidates[a].total_cmp(&marginals.candidates[b]))?;
        (marginals.candidates[best] < marginals.none).then_some(step.candidates[best].0)
    }

    #[test]
    fn order_tells_alike_sites_apart() {
        let graph = line(3);
        let all = step(&[(0, 3.0), (1, 3.0), (2, 3.0)]);
        let steps = vec![all; 3];
        let marginals = align(&graph, &[0], &steps);
        let found: Vec<_> = marginals.iter().zip(&steps).map(|(it, step)| best(it, step)).collect();
        assert_eq!(found, [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn loops_are_walked_any_number_of_times() {
        let mut graph = line(2);
        graph.empty.push((2, 0, 0.0));
        let steps: Vec<Step> = (0..40).map(|_| step(&[(0, 3.0), (1, 3.0)])).collect();
        let marginals = align(&graph, &[0], &steps);
        for (index, (it, step)) in marginals.iter().zip(&steps).enumerate() {
            assert_eq!(best(it, step), Some(index as u32 % 2), "{index}");
        }
    }

    #[test]
    fn a_site_that_is_missing_leaves_its_observation_unexplained() {
        let graph = line(2);
        let steps = [step(&[(0, 3.0)]), step(&[]), step(&[(1, 3.0)])];
        let marginals = align(&graph, &[0], &steps);
        assert_eq!(best(&marginals[0], &steps[0]), Some(0));
        assert_eq!(best(&marginals[1], &steps[1]), None);
        assert_eq!(best(&marginals[2], &steps[2]), Some(1));
    }

    #[test]
    fn what_runs_out_of_order_is_reached_by_a_jump() {
        let graph = line(3);
        let steps = [step(&[(2, 30.0)]), step(&[(0, 30.0)])];
        let marginals = align(&graph, &[0], &steps);
        assert_eq!(best(&marginals[0], &steps[0]), Some(2));
        assert_eq!(best(&marginals[1], &steps[1]), Some(0));
        assert!(marginals[1].jumped[0]);
    }

    /// Both directions give the same cost of the best path at every observation.
    #[test]
    fn the_best_path_costs_the_same_seen_from_each_observation() {
        let mut graph = line(12);
        graph.empty.extend([(3, 1, 0.0), (7, 4, 0.0), (5, 9, 0.0), (9, 2, 3.0)]);
        graph.sites[4].optional = true;
        graph.sites[6].repeats = true;
        let mut seed = 7_u32;
        let mut random = move |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for _ in 0..50 {
            let steps: Vec<Step> = (0..20)
                .map(|_| {
                    let mut sites: Vec<u32> = (0..4).map(|_| random(12)).collect();
                    sites.sort_unstable();
                    sites.dedup();
                    let candidates =
                        sites.into_iter().map(|it| (it, f64::from(random(8)))).collect();
                    Step { candidates, overlaps: false }
                })
                .collect();
            let marginals = align(&graph, &[0], &steps);
            let costs: Vec<Weight> = marginals
                .iter()
                .map(|it| it.candidates.iter().copied().fold(it.none, Weight::min))
                .collect();
            for cost in &costs {
                assert!((cost - costs[0]).abs() < 1e-9, "{costs:?}");
            }
        }
    }
}
