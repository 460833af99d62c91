//! The skeleton of a plan: the operators that a call makes on its own, without what others need or wrap.
//!
//! The aggregations of one call, partial and final, are one: else stacked aggregations slide onto one call.

use crate::join::plan::{Operator, PlanFacts};

/// A node of the skeleton.
#[derive(Debug, Clone)]
pub(super) struct Bone {
    /// The plan's nodes that it stands for, topmost first.
    pub(super) members: Vec<usize>,
    /// By child of its lowest member: the bones below.
    pub(super) children: Vec<Vec<usize>>,
}

/// A skeleton.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    pub(super) bones: Vec<Bone>,
    pub(super) roots: Vec<usize>,
    /// The aggregation on top that the action adds.
    pub(super) counted: Vec<usize>,
}

/// What an action adds on top of its dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adds {
    Nothing,
    /// The aggregation without keys of `count` and `isEmpty`.
    Count,
    /// The distinct values that a `pivot` without values looks for.
    Distinct,
}

impl Skeleton {
    /// `skipped` are nodes that another one stands for, with all that hangs below.
    pub(super) fn of(plan: &PlanFacts<'_>, adds: Adds, skipped: &[bool]) -> Self {
        let mut skeleton = Skeleton::default();
        if plan.nodes.is_empty() {
            return skeleton;
        }
        let top = plan.solid(0);
        skeleton.counted = match adds {
            Adds::Count if is_count(plan, top) => group(plan, top),
            Adds::Distinct => {
                let first = match plan.nodes[top].operator {
                    Operator::Aggregate { .. } => Some(top),
                    _ => aggregation_below(plan, top),
                };
                first.map(|it| group(plan, it)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        // Bottom up, so that nothing recurses: the bones below each node.
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); plan.nodes.len()];
        let mut grouped: Vec<Option<usize>> = vec![None; plan.nodes.len()];
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in 0..plan.nodes.len() {
            let counted = skeleton.counted.contains(&index);
            if !counted
                && grouped[index].is_none()
                && matches!(plan.nodes[index].operator, Operator::Aggregate { .. })
            {
                let members = group(plan, index);
                for &member in &members {
                    grouped[member] = Some(groups.len());
                }
                groups.push(members);
            }
        }
        for index in (0..plan.nodes.len()).rev() {
            if skipped[index] {
                continue;
            }
            let fact = &plan.nodes[index];
            let mut children: Vec<Vec<usize>> =
                fact.children.iter().map(|&child| std::mem::take(&mut below[child])).collect();
            let counted = skeleton.counted.contains(&index);
            let members = match grouped[index] {
                Some(group) if groups[group].first() == Some(&index) => Some(groups[group].clone()),
                // Within a group only its first stands for it; what hangs below the last is below the group.
                Some(_) => None,
                None if is_bone(fact.operator) && !counted => Some(vec![index]),
                None => None,
            };
            match members {
                Some(members) => {
                    if fact.operator == Operator::Union {
                        children = flattened(plan, &skeleton, children);
                    }
                    skeleton.bones.push(Bone { members, children });
                    below[index] = vec![skeleton.bones.len() - 1];
                }
                None => below[index] = children.concat(),
            }
        }
        skeleton.roots = std::mem::take(&mut below[0]);
        skeleton
    }
}

/// The sides of a union whose sides are unions themselves.
fn flattened(
    plan: &PlanFacts<'_>,
    skeleton: &Skeleton,
    children: Vec<Vec<usize>>,
) -> Vec<Vec<usize>> {
    let mut flat = Vec::new();
    for side in children {
        match side.as_slice() {
            [one] if plan.nodes[skeleton.bones[*one].members[0]].operator == Operator::Union => {
                flat.extend(skeleton.bones[*one].children.clone());
            }
            _ => flat.push(side),
        }
    }
    flat
}

fn is_bone(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Scan
            | Operator::Rows
            | Operator::CacheScan
            | Operator::Join
            | Operator::Repartition
            | Operator::RangeExchange
            | Operator::Sort { global: true }
            | Operator::Window
            | Operator::Generate
            | Operator::Union
            | Operator::Coalesce
            | Operator::Sample
            | Operator::Limit
            | Operator::TakeOrdered
            | Operator::Python
            | Operator::Objects
    )
}

/// Whether an aggregation counts all rows.
fn is_count(plan: &PlanFacts<'_>, index: usize) -> bool {
    let fact = &plan.nodes[index];
    matches!(fact.operator, Operator::Aggregate { .. })
        && fact.node.simple_string.contains("keys=[], functions=[count(1)]")
}

/// The aggregations that one call makes, from its topmost on.
fn group(plan: &PlanFacts<'_>, top: usize) -> Vec<usize> {
    let mut members = vec![top];
    let distinct = |index: usize| plan.nodes[index].node.simple_string.contains("(distinct ");
    let partial = |index: usize| plan.nodes[index].node.simple_string.contains("partial_");
    let bare = |index: usize| plan.nodes[index].node.simple_string.contains("functions=[])");
    let mut any_distinct = distinct(top);
    let mut ended = partial(top) && !any_distinct;
    let mut at = top;
    while !ended {
        let mut state = false;
        // The next aggregation, through what an aggregation needs.
        let mut next = match plan.nodes[at].children.as_slice() {
            [child] => *child,
            _ => break,
        };
        loop {
            let fact = &plan.nodes[next];
            let through = match fact.operator {
                Operator::Wrapper | Operator::Exchange | Operator::Sort { global: false } => true,
                Operator::State => {
                    state = true;
                    true
                }
                Operator::Expand | Operator::Project => any_distinct,
                _ => false,
            };
            match (through, fact.children.as_slice()) {
                (true, [child]) => next = *child,
                _ => break,
            }
        }
        let fact = &plan.nodes[next];
        if !matches!(fact.operator, Operator::Aggregate { .. }) {
            break;
        }
        let keys = &plan.nodes[at].keys;
        // Of distinct values Spark makes keys of an aggregation below.
        let joins = if any_distinct {
            keys.iter().all(|it| fact.keys.contains(it))
        } else {
            fact.keys == *keys
        };
        if !joins {
            break;
        }
        any_distinct |= distinct(next);
        members.push(next);
        // A pair without functions is complete; state stores stand between two pairs.
        let pair = bare(next) && bare(at) && !any_distinct && !state;
        ended = pair || (partial(next) && !any_distinct);
        at = next;
    }
    // A pivot aggregates by all columns first, then puts values next to one another.
    if plan.nodes[top].node.simple_string.contains("pivotfirst(")
        && let Some(below) = aggregation_below(plan, at)
    {
        members.extend(group(plan, below));
    }
    members
}

/// The next aggregation below a node, through operators with one child that are no call's own.
fn aggregation_below(plan: &PlanFacts<'_>, node: usize) -> Option<usize> {
    let mut at = node;
    loop {
        let [child] = plan.nodes[at].children.as_slice() else { return None };
        at = *child;
        match plan.nodes[at].operator {
            Operator::Aggregate { .. } => return Some(at),
            Operator::Wrapper
            | Operator::Exchange
            | Operator::Project
            | Operator::TakeOrdered
            | Operator::CollectLimit
            | Operator::Limit
            | Operator::Sort { .. }
            | Operator::RangeExchange => {}
            _ => return None,
        }
    }
}
