//! Matches the skeleton of a plan with the lineage of an action: the best matching of a tree with a graph, by dynamic programming.
//!
//! An operator may stay unmatched, and calls that leave no operator are passed over at a cost that depends on how likely that is. Passing over is
//! a shortest path search, so cycles of loops need no unrolling: operators strictly descend while calls may go round.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::matching::{BoneWords, Matcher, Weight};
use super::skeleton::{Bone, Skeleton};
use crate::evaluation::{Evaluation, NodeId, NodeKind};
use crate::join::plan::{Operator, PlanFacts};

/// What an operator that stays unmatched costs.
const UNMATCHED: Weight = -2.0;
/// How much may be passed over at a time.
const FARTHEST: Weight = 7.0;
/// How many values are computed for one plan.
const MOST: usize = 400_000;
/// How close the second best call has to be for both to be told.
pub(super) const CLOSE: Weight = 0.5;
/// How far behind the second best has to be for a finding to rest on the best.
const SURE: Weight = 1.0;

/// A position: the calls that an operator may be looked for from.
type Position = Rc<[NodeId]>;

/// What became of a bone.
#[derive(Debug, Clone, Default)]
pub(super) struct Matched {
    /// The call.
    pub(super) node: Option<NodeId>,
    /// Another call that is as good.
    pub(super) rival: Option<NodeId>,
    /// Whether all other calls, and that none of them made it, fit far worse.
    pub(super) sure: bool,
}

#[derive(Debug, Clone)]
struct Choice {
    value: Weight,
    /// The call and the positions of the children, by side; none where it stays unmatched.
    taken: Option<(NodeId, Vec<Position>)>,
    rival: Option<NodeId>,
    /// How far behind the best call at another place is, or that it is none of them.
    margin: Weight,
}

pub(super) struct Tree<'a> {
    plan: &'a PlanFacts<'a>,
    skeleton: &'a Skeleton,
    matcher: &'a Matcher<'a>,
    evaluation: &'a Evaluation,
    words: Vec<BoneWords>,
    reached: FxHashMap<Position, Rc<Vec<(NodeId, Weight)>>>,
    known: FxHashMap<(usize, Position), Rc<Choice>>,
    left: usize,
}

impl<'a> Tree<'a> {
    pub(super) fn new(
        plan: &'a PlanFacts<'a>,
        skeleton: &'a Skeleton,
        matcher: &'a Matcher<'a>,
    ) -> Self {
        let words = skeleton.bones.iter().map(|bone| matcher.bone_words(plan, bone)).collect();
        let evaluation = matcher.closures.evaluation;
        Self {
            plan,
            skeleton,
            matcher,
            evaluation,
            words,
            reached: FxHashMap::default(),
            known: FxHashMap::default(),
            left: MOST,
        }
    }

    /// By bone: its call.
    pub(super) fn matched(&mut self, start: NodeId) -> Vec<Matched> {
        let start: Position = Rc::new([start]);
        let mut found = vec![Matched::default(); self.skeleton.bones.len()];
        self.match_below(&self.skeleton.roots, &start, &mut found);
        found
    }

    /// The calls of bones whose rows come from `start`, in place of what was found for them.
    pub(super) fn match_from(&mut self, bones: &[usize], start: NodeId, found: &mut [Matched]) {
        let start: Position = Rc::new([start]);
        self.match_below(bones, &start, found);
    }

    fn match_below(&mut self, bones: &[usize], start: &Position, found: &mut [Matched]) {
        let mut open: Vec<(usize, Position)> =
            bones.iter().map(|&it| (it, Rc::clone(start))).collect();
        // Bones are made bottom up: the values of all below are at hand before they are asked for.
        while let Some((bone, position)) = open.pop() {
            let choice = self.best(bone, &position);
            let own = &self.skeleton.bones[bone];
            match &choice.taken {
                Some((node, positions)) => {
                    let sure = choice.margin >= SURE;
                    found[bone] = Matched { node: Some(*node), rival: choice.rival, sure };
                    for (side, position) in own.children.iter().zip(positions) {
                        open.extend(side.iter().map(|&it| (it, Rc::clone(position))));
                    }
                }
                None => {
                    found[bone] = Matched::default();
                    for side in &own.children {
                        open.extend(side.iter().map(|&it| (it, Rc::clone(&position))));
                    }
                }
            }
        }
    }

    fn sum(&mut self, bones: &[usize], position: &Position) -> Weight {
        bones.iter().map(|&it| self.best(it, position).value).sum()
    }

    fn best(&mut self, bone: usize, position: &Position) -> Rc<Choice> {
        if let Some(known) = self.known.get(&(bone, Rc::clone(position))) {
            return Rc::clone(known);
        }
        let own: &Bone = &self.skeleton.bones[bone];
        let sides = own.children.clone();
        let unmatched: Weight =
            UNMATCHED + sides.iter().map(|side| self.sum(side, position)).sum::<Weight>();
        let mut best = Choice { value: unmatched, taken: None, rival: None, margin: 0.0 };
        // By call, the best way to match it: contexts of one line are not rivals.
        let mut second: Option<(Weight, NodeId)> = None;
        for &(node, skip) in self.reach(position).iter() {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let Some(value) = self.matcher.value(self.plan, own, &self.words[bone], node) else {
                continue;
            };
            for positions in self.below(own, node, sides.len()) {
                let mut total = value - skip;
                for (side, position) in sides.iter().zip(&positions) {
                    total += self.sum(side, position);
                }
                let taken = best.taken.as_ref().map(|it| it.0);
                if total > best.value {
                    if let Some(other) = taken
                        && !self.same_place(other, node)
                    {
                        second = Some((best.value, other));
                    }
                    best.value = total;
                    best.taken = Some((node, positions));
                } else if taken.is_some_and(|it| !self.same_place(it, node))
                    && second.is_none_or(|it| total > it.0)
                {
                    second = Some((total, node));
                }
            }
        }
        // What was second may stand where the best now does.
        if let (Some((_, other)), Some((node, _))) = (second, &best.taken)
            && self.same_place(other, *node)
        {
            second = None;
        }
        best.margin = best.value - second.map_or(unmatched, |it| it.0.max(unmatched));
        if let Some((value, node)) = second
            && best.value - value < CLOSE
        {
            best.rival = Some(node);
        }
        let best = Rc::new(best);
        self.known.insert((bone, Rc::clone(position)), Rc::clone(&best));
        best
    }

    /// Whether two versions of a dataset were made by one call.
    fn same_place(&self, one: NodeId, other: NodeId) -> bool {
        let place = |id| self.evaluation.node(id).place;
        one == other || (place(one).is_some() && place(one) == place(other))
    }

    /// Where the children of an operator that is matched with a call are looked for: by side, one of several ways.
    fn below(&self, bone: &Bone, node: NodeId, sides: usize) -> Vec<Vec<Position>> {
        let own = self.evaluation.node(node);
        let parents: Position = own.parents.iter().copied().collect();
        let stay: Position = Rc::new([node]);
        let operator = self.plan.nodes[bone.members[0]].operator;
        let all = |position: &Position| vec![vec![Rc::clone(position); sides]];
        match own.kind {
            NodeKind::Sql | NodeKind::Opaque => return all(&stay),
            // An intersection is a join below a removal of duplicates.
            NodeKind::SetOperation if matches!(operator, Operator::Aggregate { .. }) => {
                return all(&stay);
            }
            NodeKind::Join
                if operator == Operator::Join && sides == 2 && own.parents.len() == 2 =>
            {
                let (left, right): (Position, Position) =
                    (Rc::new([own.parents[0]]), Rc::new([own.parents[1]]));
                return vec![vec![Rc::clone(&left), Rc::clone(&right)], vec![right, left]];
            }
            NodeKind::Union if operator == Operator::Union => {
                let flat = self.union_sides(node);
                if flat.len() == sides {
                    return vec![
                        flat.into_iter().map(|it| -> Position { Rc::new([it]) }).collect(),
                    ];
                }
                return all(&parents);
            }
            _ => {}
        }
        match operator {
            Operator::Window
            | Operator::Sort { .. }
            | Operator::TakeOrdered
            | Operator::Python
            | Operator::RangeExchange
            | Operator::Generate
            | Operator::CacheScan
            | Operator::Objects => all(&stay),
            _ => all(&parents),
        }
    }

    /// The sides of a union of unions.
    fn union_sides(&self, node: NodeId) -> Vec<NodeId> {
        let mut sides = Vec::new();
        let mut open = vec![node];
        let mut steps = 0;
        while let Some(id) = open.pop() {
            steps += 1;
            let own = self.evaluation.node(id);
            if own.kind == NodeKind::Union && steps < 200 {
                open.extend(own.parents.iter().rev());
            } else {
                sides.push(id);
            }
        }
        sides
    }

    /// The calls upstream of a position, with what passing over those before them costs.
    fn reach(&mut self, position: &Position) -> Rc<Vec<(NodeId, Weight)>> {
        if let Some(known) = self.reached.get(position) {
            return Rc::clone(known);
        }
        let mut costs: FxHashMap<NodeId, Weight> = FxHashMap::default();
        let mut order: Vec<(NodeId, Weight)> = Vec::new();
        let mut open: Vec<(Weight, NodeId)> = position.iter().map(|&it| (0.0, it)).collect();
        // Few nodes: the cheapest is looked for among them.
        while let Some(at) = (0..open.len())
            .min_by(|&a, &b| open[a].0.total_cmp(&open[b].0).then(open[a].1.cmp(&open[b].1)))
        {
            let (cost, node) = open.swap_remove(at);
            if costs.get(&node).is_some_and(|&known| known <= cost) {
                continue;
            }
            costs.insert(node, cost);
            order.push((node, cost));
            let own = self.evaluation.node(node);
            let next = cost + skip(own.kind);
            if next <= FARTHEST && order.len() < 600 {
                open.extend(
                    own.parents.iter().filter(|it| !costs.contains_key(it)).map(|&it| (next, it)),
                );
            }
        }
        let order = Rc::new(order);
        self.reached.insert(Rc::clone(position), Rc::clone(&order));
        order
    }
}

/// What it costs that a call leaves no operator.
fn skip(kind: NodeKind) -> Weight {
    match kind {
        NodeKind::Phi | NodeKind::Alias | NodeKind::Grouping => 0.01,
        NodeKind::Sql => 0.4,
        NodeKind::Distinct | NodeKind::Sort | NodeKind::Wide => 0.6,
        NodeKind::SetOperation => 1.0,
        NodeKind::Join | NodeKind::Aggregate | NodeKind::Union => 1.2,
        _ => 0.06,
    }
}
