//! Finds for every operator of a physical plan the call that asked for it.
//!
//! Operators that a call makes on its own are matched with the lineage of the action ([`tree`]); what others need, exchanges above all, goes
//! to the operator that needed it; filters are matched one condition at a time ([`filters`]); what remains is the action's.

mod filters;
mod matching;
mod skeleton;
mod tree;

use std::collections::BTreeMap;

use self::matching::Matcher;
use self::skeleton::{Adds, Bone, Skeleton};
use self::tree::{Matched, Tree};
use super::Site as CallSite;
use super::actions::Programs;
use super::plan::{Operator, PlanFacts};
use crate::evaluation::{NodeId, NodeKind, SiteId, SiteKind};

/// Who asked for an operator.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Owner {
    /// The calls: one, or several that wrote parts of it, or that it could be.
    pub(super) sites: Vec<CallSite>,
    /// Whether it could be any one of them.
    pub(super) ambiguous: bool,
    /// Whether a finding may rest on it, as far as the plan goes.
    pub(super) sure: bool,
    /// No call was found that asked for it, since not all that made the data is understood: its time is shared by the action that started it.
    pub(super) unknown: bool,
    /// Whether it repeats another operator, whose metrics it shows.
    pub(super) repeated: bool,
    /// The datasets that it computes a part of, in their call contexts: all that it could be. None where it is the action's own.
    pub(super) datasets: Vec<NodeId>,
}

impl Owner {
    fn one(site: CallSite) -> Self {
        Self { sites: vec![site], sure: true, ..Self::default() }
    }

    fn unknown(action: CallSite) -> Self {
        Self { sites: vec![action], unknown: true, ..Self::default() }
    }

    fn of(self, datasets: impl IntoIterator<Item = NodeId>) -> Self {
        Self { datasets: datasets.into_iter().collect(), ..self }
    }
}

/// The owners of a plan's operators, in pre-order; wrappers have none. `action` started the execution.
pub(super) fn owners(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    action: CallSite,
    reached: Option<SiteId>,
    materialised: &dyn Fn(usize) -> bool,
) -> Vec<Owner> {
    let mut owners = vec![Owner::default(); plan.nodes.len()];
    // Operators that a call makes on its own, and no call was found for.
    let mut unmatched = vec![false; plan.nodes.len()];
    // Python functions that stand below what they were called on: what is under them is not theirs.
    let mut pushed = vec![false; plan.nodes.len()];
    let site = reached.map(|it| &programs.evaluation.automaton.sites[it.index()]);
    let originals = originals(plan);
    let repeats: Vec<bool> = originals.iter().map(Option::is_some).collect();
    let start = site.and_then(|it| it.node);
    // Whether something that made the data is not understood.
    let mut open = match site {
        Some(site) => start.is_none() && matches!(site.kind, SiteKind::Action | SiteKind::Write),
        None => true,
    };
    if let (Some(site), Some(start)) = (site, start) {
        let adds = match (site.kind, site.method.as_str()) {
            (SiteKind::Pivot, _) => Adds::Distinct,
            (_, "count" | "isEmpty") => Adds::Count,
            _ => Adds::Nothing,
        };
        let skeleton = Skeleton::of(plan, adds, &repeats);
        let reach = upstream(programs, start);
        let not_understood = |id: &NodeId| {
            matches!(programs.evaluation.node(*id).kind, NodeKind::Opaque | NodeKind::Parameter)
        };
        open = reach.iter().any(not_understood);
        let matcher = Matcher::new(&programs.closures, &reach);
        let mut tree = Tree::new(plan, &skeleton, &matcher);
        let mut matched = tree.matched(start);
        // From the top down: what a pushed join looks up comes from its own other side.
        for bone in (0..skeleton.bones.len()).rev() {
            if matched[bone].node.is_none()
                && let Some(found) =
                    pushed_join(programs, plan, &skeleton.bones[bone], &matcher, &reach)
            {
                let parents = &programs.evaluation.node(found.0).parents;
                if let ([_, other], [_, side]) =
                    (parents.as_slice(), skeleton.bones[bone].children.as_slice())
                {
                    tree.match_from(side, *other, &mut matched);
                }
                matched[bone] = Matched { node: Some(found.0), rival: None, sure: found.1 };
            }
        }
        for (bone, matched) in skeleton.bones.iter().zip(&matched) {
            let mut owner = owner_of(programs, matched);
            if owner.is_none() {
                owner = caller_of(programs, plan, bone, &matcher, &reach);
                for &member in &bone.members {
                    pushed[member] = owner.is_some();
                }
            }
            for &member in &bone.members {
                unmatched[member] = owner.is_none();
                owners[member] = owner.clone().unwrap_or_default();
            }
        }
        for &member in &skeleton.counted {
            owners[member] = Owner::one(action);
        }
        cached_scans(programs, plan, &reach, materialised, &mut owners);
        local_sorts(programs, plan, &reach, &mut owners);
        filter_owners(programs, plan, &matcher, &reach, &repeats, &mut owners);
    }
    for (index, fact) in plan.nodes.iter().enumerate() {
        let own = matches!(fact.operator, Operator::Write | Operator::CollectLimit);
        if own || (fact.operator == Operator::TakeOrdered && owners[index].sites.is_empty()) {
            owners[index] = Owner::one(action);
        }
    }
    // What needs it stands above: from the top down, each takes what the nearest above has.
    for index in 0..plan.nodes.len() {
        if owners[index].sites.is_empty() && originals[index].is_none() {
            let needed = matches!(
                plan.nodes[index].operator,
                Operator::Exchange | Operator::Broadcast | Operator::Sort { global: false }
            );
            let mut owner = match needed_by(plan, index, &owners, &pushed) {
                Some(owner) if needed || !open => owner,
                None if !open => Owner::one(action),
                _ => Owner::unknown(action),
            };
            owner.sure &= start.is_some() && !unmatched[index];
            owners[index] = owner;
        }
    }
    for index in 0..plan.nodes.len() {
        if let Some(original) = originals[index] {
            owners[index] = Owner { repeated: true, ..owners[original].clone() };
        }
    }
    for (owner, fact) in owners.iter_mut().zip(&plan.nodes) {
        if fact.operator == Operator::Wrapper {
            *owner = Owner::default();
        }
    }
    owners
}

/// The call that a bone was matched with. Calls of libraries and loops have no place; then nothing is said.
fn owner_of(programs: &Programs<'_>, matched: &Matched) -> Option<Owner> {
    let site = programs.site_of(matched.node?)?;
    let rival = matched.rival.and_then(|it| programs.site_of(it)).filter(|it| *it != site);
    let mut owner = Owner { sure: matched.sure, ..Owner::one(site) }
        .of(matched.node.into_iter().chain(matched.rival));
    if let Some(rival) = rival {
        owner.sites.push(rival);
        owner.ambiguous = true;
    }
    Some(owner)
}

/// The call of a Python function that the tree left out.
fn caller_of(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    bone: &Bone,
    matcher: &Matcher<'_>,
    reach: &[NodeId],
) -> Option<Owner> {
    if plan.nodes[*bone.members.first()?].operator != Operator::Python {
        return None;
    }
    let callers = matcher.callers(&matcher.bone_words(plan, bone), reach);
    let mut sites: Vec<CallSite> = callers.iter().filter_map(|it| programs.site_of(*it)).collect();
    sites.sort_unstable();
    sites.dedup();
    let ambiguous = sites.len() > 1;
    (!sites.is_empty())
        .then(|| Owner { sites, ambiguous, sure: !ambiguous, ..Owner::default() }.of(callers))
}

/// The call of a join that keeps or drops rows by another dataset, which the optimiser pushed below what it was called on, and whether that is sure.
fn pushed_join(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    bone: &Bone,
    matcher: &Matcher<'_>,
    reach: &[NodeId],
) -> Option<(NodeId, bool)> {
    let fact = &plan.nodes[*bone.members.first()?];
    let text = fact.node.simple_string.as_str();
    if fact.operator != Operator::Join || !(text.contains("LeftSemi") || text.contains("LeftAnti"))
    {
        return None;
    }
    let words = matcher.bone_words(plan, bone);
    let mut best: Option<(f64, NodeId, CallSite)> = None;
    let mut second = f64::NEG_INFINITY;
    for &node in reach {
        let kind = programs.evaluation.node(node).kind;
        let may = matches!(kind, NodeKind::Join | NodeKind::SetOperation | NodeKind::Sql);
        let Some(site) = programs.site_of(node).filter(|_| may) else { continue };
        let Some(value) = matcher.value(plan, bone, &words, node) else { continue };
        match best {
            Some((most, _, known)) if value <= most => {
                if known != site {
                    second = second.max(value);
                }
            }
            _ => {
                if let Some((most, _, known)) = best
                    && known != site
                {
                    second = second.max(most);
                }
                best = Some((value, node, site));
            }
        }
    }
    let (value, node, _) = best.filter(|it| it.0 > 0.0)?;
    Some((node, value - second >= 1.0))
}

/// All calls upstream of a dataset, nearest first.
fn upstream(programs: &Programs<'_>, start: NodeId) -> Vec<NodeId> {
    const MOST: usize = 4_000;
    let mut seen: rustc_hash::FxHashSet<NodeId> = rustc_hash::FxHashSet::default();
    let mut order = std::collections::VecDeque::from([start]);
    let mut found = Vec::new();
    while let Some(id) = order.pop_front() {
        if seen.insert(id) && found.len() < MOST {
            found.push(id);
            order.extend(&programs.evaluation.node(id).parents);
        }
    }
    found
}

/// For each node that repeats another one: which. Spark prints below `ReusedExchange` what the exchange holds, with the same accumulators.
fn originals(plan: &PlanFacts<'_>) -> Vec<Option<usize>> {
    let mut originals: Vec<Option<usize>> = vec![None; plan.nodes.len()];
    let mut reused = vec![false; plan.nodes.len()];
    for (index, fact) in plan.nodes.iter().enumerate() {
        let above = fact.parent.is_some_and(|it| reused[it]);
        reused[index] = above || fact.operator == Operator::Reused;
    }
    let mut by_accumulator: BTreeMap<u64, usize> = BTreeMap::new();
    for (index, fact) in plan.nodes.iter().enumerate() {
        if !reused[index] {
            for metric in &fact.node.metrics {
                by_accumulator.entry(metric.accumulator_id).or_insert(index);
            }
        }
    }
    for (index, fact) in plan.nodes.iter().enumerate() {
        if reused[index] {
            originals[index] = fact
                .node
                .metrics
                .iter()
                .find_map(|it| by_accumulator.get(&it.accumulator_id).copied());
        }
    }
    // The node that says "reused" stands for the exchange below it.
    for index in (0..plan.nodes.len()).rev() {
        if plan.nodes[index].operator == Operator::Reused && originals[index].is_none() {
            originals[index] = plan.nodes[index].children.first().and_then(|&it| originals[it]);
        }
    }
    originals
}

/// The owner of the nearest operator above that can need something.
fn needed_by(
    plan: &PlanFacts<'_>,
    index: usize,
    owners: &[Owner],
    pushed: &[bool],
) -> Option<Owner> {
    // A filter that only asks that columns are there is put below what does not want rows without them: functions over rows do.
    let own = &plan.nodes[index];
    let for_keys = own.operator == Operator::Filter && {
        let text = own.node.simple_string.strip_prefix("Filter ").unwrap_or_default();
        filters::conditions(text).into_iter().all(filters::only_not_null)
    };
    let mut above = own.parent;
    while let Some(at) = above {
        let fact = &plan.nodes[at];
        let passive = matches!(
            fact.operator,
            Operator::Exchange
                | Operator::Broadcast
                | Operator::Filter
                | Operator::Project
                | Operator::Sort { global: false }
                | Operator::Wrapper
        ) || (for_keys
            && matches!(fact.operator, Operator::Python | Operator::Window));
        if !passive && !pushed[at] && !owners[at].sites.is_empty() {
            return Some(Owner { repeated: false, ..owners[at].clone() });
        }
        above = fact.parent;
    }
    None
}

/// A cached scan is the `cache` call's where this execution filled the cache, else the reader's.
fn cached_scans(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    reach: &[NodeId],
    materialised: &dyn Fn(usize) -> bool,
    owners: &mut [Owner],
) {
    for (index, fact) in plan.nodes.iter().enumerate() {
        if fact.operator != Operator::CacheScan {
            continue;
        }
        if !materialised(index) {
            owners[index] = Owner::default();
            continue;
        }
        let matched = owners[index].sites.first().copied();
        let sure = owners[index].sure;
        let places = reach.iter().filter_map(|&id| {
            let node = programs.evaluation.node(id);
            let cached = node.cached.first()?;
            (matched.is_none() || programs.site_of(id) == matched).then_some(*cached)
        });
        let site = places.filter_map(|it| programs.call_at(it)).next();
        let datasets = std::mem::take(&mut owners[index].datasets);
        owners[index] =
            site.map(|it| Owner { sure, ..Owner::one(it) }.of(datasets)).unwrap_or_default();
    }
}

/// A local sort on top or below a write is `sortWithinPartitions`, where the lineage has one.
fn local_sorts(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    reach: &[NodeId],
    owners: &mut [Owner],
) {
    let sorts: Vec<NodeId> = reach
        .iter()
        .copied()
        .filter(|&id| programs.evaluation.node(id).kind == NodeKind::LocalSort)
        .collect();
    if sorts.is_empty() {
        return;
    }
    for (index, fact) in plan.nodes.iter().enumerate() {
        if fact.operator != (Operator::Sort { global: false }) || !owners[index].sites.is_empty() {
            continue;
        }
        let mut above = fact.parent;
        let needed = loop {
            let Some(at) = above else { break false };
            match plan.nodes[at].operator {
                Operator::Wrapper
                | Operator::Project
                | Operator::Filter
                | Operator::Write
                | Operator::CollectLimit => {}
                _ => break true,
            }
            above = plan.nodes[at].parent;
        };
        if !needed
            && let Some((sort, site)) =
                sorts.iter().find_map(|&it| Some((it, programs.site_of(it)?)))
        {
            owners[index] = Owner::one(site).of([sort]);
        }
    }
}

fn filter_owners(
    programs: &Programs<'_>,
    plan: &PlanFacts<'_>,
    matcher: &Matcher<'_>,
    reach: &[NodeId],
    repeats: &[bool],
    owners: &mut [Owner],
) {
    let candidates = filters::candidates(matcher, reach);
    for (index, fact) in plan.nodes.iter().enumerate() {
        if fact.operator != Operator::Filter || repeats[index] {
            continue;
        }
        let text = fact.node.simple_string.strip_prefix("Filter ").unwrap_or_default();
        let conditions = filters::conditions(text);
        // That keys are there is asked for by whoever needs them, unless that is all that is asked.
        let telling: Vec<&str> =
            conditions.iter().copied().filter(|it| !filters::only_not_null(it)).collect();
        let asked = if telling.is_empty() { conditions } else { telling };
        let mut sites: Vec<CallSite> = Vec::new();
        let mut datasets: Vec<NodeId> = Vec::new();
        let mut sure = true;
        for condition in asked {
            let Some(writer) = filters::writer(matcher, &candidates, fact, condition) else {
                sure = false;
                continue;
            };
            sure &= writer.sure;
            if let Some(site) = programs.site_of(writer.node) {
                datasets.push(writer.node);
                if !sites.contains(&site) {
                    sites.push(site);
                }
            }
        }
        if !sites.is_empty() {
            owners[index] = Owner { sites, datasets, sure, ..Owner::default() };
        }
    }
}
